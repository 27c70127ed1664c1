"""The wait at the interpreter's exit for what still runs on the background loop, and the warnings about the rest.

The exit waits for everything that makes progress. A reply from a server is judged alone: only what the server sends is
progress. Anything else may be waiting for something that runs beside it (a shared stream, a batch, a run within an
iterator, a slow sink), so it is given up only when nothing at all makes progress.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Protocol

from ... import patience
from ...wording import excerpt
from ..failures import LOGGER
from .wake import Wake

__all__ = ["Live", "wait_for_progress"]

NAMED = 10
"""The number of abandoned items that are logged one by one."""
LIBRARIES = ("streamkit", "reactivex", "asyncio")


class Live(Protocol):
    """Something unfinished that the interpreter's exit should wait for."""

    @property
    def progress(self) -> int: ...

    @property
    def stands_alone(self) -> bool:
        """True if it waits for nothing that runs in this process, so that the progress of others does not count."""
        ...

    def describe(self) -> str:
        """A description as the subject of a sentence, without keys and without text of requests or replies."""
        ...

    def abandon(self) -> None: ...


def wait_for_progress(
    live: set[Live], call_soon: Callable[[Callable[[], None]], None], thread: Callable[[], int]
) -> None:
    """Wait until ``live`` is empty, and give up the members that make no progress. ``call_soon`` calls a function on
    the background loop, and ``thread`` returns the identity of that loop's thread."""
    pause, answered = threading.Event(), Wake()
    standing: dict[Live, tuple[int, float]] = {}
    still = silent = 0.0
    answered.set()
    while live:
        if answered.wait(0):
            silent = 0.0
            call_soon(answered.set)
        still = 0.0 if _moved(live, standing) else still + patience.EXIT_STEP
        if silent > patience.LOOP_WITHOUT_ANSWER:
            _warn_stuck(thread())
            _give_up(live, list(live), patience.LOOP_WITHOUT_ANSWER)
        else:
            stuck = [one for one in tuple(live) if _is_stuck(one, standing, still)]
            _give_up(live, stuck, patience.EXIT_WITHOUT_PROGRESS)
        pause.wait(patience.EXIT_STEP)
        silent += patience.EXIT_STEP


def _moved(live: set[Live], standing: dict[Live, tuple[int, float]]) -> bool:
    """True if any has made progress since the last call; records for each how long it has not."""
    moved = False
    for one in tuple(live):
        before, seconds = standing.get(one, (None, 0.0))
        progress = one.progress
        moved = moved or progress != before
        standing[one] = (progress, seconds + patience.EXIT_STEP if progress == before else 0.0)
    return moved


def _is_stuck(one: Live, standing: dict[Live, tuple[int, float]], still: float) -> bool:
    return (standing[one][1] if one.stands_alone and one in standing else still) > patience.EXIT_WITHOUT_PROGRESS


def _give_up(live: set[Live], ones: list[Live], seconds: float) -> None:
    for number, one in enumerate(ones):
        live.discard(one)
        if number < NAMED:
            _warn("the exit waits no longer for %s: no progress for %g s", excerpt(one.describe()), seconds)
        one.abandon()
    if len(ones) > NAMED:
        _warn("the exit waits no longer for %d more, without progress either", len(ones) - NAMED)


def _warn_stuck(thread: int) -> None:
    stuck, seconds = _callable_in(sys._current_frames().get(thread)), patience.LOOP_WITHOUT_ANSWER
    _warn("the exit waits no longer for the background loop: %s did not return for %g s", stuck, seconds)


def _callable_in(frame: FrameType | None) -> str:
    """The name of the user's callable that a thread is in: the outermost one called by streamkit or its libraries."""
    name = "a callable"
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] not in LIBRARIES:
        name = f"{frame.f_code.co_qualname} ({frame.f_code.co_filename}, line {frame.f_lineno})"
        frame = frame.f_back
    return excerpt(name)


def _warn(message: str, *args: object) -> None:
    LOGGER.warning(message, *args)
