"""What a run fails with is heard once: by whoever asks, else on the logger."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from weakref import ref

import pytest

import streamkit as sk
from streamkit import sinks, testing
from streamkit.engine.failures import unreported
from streamkit.engine.loops.loop import background, call_on
from streamkit.engine.upstream import at_work
from tests.faults.printed import PAGE
from tests.reports import Reports, caught_up, ended
from tests.waiting import until

ROOT = Path(__file__).parents[2]


def failing() -> sk.Stream[Any]:
    return testing.script("a", fail="no")


def bad(item: Any) -> None:
    raise KeyError("mine")


def quiet(item: Any) -> None: ...


async def over(run: sk.Run) -> sk.Run:
    """``run``, which is served by this loop, once it is over; its result is not asked for."""
    for _ in iter(lambda: run.id in at_work, False):
        await asyncio.sleep(0)
    return run


@pytest.fixture(autouse=True)
def without_collector() -> Iterator[None]:
    """Nothing here waits for the collector of cycles, unless it calls that itself."""
    gc.disable()
    yield
    gc.enable()


# -- nobody asked --------------------------------------------------------------------------------------------------


def test_a_run_that_failed_and_was_not_asked_is_logged_once_when_it_is_let_go_of(reports: Reports):
    run = ended(sk.start(failing(), quiet))
    assert reports.messages == []
    del run
    assert reports.messages == ["nobody has asked for the result of the run with sinks quiet, which failed:"]
    assert [str(error) for error in reports.errors] == ["no"]
    gc.collect()
    unreported.log_unreported()
    assert len(reports.errors) == 1


def test_it_is_an_error_with_its_traceback_on_the_logger_streamkit(caplog: pytest.LogCaptureFixture):
    ended(sk.start(failing()))
    caught_up()
    (record,) = [one for one in caplog.records if one.name != "asyncio"]
    assert (record.name, record.levelno) == ("streamkit", logging.ERROR)
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], sk.ApiError)
    assert "ApiError: no" in caplog.text
    assert "reactivex" not in caplog.text


def test_one_that_fails_after_it_was_let_go_of_is_logged_at_once(reports: Reports):
    sk.start(failing(), quiet)
    assert reports.came.wait(5)
    assert [str(error) for error in reports.errors] == ["no"]


def test_one_whose_variable_is_overwritten_is_logged_at_once(reports: Reports):
    for _ in range(3):
        run = ended(sk.start(failing()))
    assert len(reports.errors) == 2
    del run
    assert len(reports.errors) == 3


def test_one_that_nobody_reads_and_that_was_let_go_of_is_not_held_back_for_ever(reports: Reports):
    sk.start(testing.script(*["a"] * 3000, fail="no"))
    assert reports.came.wait(5)
    assert [str(error) for error in reports.errors] == ["no"]


def test_nor_on_a_loop_of_asyncio_run(reports: Reports):
    passed: list[Any] = []

    async def main() -> None:
        sk.start(testing.script(*["a"] * 3000, fail="no").map(passed.append))
        await asyncio.sleep(1)

    with testing.clock() as clock:
        clock.run_coroutine(main())
    assert len(passed) >= 3000
    assert [str(error) for error in reports.errors] == ["no"]


def test_on_a_loop_of_asyncio_run(reports: Reports):
    async def main() -> None:
        sk.start(failing(), quiet)
        await asyncio.sleep(1)

    with testing.clock() as clock:
        clock.run_coroutine(main())
    assert [str(error) for error in reports.errors] == ["no"]


def test_also_when_that_loop_has_ended(reports: Reports):
    async def main() -> sk.Run:
        run = sk.start(failing(), quiet)
        await over(run)
        return run

    run = asyncio.run(main())
    assert reports.errors == []
    del run
    assert [str(error) for error in reports.errors] == ["no"]


def test_a_failure_of_a_sink_is_logged_too(reports: Reports):
    ended(sk.start(testing.script("a"), bad, quiet))
    (error,) = reports.errors
    assert isinstance(error, sk.SinkError)
    assert isinstance(error.__cause__, KeyError)
    assert "sinks bad, quiet" in reports.messages[0]


def test_a_failure_of_the_stream_and_of_a_sink_are_one_report_that_names_both(reports: Reports):
    ended(sk.start(failing(), bad))
    (error,) = reports.errors
    assert isinstance(error, sk.ApiError)
    assert error.__notes__ == ["and beside it: SinkError: sink bad raised KeyError: 'mine'"]


def test_what_ends_programs_and_nobody_asked_for_is_logged(reports: Reports):
    def leave(item: Any) -> None:
        raise SystemExit(3)

    ended(sk.start(testing.script("a"), leave))
    assert [type(error) for error in reports.errors] == [SystemExit]


def test_a_run_in_a_cycle_is_logged_when_the_cycle_is_collected(reports: Reports):
    class Owner:
        def __init__(self) -> None:
            self.run = sk.start(testing.script("a"), self.take)

        def take(self, item: Any) -> None:
            raise ValueError("of the owner")  # whose frame, and so the run, is in the traceback

    owner = Owner()
    ended(owner.run)
    gone = ref(owner.run)
    del owner
    until(lambda: (gc.collect(), gone())[1] is None)  # the loop's thread may hold it for a moment
    assert gone() is None  # what is kept for the exit keeps no run alive
    assert len(reports.errors) == 1


def test_shutdown_tells_what_ran_on_the_background_loop(reports: Reports):
    run = ended(sk.start(failing()))
    sk.shutdown()
    assert [str(error) for error in reports.errors] == ["no"]
    with pytest.raises(sk.ApiError):  # who asks later is raised it all the same
        run.result()
    del run
    assert len(reports.errors) == 1


def test_shutdown_does_not_tell_of_runs_on_loops_that_go_on(reports: Reports):
    async def main() -> None:
        run = sk.start(failing())
        await over(run)
        await asyncio.to_thread(sk.shutdown)
        with pytest.raises(sk.ApiError):
            await run

    asyncio.run(main())
    assert reports.errors == []


def test_the_name_of_a_sink_is_told_in_one_line(reports: Reports):
    ended(sk.start(failing(), sk.branch(into=quiet, name="x\n2026-01-01 ERROR fake\x1b[2J")))
    (message,) = reports.messages
    assert message.isprintable()


def test_a_logging_of_the_program_that_raises_loses_nothing(monkeypatch: pytest.MonkeyPatch):
    class Broken(logging.Filter):
        def filter(self, record: logging.LogRecord) -> bool:
            raise OSError("no log")

    shown: list[BaseException] = []
    monkeypatch.setattr("sys.excepthook", lambda kind, error, traceback: shown.append(error))
    broken, logger = Broken(), logging.getLogger("streamkit")
    logger.addFilter(broken)
    try:
        ended(sk.start(failing()))
        caught_up()
    finally:
        logger.removeFilter(broken)
    assert [str(error) for error in shown] == ["no", "no log"]


class Locked(logging.Handler):
    """One that has a plain lock of its own, as a ``QueueHandler`` has, while the collector finds a run."""

    def __init__(self) -> None:
        super().__init__()
        self.plain = threading.Lock()
        self.messages: list[str] = []
        self.stuck = False

    def emit(self, record: logging.LogRecord) -> None:
        if not self.plain.acquire(timeout=2):
            self.stuck = True
            return
        with suppress(IndexError):
            del garbage[-1]
        self.messages.append(record.getMessage())
        self.plain.release()


garbage: list[Any] = []


def test_a_run_that_is_collected_within_the_program_s_own_logging_does_not_wait_for_itself():
    logger, handler = logging.getLogger("streamkit"), Locked()
    logger.addHandler(handler)
    try:
        garbage.append(ended(sk.start(failing())))
        logger.error("the program's own")
        caught_up()

        async def main() -> None:
            garbage.append(sk.start(failing()))
            await over(garbage[0])
            logger.error("the program's own")
            await asyncio.sleep(0)
            await asyncio.sleep(0)

        asyncio.run(main())
    finally:
        logger.removeHandler(handler)
    said = "nobody has asked for the result of a run without sinks, which failed:"
    assert handler.messages == ["the program's own", said] * 2
    assert not handler.stuck


def test_what_a_loop_was_to_tell_when_it_stopped_is_told_by_the_exit(reports: Reports):
    loop = asyncio.new_event_loop()

    async def main() -> None:
        run = sk.start(failing())
        await over(run)
        await loop.shutdown_asyncgens()
        loop.stop()

    with suppress(RuntimeError):
        loop.run_until_complete(main())
    loop.close()
    gc.collect()
    unreported.log_unreported()
    assert [str(error) for error in reports.errors] == ["no"]


def test_news_that_never_came_are_let_go_of_without_a_word(monkeypatch: pytest.MonkeyPatch):
    ignored: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", ignored.append)
    loop = asyncio.new_event_loop()
    for _ in range(3):
        unreported.UnreportedErrors(loop)
    ended(sk.start(testing.script("a")))
    caught_up()
    gc.collect()
    loop.close()
    assert ignored == []


# -- somebody asked ------------------------------------------------------------------------------------------------


def by_result(run: sk.Run) -> None:
    run.result(5)


def by_two_results(run: sk.Run) -> None:
    with pytest.raises(sk.ApiError):
        run.result(5)
    run.result(5)


def by_a_loop(run: sk.Run) -> None:
    for _ in run:
        pass


def by_with(run: sk.Run) -> None:
    with run:
        pass


def by_result_in_another_thread(run: sk.Run) -> None:
    raised: list[Exception] = []

    def ask() -> None:
        try:
            run.result(5)
        except sk.ApiError as exc:
            raised.append(exc)

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    raise raised[0]


@pytest.mark.parametrize("ask", [by_result, by_two_results, by_a_loop, by_with, by_result_in_another_thread])
def test_who_asked_has_heard(ask: Callable[[sk.Run], None], reports: Reports):
    with pytest.raises(sk.ApiError, match="no"):
        ask(sk.start(failing()))
    gc.collect()
    unreported.log_unreported()
    assert reports.errors == []


async def awaiting(run: sk.Run) -> None:
    await run


async def by_an_async_loop(run: sk.Run) -> None:
    async for _ in run:
        pass


async def by_async_with(run: sk.Run) -> None:
    async with run:
        pass


async def by_gather(run: sk.Run) -> None:
    await asyncio.gather(run, asyncio.sleep(0))


@pytest.mark.parametrize("ask", [awaiting, by_an_async_loop, by_async_with, by_gather])
def test_who_asked_on_a_loop_has_heard(ask: Callable[[sk.Run], Any], reports: Reports):
    async def main() -> None:
        await ask(sk.start(failing()))

    with pytest.raises(sk.ApiError, match="no"):
        asyncio.run(main())
    gc.collect()
    unreported.log_unreported()
    assert reports.errors == []


def test_looking_at_a_run_is_not_asking(reports: Reports):
    run = ended(sk.start(failing()))
    assert (run.reply.text, run.usage, bool(run.stats), repr(run)) == (
        "a",
        None,
        False,
        "<Run failed: api_error, 1 characters>",
    )
    del run
    assert len(reports.errors) == 1


def test_a_result_that_was_not_waited_for_to_the_end_has_told_nobody(reports: Reports):
    run = sk.start(testing.script("a", first=0.2, fail="no"), quiet)
    with pytest.raises(TimeoutError):
        run.result(0)
    ended(run)
    del run
    assert [str(error) for error in reports.errors] == ["no"]


def test_a_listener_to_errors_has_heard_of_the_stream(reports: Reports):
    told: list[Exception] = []
    ended(sk.start(failing(), quiet, sk.on(error=told.append)))
    assert [str(error) for error in told] == ["no"]
    assert reports.errors == []


def test_one_that_listens_to_something_else_has_not(reports: Reports):
    ended(sk.start(failing(), sk.on(text=quiet)))
    assert [str(error) for error in reports.errors] == ["no"]


def test_a_listener_to_errors_has_not_heard_of_other_sinks(reports: Reports):
    told: list[Exception] = []
    ended(sk.start(failing(), bad, sk.on(error=told.append)))
    assert [str(error) for error in told] == ["no"]
    assert [str(error) for error in reports.errors] == ["sink bad raised KeyError: 'mine'"]


async def bad_later(error: Exception) -> None:
    await asyncio.sleep(0)
    raise KeyError("mine")


@pytest.mark.parametrize("callback", [bad, bad_later])
@pytest.mark.parametrize("wrap", [lambda listener: listener, lambda listener: sk.branch(into=listener)])
def test_a_listener_that_raises_at_the_error_has_not_heard_it(wrap: Any, callback: Any, reports: Reports):
    ended(sk.start(failing(), wrap(sk.on(error=callback))))
    ended(sk.start(failing().pipe(sk.ops.attach(wrap(sk.on(error=callback))))))
    assert [str(error) for error in reports.errors] == ["no", "no"]
    for error in reports.errors:
        assert error.__notes__ == ["and beside it: SinkError: sink Listener raised KeyError: 'mine'"]


def test_nor_has_one_that_fails_at_the_failure_of_its_own_branch(reports: Reports):
    def broken(item: Any) -> Any:
        raise ValueError("of the branch")

    ended(sk.start(testing.script("a"), sk.branch(sk.ops.map_async(broken), into=sk.on(error=bad))))
    (error,) = reports.errors
    assert str(error) == "sink Listener raised KeyError: 'mine'"
    assert "of the branch" in error.__notes__[0]


def test_one_whose_other_callback_fails_has_heard_the_error_all_the_same(reports: Reports):
    told: list[Exception] = []
    ended(sk.start(failing(), sk.on(error=told.append, reply=bad)))
    assert [str(error) for error in told] == ["no"]
    assert [str(error) for error in reports.errors] == ["sink Listener raised KeyError: 'mine'"]


def test_nor_has_one_that_is_given_up_or_interrupted_by_the_end_of_the_loop(reports: Reports):
    begun: list[Exception] = []

    async def hang(error: Exception) -> None:
        begun.append(error)
        await asyncio.sleep(3000)

    async def given_up() -> None:
        sk.start(failing(), sk.branch(into=sk.on(error=hang), max_wait=2))
        await asyncio.sleep(9)

    async def interrupted() -> None:
        sk.start(failing(), sk.on(error=hang))
        await asyncio.sleep(1)

    for main in (given_up, interrupted):
        with testing.clock() as clock:
            clock.run_coroutine(main())
    assert [str(error) for error in begun] == ["no", "no"]
    assert [str(error) for error in reports.errors] == ["no", "no"]


def test_a_listener_in_a_thread_has_heard(reports: Reports):
    told: list[Exception] = []
    ended(sk.start(failing(), sinks.threaded(sk.on(error=told.append))))
    assert [str(error) for error in told] == ["no"]
    assert reports.errors == []
    ended(sk.start(failing(), sinks.threaded(sk.on(error=bad))))
    ended(sk.start(failing(), sinks.threaded(sk.on(text=quiet))))
    assert [str(error) for error in reports.errors] == ["no", "no"]


# -- a loop over a run that is left ----------------------------------------------------------------------------------


def buffered() -> sk.Run[Any]:
    """One that has failed before anybody reads its items."""
    return ended(sk.start(failing()))


def under_way() -> sk.Run[Any]:
    return sk.start(testing.script("a", "b", every=0.01, fail="no"))


@pytest.mark.parametrize("begin", [buffered, under_way])
def test_who_leaves_a_loop_over_a_run_has_asked_for_no_more(begin: Callable[[], sk.Run[Any]], reports: Reports):
    run = begin()
    for _ in run:
        break
    ended(run)
    del run
    for _ in begin():
        break
    with begin() as run:
        for _ in run:
            break
    ended(run)
    del run
    with suppress(ZeroDivisionError):
        for _ in begin():
            raise ZeroDivisionError
    caught_up()
    unreported.log_unreported()
    assert reports.errors == []


@pytest.mark.parametrize("seconds", [0, 0.2])
def test_who_leaves_an_async_loop_over_a_run_has_asked_for_no_more(seconds: float, reports: Reports):
    async def main() -> None:
        for _ in range(2):
            async with sk.start(failing()) as run:
                await asyncio.sleep(seconds)
                async for _ in run:
                    break
            del run
            run = sk.start(failing())
            await asyncio.sleep(seconds)
            async for _ in run:
                break

    with testing.clock() as clock:
        clock.run_coroutine(main())
    gc.collect()
    unreported.log_unreported()
    assert reports.errors == []


def test_who_asks_after_that_is_raised_it():
    run = buffered()
    for _ in run:
        break
    with pytest.raises(sk.ApiError):
        run.result()


def test_a_loop_that_is_not_left_yet_asks_on():
    def look() -> None:
        with buffered() as run:
            items.append(iter(run))
            next(items[0])

    items: list[Any] = []
    with pytest.raises(sk.ApiError, match="no"):
        look()


def test_sinks_that_fail_are_news_also_when_a_loop_over_the_run_is_left(reports: Reports):
    def look(source: sk.Stream[Any], *, first: bool) -> None:
        with sk.start(source.pipe(sk.ops.attach(Unclosable()))) as run:
            if first:
                ended(run)
            for _ in run:
                break

    with pytest.raises(sk.SinkError, match="sink Unclosable raised OSError: full"):
        look(testing.script("a", "b", every=0.05), first=False)
    look(failing(), first=True)  # the stream's own error is what it has failed with, so the sink is logged
    assert [str(error) for error in reports.errors] == ["sink Unclosable raised OSError: full"]


@pytest.mark.parametrize("door", [lambda stream: ended(sk.start(stream)), lambda stream: stream.subscribe(quiet)])
def test_so_has_one_in_the_middle_of_a_chain(door: Callable[[sk.Stream[Any]], object], reports: Reports):
    told, over = list[Exception](), threading.Event()
    listener = sk.on(error=told.append, reply=lambda _: over.set())
    door(failing().pipe(sk.ops.attach(listener)))
    assert over.wait(5)
    for _ in range(9):  # all that comes of it has been done then
        call_on(background(), lambda: None)
    unreported.log_unreported()
    assert [str(error) for error in told] == ["no"]
    assert reports.errors == []


def test_a_listener_has_heard_of_the_failure_of_its_own_branch(reports: Reports):
    told: list[Exception] = []
    ended(sk.start(testing.script("a"), sk.branch(sk.ops.map_async(bad), into=sk.on(error=told.append)), quiet))
    assert len(told) == 1
    assert reports.errors == []


# -- no news -------------------------------------------------------------------------------------------------------


def test_a_run_that_ended_well_or_was_cancelled_is_no_news(reports: Reports):
    ended(sk.start(testing.script("a")))
    run = sk.start(testing.script("a", "b", every=10), quiet)
    run.cancel()
    ended(run)
    del run
    unreported.log_unreported()
    assert reports.errors == []


def test_nor_is_a_loop_that_was_shut_down(reports: Reports):
    async def main() -> None:
        kept = [sk.start(testing.script("a", "b", every=10), *branches) for branches in ((), (quiet,), (asks,))]
        for _ in range(10):
            await asyncio.sleep(0)
        assert kept

    async def asks(item: Any) -> None:
        await testing.script("a", "b", every=10)

    asyncio.run(main())
    run = sk.start(testing.script("a", "b", every=10), quiet)
    sk.shutdown()
    del run
    assert reports.errors == []


# -- with ----------------------------------------------------------------------------------------------------------


def handled(ask: Callable[[sk.Run], object]) -> Callable[[sk.Run], None]:
    def within(run: sk.Run) -> None:
        with pytest.raises(sk.ApiError):
            ask(run)

    return within


@pytest.mark.parametrize("ask", [sk.Run.result, list])
def test_with_raises_at_its_end_only_what_nobody_has_been_given(ask: Callable[[sk.Run], object], reports: Reports):
    with sk.start(failing()) as run:
        handled(ask)(run)
    del run
    assert reports.errors == []


@pytest.mark.parametrize("ask", [awaiting, by_an_async_loop])
def test_async_with_raises_at_its_end_only_what_nobody_has_been_given(ask: Callable[[sk.Run], Any], reports: Reports):
    async def main() -> None:
        async with sk.start(failing()) as run:
            with pytest.raises(sk.ApiError):
                await ask(run)

    asyncio.run(main())
    assert reports.errors == []


@contextmanager
def nothing_but_its_own() -> Iterator[None]:
    with pytest.raises(ZeroDivisionError):
        yield


def test_an_exception_of_the_block_wins_and_the_failure_is_logged(reports: Reports):
    with nothing_but_its_own(), sk.start(failing(), quiet) as run:
        ended(run)
        raise ZeroDivisionError
    assert reports.errors == []
    del run
    assert [str(error) for error in reports.errors] == ["no"]


def test_so_is_a_sink_that_fails_when_the_block_is_left(reports: Reports):
    with nothing_but_its_own(), sk.start(testing.script("a", "b", every=10), Unclosable()) as run:
        raise ZeroDivisionError
    ended(run)
    del run
    assert [str(error) for error in reports.errors] == ["sink Unclosable raised OSError: full"]


def test_an_exception_of_the_block_that_is_the_run_s_own_has_been_heard(reports: Reports):
    with pytest.raises(sk.ApiError), sk.start(failing()) as run:
        run.result()
    del run
    assert reports.errors == []


def test_a_block_that_is_left_without_a_failure_of_the_run_says_nothing(reports: Reports):
    with nothing_but_its_own(), sk.start(testing.script("a", "b", every=10), quiet) as run:
        raise ZeroDivisionError
    ended(run)
    del run
    assert reports.errors == []


# -- repr ----------------------------------------------------------------------------------------------------------


def test_the_repr_says_how_it_ended():
    refused = testing.client(testing.Script(status=404), model="m")
    for run, said in (
        (sk.start(refused.chat("hi")), "failed: http_status"),
        (sk.start(testing.script("a"), bad), "failed: sink"),
        (sk.start(failing()), "failed: api_error"),
        (sk.start(testing.script("a"), quiet), "complete"),
    ):
        ended(run)
        assert repr(run).startswith(f"<Run {said}, ")
        with suppress(sk.StreamkitError):
            run.result()
    run = sk.start(testing.script("a", "b", every=10), quiet)
    assert repr(run).startswith("<Run running, ")
    run.cancel()
    assert repr(run).startswith("<Run cancelled, ")
    assert repr(ended(run)).startswith("<Run cancelled, ")


def test_the_repr_names_the_class_of_an_exception_that_is_none_of_ours():
    run = ended(sk.start(sk.stream([1]).pipe(sk.ops.map_async(bad)), quiet))
    assert repr(run).startswith("<Run failed: ")
    with pytest.raises((KeyError, sk.StreamkitError)) as caught:
        run.result()
    assert getattr(caught.value, "kind", "KeyError") in repr(run)


# -- elsewhere -----------------------------------------------------------------------------------------------------


async def careless() -> Any:
    try:
        yield "a"
        await asyncio.sleep(100)
    finally:
        raise ValueError("of the iterator")


def blocking() -> Any:
    try:
        while True:
            yield "a"
    finally:
        raise ValueError("of the iterator")


@pytest.mark.parametrize("source", [careless, blocking])
@pytest.mark.parametrize("make", [sk.from_text, sk.stream])
def test_an_iterator_that_raises_when_a_loop_over_it_is_left_is_logged(make: Any, source: Any, reports: Reports):
    for _ in make(source):
        break
    assert reports.came.wait(5)
    (error,) = reports.errors
    assert "of the iterator" in str(error)


class Unclosable:
    def write(self, item: Any) -> None: ...

    def close(self, reply: sk.Reply) -> None:
        raise OSError("full")


def test_an_attached_sink_that_fails_when_a_loop_is_left_is_logged(reports: Reports):
    for _ in testing.script("a", "b", every=60.0).pipe(sk.ops.attach(Unclosable())):
        break
    assert reports.came.wait(5)
    assert [str(error) for error in reports.errors] == ["sink Unclosable raised OSError: full"]


def test_so_it_is_when_a_subscription_is_disposed_of(reports: Reports):
    begun = threading.Event()
    stream = testing.script("a", "b", every=60.0).pipe(sk.ops.attach(Unclosable()))
    subscription = stream.subscribe(lambda _: begun.set())
    assert begun.wait(30)  # before that there is no sink to close
    subscription.dispose()
    assert reports.came.wait(30)
    assert [str(error) for error in reports.errors] == ["sink Unclosable raised OSError: full"]


def test_what_a_shared_stream_raises_when_its_last_subscriber_leaves_is_logged(reports: Reports):
    for _ in sk.share(testing.script("a", "b", every=60.0).pipe(sk.ops.attach(Unclosable())), replay=9):
        break
    assert reports.came.wait(5)
    assert [str(error) for error in reports.errors] == ["sink Unclosable raised OSError: full"]


def test_a_batch_that_is_left_logs_nothing_of_the_replies_it_gave_up(reports: Reports):
    for _ in sk.batch(["a", "b"], lambda prompt: testing.script(prompt, fail="no")):
        break
    gc.collect()
    unreported.log_unreported()
    assert reports.errors == []


def test_a_memory_keeps_an_error_and_has_told_nobody(reports: Reports):
    kept = sinks.memory()
    ended(sk.start(failing(), kept))
    assert len(reports.errors) == 1


# -- the end of a program ------------------------------------------------------------------------------------------

PRELUDE = """
import asyncio, logging, os, sys, threading
import streamkit as sk
from streamkit import testing
failing = testing.script("a", fail="no")
def quiet(item): ...
async def over(run):
    while "running" in repr(run): await asyncio.sleep(0.01)
"""
SAID = "nobody has asked for the result of "


def printed(script: str, *args: str) -> str:
    """What a program prints on stderr."""
    command = [sys.executable, "-W", "default", "-c", PRELUDE + script, *args]
    env = {**os.environ, "PYTHONASYNCIODEBUG": ""}
    ran = subprocess.run(command, stderr=subprocess.PIPE, text=True, timeout=20, check=False, cwd=ROOT, env=env)
    return ran.stderr


PROGRAMS = {
    "kept": "run = sk.start(failing)",
    "kept, with a sink": "run = sk.start(failing, quiet)",
    "dropped": "sk.start(failing, quiet)",
    "in a cycle": "box = [sk.start(failing, quiet)]; box.append(box); del box",
    "kept by a function's default": "def f(run=sk.start(failing)): ...",
    "asyncio.run": "async def main():\n    run = sk.start(failing, quiet)\n    await over(run)\n"
    "    return run\nrun = asyncio.run(main())",
    "a thread that the exit waits for": "async def main():\n    global run\n    run = sk.start(failing, quiet)\n"
    "    await over(run)\n    await asyncio.sleep(0.3)\nthreading.Thread(target=lambda: asyncio.run(main())).start()",
    "shutdown": "run = sk.start(failing, quiet)\n"
    "while 'running' in repr(run): threading.Event().wait(0.05)\nsk.shutdown()",
    "a failed sink": "run = sk.start(testing.script('a'), lambda item: 1 / 0)",
}


@pytest.mark.slow
@pytest.mark.parametrize("program", PROGRAMS)
def test_the_exit_of_a_program_tells_what_nobody_asked_for(program: str):
    told = printed(PROGRAMS[program])
    assert told.count(SAID) == 1, told
    assert "division by zero" in told if program == "a failed sink" else "ApiError: no" in told
    assert "Exception ignored" not in told
    assert "never retrieved" not in told
    assert len(told.splitlines()) <= PAGE


@pytest.mark.slow
def test_it_goes_where_the_program_logs_and_nowhere_else(tmp_path: Path):
    log = tmp_path / "log"
    told = printed(f"logging.basicConfig(filename={str(log)!r})\nrun = sk.start(failing)")
    assert told == ""
    assert log.read_text().startswith(f"ERROR:streamkit:{SAID}")
    assert "ApiError: no" in log.read_text()


@pytest.mark.slow
def test_it_can_be_switched_off():
    assert printed("logging.getLogger('streamkit').setLevel(logging.CRITICAL)\nrun = sk.start(failing)") == ""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_the_child_of_a_fork_does_not_tell_what_is_the_parent_s():
    told = printed(
        "import warnings; warnings.simplefilter('ignore')\n"
        "run = sk.start(failing, quiet)\nwhile 'running' in repr(run): threading.Event().wait(0.05)\n"
        "if os.fork() == 0:\n    sys.exit()\nos.wait()"
    )
    assert told.count(SAID) == 1, told


@pytest.mark.slow
def test_a_closed_port_that_nobody_asked_about_is_told_on_a_page():
    told = printed(
        "import socket\nsock = socket.socket(); sock.bind(('127.0.0.1', 0)); port = sock.getsockname()[1]\n"
        "client = sk.Client(f'http://127.0.0.1:{port}/v1', 'the-key', model='m', retry=sk.Retry(attempts=0))\n"
        "run = sk.start(client.chat('hi'), quiet)\n"
        "while 'running' in repr(run): threading.Event().wait(0.05)\nsock.close()"
    )
    lines = told.splitlines()
    assert SAID in lines[0]
    assert "ConnectionRefusedError" in lines[-1]
    assert len(lines) <= PAGE
    assert "the-key" not in told


@pytest.mark.slow
def test_a_program_that_asked_prints_nothing_more():
    assert printed("run = sk.start(failing)\ntry:\n    run.result()\nexcept sk.StreamkitError:\n    pass") == ""
