"""What still has to be closed on a loop when that loop ends.

A loop that ends cancels its tasks, the ones that close sinks among them, and throws its timers away: whoever waits for
such a thing would wait for ever. Then it closes the async generators that were begun on it, and waits for that. So each
loop on which something of ours is at work has such a generator, whose end gives all of it time to close.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from typing import Protocol

from .reporting import report

__all__ = ["PATIENCE", "Closing", "enter", "forgets_closed_loops", "leave", "members"]

PATIENCE = 10.0
"""Seconds that the end of a loop waits: more than the 5 s that a cancelled run gives its sinks, and the second that
each step after that has."""


class Closing(Protocol):
    """Something at work on a loop: entered when it begins, and taken out by itself when it is over."""

    def loop_ends(self) -> None:
        """End soon: no task from before goes on, and no timer will fire."""
        ...

    def give_up(self) -> None:
        """End now: there is no more waiting."""
        ...


class _Members:
    """All that is at work on one loop, in the order in which it began."""

    def __init__(self) -> None:
        self.all: dict[Closing, None] = {}
        self._empty: asyncio.Event | None = None
        self._generator = self._until_the_end()
        # The first step goes as far as the `yield`, without a loop's help. A warning: this loop has ended already.
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
            for member in reversed(tuple(self.all)):  # an operator hears of it before the run it is a part of
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
            async with asyncio.timeout(PATIENCE):
                if self.all:
                    await self._empty.wait()
                while left := _tasks():  # of sinks that take long to let themselves be interrupted
                    await asyncio.wait(left)


_loops: dict[asyncio.AbstractEventLoop, _Members] = {}
"""Not weak: a generator that is collected would ask its loop, which after a fork is the parent's, to close it."""


_forgetters: list[Callable[[], None]] = []


def forgets_closed_loops(forget: Callable[[], None]) -> Callable[[], None]:
    """A decorator: ``forget`` drops what was at work on loops that were closed without a word. Called now and then."""
    _forgetters.append(forget)
    return forget


def enter(loop: asyncio.AbstractEventLoop, member: Closing) -> None:
    """From now on ``member`` is told when ``loop`` ends. To be called on that loop."""
    members = _loops.get(loop)
    if members is None:
        for other in tuple(_loops):  # at once, as other threads enter theirs
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
    """What is at work on ``loop``."""
    found = _loops.get(loop)
    return list(found.all) if found is not None else []


def _tasks() -> set[asyncio.Task[object]]:
    return {task for task in asyncio.all_tasks() if task.get_name().startswith("streamkit sink")}


def _call(step: Callable[[], None]) -> None:
    try:
        step()
    except BaseException as exc:  # the next one is to be told all the same
        report(exc, "the end of an event loop was told to what ran there, which raised:")
