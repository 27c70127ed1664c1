"""What a newer version wrote: this one reads what it knows and says what it misses."""

from __future__ import annotations

import json
import logging
import warnings
from pathlib import Path
from typing import Any

import pytest

import streamkit as sk
from streamkit import sinks
from streamkit.sources.recording import Recording
from tests.reports import Reports

TEXT = {"type": "text.delta", "text": "Hi"}
REPLY = {"type": "reply", "choices": [{"text": "Hi"}], "usage": {"total_tokens": 3}}
CALL = {"id": "c1", "name": "f", "arguments": "{}"}

NEW_KEYS: dict[str, tuple[dict[str, Any], sk.Event]] = {
    "of an event": ({**TEXT, "voice": "low"}, sk.TextDelta("Hi")),
    "of a choice": ({**REPLY, "choices": [{"text": "Hi", "voice": 1}], "usage": None}, sk.Reply((sk.Choice(0, "Hi"),))),
    "of the usage": (
        {"type": "usage", "usage": {"total_tokens": 3, "voice": 2}},
        sk.UsageUpdate(sk.Usage(total_tokens=3)),
    ),
    "of a call": (
        {"type": "reply", "choices": [{"tool_calls": [{**CALL, "voice": None}]}]},
        sk.Reply((sk.Choice(tool_calls=(sk.ToolCall("c1", "f", "{}"),)),)),
    ),
    "of a result's call": (
        {"type": "tool.result", "call": {**CALL, "voice": 1}, "value": 5},
        sk.ToolResult(sk.ToolCall("c1", "f", "{}"), 5),
    ),
}


def receive(items: list[Any], *, key: str) -> None: ...


@pytest.mark.parametrize(("form", "event"), NEW_KEYS.values(), ids=NEW_KEYS)
def test_keys_that_are_not_known_are_left_out_and_told(form: dict[str, Any], event: sk.Event):
    with pytest.warns(RuntimeWarning, match=r"this version of streamkit does not know, and leaves out: voice") as told:
        assert sk.from_json(json.dumps(form)) == event
    assert told[0].filename == __file__  # the caller's line, where it can be silenced


def test_what_our_own_sinks_add_is_no_news():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert sk.from_json(json.dumps({**TEXT, "stream": "s", "seq": 4})) == sk.TextDelta("Hi")


@pytest.mark.parametrize("kind", ["audio.delta", "", "text"])
def test_an_event_that_is_not_known_is_named(kind: str):
    with pytest.raises(sk.MalformedError, match=f"type '{kind}', which this version of streamkit does not know"):
        sk.from_json(json.dumps({"type": kind, "text": "Hi"}))


@pytest.mark.parametrize("data", ["5", "[]", "{}", '{"type": 5}', '{"type": ["a"]}', '{"type": null}', "", "\xff"])
def test_what_is_no_event_at_all_is_told_as_such(data: str):
    with pytest.raises(sk.MalformedError, match="not an event"):
        sk.from_json(data)


# -- recordings --------------------------------------------------------------------------------------------------------

HEAD = {"streamkit": 1, "api": "chat", "model": "m", "note": ""}
READ = {"t": 0.5, "text": "data: [DONE]\n\n"}
END = {"end": 1.0, "error": None}
FAILED = {"kind": "stalled", "message": "silence", "clock": "total"}


def recording(*lines: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


@pytest.mark.parametrize("version", [2, "1.5", None])
def test_a_recording_of_another_form_is_named(version: Any):
    with pytest.raises(sk.MalformedError, match=rf"of version {version}: this version of streamkit reads 1"):
        Recording.parse(recording({**HEAD, "streamkit": version}, READ, END))


@pytest.mark.parametrize(
    ("lines", "missed"),
    [
        ([{**HEAD, "voice": "low"}, READ, END], "voice"),
        ([HEAD, {**READ, "voice": 1}, END], "voice"),
        ([HEAD, READ, {**END, "voice": 2}], "voice"),
        ([HEAD, READ, {**END, "error": {**FAILED, "voice": 3}}], "voice"),
        ([HEAD, READ, {**END, "error": {**FAILED, "kind": "moderated"}}], "errors of the kind 'moderated'"),
    ],
)
def test_parts_of_a_recording_that_are_not_known_are_told(lines: list[dict[str, Any]], missed: str):
    with pytest.warns(RuntimeWarning, match=f"a recording has what this version .* leaves out: {missed}"):
        assert Recording.parse(recording(*lines)).end == 1.0


@pytest.mark.parametrize("kind", ["stalled", "all_failed"])
def test_a_recording_of_this_version_has_nothing_unknown(kind: str):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Recording.parse(recording(HEAD, READ, {**END, "error": {**FAILED, "kind": kind}}))


# -- ledgers -----------------------------------------------------------------------------------------------------------


def batch(path: Path, lines: list[dict[str, Any]]) -> list[tuple[str, bool]]:
    """The answers to prompts ``a`` and ``b`` with ``lines`` in the ledger, and whether they come from it."""
    path.write_bytes(recording(*lines))
    asked = sk.batch(["a", "b"], lambda prompt: sk.from_text([f"asked {prompt}"]), ledger=path, key=str, ordered=True)
    return [(item.text, item.from_ledger) for item in asked]


ANSWERED = {"asked": "a", "outcome": "complete", "reply": REPLY}


@pytest.mark.parametrize("reports", [logging.WARNING], indirect=True)
def test_keys_of_a_ledger_that_are_not_known_are_told(tmp_path: Path, reports: Reports):
    assert batch(tmp_path / "l", [{**ANSWERED, "voice": "low"}]) == [("Hi", True), ("asked b", False)]
    assert reports.messages == ["ledger l has what this version of streamkit does not know, and leaves out: voice"]


@pytest.mark.parametrize("reports", [logging.WARNING], indirect=True)
@pytest.mark.parametrize("reply", [{"type": "reply.v2"}, {"type": "reply", "choices": 5}, TEXT, None])
def test_an_answer_that_cannot_be_read_is_asked_again_and_told(tmp_path: Path, reply: Any, reports: Reports):
    assert batch(tmp_path / "l", [{**ANSWERED, "reply": reply}]) == [("asked a", False), ("asked b", False)]
    assert "a prompt in l is asked again, for its answer cannot be read" in reports.messages[0]


@pytest.mark.parametrize("line", [{"streamkit": 2, "ledger": True}, {"prompt": "a"}])
@pytest.mark.parametrize("before", [[], [ANSWERED]])
def test_a_ledger_of_another_form_is_refused_and_left_as_it_is(tmp_path: Path, before: list[Any], line: Any):
    path = tmp_path / "l"
    with pytest.raises(ValueError, match="is not a ledger, or one of a newer version of streamkit"):
        batch(path, [*before, line])
    assert path.read_bytes() == recording(*before, line)


# -- spools ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ({"key": "k:0", "event": {"type": "audio.delta"}}, "type 'audio.delta'"),
        ({"key": "k:0", "frame": "AAAA"}, "frame"),
        ({"key": "k:0", "item": 5, "tries": 3}, "tries"),
        ({"key": "k:0"}, "item"),
    ],
)
def test_a_spool_that_cannot_be_read_is_refused_and_left_as_it_is(tmp_path: Path, line: Any, why: str):
    """Nothing of it may be delivered by halves: the newer version can still do it."""
    path = tmp_path / "spool"
    path.write_bytes(recording({"key": "k:0", "event": TEXT}, line))
    with pytest.raises(ValueError, match=f"or one of a newer version of streamkit.*{why}"):
        sinks.batched(receive, spool=path)
    assert path.read_bytes() == recording({"key": "k:0", "event": TEXT}, line)


# -- tables ------------------------------------------------------------------------------------------------------------


def test_a_table_with_further_columns_is_written_to_and_one_without_ours_is_named(tmp_path: Path):
    import sqlite3

    path = tmp_path / "b.db"
    base = sqlite3.connect(path)
    base.execute("CREATE TABLE newer (stream, seq, item, voice DEFAULT 'low', UNIQUE (stream, seq))")
    base.execute("CREATE TABLE other (stream, seq, event, UNIQUE (stream, seq))")
    sk.run(sk.from_text(["Hi"]), sinks.sqlite(path, table="newer"))
    assert base.execute("SELECT count(*), min(voice) FROM newer").fetchone() == (4, "low")
    base.close()
    with pytest.raises(sqlite3.OperationalError, match="other has no column named item"):
        sinks.sqlite(path, table="other")
