"""Markdown to what a voice would read: as a renderer shows it, wherever the text was cut."""

from __future__ import annotations

import random
import re
import sys
from typing import Any

import pytest
from hypothesis import assume, example, given, settings, strategies as st
from markdown_it import MarkdownIt

from streamkit.stages import Segments
from streamkit.stages.segments.markdown.edits import apply_edits
from streamkit.stages.segments.markdown.inline import InlineMarks
from streamkit.stages.segments.markdown.tags import TAG, is_break, is_tag
from streamkit.testing import every_split
from tests.stages.segmenting import pieces_of, segments, some_options, texts

RENDERER = MarkdownIt("commonmark").enable("strikethrough")
MARKS = [
    *("*", "*", "*", "**", "**", "***", "_", "_", "__", "~~", "~", "`", "``", "[", "]", "(", ")", "<", ">", "!", "\\"),
    *(
        "[a](b)",
        "![i](u 't')",
        "](<u v>)",
        "](",
        "](u)",
        "<b>",
        "</b>",
        "<br>",
        "<i x='",
        "'>",
        "<!--",
        "-->",
        "<?",
        "?>",
    ),
    *("<https://x.y>", "<a@b.c>", "&amp;", "&lt;", "&#8217;", "&#x27;", "&x", "\\*", ' "t")', "\n", "\u00a0"),
    *("an", "be", "One", "1", "é", "π", " ", " ", " ", ".", ",", "?", "-", ":", "€", "×", "“", '"', "'", "/", "=", ";"),
]
BLOCKS = [
    *(
        ". B",
        "! ",
        "$",
        "$x ",
        "\\(",
        "\n\n",
        "\n- ",
        "\n> ",
        "\n# ",
        "| ",
        "[1]",
        "[^a]",
        "x[2]",
        "2**3",
        "f(*",
        "（",
        "：",
        "注",
    ),
    *(
        "\n<!--",
        "\n-->\n",
        "<script>",
        "</script>",
        "\n$$\n",
        "\n\\]\n",
        "\\begin{align}",
        "\n--|--\n",
        "\n```\n",
        "[redacted]",
    ),
]
OTHERWISE = re.compile(
    r"\]\[|\[\^|\[[1-9]\d{0,2}\]"  # links that name a definition, footnotes
    r"|\\[(\[]|\\\s"  # maths; a backslash before a blank in a target, which the renderer takes for the end of it
    r"|(?<![^\W_])(?:[0-9]+|[A-Za-z])\*{1,2}(?:[0-9]+|[A-Za-z])(?![^\W_])"  # operators
    r"|<[A-Za-z0-9]+::"  # names with colons in `<>`
    r"|--->"  # the end of a comment, in the specification
    r"|(?:[^\w\s*~]|\*[_~]|_[*~]|~[*_])[*_~]*[*_~]\]"  # the renderer sees a blank behind a label, not its bracket
)
"""Where we mean to differ from the renderer."""


def rendered(text: str) -> str:
    """The text that a renderer shows of one paragraph."""
    return one_blank(shown(RENDERER.parseInline(text)[0].children or []))


def shown(tokens: list[Any]) -> str:
    out = []
    for token in tokens:
        if token.type in ("softbreak", "hardbreak"):
            out.append("\n")
        elif token.type == "image":
            out.append(shown(token.children or []))
        elif token.type == "html_inline":
            tag = TAG.fullmatch(token.content)
            assume(tag is None or is_tag(tag))  # a name of ours: what stands in it is text
            out.append(" " if tag and is_break(tag[1] or tag[2]) else "")
        else:
            out.append(token.content)
    return "".join(out)


def one_blank(text: str) -> str:
    """Browsers show many blanks as one."""
    return re.sub(r"\s+", " ", text).strip()


def of_paragraph(text: str) -> str:
    return apply_edits(text, 0, len(text), InlineMarks(text).edits)


def plain(text: str, **options: Any) -> list[str]:
    """The segments without marks, which must not depend on how the text came."""
    found = texts(text, markdown="plain", **options)
    for pieces in every_split(text):
        assert texts(pieces, markdown="plain", **options) == found, pieces
    return found


@pytest.mark.slow
@settings(max_examples=1000, derandomize=True)
@example("*foo**bar*")
@example("***a** b*")
@example("**foo*bar*")
@example("*a `*` b* ``c`d`` _e_f_")
@example('[a [b](c) d](e) ![f *[g](h)*](<i j> "k")')
@example("a**b__c~~d**e__f~~g")
@given(st.lists(st.sampled_from(MARKS), max_size=30).map("".join).map(str.strip))
def test_a_paragraph_is_shown_as_a_renderer_shows_it(text: str):
    if not OTHERWISE.search(text):
        assert one_blank(of_paragraph(text)) == rendered(text)


@settings(max_examples=300, derandomize=True)
@given(
    st.lists(st.sampled_from([*MARKS, ". B", "! ", "? One", ": "]), max_size=25), st.sampled_from(["sentence", "word"])
)
def test_sentences_together_are_shown_as_their_paragraph(pieces: list[str], unit: Any):
    """Marks may open in one and close in another, but not within a call, ``f(*args)``."""
    text = "A" + "".join(pieces).replace("\n", "\nand ")
    if len(text) < 200 and not OTHERWISE.search(text) and not re.search(r"\w\([^()]*[*_~]", text):
        found = texts(text, unit=unit, markdown="plain")
        assert "".join("".join(found).split()) == "".join(rendered(text).split())


@pytest.mark.slow
def test_no_cut_of_the_text_matters():
    for seed in range(150):
        dice = random.Random(seed)
        text = "".join(dice.choices([*MARKS, *BLOCKS], k=60))
        options = {**some_options(dice), "markdown": "plain"}
        found = segments(text, **options)
        for most in (1, 7, 40):
            assert segments(pieces_of(text, dice, most), **options) == found, (text, options)


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("So 2**3 = 8 and 2 * 3 * 4, 5 * 3 is 15. And 2*2", ["So 2**3 = 8 and 2 * 3 * 4, 5 * 3 is 15.", "And 2*2"]),
        ("Call f(*args, **kwargs) now. Fine.", ["Call f(*args, **kwargs) now.", "Fine."]),
        ("Use **kwargs here. Then **bold** works.", ["Use **kwargs here.", "Then bold works."]),
        ("2**3 = 8. Also 2**4 = 16. And 5*3*2, x*y*z.", ["2**3 = 8.", "Also 2**4 = 16.", "And 5*3*2, x*y*z."]),
        ("So x**2 + y_1**2 = z**2 and 10**6*2**n", ["So x**2 + y_1**2 = z**2 and 10**6*2**n"]),
        ("**B**6, **H**yper**T**ext, **word**s, un*frigging*real", ["B6, HyperText, words, unfriggingreal"]),
        ("my_snake_case and __init__ and an*be*cd", ["my_snake_case and init and anbecd"]),
        ("***Both*** and **a *b* c** and ~~gone~~ ~5", ["Both and a b c and gone ~5"]),
        (r"\*not\* \_this\_ \`nor\` \# C:\dir", ["*not* _this_ `nor` # C:\\dir"]),
        ("`` a`b `` and `*c*` and `d", ["a`b and *c* and `d"]),
        ("Say x<Br>y and <BR>z", ["Say x y and z"]),
        ("First<br>Second<br/>third <br> fourth</p><p>fifth", ["First Second third fourth fifth"]),
        ('H<sub>2</sub>O <b class="x">bold</b><break time="300ms"/>on', ["H2O bold on"]),
        ("if x<y and y>z, a < b, 1<2, <3", ["if x<y and y>z, a < b, 1<2, <3"]),
        (
            "Vec<String>, std::vector<std::string>, cp <src> <source>, Dear <Name>, #include <map>",
            ["Vec<String>, std::vector<std::string>, cp <src> <source>, Dear <Name>, #include <map>"],
        ),
        (
            'A<SUP>2</SUP> <Speak><say-as c="x">b</say-as> <amazon:effect name="y">*c*</amazon:effect>',
            ["A2 b c"],
        ),
        (
            "Set<T>, List<B>, <thinking>a</thinking> <T> <x-y z>",
            ["Set<T>, List<B>, <thinking>a</thinking> <T> <x-y z>"],
        ),
        ("A <!-- no --> b <!-- not\nso --> c", ["A b c"]),
        ("See <https://example.com/a_b_c> or <me@example.com>.", ["See https://example.com/a_b_c or me@example.com."]),
        (
            "&lt;b&gt; R&amp;D it&#8217;s it&#x27;s a&nbsp;b &unknown; AT&T",
            ["<b> R&D it’s it's a\u00a0b &unknown; AT&T"],
        ),
        ("&#0; &#xD800; &#150; &#9999999;", ["\ufffd \ufffd \ufffd \ufffd"]),
        ("[a [b] *c*](<u v> 'w') ![d](e(f)g)[h](i)[j](k l)", ["a [b] c dh[j](k l)"]),
        ("[One. Two](u) and [a][b], [c][], [d], m[i][j]", ["One. Two and a, c, [d], m[i][j]"]),
        ("Known[^1] well [2], x[0].\n\n[^1]: The note.", ["Known well, x[0].", "The note."]),
        ("So [1][2]. And [3] [4], or [^5][^6]!", ["So.", "And, or!"]),
        ("Great![1] Next. Hello![^1] Yes.", ["Great!", "Next.", "Hello!", "Yes."]),
        ("Paris[1] is the capital[2][3], since 987[4]. 巴黎[5]是", ["Paris is the capital, since 987.", "巴黎是"]),
        ("Set arr[1] = 5 and print(foo[2]).", ["Set arr[1] = 5 and print(foo[2])."]),
        (
            "matrix[1][2], x[1], my_row[3], foo[1][i], foo[2].bar",
            ["matrix[1][2], x[1], my_row[3], foo[1][i], foo[2].bar"],
        ),
        ("**Paris[1]** and (France)[2] and total[1] + total[2]", ["Paris and (France) and total[1] + total"]),
        ("Text.\n\n[a]: http://b.c 'd'\n[e]: <f>\n[g]: #h\n[i]: /j (k)\n[l]: m.n", ["Text."]),
        ("[Ann]: Yes.\n\n[Voice]: (sighs)\n\n[Ann]: 3.14", ["[Ann]: Yes.", "[Voice]: (sighs)", "[Ann]: 3.14"]),
        ("[redacted]: Yes.\n[redacted]: a.b", ["[redacted]: Yes.", "[redacted]: a.b"]),
        (
            "Ask [redacted](work) or [redacted][a], *not* [Docs](docs).",
            ["Ask [redacted](work) or [redacted][a], not Docs."],
        ),
    ],
)
def test_what_stands_in_a_sentence(text: str, want: list[str]):
    assert plain(text) == want


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("$x_1 * y_2 * z$ and $$a*b*c$$ and **d**", ["$x_1 * y_2 * z$ and $$a*b*c$$ and d"]),
        (r"\(a_1 * b*\) and \[c*d*e\] and \(f", [r"\(a_1 * b*\) and \[c*d*e\] and (f"]),
        ("$$\na*b*c = 1.\nd*e*f\n$$", ["$$\na*b*c = 1.\nd*e*f\n$$"]),
        ("\\[\n\\alpha*b*\n\\]", ["\\[\n\\alpha*b*\n\\]"]),
        ("It is $5 *or* $6, US$7 **or** US$8.", ["It is $5 or $6, US$7 or US$8."]),
        (r"\$a *b* c$", ["$a b c$"]),
        ("Buy $AAPL and **$TSLA** now. $AAPL is *up*.", ["Buy $AAPL and $TSLA now.", "$AAPL is up."]),
        ("Between $5 and *10$* it is, or $A and **10$**.", ["Between $5 and 10$ it is, or $A and 10$."]),
        ("Use $PATH or `$HOME` and ${A} *or* $(b).", ["Use $PATH or $HOME and ${A} or $(b)."]),
        ("Das kostet 5$. Das **andere** kostet 10$.", ["Das kostet 5$.", "Das andere kostet 10$."]),
        ("In **$** or **€** or **$**.", ["In $ or € or $."]),
        ("**$f^* = a*b*c$** und $$E=mc^2$$ **x**", ["$f^* = a*b*c$ und $$E=mc^2$$ x"]),
        ("设$x_1*x_2*y$为**实数**。$a_1 + ... + a*b*c$ is", ["设$x_1*x_2*y$为实数。", "$a_1 + ...", "+ a*b*c$ is"]),
        (r"Press \[Enter\], \(if you like\) *or* \(n*k*l\).", [r"Press [Enter], (if you like) or \(n*k*l\)."]),
        (r"\begin{align} a*b*c \end{align} **x** \begin{b}", [r"\begin{align} a*b*c \end{align} x \begin{b}"]),
        (r"\( `a*b*c\)` **d**", [r"( a*b*c\) d"]),
    ],
)
def test_maths_stays_whole_and_prices_are_none(text: str, want: list[str]):
    assert plain(text) == want


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("## *The* title ##\n# C#\n#", ["The title", "C#"]),
        ("- [x] **Done**\n- [ ] To *do*\n1. [x] a\n* > b\n+ c", ["Done", "To do", "1. a", "b", "c"]),
        ("> *Roses are red\n> violets are blue*\n>\n> *end", ["Roses are red", "violets are blue", "*end"]),
        ("| a*b | *c* |\n|---|---|\n| x \\| y | |\n| `p` | [q](r) |", ["a*b, c", "x | y", "p, q"]),
        ("Name | Age\n--|:-:\nA *b* | c\n\n- | -", ["Name | Age", "A b | c"]),
        ("> $$\n> a*b*c\n> $$\n> *d*", ["$$\na*b*c\n$$", "d"]),
        ("He left - so. - Yes", ["He left - so.", "- Yes"]),
        ("One\\\ntwo  \nthree\n* * *\nTitle\n===", ["One", "two", "three", "Title"]),
        ("A *line that was wrapped for its  \n  width* here", ["A line that was wrapped for its\nwidth here"]),
    ],
)
def test_what_stands_at_the_ends_of_lines(text: str, want: list[str]):
    assert plain(text) == want


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("**注意：**API 会变。使用 Python**（推荐）**是", ["注意：API 会变。", "使用 Python（推荐）是"]),
        ("**步骤 1：**Python 安装", ["步骤 1：Python 安装"]),
        ("**版本：**3.11 和**结论：**100% **完成✅**OK", ["版本：3.11 和结论：100% 完成✅OK"]),
        ('__注意：__请 __"강조"__는 请__（注）__x', ['注意：请 "강조"는 请（注）x']),
        ("foo_(bar)_ and **a.**b stay", ["foo_(bar)_ and **a.**b stay"]),
    ],
)
def test_marks_beside_full_width_punctuation_are_marks(text: str, want: list[str]):
    assert plain(text) == want


def test_marks_between_punctuation_and_letters_without_spaces_before_them_are_marks():
    assert plain('**"강조"**는 *(x)*다') == ['"강조"는 (x)다']
    assert plain("**注意：**请看。**重点。**好。*「あ」*です") == ["注意：请看。", "重点。", "好。", "「あ」です"]


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("**First. Second.** Third *a.", ["First.", "Second.", "Third *a."]),
        ("*One.\nTwo.* **Three\n\nFour** five", ["One.", "Two.", "**Three", "Four** five"]),
        ("- *One\n- two*\n# *Three\nfour*", ["*One", "two*", "*Three", "four*"]),
        ("So <!-- Aha. Bad --> it is. <i title='Aha. Bad'>Good</i>", ["So it is.", "Good"]),
        ("**One. ```\nx*y*z\n```\nTwo.**", ["**One.", "```\nx*y*z\n```", "Two.**"]),
    ],
)
def test_marks_pair_within_their_block_whatever_is_cut(text: str, want: list[str]):
    assert plain(text.replace(" ```", "\n```")) == want


@pytest.mark.parametrize("unit", ["sentence", "line", "paragraph"])
@pytest.mark.parametrize(
    "maths",
    [
        "$$\na*b*c\n- d*e*f\n$$",
        "\\[\na = x*y*z\n+ b*_c_*d. So\n\\]",
        "\\begin{align}\na*b*c. B\n- d*e*f\n\\end{align}",
        "$$\n" + "x_1 &= a*b_1*c_2 + 1. \\\\\n" * 14 + "$$",
    ],
)
def test_maths_in_lines_of_its_own_stays_whole(maths: str, unit: Any):
    assert "\n".join(plain(f"So:\n{maths}\n*end*", unit=unit)) == f"So:\n{maths}\nend"


def test_maths_that_nothing_ends_ends_with_its_paragraph():
    assert plain("$$\n*a*\n\n*b*", unit="line") == ["$$", "*a*", "b"]
    assert plain("$$\n*a*\n\n*b*", unit="paragraph") == ["$$\n*a*", "b"]


def test_other_units_lose_their_marks_too():
    text = "# *A*\nb **c\nd** e\n- *f\n```py\n*g*\n```\n> h*"
    assert plain(text, unit="line") == ["A", "b c", "d e", "*f", "```py", "*g*", "```", "h*"]
    assert plain("# *A*\nb **c\nd** e\n- *f\n- g*\n| h | *i* |\n---", unit="paragraph") == [
        "A\nb c\nd e\n*f\ng*\nh, i",
    ]
    assert plain("[a]: /b\n[c]: <d> 'e'\nf `g\nh`", unit="paragraph") == ["f g h"]
    assert plain("**One two. Three** *four", unit="word") == ["One", "two.", "Three", "*four"]


LONG = "Nobody should hear that. " * 12


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("<!-- a\n\nb --> And *so*.", ["And so."]),
        ("Yes.\n<!--\n- a\n- b\n# Head\n| c |\n```\nd\n```\n-->\nNo.", ["Yes.", "No."]),
        pytest.param(f"A <!-- {LONG}--> *b*. C", ["A", "b.", "C"], marks=pytest.mark.slow),
        pytest.param(f"- <!-- {LONG}\n\n{LONG}-->*b*\n- <!-->c<!--->", ["b", "c"], marks=pytest.mark.slow),
        pytest.param(
            f"<SCRIPT>alert(1)\n\n{LONG}</SCRIPT>\nA <style>{LONG}</style>*b* <script>c",
            ["A", "b c"],
            marks=pytest.mark.slow,
        ),
        ("One <!-- two. Three *four*.\n\nFive", ["One <!-- two.", "Three four.", "Five"]),
        ("`<!--` opens *it*. So", ["<!-- opens it.", "So"]),
        ("```\n<!--\n```\n*a* -->", ["```\n<!--\n```", "a -->"]),
        ("<!--\n```\na --> *b*", ["b"]),
    ],
)
def test_comments_and_scripts_are_not_shown_however_long_they_are(text: str, want: list[str]):
    assert plain(text, max_chars=None) == want
    if "```" not in text:
        for unit in ("line", "paragraph", "word"):
            assert " ".join(" ".join(plain(text, unit=unit)).split()) == " ".join(want), unit


def test_a_timer_does_not_show_what_may_be_hidden():
    stage = Segments(markdown="plain", max_wait=1)
    assert [one.text for one in stage.feed(f"Aha. So <!-- {LONG * 2}")] == ["Aha."]
    assert stage.expire() == []
    assert [one.text for one in [*stage.feed("No. --> Fine. Good"), *stage.flush()]] == ["So", "Fine.", "Good"]


def test_a_segment_waits_for_an_open_mark_and_no_longer_than_it_must():
    def given(*pieces: str, **options: Any) -> list[list[str]]:
        stage = Segments(markdown="plain", **options)
        return [[one.text for one in stage.feed(piece)] for piece in pieces]

    assert given("**One. Tw", "o.** Three", " is") == [[], [], ["One.", "Two."]]
    assert given("Use **kwargs. The", "y are\n", "\n") == [[], [], ["Use **kwargs.", "They are"]]
    assert given("It is $5. They say", " x<y, and so. ", "Good. Bad") == [["It is $5."], [], ["They say x<y, and so."]]
    for code in ("$PATH", "5$", "$(x)", "${A}", "5*3", "2**n", "f(*args, **kwargs)", "x <y", "a <b"):
        assert given(f"Use {code}. They are") == [[f"Use {code}."]]
    assert given("*One. Two. Three is", hold=0) == [["*One.", "Two."]]
    *_, last = given("*One. ", *["Two. "] * 50)
    assert last == ["Two."]


def test_a_timer_lets_go_what_waits():
    stage = Segments(markdown="plain", max_wait=1)
    assert stage.feed("**One. Two. ") == []
    assert stage.due == 1
    assert [one.text for one in stage.expire()] == ["One.", "Two."]
    assert stage.due is None
    assert [one.text for one in [*stage.feed("Three.** Four**"), *stage.flush()]] == ["Three.", "Four**"]


def test_a_sentence_that_begins_with_a_mark_whose_end_is_far_away():
    """A mark that stands elsewhere, and a single one, are text by then."""
    far = "And so on. " * 5
    for text, first, last in (
        (f"**One. {far}Two.** Three**", "One.", "Three**"),
        (f"*One. {far}Two.*", "*One.", "Two.*"),
        (f"So **one. {far}Two.**", "So **one.", "Two.**"),
        (f"**kwargs is. {far}Two.**", "**kwargs is.", "Two.**"),
        (f"`One. {far}Two.` `*a*` b", "`One.", "Two.` *a* b"),
        (f"`One. {far}Two. ``a`b`` c` `*d*`", "`One.", "a`b c` *d*"),
        (f"***One. {far}~~Two. {far}*And*~~ *three*.***", "One.", "And three."),
        (f"**One. {far}\n\nTwo**", "One.", "Two**"),
    ):
        found = plain(text, hold=30)
        assert (found[0], found[-1]) == (first, last)


RUNS = [
    *(
        "*",
        "*a ",
        "a*",
        "_*",
        "**a*b",
        "~~a ",
        "`",
        "`` ` ```",
        "[",
        "![",
        "[]",
        "[a](b",
        '[a](b "',
        "[a](<",
        "[a]((",
        "[a][",
    ),
    *(
        "<",
        "<a ",
        "<a x='",
        "<!--",
        "<!a",
        "<?",
        "<a@",
        "$",
        "$a ",
        "$$a ",
        "\\",
        "\\(",
        "\\[",
        "&",
        "&a",
        "\n",
        " \n",
        "]",
    ),
    *("<!--\n", "<!-- A. ", "<!-- A. --> ", "\n<!-- A\n--> ", "<script>A. ", "\\begin{align}"),
    *("*a. ", "**A. ", "**A! B** ", "[a! B ", "`a. ", "<a b! ", "$x. ", "*a <b! `c [d "),
]


@pytest.mark.slow
@pytest.mark.parametrize("run", RUNS)
def test_the_steps_grow_with_the_text_and_no_more(run: str):
    def steps(size: int) -> float:
        text, calls = ("x " + run * size)[:size], 0

        def count(frame: Any, event: str, arg: Any) -> None:
            nonlocal calls
            calls += 1

        stage = Segments(markdown="plain", max_chars=300)
        sys.setprofile(count)
        try:
            InlineMarks(text)
            for at in range(0, size, 4):
                stage.feed(text[at : at + 4])
        finally:
            sys.setprofile(None)
        return calls / size

    assert steps(4000) <= 1.5 * steps(1000) + 1


def test_nothing_is_too_strange():
    for text in (
        "\0*\0*",
        "\ud83d*a*\ude00",
        "*\U0001f600*",
        "&#xD83D;&#xDE00;",
        "[" * 5000 + "](a)" * 5000,
        "<" * 999,
    ):
        plain_text = of_paragraph(text)
        assert isinstance(plain_text, str)
        assert texts(text, markdown="plain") == texts(list(text), markdown="plain")
    deep = "[a](" + "(" * 40 + ")" * 40 + ")"
    assert of_paragraph(deep) == deep
    assert of_paragraph("\0*\0*\ud83d_\ude00_") == "\0\0\ud83d_\ude00_"
