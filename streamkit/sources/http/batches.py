"""The bytes of a reply as batches of events: what the producers of all sources of bytes give."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing

from ...engine.streams import Reading
from ...events import Event
from ...wire import Parser
from .secrets import Scrubber

__all__ = ["BatchReader", "read_reply"]


class BatchReader:
    """A stage: reads of a body in, a batch of events out for each. Its `close` must always be called.

    A listener to the bytes of ``reading`` gets them without what a scrubber removes: ``scrubber`` makes it when the
    first bytes come, as the key may not be known before. If ``is_document`` is set before
    the first read, the reads are the parts of one JSON document, and only `flush` gives events.
    """

    __slots__ = ("_document", "_listener", "_make_scrubber", "_parser", "_scrub", "is_document")

    def __init__(
        self, reading: Reading, parser: Parser, api: str, model: str = "", scrubber: Callable[[], Scrubber] = Scrubber
    ) -> None:
        reading.snapshot, reading.keeps_text = parser.reply, parser.fold.keep_text is True
        self.is_document = False
        self._parser = parser
        self._document: bytearray | None = None
        listener = self._listener = reading.byte_listener
        self._scrub: Scrubber | None = None
        self._make_scrubber = scrubber
        if listener is not None:
            listener.begin(api, model)

    def feed(self, chunk: bytes) -> Iterable[Event]:
        """The events that ``chunk`` completes."""
        data = chunk if type(chunk) is bytes else memoryview(chunk).tobytes()  # not all users check types
        if self._listener is not None:
            self._scrub = self._scrub or self._make_scrubber()
            self._listener.write(self._scrub.feed(data))
        if not self.is_document:
            return self._parser.feed(data)
        if self._document is None:
            self._document = bytearray()
        self._document += data
        return ()

    def flush(self) -> Iterable[Event]:
        """The events that the end of the body completes."""
        self.close()
        return self._parser.body(bytes(self._document)) if self._document else self._parser.flush()

    def close(self) -> None:
        """Pass to the listener what was held back."""
        listener, self._listener = self._listener, None
        if listener is not None and self._scrub is not None:
            listener.write(self._scrub.flush())


async def read_reply(
    reading: Reading,
    parser: Parser,
    chunks: AsyncGenerator[bytes, None],
    api: str,
    model: str = "",
    *,
    is_document: bool = False,
) -> AsyncGenerator[Iterable[Event], None]:
    """The events of each of ``chunks``, until nothing follows; with ``is_document`` these are one JSON document."""
    reader = BatchReader(reading, parser, api, model)
    reader.is_document = is_document
    try:
        async with aclosing(chunks):
            async for chunk in chunks:
                yield reader.feed(chunk)
                if parser.done:
                    return
    finally:
        reader.close()
    yield reader.flush()
