"""Streams of providers' own libraries as events: the second way of asking.

No library is imported here: its objects are taken as they come, so every version works, and so does whatever wraps its
streams (tracing, caching). What a library hides stays hidden, and keys that it drops are not in ``raw``. ``openai``
swallows ``[DONE]``, so a reply without a finish reason counts as cut; ``anthropic`` gives neither pings nor events
whose name is not beside their data (``event:``), its older versions none whose name they do not know.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from contextlib import AsyncExitStack, aclosing
from typing import Any

from ..engine.streams import Reading, ReplyStream, Source
from ..errors import ApiError, MalformedError
from ..events import Event, Outcome, Reply
from ..wire import APIS, GENERAL, Parser, encode, owner
from ..wording import excerpt
from .http import request_id, shorten, shut_socket
from .library import as_dict, check_library, forms_of, is_whole, open_library
from .library_errors import is_mistake, ours

__all__ = ["from_sdk"]


def from_sdk(stream: Any, *, lenient: bool = False) -> ReplyStream:
    """The events of a stream that an official library opened: ``openai``, ``anthropic``, ``google-genai``, ``ollama``.
    The last is the `Reply`.

    ``stream`` is what ``create(..., stream=True)``, ``stream(...)``, ``generate_content_stream(...)`` or
    ``chat(..., stream=True)`` gives, of a sync or an async client, for any API that is read here; or a callable that
    opens one, which makes the result cold: each subscription is a request. A reply that was not streamed serves too.
    Blocking calls run in a thread of their own. The library's errors come as ours, with the partial reply. A mistake in
    the callable (NameError, TypeError, KeyError, ...) is raised as it is; TypeError for what is no such stream.

    Note: the library retries by itself and has its own time limits; those of `Limits` do not apply. The sync clients of
    Google and Ollama do not tell their connection: after a cancel it stays open until something comes, or their limit.
    """
    check_library(stream)

    async def produce(reading: Reading) -> AsyncGenerator[Iterable[Event], None]:
        read, opened = _Reader(lenient), None
        reading.snapshot = read.reply
        async with AsyncExitStack() as closing:
            try:
                opened = await open_library(stream, closing)
                reading.cut = lambda: shut_socket(getattr(opened, "response", None))
                read.parser.request_id = _request_id(opened)
                if is_whole(opened):
                    yield read.whole(as_dict(opened))
                    return
                async with aclosing(forms_of(opened)) as forms:
                    async for form in forms:
                        yield read.chunk(form)
                        if read.parser.done:
                            return
                if not read.began:
                    _check_media(opened)
                yield read.parser.flush()
            except Exception as exc:
                if is_mistake(exc, opened, reading.committed):
                    reading.mistake = exc
                    raise
                error = ours(exc, sent=read.began)
                if read.parser.finished and not isinstance(error, ApiError):  # the server had said all of it
                    yield read.parser.flush()
                    return
                error.request_id = error.request_id or read.parser.request_id
                if read.began:
                    error.partial = read.reply()
                if error is exc:
                    raise
                error.__cause__ = exc
                shorten(error)
                raise error from exc

    return ReplyStream(Source(produce), label="stream of a library")


class _Reader:
    """A parser of whatever API the chunks turn out to be of."""

    def __init__(self, lenient: bool) -> None:
        self.parser = Parser(GENERAL, lenient=lenient)
        self.began = self._known = False

    def reply(self, outcome: Outcome | None = None) -> Reply:
        return self.parser.reply(outcome)

    def chunk(self, form: Any) -> Iterable[Event]:
        self.began = True
        self._know(form)
        return self.parser.feed_object(form)

    def whole(self, form: Any) -> Iterable[Event]:
        self._know(form)
        return self.parser.body(encode(form))

    def _know(self, form: Any) -> None:
        api = None if self._known else owner(form)
        if api is None:
            return
        self._known = True
        if api is not APIS[GENERAL]:  # what came before, if anything, was of no API in particular
            self.parser = Parser(api.name, lenient=self.parser.lenient, request_id=self.parser.request_id)


def _check_media(opened: Any) -> None:
    """`MalformedError` for an answer without a single event that was no event stream: the library reads over those."""
    response = getattr(opened, "response", None)
    media = response.headers.get("content-type", "").partition(";")[0] if response is not None else ""
    if media and media != "text/event-stream":
        raise MalformedError(f"the answer is {excerpt(media)}, not an event stream, and has no event")


def _request_id(opened: Any) -> str | None:
    response = getattr(opened, "response", None)
    told = getattr(opened, "_request_id", None) if response is None else request_id(response.headers)
    return told if isinstance(told, str) else None
