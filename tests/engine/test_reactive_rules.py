"""The rules of Reactive Streams 1.0.4 (github.com/reactive-streams/reactive-streams-jvm), for runs and branches.

There a subscriber asks for items; here a branch that can take no more holds its source. What the rules promise to a
subscriber is promised to a sink, and what they ask of a publisher is asked of a run, whatever the sinks do.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import weakref
from collections.abc import Callable
from typing import Any

import pytest
import reactivex as rx
from reactivex import Observable, abc, operators as rxo
from reactivex.disposable import Disposable
from reactivex.subject import Subject

import streamkit as sk
from streamkit import ops, sinks, testing

ITEMS = list(range(12))


class Probe:
    """A sink that minds the rules of whoever calls it: one call at a time, nothing after the end, one end."""

    def __init__(self, act: Callable[[Any], None] = lambda item: None) -> None:
        self.items: list[Any] = []
        self.ends: list[str] = []
        self.errors: list[Exception] = []
        self.threads: set[int] = set()
        self._act, self._busy = act, False

    def write(self, item: Any) -> None:
        self._enter("write")
        self.items.append(item)
        try:
            self._act(item)
        finally:
            self._busy = False

    def fail(self, error: Exception) -> None:
        self._enter("fail")
        self.errors.append(error)
        self._busy = False

    def close(self, reply: sk.Reply) -> None:
        self._enter("close")
        self.ends.append(reply.outcome)
        self._busy = False

    def _enter(self, call: str) -> None:
        assert not self._busy, f"{call} inside or beside another call"
        assert not self.ends, f"{call} after the end"
        self._busy = True
        self.threads.add(threading.get_ident())


class Gated:
    """An async sink that takes exactly as many items as it was allowed to."""

    def __init__(self) -> None:
        self.taken: list[Any] = []
        self.allowed = asyncio.Semaphore(0)

    async def write(self, item: Any) -> None:
        await self.allowed.acquire()
        self.taken.append(item)


def items_from(*items: Any) -> sk.Stream[Any]:
    return sk.stream(rx.from_iterable(items or ITEMS))


async def idle() -> None:
    """Until nothing more happens by itself (on a virtual clock)."""
    await asyncio.sleep(1)


# -- 1: the publisher ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("capacity", [1, 3, 10])
def test_1_01_no_more_items_than_asked_for(capacity: int):
    """What is under way is at most what fits: one item at the sink, ``capacity`` in its mailbox."""
    sent: list[Any] = []
    stream = sk.stream(testing.script(*"abcdefghijklmnopqrstuvwxyz").pipe(rxo.do_action(sent.append)))

    async def main() -> None:
        sink = Gated()
        run = sk.start(stream, sk.branch(into=sink, capacity=capacity))
        for asked in range(30):
            await idle()
            assert len(sink.taken) == asked
            assert len(sent) == min(asked + 1 + capacity, 29)
            sink.allowed.release()
        run.cancel()
        await run

    testing.clock().run_coroutine(main())


@pytest.mark.parametrize("threads", [1, 4])
def test_1_03_signals_come_one_after_the_other(threads: int):
    """Also if the source does not keep this rule itself."""
    subject, probe = Subject[int](), Probe()

    async def main() -> None:
        run = sk.start(sk.stream(subject), probe, sk.branch(rxo.map(lambda item: item), into=(other := Probe())))
        pushing = [threading.Thread(target=lambda: [subject.on_next(n) for n in range(500)]) for _ in range(threads)]
        for thread in pushing:
            thread.start()
        for thread in pushing:
            await asyncio.to_thread(thread.join)
        subject.on_completed()
        await run
        assert other.items == probe.items

    asyncio.run(main())
    assert sorted(probe.items) == sorted(list(range(500)) * threads)
    assert len(probe.threads) == 1


def test_1_04_failure_is_told_as_failure():
    probe = Probe()
    got = testing.clock().run(testing.script("a", fail=sk.BrokenError("cut")), probe)
    assert probe.errors == [got.error]
    assert probe.ends == ["truncated"]


def test_1_05_success_is_told_as_success():
    probe = Probe()
    testing.clock().run(testing.script("a"), probe)
    assert (probe.errors, probe.ends) == ([], ["complete"])


def test_1_06_a_signal_of_the_end_is_the_end():
    """1.7 too: a source that goes on after its end is not heard."""

    def rude(observer: abc.ObserverBase[int], scheduler: Any = None) -> abc.DisposableBase:
        observer.on_next(1)
        observer.on_completed()
        observer.on_next(2)
        observer.on_error(ValueError("late"))
        observer.on_completed()
        return Disposable()

    probe = Probe()
    sk.run(sk.stream(Observable(rude)), probe, sk.branch(ops.of_type(int), into=(other := Probe())))
    assert probe.items == other.items == [1]
    assert probe.ends == other.ends == ["complete"]


def test_1_07_nothing_comes_after_a_terminal_signal():
    def twice(observer: abc.ObserverBase[int], scheduler: Any = None) -> abc.DisposableBase:
        observer.on_next(1)
        observer.on_error(ValueError("first"))
        observer.on_next(2)
        observer.on_error(ValueError("second"))
        return Disposable()

    probe = Probe()
    with pytest.raises(ValueError, match="first"):
        sk.run(sk.stream(Observable(twice)), probe)
    assert probe.items == [1]
    assert [str(error) for error in probe.errors] == ["first"]


@pytest.mark.parametrize("at", [1, 5, 12])
def test_1_08_after_cancel_the_signals_end(at: int):
    """From inside a sink: it gets no further item, and those after it not even this one."""
    runs: list[sk.Run] = []

    def stop(item: Any) -> None:
        if len(probe.items) == at:
            runs[0].cancel()

    before, probe, after = Probe(), Probe(stop), Probe()

    async def main() -> None:
        runs.append(sk.start(testing.script(*"abcdefghijkl", every=0.1), before, probe, after))
        await runs[0]

    testing.clock().run_coroutine(main())
    assert (len(before.items), len(probe.items), len(after.items)) == (at, at, at - 1)
    assert before.ends == probe.ends == after.ends == ["cancelled"]


@pytest.mark.parametrize("at", range(1, 13))
def test_1_08_from_another_thread_at_every_item(at: int):
    reached, cancelled = threading.Event(), threading.Event()
    runs: list[sk.Run] = []

    def meet(item: Any) -> None:
        if len(probe.items) == at:
            reached.set()
            assert cancelled.wait(5)

    probe, after = Probe(meet), Probe()

    def cancel() -> None:
        assert reached.wait(5)
        runs[0].cancel()
        cancelled.set()

    async def main() -> None:
        thread = threading.Thread(target=cancel)
        runs.append(sk.start(testing.script(*"abcdefghijkl"), probe, after))
        thread.start()
        await runs[0]
        thread.join()

    asyncio.run(main())
    assert (len(probe.items), len(after.items)) == (at, at - 1)
    assert probe.ends == ["cancelled"]


def test_1_09_subscribing_itself_does_not_fail():
    """A source that cannot even be subscribed to is a failed run, closed like any other; misuse is told at once."""

    def refuse(observer: Any, scheduler: Any = None) -> abc.DisposableBase:
        raise OSError("no such source")

    async def main() -> None:
        probe = Probe()
        run = sk.start(sk.stream(Observable(refuse)), probe)
        with pytest.raises(OSError, match="no such source"):
            await run
        assert len(probe.errors) == len(probe.ends) == 1

    asyncio.run(main())
    with pytest.raises(TypeError, match="a sink is a callable"):
        sk.branch(into=None)


# -- 2: the subscriber ---------------------------------------------------------------------------------------------


def test_2_07_holding_and_letting_go_take_turns():
    """The gate of a source is held as often as it is released, whatever several branches do at once."""

    async def main() -> None:
        fast, slow = Gated(), Gated()
        run = sk.start(
            testing.script(*"abcdefghijklmnop"),
            sk.branch(into=fast, capacity=1),
            sk.branch(into=slow, capacity=2, overflow="wait"),
        )
        for _ in range(40):
            fast.allowed.release()
            await idle()
            slow.allowed.release()
        await run
        assert fast.taken == slow.taken
        assert len(fast.taken) == 19
        assert [stats.high_water for stats in run.stats.values()] == [1, 2]  # no hold was let go of too early

    testing.clock().run_coroutine(main())


def test_2_08_what_is_under_way_when_a_branch_leaves_does_no_harm():
    """A branch that has enough is not given more, and those beside it are not given less."""
    first, rest = Probe(), Probe()
    sk.run(items_from(), sk.branch(rxo.take(3), into=first), rest)
    assert (first.items, rest.items) == (ITEMS[:3], ITEMS)
    assert first.ends == ["complete"]


def test_2_12_a_sink_is_opened_and_closed_once_a_run():
    """And may serve the next run."""
    ended = Probe()
    for _ in range(2):
        sk.run(items_from(), ended)
        assert (ended.items, ended.ends) == (ITEMS, ["complete"])
        ended.items, ended.ends = [], []


@pytest.mark.parametrize("where", ["write", "fail", "close"])
def test_2_13_a_sink_that_throws_is_its_own_problem(where: str):
    def throw(_: Any) -> None:
        raise RuntimeError("thrown")

    bad, good = Probe(), Probe()
    setattr(bad, where, throw)
    failing = {"fail": sk.BrokenError("cut")} if where == "fail" else {}
    got = testing.clock().run(testing.script(*"abc", **failing), bad, good)
    told = str(got.error) + "".join(getattr(got.error, "__notes__", []))
    assert "sink Probe raised RuntimeError: thrown" in told
    assert [item.text for item in good.items if isinstance(item, sk.TextDelta)] == list("abc")
    assert len(good.ends) == 1
    assert good.errors == ([got.error] if failing else [])


# -- 3: the subscription -------------------------------------------------------------------------------------------


def test_3_03_recursion_is_bounded():
    """A sink that answers each item with another one does not grow the stack."""
    subject, depths = Subject[int](), set[int]()

    def answer(item: int) -> None:
        depth, frame = 0, sys._getframe()
        while frame := frame.f_back:  # type: ignore[assignment]
            depth += 1
        depths.add(depth)
        if item < 5000:
            subject.on_next(item + 1)
        else:
            subject.on_completed()

    async def main() -> None:
        probe, other = Probe(), Probe()
        run = sk.start(sk.stream(subject), lambda item: answer(item), probe, sk.branch(rxo.map(str), into=other))
        subject.on_next(0)
        await run
        assert probe.items == list(range(5001))
        assert other.items == [str(item) for item in probe.items]

    asyncio.run(main())
    assert max(depths) - min(depths) <= 3


def test_3_04_letting_go_is_quick():
    """The sink that makes room is not made to carry what flows then: that comes in the source's own time."""

    async def main() -> None:
        sink, beside = Gated(), sinks.memory()
        run = sk.start(testing.script(*"abcdefgh"), sk.branch(into=sink, capacity=1), beside)
        await idle()
        seen = len(beside.items)
        sink.allowed.release()
        assert len(beside.items) == seen, "nothing happens inside the call"
        run.cancel()
        await run

    testing.clock().run_coroutine(main())


def test_3_05_cancelling_is_quick_and_may_be_repeated():
    """3.6 and 3.7 too: every further one does nothing."""

    async def main() -> float:
        async def stuck(item: Any) -> None:
            await asyncio.Event().wait()

        loop = asyncio.get_running_loop()
        run = sk.start(testing.script("a", first=50.0), stuck, probe)
        await idle()
        for _ in range(3):
            run.cancel()
        assert loop.time() == 1
        await run
        run.cancel()
        return loop.time()

    probe = Probe()
    assert testing.clock().run_coroutine(main()) == 1
    assert probe.ends == ["cancelled"]


def test_3_09_asking_for_nothing_is_refused():
    for wrong in ({"capacity": 0}, {"capacity": -1}, {"max_bytes": 0}, {"max_wait": 0}):
        with pytest.raises(ValueError, match=r"must be (positive|at least 1)"):
            sk.branch(into=print, **wrong)


@pytest.mark.parametrize("how", ["completed", "cancelled"])
def test_3_13_a_sink_is_let_go_of_when_the_run_is_over(how: str):
    """Whoever keeps the run, for its figures, does not keep the sink."""

    class Async(Probe):
        async def write(self, item: Any) -> None:  # type: ignore[override]
            super().write(item)

    async def main() -> tuple[sk.Run, list[weakref.ref[Any]]]:
        odd, plain = Async(), Probe()
        run = sk.start(testing.script(*"abc", every=1.0), odd, sk.branch(ops.text(), into=plain))
        if how == "cancelled":
            await asyncio.sleep(1.5)
            run.cancel()
        await run
        return run, [weakref.ref(odd), weakref.ref(plain)]

    with testing.clock() as clock:
        run, references = clock.run_coroutine(main())
        gc.collect()
        assert [reference() for reference in references] == [None, None]
        assert set(run.stats) == {"Async", "Probe"}
