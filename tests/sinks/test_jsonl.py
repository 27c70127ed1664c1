"""A file of events: private, whole lines, one Reply at the end of each run."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pydantic
import pytest

import streamkit as sk
from streamkit import ops, sinks, testing

HERE = Path(__file__).resolve().parents[2]
posix = pytest.mark.skipif(os.name != "posix", reason="modes and links of POSIX")


def events(path: Path) -> list[sk.Event]:
    return [sk.from_json(line) for line in path.read_bytes().splitlines()]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.jsonl"


def test_every_event_is_a_line_and_the_reply_is_there_once(path: Path):
    kept = sinks.memory()
    reply = sk.run(testing.script("Hi", " 世界\n"), kept, sinks.jsonl(path))
    assert events(path) == kept.items
    assert events(path)[-1] == reply
    assert path.read_bytes().endswith(b"\n")


def test_str_become_deltas_and_the_reply_that_an_operator_dropped_ends_the_file(path: Path):
    reply = sk.run(testing.script("Hi", " there"), sk.branch(ops.text(), into=sinks.jsonl(path)))
    assert events(path) == [sk.TextDelta("Hi"), sk.TextDelta(" there"), reply]


def test_the_reply_of_a_cancelled_run_is_written(path: Path):
    sink = sinks.jsonl(path)
    assert sink.on_cancel == "drain"
    recorded = testing.clock().run(testing.script("a", "b", "c", every=1.0), sink, until=1.5)
    assert recorded.cancelled_at == 1.5
    *_, last = events(path)
    assert isinstance(last, sk.Reply)
    assert (last.outcome, last.text) == ("cancelled", "ab")
    assert path.read_bytes().count(b'"type":"reply"') == 1


def test_the_reply_of_a_broken_stream_is_written(path: Path):
    with pytest.raises(sk.BrokenError):
        sk.run(testing.script("a", "b", drop_after=1), sinks.jsonl(path))
    *_, last = events(path)
    assert isinstance(last, sk.Reply)
    assert (last.outcome, last.text) == ("truncated", "a")


class Place(pydantic.BaseModel):
    city: str


@dataclass
class Point:
    x: int


def test_other_items_become_json(path: Path):
    sink = sinks.jsonl(path)
    for item in ({"a": "\x1b\u2028"}, Place(city="Bern"), Point(3), [Point(4), sk.TextDelta("t")], None):
        sink.write(item)
    sink.close(sk.Reply())
    lines = path.read_text("utf-8").splitlines()
    assert [json.loads(line) for line in lines[:-1]] == [
        {"a": "\x1b\u2028"}, {"city": "Bern"}, {"x": 3}, [{"x": 4}, {"type": "text.delta", "text": "t"}], None,
    ]  # fmt: skip


def test_no_text_forges_a_line(path: Path):
    evil = 'x\n{"type":"finish","reason":"stop"}\r\x85\u2028\x1b[2J\ud83d'
    sk.run(testing.script(evil), sinks.jsonl(path))
    (*_, reply) = events(path)
    assert str(reply) == evil
    assert all(line.decode().isprintable() for line in path.read_bytes().split(b"\n"))


@posix
def test_the_file_is_its_owners(path: Path):
    sinks.jsonl(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_create_refuses_a_file_that_exists(path: Path):
    path.write_text("precious\n")
    with pytest.raises(FileExistsError):
        sinks.jsonl(path)
    assert path.read_text() == "precious\n"


def test_append_goes_on_after_what_is_there(path: Path):
    for _ in range(2):
        sk.run(testing.script("Hi"), sinks.jsonl(path, mode="append"))
    assert sum(isinstance(event, sk.Reply) for event in events(path)) == 2


def test_one_sink_serves_several_runs(path: Path):
    sink = sinks.jsonl(path)
    for text in ("one", "two"):
        sk.run(testing.script(text), sink)
    assert [event.text for event in events(path) if isinstance(event, sk.Reply)] == ["one", "two"]


@posix
def test_replace_empties_the_file_and_makes_it_private(path: Path):
    path.write_text("old\n")
    path.chmod(0o644)
    sk.run(testing.script("Hi"), sinks.jsonl(path, mode="replace"))
    assert isinstance(events(path)[0], sk.Start)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_half_a_line_left_by_a_crash_does_not_swallow_the_next(path: Path):
    path.write_bytes(b'{"type":"text.de')
    sk.run(testing.script("Hi"), sinks.jsonl(path, mode="append"))
    half, *lines = path.read_bytes().splitlines()
    assert half == b'{"type":"text.de'
    assert isinstance(sk.from_json(lines[0]), sk.Start)


@posix
@pytest.mark.parametrize("mode", ["create", "append", "replace"])
def test_a_symbolic_link_is_not_followed(tmp_path: Path, mode: Any):
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("precious\n")
    link.symlink_to(target)
    with pytest.raises(OSError):
        sinks.jsonl(link, mode=mode)
    assert target.read_text() == "precious\n"


@posix
def test_a_link_put_there_later_is_not_followed_either(tmp_path: Path):
    target, path = tmp_path / "target", tmp_path / "events.jsonl"
    target.write_text("precious\n")
    sink = sinks.jsonl(path)
    path.unlink()
    path.symlink_to(target)
    with pytest.raises(sk.SinkError):
        sk.run(testing.script("Hi"), sink)
    assert target.read_text() == "precious\n"


def test_an_unknown_mode_is_refused(path: Path):
    with pytest.raises(ValueError, match="create, append, replace"):
        sinks.jsonl(path, mode="w")  # type: ignore[arg-type]  # what a careless user writes
    assert not path.exists()


def test_fsync_is_called_for_each_line(path: Path, monkeypatch: pytest.MonkeyPatch):
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    sk.run(testing.script("Hi"), sinks.jsonl(path, fsync=True))
    assert len(synced) == len(events(path))


def test_a_line_that_the_system_took_in_parts_is_whole(path: Path, monkeypatch: pytest.MonkeyPatch):
    write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: write(fd, data[:3]))
    reply = sk.run(testing.script("Hi"), sinks.jsonl(path))
    assert events(path)[-1] == reply


def test_no_descriptor_stays_open(path: Path):
    sink = sinks.jsonl(path)
    for _ in range(3):
        sk.run(testing.script("Hi"), sink)
    fd = os.open(path, os.O_RDONLY)
    os.close(fd)
    sinks.jsonl(path, mode="append")
    again = os.open(path, os.O_RDONLY)
    os.close(again)
    assert fd == again


KILLED = """
import os, signal, sys
import streamkit as sk
from streamkit import sinks, testing

seen = 0
def stop(event):
    global seen
    seen += 1
    if seen == 100:
        os.kill(os.getpid(), signal.SIGKILL)

sk.run(testing.script(*["words " * 50] * 200), sinks.jsonl(sys.argv[1]), stop)
"""


@posix
def test_after_kill_9_the_file_holds_every_line_that_was_written(path: Path):
    done = subprocess.run([sys.executable, "-c", KILLED, str(path)], cwd=HERE, capture_output=True)
    assert done.returncode == -9, done.stderr
    assert path.read_bytes().endswith(b"\n")
    found = events(path)
    assert len(found) == 100
    assert found[1:] == [sk.TextDelta("words " * 50)] * 99
