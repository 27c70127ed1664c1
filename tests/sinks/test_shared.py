"""One sink in two runs, behind wrappers of a user's own, so that nobody could refuse it: whatever becomes of the runs,
nothing stays locked, and nothing that was taken is lost in silence."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sqlite3
import threading
from collections.abc import Awaitable, Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

import streamkit as sk
from streamkit import ops, sinks, testing
from streamkit.sinks import item_forms

KINDS = ["batched", "jsonl", "sqlite"]


class Place:
    """A file, what sinks on it have acknowledged, and what is in it or was passed on."""

    def __init__(self, kind: str, path: Path) -> None:
        self.kind, self.path = kind, path
        self.taken: list[str] = []
        self.passed: list[str] = []
        self.refuses = False
        self.takes = self.lingers = 0.0
        """Seconds that it takes to pass a batch on, and to leave off doing so."""

    async def receive(self, items: list[Any], *, key: str) -> None:
        try:
            await asyncio.sleep(self.takes)
        except asyncio.CancelledError:
            await asyncio.sleep(self.lingers)
            raise
        if self.refuses:
            raise ConnectionError("down")
        self.passed += items

    def sink(self) -> Any:
        match self.kind:
            case "batched":
                return sinks.batched(self.receive, size=3, every=1.5, retry=(), spool=self.path)
            case "jsonl":
                return sinks.jsonl(self.path, mode="append")
            case _:
                return sinks.sqlite(self.path)

    def found(self) -> list[str]:
        match self.kind:
            case "batched":
                return self.passed
            case "jsonl":
                lines = self.path.read_bytes().splitlines()
            case _:
                with closing(sqlite3.connect(self.path)) as base:
                    lines = [item for (item,) in base.execute("SELECT item FROM events")]
        return [form["text"] for form in map(json.loads, lines) if form["type"] == "text.delta"]

    def check(self) -> None:
        """A new sink can open it, and all that was acknowledged is there."""
        self.refuses, self.takes = False, 0.0
        with testing.clock() as clock:
            assert clock.run(texts("last"), self.sink()).error is None
        assert set(self.taken) <= set(self.found())
        assert {"last0", "last1"} <= set(self.found())


class Acknowledged:
    """What one run gets of a sink that it shares: what it took is written down."""

    def __init__(self, place: Place, sink: Any) -> None:
        self._place, self._sink = place, sink
        self.close, self.on_cancel = sink.close, sink.on_cancel

    async def write(self, item: str) -> None:
        answer = self._sink.write(item)
        if answer is not None:
            await answer
        self._place.taken.append(item)


def texts(name: str, count: int = 2, **options: Any) -> sk.Stream[str]:
    return testing.script(*[f"{name}{number}" for number in range(count)], **options).pipe(ops.text())


async def ended(run: sk.Run) -> None:
    with suppress(sk.StreamkitError):
        await run


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return Place(request.param, tmp_path / "file")


async def both_at_once(one: Any, other: Any) -> None:
    runs = [sk.start(texts("a", 7, every=1.0), one), sk.start(texts("b", 4, every=1.3), other)]
    for run in runs:
        await ended(run)


async def both_end_at_once(one: Any, other: Any) -> None:
    runs = [sk.start(texts("a", 4, every=1.0), one), sk.start(texts("b", 4, every=1.0), other)]
    for run in runs:
        await ended(run)


async def twice_in_one_run(one: Any, other: Any) -> None:
    await ended(sk.start(texts("a", 7, every=1.0), one, other))


async def one_after_the_other(one: Any, other: Any) -> None:
    await ended(sk.start(texts("a", 7, every=1.0), one))
    await ended(sk.start(texts("b", 4, every=1.3), other))


async def one_is_cancelled(one: Any, other: Any) -> None:
    cut, run = sk.start(texts("a", 7, every=1.0), one), sk.start(texts("b", 9, every=1.3), other)
    await asyncio.sleep(3.5)
    cut.cancel()
    await ended(cut)
    await ended(run)


async def one_breaks(one: Any, other: Any) -> None:
    runs = [sk.start(texts("a", 7, every=1.0, drop_after=3), one), sk.start(texts("b", 9, every=1.3), other)]
    for run in runs:
        await ended(run)


async def both_are_cancelled(one: Any, other: Any) -> None:
    runs = [sk.start(texts("a", 9, every=1.0), one), sk.start(texts("b", 9, every=1.3), other)]
    await asyncio.sleep(3.5)
    for run in runs:
        run.cancel()
    for run in runs:
        await ended(run)


async def one_is_left(one: Any, other: Any) -> None:
    """Both are under way when the loop ends."""
    kept = [sk.start(texts("a", 9, every=1.0), one), sk.start(texts("b", 9, every=1.3), other)]
    await asyncio.sleep(3.5)
    assert kept


WAYS = [
    both_at_once,
    both_end_at_once,
    twice_in_one_run,
    one_after_the_other,
    one_is_cancelled,
    one_breaks,
    both_are_cancelled,
    one_is_left,
]


@pytest.mark.parametrize(
    ("kind", "takes", "lingers"),
    [
        ("batched", 0.0, 0.0),
        ("batched", 2.5, 0.0),
        ("batched", 30.0, 0.0),
        ("batched", 30.0, 3.0),
        ("jsonl", 0.0, 0.0),
        ("sqlite", 0.0, 0.0),
    ],
)
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_shared_on_one_loop(
    tmp_path: Path, way: Callable[[Any, Any], Awaitable[None]], kind: str, takes: float, lingers: float
):
    place = Place(kind, tmp_path / "file")
    sink, place.takes, place.lingers = place.sink(), takes, lingers
    with testing.clock() as clock:
        clock.run_coroutine(way(Acknowledged(place, sink), Acknowledged(place, sink)))
    assert place.taken
    place.check()


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_shared_while_the_end_fails(place: Place, way: Callable[[Any, Any], Awaitable[None]]):
    """Batches are refused; a Reply cannot be stored."""
    sink, place.refuses = place.sink(), True

    def refusing(item: Any) -> Any:
        if isinstance(item, sk.Reply):
            raise OSError("No space left on device")
        return form_of(item)

    form_of = item_forms.form_of
    with testing.clock() as clock, pytest.MonkeyPatch.context() as patch:
        patch.setattr(item_forms, "form_of", refusing)
        clock.run_coroutine(way(Acknowledged(place, sink), Acknowledged(place, sink)))
    assert place.taken
    place.check()


def test_an_item_that_comes_while_the_sink_is_being_closed_is_kept(tmp_path: Path):
    """The batch that is under way takes its time to be left off; nobody may take the lock for lost meanwhile."""

    async def used() -> None:
        await one.write("a")
        await asyncio.sleep(2.0)  # its time has come, and it is stuck
        closed = asyncio.ensure_future(one.close(sk.Reply(outcome="cancelled")))
        await asyncio.sleep(5.0)
        assert not closed.done()
        place.takes = 0.0
        with suppress(sk.SinkError):
            await one.write("b")
        with pytest.raises(sk.SinkError, match="1 items stay"):
            await closed
        await one.close(sk.Reply())

    place = Place("batched", tmp_path / "spool")
    place.takes, place.lingers = 1e6, 10.0
    sink = place.sink()
    one = Acknowledged(place, sink)
    with testing.clock() as clock:
        clock.run_coroutine(used())
    assert place.taken == ["a", "b"]
    place.check()


def test_shared_by_two_threads(place: Place):
    sink, errors = place.sink(), []

    def run(name: str) -> None:
        try:
            sk.run(texts(name, 30, every=0.001), Acknowledged(place, sink))
        except sk.SinkError as exc:
            errors.append(str(exc))

    threads = [threading.Thread(target=run, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if place.kind == "batched":  # one of them, if they met
        assert all("in use by a run on another loop" in error for error in errors)
    place.check()


def test_a_sink_whose_loop_was_closed_under_it_keeps_nothing(tmp_path: Path):
    """Neither for another sink on that spool nor for itself: what it had taken goes first."""
    place = Place("batched", tmp_path / "spool")
    for again in (False, True):
        sink, loop = place.sink(), asyncio.new_event_loop()

        async def put(sink: Any = sink) -> None:
            await Acknowledged(place, sink).write("lost?")

        loop.run_until_complete(put())
        loop.close()
        if again:
            with testing.clock() as clock:
                assert clock.run(texts("again"), sink).error is None
        place.check()
        assert place.found().count("lost?") == 1 + again


def test_without_a_spool_it_passes_on_what_an_earlier_loop_left():
    got: list[str] = []
    sink = sinks.batched(lambda items, *, key: got.extend(items))
    loop = asyncio.new_event_loop()
    loop.run_until_complete(sink.write("kept"))
    loop.close()
    sk.run(texts("b"), sink)
    assert got == ["kept", "b0", "b1"]


@pytest.mark.parametrize("spool", [False, True])
def test_items_that_a_loop_did_not_wait_for_are_told(tmp_path: Path, spool: bool):
    async def stuck(items: list[Any], *, key: str) -> None:
        await asyncio.sleep(1e6)

    runs: list[sk.Run] = []

    async def leave() -> None:
        runs.append(sk.start(texts("a", 9, every=1.0), sink))
        await asyncio.sleep(3.5)

    sink = sinks.batched(stuck, every=100.0, spool=tmp_path / "spool" if spool else None)
    with testing.clock() as clock:
        clock.run_coroutine(leave())
    with pytest.raises(sk.SinkError, match="4 items stay in spool" if spool else "4 items are lost"):
        runs[0].result()


@pytest.mark.slow
@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="where descriptors can be counted")
def test_no_descriptor_stays(place: Place):
    def held() -> int:
        for thread in threading.enumerate():
            if thread.name == "streamkit Sqlite":  # its last call may be under way
                thread.join(10)
        gc.collect()
        return len(os.listdir("/proc/self/fd"))

    place.check()
    before = held()
    for way in WAYS:
        sink = place.sink()
        with testing.clock() as clock:
            clock.run_coroutine(way(Acknowledged(place, sink), Acknowledged(place, sink)))
    assert held() <= before
