"""A killed run continues where it was: what is in the ledger is delivered, not asked again."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import stat
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import streamkit as sk
from streamkit import testing
from streamkit.batch import Ledger
from streamkit.batch.ledger import Book
from streamkit.files import Syncing
from streamkit.worker import Worker
from tests.reports import Reports

posix = pytest.mark.skipif(os.name != "posix", reason="modes, links and locks of POSIX")
Plays = Callable[[], testing.ScriptedClient]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.jsonl"


def ran(one: sk.Client, prompts: Any, ledger: Any, **options: Any) -> list[sk.BatchItem]:
    recorded = testing.clock().run(sk.batch(prompts, one.chat, ledger=ledger, ordered=True, **options))
    if recorded.error is not None:
        raise recorded.error
    return recorded.items


def test_what_is_finished_is_delivered_from_the_ledger_as_it_was(path: Path):
    reply = testing.Script("Grüße\u2028 \ud83d", reasoning="hm", tool_calls=[("f", {"a": 1})], usage=sk.Usage(1, 2, 3))
    with testing.client(reply, testing.Script("cut", finish="length")) as one:
        first = ran(one, ["a", "b"], path, concurrency=1)
        again = ran(one, ["b", "a", "c"], path)
    assert [item.from_ledger for item in first + again] == [False, False, True, True, False]
    assert (again[1].reply, again[0].reply) == (first[0].reply, first[1].reply)
    assert [item.outcome for item in again] == ["length", "complete", "length"]
    assert again[1].usage == sk.Usage(1, 2, 3)
    assert len(one.requests) == 3


def test_a_line_is_written_before_the_item_is_delivered(path: Path):
    with testing.client("Hi") as one:
        for count, item in enumerate(sk.batch(["a", "b", "c"], one.chat, ledger=path), 1):
            lines = path.read_bytes().splitlines(keepends=True)
            assert len(lines) >= count
            assert item.key in {json.loads(line)["asked"] for line in lines}
            assert all(line.endswith(b"\n") for line in lines)


def test_a_line_is_text_that_moves_no_cursor_whatever_the_reply_holds(path: Path):
    with testing.client("half a pair \ud83d, CSI \x9b2J, line end \u2028") as one:
        ran(one, ["a"], path)
    assert path.read_bytes().decode().removesuffix("\n").isprintable()


def test_failed_prompts_are_asked_again(path: Path):
    server = testing.Server(sk.StatusError("no", status=400), testing.Script("Hi", drop_after=0), "Hi")
    with testing.ScriptedClient(server, retry=sk.Retry(attempts=0)) as one:
        first = ran(one, ["a", "b", "c"], path, concurrency=1)
        again = ran(one, ["a", "b", "c"], path)
    assert [item.outcome for item in first] == ["failed", "truncated", "complete"]
    assert [(item.outcome, item.from_ledger) for item in again] == [("complete", False)] * 2 + [("complete", True)]
    told = [json.loads(line) for line in path.read_bytes().splitlines()]
    assert [form["outcome"] for form in told] == ["failed", "truncated", "complete", "complete", "complete"]
    assert told[0]["error"].startswith("StatusError: ")
    assert len(one.requests) == 5


def test_the_same_prompt_is_asked_once(path: Path):
    with testing.client(testing.Script("Hi", first=1.0)) as one:
        found = ran(one, ["a", "b", "a", "a"], path)
        assert len(one.requests) == 2
        assert [item.from_ledger for item in found] == [False, False, True, True]
        assert [item.prompt for item in ran(one, ["a", "a"], None)] == ["a", "a"]
        assert len(one.requests) == 4  # without a ledger each is a question of its own


def test_one_that_waits_for_the_same_prompt_asks_if_that_fails(path: Path):
    server = testing.Server(testing.Script("Hi", first=1.0, drop_after=1), testing.Script("Hi", first=1.0))
    with testing.ScriptedClient(server) as one:
        assert [item.outcome for item in ran(one, ["a", "a", "a"], path)] == ["truncated", "complete", "complete"]
    assert len(one.requests) == 2


@dataclass
class Question:
    number: int
    text: str


@pytest.mark.slow
def test_looking_up_is_not_disturbed_by_what_is_written_meanwhile(path: Path):
    known = [f"known {number}" for number in range(12)]
    with testing.client("word " * 300) as one:  # lines that lie across the blocks a file is read in
        ran(one, known, path)
        mixed = [prompt for number, old in enumerate(known) for prompt in (old, f"new {number}")]
        found = ran(one, mixed, path, concurrency=1)
        assert [item.from_ledger for item in found] == [True, False] * len(known)
        assert len(one.requests) == 2 * len(known)


def test_a_key_names_a_prompt_as_long_as_its_content_is_the_same(path: Path):
    def ask(question: Question) -> sk.Stream[sk.Event]:
        return one.chat(question.text)

    def found(*questions: Question) -> list[tuple[str, bool]]:
        batch = sk.batch(questions, ask, ledger=path, key=lambda question: f"q{question.number}")
        return [(item.key, item.from_ledger) for item in batch]

    with testing.client("Hi") as one:
        assert found(Question(1, "Why?")) == [("q1", False)]
        assert found(Question(1, "Why?")) == [("q1", True)]
        assert found(Question(1, "Why not?")) == [("q1", False)]
        assert found(Question(1, "Why not?")) == [("q1", True)]


def test_a_key_of_any_characters_and_a_prompt_that_is_no_json(path: Path):
    prompt = object()
    with testing.client("Hi") as one:
        batch = sk.batch([prompt], lambda _: one.chat("x"), ledger=path, key=lambda _: 'a"\n\ud800')
        assert [item.from_ledger for item in [*batch, *batch]] == [False, True]
        with pytest.raises(TypeError, match="pass key="):
            list(sk.batch([prompt], lambda _: one.chat("x"), ledger=path))
        (item,) = sk.batch([prompt], lambda _: one.chat("x"))  # without a ledger nothing has to have a name
        assert item.outcome == "complete"


# -- the file ------------------------------------------------------------------------------------------------------


def whole_ledger(path: Path, one: sk.Client) -> tuple[bytes, list[int]]:
    ran(one, ["a", "b"], path, concurrency=1)
    whole = path.read_bytes()
    return whole, [place for place, byte in enumerate(whole) if byte == 10]


@pytest.mark.slow
def test_cut_anywhere_it_holds_its_whole_lines_and_no_other(path: Path):
    """As a kill may leave it. A line that lacks nothing but its end is whole."""

    async def finished() -> list[bool]:
        async with Ledger(path).opened() as book:
            return [await book.find(key, None) is not None for key in keys]

    with testing.client("Grüße") as one, asyncio.Runner(debug=False) as runner:
        whole, ends = whole_ledger(path, one)
        keys = [json.loads(line)["asked"] for line in whole.splitlines()]
        for cut in range(len(whole) + 1):
            path.write_bytes(whole[:cut])
            known = sum(cut >= end for end in ends)
            assert runner.run(finished()) == [n < known for n in range(2)]
            assert path.read_bytes() == whole[: ends[known - 1] + 1 if known else 0]


@pytest.mark.parametrize("place", [0, 0.1, 0.5, 0.9, 1])
def test_after_a_cut_a_batch_goes_on_where_it_was(path: Path, place: float):
    with testing.client("Grüße") as one:
        whole, ends = whole_ledger(path, one)
        cut = int(place * len(whole))
        path.write_bytes(whole[:cut])
        found = ran(one, ["a", "b"], path, concurrency=1)
        known = sum(cut >= end for end in ends)
        assert [item.from_ledger for item in found] == [n < known for n in range(2)]
        assert len(one.requests) == 2 + 2 - known
        assert [item.text for item in found] == ["Grüße"] * 2
        assert path.read_bytes() == whole


@pytest.mark.parametrize("reports", [logging.WARNING], indirect=True)
def test_a_damaged_line_is_told_and_its_prompt_asked_again(path: Path, reports: Reports):
    with testing.client("Hi") as one:
        ran(one, ["a", "b", "c"], path, concurrency=1)
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(lines[0] + b"\0" * 20 + b"\n" + lines[2])
        found = ran(one, ["a", "b", "c"], path)
    assert "damaged lines in ledger.jsonl: 1;" in reports.messages[0]
    assert [item.from_ledger for item in found] == [True, False, True]


@pytest.mark.parametrize("content", [b'{"prompt": "a"}\n', b"hello", b"\0", b"\n", b'{"asked": 1}'])
def test_a_file_that_is_something_else_is_left_alone(path: Path, content: bytes):
    path.write_bytes(content)
    with testing.client("Hi") as one, pytest.raises(ValueError, match="not a ledger"):
        ran(one, ["a"], path)
    assert path.read_bytes() == content
    assert one.requests == []


@posix
def test_it_is_its_owners_only_and_no_link_is_followed(path: Path, tmp_path: Path):
    with testing.client("Hi") as one:
        ran(one, ["a"], path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        link = tmp_path / "link"
        link.symlink_to(path)
        with pytest.raises(sk.SinkError, match="link"):
            ran(one, ["a"], link)


@posix
def test_a_second_batch_on_the_same_ledger_is_refused(path: Path):
    async def both() -> tuple[list[bool], str]:
        first = sk.start(sk.batch(["a"], one.chat, ledger=path), kept.append)
        await asyncio.sleep(1)
        with pytest.raises(sk.SinkError, match="in use") as caught:
            await sk.batch(["a"], one.chat, ledger=path)
        await first
        again = [item.from_ledger async for item in sk.batch(["a"], one.chat, ledger=path)]
        return again, str(caught.value)

    kept: list[sk.BatchItem] = []
    with testing.client(testing.Script("Hi", first=50.0)) as one, testing.clock() as clock:
        again, _ = clock.run_coroutine(both())
    assert [item.text for item in kept] == ["Hi"]
    assert again == [True]
    assert len(one.requests) == 1


@posix
def test_left_early_it_is_free_for_the_next(path: Path):
    with testing.client("Hi", testing.Script("Hi", stall_after=0), "Hi") as one:
        for _ in sk.batch(["a", "b"], one.chat, ledger=path, concurrency=1):
            break
        assert [item.text for item in sk.batch(["a", "b"], one.chat, ledger=path)] == ["Hi"] * 2


def test_a_ledger_that_cannot_be_written_ends_the_batch_after_what_was_answered(
    path: Path, monkeypatch: pytest.MonkeyPatch
):
    write = os.write

    def full(fd: int, data: Any) -> int:
        if os.path.samestat(os.fstat(fd), os.stat(path)) and b'"Hi"' in bytes(data):
            raise OSError(28, "No space left on device")
        return write(fd, data)

    monkeypatch.setattr(os, "write", full)
    with testing.client("Hi") as one:
        recorded = testing.clock().run(sk.batch(range(20), lambda n: one.chat(str(n)), ledger=path, concurrency=3))
    assert isinstance(recorded.error, sk.SinkError)
    assert "No space left" in str(recorded.error)
    assert [item.text for item in recorded.items] == ["Hi"] * len(one.requests)
    assert 1 <= len(one.requests) <= 3


@pytest.mark.skipif(os.name != "posix", reason="what a full disk does")
def test_half_a_line_that_a_full_disk_left_is_taken_back(path: Path, monkeypatch: pytest.MonkeyPatch):
    write, left = os.write, [400]

    def small_disk(fd: int, data: Any) -> int:
        if os.path.samestat(os.fstat(fd), os.stat(path)):
            taken = min(len(data), left[0])
            left[0] -= taken
            if not taken:
                raise OSError(28, "No space left on device")
            return write(fd, data[:taken])
        return write(fd, data)

    with testing.client("Hi") as one:
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", small_disk)
            with pytest.raises(sk.SinkError, match="No space"):
                ran(one, ["a", "b", "c"], path, concurrency=1)
        assert path.read_bytes().endswith(b"}\n")
        assert sum(item.from_ledger for item in ran(one, ["a", "b", "c"], path)) == 1


def test_sync_asks_for_the_disk(path: Path, monkeypatch: pytest.MonkeyPatch):
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    with testing.client("Hi") as one:
        ran(one, ["a", "b", "c"], path)
        assert synced == []
        ran(one, ["d", "e", "f"], Ledger(path, sync="every"))
        assert len(synced) == 1 + 3 + 1  # the folder, the lines, the end
    with pytest.raises(ValueError, match="sync"):
        Ledger(path, sync="sometimes")  # type: ignore[arg-type]  # what a careless user writes


def test_no_descriptor_and_no_thread_stays(path: Path):
    def held() -> tuple[int, int]:
        gc.collect()  # what earlier tests left
        return threading.active_count(), len(os.listdir("/proc/self/fd")) if os.path.exists("/proc") else 0

    before = held()
    with testing.client(testing.Script("a b", every=1.0)) as one:
        for tenths in range(0, 20, 2):
            with testing.clock() as clock:
                clock.run(sk.batch(["a", "b", "c"], one.chat, ledger=path, concurrency=1), until=tenths / 10)
    assert all(now <= then for now, then in zip(held(), before, strict=True))


@posix
def test_a_ledger_that_nobody_closed_is_free_when_nobody_holds_it(path: Path):
    """As with a loop that was closed under a batch."""
    book = Book(path, Syncing(None), Worker("Ledger"))
    book.open()
    assert book.lock()
    with testing.client("Hi") as one:
        with pytest.raises(sk.SinkError, match="in use"):
            ran(one, ["a"], path)
        del book
        gc.collect()
        assert [item.text for item in ran(one, ["a"], path)] == ["Hi"]
