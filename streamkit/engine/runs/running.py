"""A stream at work: one subscription, any number of branches, one Reply at the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, cast
from weakref import ref

from reactivex import Observable

from ... import patience
from ...events import Reply, Usage
from ...runtimes import refuse_trio
from ...timing import Timing
from ..branches import SinkStats, as_branch, check_kinds
from ..failures import trim, trimming
from ..loops import (
    background,
    current_loop,
    is_background,
    is_own,
    live,
    loop_of,
    on_loop,
    running_loop,
    runs_here,
    thread_runner,
)
from ..streams import Bridge, BridgeReader, HasReply, check_stream, kind_of
from ..upstream import AtWork, Gate, Note, RunScheduler, at_work
from .driver import RunDriver

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    T = TypeVar("T", covariant=True, default=Any)
else:
    from typing import TypeVar

    T = TypeVar("T", covariant=True)

__all__ = ["Run", "run", "start"]
U = TypeVar("U")


class Run(HasReply, Generic[T]):
    """A stream of T that is being read; made by `start`. Every method may be called from any thread, at any time.

    As a context manager it waits at a normal end, raises its error unless that was raised within the block already, and
    cancels on an exception. Without branches it may be iterated, once, with ``for`` or ``async for``; leaving the
    iteration cancels the run, whose own error is then not logged. Items that are not iterated are held back until a
    caller waits for the result, or the `Run` is collected; then they are dropped. Its error is logged (logger
    ``streamkit``) if it was not raised to any caller by the time that the `Run` is collected.
    """

    _where_reply = "run.reply (the reply so far)"
    _misplaced: ClassVar[dict[str, str]] = {"stream": ": it is at work already, write run.result()"}

    def __init__(self, stream: Observable[T], branches: tuple[Any, ...], loop: asyncio.AbstractEventLoop) -> None:
        check_stream(stream)
        specs = [as_branch(item) for item in branches]
        check_kinds(kind_of(stream), specs)
        scheduler = RunScheduler(loop)
        self._loop, self._context = loop, scheduler.context
        self._unread = None if specs else Bridge(loop, Gate(scheduler.gate))
        self._driver = RunDriver(scheduler, self._unread)
        self._driver.claim.take(specs)
        try:
            if is_background(loop):
                live.add(self._driver)
            at_work[self.id] = AtWork(ref(self), partial(Run._of, self._driver, scheduler), loop)
            on_loop(loop, self._driver.begin, stream, specs)
        except BaseException:  # a Ctrl-C: no caller gets this run
            self._driver.give_up()
            raise

    @classmethod
    def _of(cls, driver: RunDriver, scheduler: RunScheduler) -> Run[Any]:
        """A further `Run` object of a run, for `sk.runs`: the first one was collected, and its items with it."""
        run: Run[Any] = cls.__new__(cls)
        run._loop, run._context, run._driver, run._unread = scheduler.loop, scheduler.context, driver, None
        driver.result.unreported.mark_reachable()
        return run

    @property
    def id(self) -> str:
        """The unique id of this run: `sk.runs` has it by this id while it is at work, and `sinks.jsonl`,
        `sinks.sqlite` and `sinks.batched` name its items by it."""
        return self._context.id

    # -- what happened so far --------------------------------------------------------------------------------------

    @property
    def reply(self) -> Reply:
        """The reply so far; the final one once the run has ended."""
        return self._driver.result.reply or self._driver.so_far()

    @property
    def replies(self) -> tuple[Reply, ...]:
        """The reply of each request of this run, in the order of the requests (races, tool loops, nested streams).

        Where an operator hides something, a stream that is a part of what passes it (a runner of a race, say) shows
        here its figures, and of its text only what that operator let through.
        """
        return tuple(source.reply() for source in self._context.replies)

    @property
    def usage(self) -> Usage | None:
        return self.reply.usage

    @property
    def timing(self) -> Timing:
        """The times of the reply so far: ``total`` is the time until now, until the reply has ended."""
        return self.reply.timing or Timing()

    @property
    def last(self) -> T | None:
        """The last item of the stream so far, whatever its type; None if there was none."""
        return cast("T | None", self._driver.last)

    @property
    def stats(self) -> dict[str, SinkStats]:
        """Counters of each sink until now, by its name (a repeated name gets a number)."""
        stats: dict[str, SinkStats] = {}
        for one in self._driver.fan.stats() if self._driver.fan else ():
            stats[one.name if one.name not in stats else f"{one.name} {len(stats) + 1}"] = one
        return stats

    @property
    def notes(self) -> dict[str, Note]:
        """The counters of the places that `ops.note` marked, by name."""
        return self._context.notes

    # -- waiting ---------------------------------------------------------------------------------------------------

    def result(self, timeout: float | None = None) -> Reply:
        """Block until the run has ended; return its Reply or raise its error.

        Raises TimeoutError after ``timeout`` seconds (the run goes on), RuntimeError on the loop that would have to
        do the work. Ctrl-C cancels the run and goes on as KeyboardInterrupt; ``reply`` keeps the text.
        """
        self._block(timeout)
        with trimming():
            return self._driver.result.get()

    def _block(self, timeout: float | None) -> None:
        driver = self._driver
        if runs_here(self._loop) and not driver.result.done:
            raise RuntimeError("result() would block the loop that serves this run: await it instead")
        self._discard_items()
        try:
            driver.block(timeout)
        except KeyboardInterrupt:
            self.cancel()
            driver.block(patience.CANCELLED_REQUESTS)  # the request is closed, `reply` is final
            raise
        if not driver.result.done:
            raise TimeoutError(f"the run is not over after {timeout} s")

    def __await__(self) -> Generator[Any, None, Reply]:
        return self._wait().__await__()

    async def _wait(self) -> Reply:
        await self._wait_until_done()
        with trimming():
            return self._driver.result.get()

    async def _wait_until_done(self) -> None:
        current_loop()
        self._discard_items()
        if self._loop.is_closed():
            self.cancel()
        try:
            await self._driver.result.wait()
        except asyncio.CancelledError:
            self.cancel()
            await self._wait_until_closed()
            raise

    async def _wait_until_closed(self) -> None:
        """Wait after a cancel until the request is closed, for a second at most."""
        with suppress(TimeoutError):
            async with asyncio.timeout(patience.CANCELLED_REQUESTS):
                await self._driver.result.wait()

    async def _wait_and_close(self) -> None:
        try:
            await self._wait()
        finally:  # the loop does not run afterwards: no request may be left on it to be closed
            await self._driver.requests_closed()

    def _disown(self) -> None:
        """Cancel a run because the code that started it was cancelled; its error so far is not logged."""
        self.cancel()
        self._driver.result.unreported.mark_raised()

    def cancel(self) -> None:
        """Close the request and end the run: nothing is delivered any more, ``result()`` returns the reply so far."""
        self._driver.cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        if exc is not None:
            self.cancel()
        elif not self._driver.result.unreported.was_raised:
            with trimming():
                self._block(None)
                self._driver.raise_unreported()

    async def __aenter__(self) -> Self:
        current_loop()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        if exc is not None:
            self.cancel()
            await self._wait_until_closed()
        elif not self._driver.result.unreported.was_raised:
            with trimming():
                await self._wait_until_done()
                self._driver.raise_unreported()

    # -- iterating -------------------------------------------------------------------------------------------------

    def __iter__(self) -> Iterator[T]:
        return self._only_reader()

    def __aiter__(self) -> AsyncIterator[T]:
        current_loop()
        return self._only_reader()

    def _only_reader(self) -> BridgeReader:
        bridge, self._unread = self._unread, None
        if bridge is None:
            raise RuntimeError("a run can be iterated once, and only if it has no branches and nobody waits for it")
        return BridgeReader(bridge, self._on_left, self._driver.result.unreported.mark_raised)

    def _on_left(self) -> None:
        self._driver.result.unreported.iteration_left = True  # the stream's own error is then not logged
        self.cancel()

    def _discard_items(self) -> None:
        """Discard the items: a caller waits for the result, so they will not be read."""
        bridge, self._unread = self._unread, None
        if bridge is not None:
            on_loop(self._loop, bridge.discard)

    def __repr__(self) -> str:
        state = self._driver.result.state or ("cancelled" if self._context.cancelled else "running")
        return f"<Run {state}, {len(self.reply.text)} characters>"

    def __del__(self) -> None:
        if hasattr(self, "_driver"):  # else its arguments were refused
            if self._unread is not None:
                self._unread.forget()
            self._driver.result.unreported.mark_unreachable()


def start(stream: Observable[U], *branches: Any) -> Run[U]:
    """Subscribe once and send every item down each branch. Returns the `Run`, already at work.

    Its iteration and ``last`` give items of the stream, its result is the Reply.

    On the running loop if there is one, else on the background loop; there too in a callback of `sk.run`, whose loop
    stands still as soon as that returns. A branch is made by `branch`, or is a bare sink or listener (`on`).

    If it fails and no caller asks the run, the error is logged (logger ``streamkit``) once the run is collected.
    """
    loop = loop_of(None)
    check_stream(stream, "sk.start")
    return Run(stream, branches, background() if is_own(loop) else loop)


def run(stream: Observable[Any], *branches: Any) -> Reply:
    """Like `start`, but block until the end; return the Reply or raise the error.

    The calling thread drives its own loop meanwhile, so callbacks and sinks are called in this thread. RuntimeError
    under a running loop: ``await sk.start(...)`` there; under trio's: ``await trio.to_thread.run_sync(sk.run, ...)``.
    """
    if running_loop() is not None:
        raise RuntimeError("sk.run() would block the running loop: await sk.start(...) instead")
    refuse_trio("sk.run() would block trio's loop")
    runner = thread_runner()
    job = Run(stream, branches, runner.get_loop())
    try:
        runner.run(job._wait_and_close())  # without a result: the runner would make the repr of its task twice
        return job._driver.result.get()
    except BaseException as exc:
        job.cancel()  # a KeyboardInterrupt between two callbacks has not ended anything
        runner.run(job._wait_until_closed())
        trim(exc)
        raise
