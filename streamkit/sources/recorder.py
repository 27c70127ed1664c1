"""A writer of recordings, in the form that `recording` reads."""

from __future__ import annotations

import os
import time
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any

from ..error_form import error_form
from ..files import open_private
from ..json_values import json_default, json_line
from .recording import VERSION

__all__ = ["Recorder"]


class Recorder:
    """A writer of one recording, read by read, so that a crash loses at most the line being written.

    The file is for its owner only (0600), is never reached through a symbolic link, and is not overwritten unless
    ``overwrite``: FileExistsError. ``clock`` returns seconds; its value now is the time of the request. The loop
    of the recorded stream must be the only caller.

    Each source writes by a listener of its own from `make_byte_listener`. That never raises: ``failure`` is the error
    that stopped the recording.
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
        try:
            fd = open_private(path, os.O_CREAT | (os.O_TRUNC if overwrite else os.O_EXCL))
        except FileExistsError as exc:
            exc.add_note("overwrite=True begins it anew")
            raise
        self._file = os.fdopen(fd, "wb", buffering=0)
        self._clock, self._note = clock, note
        self.failure: OSError | None = None
        self.latest: object = None
        """The listener whose reads are recorded: that of the source which began last."""
        self.begin(api, model)

    def make_byte_listener(self) -> _SourceRecorder:
        """A recorder for one of the sources in a chain: its reads are kept until another source begins."""
        return _SourceRecorder(self)

    def begin(self, api: str, model: str) -> None:
        """Begin a new attempt now: the lines of an earlier one are removed."""
        if self._file.closed:
            return
        self._file.seek(0)
        self._file.truncate()
        self._start = self._clock()
        self._line({"streamkit": VERSION, "api": api, "model": model, "note": self._note})

    def write(self, data: bytes) -> None:
        """Write one network read with the time of now; ignored when the recorder is closed, or ``data`` is empty."""
        if data and not self._file.closed:
            self._line({"t": self._now(), **_form(data)})

    def close(self, error: BaseException | None = None) -> None:
        """Write the end, with the error if there was one, and close the file. Closing again does nothing."""
        if not self._file.closed:
            self._line({"end": self._now(), "error": None if error is None else error_form(error)})
            self._file.close()

    def give_up(self, failure: OSError) -> None:
        """Stop recording because of ``failure``: a full disk, for instance, must not break the reply."""
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


class _SourceRecorder:
    """A recorder of one source: it writes the source's reads as long as no other source has begun later."""

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
