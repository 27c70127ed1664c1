"""What a server is going to say, as a value: a head and a body in time. Sockets and httpx transports play it alike."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from ..errors import ApiError, StreamkitError
from ..wire import Parser
from .bodies import whole_body

__all__ = ["Answer", "CutError", "Write", "error_answer", "paced", "plain_answer", "streamed", "whole"]

Then: TypeAlias = Literal["on", "drop", "stall"]

STREAM_HEADERS = (("content-type", "text/event-stream; charset=utf-8"), ("cache-control", "no-cache"))


@dataclass(frozen=True, slots=True)
class Write:
    """Bytes to send, ``delay`` seconds after those before; then go on, cut the connection, or fall silent."""

    delay: float
    data: bytes
    then: Then = "on"


@dataclass(frozen=True)
class Answer:
    """One HTTP answer. ``status`` 0 is none at all: the connection is closed without a word."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: Iterable[Write] = field(default=(), repr=False)
    head_after: float = 0.0
    """Seconds until the status line."""


class CutError(Exception):
    """The script says: cut the connection here."""


async def paced(writes: Iterable[Write]) -> AsyncIterator[bytes]:
    """The bytes of ``writes`` when they are due; `CutError` where they say so, silence for ever where they say that.

    Moments are counted from the start, so a reader that was slow finds what was sent meanwhile, as on a network.
    """
    loop = asyncio.get_running_loop()
    due = loop.time()
    for write in writes:
        due += write.delay
        await asyncio.sleep(max(0.0, due - loop.time()))  # 0 lets others have a turn
        if write.data:
            yield write.data
        if write.then == "drop":
            raise CutError
        if write.then == "stall":
            await loop.create_future()


def streamed(writes: Iterable[Write], headers: Mapping[str, str] | None = None, head_after: float = 0.0) -> Answer:
    """An event stream."""
    return Answer(200, _merged(STREAM_HEADERS, headers or {}), writes, head_after)


def whole(
    writes: Iterable[Write], api: str, headers: Mapping[str, str] | None = None, head_after: float = 0.0
) -> Answer:
    """The same reply in one piece, for who did not ask for a stream: at the moment when the stream would have ended."""
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
        return error_answer(status, str(exc), exc.error_type or "server_error", exc.code, after=delay)
    except StreamkitError:  # not even the script is a whole reply, so the answer is none either
        return _broken(delay, "drop")
    return plain_answer(200, whole_body(parser.reply(), api), headers, head_after + delay)


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
    type: str = "invalid_request_error",
    code: Any = None,
    *,
    headers: Mapping[str, str] | None = None,
    after: float = 0.0,
) -> Answer:
    """An error in the shape that OpenAI's API uses."""
    body = {"error": {"message": message, "type": type, "param": None, "code": code}}
    return plain_answer(status, body, headers, after)


def _merged(defaults: Iterable[tuple[str, str]], given: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Header names are case-insensitive; what is given wins."""
    own = {name.lower(): value for name, value in given.items()}
    return (*((name, value) for name, value in defaults if name not in own), *own.items())
