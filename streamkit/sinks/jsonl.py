"""A file of lines, each an event as JSON, whole whatever happens to the process that writes it."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeAlias, get_args

from ..events import Event, Reply, TextDelta
from ..jsonform import to_json

__all__ = ["JsonLines", "jsonl"]

Mode: TypeAlias = Literal["create", "append", "replace"]
EVENTS = get_args(Event)
MODES = {"create": os.O_CREAT | os.O_EXCL, "append": os.O_CREAT, "replace": os.O_CREAT | os.O_TRUNC}


class JsonLines:
    """Appends a line for each item; see `jsonl`."""

    on_cancel: ClassVar[Literal["drain"]] = "drain"

    def __init__(self, path: str | os.PathLike[str], mode: Mode, fsync: bool) -> None:
        if mode not in MODES:
            raise ValueError(f"mode is one of {', '.join(MODES)}, not {mode!r}")
        self.path = Path(path)
        self._fsync = fsync
        self._fd: int | None = None
        self._replied = False
        os.close(self._open(MODES[mode], replace=mode == "replace"))  # refused now, not in the middle of a reply

    def write(self, item: Any) -> None:
        self._replied = isinstance(item, Reply)
        self._line(_form(item))

    def close(self, reply: Reply) -> None:
        """The reply becomes the last line, unless it was an item and is there already."""
        try:
            if not self._replied:
                self._line(to_json(reply))
        finally:
            fd, self._fd, self._replied = self._fd, None, False
            if fd is not None:
                os.close(fd)

    def _open(self, how: int = 0, *, replace: bool = False) -> int:
        flags = os.O_RDWR | os.O_APPEND | how
        for name in ("O_NOFOLLOW", "O_CLOEXEC", "O_BINARY"):  # not every platform has each
            flags |= getattr(os, name, 0)
        fd = os.open(self.path, flags, 0o600)
        if replace and hasattr(os, "fchmod"):
            os.fchmod(fd, 0o600)
        return fd

    def _line(self, form: bytes) -> None:
        if self._fd is None:
            self._fd = self._open()
            if _ends_in_half_a_line(self._fd):  # left by a crash: it must not swallow ours
                form = b"\n" + form
        data = memoryview(form + b"\n")
        while data:  # one call writes a line; only a full disk or a signal makes it two
            data = data[os.write(self._fd, data) :]
        if self._fsync:
            os.fsync(self._fd)

    def __repr__(self) -> str:
        return f"<jsonl {str(self.path)!r}>"


def jsonl(path: str | os.PathLike[str], *, mode: Mode = "create", fsync: bool = False) -> JsonLines:
    """A sink that writes each item as one line of JSON to the file ``path``: events as `to_json` does.

    A str becomes a `TextDelta`, so that `from_json` reads every line; a dict, dataclass or pydantic model becomes an
    object. The last line of each run is its `Reply`, also when operators dropped it or the run was cancelled.

    The file is made at once, for its owner only (0600), and never reached through a symbolic link. ``create`` raises
    FileExistsError if there is one, ``append`` goes on after what it holds, ``replace`` empties it. A line is in the
    hands of the system when `write` returns, so a killed process leaves whole lines (and at most half a one at the
    end); with ``fsync`` it is on the disk, which takes milliseconds a line.
    """
    return JsonLines(path, mode, fsync)


def _form(item: Any) -> bytes:
    if isinstance(item, str):
        item = TextDelta(item)
    if isinstance(item, EVENTS):
        return to_json(item)
    line = json.dumps(item, ensure_ascii=False, separators=(",", ":"), default=_plain)
    if not line.isprintable():  # as `to_json`: nothing in a line ends it or moves a cursor
        line = json.dumps(item, separators=(",", ":"), default=_plain)
    return line.encode()


def _plain(value: Any) -> Any:
    if isinstance(value, EVENTS):
        return json.loads(to_json(value))
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    dump = getattr(value, "model_dump", None)
    return dump(mode="json") if callable(dump) else str(value)


def _ends_in_half_a_line(fd: int) -> bool:
    found = os.fstat(fd)
    if not stat.S_ISREG(found.st_mode) or not found.st_size:
        return False
    os.lseek(fd, -1, os.SEEK_END)  # writes go to the end all the same
    return os.read(fd, 1) != b"\n"
