"""Streams from what is at hand: bytes of a body, pieces of text, any iterable, read without blocking the loop."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Iterable
from contextlib import suppress
from inspect import isawaitable
from typing import Any, TypeAlias, TypeVar

from ..engine import Reading, Source, Stream
from ..events import Event, Finish, Start, TextDelta
from ..stages.fold import Fold
from ..wire import Parser

__all__ = ["from_bytes", "from_text", "items_of", "opened"]

T = TypeVar("T")
Items: TypeAlias = Iterable[T] | AsyncIterable[T]
Given: TypeAlias = Items[T] | Callable[[], Items[T] | Awaitable[Items[T]]]


async def opened(given: Given[T]) -> Items[T]:
    """What a callable gives (awaited if need be), or ``given`` itself."""
    if not callable(given) or isinstance(given, (AsyncIterable, Iterable)):
        return given
    made = given()
    return await made if isawaitable(made) else made


async def items_of(items: Items[T]) -> AsyncGenerator[T, None]:
    """The items one by one, pulled only when asked for. A blocking iterator is read in a thread of its own."""
    if isinstance(items, AsyncIterable):
        iterator = aiter(items)
        try:
            async for item in iterator:
                yield item
        finally:
            close = getattr(iterator, "aclose", None)
            if close is not None:
                await close()
    elif isinstance(items, (list, tuple)):
        for item in items:
            yield item
    else:
        pump = _Pump(iter(items), asyncio.get_running_loop())
        try:
            while (batch := await pump.next()) is not None:
                for item in batch:
                    yield item
        finally:
            pump.stop()


class _Pump:
    """One daemon thread that calls ``next`` when told to: it must not keep the interpreter alive when it hangs."""

    def __init__(self, iterator: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._iterator, self._loop = iterator, loop
        self._asked: queue.SimpleQueue[asyncio.Future[Any] | None] = queue.SimpleQueue()
        threading.Thread(target=self._work, name="streamkit pump", daemon=True).start()

    async def next(self) -> tuple[Any] | None:
        future: asyncio.Future[Any] = self._loop.create_future()
        self._asked.put(future)
        answer = await future
        if isinstance(answer, BaseException):
            raise answer
        return answer  # type: ignore[no-any-return]  # a tuple of one, or None at the end

    def stop(self) -> None:
        self._asked.put(None)

    def _work(self) -> None:
        while (future := self._asked.get()) is not None:
            answer: Any
            try:
                answer = (next(self._iterator),)
            except StopIteration:
                answer = None
            except BaseException as exc:
                answer = exc
            with suppress(RuntimeError):  # the loop is closed: nobody waits
                self._loop.call_soon_threadsafe(_settle, future, answer)
        close = getattr(self._iterator, "close", None)
        if callable(close):
            with suppress(Exception):
                close()


def _settle(future: asyncio.Future[Any], answer: Any) -> None:
    if not future.done():
        future.set_result(answer)


def from_bytes(chunks: Given[bytes], api: str = "chat", *, lenient: bool = False) -> Stream[Event]:
    """The events of a body that somebody else reads: an iterable or async iterable of bytes, cut anywhere.

    A callable that gives one makes the stream cold; a bare iterator can be subscribed to once. ValueError for an
    unknown ``api`` (``chat``, ``completions``, ``responses``). What ``chunks`` raises becomes a `BrokenError`.
    """
    Parser(api)

    async def produce(reading: Reading) -> AsyncGenerator[Iterable[Event], None]:
        parser = Parser(api, lenient=lenient)
        reading.snapshot = parser.reply
        body = items_of(await opened(chunks))
        if reading.tap is not None:
            reading.tap.begin(api, "")
        try:
            async for chunk in body:
                if reading.tap is not None:
                    reading.tap.write(chunk)
                yield parser.feed(chunk)
                if parser.done:
                    return
            yield parser.flush()
        finally:
            await body.aclose()

    return Stream(Source(produce), label=f"{api} from bytes")


def from_text(pieces: Given[str], *, model: str | None = None) -> Stream[Event]:
    """Pieces of text as the events of a reply, so that everything made for replies works on them too."""

    async def produce(reading: Reading) -> AsyncGenerator[Iterable[Event], None]:
        fold = Fold()
        reading.snapshot = fold.reply

        def told(*events: Event) -> Iterable[Event]:
            for event in events:
                fold.feed(event)
            return events

        yield told(Start(model=model or ""))
        items = items_of(await opened(pieces))
        try:
            async for piece in items:
                if piece:
                    yield told(TextDelta(piece))
        finally:
            await items.aclose()
        yield told(Finish("stop"))
        yield (fold.reply("complete"),)

    return Stream(Source(produce), label="text")
