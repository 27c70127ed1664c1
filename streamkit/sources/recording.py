"""A reply as it came over the network: what each read gave and when, one read a line of JSON.

The file::

    {"streamkit": 1, "api": "chat", "model": "...", "note": "..."}      a head
    {"t": 0.412, "text": "data: {...}\\n\\n"}                             one network read, seconds after the request
    {"t": 0.431, "base64": "..."}                                       one that is not UTF-8 by itself
    {"end": 1.902, "error": null}                                       or {"kind": ..., "message": ...}

It holds no header and no key. A file without its last line, or with half a line there, was left by a crash: what is
there counts, and the reply ends where the file does.
"""

from __future__ import annotations

import json
import math
import os
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, TypeAlias, cast

from .. import errors
from ..errors import BrokenError, MalformedError, StreamkitError, TooLargeError, excerpt
from ..events import Reply

__all__ = ["Api", "Read", "Recorder", "Recording", "shipped"]

Api: TypeAlias = Literal["chat", "completions", "responses"]

VERSION = 1
APIS = ("chat", "completions", "responses")
LIMIT = 256 * 1024 * 1024
SHIPPED = Path(__file__).parents[1] / "recordings"
DETAILS = ("status", "clock", "retryable", "request_id", "retry_after", "code", "error_type", "param")
KINDS: dict[str, type[StreamkitError]] = {
    cls.kind: cls
    for cls in (getattr(errors, name) for name in errors.__all__)
    if isinstance(cls, type) and issubclass(cls, StreamkitError) and cls is not errors.AllFailedError
}


@dataclass(frozen=True, slots=True)
class Read:
    """What one network read gave, ``at`` seconds after the request was sent."""

    at: float
    data: bytes


@dataclass(frozen=True)
class Recording:
    """A whole recording in memory. ``end`` is None if the recording itself was cut short."""

    reads: tuple[Read, ...] = ()
    api: Api = "chat"
    model: str = ""
    note: str = ""
    end: float | None = None
    failure: dict[str, Any] | None = None

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Recording:
        """The recording in the file ``path``, or a shipped one by its bare name (see `shipped`).

        Raises `MalformedError` if the file is no recording, `TooLargeError` above 256 MiB, FileNotFoundError.
        Note: a bare name means a shipped recording first; write ``./hello`` for a file of that name.
        """
        name = os.fspath(path)
        inside = SHIPPED / f"{name}.jsonl"
        file = inside if name in shipped() else Path(name)
        if not file.exists():
            raise FileNotFoundError(f"no recording {name!r}; shipped ones are {', '.join(shipped())}")
        if file.stat().st_size > LIMIT:
            raise TooLargeError(f"recording {name!r} is larger than {LIMIT} bytes")
        return cls.parse(file.read_bytes())

    @classmethod
    def parse(cls, data: bytes) -> Recording:
        """The recording in the bytes of a file; `MalformedError` if they are none."""
        lines = _lines(data)
        head = next(lines, None)
        if head is None or "streamkit" not in head:
            raise MalformedError("not a recording: the first line is no head")
        if head["streamkit"] != VERSION:
            raise MalformedError(f"a recording of version {excerpt(str(head['streamkit']), 20)}, this reads {VERSION}")
        api = head.get("api", "chat")
        if api not in APIS:
            raise MalformedError(f"a recording of an unknown api: {excerpt(str(api), 40)}")
        reads: list[Read] = []
        last: dict[str, Any] = {"end": None}
        for line in lines:
            if last["end"] is not None:
                raise MalformedError("the recording goes on after its end")
            if "end" in line:
                last = {"end": _seconds(line["end"]), "error": _failure(line.get("error"))}
            else:
                reads.append(Read(_seconds(line.get("t")), _bytes(line)))
        model, note = (str(head.get(key) or "") for key in ("model", "note"))
        return cls(tuple(reads), api, model, note, last["end"], last.get("error"))

    @cached_property
    def seconds(self) -> float:
        """How long it took, to its end or its last read."""
        return max([self.end or 0.0, *(read.at for read in self.reads)])

    def error(self, partial: Reply | None = None) -> StreamkitError | None:
        """A new error like the one that ended what was recorded, None if it ended in order."""
        if self.failure is None:
            return None
        kind = KINDS.get(self.failure["kind"], BrokenError)
        details = {name: value for name, value in self.failure.items() if name in DETAILS}
        try:
            return kind(self.failure["message"], partial=partial, **details)
        except TypeError:  # a detail that this kind does not have
            return kind(self.failure["message"], partial=partial)


def shipped() -> list[str]:
    """Names of the recordings that come with the package."""
    return sorted(path.stem for path in SHIPPED.glob("*.jsonl"))


class Recorder:
    """Writes a recording read by read, so that a crash loses at most the line being written.

    The file is for its owner only (0600), is never reached through a symbolic link, and is not overwritten unless
    ``overwrite``: FileExistsError. ``clock`` gives the seconds; what it shows now is the moment of the request. The
    loop of the recorded stream must be the only caller.

    Sources write by a `tap` each. It never raises: ``failure`` is then what stopped the recording.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        api: str = "chat",
        model: str = "",
        note: str = "",
        overwrite: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if overwrite else os.O_EXCL)
        for name in ("O_NOFOLLOW", "O_CLOEXEC", "O_BINARY"):  # not every platform has each
            flags |= getattr(os, name, 0)
        try:
            fd = os.open(path, flags, 0o600)
        except FileExistsError as exc:
            exc.add_note("overwrite=True begins it anew")
            raise
        if overwrite and hasattr(os, "fchmod"):
            os.fchmod(fd, 0o600)
        self._file = os.fdopen(fd, "wb", buffering=0)
        self._clock, self._note = clock, note
        self.failure: OSError | None = None
        self.latest: object = None
        """The tap whose reads count."""
        self.begin(api, model)

    def tap(self) -> _Tap:
        """For one of the sources in a chain: what it reads is kept until another one begins."""
        return _Tap(self)

    def begin(self, api: str, model: str) -> None:
        """A new attempt begins now: what an earlier one left is taken back."""
        if self._file.closed:
            return
        self._file.seek(0)
        self._file.truncate()
        self._start = self._clock()
        self._line({"streamkit": VERSION, "api": api, "model": model, "note": self._note})

    def write(self, data: bytes) -> None:
        """One network read, stamped now; ignored when closed, and when empty."""
        if data and not self._file.closed:
            self._line({"t": self._now(), **_form(data)})

    def close(self, error: BaseException | None = None) -> None:
        """The end, or the error that was the end. Closing again does nothing."""
        if not self._file.closed:
            self._line({"end": self._now(), "error": None if error is None else _describe(error)})
            self._file.close()

    def give_up(self, failure: OSError) -> None:
        """A full disk is no reason to break the reply."""
        self.failure = failure
        with suppress(OSError):
            self._file.close()

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        self.close(exc)

    def _now(self) -> float:
        return round(self._clock() - self._start, 6)

    def _line(self, form: dict[str, Any]) -> None:
        line = json.dumps(form, ensure_ascii=False)
        if not line.isprintable():  # a file that is looked at must not move the cursor
            line = json.dumps(form)
        self._file.write(line.encode() + b"\n")


class _Tap:
    """What one source reads, as far as it is the latest that began."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def begin(self, api: str, model: str) -> None:
        self._recorder.latest = self
        try:
            self._recorder.begin(api, model)
        except OSError as exc:
            self._recorder.give_up(exc)

    def write(self, data: bytes) -> None:
        if self._recorder.latest is self:
            try:
                self._recorder.write(data)
            except OSError as exc:
                self._recorder.give_up(exc)


def _form(data: bytes) -> dict[str, str]:
    try:
        return {"text": data.decode()}
    except UnicodeDecodeError:
        return {"base64": b64encode(data).decode()}


def _describe(error: BaseException) -> dict[str, Any]:
    form = {"kind": getattr(error, "kind", BrokenError.kind), "message": excerpt(str(error)) or type(error).__name__}
    details = {name: getattr(error, name, None) for name in DETAILS}
    return form | {name: value for name, value in details.items() if value not in (None, False)}


def _lines(data: bytes) -> Iterator[dict[str, Any]]:
    lines = data.split(b"\n")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            form = json.loads(line)
        except (ValueError, RecursionError) as exc:
            if number == len(lines) and number > 1:  # no line end: this one was being written
                return
            raise MalformedError(f"not a recording: line {number} is no JSON: {_shown(line)}") from exc
        if not isinstance(form, dict):
            raise MalformedError(f"not a recording: line {number} is no object: {_shown(line)}")
        yield form


def _seconds(value: Any) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value) and value >= 0:
        return float(value)
    raise MalformedError(f"a time in the recording is no number of seconds: {excerpt(repr(value), 40)}")


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


def _shown(line: bytes) -> str:
    return excerpt(line[:200].decode("utf-8", "replace"), 60)
