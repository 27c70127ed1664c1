"""Streams of the official ``openai`` library as events: the second way of asking.

The library is never imported here: its objects are taken as they come, so every version works, and so does whatever
wraps its streams (tracing, caching). What it hides stays hidden: it swallows ``[DONE]``, so a reply without a finish
reason counts as cut, and keys that it drops are not in ``raw``.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterable, Iterable
from contextlib import aclosing, suppress
from inspect import isawaitable
from typing import Any

from ..engine import Reading, Source, Stream
from ..errors import ApiError, MalformedError, StreamkitError, excerpt
from ..events import Event
from ..wire import Parser
from ..wire.loads import encode
from .answers import request_id, status_error
from .exchange import shut_socket, translated
from .iterators import check_given, items_of
from .threads import in_thread

__all__ = ["from_sdk"]


def from_sdk(stream: Any, *, lenient: bool = False) -> Stream[Event]:
    """The events of a stream that the official ``openai`` library opened; the last is the `Reply`.

    ``stream`` is what ``create(..., stream=True)`` gives, of ``OpenAI`` or ``AsyncOpenAI``, for chat, completions or
    responses; or a callable that opens one, which makes the result cold: each subscription is a request. Blocking
    calls run in a thread of their own. The library's errors come as ours, with the partial reply.

    Note: the library retries by itself and has its own time limits; those of `Limits` do not apply.
    """
    if not isawaitable(stream):
        check_given(stream, "events of the library")

    async def produce(reading: Reading) -> AsyncGenerator[Iterable[Event], None]:
        parser: Parser | None = None
        opened: Any = None
        try:
            opened = await _open(stream)
            reading.cut = lambda: shut_socket(getattr(opened, "response", None))
            if hasattr(opened, "model_dump"):  # asked without stream=True: the whole reply at once
                form = _plain(opened)
                parser = Parser(_api(form), lenient=lenient)
                reading.snapshot = parser.reply
                yield parser.body(encode(form))
                return
            async with aclosing(items_of(opened)) as chunks:
                async for chunk in chunks:
                    form = _plain(chunk)
                    if parser is None:
                        parser = Parser(_api(form), lenient=lenient, request_id=_request_id(opened))
                        reading.snapshot = parser.reply
                    yield parser.feed_object(form)
                    if parser.done:
                        return
            if parser is None:
                _check_media(opened)
            yield (parser or Parser(lenient=lenient)).flush()
        except Exception as exc:
            error = _error(exc, sent=parser is not None)
            if parser is not None:
                if parser.finished and not isinstance(error, ApiError):  # the server had said all of it
                    yield parser.flush()
                    return
                error.partial = parser.reply()
            raise error from (None if error is exc else exc)
        finally:
            await _close(opened)

    return Stream(Source(produce), label="openai stream")


async def _open(stream: Any) -> Any:
    if isinstance(stream, (AsyncIterable, Iterable)):
        return stream
    made = await in_thread(stream, _shut) if callable(stream) else stream
    return await made if isawaitable(made) else made


def _shut(opened: Any) -> None:
    """Close what was opened too late; of an async client that is a coroutine that never began."""
    close = getattr(opened, "close", None)
    if callable(close):
        close()


async def _close(opened: Any) -> None:
    close = getattr(opened, "close", None)
    if not callable(close):
        return
    with suppress(Exception):
        if isinstance(opened, AsyncIterable):
            await close()
        else:
            await in_thread(close)


def _plain(chunk: Any) -> Any:
    """A library object as the dict it was made from."""
    dump = getattr(chunk, "model_dump", None)
    return dump(mode="json", by_alias=True, exclude_unset=True, warnings=False) if dump is not None else chunk


def _api(form: Any) -> str:
    if not isinstance(form, dict):
        return "chat"
    if form.get("object") == "text_completion":
        return "completions"
    event = form.get("object") == "response" or isinstance(form.get("type"), str)
    return "responses" if event and "choices" not in form else "chat"


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
        return MalformedError(f"the library could not read the reply: {excerpt(str(exc))}")
    status, response = getattr(exc, "status_code", None), getattr(exc, "response", None)
    if isinstance(status, int):
        headers = getattr(response, "headers", {})
        return status_error(status, getattr(response, "reason_phrase", ""), headers, _body(exc))
    names = {cls.__name__ for cls in type(exc).__mro__}
    if "APIConnectionError" in names:
        return translated(exc.__cause__ or exc, sent)
    if "APIError" in names:
        return ApiError(
            excerpt(str(exc)),
            code=getattr(exc, "code", None),
            error_type=getattr(exc, "type", None),
            param=getattr(exc, "param", None),
        )
    return translated(exc, sent=True)


def _body(exc: Exception) -> bytes:
    body = getattr(exc, "body", None)
    return json.dumps(body if body is not None else {"message": str(exc)}, default=str).encode()
