"""A sink's next run: when it is waited for, that a refusal is always heard, and what is a member of a sink."""

from __future__ import annotations

import asyncio
import io
import threading
from typing import Any
from unittest.mock import AsyncMock, MagicMock, Mock, create_autospec

import pytest
import reactivex as rx
from reactivex import operators as rxo
from reactivex.scheduler.eventloop import AsyncIOScheduler

import streamkit as sk
from streamkit import ops, sinks, testing

# -- the next turn -----------------------------------------------------------------------------------------------------


class Closing:
    """It takes a while to close, and notes whether two runs were mingled."""

    def __init__(self, seconds: float = 0.2) -> None:
        self.calls: list[Any] = []
        self.seconds, self.inside, self.mingled = seconds, 0, False

    def begin(self, *, run_id: str) -> None:
        self.mingled = self.mingled or bool(self.inside)
        self.inside += 1

    def write(self, item: Any) -> None: ...

    async def close(self, reply: sk.Reply) -> None:
        await asyncio.sleep(self.seconds)
        self.inside -= 1
        self.calls.append(reply.outcome)


@pytest.mark.parametrize("event", ["finish", "reply"])
def test_the_next_turn_may_begin_at_the_last_event_of_this_one(event: str):
    """In the listener, on the loop by way of a queue, and from another thread."""

    async def main() -> None:
        log, runs = Closing(), []

        def begin(_: Any) -> None:
            if len(runs) < 3:
                runs.append(sk.start(testing.script("a", "b", every=0.1), log, sk.on(**{event: begin})))

        begin(None)
        for run in runs:  # there will be more of them
            await run
        queue: asyncio.Queue[Any] = asyncio.Queue()
        for _ in range(3):
            runs.append(sk.start(testing.script("a", every=0.1), log, sk.on(**{event: queue.put_nowait})))
            await queue.get()
        assert {(await run).outcome for run in runs} == {"complete"}
        assert log.calls.count("complete") == 6
        assert not log.mingled

    with testing.clock() as clock:
        clock.run_coroutine(main())

    log, over = Closing(0.0), threading.Event()
    for _ in range(40):
        over.clear()
        run = sk.start(testing.script("a"), log, sk.on(**{event: lambda _: over.set()}))
        assert over.wait(10)
    run.result(10)
    assert not log.mingled


def test_after_a_failure_the_same_sink_is_waited_for_too():
    async def main() -> None:
        log = Closing(2.0)
        bad = testing.script("a", fail={"code": "x", "message": "boom"})
        first = sk.start(bad, log)
        await asyncio.sleep(1)
        second = sk.start(testing.script("b"), log)
        with pytest.raises(sk.ApiError):
            await first
        assert (await second).text == "b"
        attached = sk.start(testing.script("c").pipe(ops.attach(log)))
        await asyncio.sleep(1)
        assert (await sk.start(testing.script("d").pipe(ops.attach(log)))).text == "d"
        assert (await attached).text == "c"
        assert not log.mingled

    with testing.clock() as clock:
        clock.run_coroutine(main())


@pytest.mark.parametrize("attach", [False, True])
def test_a_run_that_its_own_sink_waits_for_is_refused_in_the_end(attach: bool):
    class Nested(Closing):
        told = ""
        seconds_ = 0.0

        async def close(self, reply: sk.Reply) -> None:
            if not self.told:
                self.told = "asked"
                began = asyncio.get_running_loop().time()
                try:
                    if attach:
                        await sk.start(testing.script("b").pipe(ops.attach(self)))
                    else:
                        await sk.start(testing.script("b"), self)
                except sk.SinkError as exc:
                    self.told = str(exc)
                self.seconds_ = asyncio.get_running_loop().time() - began
            await super().close(reply)

    async def main() -> None:
        sink = Nested()
        run = sk.start(testing.script("a"), sink)
        await run
        holder = f"in another run (sk.runs['{run.id}'])"
        assert sink.told == f"a sink was not closed within 10 s {holder}: give each run its own"
        assert sink.seconds_ == pytest.approx(10.0, abs=0.5)
        assert (await sk.start(testing.script("c"), sink)).text == "c"
        assert not sink.mingled

    with testing.clock() as clock:
        clock.run_coroutine(main())


def test_one_that_was_refused_keeps_the_turn_of_those_after_it():
    """The first takes 25 s to close: the second is refused after 10, and the third must not begin at that."""

    async def main() -> None:
        log = Closing(25.0)
        first = sk.start(testing.script("a"), log)
        await asyncio.sleep(1)
        second = sk.start(testing.script("b"), log)
        await asyncio.sleep(8)
        second.cancel()
        third = sk.start(testing.script("c"), log)
        assert (await second).outcome == "cancelled"
        with pytest.raises(sk.SinkError, match="not closed within 10 s"):
            await third
        assert (await first).outcome == "complete"
        log.seconds = 0.0
        assert (await sk.start(testing.script("d"), log)).outcome == "complete"
        assert not log.mingled

    with testing.clock() as clock:
        clock.run_coroutine(main())


# -- a refusal is never taken for a stream that has failed -------------------------------------------------------------


def _held_by_two(first: Any, second: Any) -> dict[str, sk.Stream[Any]]:
    return {
        "race": sk.race(first, second),
        "hedge": sk.race(first, second, after=0.0),
        "fallback": first.pipe(ops.fallback(second)),
        "retry": first.pipe(ops.retry_unstarted()),
        "continue": first.pipe(ops.continue_with(lambda partial: second)),
        "catch": first.pipe(rxo.catch(second)),
        "rx retry": first.pipe(rxo.retry(3)),
        "side by side": sk.side_by_side({"one": first, "two": second}),
        "on_error_resume_next": sk.stream(rx.on_error_resume_next(first, second)),
    }


@pytest.mark.parametrize("way", list(_held_by_two(testing.script("a"), testing.script("b"))))
def test_no_operator_goes_on_with_another_stream_after_a_refusal(way: str):
    log, held = sinks.memory(), sinks.memory()
    with testing.clock() as clock:

        def stream(sink: Any) -> Any:
            return testing.script("a", every=0.1).pipe(ops.attach(sink))

        async def main() -> None:
            holder = sk.start(testing.script(*"abc", every=60.0), held)
            await asyncio.sleep(0)
            refused = _held_by_two(stream(held), stream(log))[way]
            for read in (lambda: sk.start(refused), lambda: refused, lambda: sk.start(refused, print)):
                with pytest.raises(sk.SinkError, match="at work in another run"):
                    await read()
            told: list[Exception] = []
            refused.subscribe(print, told.append)
            await asyncio.sleep(1)
            assert [type(one) for one in told] == [sk.SinkError]
            holder.cancel()
            await holder

        clock.run_coroutine(main())
    assert log.items == []


def test_a_race_whose_streams_share_a_sink_is_refused_as_a_whole():
    log = sinks.memory()
    race = sk.race(
        testing.script("a", first=0.3).pipe(ops.attach(log)), testing.script("b", first=0.1).pipe(ops.attach(log))
    )
    with testing.clock() as clock, pytest.raises(sk.SinkError, match="twice in one run: give each branch its own"):
        clock.run_coroutine(_once(race))


async def _once(stream: Any) -> None:
    await sk.start(stream)


def test_a_refusal_without_a_run_is_told_to_the_observer():
    held, told = sinks.memory(), []
    run = sk.start(testing.script(*"abc", every=60.0), held)
    loop = asyncio.new_event_loop()
    foreign = AsyncIOScheduler(loop)
    testing.script("a").pipe(ops.attach(held)).subscribe(on_error=told.append, scheduler=foreign)
    assert [type(one) for one in told] == [sk.SinkError]
    run.cancel()
    loop.close()


# -- what is recognised ------------------------------------------------------------------------------------------------


def test_plain_data_with_the_name_of_a_sinks_method_is_a_users_own():
    class Counter:
        dropped, fail, close, begin = 0, False, "16:00", 3

        async def write(self, item: Any) -> None: ...

    class Tracker:
        def begin(self, run_id: str | None = None) -> None:
            pytest.fail("called")

        def write(self, item: Any) -> None: ...

    bad = testing.script("a", fail={"code": "x", "message": "boom"})
    many = testing.script(*["a "] * 200)
    for into in (Counter(), Tracker()):
        assert sk.run(many, sk.branch(into=into, overflow="drop_oldest", capacity=1)).outcome == "complete"
        with pytest.raises(sk.ApiError):
            sk.run(bad, into)


def test_a_sink_that_was_specified_by_a_mock_works_and_one_that_answers_to_everything_is_told():
    for into in (Mock(spec=["write"]), create_autospec(Tell, instance=True), lambda item: Mock().write(item)):
        assert sk.run(testing.script("a"), into).text == "a"
    for mock in (Mock(), MagicMock(), AsyncMock()):
        with pytest.raises(TypeError, match=r"answers to every name.*Mock\(spec=\['write'\]\)"):
            sk.branch(into=mock)


class Tell:
    def write(self, item: Any) -> None: ...


def test_a_close_that_takes_no_reply_is_told_when_the_branch_is_made(tmp_path: Any):
    class Connection:
        def write(self, item: Any) -> None: ...

        async def close(self) -> None: ...

    class Buffer(io.StringIO):
        def close(self, reply: sk.Reply | None = None) -> None: ...

    with open(tmp_path / "x", "w") as file:
        for into in (io.StringIO(), file, io.BytesIO()):
            with pytest.raises(TypeError, match=r"\.close\(\) takes no reply.*: give its write method as the sink"):
                sk.branch(into=into)
        sk.run(testing.script("a").pipe(ops.text()), file.write)
    with pytest.raises(TypeError, match=r"Connection.close\(\) takes no reply.*: write close\(self, reply\), or give"):
        sinks.threaded(Connection())
    buffer = Buffer()
    sk.run(testing.script("a").pipe(ops.text()), buffer)
    assert buffer.getvalue() == "a"
