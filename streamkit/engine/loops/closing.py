"""The end of an event loop: everything of this package that is still at work on it gets time to close.

A loop that ends cancels its tasks, among them the ones that close sinks, and drops its timers: code that waits for one
of these would wait for ever. After that the loop closes the async generators that were started on it, and waits for
them. So each loop on which something of this package is at work has such a generator, and closing it closes the rest.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from typing import Protocol

from ... import patience
from ..failures import report

__all__ = ["Closing", "enter", "forgets_closed_loops", "leave", "members"]


class Closing(Protocol):
    """Something at work on a loop. It calls `enter` when it begins and `leave` when it has ended; both methods below
    are called on the loop, when the loop ends before it."""

    def loop_ends(self) -> None:
        """End soon: existing tasks were cancelled, and no timer will fire."""
        ...

    def give_up(self) -> None:
        """End now: nothing can be awaited any more."""
        ...


class _Members:
    """Everything at work on one loop, in the order in which it began."""

    def __init__(self) -> None:
        self.all: dict[Closing, None] = {}
        self._empty: asyncio.Event | None = None
        self._generator = self._until_the_end()
        # The first step runs up to the `yield` without the loop. A ResourceWarning means that the loop has ended
        # already.
        with suppress(StopIteration, ResourceWarning):
            self._generator.asend(None).send(None)

    def enter(self, member: Closing) -> None:
        self.all[member] = None

    def leave(self, member: Closing) -> None:
        self.all.pop(member, None)
        if self._empty is not None and not self.all:
            self._empty.set()

    async def _until_the_end(self) -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            self._empty = asyncio.Event()
            for member in reversed(tuple(self.all)):  # an operator is notified before the run it is a part of
                _call(member.loop_ends)
            try:
                await self._wait()
            finally:  # also if a second Ctrl-C comes meanwhile
                for member in tuple(self.all):
                    _call(member.give_up)
                _loops.pop(asyncio.get_running_loop(), None)

    async def _wait(self) -> None:
        assert self._empty is not None
        with suppress(TimeoutError):
            async with asyncio.timeout(patience.LOOP_END):
                if self.all:
                    await self._empty.wait()
                while tasks := _tasks():  # of sinks that react to their cancellation slowly
                    await asyncio.wait(tasks)


_loops: dict[asyncio.AbstractEventLoop, _Members] = {}
"""Strong references: a generator that is collected asks its loop to close it, and after a fork that is the parent's."""


_forgetters: list[Callable[[], None]] = []


def forgets_closed_loops(forget: Callable[[], None]) -> Callable[[], None]:
    """A decorator. ``forget`` drops what was at work on loops that were closed without `loop_ends`; called now and
    then."""
    _forgetters.append(forget)
    return forget


def enter(loop: asyncio.AbstractEventLoop, member: Closing) -> None:
    """Notify ``member`` when ``loop`` ends. To be called on that loop."""
    members = _loops.get(loop)
    if members is None:
        for other in tuple(_loops):  # a copy, as other threads add entries
            if other.is_closed():
                _loops.pop(other, None)
        for forget in _forgetters:
            forget()
        members = _loops[loop] = _Members()
    members.enter(member)


def leave(loop: asyncio.AbstractEventLoop, member: Closing) -> None:
    members = _loops.get(loop)
    if members is not None:
        members.leave(member)


def members(loop: asyncio.AbstractEventLoop) -> list[Closing]:
    """Everything at work on ``loop``."""
    entered = _loops.get(loop)
    return list(entered.all) if entered is not None else []


def _tasks() -> set[asyncio.Task[object]]:
    return {task for task in asyncio.all_tasks() if task.get_name().startswith("streamkit sink")}


def _call(step: Callable[[], None]) -> None:
    try:
        step()
    except BaseException as exc:  # the next one must be called all the same
        report(exc, "something at work on an event loop raised when the loop ended:")
