"""A sink that writes events as lines of JSON to a file. A killed process leaves at most its last line incomplete."""

from __future__ import annotations

import os
from collections.abc import Awaitable
from pathlib import Path
from typing import Any, Literal, TypeAlias

from ..checks import check_text
from ..events import Reply
from ..files import Sync, Syncing, mend, open_private, private_path, sync_folder, write_all
from ..worker import Worker, closing_limit
from .durable import Durable
from .item_forms import numbered_line

__all__ = ["JsonLines", "jsonl"]

Mode: TypeAlias = Literal["create", "append", "replace"]
MODES = {"create": os.O_CREAT | os.O_EXCL, "append": os.O_CREAT, "replace": os.O_CREAT | os.O_TRUNC}


class JsonLines(Durable):
    """Appends a line for each item; see `jsonl`."""

    def __init__(self, path: Path, mode: Mode, stream: str | None, sync: Sync | None) -> None:
        check_text("mode", mode)
        if mode not in MODES:
            raise ValueError(f"mode is one of {', '.join(MODES)}, not {mode!r}")
        self._sync = Syncing(sync)
        super().__init__(stream)
        self.path = path
        self.storage = os.path.realpath(path)
        self._worker = Worker("JsonLines")
        self._fd: int | None = None
        self._folder_synced = False
        self._make(mode)  # raises now, not in the middle of a reply

    def write(self, item: Any) -> Awaitable[None] | None:
        """Store an item before returning; with ``sync``, it is on the disk once the result was awaited."""
        self._keep(item)
        return self._worker.call(self._force) if self._sync.due() else None

    def close(self, reply: Reply) -> Awaitable[None] | None:
        if self._sync.at_close:
            return self._worker.end(self._end, reply, limit=closing_limit(reply))
        self._end(reply)
        return None

    def _make(self, mode: Mode) -> None:
        try:
            os.close(open_private(self.path, MODES[mode]))
        except FileExistsError as exc:
            exc.add_note('mode="append" goes on after what it holds, mode="replace" empties it')
            raise

    def _store(self, item: Any, seq: int) -> None:
        line = numbered_line(item, self.stream, seq) + b"\n"
        if self._fd is None:
            self._fd = self._open()
        try:
            write_all(self._fd, line)
        except BaseException:
            self._shut()  # a partial line is repaired when the file is opened again
            raise

    def _open(self) -> int:
        fd, self._folder_synced = open_private(self.path, os.O_CREAT), False  # the file may have been moved away since
        try:
            mend(fd)
        except BaseException as exc:
            os.close(fd)
            # if another sink holds the file, a later `close` must not store a Reply in it
            self._replied = isinstance(exc, BlockingIOError)
            raise
        return fd

    def _force(self) -> None:
        if self._fd is not None:
            os.fsync(self._fd)
        if not self._folder_synced:
            sync_folder(self.path)
            self._folder_synced = True

    def _release(self) -> None:
        try:
            if self._sync.at_close:
                self._force()
        finally:
            self._shut()

    def _shut(self) -> None:
        fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)

    def __repr__(self) -> str:
        return f"<jsonl {str(self.path)!r}>"


def jsonl(
    path: str | os.PathLike[str],
    *,
    mode: Mode = "create",
    folder: str | os.PathLike[str] | None = None,
    stream: str | None = None,
    sync: Sync | None = None,
) -> JsonLines:
    """A sink that writes each item as one line of JSON to the file ``path``: events as `to_json` does.

    A str becomes a `TextDelta`, so that `from_json` reads every line; a dict, dataclass or pydantic model becomes an
    object, anything else the ``value`` of one. The last line of each run is its `Reply`, also when operators dropped
    it or the run was cancelled. Every line has two more keys: ``stream``, an id, and ``seq``, which counts the lines of
    that stream from 0. The id is that of the run (`Run.id`; a second sink of one run on this file has one ending in
    ``.2``) unless ``stream`` gives one, which says that a repeated number is a repeated item.

    The file is made at once, for its owner only (0600), and never reached through a symbolic link. ``create`` raises
    FileExistsError if there is one, ``append`` goes on after what it holds, ``replace`` empties it. With ``folder``,
    ``path`` is a name in it that may come from anywhere: ValueError for one that could lead elsewhere.

    A line is handed to the operating system when it is written, so a killed process loses none and leaves at most a
    partial one at the end, which is cut off when a sink opens the file again. ``sync`` is for power cuts: the file is
    forced to the disk at the end (``close``), after ``every`` line (milliseconds each), or with the first line that
    comes so many seconds after the last time, and at the end. That is done in a thread.

    Several sinks may append to one file, also from several processes; their lines are whole, and mingle. So a server
    makes one for each reply, with ``mode="append"``: that costs no thread, and no more than opening a file.
    """
    return JsonLines(private_path(path, folder), mode, stream, sync)
