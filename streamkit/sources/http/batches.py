"""The bytes of a reply as batches of events: what the producers of all sources of bytes give."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing

from ...engine.streams import Reading
from ...engine.upstream import ByteListener
from ...events import Event
from ...wire import Parser
from .secrets import Scrubber

__all__ = ["read_reply"]


async def read_reply(
    reading: Reading,
    parser: Parser,
    chunks: AsyncGenerator[bytes, None],
    api: str,
    model: str = "",
    *,
    is_document: Callable[[], bool] = bool,
    scrubber: Callable[[], Scrubber] = Scrubber,
) -> AsyncGenerator[Iterable[Event], None]:
    """The events of each of ``chunks``, until nothing follows. If ``is_document`` returns True once there are bytes,
    these are one JSON document. A listener to the bytes of ``reading`` gets them without what ``scrubber`` removes."""
    reading.snapshot, reading.keeps_text = parser.reply, parser.fold.keep_text is True
    if reading.byte_listener is not None:
        reading.byte_listener.begin(api, model)
        chunks = _copied(chunks, reading.byte_listener, scrubber())
    document: list[bytes] = []
    async with aclosing(chunks):
        async for chunk in chunks:
            if is_document():
                document.append(chunk)
                continue
            yield parser.feed(chunk)
            if parser.done:
                return
        yield parser.body(b"".join(document)) if document else parser.flush()


async def _copied(
    chunks: AsyncGenerator[bytes, None], listener: ByteListener, scrubber: Scrubber
) -> AsyncGenerator[bytes, None]:
    async with aclosing(chunks):
        try:
            async for data in chunks:
                if visible := scrubber.feed(data):
                    listener.write(visible)
                yield data
        finally:
            if rest := scrubber.flush():
                listener.write(rest)
