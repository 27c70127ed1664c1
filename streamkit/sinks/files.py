"""Files that hold what a model said: for their owner only, whole lines, and on the disk when that was asked for."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path
from typing import Literal, TypeAlias

__all__ = ["Sync", "Syncing", "ends_in_half_a_line", "open_private", "sync_folder", "write_all"]

Sync: TypeAlias = Literal["close", "every"] | float


class Syncing:
    """When to ask for the disk: ``None`` never, ``close`` at the end, ``every`` time, or not more often than every so
    many seconds."""

    def __init__(self, sync: Sync | None) -> None:
        if sync is None or sync == "close":
            self._seconds = float("inf")
        elif sync == "every":
            self._seconds = 0.0
        elif isinstance(sync, (int, float)) and not isinstance(sync, bool) and sync > 0:
            self._seconds = float(sync)
        else:
            raise ValueError(f"sync is 'close', 'every' or a number of seconds, not {sync!r}")
        self.at_close = sync is not None
        self._last = time.monotonic()

    def due(self) -> bool:
        """True if what is written now has to reach the disk."""
        if self._seconds and time.monotonic() - self._last < self._seconds:
            return False
        self._last = time.monotonic()
        return True


def open_private(path: Path, how: int = 0) -> int:
    """A descriptor for reading and appending; a new file gets mode 0600, a symbolic link is refused (OSError)."""
    flags = os.O_RDWR | os.O_APPEND | how
    for name in ("O_NOFOLLOW", "O_CLOEXEC", "O_BINARY"):  # not every platform has each
        flags |= getattr(os, name, 0)
    return os.open(path, flags, 0o600)


def write_all(fd: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:  # one call writes a line; only a full disk or a signal makes it two
        rest = rest[os.write(fd, rest) :]


def ends_in_half_a_line(fd: int) -> bool:
    found = os.fstat(fd)
    if not stat.S_ISREG(found.st_mode) or not found.st_size:
        return False
    os.lseek(fd, -1, os.SEEK_END)  # writes go to the end all the same
    return os.read(fd, 1) != b"\n"


def sync_folder(path: Path) -> None:
    """A new file is found after a power cut only if its folder is on the disk too."""
    if os.name == "posix":
        fd = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
