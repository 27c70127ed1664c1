"""A server that says what it was told to: scripts and recordings behind an OpenAI-compatible API."""

from __future__ import annotations

import asyncio
import concurrent.futures
import hmac
import json
import os
import re
import threading
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, cast
from urllib.parse import parse_qsl, urlsplit

from ..errors import StreamkitError, excerpt
from ..sources.recording import Recording, shipped
from .answer import Answer, error_answer, plain_answer
from .http import serve_connection
from .playback import Playback
from .script import Script

if TYPE_CHECKING:
    import httpx

__all__ = ["Play", "Request", "Server", "as_play"]

SECRET = frozenset({"api-key", "authorization", "cookie", "proxy-authorization", "x-api-key"})
ENDPOINT = re.compile(
    r"(?:.*/deployments/(?P<model>[^/]+))?.*?/(?P<name>chat/completions|completions|responses|models)/?"
)
ASKS: dict[str, tuple[str, tuple[type, ...]]] = {
    "chat": ("messages", (list,)),
    "completions": ("prompt", (str, list)),
    "responses": ("input", (str, list)),
}
APIS = {"chat/completions": "chat", "completions": "completions", "responses": "responses"}


class Play(Protocol):
    """What a server answers with; `Script` and `Playback` are such."""

    def answer(self, api: str, body: Mapping[str, Any], /) -> Answer: ...


Playable: TypeAlias = "Play | Recording | StreamkitError | str | os.PathLike[str] | Iterable[Any]"


def as_play(item: Playable, speed: float = 1.0) -> Play:
    """A text or pieces as a `Script`, a `Recording` or the path of one as a `Playback`, an error as a script that ends
    in it; anything with a method ``answer`` as it is."""
    match item:
        case Recording():
            return Playback(item, speed)
        case Path():
            return Playback(Recording.open(item), speed)
        case StreamkitError():
            return Script(fail=item)
        case str():
            return Script(item)
    return cast("Play", item) if hasattr(item, "answer") else Script(tuple(cast("Iterable[Any]", item)))


@dataclass
class Request:
    """What was asked, and what became of the answer so far. Keys in ``headers`` are masked."""

    method: str
    path: str
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    """The parsed JSON, None if there was none."""
    sent: int = 0
    """Bytes of the answer's body that were handed over."""
    outcome: Literal["open", "done", "cancelled", "dropped"] = "open"
    """``cancelled``: the client went away first; ``dropped``: the script cut the connection."""


class Server:
    """Answers with ``plays`` in turn, one a request; the last one again and again.

    A request whose model is a name in ``models`` gets that one instead. ``plays`` are `Script`, `Recording`, texts,
    iterables of pieces, errors to act out, paths of recordings (see `as_play`). ``speed`` is that of recordings.
    With ``api_key`` other keys are refused. POST ``…/chat/completions``, ``…/completions``, ``…/responses`` and GET
    ``…/models`` are served under any prefix, streamed or in one piece as the request asks.

    Note: the words come from the script; parameters like ``max_tokens`` or ``n`` change nothing.
    """

    def __init__(
        self,
        *plays: Playable,
        models: Mapping[str, Playable] | None = None,
        speed: float = 1.0,
        api_key: str | None = None,
    ) -> None:
        self.models = {name: as_play(item, speed) for name, item in (models or {}).items()}
        self.plays = [as_play(item, speed) for item in plays] or list(self.models.values())[:1]
        if not self.plays:
            raise ValueError("a server needs at least one script or recording")
        self.requests: list[Request] = []
        self._played = 0
        self._api_key = api_key

    @classmethod
    def shipped(cls, *, speed: float = 1.0, api_key: str | None = None) -> Server:
        """Plays the recordings that come with the package: the one named by the model, else the demo."""
        recordings = {name: Recording.open(name) for name in shipped()}
        return cls(recordings["demo"], models=recordings, speed=speed, api_key=api_key)

    @property
    def cancelled(self) -> int:
        """How many clients went away before their answer's end."""
        return sum(request.outcome == "cancelled" for request in self.requests)

    # -- ways to reach it ------------------------------------------------------------------------------------------

    def transport(self) -> httpx.AsyncBaseTransport:
        """The same server without a network, as the transport of an httpx client."""
        from .transport import Transport

        return Transport(self.handle)

    @asynccontextmanager
    async def listen(self, host: str = "127.0.0.1", port: int = 0, *, sndbuf: int | None = None) -> AsyncIterator[str]:
        """The base URL (``http://…/v1``) while it listens on this loop; port 0 takes a free one.

        ``sndbuf`` limits what the system holds back for a slow client, in bytes. Leaving cuts what is open.
        """
        open: set[asyncio.Task[None]] = set()

        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.get_running_loop().create_task(serve_connection(reader, writer, self.handle, sndbuf))
            open.add(task)
            task.add_done_callback(open.discard)

        server = await asyncio.start_server(connected, host, port)
        address, bound = server.sockets[0].getsockname()[:2]
        try:
            yield f"http://[{address}]:{bound}/v1" if ":" in address else f"http://{address}:{bound}/v1"
        finally:
            server.close()
            for task in open:
                task.cancel()
            await asyncio.gather(*open, return_exceptions=True)
            await server.wait_closed()

    @contextmanager
    def running(self, host: str = "127.0.0.1", port: int = 0, *, sndbuf: int | None = None) -> Iterator[str]:
        """The base URL while it listens on a loop in a thread of its own."""
        ready: concurrent.futures.Future[tuple[str, asyncio.AbstractEventLoop, asyncio.Event]]
        ready = concurrent.futures.Future()

        async def serve() -> None:
            stop = asyncio.Event()
            try:
                async with self.listen(host, port, sndbuf=sndbuf) as url:
                    ready.set_result((url, asyncio.get_running_loop(), stop))
                    await stop.wait()
            except BaseException as exc:
                if ready.done():
                    raise
                ready.set_exception(exc)

        thread = threading.Thread(target=lambda: asyncio.run(serve()), name="streamkit server", daemon=True)
        thread.start()
        try:
            url, loop, stop = ready.result()
            try:
                yield url
            finally:
                loop.call_soon_threadsafe(stop.set)
        finally:
            thread.join()

    # -- answering -------------------------------------------------------------------------------------------------

    def handle(
        self, method: str, target: str, headers: Iterable[tuple[str, str]], data: bytes
    ) -> tuple[Answer, Request]:
        """The answer to one request, which is noted in ``requests``."""
        url, given = urlsplit(target), {name.lower(): value for name, value in headers}
        shown = {name: _masked(value) if name in SECRET else value for name, value in given.items()}
        request = Request(method, url.path, dict(parse_qsl(url.query)), shown)
        self.requests.append(request)
        return self._answer(request, given, data), request

    def _answer(self, request: Request, headers: Mapping[str, str], data: bytes) -> Answer:
        found = ENDPOINT.fullmatch(request.path)
        if found is None:
            return error_answer(404, f"no such path: {excerpt(request.path)}", code="not_found")
        api = APIS.get(found["name"])
        method = "POST" if api else "GET"
        if request.method != method:
            return error_answer(405, f"use {method} here", code="method_not_allowed", headers={"allow": method})
        if not self._admits(headers):
            return error_answer(401, "the API key is not the one this server wants", code="invalid_api_key")
        if api is None:
            return plain_answer(
                200, {"object": "list", "data": [_model(name) for name in self.models or ("scripted",)]}
            )
        try:
            request.body = body = json.loads(data)
        except (ValueError, RecursionError):
            return error_answer(400, "the body is no JSON", code="invalid_json")
        name, kinds = ASKS[api]
        if not isinstance(body, dict) or not isinstance(body.get(name), kinds):
            return error_answer(400, f"the body lacks {name!r}, or it is of the wrong type", code="invalid_type")
        return self._next(body.get("model") or found["model"]).answer(api, body)

    def _next(self, model: Any) -> Play:
        if isinstance(model, str) and model in self.models:
            return self.models[model]
        play = self.plays[min(self._played, len(self.plays) - 1)]
        self._played += 1
        return play

    def _admits(self, headers: Mapping[str, str]) -> bool:
        if self._api_key is None:
            return True
        given = headers.get("api-key") or headers.get("authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(given.encode(), self._api_key.encode())


def _masked(value: str) -> str:
    scheme, space, _ = value.partition(" ")
    return f"{scheme} ***" if space else "***"


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "streamkit"}
