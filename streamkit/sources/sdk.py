"""Streams of providers' own libraries as events: the alternative to requests by a `Client`.

No library is imported here: its objects are used as they are, so every version works, and so does whatever wraps its
streams (tracing, caching). What a library hides stays hidden, and keys that it drops are not in ``raw``. ``openai``
swallows ``[DONE]``, so a reply without a finish reason counts as cut; ``anthropic`` emits neither pings nor events
whose name is not beside their data (``event:``); its older versions omit events whose name they do not know.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from contextlib import AsyncExitStack, aclosing
from typing import Any

from ..engine.streams import Reading, ReplyStream, Source
from ..errors import ApiError, MalformedError
from ..events import Event, Outcome, Reply
from ..wire import APIS, FALLBACK_API, Parser, encode_json, owning_api
from ..wording import excerpt
from .http import request_id, shorten, shut_socket
from .library import as_dict, check_library, forms_of, is_whole, open_library
from .library_errors import as_streamkit_error, is_mistake

__all__ = ["from_sdk"]


def from_sdk(stream: Any, *, lenient: bool = False) -> ReplyStream:
    """The events of a stream that an official library opened: ``openai``, ``anthropic``, ``google-genai``, ``ollama``.
    The last is the `Reply`.

    ``stream`` is what ``create(..., stream=True)``, ``stream(...)``, ``generate_content_stream(...)`` or
    ``chat(..., stream=True)`` returns, of a sync or an async client, for any API that streamkit reads; or a callable
    that opens one, which makes the result cold: each subscription is a request. A reply that was not streamed works
    too. Blocking calls run in a thread of their own. The library's errors are raised as a `StreamkitError` with the
    partial reply. A mistake in the callable (NameError, TypeError, KeyError, ...) is raised as it is; TypeError for an
    object that is not such a stream.

    Note: the library retries by itself and has its own time limits; those of `Limits` do not apply. The sync clients of
    Google and Ollama do not show their connection: after a cancel it stays open until data arrive or their limit ends.
    """
    check_library(stream)

    async def produce(reading: Reading) -> AsyncGenerator[Iterable[Event], None]:
        reader, opened = _ChunkReader(lenient), None
        reading.snapshot = reader.reply
        async with AsyncExitStack() as closing:
            try:
                opened = await open_library(stream, closing)
                reading.cut = lambda: shut_socket(getattr(opened, "response", None))
                reader.parser.request_id = _request_id(opened)
                if is_whole(opened):
                    yield reader.whole(as_dict(opened))
                    return
                async with aclosing(forms_of(opened)) as forms:
                    async for form in forms:
                        yield reader.chunk(form)
                        if reader.parser.done:
                            return
                if not reader.has_begun:
                    _check_media(opened)
                yield reader.parser.flush()
            except Exception as exc:
                if is_mistake(exc, opened, reading.committed):
                    reading.mistake = exc
                    raise
                error = as_streamkit_error(exc, sent=reader.has_begun)
                if reader.parser.finished and not isinstance(error, ApiError):  # the whole reply had arrived
                    yield reader.parser.flush()
                    return
                error.request_id = error.request_id or reader.parser.request_id
                if reader.has_begun:
                    error.partial = reader.reply()
                if error is exc:
                    raise
                error.__cause__ = exc
                shorten(error)
                raise error from exc

    return ReplyStream(Source(produce), label="stream of a library")


class _ChunkReader:
    """A reader of a library's chunks: it chooses the parser when the chunks show their API."""

    def __init__(self, lenient: bool) -> None:
        self.parser = Parser(FALLBACK_API, lenient=lenient)
        self.has_begun = self._is_chosen = False

    def reply(self, outcome: Outcome | None = None) -> Reply:
        return self.parser.reply(outcome)

    def chunk(self, form: Any) -> Iterable[Event]:
        self.has_begun = True
        self._choose_parser(form)
        return self.parser.feed_object(form)

    def whole(self, form: Any) -> Iterable[Event]:
        self._choose_parser(form)
        return self.parser.body(encode_json(form))

    def _choose_parser(self, form: Any) -> None:
        api = None if self._is_chosen else owning_api(form)
        if api is None:
            return
        self._is_chosen = True
        if api is not APIS[FALLBACK_API]:  # earlier chunks, if any, did not belong to a particular API
            self.parser = Parser(api.name, lenient=self.parser.lenient, request_id=self.parser.request_id)


def _check_media(opened: Any) -> None:
    """`MalformedError` for a response without events that was not an event stream: the library ignores its body."""
    response = getattr(opened, "response", None)
    media = response.headers.get("content-type", "").partition(";")[0] if response is not None else ""
    if media and media != "text/event-stream":
        raise MalformedError(f"the answer is {excerpt(media)}, not an event stream, and has no event")


def _request_id(opened: Any) -> str | None:
    response = getattr(opened, "response", None)
    value = getattr(opened, "_request_id", None) if response is None else request_id(response.headers)
    return value if isinstance(value, str) else None
