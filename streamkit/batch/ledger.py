"""A file that says which prompts are finished, and what was answered: a line each, whole whatever happens."""

from __future__ import annotations

import asyncio
import json
import os
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import KW_ONLY, dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any

from ..errors import MalformedError, SinkError, excerpt, one_line
from ..events import Reply
from ..jsonform import from_json, tell_missed, to_json
from ..sinks.files import Sync, Syncing, locked, open_private, sync_folder, write_all
from ..worker import Worker
from .item import BatchItem

__all__ = ["Book", "Ledger"]

HEAD = b'{"asked":'
KEYS = frozenset({"asked", "content", "cost", "error", "outcome", "reply"})
PATIENCE, PAUSE = 2.0, 0.05
"""Seconds to wait for a batch that is just closing the file, and between two looks."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """The ledger of a batch: a file made for its owner only (0600), to which a line is added for each prompt.

    A line is an object with ``asked`` (the prompt's key), ``content`` (a hash of it, unless that is the key),
    ``outcome``, ``cost`` and ``reply`` as `to_json` writes it; or ``error`` instead of a reply: that prompt is asked
    again. A line is in the hands of the system before its item is delivered, so a killed process loses none, and half
    a line that it left is seen to. ``sync`` is for power cuts: the file is forced to the disk with ``every`` line,
    with the first that comes so many seconds after the last time, or at the end (``close``).

    One batch at a time may use it. Takes about 200 bytes of memory for each finished prompt.
    """

    path: str | os.PathLike[str]
    _: KW_ONLY
    sync: Sync | None = None

    def __post_init__(self) -> None:
        Syncing(self.sync)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Book]:
        """What it holds, locked. SinkError if it cannot be opened or another batch has it, ValueError if the file is
        something else."""
        worker = Worker("Ledger")
        book = Book(Path(self.path), Syncing(self.sync), worker)
        try:
            await worker.call(book.open)
            waited = 0.0
            while not await worker.call(book.lock):
                if waited >= PATIENCE:
                    raise SinkError(f"ledger {book.name} is in use: one batch at a time")
                waited += PAUSE
                await asyncio.sleep(PAUSE)
            await worker.call(book.load)
            yield book
        finally:
            await worker.end(book.close, limit=None)


class Book:
    """A ledger in use. Whatever touches the file is done in the thread of ``worker``, one thing at a time."""

    def __init__(self, path: Path, sync: Syncing, worker: Worker) -> None:
        self.path = path.absolute()
        self.name = one_line(path.name)
        self.spent, self.paid_for = 0.0, 0
        """What was paid before it was opened, and for how many prompts."""
        self._sync, self._worker = sync, worker
        self._fd: int | None = None
        self._file: BufferedReader | None = None
        self._places: dict[str, int] = {}
        self._size = 0

    async def find(self, key: str, content: str | None) -> tuple[Reply, float | None] | None:
        """The reply to the prompt of that name, unless it had another content, and what it cost."""
        place = self._places.get(key)
        return None if place is None else await self._worker.call(self._read, place, content)

    async def add(self, item: BatchItem, content: str | None) -> None:
        """Stored when this returns; not interrupted by a cancel, for the reply was paid for."""
        written = self._worker.call(self._write, item, content)
        written.add_done_callback(asyncio.Future.exception)  # a shield that was cancelled does not ask
        await asyncio.shield(written)

    # -- in the thread ---------------------------------------------------------------------------------------------

    def open(self) -> None:
        try:
            self._fd = open_private(self.path, os.O_CREAT)
        except OSError as exc:
            raise SinkError(f"ledger {self.name} cannot be opened: {exc.strerror or exc}") from exc
        if self._sync.at_close:
            sync_folder(self.path)

    def lock(self) -> bool:
        return self._fd is not None and locked(self._fd) is not False

    def load(self) -> None:
        assert self._fd is not None
        # a descriptor of its own: writing moves the place at which the other one reads
        self._file = file = open(open_private(self.path), "rb")  # noqa: SIM115  # read from until the end
        damaged, missed = 0, set[str]()
        for line in file:
            place, self._size = self._size, self._size + len(line)
            form = self._check(line, place)
            if form is not None:
                self._note(form, place)
                missed |= form.keys() - KEYS
            elif line.endswith(b"\n"):
                damaged += 1
            else:
                os.ftruncate(self._fd, place)  # a kill left half a line: that prompt was not delivered
                self._size = place
        if self._size and not line.endswith(b"\n") and form is not None:
            write_all(self._fd, b"\n")
            self._size += 1
        if damaged:
            text = f"damaged lines in {self.name}: {damaged}; their prompts are asked again"
            warnings.warn(text, RuntimeWarning, stacklevel=2)
        tell_missed(f"ledger {self.name}", missed)

    def _check(self, line: bytes, place: int) -> dict[str, Any] | None:
        try:
            if not place and line[: len(HEAD)] != HEAD[: len(line)]:
                raise ValueError("no line of a ledger")
            return _form(line)
        except ValueError as exc:
            raise ValueError(
                f"{one_line(str(self.path))} is no ledger, or one of a newer version of streamkit: "
                f"it holds something else ({excerpt(line.decode('utf-8', 'replace'), 60)})"
            ) from exc

    def _note(self, form: dict[str, Any], place: int) -> None:
        if "reply" in form:
            self._places[form["asked"]] = place
        if isinstance(cost := form.get("cost"), (int, float)):
            self.spent += cost
            self.paid_for += bool(cost)

    def _read(self, place: int, content: str | None) -> tuple[Reply, float | None] | None:
        assert self._file is not None
        self._file.seek(place)
        form = _form(self._file.readline()) or {}
        if None not in (content, before := form.get("content")) and before != content:
            return None
        try:
            reply = from_json(json.dumps(form.get("reply")))
            if isinstance(reply, Reply):
                return reply, form.get("cost")
            problem = f"its answer is an event {reply.type!r}"
        except MalformedError as exc:
            problem = str(exc)
        text = f"a prompt in {self.name} is asked again, for its answer cannot be read: {problem}"
        warnings.warn(text, RuntimeWarning, stacklevel=2)
        return None

    def _write(self, item: BatchItem, content: str | None) -> None:
        assert self._fd is not None
        line = _line(item, content)
        try:
            write_all(self._fd, line)
        except OSError:
            os.ftruncate(self._fd, self._size)  # half a line would spoil the next one
            raise
        if item.reply is not None:
            self._places[item.key] = self._size
        self._size += len(line)
        if self._sync.due():
            os.fsync(self._fd)

    def close(self) -> None:
        fd, self._fd, file, self._file = self._fd, None, self._file, None
        if file is not None:
            file.close()
        if fd is not None:
            try:
                if self._sync.at_close:
                    os.fsync(fd)
            finally:
                os.close(fd)


def _line(item: BatchItem, content: str | None) -> bytes:
    form: dict[str, Any] = {"asked": item.key}
    if content is not None and content != item.key:
        form["content"] = content
    form["outcome"] = item.outcome
    if item.cost is not None:
        form["cost"] = item.cost
    if item.error is not None:
        form["error"] = excerpt(f"{type(item.error).__name__}: {item.error}")
    line = json.dumps(form, separators=(",", ":")).encode()
    if item.reply is not None:
        line = b'%b,"reply":%b}' % (line[:-1], to_json(item.reply))
    return line + b"\n"


def _form(line: bytes) -> dict[str, Any] | None:
    """What a line says; None if it is damaged, ValueError if it is whole and says something else."""
    try:
        form = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if isinstance(form, dict) and isinstance(form.get("asked"), str):
        return form
    raise ValueError("no line of a ledger")
