"""The runs of this process that are at work, by their ids."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, ItemsView, Iterator, KeysView, Mapping, ValuesView
from threading import Lock
from typing import TYPE_CHECKING
from weakref import ref

if TYPE_CHECKING:
    from .run import Run

__all__ = ["AtWork", "Runs", "at_work"]


class AtWork:
    """A run from its beginning until it has ended. Its `Run` is not kept: whether anybody has it makes a difference, as
    items that nobody can read are not held back, and a failure that nobody can ask for is logged."""

    __slots__ = ("_again", "_lock", "_run", "loop")

    def __init__(self, run: ref[Run], again: Callable[[], Run], loop: asyncio.AbstractEventLoop) -> None:
        self._run, self._again, self._lock = run, again, Lock()
        self.loop = loop

    def run(self) -> Run:
        """The one that somebody has, else another one of the same."""
        with self._lock:
            run = self._run()
            if run is None:
                run = self._again()
                self._run = ref(run)
            return run


at_work: dict[str, AtWork] = {}


class Runs(Mapping[str, "Run"]):
    """The runs that are at work, by `Run.id`; also those that a batch makes for its prompts.

    A view that changes as runs begin and end, in any thread. What iterates it sees those that were there when it began.
    An id that is unknown, or whose run has ended, is a KeyError; use ``get``.

        run = sk.runs.get(id)
        if run is not None:
            run.cancel()
    """

    def __getitem__(self, id: str) -> Run:
        entry = at_work.get(id)
        if entry is None or entry.loop.is_closed():
            raise KeyError(f"no run {id!r} is at work: it has ended, or is of another process")
        return entry.run()

    def __iter__(self) -> Iterator[str]:
        return iter(self._now())

    def __len__(self) -> int:
        return len(self._now())

    def keys(self) -> KeysView[str]:
        return self._now().keys()

    def values(self) -> ValuesView[Run]:
        return self._now().values()

    def items(self) -> ItemsView[str, Run]:
        return self._now().items()

    def _now(self) -> dict[str, Run]:
        return {id: entry.run() for id, entry in at_work.copy().items() if not entry.loop.is_closed()}

    def __repr__(self) -> str:
        return f"<runs at work: {', '.join(self._now()) or 'none'}>"


os.register_at_fork(after_in_child=at_work.clear)  # they go on in the parent
