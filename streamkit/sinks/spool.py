"""Items that were taken but not yet passed on, in a file that outlives the process."""

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
from ..files import locked, open_private, write_all
from ..jsonform import from_json
from ..wording import one_line, said
from .itemforms import EVENTS, form

__all__ = ["Kept", "Spool"]

HEAD = b'{"key":'


class Spool:
    """Lines ``{"key": ..., "event": ...}`` (or ``"item"``): what belongs to batches that were not sent.

    It is emptied when all of it was sent, so its size is that of a batch. One process at a time may use it.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path).absolute()
        self.name = one_line(self.path.name)
        fd = open_private(self.path, os.O_CREAT)
        try:
            self._read(fd)  # a file that is something else is refused now, before anything in it is lost
        finally:
            os.close(fd)

    def begin(self, loop: asyncio.AbstractEventLoop) -> Kept:
        """The file, locked for a run on ``loop``, with what was left behind in it."""
        fd = open_private(self.path, os.O_CREAT)
        try:
            if locked(fd) is False and not (_left_behind(fd) and locked(fd)):
                raise SinkError(f"spool {self.name} is in use: each sink needs one of its own")
            left, size = self._read(fd)
            os.ftruncate(fd, size)
            return Kept(fd, loop, left, size)
        except BaseException:
            os.close(fd)
            raise

    def _read(self, fd: int) -> tuple[list[tuple[str, list[Any]]], int]:
        """The batches in it, each with its key, and how long its whole lines are."""
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
        left = [(key, [item for _, item in group]) for key, group in groupby(entries, itemgetter(0))]
        return left, sum(len(line) + 1 for line in lines)


class Kept:
    """A spool in use. Its lock is let go by `end`, or with the last reference to it, whatever became of the run."""

    def __init__(self, fd: int, loop: asyncio.AbstractEventLoop, left: list[tuple[str, list[Any]]], size: int) -> None:
        self.left = left
        """The batches that were left behind, in their order, each with its key."""
        self._fd, self._size = fd, size
        self.loop = loop
        held[_which(fd)] = self
        self._close = weakref.finalize(self, os.close, fd)  # last: whoever asked closes it if anything fails before

    def add(self, key: str, item: Any) -> None:
        line = b'%b%b,"%b":%b}\n' % (HEAD, _json(key), b"event" if isinstance(item, EVENTS) else b"item", _json(item))
        assert self._close.alive
        try:
            write_all(self._fd, line)
        except BaseException:
            os.ftruncate(self._fd, self._size)  # half a line would spoil all that follow
            raise
        self._size += len(line)

    def clear(self) -> None:
        """All of it was sent. Once the file was let go, somebody else may keep things in it: then nothing is done."""
        if self._close.alive:
            os.ftruncate(self._fd, 0)
            self._size = 0

    def end(self) -> None:
        """What is still in it stays there."""
        self._close()


held: weakref.WeakValueDictionary[tuple[int, int], Kept] = weakref.WeakValueDictionary()
"""The spools that this process has in use."""


def _which(fd: int) -> tuple[int, int]:
    status = os.fstat(fd)
    return status.st_dev, status.st_ino


def _left_behind(fd: int) -> bool:
    """Whether the file was locked by a run of this process that will never end, as its loop is closed: no longer."""
    kept = held.get(_which(fd))
    if kept is None or not kept.loop.is_closed():
        return False
    kept.end()
    return True


def _json(item: Any) -> bytes:
    return json.dumps(item).encode() if isinstance(item, str) else form(item)


def _entry(line: bytes) -> tuple[str, Any]:
    found = json.loads(line)
    unknown = set(found) - {"key", "event", "item"}
    if unknown:
        raise ValueError(f"unknown parts: {', '.join(sorted(unknown))}")
    return found["key"], from_json(json.dumps(found["event"])) if "event" in found else found["item"]
