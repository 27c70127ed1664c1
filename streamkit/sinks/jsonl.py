"""A file of lines, each an event as JSON, whole whatever happens to the process that writes it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal, TypeAlias

from .durable import Durable
from .files import Sync, Syncing, ends_in_half_a_line, open_private, sync_folder, write_all
from .forms import numbered
from .threaded import Worker

__all__ = ["JsonLines", "jsonl"]

Mode: TypeAlias = Literal["create", "append", "replace"]
MODES = {"create": os.O_CREAT | os.O_EXCL, "append": os.O_CREAT, "replace": os.O_CREAT | os.O_TRUNC}


class JsonLines(Durable):
    """Appends a line for each item; see `jsonl`."""

    def __init__(self, path: str | os.PathLike[str], mode: Mode, stream: str | None, sync: Sync | None) -> None:
        if mode not in MODES:
            raise ValueError(f"mode is one of {', '.join(MODES)}, not {mode!r}")
        self._sync = Syncing(sync)
        super().__init__(stream, None if sync is None else Worker("JsonLines"))
        self.path = Path(path).absolute()
        self._fd: int | None = None
        fd = open_private(self.path, MODES[mode])  # refused now, not in the middle of a reply
        if mode == "replace" and hasattr(os, "fchmod"):
            os.fchmod(fd, 0o600)
        os.close(fd)
        if sync is not None:
            sync_folder(self.path)

    def _store(self, item: Any, seq: int) -> None:
        line = numbered(item, self.stream, seq) + b"\n"
        if self._fd is None:
            self._fd = open_private(self.path)
            if ends_in_half_a_line(self._fd):  # left by a crash: it must not swallow ours
                line = b"\n" + line
        try:
            write_all(self._fd, line)
        except OSError:
            self._shut()  # to look again whether it is half a line
            raise
        if self._sync.due():
            os.fsync(self._fd)

    def _release(self) -> None:
        try:
            if self._fd is not None and self._sync.at_close:
                os.fsync(self._fd)
        finally:
            self._shut()

    def _shut(self) -> None:
        fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)

    def __repr__(self) -> str:
        return f"<jsonl {str(self.path)!r}>"


def jsonl(
    path: str | os.PathLike[str], *, mode: Mode = "create", stream: str | None = None, sync: Sync | None = None
) -> JsonLines:
    """A sink that writes each item as one line of JSON to the file ``path``: events as `to_json` does.

    A str becomes a `TextDelta`, so that `from_json` reads every line; a dict, dataclass or pydantic model becomes an
    object, anything else the ``value`` of one. The last line of each run is its `Reply`, also when operators dropped
    it or the run was cancelled. Every line has two more keys: ``stream``, an id, and ``seq``, which counts the lines of
    that stream from 0. Each run gets an id of its own unless ``stream`` gives one, which says that a repeated number
    is a repeated item.

    The file is made at once, for its owner only (0600), and never reached through a symbolic link. ``create`` raises
    FileExistsError if there is one, ``append`` goes on after what it holds, ``replace`` empties it.

    A line is in the hands of the system when it is written, so a killed process loses none and leaves at most half a
    one at the end. ``sync`` is for power cuts: the file is forced to the disk at the end (``close``), after ``every``
    line (milliseconds each), or with the first line that comes so many seconds after the last time, and at the end.
    That is done in a thread.
    """
    return JsonLines(path, mode, stream, sync)
