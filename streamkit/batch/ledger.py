"""The ledger of a batch: a file of the finished prompts and their answers, one line each. A crash leaves at most the
last line incomplete."""

from __future__ import annotations

import asyncio
import json
import os
import weakref
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import KW_ONLY, dataclass, field
from io import BufferedReader
from pathlib import Path
from typing import Any

from .. import patience
from ..engine.failures import LOGGER
from ..errors import MalformedError, SinkError
from ..events import Reply
from ..file_lock import lock
from ..files import Sync, Syncing, append, open_private, sync_folder
from ..json_form import missed_warning, read_event
from ..wording import excerpt, one_line
from ..worker import Worker
from .item import BatchItem
from .ledger_lines import KEYS, is_half, is_ledger_line, line_of, read_line

__all__ = ["Book", "Ledger"]

MOST = 1e300
"""A larger number is not taken for the cost of a prompt."""
LISTED = 10
"""Damaged lines whose numbers are logged."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """The ledger of a batch: a file made for its owner only (0600), to which a line is added for each prompt.

    A line is an object with ``asked`` (the prompt's key), ``form``, ``content`` (a hash of it, unless that is the key),
    ``outcome``, ``cost`` and ``reply`` as `to_json` writes it; or ``error`` instead of a reply: that prompt is asked
    again. It ends with ``crc``, the CRC-32 of all that stands before it; a line with a wrong one is not trusted. A
    line is handed to the operating system before its item is delivered, so a killed process loses none, and a partial
    line that it left is repaired. ``sync`` is for power cuts: the file is forced to the disk with ``every`` line,
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
        """The open ledger, locked. SinkError if it cannot be opened or another batch uses it, ValueError if the file is
        not a ledger."""
        worker = Worker("Ledger")
        book = Book(Path(self.path), Syncing(self.sync), worker)
        try:
            await worker.call(book.open)
            waited = 0.0
            while not await worker.call(book.lock):
                if waited >= patience.LEDGER_LOCK:
                    raise SinkError(f"ledger {book.name} is in use: one batch at a time")
                waited += patience.LEDGER_STEP
                await asyncio.sleep(patience.LEDGER_STEP)
            await worker.call(book.load)
            yield book
        finally:
            await worker.end(book.close, limit=None)


class Book:
    """A ledger in use. All access to the file happens in the thread of ``worker``, one call at a time."""

    def __init__(self, path: Path, sync: Syncing, worker: Worker) -> None:
        self.path = path.absolute()
        self.name = one_line(path.name)
        self.spent, self.paid_for = 0.0, 0
        """The costs that the file already held when it was opened, and the number of prompts they were for."""
        self._sync, self._worker = sync, worker
        self._fd: int | None = None
        self._close_fd: Callable[[], object] = _nothing
        self._file: BufferedReader | None = None
        self._positions: dict[str, int] = {}
        self._size = 0

    async def find(self, key: str, content: str | None) -> tuple[Reply, float | None] | None:
        """The reply to the prompt of that name, unless that prompt had another content, and its cost."""
        position = self._positions.get(key)
        return None if position is None else await self._worker.call(self._read, position, content)

    async def add(self, item: BatchItem, content: str | None) -> None:
        """Store an item before returning; not interrupted by a cancel, because the reply was paid for."""
        written = self._worker.call(self._write, item, content)
        written.add_done_callback(asyncio.Future.exception)  # a cancelled shield does not retrieve the exception
        await asyncio.shield(written)

    # -- in the thread ---------------------------------------------------------------------------------------------

    def open(self) -> None:
        try:
            self._fd = fd = open_private(self.path, os.O_CREAT)
            self._close_fd = weakref.finalize(self, os.close, fd)  # a batch whose loop is closed never calls `close`
        except OSError as exc:
            raise SinkError(f"ledger {self.name} cannot be opened: {exc.strerror or exc}") from exc
        if self._sync.at_close:
            sync_folder(self.path)

    def lock(self) -> bool:
        return self._fd is not None and lock(self._fd) is not False

    def load(self) -> None:
        assert self._fd is not None
        # a descriptor of its own: writing moves the position at which the other one reads
        self._file = file = open(open_private(self.path), "rb")  # noqa: SIM115  # open until `close`
        findings = _Findings()
        last, whole = b"", True
        for number, line in enumerate(file, 1):
            position, self._size = self._size, self._size + len(line)
            form = self._form(line)
            last, whole = line, form is not None
            if form is not None:
                self._note(form, position)
                findings.missed |= form.keys() - KEYS
            elif line.endswith(b"\n") or not is_half(line):
                findings.damaged.append(number)
            findings.is_ledger = findings.is_ledger or whole or (number == 1 and is_ledger_line(line))
        if last and not findings.is_ledger:
            raise self._refused(last)
        self._end_line(last, whole)
        self._estimate_damaged(len(findings.damaged))
        findings.log(self.name)

    def _form(self, line: bytes) -> dict[str, Any] | None:
        try:
            return read_line(line)
        except ValueError as exc:
            raise self._refused(line) from exc

    def _refused(self, line: bytes) -> ValueError:
        return ValueError(
            f"{one_line(str(self.path))} is not a ledger, or one of a newer version of streamkit: "
            f"it holds something else ({excerpt(line.decode('utf-8', 'replace'), 60)})"
        )

    def _end_line(self, last: bytes, whole: bool) -> None:
        """Let the next line begin after a line end. A partial line that a killed process left is cut off: its item was
        not delivered."""
        assert self._fd is not None
        if not last or last.endswith(b"\n"):
            return
        if not whole and is_half(last):
            self._size -= len(last)
            os.ftruncate(self._fd, self._size)
        else:
            self._size = append(self._fd, b"\n", self._size)

    def _note(self, form: dict[str, Any], position: int) -> None:
        if "reply" in form:
            self._positions[form["asked"]] = position
        cost = form.get("cost")
        if isinstance(cost, (int, float)) and cost is not True and 0 < cost < MOST:
            self.spent += cost
            self.paid_for += 1

    def _estimate_damaged(self, damaged: int) -> None:
        """Count damaged lines at the average cost of the others: their content is not trusted, but it was paid for."""
        if self.paid_for:
            self.spent += damaged * self.spent / self.paid_for
            self.paid_for += damaged

    def _read(self, position: int, content: str | None) -> tuple[Reply, float | None] | None:
        assert self._file is not None
        self._file.seek(position)
        form = self._form(self._file.readline()) or {}
        if None not in (content, before := form.get("content")) and before != content:
            return None
        try:
            reply, missed = read_event(json.dumps(form.get("reply")))
            if isinstance(reply, Reply):
                _log_missed(f"an answer in ledger {self.name}", missed)
                return reply, form.get("cost")
            problem = f"its answer is an event {reply.type!r}"
        except MalformedError as exc:
            problem = str(exc)
        LOGGER.warning("a prompt in %s is asked again, for its answer cannot be read: %s", self.name, problem)
        return None

    def _write(self, item: BatchItem, content: str | None) -> None:
        assert self._fd is not None
        position = self._size
        self._size = append(self._fd, line_of(item, content), position)
        if item.reply is not None:
            self._positions[item.key] = position
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
                self._close_fd()


@dataclass(slots=True)
class _Findings:
    """Irregularities found while loading a ledger."""

    damaged: list[int] = field(default_factory=list)
    missed: set[str] = field(default_factory=set)
    is_ledger: bool = False
    """True if the file holds a line of a ledger at all."""

    def log(self, name: str) -> None:
        if self.damaged:
            numbers = ", ".join(map(str, self.damaged[:LISTED])) + (", …" if len(self.damaged) > LISTED else "")
            LOGGER.warning(
                "damaged lines in %s: %d; their prompts are asked again, and for the budget they count as much as the "
                "others on average (line %s)",
                name,
                len(self.damaged),
                numbers,
            )
        _log_missed(f"ledger {name}", self.missed)


def _log_missed(what: str, names: set[str]) -> None:
    if text := missed_warning(what, names):
        LOGGER.warning("%s", text)


def _nothing() -> None: ...
