"""Items that were taken but not yet passed on, in a file that outlives the process."""

from __future__ import annotations

import json
import os
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from ..errors import SinkError, StreamkitError, one_line, said
from ..jsonform import from_json
from .files import locked, open_private, write_all
from .forms import EVENTS, form

__all__ = ["Spool"]

HEAD = b'{"key":'


class Spool:
    """Lines ``{"key": ..., "event": ...}`` (or ``"item"``): what belongs to batches that were not sent.

    It is emptied when all of it was sent, so its size is that of a batch. One process at a time may use it.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path).absolute()
        self._fd: int | None = None
        self._size = 0
        fd = open_private(self.path, os.O_CREAT)
        try:
            self._read(fd)  # a file that is something else is refused now, before anything in it is lost
        finally:
            os.close(fd)

    def begin(self) -> list[tuple[str, list[Any]]]:
        """The batches that were left behind, in their order, each with its key."""
        self._fd = fd = open_private(self.path, os.O_CREAT)
        if locked(fd) is False:
            self.end()
            raise SinkError(f"spool {self.path.name} is in use: each sink needs one of its own")
        try:
            return self._read(fd)
        except BaseException:
            self.end()
            raise

    def add(self, key: str, item: Any) -> None:
        assert self._fd is not None
        line = b'%b%b,"%b":%b}\n' % (HEAD, _json(key), b"event" if isinstance(item, EVENTS) else b"item", _json(item))
        try:
            write_all(self._fd, line)
        except BaseException:
            os.ftruncate(self._fd, self._size)  # half a line would spoil all that follow
            raise
        self._size += len(line)

    def clear(self) -> None:
        assert self._fd is not None
        os.ftruncate(self._fd, 0)
        self._size = 0

    def end(self) -> None:
        """What is still in it stays there."""
        fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)

    def _read(self, fd: int) -> list[tuple[str, list[Any]]]:
        os.lseek(fd, 0, os.SEEK_SET)
        with open(fd, "rb", closefd=False) as file:
            *lines, half = file.read().split(b"\n")
        try:
            if half[: len(HEAD)] != HEAD[: len(half)]:  # of ours, a kill may have left half a line
                raise ValueError("not a line of ours")
            entries = [_entry(line) for line in lines]
        except (ValueError, KeyError, TypeError, StreamkitError) as exc:
            raise ValueError(
                f"{one_line(str(self.path))} is no spool of batches, or one of a newer version of streamkit: "
                f"it holds something else ({said(exc)})"
            ) from exc
        self._size = sum(len(line) + 1 for line in lines)
        if self._fd is not None:
            os.ftruncate(fd, self._size)
        return [(key, [item for _, item in group]) for key, group in groupby(entries, itemgetter(0))]


def _json(item: Any) -> bytes:
    return json.dumps(item).encode() if isinstance(item, str) else form(item)


def _entry(line: bytes) -> tuple[str, Any]:
    found = json.loads(line)
    unknown = set(found) - {"key", "event", "item"}
    if unknown:
        raise ValueError(f"unknown parts: {', '.join(sorted(unknown))}")
    return found["key"], from_json(json.dumps(found["event"])) if "event" in found else found["item"]
