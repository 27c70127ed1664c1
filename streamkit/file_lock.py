"""Locks of files, between processes and within one: exclusive locks, and locks that several share.

Windows locks ranges of bytes, and Python offers it exclusive locks only. There a shared lock takes one byte of a range
at random, and an exclusive lock takes the whole range. It lies far beyond the end of the file, because bytes that are
locked can be neither read nor written through another descriptor.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from functools import partial
from typing import Any

__all__ = ["lock"]

START, SIZE = 2**40, 2**16


def lock(fd: int, *, shared: bool = False) -> bool | None:
    """Lock the file until ``fd`` is closed: True if that was possible, False if another descriptor has a lock that
    excludes it, None where files cannot be locked. A shared lock may replace the exclusive one that ``fd`` has."""
    try:
        take(fd, shared)
        return True
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return None


def take_bytes(msvcrt: Any, fd: int, shared: bool) -> None:
    """The lock on Windows; ``msvcrt`` is a parameter for tests on other systems."""
    os.lseek(fd, START, os.SEEK_SET)
    with suppress(OSError):  # `fd` has no exclusive lock; a second one would be refused even to itself
        msvcrt.locking(fd, msvcrt.LK_UNLCK, SIZE)
    if shared:
        os.lseek(fd, START + int.from_bytes(os.urandom(2)), os.SEEK_SET)
    try:
        msvcrt.locking(fd, msvcrt.LK_NBLCK, 1 if shared else SIZE)
    except PermissionError as exc:
        raise BlockingIOError(*exc.args) from None


if sys.platform == "win32":
    import msvcrt

    take = partial(take_bytes, msvcrt)
else:
    import fcntl

    def take(fd: int, shared: bool) -> None:
        fcntl.flock(fd, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
