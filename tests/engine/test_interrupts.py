"""Ctrl-C between any two bytecodes of a thread that waits for a run: the run is cancelled, and its loop goes on."""

from __future__ import annotations

import dis
import gc
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from types import FrameType
from typing import Any

import pytest

import streamkit as sk
from streamkit import testing
from streamkit.engine.loops.wake import Wake


def interrupted(act: Callable[[], object], step: int) -> bool:
    """Whether a KeyboardInterrupt was raised in what ``act`` calls, at the moment of this number.

    The moments are those at which CPython looks for signals between bytecodes: as a function begins, and after a call.
    Garbage of earlier calls is not collected meanwhile: an interrupt of its `__del__` would go nowhere.
    """
    left, before = step, sys.gettrace()
    called: set[FrameType] = set()

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal left
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        if event == "opcode":
            name = dis.opname[frame.f_code.co_code[frame.f_lasti]]
            if name == "RESUME" or frame in called:
                left -= 1
                if not left:
                    raise KeyboardInterrupt
            called.discard(frame)
            if name == "CALL":
                called.add(frame)
        return trace

    gc.disable()
    sys.settrace(trace)
    try:
        act()
    except KeyboardInterrupt:
        pass
    finally:
        sys.settrace(before)
        gc.enable()
    return left <= 0


def iterating(run: sk.Run) -> Callable[[], object]:
    return partial(next, iter(run))


def waiting(run: sk.Run) -> Callable[[], object]:
    return partial(run.result, timeout=5)


@pytest.mark.slow
@pytest.mark.parametrize("way", [iterating, waiting])
def test_wherever_ctrl_c_comes_the_run_can_be_cancelled(way: Callable[[sk.Run], Callable[[], object]]):
    """In a thread of its own: where a trace function raises within an ``except`` block, CPython goes on to take the
    exception of that block for the one that is being handled, and it becomes the context of all later ones."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(interrupt_everywhere, way).result()


def interrupt_everywhere(way: Callable[[sk.Run], Callable[[], object]]) -> None:
    step, over = 1, False
    while not over:
        run = sk.start(testing.script("a", first=0.005, stall_after=1 if way is iterating else None))
        over = not interrupted(way(run), step)
        run.cancel()
        assert run.result(timeout=5).outcome in ("cancelled", "complete"), step
        step += 1
    assert step > 10  # it did look into the calls


def test_a_wake_is_given_once_and_may_be_given_early():
    wake = Wake()
    assert not wake.wait(0)
    assert not wake.wait(-1)
    wake.set()
    wake.set()
    assert wake.wait(0)
    assert not wake.wait(0.001)
    threading.Timer(0.01, wake.set).start()
    assert wake.wait()
