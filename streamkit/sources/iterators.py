"""Streams from bytes of a body or pieces of text, given as any iterable, which is read without blocking the loop."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Iterable
from contextlib import aclosing
from inspect import isawaitable
from typing import Any, TypeAlias, TypeVar

from ..awaitables import close_unused
from ..checks import check_flag, check_text
from ..engine.failures import report
from ..engine.streams import Reading, ReplyStream, Source
from ..events import Event, Finish, Start, TextDelta
from ..stages import Fold
from ..wire import Parser, api_named
from ..worker import Worker
from .http import read_reply

__all__ = ["from_bytes", "from_text", "open_items", "pull_items"]

T = TypeVar("T")
Items: TypeAlias = Iterable[T] | AsyncIterable[T]
ItemSource: TypeAlias = Items[T] | Callable[[], Items[T] | Awaitable[Items[T]]]

IN_MEMORY = (dict, frozenset, list, range, set, tuple)
"""Types whose iteration never blocks, so it needs no thread."""
END: Any = object()


def check_source(source: Any, what: str) -> None:
    """TypeError if no items can come from ``source``."""
    if not (callable(source) or isinstance(source, (Iterable, AsyncIterable))):
        name = type(source).__name__
        raise TypeError(
            f"{what} come from an iterable, an async iterable or a callable that gives one, not from {name}"
        )


async def open_items(source: ItemSource[T]) -> Items[T]:
    """The items that a callable returns (awaited if necessary), or ``source`` itself."""
    if not callable(source) or isinstance(source, (AsyncIterable, Iterable)):
        return source
    items = source()
    return await items if isawaitable(items) else items


async def pull_items(source: ItemSource[T]) -> AsyncGenerator[T, None]:
    """The items one by one, pulled on demand. A blocking iterator is read in a thread of its own."""
    items = await open_items(source)
    if isinstance(items, AsyncIterable):
        iterator = aiter(items)
        try:
            async for item in iterator:
                yield item
        finally:
            close = getattr(iterator, "aclose", None)
            if close is not None:
                await close()
    elif isinstance(items, IN_MEMORY):
        for item in items:
            yield item
    else:
        pump, blocking = Worker("pump"), iter(items)
        try:
            while (item := await pump.call(next, blocking, END)) is not END:
                yield item
        finally:
            pump.submit(_close, blocking)  # after the call under way; nothing waits for it
            pump.leave()


def _close(source: Any) -> None:
    try:
        close_unused(source)
    except BaseException as exc:
        report(exc, "the iterator behind a stream raised when it was closed:")


def from_bytes(
    chunks: ItemSource[bytes], api: str = "chat", *, lenient: bool = False, keep_text: bool = True
) -> ReplyStream:
    """The events of a body that other code reads: an iterable or async iterable of bytes, cut anywhere.

    A callable that returns one makes the stream cold; a bare iterator can be subscribed to once. ValueError for an
    unknown ``api`` (``chat``, ``completions``, ``responses``). What ``chunks`` raises becomes a `BrokenError`.
    Without ``keep_text`` the Reply has no text, so that memory does not grow with it.
    """
    api_named(api)
    check_source(chunks, "bytes")
    if isinstance(chunks, str):
        raise TypeError("bytes do not come from a str: write text.encode(), or sk.from_text([text])")
    check_flag("lenient", lenient)
    check_flag("keep_text", keep_text)
    if isinstance(chunks, (bytes, bytearray)):
        chunks = (bytes(chunks),)  # type: ignore[unreachable]  # not all users check types

    def produce(reading: Reading) -> AsyncGenerator[Iterable[Event], None]:
        return read_reply(reading, Parser(api, lenient=lenient, keep_text=keep_text), pull_items(chunks), api)

    return ReplyStream(Source(produce), label=f"{api} from bytes")


def from_text(pieces: ItemSource[str], *, model: str | None = None) -> ReplyStream:
    """Pieces of text as the events of a reply, so that everything made for replies works on them too."""
    check_source(pieces, "pieces of text")
    check_text("model", model, optional=True)

    async def produce(reading: Reading) -> AsyncGenerator[Iterable[Event], None]:
        fold = Fold()
        reading.snapshot = fold.reply

        def add_to_fold(*events: Event) -> Iterable[Event]:
            for event in events:
                fold.feed(event)
            return events

        yield add_to_fold(Start(model=model or ""))
        async with aclosing(pull_items(pieces)) as items:
            async for piece in items:
                if not isinstance(piece, str):
                    raise TypeError(f"a piece of text is a str, not {type(piece).__name__}")
                if piece:
                    yield add_to_fold(TextDelta(piece))
        yield add_to_fold(Finish("stop"))
        yield (fold.reply("complete"),)

    return ReplyStream(Source(produce), label="text")
