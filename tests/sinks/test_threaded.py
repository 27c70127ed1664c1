"""Blocking code in one thread: in order, one at a time, and never in the way of the loop."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

import streamkit as sk
from streamkit import ops, patience, sinks, testing


def ours() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("streamkit ") and thread.daemon]


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    before = set(ours())
    yield
    assert set(ours()) <= before


class Database:
    """Takes its time, and is only ever used by the thread that used it first, like sqlite3's connections."""

    def __init__(self) -> None:
        self.said: list[Any] = []
        self.threads: set[int] = set()
        self.busy = False

    def _say(self, what: Any) -> None:
        assert not self.busy
        self.busy = True
        time.sleep(0)  # another thread may run
        self.threads.add(threading.get_ident())
        self.said.append(what)
        self.busy = False

    def write(self, item: Any) -> None:
        self._say(item)

    def fail(self, error: Exception) -> None:
        self._say(type(error))

    def close(self, reply: sk.Reply) -> None:
        self._say(reply.outcome)


def test_calls_are_made_in_order_and_one_at_a_time_in_one_other_thread():
    base = Database()
    for _ in range(2):
        sk.run(testing.script(*"abc"), sk.branch(ops.text(), into=sinks.threaded(base)))
    assert base.said == [*"abc", "complete"] * 2
    assert threading.get_ident() not in base.threads


def test_what_broke_the_stream_is_told_before_the_end():
    base = Database()
    with pytest.raises(sk.BrokenError):
        sk.run(testing.script(*"abc", drop_after=2), sk.branch(ops.text(), into=sinks.threaded(base)))
    assert base.said == ["a", "b", sk.BrokenError, "truncated"]
    assert len(base.threads) == 1


def test_a_callable_will_do():
    said: list[str] = []
    sk.run(testing.script(*"ab"), sk.branch(ops.text(), into=sinks.threaded(said.append)))
    assert said == ["a", "b"]


def test_the_loop_goes_on_while_the_call_blocks():
    seen = threading.Event()

    def blocks(piece: str) -> None:
        assert piece == "b" or seen.wait(10), "the loop stood still"

    sk.run(
        testing.script("a", "b"),
        sk.branch(ops.text(), into=sinks.threaded(blocks)),
        sk.branch(ops.text(), into=lambda piece: piece == "b" and seen.set()),
    )
    assert seen.is_set()


def test_works_in_virtual_time():
    base = Database()
    recorded = testing.clock().run(
        testing.script(*"abc", every=60.0), sk.branch(ops.text(), into=sinks.threaded(base)), until=90.0
    )
    assert recorded.ended_at == 90.0
    assert base.said == ["a", "b", "cancelled"]


def test_what_it_raises_is_a_failure_of_this_sink_only():
    def bad(piece: str) -> None:
        raise ValueError("no")

    kept = sinks.memory()
    with pytest.raises(sk.SinkError, match="ValueError: no"):
        sk.run(testing.script(*"ab"), sk.branch(ops.text(), into=sinks.threaded(bad)), kept)
    assert kept.text == "ab"


@pytest.mark.parametrize("raised", [StopIteration, asyncio.CancelledError, KeyError])
def test_no_exception_confuses_the_loop(raised: type[BaseException]):
    def bad(item: Any) -> None:
        raise raised

    with pytest.raises(sk.SinkError, match=raised.__name__):
        sk.run(testing.script("a"), sinks.threaded(bad))


@pytest.mark.parametrize("raised", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_passes_through(raised: type[BaseException]):
    def stop(item: Any) -> None:
        raise raised

    kept = sinks.memory()
    with pytest.raises(raised):
        sk.run(testing.script("a", "b", every=10), sinks.threaded(stop), kept)
    assert kept.reply is not None
    assert kept.reply.outcome == "cancelled"


def test_a_call_that_never_returns_is_left_behind_when_the_run_is_cancelled(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(patience, "CANCELLED_CLOSE", 0.05)
    begun, release = threading.Event(), threading.Event()

    def stuck(event: sk.Event) -> None:
        begun.set()
        release.wait(10)

    sink = sinks.threaded(stuck)
    run = sk.start(testing.script("a", "b", every=60), sink)
    assert begun.wait(10)
    run.cancel()
    with pytest.raises(sk.SinkError, match="left behind"):
        run.result(10)
    (thread,) = ours()
    with pytest.raises(sk.SinkError, match="cannot be used again"):
        sk.run(testing.script("a"), sink)
    release.set()
    thread.join(10)
    assert sk.run(testing.script("a"), sink).text == "a"


def test_a_long_close_may_take_its_time_unless_the_run_was_cancelled(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(patience, "CANCELLED_CLOSE", 0.0)
    closed: list[str] = []

    class Slow:
        def write(self, item: Any) -> None: ...

        def close(self, reply: sk.Reply) -> None:
            threading.Event().wait(0.01)
            closed.append(reply.outcome)

    sk.run(testing.script("a"), sinks.threaded(Slow()))
    assert closed == ["complete"]


def test_what_a_sink_says_about_itself_holds_for_it_in_a_thread():
    assert sk.branch(into=sinks.threaded(sinks.console())).overflow == "conflate"
    assert sk.branch(into=sinks.threaded(print)).on_cancel == "discard"

    class Keeps(Database):
        on_cancel = "drain"
        patience = 7.0

    sink = sinks.threaded(Keeps())
    assert sk.branch(into=sink).on_cancel == "drain"
    assert vars(sink)["patience"] == 7.0


def test_it_is_told_what_was_dropped():
    over = threading.Event()

    class Watching(Database):
        def write(self, item: Any) -> None:
            assert over.wait(10)
            self._say(item)

        def dropped(self, count: int, first: int, last: int) -> None:
            self._say(f"{count} lost")

    base = Watching()
    slow = sk.branch(ops.text(), into=sinks.threaded(base), capacity=1, overflow="drop_oldest")
    sk.run(testing.script(*"abcd"), slow, sk.on(finish=lambda _: over.set()))
    assert base.said == ["a", "2 lost", "d", "complete"]
    assert len(base.threads) == 1


def test_async_sinks_are_refused():
    async def write(item: Any) -> None: ...

    for wrong in (write, 7):
        with pytest.raises(TypeError):
            sinks.threaded(wrong)
    with pytest.raises(sk.SinkError, match="need no thread"):
        sk.run(testing.script("a"), sinks.threaded(lambda item: write(item)))


def test_a_sink_that_nobody_closed_takes_its_thread_along():
    async def main() -> threading.Thread:
        sink = sinks.threaded(print)
        await sink.write("")
        (thread,) = ours()
        return thread

    thread = asyncio.run(main())
    gc.collect()
    thread.join(10)
    assert not thread.is_alive()


def test_errors_and_figures_name_what_is_called():
    def store(item: object) -> None:
        raise OSError("no room")

    run = sk.start(testing.script("Hi"), sinks.threaded(store), sinks.threaded(sinks.memory()))
    with pytest.raises(sk.SinkError, match=r"sink \S*store raised OSError: no room"):
        run.result()
    assert [name.rpartition(".")[2] for name in run.stats] == ["store", "Memory"]
