"""Thoughts between tags, and tags that the answer shows as code."""

from __future__ import annotations

import random
import re

import pytest

from streamkit.events import ReasoningDelta
from streamkit.stages import ThinkTags
from streamkit.stages.rewriting.scan import HOLD
from streamkit.testing import every_split
from tests.costs import check_linear_time

THOUGHT = "<think>t</think>"


def pieces_of(pieces, *args, **options):
    stage = ThinkTags(*args, **options)
    return [*(part for piece in pieces for part in stage.feed(piece)), *stage.flush()]


def told_apart(pieces, *args, **options):
    parts = pieces_of(pieces, *args, **options)
    answer = "".join(part for part in parts if isinstance(part, str))
    return answer, "".join(part[1] for part in parts if isinstance(part, tuple) and part[0] is ReasoningDelta)


@pytest.mark.parametrize(
    "text",
    [
        f"A `{THOUGHT}` b.",
        f"A ``{THOUGHT}`` b.",
        f"A ```{THOUGHT}``` b.",
        f"``` {THOUGHT}```\nA span, though it begins a line.",
        f"A `` ` {THOUGHT} ` `` b.",
        f"``` a ` {THOUGHT} ```",
        f"A ` b `` c {THOUGHT} ` d.",
        f"`a` `<think>` and `{THOUGHT}`.",
        "The `<think>` tag opens it, </think> closes it.",
        "Compare `<think>` with `</think>` and `<think>`",
        "Use ` so. <think>plan `ls`</think> A lone backtick looks like that one.",
        f"\\``{THOUGHT}`",
        f"`\\` \\\\`{THOUGHT}\\`",
        f"```xml\n{THOUGHT}\n```\nb",
        f"~~~xml a ` b ``` c\n{THOUGHT}\n~~~\nb",
        f"```` md\n```\n{THOUGHT}\n```\n{THOUGHT}\n````\nb",
        f"~~~\n```\n~~\n{THOUGHT}\n~~~~ \t\nb",
        f"   ```\n{THOUGHT}\n   ```\nb",
        f"- list\n      ```\n{THOUGHT}\n      ```\nb",
        f"1. ```\n   {THOUGHT}\n   ```\nb",
        f"> ```\n> {THOUGHT}\n> ```\nb",
        f"```\n{THOUGHT}\n``` no end\n{THOUGHT}\n```\n",
        f"```\n{THOUGHT} never closed\n",
        f"```{THOUGHT}",
        f"```{THOUGHT}\n{THOUGHT}\n```\nb",
        f"```\r\n{THOUGHT}\r\n```\r\nb",
        f"```\r{THOUGHT}\r```\rb",
        f"> ```\r\n> {THOUGHT}\r\n> ```\r\nb",
        "<think",
        "a <think\n",
        "\ud800`<think>`\x00\N{GRINNING FACE}",
    ],
)
def test_opening_tags_in_code_are_text(text):
    for pieces in every_split(text):
        assert told_apart(pieces) == (text, ""), pieces


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<think>\nt\n</think>\n\nHello", ("\n\nHello", "\nt\n")),
        (f"5` long\n{THOUGHT}b", ("5` long\nb", "t")),
        (f"5` and 7`` {THOUGHT}b\n`", ("5` and 7`` b\n`", "t")),
        (f"5` {THOUGHT}b", ("5` b", "t")),
        (f"`code`{THOUGHT}b", ("`code`b", "t")),
        (f"` ``{THOUGHT}`` {THOUGHT}\n", (f"` ``{THOUGHT}`` \n", "t")),
        (f"` {THOUGHT} ``x``{THOUGHT}\n`", ("`  ``x``\n`", "tt")),
        ("` <think>``</think> ``\n<think>", ("`  ``\n", "``")),
        (f"\\`{THOUGHT}\\`", ("\\`\\`", "t")),
        (f"\\\\\\` {THOUGHT}`", ("\\\\\\` `", "t")),
        (f"```py\nx\n```\n{THOUGHT}b", ("```py\nx\n```\nb", "t")),
        (f"~~~\n```\n~~~\n{THOUGHT}b", ("~~~\n```\n~~~\nb", "t")),
        (f"a ```\n{THOUGHT}\n```", ("a ```\n\n```", "t")),
        (f"~~ {THOUGHT}\n", ("~~ \n", "t")),
        (f"> ```\n> x\nb {THOUGHT}", ("> ```\n> x\nb ", "t")),
        (f"> ```\n```\n```\n{THOUGHT}", ("> ```\n```\n```\n", "t")),
        (f"> ```\n\n> {THOUGHT}", ("> ```\n\n> ", "t")),
        ("<think>```</think>b</think>", ("b</think>", "```")),
        ("<think>`</think>`b", ("`b", "`")),
        ("<think>```\n<think>a\n</think>\n```</think>", ("\n```</think>", "```\n<think>a\n")),
        (f"{THOUGHT}```\n{THOUGHT}\n```\n{THOUGHT}b", (f"```\n{THOUGHT}\n```\nb", "tt")),
        (f"a{THOUGHT}```\n{THOUGHT}\n```b", ("a```\n\n```b", "tt")),
        (f"    {THOUGHT}b", ("    b", "t")),
        ("<think></think>b", ("b", "")),
        ("<think>\n\n</think>\n\nb", ("\n\nb", "\n\n")),
        ("a <think>no end", ("a ", "no end")),
        ("</think> a", ("</think> a", "")),
        ("<Think>a</Think> <THINK> < think > <think >b <think/> <think x='1'>", None),
    ],
)
def test_what_is_a_thought(text, shown):
    for pieces in every_split(text):
        assert told_apart(pieces) == (shown or (text, "")), pieces


def test_a_prompt_that_opened_the_thought():
    text = f"t ```\n</think>```\n{THOUGHT}\n```\n{THOUGHT}b"
    for pieces in every_split(text):
        assert told_apart(pieces, inside=True) == (f"```\n{THOUGHT}\n```\nb", "t ```\nt"), pieces


def test_a_tag_that_begins_another_one():
    for pieces in every_split("<a>p</a>b<a>b>q</a></a>b>c `<a>b>` <a"):
        assert told_apart(pieces, ("a", "a>b")) == ("bc `<a>b>` <a", "pq</a>"), pieces


def test_other_tags():
    for pieces in every_split("`<seed:think>` <thinking>a</think></thinking><seed:think>b</seed:think>"):
        assert told_apart(pieces, ("seed:think", "thinking")) == ("`<seed:think>` ", "a</think>b"), pieces


# -- what waits --------------------------------------------------------------------------------------------------------


def test_a_thought_at_the_very_start_delays_nothing():
    stage = ThinkTags()
    fed = [stage.feed(piece) for piece in ("<think>", "\n`", "``", "</think>", "\n", "\n", "A", " ``", "`b", "```\n")]
    assert fed == [
        [], [(ReasoningDelta, "\n`")], [(ReasoningDelta, "``")], [], ["\n"], ["\n"], ["A"], [" ``"], ["`b"], ["```\n"],
    ]  # fmt: skip


def test_only_a_tag_waits_for_the_end_of_its_span_or_line():
    stage = ThinkTags()
    assert stage.feed("a ` b </think> ") == ["a ` b </think> "]
    assert stage.feed("<think>c") == []
    assert stage.feed("d`") == []  # there may come another one
    assert stage.feed(" e") == ["<think>cd` e"]
    assert stage.feed("` <think>c") == ["` "]
    assert stage.feed("</think> d\n`") == [(ReasoningDelta, "c"), " d\n`"]
    assert stage.feed("\n```\n<think>`") == ["\n```\n<think>`"]  # in a block nothing waits


def test_a_span_is_looked_for_so_far_and_no_further():
    for far, shown in ((HOLD - 9, "a"), (HOLD, "")):
        text = f"`<think>{'a' * (far - 8)}` b"
        for pieces in ([text], text, [text[:20], *text[20:]], [text[:-3], *text[-3:]]):
            answer, thought = told_apart(pieces)
            assert (answer[8:9], bool(thought)) == (shown, not shown)
    stage = ThinkTags()
    assert stage.feed("` <think>" + "a" * (HOLD - 10)) == ["` "]
    assert stage.feed("aa") == [(ReasoningDelta, "a" * (HOLD - 8))]
    assert stage.feed("b") == [(ReasoningDelta, "b")]


# -- against the whole text --------------------------------------------------------------------------------------------

TROUBLE = [
    *("`", "``", "```", "````", "~", "~~~", "<think>", "</think>", "\n", "\n", "\r\n", " ", "    ", "a", "> ", "- "),
    *("1. ", "\\", "<th", "`<think>`", "xml", "\ud800"),
]


@pytest.mark.slow
def test_the_result_is_that_of_the_whole_text():
    dice = random.Random(5)
    for _ in range(3000):
        text = "".join(dice.choices(TROUBLE, k=dice.randint(1, 16)))
        places = sorted(dice.choices(range(len(text) + 1), k=4))
        cut = [text[start:end] for start, end in zip([0, *places], [*places, len(text)], strict=True)]
        for inside in (False, True):
            expected = plainly(text, inside)
            for pieces in ([text], text, cut):
                assert told_apart(pieces, inside=inside) == expected, (text, pieces)


LEAD = re.compile(r"((?:[ \t]*>)*)[ \t]*(?:-[ \t]+)?(?:1\.[ \t]+)?")
LINE, RUN = re.compile(r"[^\r\n]*"), re.compile(r"`+|~+")


def plainly(text: str, inside: bool) -> tuple[str, str]:
    """The same with the whole text at hand."""
    answer, thoughts, line, at = "", "", "", 0  # `line`: the answer's last one
    while at < len(text):
        if inside:
            end = text.find("</think>", at)
            end, inside = (end, False) if end >= 0 else (len(text), True)
            thoughts, at = thoughts + text[at:end], end + len("</think>")
            continue
        if text.startswith("<think>", at):
            at, inside = at + len("<think>"), True
            continue
        end = code_end(text, at, line) or at + 1
        answer, line, at = answer + text[at:end], re.split("[\r\n]", line + text[at:end])[-1], end
    return answer, thoughts


def code_end(text: str, at: int, line: str) -> int | None:
    """Where the code ends that begins ``at`` that place; only the run of marks if it begins none."""
    run, rest = RUN.match(text, at), LINE.match(text, at)
    if run is None or rest is None:
        return None
    marks, lead = run[0], LEAD.fullmatch(line)
    if len(marks) >= 3 and lead and (marks[0] == "~" or "`" not in text[run.end() : rest.end()]):
        return block_end(text, rest.end(), marks, bool(lead[1]))
    slashes = len(text[:at]) - len(text[:at].rstrip("\\"))
    size = len(marks) - slashes % 2
    if marks[0] == "`" and size:
        close = re.compile(f"(?<!`)`{{{size}}}(?!`)").search(text, run.end(), rest.end())
        return close.end() if close else run.end()
    return run.end()


def block_end(text: str, at: int, marks: str, quoted: bool) -> int:
    """Behind the closing line, or in a quote before the first line that is none of it."""
    lead = r"[ \t]*>[ \t>]*" if quoted else r"[ \t]*"
    closing = re.compile(rf"{lead}{marks[0]}{{{len(marks)},}}[ \t]*(?=[\r\n]|\Z)")
    while at < len(text):
        at += 2 if text.startswith("\r\n", at) else 1
        line = LINE.match(text, at)
        assert line is not None
        if quoted and not re.match(r"[ \t]*>", line[0]):
            return at
        if closing.match(text, at):
            return line.end()
        at = line.end()
    return at


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit",
    [
        "`",
        "` <think>a</think> ",
        "<think>",
        "```\n",
        "".join("`" * size + " <think> " for size in range(1, 130)),
        "".join("`" * size + THOUGHT for size in range(1, 130)),
    ],
    ids=["ticks", "open spans", "tags", "fences", "lengths", "thoughts"],
)
def test_the_cost_grows_with_the_text_and_no_faster(unit):
    def feed_all(size: int) -> None:
        text = (unit * (size // len(unit) + 1))[:size]
        told_apart(text[at : at + 4] for at in range(0, size, 4))

    check_linear_time(feed_all, 4_000, 40_000)
