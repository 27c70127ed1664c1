"""The runs of this process that are at work, by their ids."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, KeysView, Mapping, ValuesView
from typing import TYPE_CHECKING

from ..upstream import at_work

if TYPE_CHECKING:
    from .running import Run

__all__ = ["Runs", "runs"]


class Runs(Mapping[str, "Run"]):
    """The runs that are at work, by `Run.id`; also those that a batch makes for its prompts.

    A view that changes as runs begin and end, in any thread. An iteration gives the runs that were there when it began.
    An id that is unknown, or whose run has ended, is a KeyError; use ``get``.

        run = sk.runs.get(id)
        if run is not None:
            run.cancel()
    """

    def __getitem__(self, id: str) -> Run:
        entry = at_work.get(id)
        if entry is None or entry.loop.is_closed():
            raise KeyError(f"no run {id!r} is at work: it has ended, or is of another process")
        run: Run = entry.run()
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
        return {id: entry.run() for id, entry in at_work.copy().items() if not entry.loop.is_closed()}

    def __repr__(self) -> str:
        return f"<runs at work: {', '.join(self._now()) or 'none'}>"


runs = Runs()
