"""Waiting for what has no event: what happens in another thread, at the other end of a socket, or in the collector."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

__all__ = ["soon", "until"]

PATIENCE = 10.0
"""Seconds after which what has not happened never will; a test that passes does not wait for them."""


def until(happened: Callable[[], object]) -> bool:
    """Look again and again; False if it has not happened in time."""
    end = time.monotonic() + PATIENCE
    while not happened():
        if time.monotonic() > end:
            return False
        time.sleep(0.001)
    return True


async def soon(happened: Callable[[], object]) -> None:
    """The same on a loop that goes on meanwhile; TimeoutError if it has not happened in time."""
    async with asyncio.timeout(PATIENCE):
        while not happened():  # noqa: ASYNC110  # there is no event to wait for
            await asyncio.sleep(0.001)
