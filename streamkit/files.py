"""Files with the output of a model: only for their owner, in whole lines, and synced to the disk on request."""

from __future__ import annotations

import errno
import os
import re
import stat
import time
from pathlib import Path
from typing import Any, Literal, TypeAlias

from . import patience
from .checks import check_number, quote
from .file_lock import lock
from .json_values import loads

__all__ = [
    "Sync",
    "Syncing",
    "append",
    "check_path",
    "make_private",
    "mend",
    "open_private",
    "private_path",
    "sync_folder",
    "write_all",
]

Sync: TypeAlias = Literal["close", "every"] | float

NAME = re.compile(r"\w[\w.-]{0,199}")
BLOCK = 64 * 1024
LONGEST = 32 * 2**20
ATTEMPTS = 20


class Syncing:
    """The times to sync a file to the disk: ``None`` never, ``close`` at the end, ``every`` time, or at most once in a
    number of seconds."""

    def __init__(self, sync: Sync | None) -> None:
        if sync is None or sync == "close":
            self._seconds = float("inf")
        elif sync == "every":
            self._seconds = 0.0
        else:
            self._seconds = _seconds(sync)
        self.at_close = sync is not None
        self._last = time.monotonic()

    def due(self) -> bool:
        """True if the data written now has to reach the disk."""
        if self._seconds and time.monotonic() - self._last < self._seconds:
            return False
        self._last = time.monotonic()
        return True


def _seconds(sync: Any) -> float:
    if isinstance(sync, str):
        raise ValueError(f"sync is 'close', 'every' or a number of seconds, not {sync!r}")  # noqa: TRY004  # two are allowed
    return float(check_number("sync", sync, what="'close', 'every' or a number of seconds"))


def check_path(name: str, path: Any, of: str = "file") -> None:
    if not isinstance(path, (str, os.PathLike)) or not isinstance(os.fspath(path), str):
        raise TypeError(f"{name} is the path of a {of}, a str or a Path, not {quote(path)}")


def private_path(path: str | os.PathLike[str], folder: str | os.PathLike[str] | None) -> Path:
    """The absolute path of a file; ValueError for anything but a plain name if it must lie in ``folder``."""
    check_path("path", path)
    if folder is None:
        return Path(path).absolute()
    name = os.fspath(path)
    if not NAME.fullmatch(name):
        raise ValueError(f"in a folder, a file has a name of letters, digits, '_', '.' and '-', not {name!r}")
    check_path("folder", folder, "folder")
    return Path(folder).absolute() / name


def open_private(path: str | os.PathLike[str], how: int = 0) -> int:
    """A descriptor for reading and appending; a file that is new, or emptied by ``how``, gets mode 0600; a symbolic
    link is refused (OSError)."""
    flags = os.O_RDWR | os.O_APPEND | how
    for name in ("O_NOFOLLOW", "O_CLOEXEC", "O_BINARY"):  # not every platform has each
        flags |= getattr(os, name, 0)
    fd = os.open(path, flags, 0o600)
    if how & os.O_TRUNC and hasattr(os, "fchmod"):
        os.fchmod(fd, 0o600)
    return fd


def make_private(path: Path) -> None:
    """Like `open_private`, for a file that SQLite opens: closing a descriptor of it would drop SQLite's own locks
    (https://www.sqlite.org/howtocorrupt.html, 2.2), so a file that exists is only checked."""
    try:
        os.close(open_private(path, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        if path.is_symlink():
            raise OSError(errno.ELOOP, "a symbolic link is not followed", str(path)) from None


def write_all(fd: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:  # one call writes a line; only a full disk or a signal makes it two
        rest = rest[os.write(fd, rest) :]


def append(fd: int, data: bytes, size: int) -> int:
    """Write to the end of a file of ``size`` bytes, and return its new size; after a failure it has the old one."""
    try:
        write_all(fd, data)
    except BaseException:
        os.ftruncate(fd, size)  # a partial line would spoil the next one
        raise
    return size + len(data)


def mend(fd: int) -> None:
    """Repair the end of the file before appending, as a crash may have left a partial line. A partial line of this
    package is truncated, unless another process has the file open too: it may be writing that line at this moment. Any
    other is ended with a newline. BlockingIOError for a file that another process keeps locked."""
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        return
    alone = lock(fd)
    if alone is False:
        _join(fd)
    size, last = _last(fd) if alone else _last_at_rest(fd)
    if last and alone and last[:1] == b"{" and not _is_json(last):
        os.ftruncate(fd, size - len(last))
    elif last is None or last:
        write_all(fd, b"\n")
    if alone:
        _join(fd)


def _join(fd: int) -> None:
    """Take a shared lock, for as long as the file is open. Another appender that repairs the end holds its exclusive
    lock for milliseconds only, but a ledger or a spool keeps it: hence the limited number of attempts."""
    for _ in range(ATTEMPTS):
        if lock(fd, shared=True) is not False:
            return
        time.sleep(patience.APPENDER_STEP)
    raise BlockingIOError(errno.EWOULDBLOCK, "the file is in use as a ledger or a spool")


def _last(fd: int) -> tuple[int, bytes | None]:
    """The size of the file, and its partial last line."""
    size = os.fstat(fd).st_size
    return size, _unfinished(fd, size)


def _last_at_rest(fd: int) -> tuple[int, bytes | None]:
    """`_last` of a file to which another process may be writing: a part of a line that is about to be finished is not
    a partial line."""
    for _ in range(ATTEMPTS):
        end = _last(fd)
        if end[1] == b"":
            break
        time.sleep(patience.APPENDER_STEP)
    return end


def _unfinished(fd: int, size: int) -> bytes | None:
    """The bytes after the last line end; None if those are more than any line of this package."""
    block = BLOCK
    while True:
        start = max(0, size - block)
        os.lseek(fd, start, os.SEEK_SET)  # writes go to the end in any case
        tail = os.read(fd, size - start)
        if not start or b"\n" in tail:
            return tail.rpartition(b"\n")[2]
        if block >= LONGEST:
            return None
        block *= 8


def _is_json(line: bytes) -> bool:
    try:
        loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def sync_folder(path: Path) -> None:
    """Sync the folder of a new file to the disk: only then is the file found after a power cut."""
    if os.name == "posix":
        fd = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
