"""The event loop that serves a subscription, the shared background loop, and the end of the interpreter.

The rule: a scheduler that has an asyncio loop names it; without a scheduler it is the running loop, else the shared
background loop; any other scheduler (`Observable.run()` brings one that starts threads) means the background loop.
"""

from __future__ import annotations

import asyncio
import concurrent.futures.thread  # its exit hook must be registered before the one below, which then runs first
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, TypeVar

from ... import patience
from ...runtimes import refuse_gevent, refuse_trio
from ..failures import forget_unreported, log_unreported, report
from .exiting import Live, wait_for_progress
from .wake import Wake

__all__ = [
    "background",
    "call_on",
    "current_loop",
    "is_background",
    "is_own",
    "live",
    "loop_of",
    "on_loop",
    "running_loop",
    "runs_here",
    "shutdown",
    "thread_runner",
]

T = TypeVar("T")

new_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
"""Makes the background loop and those of plain threads. Tests replace it to get loops with virtual time."""


class _Background:
    """One loop in one daemon thread, started when first needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None

    def loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._thread is None or not self._thread.is_alive() or self._loop is None:
                ready = Wake()
                self._thread = threading.Thread(target=self._drive, args=(ready,), name="streamkit", daemon=True)
                self._thread.start()
                ready.wait()
            assert self._loop is not None
            return self._loop

    def thread(self) -> int:
        """The identity of its thread, 0 if there is none."""
        return (self._thread.ident if self._thread is not None else None) or 0

    @property
    def current(self) -> asyncio.AbstractEventLoop | None:
        return self._loop

    def _drive(self, ready: Wake) -> None:
        with asyncio.Runner(loop_factory=lambda: new_loop()) as runner:
            serving = runner.get_loop().create_task(self._serve(ready), name="streamkit background")
            while not serving.done():
                try:
                    runner.get_loop().run_until_complete(serving)
                except BaseException as exc:  # a SystemExit in a user's callback, say: everything else must go on
                    if serving.done():
                        raise
                    report(exc, "a callback on the background loop raised what would have ended it:")

    async def _serve(self, ready: Wake) -> None:
        stop = asyncio.Event()
        self._loop, self._stop = asyncio.get_running_loop(), stop
        ready.set()
        await stop.wait()  # the attribute may be None already: whoever was waiting may have closed this at once

    def close(self) -> None:
        with self._lock:
            thread, loop, stop = self._thread, self._loop, self._stop
            self._thread = self._loop = self._stop = None
        if thread is None or loop is None or stop is None or not thread.is_alive():
            return
        on_loop(loop, stop.set)
        if thread is not threading.current_thread():
            thread.join(patience.BACKGROUND_THREAD)


class _Own:
    """The loop that a plain thread drives itself in `sk.run`; closed when the thread ends."""

    def __init__(self) -> None:
        # a factory, so that the runner does not also install its loop as the thread's current one
        self.runner = asyncio.Runner(loop_factory=lambda: new_loop())

    def close(self) -> None:
        self.runner.close()

    def __del__(self) -> None:
        if not sys.is_finalizing():
            self.close()


_background = _Background()
_local = threading.local()
_abandoned: list[Any] = []
live: set[Live] = set()
"""Everything that runs on the background loop: the interpreter's exit waits for it."""


def background() -> asyncio.AbstractEventLoop:
    """The shared loop, whose thread is started if need be; RuntimeError where gevent keeps it from running."""
    refuse_gevent()
    return _background.loop()


def is_background(loop: asyncio.AbstractEventLoop) -> bool:
    return loop is _background.current


def is_own(loop: asyncio.AbstractEventLoop) -> bool:
    """True for the loop that this thread drives in `sk.run`, and that does not run between two such calls."""
    own = getattr(_local, "own", None)
    return own is not None and own.runner.get_loop() is loop


def running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def current_loop() -> asyncio.AbstractEventLoop:
    """The running loop. RuntimeError if there is none; it names trio if the caller is a task of trio."""
    loop = running_loop()
    if loop is None:
        refuse_trio("await and async for need asyncio, and this is a task of trio's")
        raise RuntimeError("no asyncio loop is running here, which await and async for need")
    return loop


def runs_here(loop: asyncio.AbstractEventLoop) -> bool:
    """True in a callback or task of ``loop``."""
    return running_loop() is loop


def loop_of(scheduler: Any) -> asyncio.AbstractEventLoop:
    """The loop that serves a subscription made with ``scheduler`` (or None)."""
    loop = getattr(scheduler, "_loop", None)
    if isinstance(loop, asyncio.AbstractEventLoop):
        return loop
    return (running_loop() if scheduler is None else None) or background()


def on_loop(loop: asyncio.AbstractEventLoop, action: Callable[..., Any], *args: Any) -> None:
    """Call ``action`` on ``loop``: now if the caller is on it, else soon. Does nothing if the loop is closed."""
    if runs_here(loop):
        action(*args)
        return
    try:
        loop.call_soon_threadsafe(action, *args)
    except RuntimeError:  # closed: there is nothing left to act on
        if not loop.is_closed():
            raise


def call_on(loop: asyncio.AbstractEventLoop, action: Callable[[], T]) -> T:
    """Call ``action`` on ``loop`` and return its result: now if the caller is on it, else the caller's thread waits."""
    if runs_here(loop):
        return action()
    called: Future[T] = Future()
    ready = Wake()

    def call() -> None:
        try:
            called.set_result(action())
        except BaseException as exc:
            called.set_exception(exc)
        ready.set()

    loop.call_soon_threadsafe(call)
    ready.wait()  # not on the future: a Ctrl-C could leave its lock taken
    return called.result()


def thread_runner() -> asyncio.Runner:
    """The runner of this plain thread's own loop, kept for its next use (connections stay open with it)."""
    refuse_gevent()
    own = getattr(_local, "own", None)
    if own is None:
        own = _local.own = _Own()
    return own.runner


def shutdown() -> None:
    """Stop the background loop and its thread; what runs there is cancelled. The next use starts a new one.

    Errors of runs on that loop that were not raised to any caller are logged.
    """
    for item in tuple(live):
        item.abandon()
    _background.close()
    log_unreported(closed=True)


def _at_exit() -> None:
    """Let replies finish that make progress, then stop.

    Runs before executors are shut: afterwards no host name can be looked up. Only what the script left running on its
    background loop is waited for, and nothing once the script itself has failed. Ctrl-C ends the wait, and a second
    one the shutdown.
    """
    with suppress(KeyboardInterrupt):
        if getattr(sys, "last_exc", None) is None and getattr(sys, "last_value", None) is None:
            wait_for_progress(live, lambda action: on_loop(_background.loop(), action), _background.thread)
    with suppress(KeyboardInterrupt):
        shutdown()
        own = _local.__dict__.pop("own", None)
        if own is not None:
            own.close()
    with suppress(KeyboardInterrupt):
        log_unreported()


def _after_fork() -> None:
    """Start afresh in the child of a fork: it has none of the threads, and must not even close the loops, because their
    selectors are shared with the parent."""
    global _background, _local
    _abandoned.extend((_background, _local))
    _background, _local = _Background(), threading.local()
    live.clear()
    forget_unreported()


os.register_at_fork(after_in_child=_after_fork)
assert concurrent.futures.thread
with suppress(RuntimeError):  # the main thread has ended: nothing that it left running is at work
    # the only hook that runs before executors are shut
    threading._register_atexit(_at_exit)  # type: ignore[attr-defined]
