"""The spool of `batched`: a file of items that were accepted but not yet passed on, which outlives the process."""

from __future__ import annotations

import asyncio
import json
import os
import weakref
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from ..errors import SinkError, StreamkitError
from ..file_lock import lock
from ..files import append, open_private
from ..json_form import from_json
from ..json_values import json_line, loads
from ..wording import one_line, said
from .item_forms import EVENTS, form_of

__all__ = ["OpenSpool", "Spool"]

HEAD = b'{"key":'


class Spool:
    """A file of lines ``{"key": ..., "event": ...}`` (or ``"item"``), the items of batches that were not passed on.

    It is emptied when all of them were passed on, so its size is that of a batch. One process at a time may use it.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path).absolute()
        self.name = one_line(self.path.name)
        fd = open_private(self.path, os.O_CREAT)
        try:
            self._read(fd)  # a file of something else is refused now, before anything in it is lost
        finally:
            os.close(fd)

    def begin(self, loop: asyncio.AbstractEventLoop) -> OpenSpool:
        """Open and lock the file for a run on ``loop``, and read the batches that were left in it."""
        fd = open_private(self.path, os.O_CREAT)
        try:
            if lock(fd) is False and not (_release_abandoned(fd) and lock(fd)):
                raise SinkError(f"spool {self.name} is in use: each sink needs one of its own")
            earlier, size = self._read(fd)
            os.ftruncate(fd, size)
            return OpenSpool(fd, loop, earlier, size)
        except BaseException:
            os.close(fd)
            raise

    def _read(self, fd: int) -> tuple[list[tuple[str, list[Any]]], int]:
        """The batches in it, each with its key, and the size of its complete lines in bytes."""
        os.lseek(fd, 0, os.SEEK_SET)
        with open(fd, "rb", closefd=False) as file:
            *lines, half = file.read().split(b"\n")
        try:
            if half[: len(HEAD)] != HEAD[: len(half)]:  # a partial line that a kill left begins like others
                raise ValueError("not a line of a spool")
            entries = [_entry(line) for line in lines]
        except (ValueError, KeyError, TypeError, StreamkitError) as exc:
            raise ValueError(
                f"{one_line(str(self.path))} is not a spool of batches, or one of a newer version of streamkit: "
                f"it holds something else ({said(exc)})"
            ) from exc
        batches = [(key, [item for _, item in group]) for key, group in groupby(entries, itemgetter(0))]
        return batches, sum(len(line) + 1 for line in lines)


class OpenSpool:
    """A spool in use. Its lock is released by `end`, or with the last reference to it, however the run ended."""

    def __init__(
        self, fd: int, loop: asyncio.AbstractEventLoop, earlier: list[tuple[str, list[Any]]], size: int
    ) -> None:
        self.earlier = earlier
        """The batches that an earlier run left, in their order, each with its key."""
        self._fd, self._size = fd, size
        self.loop = loop
        in_use[_file_id(fd)] = self
        self._close = weakref.finalize(self, os.close, fd)  # last: if anything fails before, the caller closes it

    def add(self, key: str, item: Any) -> None:
        kind = "event" if isinstance(item, EVENTS) else "item"
        line = json_line({"key": key, kind: item}, form_of) + b"\n"
        assert self._close.alive
        self._size = append(self._fd, line, self._size)

    def clear(self) -> None:
        """Empty the file: all items were passed on. Does nothing once the file was released, as another sink may use
        it."""
        if self._close.alive:
            os.ftruncate(self._fd, 0)
            self._size = 0

    def end(self) -> None:
        """Release the file; items that are still in it stay there."""
        self._close()


in_use: weakref.WeakValueDictionary[tuple[int, int], OpenSpool] = weakref.WeakValueDictionary()
"""The spools that this process has in use."""


def _file_id(fd: int) -> tuple[int, int]:
    status = os.fstat(fd)
    return status.st_dev, status.st_ino


def _release_abandoned(fd: int) -> bool:
    """Release the file if it was locked by a run of this process that can never end, because its loop is closed; True
    if it was."""
    spool = in_use.get(_file_id(fd))
    if spool is None or not spool.loop.is_closed():
        return False
    spool.end()
    return True


def _entry(line: bytes) -> tuple[str, Any]:
    entry = loads(line)
    unknown = set(entry) - {"key", "event", "item"}
    if unknown:
        raise ValueError(f"unknown parts: {', '.join(sorted(unknown))}")
    return entry["key"], from_json(json.dumps(entry["event"])) if "event" in entry else entry["item"]
