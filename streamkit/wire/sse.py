"""Bytes of an event stream to server-sent events, after the HTML standard ("Interpreting an event stream").

The plan:

1. A BOM at the very start is removed; CR LF and CR become LF, in C. A CR ends its line at once: if the next read starts
   with LF, that LF is dropped.
2. The bytes after the last LF wait as a list of pieces and are joined once, when their LF comes: linear, however the
   body is cut.
3. The rest is split at blank lines, in C. A block that is one ``data: `` line is an event as it stands (nearly all
   are); anything else goes line by line.

The standard ignores lines with an unknown field name. They are kept apart in `Decoder.stray`, because servers use them
for errors.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from ..errors import TooLargeError

__all__ = ["BOM", "FIELDS", "LIMIT", "Decoder", "Item", "NamedLine", "ServerSentEvent", "decode", "event_of"]

BOM = b"\xef\xbb\xbf"
FIELDS = (b"data:", b"event:", b"id:", b"retry:", b":")
"""The beginnings of an event stream."""
LIMIT = 32 * 1024 * 1024
CR, LF = 13, 10  # numbers, because `10 in data` is ten times as fast as a search for the byte string
MAX_RETRY_DIGITS = 18


@dataclass(slots=True)
class ServerSentEvent:
    """One dispatched event. ``id`` is the last event id, ``retry`` the reconnection time in this block, in
    milliseconds.

    ``damaged`` is true if bytes were not UTF-8 and became U+FFFD.
    """

    event: str = "message"
    data: str = ""
    id: str = ""
    retry: int | None = None
    damaged: bool = False


class NamedLine(NamedTuple):
    """An event that is nothing but a name and one line of data."""

    name: bytes
    data: bytes


Item: TypeAlias = "bytes | NamedLine | ServerSentEvent"
"""An event; bytes are one that is nothing but one line of data."""


def decode(chunks: Iterable[bytes], *, limit: int = LIMIT) -> Iterator[ServerSentEvent]:
    """The events of a body that comes in ``chunks``, however it is cut; an unfinished last block is dropped.

    Raises `TooLargeError` for a line or a block of more than ``limit`` bytes, after the events before it.
    """
    decoder = Decoder(limit, leaves_names=True)  # `feed` makes events of them; it is quicker
    for chunk in chunks:
        yield from decoder.feed(chunk)
    yield from decoder.flush()


class Decoder:
    """A stage: bytes in, `ServerSentEvent` out, each as soon as its blank line is there.

    Attributes:
        last_event_id: as committed by the last complete block.
        reconnection_time: the last valid ``retry``, in milliseconds, or None.
        stray: unknown lines of the last call, each with the number of events of that call that came before it.
        rest: after `flush`, the unfinished last block, or None.
        error: set when a limit was exceeded. That call still returns the events before; the next one raises it.
    """

    def __init__(self, limit: int = LIMIT, *, leaves_names: bool = False) -> None:
        self.limit, self._leaves_names = limit, leaves_names
        self.last_event_id = ""
        self.reconnection_time: int | None = None
        self.stray: list[tuple[int, str]] = []
        self.rest: ServerSentEvent | None = None
        self.error: TooLargeError | None = None
        self._begun = False
        self._idle = False  # begun, nothing is waiting, and there is no id that events would carry
        self._after_cr = False
        self._pieces: list[bytes] = []  # the line that has no end yet
        self._waiting = 0  # bytes in it
        self._id = ""
        self._open()

    def _open(self) -> None:
        """Begin a new block; of the old one only the id is kept."""
        self._data: list[bytes] = []
        self._size = 0
        self._name = b""
        self._retry: int | None = None
        self._started = False

    def feed(self, chunk: bytes) -> list[ServerSentEvent]:
        """The events that ``chunk`` completes."""
        return [event_of(item) for item in self.split(chunk)]

    def split(self, chunk: bytes) -> list[Item]:
        """The events that ``chunk`` completes; one that has nothing but one line of data is left as the bytes of that
        line, and one that has a name besides as a `NamedLine` if ``leaves_names``.

        JSON is parsed from bytes anyway: this avoids making a string and an object of nearly every event.
        """
        if (
            self._idle
            and type(chunk) is bytes
            and chunk[-2:] == b"\n\n"
            and CR not in chunk
            and len(chunk) <= self.limit
        ):
            lines = _plain_blocks(chunk)
            if lines:
                if self.stray:
                    self.stray = []
                return lines
        if self.error is not None:
            raise self.error
        if type(chunk) is not bytes:
            chunk = memoryview(chunk).tobytes()  # of a buffer that may be used again; TypeError for text
        self.stray = []
        out: list[Item] = []
        try:
            self._split(chunk, out)
        except TooLargeError as exc:
            self.error = exc
        self._idle = self._begun and not (self._after_cr or self._pieces or self._started or self._id or self.error)
        return out

    def flush(self) -> list[ServerSentEvent]:
        """No events, because an unfinished block is not an event. It is in `rest`."""
        if self.error is not None:
            raise self.error
        self.stray = []
        line = b"".join(self._pieces)
        self._pieces, self._waiting = [], 0
        if line:
            self._line(line, [])
        if self._data:
            self.rest = self._event(self._id)
        self._open()
        return []

    def _split(self, chunk: bytes, out: list[Item]) -> None:
        if not self._begun:
            chunk = self._start(chunk)
        if self._after_cr and chunk:
            self._after_cr = False
            chunk = chunk.removeprefix(b"\n")
        if CR in chunk:
            self._after_cr = chunk.endswith(b"\r")
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        if not chunk:
            return
        if self._pieces:
            self._pieces.append(chunk)
            if LF not in chunk:
                self._wait(len(chunk))
                return
            chunk = b"".join(self._pieces)
            self._pieces, self._waiting = [], 0
        end = chunk.rfind(b"\n\n") + 2
        if end > 1:
            self._blocks(chunk[:end], out)
        *lines, last = chunk[end if end > 1 else 0 :].split(b"\n")
        for line in lines:
            self._line(line, out)
        if last:
            self._pieces.append(last)
            self._wait(len(last))

    def _blocks(self, chunk: bytes, out: list[Item]) -> None:
        """Read whole blocks; ``chunk`` ends with a blank line."""
        small = len(chunk) <= self.limit
        if small and not self._started and not self._id:
            lines = _plain_blocks(chunk)
            if lines:
                out += lines
                return
        for block in chunk[:-2].split(b"\n\n"):
            if small and block[:6] == b"data: " and LF not in block and not self._started and not self._id:
                out.append(block[6:])
                continue
            if self._leaves_names and small and block[:7] == b"event: " and not self._started and not self._id:
                name, _, data = block.partition(b"\ndata: ")
                if data and LF not in data and LF not in name:
                    out.append(NamedLine(name[7:], data))
                    continue
            for line in block.split(b"\n"):
                self._line(line, out)
            self._line(b"", out)

    def _start(self, chunk: bytes) -> bytes:
        chunk = b"".join((*self._pieces, chunk))
        self._pieces = []
        if len(chunk) < len(BOM) and BOM.startswith(chunk):
            self._pieces.append(chunk)
            return b""
        self._begun = True
        return chunk.removeprefix(BOM)

    def _wait(self, size: int) -> None:
        self._waiting += size
        self._check(self._waiting)

    def _check(self, size: int) -> None:
        if self._size + size > self.limit:
            raise TooLargeError(f"a line or an event of more than {self.limit} bytes")

    def _line(self, line: bytes, out: list[Item]) -> None:
        if not line:
            self._dispatch(out)
            return
        self._check(len(line))
        self._started = True
        field, _, value = line.partition(b":")
        if value[:1] == b" ":
            value = value[1:]
        if field == b"data":
            self._data.append(value)
            self._size += len(line)
        elif field == b"event":
            self._name = value
        elif field == b"id":
            if b"\0" not in value:
                self._id = value.decode("utf-8", "replace")
        elif field == b"retry":
            if value.isdigit() and len(value) <= MAX_RETRY_DIGITS:
                self._retry = self.reconnection_time = int(value)
        elif field:  # without a name it is a comment
            self.stray.append((len(out), line.decode("utf-8", "replace")))

    def _dispatch(self, out: list[Item]) -> None:
        self.last_event_id = self._id
        if self._data:
            out.append(self._event(self._id))
        if self._started:
            self._open()

    def _event(self, id: str) -> ServerSentEvent:
        event = event_of(b"\n".join(self._data))
        event.id, event.retry = id, self._retry
        if self._name:
            event.event = self._name.decode("utf-8", "replace")
        return event


def event_of(item: Item) -> ServerSentEvent:
    """An event that was left as bytes; any other one as it is."""
    if isinstance(item, ServerSentEvent):
        return item
    name, data = item if isinstance(item, NamedLine) else (b"", item)
    word = name.decode("utf-8", "replace") if name else "message"
    try:
        return ServerSentEvent(word, data.decode())
    except UnicodeDecodeError:
        return ServerSentEvent(word, data.decode("utf-8", "replace"), damaged=True)


def _plain_blocks(chunk: bytes) -> list[Item] | None:
    """The data of each block, if every block is one ``data: `` line; ``chunk`` ends with a blank line."""
    if chunk[:6] != b"data: ":
        return None
    lines: list[Any] = chunk[6:-2].split(b"\n\ndata: ")
    return None if [line for line in lines if LF in line] else lines
