"""The runs of this process that are at work, by their ids, as those below them in the house may know them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from threading import Lock
from typing import Any
from weakref import ref

from ..loops import forgets_closed_loops

__all__ = ["AtWork", "at_work"]


class AtWork:
    """A run from its beginning until it has ended. Its `Run` is not kept: whether anybody has it makes a difference, as
    items that nobody can read are not held back, and a failure that nobody can ask for is logged."""

    __slots__ = ("_again", "_lock", "_run", "loop")

    def __init__(self, run: ref[Any], again: Callable[[], Any], loop: asyncio.AbstractEventLoop) -> None:
        self._run, self._again, self._lock = run, again, Lock()
        self.loop = loop

    def run(self) -> Any:
        """The one that somebody has, else another one of the same."""
        with self._lock:
            run = self._run()
            if run is None:
                run = self._again()
                self._run = ref(run)
            return run


at_work: dict[str, AtWork] = {}
os.register_at_fork(after_in_child=at_work.clear)  # they go on in the parent


@forgets_closed_loops
def forget_closed() -> None:
    for id in [id for id, entry in at_work.copy().items() if entry.loop.is_closed()]:
        at_work.pop(id, None)
