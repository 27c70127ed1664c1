"""The runs of this process that are at work, by their ids, for modules that must not import `Run`."""

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
    """The entry of a run from its beginning until it has ended; `run` may be called from any thread.

    It does not keep the `Run` object alive, because its collection has effects: items that can no longer be read are
    not held back, and an error that can no longer be asked for is logged.
    """

    __slots__ = ("_lock", "_new_run", "_run", "loop")

    def __init__(self, run: ref[Any], new_run: Callable[[], Any], loop: asyncio.AbstractEventLoop) -> None:
        self._run, self._new_run, self._lock = run, new_run, Lock()
        self.loop = loop

    def run(self) -> Any:
        """The `Run` object that still exists, else a new one for the same run."""
        with self._lock:
            run = self._run()
            if run is None:
                run = self._new_run()
                self._run = ref(run)
            return run


at_work: dict[str, AtWork] = {}
os.register_at_fork(after_in_child=at_work.clear)  # these runs continue in the parent


@forgets_closed_loops
def forget_closed_runs() -> None:
    """Drop the runs on loops that were closed without notice."""
    for id in [id for id, entry in at_work.copy().items() if entry.loop.is_closed()]:
        at_work.pop(id, None)
