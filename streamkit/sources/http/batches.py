"""The bytes of a reply as batches of events: what the producers of all sources of bytes give."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing

from ...engine.streams import Reading
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
    is_document: Callable[[], bool] = bool,  # gives False
    scrubber: Callable[[], Scrubber] = Scrubber,
) -> AsyncGenerator[Iterable[Event], None]:
    """The events of each of ``chunks``, until nothing follows. If ``is_document`` returns True once there are bytes,
    these are one JSON document. A listener to the bytes of ``reading`` gets them without what ``scrubber`` removes."""
    reading.snapshot, reading.keeps_text = parser.reply, parser.fold.keep_text is True
    listener, scrub, document = reading.byte_listener, Scrubber(), bytearray()
    if listener is not None:
        scrub = scrubber()
        listener.begin(api, model)
    try:
        async with aclosing(chunks):
            async for chunk in chunks:
                data = chunk if type(chunk) is bytes else memoryview(chunk).tobytes()  # not all users check types
                if listener is not None:
                    listener.write(scrub.feed(data))
                if is_document():
                    document += data
                    continue
                yield parser.feed(data)
                if parser.done:
                    return
    finally:
        if listener is not None:
            listener.write(scrub.flush())
    yield parser.body(bytes(document)) if document else parser.flush()
