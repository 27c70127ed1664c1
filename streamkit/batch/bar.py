"""The progress of a batch as a bar on stderr."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TextIO

from ..events import Reply
from .item import BatchItem

if TYPE_CHECKING:
    from rich.progress import Progress

__all__ = ["Bar", "progress"]


class Bar:
    """A sink that shows the progress of a batch; see `progress`."""

    def __init__(self, total: int | None, file: TextIO | None, show: bool | None) -> None:
        self._total, self._file, self._show = total, file, show
        self._reset()

    def _reset(self) -> None:
        self._progress: Progress | None = None
        self._failed = self._from_ledger = 0
        self._cost = 0.0

    def write(self, item: BatchItem) -> None:
        file = self._file or sys.stderr
        if self._show is False or (self._show is None and not file.isatty()):
            return
        if self._progress is None:
            self._progress = _bar(file, self._total)
        self._failed += item.reply is None
        self._from_ledger += item.from_ledger
        self._cost += item.cost or 0.0
        parts = [(self._failed, "failed"), (self._from_ledger, "from the ledger")]
        summary = [f"{count} {what}" for count, what in parts if count]
        summary += [f"cost {self._cost:.4g}"] if self._cost else []
        self._progress.update(self._progress.task_ids[0], advance=1, summary=", ".join(summary))

    def close(self, reply: Reply) -> None:
        if self._progress is not None:
            self._progress.stop()
        self._reset()


def _bar(file: TextIO, total: int | None) -> Progress:
    try:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
    except ImportError as exc:
        raise ImportError("the progress bar needs rich: pip install 'streamkit-rx[batch]'") from exc
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.fields[summary]}"))
    progress = Progress(*columns, console=Console(file=file))
    progress.add_task("", total=total, summary="")
    progress.start()
    return progress


def progress(total: int | None = None, *, file: TextIO | None = None, show: bool | None = None) -> Bar:
    """A sink for `BatchItem`: a bar with how many prompts are done, failed and from the ledger, and what they cost.

    On ``file`` (default: what `sys.stderr` is then), if that is a terminal or ``show`` is true. ``total`` is the number
    of prompts, if that is known. Needs rich, which the extra ``batch`` installs.
    """
    return Bar(total, file, show)
