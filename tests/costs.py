"""What work costs: steps of the interpreter and memory, which are the same on every machine, and the time of the
processor where the work is done in C and no count shows it."""

from __future__ import annotations

import gc
import sys
import time
import tracemalloc
from collections.abc import Callable
from types import FrameType
from typing import Any

__all__ = ["check_linear_time", "memory", "steps"]


def steps(work: Callable[[], Any]) -> int:
    """The lines of Python that ``work`` executes."""
    count, before = 0, sys.gettrace()

    def trace(frame: FrameType, event: str, arg: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def memory(work: Callable[[], Any]) -> tuple[int, int]:
    """The bytes that ``work`` takes at most, and those that it keeps."""
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        work()
        after, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return peak - before, after - before


def check_linear_time(work: Callable[[int], Any], small: int, large: int) -> None:
    """Compare ``work`` of two sizes, both measured now and in turn. What is quadratic fails by far, if ``large`` is
    many times ``small``; tests that call this are slow ones. Garbage is not collected meanwhile: a full collection
    looks at the objects of all tests before."""

    def seconds(size: int) -> float:
        begin = time.process_time()
        work(size)
        return time.process_time() - begin

    gc.collect()
    gc.disable()
    try:
        times = [(seconds(small), seconds(large)) for _ in range(3)]
    finally:
        gc.enable()
    assert min(long for _, long in times) < 4 * (large / small) * max(min(short for short, _ in times), 0.001)
