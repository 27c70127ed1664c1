"""What no sentence is cut within: tags, maths, blocks of code of every sort; and what a voice has nothing to say of."""

from __future__ import annotations

from typing import Any

import pytest

from streamkit import testing
from streamkit.stages import Segments
from tests.stages.segmenting import JUDGES, segments, texts

TAGS = {
    'It rains. <break time="1.5s"/> Stay in.': ["It rains.", '<break time="1.5s"/> Stay in.'],
    'It rains.<break time="1.5s"/>Stay in.': ['It rains.<break time="1.5s"/>', "Stay in."],
    '<speak><p>One. Two!</p><p>Three?</p> <s>Four.</s><s>Five.</s></speak>': [
        "<speak><p>One.", "Two!</p>", "<p>Three?</p>", "<s>Four.</s>", "<s>Five.</s></speak>",
    ],
    '<emphasis level="strong">Good.</emphasis> Next. </p> <p> Last.': [
        '<emphasis level="strong">Good.</emphasis>', "Next. </p>", "<p> Last.",
    ],
    'Say <sub alias="World Wide. Web. So">WWW</sub> <w role=\'x. Y\'>now</w>. Done': [
        'Say <sub alias="World Wide. Web. So">WWW</sub> <w role=\'x. Y\'>now</w>.', "Done",
    ],
    "Dr.<br/>Novak <!-- Who. Is --> came.<br> He slept. <say-as interpret-as=\"date\">1.2.</say-as> is it.": [
        "Dr.<br/>Novak <!-- Who. Is --> came.<br>", "He slept.", '<say-as interpret-as="date">1.2.</say-as> is it.',
    ],
    "If a <b and c. Then <x. So 3 < 4. I <3 tea. See <https://a.example/b>. Yes": [
        "If a <b and c.", "Then <x.", "So 3 < 4.", "I <3 tea.", "See <https://a.example/b>.", "Yes",
    ],
    '天空。<break time="1s"/>好。 <b>是。</b>': ['天空。<break time="1s"/>', "好。", "<b>是。</b>"],
}  # fmt: skip

MATHS = {
    "So\n$$\na = 1. B\n$$\nholds. Then $$b = 2.$$ Next one. Is $$c. D$$ it? Yes": [
        "So", "$$\na = 1. B\n$$", "holds.", "Then $$b = 2.$$", "Next one.", "Is $$c. D$$ it?", "Yes",
    ],
    "\\[ x. Y \\]\n\nSo \\(a. B\\) is. \\begin{align*}\nx &= 1. Y \\\\[2pt]\nz\n\\end{align*}\nEnd": [
        "\\[ x. Y \\]", "So \\(a. B\\) is.", "\\begin{align*}\nx &= 1. Y \\\\[2pt]\nz\n\\end{align*}", "End",
    ],
    "It costs $5. Then $6. The process is $$. Kill it.\n\nIt was $$ again. \\begin{x} No. \\[ Never": [
        "It costs $5.", "Then $6.", "The process is $$.", "Kill it.", "It was $$ again.", "\\begin{x} No.", "\\[ Never",
    ],
    "$$\na\n- b. C\n$$\nSo\n\n- $$ a. B\nc $$\n\n> $$\n> a. B\n> $$\n> End": [
        "$$\na\n- b. C\n$$", "So", "- $$ a. B\nc $$", "> $$\n> a. B\n> $$", "> End",
    ],
    "Then $$ b = 2. $$ Next.\n\n$$\n\\text{So it is. Yes} x\n$$": [
        "Then $$ b = 2. $$", "Next.", "$$\n\\text{So it is. Yes} x\n$$",
    ],
}  # fmt: skip

NO_MATHS = {
    "- **Al's** is cheap: $$. Good tea.\n- **Bo's** is dear: $$$. Nice wine.\n- $$: cheap\n- $$$: dear": [
        "- **Al's** is cheap: $$.", "Good tea.", "- **Bo's** is dear: $$$.", "Nice wine.", "- $$: cheap", "- $$$: dear",
    ],
    "I have $$ to lend. Go on. You have $$ too. I paid $$. I paid $$$. (Or $$.) And ($$).": [
        "I have $$ to lend.", "Go on.", "You have $$ too.", "I paid $$.", "I paid $$$.", "(Or $$.)", "And ($$).",
    ],
    "Kill $$. Then AS $$ BEGIN. So $$PATH is set. Then $$HOME. No $$\nand $$. End": [
        "Kill $$.", "Then AS $$ BEGIN.", "So $$PATH is set.", "Then $$HOME.", "No $$", "and $$.", "End",
    ],
    "$$ is cheap. Go on, for $$. $$$ is dear. \\[ opens. It \\] closes. \\begin{a} too. And \\end{a}": [
        "$$ is cheap.", "Go on, for $$.", "$$$ is dear.", "\\[ opens.", "It \\] closes.", "\\begin{a} too.",
        "And \\end{a}",
    ],
    "$$\nSo that is it. Then we go.\n$$": ["$$", "So that is it.", "Then we go.", "$$"],
}  # fmt: skip


@pytest.mark.parametrize("text", NO_MATHS)
def test_signs_of_prices_and_processes_are_no_maths(text: str):
    for pieces in testing.every_split(text):
        assert texts(pieces) == NO_MATHS[text]


@pytest.mark.parametrize("lookahead", ["word", "char"])
@pytest.mark.parametrize("text", [*TAGS, *MATHS])
def test_tags_and_maths_are_never_cut_and_cost_no_end(text: str, lookahead: Any):
    for pieces in testing.every_split(text):
        found = texts(pieces, lookahead=lookahead)
        if lookahead == "word":
            assert found == {**TAGS, **MATHS}[text]
        for tag in ('<break time="1.5s"/>', "<!-- Who. Is -->", "$$c. D$$", "\\(a. B\\)"):
            assert tag not in text or any(tag in one for one in found)


def test_what_never_closes_holds_for_a_while_only():
    for opening in ('<x y="', "<!-- ", "$$ ", "\\[ ", "\\begin{a} "):
        found = texts(["Look. ", opening, "so it goes on. And on. " * 150], max_chars=None)
        assert len(found) > 100
    assert texts("Look at $$ here. So\n\nEnd. Now") == ["Look at $$ here.", "So", "End.", "Now"]


def test_a_timer_does_not_cut_a_tag_that_has_begun():
    for begun in ("Look here <break time='1. Y", "Look here $$a. B", "Look here \\[ a. B"):
        stage = Segments(max_wait=1)
        stage.feed(begun)
        assert [one.text for one in stage.expire()] == ["Look here"]


BLOCKS = {
    "Run:\n\n    x = 1. Y\n\n        z(). Z\n  \nDone. Now": ("x = 1. Y\n\n    z(). Z", "", ["Run:", "Done.", "Now"]),
    "Run\r\n\r\n\tif x:\r\n\t\ty. Z\r\nDone": ("if x:\n    y. Z", "", ["Run", "Done"]),
    "> Said.\n>\n> ```py\n> a. B\n>   c. D\n> ```\n> So. On": ("a. B\n  c. D\n", "py", ["> Said.", ">", "> So.", "On"]),
    "> > ~~~\n> > a. B\n> > ~~~": ("a. B\n", "", []),
    "    x = 1. Then y.\n\n    z\n\nTea. So": ("x = 1. Then y.\n\nz", "", ["Tea.", "So"]),
    "# Tea\n    x = 1. Then y.\nSo. On": ("x = 1. Then y.", "", ["# Tea", "So.", "On"]),
    "Tea\n\n---\n\tx = 1. Then y.\nSo. On": ("x = 1. Then y.", "", ["Tea", "---", "So.", "On"]),
    "- Do. So\n\n      x = 1. B\n\nEnd": ("x = 1. B", "", ["- Do.", "So", "End"]),
}  # fmt: skip


@pytest.mark.parametrize("text", BLOCKS)
def test_indented_code_and_fences_in_quotes_are_whole(text: str):
    code, lang, rest = BLOCKS[text]
    for pieces in testing.every_split(text):
        found = segments(pieces)
        assert [(one.code.replace("\r\n", "\n"), one.lang) for one in found if one.kind == "code"] == [(code, lang)]
        assert [one.text for one in found if one.kind != "code"] == rest
        assert texts(pieces, code="drop") == rest


def test_lines_of_indented_code_may_come_one_by_one():
    text = "Run:\n\n    ab. B\n\n    c\n> ```\n> d. E\n> ```\n"
    for pieces in testing.every_split(text):
        assert texts(pieces, code="lines") == ["Run:", "ab. B", "    c", "> ```", "> d. E", "> ```"]


@pytest.mark.parametrize(
    "text",
    [
        "Tea:\n\n1. Boil. So\n\n    Let it cool. Then\n\n2. Pour",
        "Tea:\n\n    - Boil. So\n    - Pour",
        "Tea\n    goes on. So",
        "# Tea\n    - Boil. So\n    - Pour",
        "    1. Boil. So\n    2. Pour",
        "\n   Tea. So",
        "　　　　茶。好",
        "Tea\n\n　　　　茶。好",
        "> ```tea``` is. So",
    ],
)
def test_what_is_indented_for_other_reasons_is_no_code(text: str):
    for pieces in testing.every_split(text):
        assert all(one.kind != "code" for one in segments(pieces))


def test_a_quote_that_ends_closes_its_block():
    found = segments("> ```\n> a. B\nSo. On")
    assert [(one.kind, one.text, one.forced) for one in found] == [
        ("code", "> ```\n> a. B", True), ("sentence", "So.", False), ("sentence", "On", False),
    ]  # fmt: skip


@pytest.mark.parametrize("judge", JUDGES, ids=lambda judge: type(judge).__name__)
def test_a_voice_gets_nothing_that_has_nothing_to_say(judge: Any):
    text = "# Tea\n\n***\n\n$$\n\n| a |\n|---|\n| b |\n\n🎉 🎉\n\n...\n\n* * *\n\nIt is 5️⃣.\n\n5️⃣ ℹ️\n\n5\n\n— ٣ 好"
    for pieces in testing.every_split(text):
        found = segments(pieces, judge=judge, markdown="plain", spoken=True)
        assert [one.text for one in found] == ["Tea", "a", "b", "It is 5️⃣.", "5", "— ٣ 好"]
        assert [text[one.start : one.end] for one in found][:3] == ["# Tea", "| a |", "| b |"]
        assert [one.index for one in found] == list(range(6))
    assert "***" in texts(text, judge=judge)
    assert texts("---\n<b>🎉</b>\n<b>Go</b>", spoken=True) == ["<b>🎉</b>", "<b>Go</b>"]
    assert texts("---\n<b>🎉</b>\n<b>Go</b>", spoken=True, markdown="plain") == ["Go"]
