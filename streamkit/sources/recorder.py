"""Writes a recording, in the form that `recording` reads."""

from __future__ import annotations

import os
import time
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any

from ..errors import BrokenError
from ..jsonvalues import json_default, json_line
from ..wording import said
from .recording import DETAILS, VERSION

__all__ = ["Recorder"]


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
        self._file.write(json_line(form, json_default) + b"\n")


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
    form = {"kind": getattr(error, "kind", BrokenError.kind), "message": said(error)}
    details = {name: getattr(error, name, None) for name in DETAILS}
    return form | {name: value for name, value in details.items() if value not in (None, False)}
