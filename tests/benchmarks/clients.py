"""The clients that are compared. Each reads one reply and hands on its texts, as plainly as its documentation shows.

Those named after an HTTP library split the body at blank lines and parse with orjson: the least that is possible with
that library, without the rules of server-sent events, typed events, errors or limits.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

__all__ = ["CLIENTS", "Read"]

Read = Callable[[str, Callable[[str], None]], Awaitable[None]]
"""Reads the reply of a model, and calls the function with each text that is not empty."""
MESSAGES: list[Any] = [{"role": "user", "content": "Why is the sky blue? Say it at length."}]


def request_of(model: str) -> dict[str, Any]:
    return {"model": model, "messages": MESSAGES, "stream": True}


def splitter(on_text: Callable[[str], None]) -> Callable[[bytes], None]:
    """Calls ``on_text`` with the texts of the body that it is fed."""
    from orjson import loads

    rest = b""

    def feed(data: bytes) -> None:
        nonlocal rest
        *blocks, rest = (rest + data).split(b"\n\n")
        for block in blocks:
            if block != b"data: [DONE]" and (text := loads(block[6:])["choices"][0]["delta"].get("content")):
                on_text(text)

    return feed


# -- HTTP libraries ----------------------------------------------------------------------------------------------------


def plain_httpx(url: str, transport: Any = None) -> Read:
    import httpx

    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    client = httpx.AsyncClient(timeout=None, limits=limits, transport=transport)

    async def read(model: str, on_text: Callable[[str], None]) -> None:
        feed = splitter(on_text)
        async with client.stream("POST", f"{url}/chat/completions", json=request_of(model)) as response:
            async for data in response.aiter_raw():
                feed(data)

    return read


def aiohttp_transport() -> Any:
    from aiohttp import ClientSession, TCPConnector
    from httpx_aiohttp import AiohttpTransport

    return AiohttpTransport(client=lambda: ClientSession(connector=TCPConnector(limit=0)))


def plain_aiohttp(url: str) -> Read:
    from aiohttp import ClientSession, ClientTimeout, TCPConnector

    sessions: list[ClientSession] = []  # it is made within the loop

    async def read(model: str, on_text: Callable[[str], None]) -> None:
        if not sessions:
            sessions.append(ClientSession(connector=TCPConnector(limit=0), timeout=ClientTimeout(None)))
        feed = splitter(on_text)
        async with sessions[0].post(f"{url}/chat/completions", json=request_of(model)) as response:
            async for data in response.content.iter_any():
                feed(data)

    return read


class _Floor(asyncio.Protocol):
    """Reads the HTTP chunks of one server, and nothing else that HTTP has."""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def ask(self, request: bytes, on_text: Callable[[str], None]) -> asyncio.Future[None]:
        self._feed, self._rest, self._in_head = splitter(on_text), b"", True
        self._ended = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._ended

    def data_received(self, data: bytes) -> None:
        data, at = self._rest + data, 0
        if self._in_head:
            at = data.find(b"\r\n\r\n") + 4
            self._in_head = at == 3
        while not self._in_head and (line := data.find(b"\r\n", at)) >= 0:
            begin = line + 2
            end = begin + int(data[at:line], 16)
            if end == begin:
                self._ended.set_result(None)
                return
            if len(data) < end + 2:
                break
            self._feed(data[begin:end])
            at = end + 2
        self._rest = data if self._in_head else data[at:]


def floor(url: str) -> Read:
    address, idle = urlsplit(url), list[_Floor]()

    async def read(model: str, on_text: Callable[[str], None]) -> None:
        body = json.dumps(request_of(model)).encode()
        head = f"POST {address.path}/chat/completions HTTP/1.1\r\nhost: {address.netloc}\r\n"
        head += f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        loop = asyncio.get_running_loop()
        protocol = idle.pop() if idle else (await loop.create_connection(_Floor, address.hostname, address.port))[1]
        await protocol.ask(head.encode() + body, on_text)
        idle.append(protocol)

    return read


# -- libraries for language models -------------------------------------------------------------------------------------


def openai(url: str) -> Read:
    client = _openai(url)

    async def read(model: str, on_text: Callable[[str], None]) -> None:
        async for chunk in await client.chat.completions.create(model=model, messages=MESSAGES, stream=True):
            if chunk.choices and (text := chunk.choices[0].delta.content):
                on_text(text)

    return read


def openai_gathered(url: str) -> Read:
    client = _openai(url)

    async def read(model: str, on_text: Callable[[str], None]) -> None:
        async with client.chat.completions.stream(model=model, messages=MESSAGES) as stream:
            async for event in stream:
                if event.type == "content.delta" and event.delta:
                    on_text(event.delta)
            assert (await stream.get_final_completion()).choices[0].message.content

    return read


def _openai(url: str) -> Any:
    import httpx2
    from openai import AsyncOpenAI

    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=None)
    client = httpx2.AsyncClient(timeout=None, limits=limits)
    return AsyncOpenAI(api_key="key", base_url=url, max_retries=0, http_client=client)


def streamkit(url: str, transport: Any = "httpx") -> Read:
    """Typed events through three operators to one subscriber."""
    from reactivex import operators as rx

    import streamkit as sk

    client = sk.Client(url, "key", transport=transport)

    async def read(model: str, on_text: Callable[[str], None]) -> None:
        texts = client.chat(MESSAGES, model=model).pipe(
            rx.map(lambda event: event),
            rx.filter(lambda event: isinstance(event, sk.TextDelta)),
            rx.map(lambda event: event.text),
        )
        await sk.start(texts, on_text)

    return read


def streamkit_gathered(url: str) -> Read:
    import streamkit as sk

    client = sk.Client(url, "key", transport="httpx")

    async def read(model: str, on_text: Callable[[str], None]) -> None:
        run = sk.start(client.chat(MESSAGES, model=model), sk.on(text=on_text))
        assert (await run).text

    return read


CLIENTS: dict[str, Callable[[str], Read]] = {
    "openai": openai,
    "openai .stream()": openai_gathered,
    "httpx": plain_httpx,
    "httpx on aiohttp": lambda url: plain_httpx(url, aiohttp_transport()),
    "aiohttp": plain_aiohttp,
    "floor": floor,
    "streamkit": streamkit,
    "streamkit on aiohttp": lambda url: streamkit(url, "aiohttp"),
    "streamkit, gathered": streamkit_gathered,
}
