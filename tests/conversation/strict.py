"""Strict servers: they play a script, and answer 400, in the words of the real server, to a wrong next request.

    with strict("anthropic", "two parallel calls") as server:
        with server.client() as client:  # an `sk.Client` of the server
            ...
        assert server.refused == [] and server.losses == []
        assert server.requests[1].body["messages"] == [...]

The names are those of `PROVIDERS`: ``openai``, ``responses``, ``anthropic``, ``gemini`` (native), ``gemini-compat``,
``deepseek``, ``kimi``, ``openrouter``, ``mistral``, ``groq``, ``cerebras``, ``fireworks``, ``ollama``, ``vllm`` and
more. ``rounds`` is the name of a script in `parts.SCRIPTS`, or a list of rounds, each a list of parts, or a `Raw` with
its bytes (`parts`). The answer to each request is the next round; the last one is said again and again.

A request is checked before it is answered: its form by the types of the official library, then the rules of the
server, each with its source in a comment. A refused request uses up no round. What the server has said by then is what
it compares with, so a server is for one conversation. It has

- ``url``, the address of a real server on loopback, for any client in any process;
- ``address``, that of the real provider, reached through `client` and `transport` without a network, so that policies
  which depend on names of hosts apply: ``sk.Client(base_url=server.address, transport=server.transport())``;
- ``host_transport()``, a transport of httpx that connects every host to the port of ``url``, with sockets;
- ``requests``, as `testing.Server` has them, but with all headers as they came;
- ``said``, the replies with the ``form`` in which each is to come back;
- ``refused``, the errors that were answered, and ``losses``: faults that the real server takes in silence, such as
  reasoning that is not sent back in the round. The request of a good client causes neither;
- ``cut``, a function from the bytes of a reply to its pieces. `cuts` gives functions for every place: one server for
  each of them plays a whole loop at every cut.

`playing.run_loop` runs a tool loop of the package with a server, `histories.right_request` is the request that a server
wants next, and `cases` has conversations as data.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import httpx

import streamkit as sk
from streamkit.scripted.admission import AdmissionRules
from streamkit.scripted.answer import Answer, Write, plain_answer, stream_answer
from streamkit.scripted.client_limits import ServerLimits
from streamkit.scripted.listening import ServerThread, listening
from streamkit.scripted.request_log import Request
from streamkit.scripted.transport import Transport

from .anthropic_messages import AnthropicMessages
from .chat_hosts import CHAT_HOSTS
from .gemini_native import GeminiNative
from .parts import SCRIPTS, Raw, Round
from .provider import Provider, Said, cut_of
from .refusals import RefusedError
from .responses_items import OpenAIResponses

__all__ = ["PROVIDERS", "HostTransport", "StrictServer", "cuts", "replies", "strict"]

PROVIDERS: Mapping[str, Callable[..., Provider]] = {
    "responses": OpenAIResponses,
    "anthropic": AnthropicMessages,
    "gemini": GeminiNative,
    **CHAT_HOSTS,
}

Cutting: TypeAlias = Callable[[bytes], Sequence[bytes]]
Script: TypeAlias = "Sequence[Round | Raw]"


@contextmanager
def strict(name: str, rounds: str | Script, *, cut: Cutting | None = None, **options: Any) -> Iterator[StrictServer]:
    """A strict server that listens on loopback while the context lasts. ``options`` are those of its provider, such as
    ``bound=True`` of ``anthropic`` or ``model=...`` of all."""
    server = StrictServer(name, rounds, cut=cut, **options)
    with server.listening():
        yield server


class StrictServer:
    """Plays ``rounds`` as the provider ``name``; see the docstring of the module. Without `strict` it has no ``url``,
    and is reached through `transport` only, which is quicker."""

    def __init__(self, name: str, rounds: str | Script, *, cut: Cutting | None = None, **options: Any) -> None:
        self.provider = PROVIDERS[name](**options)
        self.rounds = list(SCRIPTS[rounds] if isinstance(rounds, str) else rounds)
        self.cut: Cutting = cut or (lambda data: [data])
        self.requests: list[Request] = []
        self.said: list[Said] = []
        self.refused: list[RefusedError] = []
        self.losses: list[str] = []
        self.url = ""
        self._lock = threading.Lock()

    @property
    def address(self) -> str:
        return self.provider.address

    @property
    def model(self) -> str:
        return self.provider.model

    # -- ways to reach it ------------------------------------------------------------------------------------------

    def transport(self) -> Any:
        """The server as a transport of httpx and httpx2, whatever the host."""
        return Transport(self.handle)

    def host_transport(self) -> HostTransport:
        """A transport with sockets, which connects every host to this server; of the names only ``Host`` is left."""
        return HostTransport(self.url)

    def client(self, **options: Any) -> sk.Client:
        """A client of the real address, in process."""
        defaults = {
            "base_url": self.address,
            "api_key": "test-key",
            "api": self.provider.api,
            "model": self.model,
            "transport": self.transport(),
            "retry": sk.Retry(attempts=0),
        }
        return sk.Client(**{**defaults, **options})

    @contextmanager
    def listening(self) -> Iterator[str]:
        rules = AdmissionRules(hosts=["*"])
        thread = ServerThread(lambda: listening(self.handle, "127.0.0.1", 0, rules, ServerLimits(), None))
        with thread as url:
            self.url = url.removesuffix("/v1") + urlsplit(self.address).path
            yield self.url

    def play(self, body: Mapping[str, Any]) -> Said:
        """The next round as the answer to ``body``, without a request and without a check."""
        said = _said(self.provider, len(self.said), self.rounds, str(body.get("model", self.model)), body)
        self.said.append(said)
        return said

    def check(self, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> list[str]:
        """The losses of a request that is not sent; `RefusedError` if it would be refused."""
        return self.provider.check({"model": self.model, **body}, self.said, headers or {})

    # -- answering -------------------------------------------------------------------------------------------------

    def handle(
        self, method: str, target: str, headers: Iterable[tuple[str, str]], data: bytes
    ) -> tuple[Answer, Request]:
        """The answer to one request: the next round, or a refusal."""
        path, by_name = urlsplit(target).path, {name.lower(): value for name, value in headers}
        request = Request(method, path, headers=by_name, size=len(data))
        with self._lock:
            self.requests.append(request)
            try:
                return self._answer(request, data), request
            except RefusedError as error:
                self.refused.append(error)
                return plain_answer(error.status, self.provider.error(error)), request

    def _answer(self, request: Request, data: bytes) -> Answer:
        provider = self.provider
        if request.method != "POST" or not request.path.endswith(provider.path):
            raise RefusedError(f"Invalid URL ({request.method} {request.path})", status=404)
        request.body = body = json.loads(data)
        body = {**body, "model": provider.model_of(request.path, body)}
        self.losses += provider.check(body, self.said, request.headers)
        said = self.play(body)
        writes = [Write(0.0, piece) for piece in self.cut(b"".join(said.events))]
        if cut_of(said.round):
            writes.append(Write(0.0, b"", "drop"))
        return stream_answer(writes, provider.api)


def _said(provider: Provider, number: int, rounds: Script, model: str, body: Mapping[str, Any]) -> Said:
    """The reply of a number, written; after the last round it is that again."""
    round = rounds[min(number, len(rounds) - 1)]
    if isinstance(round, Raw):
        return Said(number, round.parts, model, body, [round.data], round.form, round.id)
    said = Said(number, round, model, body)
    provider.write(said)
    return said


class HostTransport(httpx.AsyncBaseTransport):
    """Sends each request to one server, with the host that it names as its ``Host``; it keeps no connection open."""

    def __init__(self, url: str) -> None:
        self._to = httpx.URL(url)
        self._inner = httpx.AsyncHTTPTransport(limits=httpx.Limits(max_keepalive_connections=0))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        there = request.url.copy_with(scheme="http", host=self._to.host, port=self._to.port)
        moved = httpx.Request(request.method, there, headers=request.headers, stream=request.stream)
        return await self._inner.handle_async_request(moved)

    async def aclose(self) -> None:
        await self._inner.aclose()


@dataclass(frozen=True)
class _CutAt:
    """Cuts a reply in two, at a place counted from its beginning or, if the place lies behind its end, not at all."""

    place: int

    def __call__(self, data: bytes) -> list[bytes]:
        return [data[: self.place], data[self.place :]]


@dataclass(frozen=True)
class _Pieces:
    """Cuts a reply into pieces of so many bytes."""

    size: int = field(default=1)

    def __call__(self, data: bytes) -> list[bytes]:
        return [data[start : start + self.size] for start in range(0, len(data), self.size)]


def cuts(
    name: str, rounds: str | Script, *, every: int = 1, sizes: Sequence[int] = (1, 2, 3, 7, 64), **options: Any
) -> Iterator[Cutting]:
    """Functions that cut the bytes of each reply: into pieces of some sizes, the first byte by byte, and in two at each
    place in turn, the same one in all replies (``every=7``: at each seventh place)."""
    yield from (_Pieces(size) for size in sizes)
    longest = max(len(data) for data in replies(name, rounds, **options))
    yield from (_CutAt(place) for place in range(1 + longest % every, longest, every))


def replies(name: str, rounds: str | Script, **options: Any) -> list[bytes]:
    """The bytes of each reply of a script, for parsers without a client."""
    provider, script = PROVIDERS[name](**options), SCRIPTS[rounds] if isinstance(rounds, str) else rounds
    body = {"stream_options": {"include_usage": True}}
    played = (_said(provider, number, script, provider.model, body) for number in range(len(script)))
    return [b"".join(said.events) for said in played]
