"""The runs of this process that are at work, by their ids."""

from __future__ import annotations

import asyncio
import os
from collections.abc import ItemsView, Iterator, KeysView, Mapping, ValuesView
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .run import Run

__all__ = ["Runs", "at_work"]

at_work: dict[str, tuple[Run, asyncio.AbstractEventLoop]] = {}
"""Each with its loop, from its beginning until it has ended, also if nobody else keeps it meanwhile."""


class Runs(Mapping[str, "Run"]):
    """The runs that are at work, by `Run.id`; also those that a batch makes for its prompts.

    A view that changes as runs begin and end, in any thread. What iterates it sees those that were there when it began.
    An id that is unknown, or whose run has ended, is a KeyError; use ``get``.

        run = sk.runs.get(id)
        if run is not None:
            run.cancel()
    """

    def __getitem__(self, id: str) -> Run:
        run, loop = at_work.get(id, (None, None))
        if run is None or loop is None or loop.is_closed():
            raise KeyError(f"no run {id!r} is at work: it has ended, or is of another process")
        return run

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
        return {id: run for id, (run, loop) in at_work.copy().items() if not loop.is_closed()}

    def __repr__(self) -> str:
        return f"<runs at work: {', '.join(self._now()) or 'none'}>"


os.register_at_fork(after_in_child=at_work.clear)  # they go on in the parent
