"""The file format of recordings: what is written can be read, whatever happened to the writer or the file."""

from __future__ import annotations

import errno
import json
import os
import stat
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

import streamkit as sk
from streamkit.sources.recorder import Recorder
from streamkit.sources.recording import Read, Recording, shipped_names
from streamkit.wire import parse

HEAD = b'{"streamkit": 1, "api": "chat"}\n'


class Ticking:
    """A clock that shows what it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def written(path: Path, reads: list[Read], error: BaseException | None = None, **head: str) -> Recording:
    clock = Ticking()
    recorder = Recorder(path, clock=clock, **head)
    for read in reads:
        clock.now = 100.0 + read.at
        recorder.write(read.data)
    recorder.close(error)
    return Recording.open(path)


@given(st.lists(st.binary(min_size=1, max_size=40)))
def test_any_bytes_come_back_as_they_were_read(tmp_path_factory, chunks):
    reads = [Read(index * 0.25, chunk) for index, chunk in enumerate(chunks)]
    recording = written(tmp_path_factory.mktemp("r") / "any.jsonl", reads)
    assert recording.reads == tuple(reads)
    assert recording.end == recording.seconds == max([0.0, *(read.at for read in reads)])
    assert recording.error() is None


def test_the_head_says_what_was_asked(tmp_path):
    recording = written(tmp_path / "r", [], api="responses", model="m", note="scripted")
    assert (recording.api, recording.model, recording.note) == ("responses", "m", "scripted")


def test_utf8_is_readable_in_the_file_and_controls_are_not_live(tmp_path):
    written(tmp_path / "r", [Read(0, "你好".encode()), Read(0, b"\x1b[2J\xc2\x85"), Read(0, b"\xff")])
    text = (tmp_path / "r").read_text("utf-8")
    assert "你好" in text
    assert "\x1b" not in text
    assert "\x85" not in text
    assert json.loads(text.splitlines()[3])["base64"] == "/w=="


def test_a_file_is_for_its_owner_and_not_overwritten_unless_told(tmp_path):
    path = tmp_path / "r"
    written(path, [Read(0, b"first")])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError) as caught:
        Recorder(path)
    assert "overwrite=True" in caught.value.__notes__[0]
    assert Recording.open(path).reads == (Read(0, b"first"),)
    path.chmod(0o644)
    Recorder(path, overwrite=True).close()
    assert Recording.open(path).reads == ()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_symbolic_link_is_never_followed(tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("precious")
    link.symlink_to(target)
    with pytest.raises(OSError) as caught:  # its text differs from system to system
        Recorder(link, overwrite=True)
    assert caught.value.errno == errno.ELOOP
    assert target.read_text() == "precious"


def test_each_line_is_in_the_file_before_the_next_read(tmp_path):
    recorder = Recorder(tmp_path / "r")
    recorder.write(b"one")
    assert [read.data for read in Recording.open(tmp_path / "r").reads] == [b"one"]
    recorder.close()


def test_a_new_attempt_replaces_what_the_last_one_left(tmp_path):
    recorder = Recorder(tmp_path / "r")
    recorder.write(b"a failure that was long")
    recorder.begin("responses", "other")
    recorder.write(b"good")
    recorder.close()
    recorder.begin("chat", "too late")
    recorder.write(b"too late")
    recording = Recording.open(tmp_path / "r")
    assert ([read.data for read in recording.reads], recording.api, recording.model) == (
        [b"good"],
        "responses",
        "other",
    )


def test_a_file_cut_anywhere_gives_what_was_whole(tmp_path):
    whole = written(tmp_path / "r", [Read(0.5, b"one"), Read(1.0, "zwölf".encode()), Read(1.5, b"\xff")])
    data = (tmp_path / "r").read_bytes()
    for size in range(data.index(b"\n"), len(data) - 1):
        cut = Recording.parse(data[:size])
        assert cut.reads == whole.reads[: len(cut.reads)]
        assert cut.end is None or data[:size].endswith(b"}")
    assert Recording.parse(data[:-1]) == whole  # only the line end is missing


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n\n",
        b"not json",
        b"not json\n",
        b"[1]\n",
        b'{"some": "json"}\n',
        b'{"streamkit": 2}\n',
        b'{"streamkit": 1, "api": "smoke signals"}\n',
        b'{"streamkit": 1, "api": ["chat"]}\n',
        HEAD + b"rubbish\n" + b'{"end": 1}\n',
        HEAD + b'{"t": 1}\n',
        HEAD + b'{"t": "1", "text": ""}\n',
        HEAD + b'{"t": -1, "text": ""}\n',
        HEAD + b'{"t": NaN, "text": ""}\n',
        HEAD + b'{"t": true, "text": ""}\n',
        HEAD + b'{"t": 1e999, "text": ""}\n',
        HEAD + b'{"t": 0, "text": 5}\n',
        HEAD + b'{"t": 0, "base64": "%"}\n',
        HEAD + b'{"t": 0, "base64": "\xc3\xa4"}\n',
        HEAD + b'{"end": "soon"}\n',
        HEAD + b'{"end": 1, "error": "bad"}\n',
        HEAD + b'{"end": 1, "error": {"kind": 5, "message": ""}}\n',
        HEAD + b'{"end": 1}\n{"t": 2, "text": "more"}\n',
        HEAD + b'{"t": 0, "text": "a"}\n' + b"\xff\xfe\n{}\n",
        HEAD + b"[" * 100_000 + b"\n{}\n",
        b"data: {}\n\n",
    ],
)
def test_rubbish_is_malformed(data):
    with pytest.raises(sk.MalformedError):
        Recording.parse(data)


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(data):
    for prefix in (b"", HEAD, HEAD + b'{"t": 0, "text": "a"}\n'):
        try:
            Recording.parse(prefix + data)
        except sk.MalformedError:
            pass


def test_a_text_with_half_a_character_pair_is_still_bytes():
    (read,) = Recording.parse(HEAD + b'{"t": 0, "text": "\\ud83d"}\n').reads
    assert read.data == b"\xed\xa0\xbd"


@pytest.mark.parametrize(
    "error",
    [
        sk.BrokenError("cut"),
        sk.StalledError("silence", clock="byte_idle", retryable=True),
        sk.StatusError("busy", status=429, retry_after=3.0, retryable=True, request_id="r"),
        sk.ApiError("overloaded", code="busy", error_type="server_error", param="p"),
        sk.MalformedError("HTML"),
        sk.ConnectError("refused"),
        sk.TooLargeError("too much"),
    ],
    ids=lambda error: error.kind,
)
def test_an_error_comes_back_with_its_kind_and_details(tmp_path, error):
    again = written(tmp_path / "r", [Read(0, b"x")], error).error(sk.Reply(id="so far"))
    assert type(again) is type(error)
    assert str(again) == str(error)
    for name in ("clock", "code", "error_type", "param", "request_id", "retry_after", "retryable", "status"):
        assert getattr(again, name, None) == getattr(error, name, None), name
    assert again.partial.id == "so far"


def test_errors_that_are_unknown_or_foreign_count_as_a_broken_stream(tmp_path):
    foreign = written(tmp_path / "r", [], ValueError("oops")).error()
    assert (type(foreign), str(foreign)) == (sk.BrokenError, "oops")
    line = b'{"end": 1, "error": {"kind": "volcano", "message": "lava", "status": 7, "clock": "x", "retry_after": 1}}\n'
    with pytest.warns(RuntimeWarning, match="volcano"):
        assert isinstance(Recording.parse(HEAD + line).error(), sk.BrokenError)


def test_a_with_block_closes_the_file_with_its_error(tmp_path):
    with suppress(sk.BrokenError), Recorder(tmp_path / "r") as recorder:
        recorder.write(b"x")
        raise sk.BrokenError("cut")
    assert str(Recording.open(tmp_path / "r").error()) == "cut"


def test_a_name_that_is_no_recording_names_those_that_are():
    with pytest.raises(FileNotFoundError, match=r"demo.*hello"):
        Recording.open("nothing-of-the-sort")


def test_a_bare_name_is_a_shipped_recording_and_a_path_is_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "hello", [Read(0, b"mine")])
    assert Recording.open("hello").reads != (Read(0, b"mine"),)
    assert Recording.open(f".{os.sep}hello").reads == (Read(0, b"mine"),)


@pytest.mark.parametrize("name", shipped_names())
def test_shipped_recordings_say_where_they_come_from_and_play(name):
    recording = Recording.open(name)
    assert recording.note.startswith(("scripted: ", "recorded from a local engine"))
    assert recording.model
    assert recording.end is not None
    chunks = [read.data for read in recording.reads]
    if name == "error":
        with pytest.raises(sk.ApiError) as caught:
            list(parse(chunks, recording.api))
        assert caught.value.partial.text
        return
    *_, reply = parse(chunks, recording.api)
    assert reply.outcome in ("complete", "refused")
    assert reply.text or reply.refusal


def test_the_shipped_recordings_show_what_replies_can_hold():
    replies = {}
    for name in shipped_names():
        recording = Recording.open(name)
        try:
            *_, replies[name] = parse([read.data for read in recording.reads], recording.api)
        except sk.ApiError:
            continue
    assert len(replies["tools"].tool_calls) == 2
    assert replies["reasoning"].reasoning
    assert replies["refusal"].refusal
    assert "文" in replies["chinese"].text or "你" in replies["chinese"].text
    assert 60 <= len(replies["demo"].text.split()) <= 120
    assert "recorded" in replies["demo"].text
    assert sum(Recording.open(name).note.startswith("recorded") for name in replies) >= 2
