"""Killed with -9 at any moment, a durable sink has lost nothing that it had acknowledged, and goes on."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import random
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
import reactivex as rx

import streamkit as sk
from streamkit import ops, sinks, testing

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no such signal")

LENGTH = 400
MOMENTS = [pytest.param(seed, marks=pytest.mark.slow if seed >= 3 else ()) for seed in range(50)]


def piece(number: int) -> str:
    """Some are longer than the system writes at once."""
    return f"{number} " + "x世" * (number**3 % 7000)


class Acknowledging:
    """Tells, after each item, that the sink has taken it."""

    def __init__(self, sink: Any, tell: Connection) -> None:
        self.sink, self.tell, self.count = sink, tell, 0
        self.close = sink.close

    async def write(self, item: Any) -> None:
        answer = self.sink.write(item)
        if answer is not None:
            await answer
        self.count += 1
        self.tell.send(self.count)


def write(kind: str, path: Path, tell: Connection) -> None:
    """In a process of its own: until it ends or is killed."""

    async def receive(items: list[str], *, key: str) -> None:
        await asyncio.sleep(0)
        tell.send((key, items))
        await asyncio.sleep(0)

    sink = make(kind, path, receive)
    stream = testing.script(*map(piece, range(LENGTH)))
    sk.run(stream, sk.branch(ops.text(), into=Acknowledging(sink, tell)))


def make(kind: str, path: Path, receive: Any = None) -> Any:
    match kind:
        case "jsonl" | "jsonl, synced":
            return sinks.jsonl(path, mode="append", sync=0.01 if "synced" in kind else None)
        case "sqlite":
            return sinks.sqlite(path)
        case _:
            return sinks.batched(receive, size=7, every=0.001, spool=path)


def told(hear: Connection) -> Iterator[Any]:
    with suppress(EOFError, OSError):  # the last word may have been cut short
        while True:
            yield hear.recv()


def killed(kind: str, path: Path, seed: int) -> tuple[int, list[tuple[str, list[str]]]]:
    """How many items were acknowledged, and the batches that were passed on."""
    chance = random.Random(seed)
    moment, delay = chance.randint(1, LENGTH), chance.random() * 0.002
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    hear, tell = context.Pipe(duplex=False)
    process = context.Process(target=write, args=(kind, path, tell))
    process.start()
    tell.close()
    said = []
    for word in told(hear):
        said.append(word)
        if word == moment:
            time.sleep(delay)  # the moment itself: it may lie within a call of the system
            process.kill()
    process.join()
    assert process.exitcode in (0, -9)
    process.close()
    hear.close()
    acknowledged = max((word for word in said if isinstance(word, int)), default=0)
    assert acknowledged >= moment
    return acknowledged, [word for word in said if isinstance(word, tuple)]


def whole(events: list[sk.Event], acknowledged: int) -> None:
    """Every acknowledged piece is there, once and in order, and at most one that was not yet acknowledged."""
    texts = [event.text for event in events if isinstance(event, sk.TextDelta)]
    assert texts == [piece(number) for number in range(len(texts))]
    assert acknowledged <= len(texts) <= acknowledged + 1
    assert len(events) - len(texts) <= 1  # the Reply, if it came to that


@pytest.mark.slow
@pytest.mark.parametrize("seed", MOMENTS)
@pytest.mark.parametrize("kind", ["jsonl", "jsonl, synced"])
def test_jsonl(tmp_path: Path, kind: str, seed: int):
    path = tmp_path / "events.jsonl"
    acknowledged, _ = killed(kind, path, seed)
    *lines, _half = path.read_bytes().split(b"\n")
    whole([sk.from_json(line) for line in lines], acknowledged)

    sk.run(testing.script("on"), sinks.jsonl(path, mode="append"))
    after = path.read_bytes().splitlines()
    assert after[: len(lines)] == lines
    assert [type(sk.from_json(line)) for line in after[len(lines) :]] == [sk.Start, sk.TextDelta, sk.Finish, sk.Reply]
    assert [json.loads(line)["seq"] for line in after] == [*range(len(lines)), *range(4)]


@pytest.mark.slow
@pytest.mark.parametrize("seed", MOMENTS)
def test_sqlite(tmp_path: Path, seed: int):
    path = tmp_path / "events.db"
    acknowledged, _ = killed("sqlite", path, seed)
    sk.run(testing.script("on"), sinks.sqlite(path))
    with closing(sqlite3.connect(path)) as base:
        assert base.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        rows = base.execute("SELECT stream, seq, item FROM events ORDER BY rowid").fetchall()
    found = rows[:-4]
    whole([sk.from_json(item) for _, _, item in found], acknowledged)
    assert [seq for _, seq, _ in rows] == [*range(len(found)), *range(4)]
    assert len({stream for stream, _, _ in found}) <= 1


@pytest.mark.slow
@pytest.mark.parametrize("seed", MOMENTS)
def test_batched_with_a_spool(tmp_path: Path, seed: int):
    """Killed twice: the second time perhaps while what the first one left is passed on."""
    path = tmp_path / "spool"
    acknowledged, batches = [], []
    for kill in range(2):
        count, passed_on = killed("batched", path, seed + 1000 * kill)
        acknowledged.append(count)
        batches += passed_on

    def receive(items: list[str], *, key: str) -> None:
        batches.append((key, items))

    sk.run(sk.stream(rx.empty()), make("batched", path, receive))
    assert path.read_bytes() == b""
    kept: dict[str, dict[int, list[str]]] = {}
    for key, items in batches:
        stream, _, first = key.rpartition(":")
        assert kept.setdefault(stream, {}).setdefault(int(first), items) == items, "the same key, the same items"
    for count, found in zip(acknowledged, kept.values(), strict=True):
        items = [item for first in sorted(found) for item in found[first]]
        assert items == [piece(number) for number in range(len(items))]
        assert count <= len(items) <= count + 1
