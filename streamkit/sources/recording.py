"""A reply as it came over the network: the data and the time of each read, as one line of JSON for each.

The file::

    {"streamkit": 1, "api": "chat", "model": "...", "note": "..."}      a head
    {"t": 0.412, "text": "data: {...}\\n\\n"}                             one network read, seconds after the request
    {"t": 0.431, "base64": "..."}                                       one that is not UTF-8 by itself
    {"end": 1.902, "error": null}                                       or {"kind": ..., "message": ...}

It holds no header and no key. A file without its last line, or with half a line there, was left by a crash: its lines
are used, and the reply ends where the file does.
"""

from __future__ import annotations

import math
import os
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from ..error_form import DETAILS, KINDS, error_of_form
from ..errors import AllFailedError, MalformedError, StreamkitError, TooLargeError
from ..events import Reply
from ..json_form import warn_missed
from ..json_values import loads
from ..wire import APIS
from ..wording import excerpt

__all__ = ["VERSION", "Read", "Recording", "shipped_names"]

VERSION = 1
LIMIT = 256 * 1024 * 1024
SHIPPED = Path(__file__).parents[1] / "recordings"
KEYS = {
    "head": frozenset({"streamkit", "api", "model", "note"}),
    "read": frozenset({"t", "text", "base64"}),
    "end": frozenset({"end", "error"}),
}


@dataclass(frozen=True, slots=True)
class Read:
    """The data of one network read, ``at`` seconds after the request was sent."""

    at: float
    data: bytes


@dataclass(frozen=True)
class Recording:
    """A whole recording in memory. ``end`` is None if the recording itself was cut short."""

    reads: tuple[Read, ...] = ()
    api: str = "chat"
    model: str = ""
    note: str = ""
    end: float | None = None
    failure: dict[str, Any] | None = None

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Recording:
        """The recording in the file ``path``, or a shipped one by its bare name (see `shipped_names`).

        Raises `MalformedError` if the file is not a recording, `TooLargeError` above 256 MiB, FileNotFoundError.
        Note: a bare name means a shipped recording first; write ``./hello`` for a file of that name.
        """
        name = os.fspath(path)
        inside = SHIPPED / f"{name}.jsonl"
        file = inside if name in shipped_names() else Path(name)
        if not file.exists():
            raise FileNotFoundError(f"no recording {name!r}; shipped ones are {', '.join(shipped_names())}")
        if file.stat().st_size > LIMIT:
            raise TooLargeError(f"recording {name!r} is larger than {LIMIT} bytes")
        return cls.parse(file.read_bytes())

    @classmethod
    def parse(cls, data: bytes) -> Recording:
        """The recording in the bytes of a file; `MalformedError` if they are not a recording."""
        lines = _lines(data)
        head = next(lines, None)
        if head is None or "streamkit" not in head:
            raise MalformedError("not a recording: the first line is not a head")
        if head["streamkit"] != VERSION:
            version = excerpt(str(head["streamkit"]), 20)
            raise MalformedError(f"a recording of version {version}: this version of streamkit reads {VERSION}")
        api = head.get("api", "chat")
        if api not in APIS:
            raise MalformedError(f"a recording of an unknown api: {excerpt(str(api), 40)}")
        reads: list[Read] = []
        missed = head.keys() - KEYS["head"]
        last: dict[str, Any] = {"end": None}
        for line in lines:
            if last["end"] is not None:
                raise MalformedError("the recording goes on after its end")
            missed |= line.keys() - KEYS["end" if "end" in line else "read"]
            if "end" in line:
                last = {"end": _seconds(line["end"]), "error": _failure(line.get("error"))}
            else:
                reads.append(Read(_seconds(line.get("t")), _bytes(line)))
        warn_missed("a recording", missed | _unknown_in(last.get("error")))
        model, note = (str(head.get(key) or "") for key in ("model", "note"))
        return cls(tuple(reads), api, model, note, last["end"], last.get("error"))

    @cached_property
    def seconds(self) -> float:
        """The duration of the reply, to its end or its last read."""
        return max([self.end or 0.0, *(read.at for read in self.reads)])

    def error(self, partial: Reply | None = None) -> StreamkitError | None:
        """A new error like the one that ended what was recorded, None if it ended in order."""
        if self.failure is None:
            return None
        return error_of_form(self.failure, partial)


def shipped_names() -> list[str]:
    """Names of the recordings that come with the package."""
    return sorted(path.stem for path in SHIPPED.glob("*.jsonl"))


def _lines(data: bytes) -> Iterator[dict[str, Any]]:
    lines = data.split(b"\n")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            form = loads(line)
        except (ValueError, RecursionError) as exc:
            if number == len(lines) and number > 1:  # without a line end: a crash while this line was written
                return
            raise MalformedError(f"not a recording: line {number} is not JSON: {_excerpt(line)}") from exc
        if not isinstance(form, dict):
            raise MalformedError(f"not a recording: line {number} is not an object: {_excerpt(line)}")
        yield form


def _seconds(value: Any) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value) and value >= 0:
        return float(value)
    raise MalformedError(f"a time in the recording is not a number of seconds: {excerpt(repr(value), 40)}")


def _bytes(line: dict[str, Any]) -> bytes:
    match line:
        case {"text": str(text)}:
            return text.encode("utf-8", "surrogatepass")
        case {"base64": str(text)}:
            try:
                return b64decode(text, validate=True)
            except ValueError as exc:
                raise MalformedError(f"not a recording: no base64: {excerpt(text, 40)}") from exc
    raise MalformedError(f"not a recording: a line with neither text nor base64: {excerpt(str(line), 80)}")


def _failure(value: Any) -> dict[str, Any] | None:
    match value:
        case None:
            return None
        case {"kind": str(), "message": str()}:
            return cast("dict[str, Any]", value)
    raise MalformedError(f"an error in the recording has no kind and message: {excerpt(repr(value), 80)}")


def _unknown_in(failure: dict[str, Any] | None) -> set[str]:
    if failure is None:
        return set()
    kind = failure["kind"]
    named = set() if kind in (*KINDS, AllFailedError.kind) else {f"errors of the kind {kind!r}"}
    return named | (failure.keys() - {"kind", "message", *DETAILS})


def _excerpt(line: bytes) -> str:
    return excerpt(line[:200].decode("utf-8", "replace"), 60)
