"""One output of a cell that grows, in a real IPython shell."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest
import reactivex as rx
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

import streamkit as sk
from streamkit import sinks, testing

PLAIN = "text/plain"


@pytest.fixture
def shown(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """What the shell was told to display."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    # Its history would be a database in the user's home, which the collector finds open in the middle of another test.
    shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    shell.display_pub = CapturingDisplayPublisher()
    yield shell.display_pub.outputs
    InteractiveShell.clear_instance()


def texts(outputs: list[dict[str, Any]], kind: str = PLAIN) -> list[str]:
    return [output["data"][kind] for output in outputs]


def test_the_text_grows_in_one_place_at_most_ten_times_a_second(shown: list[dict[str, Any]]):
    stream = testing.script("a", "b", "c", "d", "e", every=0.04)
    assert testing.clock().run(stream, sinks.notebook()).error is None
    assert texts(shown) == ["a", "abc", "abcde"]
    assert [output["update"] for output in shown] == [False, True, True]
    assert len({output["transient"]["display_id"] for output in shown}) == 1


def test_what_waits_is_shown_when_its_time_has_come_and_the_rest_at_the_end(shown: list[dict[str, Any]]):
    clock, sink = testing.clock(), sinks.notebook(every=1.0)
    seen: list[int] = []
    clock.run(testing.script("a", "b", "c", "d", every=0.9), sink, lambda _: seen.append(len(shown)))
    assert texts(shown) == ["a", "ab", "abc", "abcd"]
    assert seen == [0, 1, 1, 2, 3, 3, 3]  # "b" is shown at 1.0, "c" at 2.0, "d" at the end


def test_each_reply_has_a_display_of_its_own(shown: list[dict[str, Any]]):
    sink = sinks.notebook()
    for text in ("one", "two"):
        sk.run(testing.script(text), sink)
    assert texts(shown) == ["one", "two"]
    assert len({output["transient"]["display_id"] for output in shown}) == 2


def test_all_there_was_is_shown_when_the_reply_breaks_or_is_cancelled(shown: list[dict[str, Any]]):
    clock, sink = testing.clock(), sinks.notebook(every=60)
    broken = clock.run(testing.script("a", "b", "c", drop_after=2, every=1.0), sink)
    assert isinstance(broken.error, sk.BrokenError)
    clock.run(testing.script("d", "e", "f", every=1.0), sink, until=1.5)
    assert texts(shown) == ["a", "ab", "d", "de"]


def test_what_a_terminal_would_obey_is_shown_the_same_at_every_split(shown: list[dict[str, Any]]):
    text = "a\x1b[2Jb\r\nc\rd"
    for pieces in testing.every_split(text):
        sk.run(testing.script(*filter(None, pieces)), sinks.notebook())
        assert texts(shown)[-1] == "a\\x1b[2Jb\nc\\rd"


def test_a_restart_begins_anew_in_the_same_place(shown: list[dict[str, Any]]):
    stream = sk.stream(rx.of(sk.TextDelta("wrong"), sk.Restart(), sk.TextDelta("right"), sk.Reply()))
    sk.run(stream, sinks.notebook())
    assert texts(shown) == ["wrong", "right"]
    shown.clear()
    stream = sk.stream(rx.of(sk.TextDelta("left"), sk.Restart("stalled", "left"), sk.TextDelta(" right"), sk.Reply()))
    sk.run(stream, sinks.notebook())
    assert texts(shown)[-1] == "left right"


def test_the_answer_and_a_refusal_of_the_first_choice_are_shown(shown: list[dict[str, Any]]):
    pieces = sk.ReasoningDelta("hm"), sk.TextDelta("a"), sk.TextDelta("x", 1), sk.RefusalDelta("no")
    sk.run(testing.script(*pieces), sinks.notebook(every=60))
    assert texts(shown) == ["a", "ano"]


def test_markdown_is_rendered_if_asked_for(shown: list[dict[str, Any]]):
    sk.run(testing.script("**a**"), sinks.notebook(show="markdown"))
    assert [output["data"] for output in shown] == [{"text/markdown": "**a**"}]


def test_no_text_shows_nothing(shown: list[dict[str, Any]]):
    sk.run(testing.script(), sinks.notebook())
    assert shown == []


@pytest.mark.parametrize("at_the_end", [False, True])
def test_a_display_that_breaks_fails_this_sink_only(
    shown: list[dict[str, Any]], at_the_end: bool, monkeypatch: pytest.MonkeyPatch
):
    sink, kept = sinks.notebook(every=1.0), sinks.memory()

    def broken(*args: Any, **more: Any) -> None:
        raise OSError("the front end is gone")

    def breaks(event: sk.Event) -> None:
        if getattr(event, "text", "") == "b":
            monkeypatch.setattr(InteractiveShell.instance().display_pub, "publish", broken)

    pieces = ("a", "b", "c") if at_the_end else ("a", "b", "c", "d", "e", "f")
    recorded = testing.clock().run(testing.script(*pieces, every=0.5), sink, kept, breaks)
    assert "the front end is gone" in str(recorded.error)
    assert isinstance(recorded.error, sk.SinkError)
    assert kept.text == "".join(pieces)
    assert texts(shown) == ["a"]


def test_it_never_holds_up_the_reply():
    assert sinks.Notebook.overflow == "conflate"


@pytest.mark.parametrize("wrong", [{"every": 0}, {"show": "html"}])
def test_what_makes_no_sense_is_refused(shown: list[dict[str, Any]], wrong: dict[str, Any]):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        sinks.notebook(**wrong)


def test_outside_of_a_notebook_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(RuntimeError, match=r"sinks\.console"):
        sinks.notebook()
    monkeypatch.setitem(sys.modules, "IPython", None)
    with pytest.raises(RuntimeError, match=r"sinks\.console"):
        sinks.notebook()
