"""The buffer between a source and a reader in another thread."""

from __future__ import annotations

import asyncio
import sys
from types import FrameType
from typing import Any

from streamkit.engine.streams.bridge import Bridge
from streamkit.engine.upstream import CAPACITY, Gate, Hold


def test_a_reader_that_takes_all_at_the_moment_of_the_hold_does_not_stop_the_source() -> None:
    """It takes the items between the look at the full buffer and the hold, so it sees no hold that it could end."""
    gate, loop = Gate(), asyncio.new_event_loop()
    bridge, taken = Bridge(loop, gate), []

    def read_all(frame: FrameType, event: str, arg: Any) -> None:
        if frame.f_code is Hold.set.__code__:
            while item := bridge.take():
                taken.extend(item)

    sys.settrace(read_all)
    try:
        for number in range(CAPACITY):
            bridge.on_next(number)
    finally:
        sys.settrace(None)
    assert taken == list(range(CAPACITY))
    assert not gate.closed
    loop.close()
