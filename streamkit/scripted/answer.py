"""The answer of a scripted server as a value: a head, and a body with its timing. Connections and httpx transports play
it in the same way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from ..errors import ApiError, StreamkitError
from ..wire import APIS, Api, Parser, api_named

__all__ = [
    "Answer",
    "CutError",
    "Write",
    "error_answer",
    "error_body",
    "plain_answer",
    "stream_answer",
    "timed_chunks",
    "whole_answer",
]

Then: TypeAlias = Literal["on", "drop", "stall"]


@dataclass(frozen=True, slots=True)
class Write:
    """Bytes to send, ``delay`` seconds after those before; then go on, cut the connection, or fall silent."""

    delay: float
    data: bytes
    then: Then = "on"


@dataclass(frozen=True)
class Answer:
    """One HTTP answer. ``status`` 0 means none at all: the connection is closed without an answer."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: Iterable[Write] = field(default=(), repr=False)
    head_after: float = 0.0
    """Seconds until the status line."""


class CutError(Exception):
    """Raised where the script cuts the connection."""


async def timed_chunks(writes: Iterable[Write]) -> AsyncIterator[bytes]:
    """The bytes of ``writes`` when they are due; `CutError` or endless silence where their ``then`` asks for it.

    Delays add up from the start, so a slow reader gets at once what was due meanwhile, as on a network.
    """
    loop = asyncio.get_running_loop()
    due = loop.time()
    for write in writes:
        due += write.delay
        await asyncio.sleep(max(0.0, due - loop.time()))  # 0 lets other tasks run
        if write.data:
            yield write.data
        if write.then == "drop":
            raise CutError
        if write.then == "stall":
            await loop.create_future()


def stream_answer(
    writes: Iterable[Write], api: str, headers: Mapping[str, str] | None = None, head_after: float = 0.0
) -> Answer:
    """An answer that is an event stream, in the form of an API."""
    media = api_named(api).framing.media
    head = (("content-type", f"{media}; charset=utf-8"), ("cache-control", "no-cache"))
    return Answer(200, _merged(head, headers or {}), writes, head_after)


def whole_answer(
    writes: Iterable[Write], api: str, headers: Mapping[str, str] | None = None, head_after: float = 0.0
) -> Answer:
    """The same reply in one piece, if no stream was requested; it comes at the moment when the stream would have
    ended."""
    delay, parser = 0.0, Parser(api)
    try:
        for write in writes:
            delay += write.delay
            for _ in parser.feed(write.data):
                pass
            if write.then != "on":
                return _broken(delay, write.then)
        for _ in parser.flush():
            pass
    except ApiError as exc:
        status = exc.code if isinstance(exc.code, int) and 400 <= exc.code < 600 else 500
        return error_answer(status, str(exc), exc.error_type, exc.code, api=api_named(api), after=delay)
    except StreamkitError:  # the script is not a complete reply, so the answer is not one either
        return _broken(delay, "drop")
    document = api_named(api).whole
    assert document is not None  # an API with a writer can be written in both ways
    return plain_answer(200, document(parser.reply()), headers, head_after + delay)


def _broken(delay: float, then: Then) -> Answer:
    return Answer(200, (("content-type", "application/json"),), [Write(delay, b"{", then)])


def plain_answer(
    status: int, body: Any = b"", headers: Mapping[str, str] | None = None, head_after: float = 0.0
) -> Answer:
    """An answer in one piece: bytes and text as they are, anything else as JSON."""
    kind = "application/json"
    if isinstance(body, (bytes, str)):
        data = body if isinstance(body, bytes) else body.encode()
        kind = "text/html; charset=utf-8" if data.lstrip()[:1] == b"<" else "text/plain; charset=utf-8"
        kind = "application/json" if data.lstrip()[:1] in (b"{", b"[") else kind
    else:
        data = json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass")
    head = (("content-type", kind), ("content-length", str(len(data))))
    return Answer(status, _merged(head, headers or {}), [Write(0.0, data)], head_after)


def error_answer(
    status: int,
    message: str,
    type: str | None = None,
    code: Any = None,
    *,
    api: Api | None = None,
    headers: Mapping[str, str] | None = None,
    after: float = 0.0,
) -> Answer:
    """An error in the form of ``api``, or of chat completions. Without a ``type`` it has the one that fits the
    status."""
    error = {"message": message, "type": type, "code": code}
    return plain_answer(status, error_body(api, status, error), headers, after)


def error_body(api: Api | None, status: int, error: Mapping[str, Any]) -> dict[str, Any]:
    """The body of an error in the form of ``api``, or of chat completions; None in ``error`` means not known."""
    form = (api.error if api is not None else None) or APIS["chat"].error
    assert form is not None  # chat completions have one
    return form(status, {name: value for name, value in error.items() if value is not None})


def _merged(defaults: Iterable[tuple[str, str]], headers: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """``headers`` in lower case, as names are case-insensitive, after the ``defaults`` that they do not replace."""
    own = {name.lower(): value for name, value in headers.items()}
    return (*((name, value) for name, value in defaults if name not in own), *own.items())
