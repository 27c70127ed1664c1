"""Splits a body with one JSON object per line (NDJSON) into lines.

A line ends with LF; a CR before it is white space, as JSON has it, and blank lines are skipped. The bytes after the
last LF wait as a list of pieces and are joined once, when their LF comes: linear, however the body is cut.
"""

from __future__ import annotations

from ..errors import TooLargeError
from .sse import BOM, LF, Item, ServerSentEvent, event_of

__all__ = ["LineDecoder"]


class LineDecoder:
    """A stage: bytes in, lines out, each as soon as its end is there.

    Attributes:
        stray: always empty, because every line that is not blank is a piece of the reply.
        rest: after `flush`, the object that the body ends with, without the end of its line: it may be cut.
        error: set when a limit was exceeded. That call still returns the lines before; the next one raises it.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.stray: list[tuple[int, str]] = []
        self.rest: ServerSentEvent | None = None
        self.error: TooLargeError | None = None
        self._begun = False
        self._pieces: list[bytes] = []  # the line that has no end yet
        self._waiting = 0  # bytes in it

    def split(self, chunk: bytes) -> list[Item]:
        """The lines that ``chunk`` completes, without blank ones."""
        if self.error is not None:
            raise self.error
        if type(chunk) is not bytes:
            chunk = memoryview(chunk).tobytes()  # of a buffer that may be used again; TypeError for text
        self._pieces.append(chunk)
        self._waiting += len(chunk)
        out: list[Item] = []
        if LF in chunk:
            *lines, last = b"".join(self._pieces).split(b"\n")
            self._pieces, self._waiting = [last], len(last)
            for line in lines:
                if not self._fits(len(line)):
                    return out
                line = self._without_bom(line)
                if line and not line.isspace():
                    out.append(line)
        self._fits(self._waiting)
        return out

    def flush(self) -> list[ServerSentEvent]:
        """The last line, if it has no end and is not an object: an object may have been cut and is in `rest`."""
        if self.error is not None:
            raise self.error
        line = self._without_bom(b"".join(self._pieces)).strip()
        self._pieces, self._waiting = [], 0
        if line.startswith(b"{"):
            self.rest = event_of(line)
        return [event_of(line)] if line and self.rest is None else []

    def _fits(self, size: int) -> bool:
        if size > self.limit:
            self.error = TooLargeError(f"a line of more than {self.limit} bytes")
        return self.error is None

    def _without_bom(self, line: bytes) -> bytes:
        if self._begun:
            return line
        self._begun = True
        return line.removeprefix(BOM)
