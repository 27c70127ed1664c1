"""A sink that inserts events into a table of an SQLite database, which other programs may read meanwhile."""

from __future__ import annotations

import os
import re
from collections.abc import Awaitable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import patience
from ..checks import check_text
from ..events import Reply
from ..files import Sync, Syncing, make_private, private_path
from ..worker import Worker, closing_limit
from .durable import Durable
from .item_forms import line_of

if TYPE_CHECKING:
    from sqlite3 import Connection

__all__ = ["Sqlite", "sqlite"]

NAME = re.compile(r"(?!sqlite_)[a-z_][a-z0-9_]{0,62}", re.IGNORECASE | re.ASCII)

SCHEMA = """
CREATE TABLE IF NOT EXISTS "{table}" (
    stream TEXT NOT NULL,
    seq INTEGER NOT NULL,
    item TEXT NOT NULL,
    at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    UNIQUE (stream, seq)
)"""
INSERT = 'INSERT INTO "{table}" (stream, seq, item) VALUES (?, ?, ?) ON CONFLICT (stream, seq) DO NOTHING'
SELECT = 'SELECT item FROM "{table}" WHERE stream = ? AND seq = ?'


class Sqlite(Durable):
    """Inserts a row for each item; see `sqlite`."""

    def __init__(self, path: Path, table: str, stream: str | None, sync: Sync | None) -> None:
        check_text("table", table)
        if not NAME.fullmatch(table):
            raise ValueError(f"table is a name of letters, digits and _, not {table!r}")
        self._sync = Syncing(sync)
        super().__init__(stream)
        self.path, self.table = path, table
        self.storage = (os.path.realpath(path), table.lower())
        self._worker = Worker("Sqlite")
        self._base: Connection | None = None
        self._connect().close()  # raises now, not in the middle of a reply

    def write(self, item: Any) -> Awaitable[None]:
        """Store an item; it is stored once the result has been awaited."""
        return self._worker.call(self._keep, item)

    def close(self, reply: Reply) -> Awaitable[None]:
        return self._worker.end(self._end, reply, limit=closing_limit(reply))

    def _connect(self) -> Connection:
        import sqlite3  # not every importer of this package needs it

        make_private(self.path)  # SQLite itself would follow a link, and leave the mode to the umask
        base = sqlite3.connect(self.path, timeout=patience.DATABASE_LOCK, isolation_level=None)
        try:
            base.execute(SCHEMA.format(table=self.table))
            base.execute("EXPLAIN " + INSERT.format(table=self.table), ("", 0, ""))  # a table of that name may differ
            base.execute("PRAGMA journal_mode=WAL")
            base.execute("PRAGMA synchronous=NORMAL")
        except BaseException:
            base.close()
            raise
        return base

    def _store(self, item: Any, seq: int) -> None:
        base = self._base = self._base or self._connect()
        row = (self.stream, seq, line_of(item).decode())
        due = self._sync.due()
        if due:
            base.execute("PRAGMA synchronous=FULL")  # this commit takes all before it to the disk
        if not base.execute(INSERT.format(table=self.table), row).rowcount:
            self._compare(base, row)
        if due:
            base.execute("PRAGMA synchronous=NORMAL")

    def _compare(self, base: Connection, row: tuple[str, int, str]) -> None:
        """Accept a repeated item; another item under the same number would be lost silently, so it raises
        ValueError."""
        if base.execute(SELECT.format(table=self.table), row[:2]).fetchone() != row[2:]:
            raise ValueError(f"stream {row[0]!r} has another item {row[1]} already: its id was used for two streams")

    def _release(self) -> None:
        base, self._base = self._base, None
        if base is not None:
            try:
                if self._sync.at_close:
                    base.execute("PRAGMA wal_checkpoint(PASSIVE)")  # to the disk, even if another program keeps it open
            finally:
                base.close()

    def __repr__(self) -> str:
        return f"<sqlite {str(self.path)!r} {self.table}>"


def sqlite(
    path: str | os.PathLike[str],
    *,
    table: str = "events",
    folder: str | os.PathLike[str] | None = None,
    stream: str | None = None,
    sync: Sync | None = None,
) -> Sqlite:
    """A sink that inserts each item as a row into ``table`` of the SQLite database ``path``, in a thread of its own.

    The columns: ``stream``, an id; ``seq``, which counts its rows from 0, unique with ``stream``; ``item``, JSON as
    `to_json` makes it (a str becomes a `TextDelta`, other items become JSON values), to be read by `from_json`; and
    ``at``, when it was stored (UTC, ISO 8601). The last row of each run is its `Reply`. So a reply is read back by
    ``SELECT item FROM events WHERE stream = ? ORDER BY seq``, also while it is being written. A table that has these
    columns, more columns with defaults, and the unique index serves as well.

    The id is that of the run (`Run.id`; a second sink of one run on this table has one ending in ``.2``) unless
    ``stream`` gives one, which says that a repeated number is a repeated item: repeats are ignored, another item under
    a used number fails this sink.

    Database (in WAL mode) and table are made at once, the file for its owner only (0600) and never reached through a
    symbolic link; ValueError for a table name that needs quotes, `sqlite3.Error` for a file or table that does not fit.
    With ``folder``, ``path`` is a name in it that may come from anywhere: ValueError for one that could lead elsewhere.

    A row is committed when it is written, so a killed process loses none. ``sync`` is for power cuts: commits are
    forced to the disk at the end (``close``), ``every`` time (milliseconds each), or with the first row that comes so
    many seconds after the last time, and at the end.
    """
    if path == ":memory:":
        raise ValueError("a database in memory would be gone with its connection: give it a path")
    return Sqlite(private_path(path, folder), table, stream, sync)
