"""What a piece of work executes and keeps, in counts that do not depend on the speed of the machine."""

from __future__ import annotations

import asyncio
import gc
import sys
import tracemalloc
from collections.abc import Callable, Coroutine
from types import CodeType, FrameType
from typing import Any

__all__ = ["bytes_each", "operations", "operations_each"]

Prepared = Callable[[int], Callable[[], Any]]
"""Gives what does something that many times."""

OURS = {"streamkit", "reactivex", "tests"}
"""Packages whose operations are counted, and those of the standard library that they call. Other packages are left out,
as their costs change with their versions, and so are the turns of the event loop, whose number depends on when the
other end of a socket sends."""
TURNS = {"_run_once", "_run"}


class _Counter:
    """Counts the lines and the calls of Python code, and the calls of C functions that it makes."""

    def __init__(self) -> None:
        self.count = 0
        self._origins: dict[CodeType, str] = {}

    def trace(self, frame: FrameType, event: str, arg: Any) -> Any:
        if event == "call" and not self._counts(frame):
            return None
        self.count += event in ("call", "line")
        return self.trace

    def profile(self, frame: FrameType, event: str, arg: Any) -> None:
        self.count += event == "c_call" and frame.f_trace is not None

    def _counts(self, frame: FrameType) -> bool:
        origin = self._origins.get(frame.f_code)
        if origin is None:
            origin = self._origins[frame.f_code] = _origin(frame)
        caller = frame.f_back
        return origin == "ours" or (origin == "library" and caller is not None and caller.f_trace is not None)


def _origin(frame: FrameType) -> str:
    module = str(frame.f_globals.get("__name__"))
    package = module.partition(".")[0]
    if package in OURS:
        return "ours"
    turn = package == "asyncio" and frame.f_code.co_name in TURNS
    return "library" if package in sys.stdlib_module_names and not turn else "other"


def operations(work: Callable[[], Any]) -> int:
    """The lines of Python that ``work`` executes, plus the calls of Python and C functions, in this thread."""
    counter, before = _Counter(), (sys.gettrace(), sys.getprofile())
    gc.collect()
    gc.disable()  # the collector calls finalizers whenever it likes
    sys.settrace(counter.trace)
    sys.setprofile(counter.profile)
    try:
        work()
    finally:
        sys.setprofile(before[1])
        sys.settrace(before[0])
        gc.enable()
    return counter.count


def operations_each(prepared: Prepared, low: int = 10, high: int = 30) -> float:
    """The operations of one more time, without those of beginning and ending."""
    prepared(low)()  # what is done once per process is done now
    few, many = (operations(prepared(times)) for times in (low, high))
    return (many - few) / (high - low)


def bytes_each(opened: Callable[[int], Coroutine[Any, Any, list[Any]]], low: int = 10, high: int = 42) -> float:
    """The bytes that one more of what ``opened`` opens keeps, while it is open. ``opened`` gives what closes them."""

    async def kept(number: int) -> int:
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        runs = await opened(number)
        gc.collect()
        size = tracemalloc.get_traced_memory()[0] - before
        for run in runs:
            run.cancel()
        await asyncio.gather(*runs, return_exceptions=True)
        return size

    asyncio.run(kept(low))
    tracemalloc.start()
    try:
        few, many = (asyncio.run(kept(number)) for number in (low, high))
    finally:
        tracemalloc.stop()
    return (many - few) / (high - low)
