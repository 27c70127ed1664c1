"""Streams and clients with scripted answers, which pass through real bytes."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from ..engine.streams import Reading, ReplyStream, Source
from ..errors import BrokenError, ConnectError, StatusError, StreamkitError
from ..events import Event, ToolCall, Usage
from ..scripted import CutError, Playable, Request, Script, Server, timed_chunks
from ..sources.http import Client, read_reply
from ..wire import Encoder, Parser, api_named

__all__ = ["ScriptedClient", "client", "script"]


def script(
    *pieces: str | Event,
    every: float = 0,
    first: float = 0,
    tool_calls: Sequence[ToolCall | tuple[str, Any]] = (),
    usage: Usage | None = None,
    fail: StreamkitError | Mapping[str, Any] | str | None = None,
    drop_after: int | None = None,
    api: str = "chat",
    **more: Any,
) -> ReplyStream:
    """A stream of these pieces, one delta each, that went through the real wire: encoded, sent as bytes, parsed.

    ``first`` and ``every`` are seconds; ``fail`` is acted out after the pieces; ``api`` names the API in whose form it
    is written (``chat``, ``completions``, ``responses``, ``anthropic``, ``ollama``: ValueError for others); ``more`` is
    whatever else a `Script` can do. Each subscription plays it anew.
    """
    answer = Script(
        pieces, every=every, first=first, tool_calls=tool_calls, usage=usage, fail=fail, drop_after=drop_after, **more
    )
    Encoder(api)  # raises here if the name is wrong, and not later on subscribing

    def produce(reading: Reading) -> AsyncGenerator[Iterable[Event], None]:
        parser, chunks = Parser(api), timed_chunks(answer.writes(api, figures=usage is not None))
        return read_reply(reading, parser, _act(chunks, fail, first, parser), api)

    return ReplyStream(Source(produce), label="script")


async def _act(chunks: AsyncIterator[bytes], fail: object, first: float, parser: Parser) -> AsyncGenerator[bytes, None]:
    """The bytes that the server sends, or after ``first`` seconds the failure that comes before any byte."""
    if isinstance(fail, (ConnectError, StatusError)):
        await asyncio.sleep(first)
        raise copy.copy(fail)
    try:
        async for chunk in chunks:
            yield chunk
    except CutError:
        raise BrokenError("the connection was cut", partial=parser.reply()) from None


class ScriptedClient(Client):
    """A `Client` whose server is a `Server` in the same process."""

    def __init__(self, server: Server, *, api: str = "chat", **options: Any) -> None:
        Encoder(api)  # raises here if replies of this API are only read
        version = urlsplit(api_named(api).access.address).path  # as the provider has it
        address = f"https://scripted.invalid{version}"
        defaults = {"base_url": address, "api_key": "scripted-key", "model": "scripted"}
        super().__init__(**{**defaults, **options, "api": api, "transport": server.transport()})
        self.server = server

    @property
    def requests(self) -> list[Request]:
        """The requests that the server got, in order; see `Request`."""
        return self.server.requests


def client(*scripts: Playable, **options: Any) -> ScriptedClient:
    """A client that gets ``scripts`` as answers, one a request, the last one again and again.

    Each is a text (sent word by word), an iterable of pieces, a `Script`, a recording or an error to act out.
    ``options`` are those of `Client`; ``api`` is one in whose form replies are written (``chat``, ``responses``,
    ``anthropic``, ``ollama``: ValueError for others).
    """
    return ScriptedClient(Server(*scripts), **options)
