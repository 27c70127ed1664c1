"""A file of events: private, whole lines, one Reply at the end of each run."""

from __future__ import annotations

import errno
import json
import os
import stat
import threading
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pydantic
import pytest
import reactivex as rx

import streamkit as sk
from streamkit import ops, sinks, testing

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


@dataclass
class Holder:
    item: Any


def test_lines_say_which_stream_they_belong_to_and_count_from_0(path: Path):
    sink = sinks.jsonl(path)
    for pieces in (("a", "b"), ("c",)):
        sk.run(testing.script(*pieces), sk.branch(ops.text(), into=sink))
    lines = [json.loads(line) for line in path.read_bytes().splitlines()]
    assert [line["seq"] for line in lines] == [0, 1, 2, 0, 1]
    first, *_, last = [line["stream"] for line in lines]
    assert [line["stream"] for line in lines] == [first] * 3 + [last] * 2
    assert first != last == sink.stream


def test_a_given_stream_is_one_stream_in_all_runs(path: Path):
    sink = sinks.jsonl(path, stream="conversation 7")
    for _ in range(2):
        sk.run(testing.script("a"), sk.branch(ops.text(), into=sink))
    lines = [json.loads(line) for line in path.read_bytes().splitlines()]
    assert [(line["stream"], line["seq"]) for line in lines] == [("conversation 7", seq) for seq in range(4)]


@pytest.mark.parametrize("stream", ["", 7, b"x"])
def test_a_stream_that_is_no_id_is_refused(path: Path, stream: Any):
    with pytest.raises(ValueError if stream == "" else TypeError, match="stream"):
        sinks.jsonl(path, stream=stream)
    assert not path.exists()


def stored(path: Path, *items: Any) -> list[dict[str, Any]]:
    sink = sinks.jsonl(path, stream="s")
    for item in items:
        sink.write(item)
    sink.close(sk.Reply())
    *lines, _ = (json.loads(line) for line in path.read_text("utf-8").splitlines())
    assert [(line.pop("stream"), line.pop("seq")) for line in lines] == [("s", seq) for seq in range(len(items))]
    return lines


@pytest.mark.parametrize(
    ("item", "line"),
    [
        ({"a": "\x1b\u2028"}, {"a": "\x1b\u2028"}),
        (MappingProxyType({"b": 1}), {"b": 1}),
        (Place(city="Bern"), {"city": "Bern"}),
        (Point(3), {"x": 3}),
        ([Point(4)], {"value": [{"x": 4}]}),
        (None, {"value": None}),
        (Path("p"), {"value": "p"}),
    ],
)
def test_objects_become_objects_and_anything_else_a_value(path: Path, item: Any, line: dict[str, Any]):
    assert stored(path, item) == [line]


def test_an_object_with_such_keys_of_its_own_keeps_them(path: Path):
    assert stored(path, {"seq": "mine", "text": "t"}) == [{"value": {"seq": "mine", "text": "t"}}]


def test_an_event_within_an_item_is_an_event_and_its_raw_stays_behind(path: Path):
    event = sk.TextDelta("t", raw={"secret": 1})
    assert stored(path, Holder(event), {"e": [event]}) == [
        {"item": {"type": "text.delta", "text": "t"}}, {"e": [{"type": "text.delta", "text": "t"}]},
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
    with pytest.raises(FileExistsError) as caught:
        sinks.jsonl(path)
    assert 'mode="append"' in caught.value.__notes__[0]
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


def after(path: Path, left: bytes) -> list[bytes]:
    """The lines of the file when it held ``left`` and a sink went on."""
    path.write_bytes(left)
    sink = sinks.jsonl(path, mode="append", stream="s")
    sink.write("on")
    sink.close(sk.Reply())
    data = path.read_bytes()
    assert data.endswith(b'"stream":"s","seq":1}\n')
    return data.splitlines()[:-2]


@posix
@pytest.mark.parametrize("whole", [b"", b'{"type":"start"}\n', b'{"type":"start"}\n{"type":"finish"}\n'])
@pytest.mark.parametrize("size", [1, 9, 200_000])
def test_half_a_line_left_by_a_crash_is_cut_off(path: Path, whole: bytes, size: int):
    half = (b'{"type":"text.delta","text":"' + b"x" * size)[: size + 8]
    assert after(path, whole + half) == whole.splitlines()


@pytest.mark.parametrize("left", [b'{"type":"start"}', b"notes of somebody else", b"\0\0"])
def test_a_last_line_that_only_lacks_its_end_gets_one(path: Path, left: bytes):
    assert after(path, left) == [left]


def test_a_huge_file_without_lines_is_not_read_and_not_cut(path: Path):
    with path.open("wb") as file:
        file.write(b"{")
        file.truncate(2**26)
    sink = sinks.jsonl(path, mode="append", stream="s")
    sink.write("on")
    sink.close(sk.Reply())
    with path.open("rb") as file:
        file.seek(2**26)
        assert file.read().startswith(b'\n{"type":"text.delta","text":"on"')


@posix
def test_half_a_line_is_left_alone_while_another_sink_may_be_writing_it(path: Path):
    other = sinks.jsonl(path)
    other.write("theirs")
    with path.open("ab") as file:
        file.write(b'{"type":"te')
    mine = sinks.jsonl(path, mode="append")
    mine.write("mine")
    assert b'\n{"type":"te\n' in path.read_bytes()
    for sink in (other, mine):
        sink.close(sk.Reply())


def test_lines_of_several_sinks_mingle_whole(path: Path):
    texts = ["a" * 50, "b" * 5000]
    kept = [sk.start(testing.script(*[text] * 20), sinks.jsonl(path, mode="append", sync="every")) for text in texts]
    for run in kept:
        run.result()
    found = [event.text for event in events(path) if isinstance(event, sk.TextDelta)]
    assert sorted(found) == sorted(texts * 20)


@pytest.mark.parametrize("name", ["../out", "a/b", "/etc/passwd", ".hidden", "", "-rf", "a\0b", "a\nb", "..", "a\\b"])
def test_a_name_that_could_lead_out_of_the_folder_is_refused(tmp_path: Path, name: str):
    for make in (sinks.jsonl, sinks.sqlite):
        with pytest.raises(ValueError, match="name"):
            make(name, folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_plain_name_lies_in_the_folder(tmp_path: Path):
    sinks.jsonl("gespräch-7.jsonl", folder=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["gespräch-7.jsonl"]


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


def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is forced to the disk from now on, by kind."""
    calls: list[str] = []
    fsync = os.fsync

    def watched(fd: int) -> None:
        calls.append("folder" if stat.S_ISDIR(os.fstat(fd).st_mode) else "file")
        fsync(fd)

    monkeypatch.setattr(os, "fsync", watched)
    return calls


@pytest.mark.parametrize(
    ("sync", "expected"),
    [(None, []), ("close", ["file"]), ("every", ["file"] * 4), (1000.0, ["file"]), (1e-9, ["file"] * 4)],
)
def test_the_disk_is_asked_as_often_as_was_said(
    path: Path, monkeypatch: pytest.MonkeyPatch, sync: Any, expected: list[str]
):
    calls = synced(monkeypatch)
    sk.run(testing.script("Hi"), sinks.jsonl(path, sync=sync))
    count = len(events(path))
    assert count == 4
    files = [call for call in calls if call == "file"]
    assert files[:count] == expected
    assert ("folder" in calls) == (sync is not None and os.name == "posix")


@pytest.mark.parametrize("sync", ["always", 0, -1.0, True, "1"])
def test_a_sync_that_is_none_is_refused(path: Path, sync: Any):
    with pytest.raises(TypeError if sync is True else ValueError, match="sync"):
        sinks.jsonl(path, sync=sync)
    assert not path.exists()


def test_the_disk_is_waited_for_in_a_thread_that_ends_with_the_run(path: Path, monkeypatch: pytest.MonkeyPatch):
    threads: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda fd: threads.append(threading.current_thread().name))
    sk.run(testing.script("Hi"), sinks.jsonl(path, sync="every"))
    assert set(threads) == {"streamkit JsonLines"}
    assert "streamkit JsonLines" not in {thread.name for thread in threading.enumerate()}


def test_a_disk_that_fails_fails_the_sink(path: Path, monkeypatch: pytest.MonkeyPatch):
    def broken(fd: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", broken)
    for sync in ("every", "close"):
        with pytest.raises(sk.SinkError, match="Input/output error"):
            sk.run(testing.script("Hi"), sinks.jsonl(path, mode="append", sync=sync))


def test_a_full_disk_fails_the_sink_and_leaves_no_half_line(path: Path, monkeypatch: pytest.MonkeyPatch):
    write, seen = os.write, 0

    def full(fd: int, data: bytes) -> int:
        nonlocal seen
        seen += 1
        if seen == 3:
            return write(fd, data[:10])
        if seen == 4:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(fd, data)

    monkeypatch.setattr(os, "write", full)
    kept = sinks.memory()
    with pytest.raises(sk.SinkError, match="No space left"):
        sk.run(testing.script("a", "b", "c"), sinks.jsonl(path), kept)
    assert kept.text == "abc"  # nobody else notices
    assert [type(event).__name__ for event in events(path)] == ["Start", "TextDelta", "Reply"]
    assert [json.loads(line)["seq"] for line in path.read_bytes().splitlines()] == [0, 1, 3]  # the gap tells of it


def test_a_keyboard_interrupt_passes_through_and_the_file_is_closed_in_order(path: Path):
    class Interrupting:
        def __str__(self) -> str:
            raise KeyboardInterrupt

    for sync in (None, "every"):
        with pytest.raises(KeyboardInterrupt):
            sk.run(sk.stream(rx.of("a", Interrupting(), "b")), sinks.jsonl(path, mode="append", sync=sync))
    assert [type(event).__name__ for event in events(path)] == ["TextDelta", "Reply"] * 2


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
    assert again <= fd  # the lowest free one


@posix
def test_a_file_that_somebody_keeps_to_himself_is_refused(tmp_path: Path):
    """It would wait for ever, and the loop with it."""
    path = tmp_path / "ledger.jsonl"
    with testing.client("Hi") as client, pytest.raises(sk.SinkError, match="in use as a ledger or a spool"):
        sk.run(sk.batch(["a", "b"], client.chat, ledger=path), sinks.jsonl(path, mode="append"))
    assert [json.loads(line)["outcome"] for line in path.read_bytes().splitlines()] == ["complete"] * 2
