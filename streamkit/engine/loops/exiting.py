"""How long the interpreter's exit waits for what still runs on the background loop, and what it says of the rest.

What makes progress is waited for. A reply from a server stands for itself: only what the server sends counts. Anything
else may be waiting for something that runs beside it (a shared stream, a batch, a run within an iterator, a slow sink),
so it is given up only when nothing at all makes progress.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Protocol

from ...wording import excerpt
from .reporting import LOGGER
from .wake import Wake

__all__ = ["PATIENCE", "STUCK", "Live", "wait_for_progress"]

PATIENCE = 10.0
"""Seconds without progress after which the exit gives up what it waits for."""
STUCK = 5.0
"""Seconds after which a background loop that does not answer counts as stuck in a user's callable."""
STEP = 0.05
NAMED = 10
"""At most so many are named one by one."""
OURS = ("streamkit", "reactivex", "asyncio")


class Live(Protocol):
    """Something unfinished that the interpreter's exit should wait for."""

    @property
    def progress(self) -> int: ...

    @property
    def stands_alone(self) -> bool:
        """Whether it waits for nothing that runs here, so that the progress of others does not count."""
        ...

    def describe(self) -> str:
        """What it is, as the subject of a sentence: without keys, and without what was asked or answered."""
        ...

    def abandon(self) -> None: ...


def wait_for_progress(live: set[Live], ask: Callable[[Callable[[], None]], None], thread: Callable[[], int]) -> None:
    """Until ``live`` is empty or stands still. ``ask`` has something called on the background loop, the identity of
    whose thread ``thread`` gives."""
    pause, answered = threading.Event(), Wake()
    stood: dict[Live, tuple[int, float]] = {}
    still = silent = 0.0
    answered.set()
    while live:
        if answered.wait(0):
            silent = 0.0
            ask(answered.set)
        still = 0.0 if _moved(live, stood) else still + STEP
        if silent > STUCK:
            _tell_stuck(thread())
            _give_up(live, list(live), STUCK)
        else:
            _give_up(live, [one for one in tuple(live) if _is_over(one, stood, still)], PATIENCE)
        pause.wait(STEP)
        silent += STEP


def _moved(live: set[Live], stood: dict[Live, tuple[int, float]]) -> bool:
    """Whether anything has made progress since the last look, which is noted for each."""
    moved = False
    for one in tuple(live):
        before, seconds = stood.get(one, (None, 0.0))
        progress = one.progress
        moved = moved or progress != before
        stood[one] = (progress, seconds + STEP if progress == before else 0.0)
    return moved


def _is_over(one: Live, stood: dict[Live, tuple[int, float]], still: float) -> bool:
    return (stood[one][1] if one.stands_alone and one in stood else still) > PATIENCE


def _give_up(live: set[Live], ones: list[Live], seconds: float) -> None:
    for number, one in enumerate(ones):
        live.discard(one)
        if number < NAMED:
            _tell("the exit waits no longer for %s: no progress for %g s", excerpt(one.describe()), seconds)
        one.abandon()
    if len(ones) > NAMED:
        _tell("the exit waits no longer for %d more, without progress either", len(ones) - NAMED)


def _tell_stuck(thread: int) -> None:
    stuck = _callable_in(sys._current_frames().get(thread))
    _tell("the exit waits no longer for the background loop: %s did not return for %g s", stuck, STUCK)


def _callable_in(frame: FrameType | None) -> str:
    """The user's callable that a thread is in: the outermost one that streamkit or a library below it has called."""
    name = "a callable"
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] not in OURS:
        name = f"{frame.f_code.co_qualname} ({frame.f_code.co_filename}, line {frame.f_lineno})"
        frame = frame.f_back
    return excerpt(name)


def _tell(message: str, *args: object) -> None:
    LOGGER.warning(message, *args)
