"""Ctrl-C for a program, or for a test, whose main thread waits for a run.

A moment earlier, in `sk.start` or before that, nothing would catch it: a test run would end, and a program would leave
its request open.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from streamkit.engine.loops import Wake

from .waiting import until

__all__ = ["MAIN_WAITS", "ctrl_c_in_result"]

MAIN_WAITS = """
import sys, threading
def main_waits():
    frame = sys._current_frames()[threading.main_thread().ident]
    if frame.f_code.co_name != "wait":
        return False
    while frame and not frame.f_globals["__name__"].startswith("streamkit."):
        frame = frame.f_back
    return frame is not None
"""
"""Source text for programs: whether their main thread waits within the package, in a call or at the exit."""


@contextmanager
def ctrl_c_in_result(when: Callable[[], object]) -> Iterator[None]:
    """Press Ctrl-C once ``when()`` is true and the main thread waits in `Run.result`; not at all if that never comes,
    as the test has failed then."""
    pressing = threading.Thread(target=_press, args=(when,))
    pressing.start()
    try:
        yield
    finally:
        pressing.join()


def _press(when: Callable[[], object]) -> None:
    if until(lambda: when() and _waits_in_result()):
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


def _waits_in_result() -> bool:
    frame: FrameType | None = sys._current_frames().get(threading.main_thread().ident or 0)
    if frame is None or frame.f_code is not Wake.wait.__code__:
        return False
    while frame is not None and frame.f_code.co_name != "result":
        frame = frame.f_back
    return frame is not None
