"""Text on a terminal: only text, at once, harmless, and no encoding stops it."""

from __future__ import annotations

import io
import os
import sys

import pytest

import streamkit as sk
from streamkit import sinks, testing

T = sk.TextDelta


def shown(*items: sk.Event | str, encoding: str | None = None, **options: bool) -> str:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, newline="") if encoding else io.StringIO(newline="")
    console = sinks.console(stream, **options)
    for item in items:
        console.write(item)
    console.close(sk.Reply())
    stream.flush()
    return raw.getvalue().decode(encoding) if encoding else stream.getvalue()


def test_shows_deltas_and_str_and_ends_the_line():
    assert shown(sk.Start(), T("Hel"), T("lo"), sk.Finish("stop"), sk.Reply()) == "Hello\n"
    assert shown("One. ", "Two.") == "One. Two.\n"
    assert shown(T("a line\n")) == "a line\n"
    assert shown(sk.Start(), sk.Finish("stop")) == ""


def test_shows_the_first_choice_only():
    assert shown(T("a"), T("x", 1), T("b")) == "ab\n"


def test_a_refusal_is_shown():
    assert shown(T("Well"), sk.RefusalDelta("I can"), sk.RefusalDelta("not.")) == "Well\n\nI cannot.\n"


def test_reasoning_is_hidden_unless_asked_for():
    events = (sk.ReasoningDelta("2+"), sk.ReasoningDelta("2\n"), T("4"))
    assert shown(*events) == "4\n"
    assert shown(*events, reasoning=True) == "2+2\n\n4\n"


def test_a_restart_begins_a_new_line():
    assert shown(T("Onc"), sk.Restart(), T("Once")) == "Onc\nOnce\n"
    assert shown(T("Onc"), sk.Restart("stalled", "Onc"), T("e")) == "Once\n"  # it only goes on


def test_escapes_are_shown_the_same_at_every_split():
    text = "a\x1b]52;c;eA==\x07b\r\nc\rd\u202e"
    for pieces in testing.every_split(text):
        assert shown(*map(T, filter(None, pieces))) == "a\\x1b]52;c;eA==\\x07b\nc\\rd\\u202e\n"


def test_hidden_text_is_shown_and_emoji_stay_whole_at_every_split():
    text = "a\U000e0041\U000e007f \U0001f469\u200d\U0001f4bb می\u200cخواهم \u200b"
    for pieces in testing.every_split(text):
        assert shown(*map(T, filter(None, pieces))) == (
            "a\\U000e0041\\U000e007f \U0001f469\u200d\U0001f4bb می\u200cخواهم \\u200b\n"
        )


def test_a_held_cr_is_shown_before_a_break():
    assert shown(T("a\r"), sk.RefusalDelta("no")) == "a\\r\n\nno\n"


def test_raw_leaves_text_as_it_is():
    assert shown(T("\x1b[1mbold\r"), raw=True) == "\x1b[1mbold\r\n"


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [("ascii", "a\\u4e16\\xe9 \\ud83d\n"), ("latin-1", "a\\u4e16é \\ud83d\n"), ("utf-8", "a世é \\ud83d\n")],
)
def test_what_cannot_be_encoded_is_escaped(encoding: str, expected: str):
    for raw in (False, True):
        assert shown(T("a世é "), T("\ud83d"), encoding=encoding, raw=raw) == expected


def test_writes_to_what_stdout_is_at_the_time(capsys: pytest.CaptureFixture[str]):
    reply = sk.run(testing.script("Hi", " there"), sinks.console())
    assert capsys.readouterr().out == f"{reply}\n" == "Hi there\n"


def test_the_line_is_ended_when_the_reply_breaks():
    out = io.StringIO()
    with pytest.raises(sk.BrokenError):
        sk.run(testing.script("Hi", " there", drop_after=1), sinks.console(out))
    assert out.getvalue() == "Hi\n"


def test_one_console_serves_several_replies():
    out = io.StringIO()
    console = sinks.console(out)
    for text in ("one", "two"):
        sk.run(testing.script(text), console)
    assert out.getvalue() == "one\ntwo\n"


@pytest.mark.skipif(sys.platform == "win32", reason="pipes break otherwise there")
def test_a_reader_that_went_away_is_a_failure_of_this_sink_only():
    reading, writing = os.pipe()
    os.close(reading)
    kept = sinks.memory()
    pipe = os.fdopen(writing, "w")
    with pytest.raises(sk.SinkError) as caught:
        sk.run(testing.script("Hi", " there"), sinks.console(pipe), kept)
    assert isinstance(caught.value.__cause__, BrokenPipeError)
    assert caught.value.partial.text == kept.text == "Hi there"
    with pytest.raises(BrokenPipeError):
        pipe.close()


def test_the_function_itself_is_no_sink():
    with pytest.raises(TypeError, match=r"sinks.console is not called: write sinks.console\("):
        sk.run(testing.script("Hi"), sinks.console)
