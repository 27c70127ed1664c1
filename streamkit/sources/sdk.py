"""Streams of providers' own libraries as events: the alternative to requests by a `Client`.

No library is imported here: its objects are used as they are, so every version works, and so does whatever wraps its
streams (tracing, caching). What a library hides stays hidden, and keys that it drops are not in ``raw``. ``openai``
swallows ``[DONE]``, so a reply without a finish reason counts as cut; ``anthropic`` emits neither pings nor events
whose name is not beside their data (``event:``); its older versions omit events whose name they do not know.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from contextlib import AsyncExitStack, aclosing
from dataclasses import replace
from typing import Any

from ..engine.streams import Reading, ReplyStream, Source
from ..errors import ApiError, MalformedError
from ..events import Event, Origin
from ..wire import APIS, FALLBACK_API, Parser, encode_json, owning_api
from ..wording import excerpt
from .http import answer_of, request_id, shorten, shut_socket
from .library import as_dict, asked_of, check_library, forms_of, is_whole, open_library
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

    def produce(reading: Reading) -> AsyncGenerator[Iterable[Event], None]:
        return _LibraryReader(reading, lenient).batches(stream)

    return ReplyStream(Source(produce), label="stream of a library")


class _LibraryReader:
    """The reader of one stream of a library: it chooses the parser when the chunks show their API."""

    def __init__(self, reading: Reading, lenient: bool) -> None:
        self._reading, self._parser = reading, Parser(FALLBACK_API, lenient=lenient)
        self._opened: Any = None
        self._asked = ("", "")
        self._has_begun = self._is_chosen = False
        reading.snapshot = self._parser.reply

    async def batches(self, stream: Any) -> AsyncGenerator[Iterable[Event], None]:
        async with AsyncExitStack() as closing, aclosing(self._events(stream, closing)) as batches:
            try:
                async for batch in batches:
                    yield batch
            except Exception as exc:
                error = self._error(exc)
                if error is exc:
                    raise
                if error is not None:
                    raise error from exc
                yield self._parser.flush()

    async def _events(self, stream: Any, closing: AsyncExitStack) -> AsyncGenerator[Iterable[Event], None]:
        self._opened = opened = await open_library(stream, closing)
        self._asked = asked_of(opened)
        self._reading.cut = lambda: shut_socket(getattr(opened, "response", None))
        self._tell(opened)
        self._set_origin()
        if is_whole(opened):
            form = as_dict(opened)
            self._choose_parser(form)
            yield self._parser.body(encode_json(form))
            return
        async with aclosing(forms_of(opened)) as forms:
            async for form in forms:
                self._has_begun = True
                self._choose_parser(form)
                yield self._parser.feed_object(form)
                if self._parser.done:
                    return
        if not self._has_begun:
            _check_media(opened)
        yield self._parser.flush()

    def _tell(self, opened: Any) -> None:
        """Give the parser what the headers of the answer say, if they can be reached."""
        self._parser.request_id = _request_id(opened)
        self._parser.besides = answer_of(getattr(opened, "response", None))

    def _error(self, exc: Exception) -> Exception | None:
        """The error to raise because of ``exc``, perhaps ``exc`` itself; None if the whole reply had arrived."""
        if is_mistake(exc, self._opened, self._reading.committed):
            self._reading.mistake = exc
            return exc
        error = as_streamkit_error(exc, sent=self._has_begun)
        if self._parser.finished and not isinstance(error, ApiError):
            return None
        error.request_id = error.request_id or self._parser.request_id
        if self._has_begun:
            error.partial = self._parser.reply()
        elif (response := getattr(exc, "response", None)) is not None:  # of a server that refused
            error.partial = replace(error.partial, **answer_of(response))
        if error is not exc:
            error.__cause__ = exc
            shorten(error)
        return error

    def _choose_parser(self, form: Any) -> None:
        api = None if self._is_chosen else owning_api(form)
        if api is None:
            return
        self._is_chosen = True
        if api is not APIS[FALLBACK_API]:  # earlier chunks, if any, did not belong to a particular API
            old = self._parser
            self._parser = Parser(api.name, lenient=old.lenient, request_id=old.request_id)
            self._parser.besides = old.besides
            self._reading.snapshot = self._parser.reply
            self._set_origin(api.name)

    def _set_origin(self, api: str = Origin().api) -> None:
        """Tell the parser what was asked: chat completions, as long as no other API is known."""
        host, model = self._asked
        self._parser.origin = Origin(api, host, model)


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
