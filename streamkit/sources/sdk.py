"""Streams of the official ``openai`` library as events: the second way of asking.

The library is never imported here: its objects are taken as they come, so every version works, and so does whatever
wraps its streams (tracing, caching). What it hides stays hidden: it swallows ``[DONE]``, so a reply without a finish
reason counts as cut, and keys that it drops are not in ``raw``.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Iterable
from contextlib import AsyncExitStack, aclosing
from typing import Any
from urllib.parse import urlsplit

from ..engine import Reading, ReplyStream, Source
from ..errors import ApiError, BrokenError, ConnectError, MalformedError, StreamkitError, excerpt, said
from ..events import Event, Outcome, Reply
from ..runtimes import UnsupportedRuntimeError
from ..wire import Parser
from ..wire.complaints import MESSAGE, api_error
from ..wire.loads import encode
from .answers import request_id, status_error
from .behind import shorten
from .exchange import shut_socket, translated
from .failures import name_address
from .library import api_of, check_library, forms_of, is_whole, open_library, plain_form
from .requests import names_version

__all__ = ["from_sdk"]

BUGS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    ImportError,
    LookupError,
    NameError,
    NotImplementedError,
    TypeError,
)
"""What a mistake in a program raises, and no server makes it raise."""


def from_sdk(stream: Any, *, lenient: bool = False) -> ReplyStream:
    """The events of a stream that the official ``openai`` library opened; the last is the `Reply`.

    ``stream`` is what ``create(..., stream=True)`` or ``stream(...)`` gives, of ``OpenAI`` or ``AsyncOpenAI``, for
    chat, completions or responses; or a callable that opens one, which makes the result cold: each subscription is a
    request. Blocking calls run in a thread of their own. The library's errors come as ours, with the partial reply. A
    mistake in the callable (NameError, TypeError, KeyError, ...) is raised as it is; TypeError for what is no such
    stream.

    Note: the library retries by itself and has its own time limits; those of `Limits` do not apply.
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
                    yield read.whole(plain_form(opened))
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
                if _is_mistake(exc, opened, reading.committed):
                    reading.mistake = exc
                    raise
                error = _error(exc, sent=read.began)
                _name_address(error, exc)
                if read.parser.finished and not isinstance(error, ApiError):  # the server had said all of it
                    yield read.parser.flush()
                    return
                if read.began:
                    error.partial = read.reply()
                if error is exc:
                    raise
                error.__cause__ = exc
                shorten(error)
                raise error from exc

    return ReplyStream(Source(produce), label="openai stream")


class _Reader:
    """A parser of whatever API the chunks turn out to be of."""

    def __init__(self, lenient: bool) -> None:
        self.parser = Parser("completions", lenient=lenient)
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
        api = None if self._known else api_of(form)
        if api == "responses":  # what came before, if anything, was of no API in particular
            self.parser = Parser(api, lenient=self.parser.lenient, request_id=self.parser.request_id)
        self._known = self._known or api is not None


def _is_mistake(exc: Exception, opened: Any, committed: bool) -> bool:
    """Whether ``exc`` is of the user's own code: what opens a stream, or a generator around one that gave no content
    yet. What is raised later, or by the library while it reads, may be the doing of the server."""
    if isinstance(exc, UnsupportedRuntimeError):
        return True
    if opened is None and isinstance(exc, ValueError):
        return not isinstance(exc, (json.JSONDecodeError, UnicodeError))  # of a whole reply
    return isinstance(exc, BUGS) and not committed and getattr(opened, "response", None) is None


def _check_media(opened: Any) -> None:
    """`MalformedError` for an answer without a single event that was no event stream: the library reads over those."""
    response = getattr(opened, "response", None)
    media = response.headers.get("content-type", "").partition(";")[0] if response is not None else ""
    if media and media != "text/event-stream":
        raise MalformedError(f"the answer is {excerpt(media)}, not an event stream, and has no event")


def _request_id(opened: Any) -> str | None:
    response = getattr(opened, "response", None)
    return request_id(response.headers) if response is not None else None


def _error(exc: Exception, *, sent: bool) -> StreamkitError:
    """The library's exceptions, known by what they carry: a status, a parsed body, or just a cause."""
    if isinstance(exc, StreamkitError):
        return exc
    if isinstance(exc, (ValueError, RecursionError)):  # of json or of a codec
        return MalformedError(f"the library could not read the reply: {said(exc)}")
    status, response = getattr(exc, "status_code", None), getattr(exc, "response", None)
    if isinstance(status, int) and status >= 400:
        headers = getattr(response, "headers", {})
        return status_error(status, getattr(response, "reason_phrase", ""), headers, _body(exc))
    names = {cls.__name__ for cls in type(exc).__mro__}
    if "APIConnectionError" in names:
        return translated(exc if exc.__cause__ is None else exc.__cause__, sent)
    if "APIError" in names:
        body = None if isinstance(status, int) else getattr(exc, "body", None)  # with a status: what was no reply
        return api_error(body or said(exc, MESSAGE))
    if "OpenAIError" in names:  # of the library itself: no key, or what was said is not what it expects
        text = said(exc)
        return MalformedError(f"the library could not read the reply: {text}") if sent else ConnectError(text)
    if isinstance(exc, BUGS):
        return BrokenError.wrapping("what gives the stream failed:", exc)
    return translated(exc, sent=True)


def _name_address(error: StreamkitError, exc: Exception) -> None:
    """Name the address in ``error`` if the library's own exception tells it."""
    try:
        url = urlsplit(str(exc.request.url))  # type: ignore[attr-defined]
    except (AttributeError, RuntimeError, ValueError):  # RuntimeError: httpx has exceptions without their request
        return
    host = url.netloc.rpartition("@")[2]
    has_version = names_version(url.path) or "api-version" in url.query  # the latter on Azure
    name_address(error, f"{url.scheme}://{host}{url.path}", not has_version)


def _body(exc: Exception) -> bytes:
    body = getattr(exc, "body", None)
    return json.dumps(body if body is not None else {"message": said(exc, MESSAGE)}, default=str).encode()
