"""Ctrl-C for a test that waits for a run in the main thread."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from streamkit.engine.loops import Wake

from .waiting import until

__all__ = ["ctrl_c_in_result"]


@contextmanager
def ctrl_c_in_result(when: Callable[[], object]) -> Iterator[None]:
    """Press Ctrl-C once ``when()`` is true and the main thread waits in `Run.result`.

    A moment earlier, in `sk.start` or in the test itself, nothing would catch it, and the whole test run would end.
    """
    pressing = threading.Thread(target=_press, args=(when,))
    pressing.start()
    try:
        yield
    finally:
        pressing.join()


def _press(when: Callable[[], object]) -> None:
    until(lambda: when() and _waits_in_result())
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


def _waits_in_result() -> bool:
    frame: FrameType | None = sys._current_frames().get(threading.main_thread().ident or 0)
    if frame is None or frame.f_code is not Wake.wait.__code__:
        return False
    while frame is not None and frame.f_code.co_name != "result":
        frame = frame.f_back
    return frame is not None
