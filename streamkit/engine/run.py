"""A stream at work: one subscription, any number of branches, one Reply at the end."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import AsyncIterator, Generator, Iterator
from types import TracebackType
from typing import Any

from reactivex import Observable, abc

from ..errors import StreamkitError
from ..events import Outcome, Reply, Usage
from .bridge import Bridge, Reader
from .context import Note, RunScheduler
from .fan import Fan
from .gate import Gate
from .loop import is_background, live, loop_of, on_loop, running_loop, runs_here, thread_runner
from .mailbox import SinkStats, as_branch
from .report import ShutdownError

__all__ = ["DRAIN", "Run", "run", "start"]

DRAIN = 5.0
"""Seconds that a cancelled run gives its sinks to finish what they ask to finish."""


class Run:
    """A stream that is being read; made by `start`. Every method may be called from any thread, any number of times.

    As a context manager it waits at a normal end and cancels on an exception. Without branches it may be iterated,
    once, with ``for`` or ``async for``; leaving the iteration cancels it.
    """

    def __init__(self, stream: Observable[Any], branches: tuple[Any, ...], loop: asyncio.AbstractEventLoop) -> None:
        specs = [as_branch(item) for item in branches]
        self._loop = loop
        self._done: concurrent.futures.Future[Reply] = concurrent.futures.Future()
        self._scheduler = RunScheduler(loop)
        self._context = self._scheduler.context
        self._context.failures = []
        self._stream, self._specs = stream, specs
        self._bridge = None if specs else Bridge(loop, Gate(self._scheduler.gate))
        self._reading: Bridge | None = None
        self._fan: Fan | None = None
        self._subscription: abc.DisposableBase | None = None
        self._settling: asyncio.Task[None] | None = None
        self._error: Exception | None = None
        self._raise: BaseException | None = None
        self._received = 0
        self.last: Any = None
        """The last item of the stream so far, whatever its type."""
        if is_background(loop):
            live.add(self)
        on_loop(loop, self._begin)

    # -- what happened so far --------------------------------------------------------------------------------------

    @property
    def reply(self) -> Reply:
        """The reply so far; the final one once the run has ended."""
        if self._done.done() and not self._done.exception():
            return self._done.result()
        return self._so_far()

    @property
    def replies(self) -> tuple[Reply, ...]:
        """One for each request this run made, in the order they were made (races, tool loops, nested streams)."""
        return tuple(source.reply() for source in self._context.replies)

    @property
    def usage(self) -> Usage | None:
        return self.reply.usage

    @property
    def stats(self) -> dict[str, SinkStats]:
        """Counters of each sink by its name (a repeated name gets a number)."""
        stats: dict[str, SinkStats] = {}
        for outlet in self._fan.outlets if self._fan else ():
            name = outlet.spec.name
            stats[name if name not in stats else f"{name} {len(stats) + 1}"] = outlet.stats
        return stats

    @property
    def notes(self) -> dict[str, Note]:
        """What passed the places that `ops.note` marked, by name."""
        return self._context.notes

    def _so_far(self, outcome: Outcome | None = None) -> Reply:
        if isinstance(self.last, Reply):
            return self.last
        if self._context.replies:
            return self._context.replies[-1].reply(outcome)
        return Reply(outcome=outcome or ("complete" if self._settling else "truncated"))

    # -- waiting ---------------------------------------------------------------------------------------------------

    def result(self, timeout: float | None = None) -> Reply:
        """Block until the run has ended: its Reply, or its error raised.

        Raises TimeoutError after ``timeout`` seconds (the run goes on), RuntimeError on the loop that would have to
        do the work. Ctrl-C cancels the run and goes on as KeyboardInterrupt; ``reply`` keeps the text.
        """
        if runs_here(self._loop) and not self._done.done():
            raise RuntimeError("result() would block the loop that serves this run: await it instead")
        self._unbridge()
        try:
            return self._done.result(timeout)
        except KeyboardInterrupt:
            self.cancel()
            raise

    def __await__(self) -> Generator[Any, None, Reply]:
        return self._wait().__await__()

    async def _wait(self) -> Reply:
        self._unbridge()
        try:
            return await asyncio.shield(asyncio.wrap_future(self._done))
        except asyncio.CancelledError:
            self.cancel()
            await self._closed()
            raise

    async def _closed(self) -> None:
        """After a cancel: until the request is closed, but never long."""
        await asyncio.wait([asyncio.wrap_future(self._done)], timeout=1.0)

    def cancel(self) -> None:
        """Close the request and end the run: nothing is delivered any more, ``result()`` gives what there is."""
        self._context.cancelled = True
        if self._fan is not None:
            self._fan.stopped = True
        on_loop(self._loop, self._cancel)

    def abandon(self) -> None:
        self.cancel()

    @property
    def progress(self) -> int:
        return self._received + (self._fan.progress if self._fan else 0)

    @property
    def patience(self) -> float:
        return DRAIN if self._settling or (self._fan and self._fan.gate.closed) else 75.0

    def __enter__(self) -> Run:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        if exc is not None:
            self.cancel()
        elif not self._done.done():
            self.result()

    async def __aenter__(self) -> Run:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        if exc is not None:
            self.cancel()
            await self._closed()
        else:
            await self

    def __iter__(self) -> Iterator[Any]:
        return self._only_reader()

    def __aiter__(self) -> AsyncIterator[Any]:
        return self._only_reader()

    def _only_reader(self) -> Reader:
        bridge, self._bridge = self._bridge, None
        if bridge is None:
            raise RuntimeError("a run can be iterated once, and only if it has no branches and nobody waits for it")
        self._reading = bridge
        return Reader(bridge, self.cancel)

    def _unbridge(self) -> None:
        """Somebody waits for the result: nobody will read the items."""
        bridge, self._bridge = self._bridge, None
        if bridge is not None:
            on_loop(self._loop, bridge.discard)

    def __repr__(self) -> str:
        state = "ended" if self._done.done() else "cancelled" if self._context.cancelled else "running"
        return f"<Run {state}: {len(self._so_far().text)} characters>"

    # -- on the loop -----------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        if self._is_cancelled():
            self._settle()
            return
        try:
            self._fan = Fan(self._specs, self._scheduler, self._abort)
            bridge = self._bridge or self._reading
            if bridge is not None:
                self._fan.add(bridge, bridge.gate)
            source = self._scheduler.derive(gate=self._fan.gate)
            self._subscription = self._stream.subscribe(
                self._on_next, self._on_error, self._settle, scheduler=source
            )
        except Exception as exc:
            self._on_error(exc)
        if self._is_cancelled():
            self._cancel()

    def _is_cancelled(self) -> bool:
        return self._context.cancelled

    def _on_next(self, item: Any) -> None:
        self._received += 1
        self.last = item
        if self._fan is not None:
            self._fan.on_next(item)

    def _on_error(self, error: Exception) -> None:
        if isinstance(error, ShutdownError):
            self.cancel()
            return
        self._error = error
        self._settle()

    def _abort(self, exc: BaseException) -> None:
        """A sink let KeyboardInterrupt or the like through: that is no failure of the sink, it goes on to the caller."""
        self._raise = self._raise or exc
        self.cancel()

    def _cancel(self) -> None:
        if self._settling is not None:
            if self._fan is not None:
                self._fan.stop()
            return
        if self._subscription is not None:
            self._subscription.dispose()
        if self._fan is not None:
            self._fan.stop()
        self._settle()

    def _settle(self) -> None:
        if not runs_here(self._loop):
            on_loop(self._loop, self._settle)
        elif self._settling is None:
            if self._fan is not None and not self._context.cancelled:
                self._fan.end(self._error)
            self._settling = self._loop.create_task(self._close(), name="streamkit run")

    async def _close(self) -> None:
        cancelled = self._context.cancelled
        try:
            if cancelled:
                await self._requests_closed()
            reply = self._final_reply("cancelled" if cancelled else None)
            failures: list[Exception] = []
            if self._fan is not None:
                failures = await self._fan.settle(self._error, reply, DRAIN if cancelled else None)
            if self._context.closing:
                await asyncio.wait(tuple(self._context.closing), timeout=DRAIN if cancelled else None)
            self._finish(reply, failures + (self._context.failures or []))
        except BaseException as exc:
            self._raise = self._raise or (None if isinstance(exc, asyncio.CancelledError) else exc)
            self._finish(self._final_reply("cancelled"), [])
            if not isinstance(exc, Exception):
                raise

    async def _requests_closed(self, limit: float = 1.0) -> None:
        closing = [asyncio.ensure_future(source.ended()) for source in self._context.replies]
        if closing:
            await asyncio.wait(closing, timeout=limit)

    def _final_reply(self, outcome: Outcome | None) -> Reply:
        if self._error is not None and isinstance(self._error, StreamkitError):
            return self._error.partial
        return self._so_far(outcome)

    def _finish(self, reply: Reply, failures: list[Exception]) -> None:
        live.discard(self)
        self._subscription = None
        if self._reading is not None:
            self._reading.on_completed()
        if self._done.done():
            return
        error = self._raise or self._error or (failures.pop(0) if failures else None)
        if error is None:
            self._done.set_result(reply)
            return
        for failure in failures:
            error.add_note(f"and in a branch: {failure}")
        self._done.set_exception(error)


def start(stream: Observable[Any], *branches: Any) -> Run:
    """Subscribe once and send every item down each branch: a `Run`, at work already.

    On the running loop if there is one, else on the background loop. A branch is made by `branch`, or is a bare sink
    or listener (`on`).
    """
    return Run(stream, branches, loop_of(None))


def run(stream: Observable[Any], *branches: Any) -> Reply:
    """Like `start`, but blocks until the end: the Reply, or the error raised.

    The calling thread drives its own loop meanwhile, so callbacks and sinks are called in this thread. RuntimeError
    under a running loop: ``await sk.start(...)`` there.
    """
    if running_loop() is not None:
        raise RuntimeError("sk.run() would block the running loop: await sk.start(...) instead")
    runner = thread_runner()
    loop = runner.get_loop()
    job = Run(stream, branches, loop)

    async def drive() -> Reply:
        return await job

    try:
        return runner.run(drive())
    except BaseException:
        job.cancel()  # a KeyboardInterrupt that came between two callbacks left everything as it was
        if not job._done.done():
            runner.run(job._closed())
        raise
