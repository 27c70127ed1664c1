"""A server that answers with scripts and recordings, behind the APIs of OpenAI, Anthropic and Ollama."""

from __future__ import annotations

import hmac
import os
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeAlias, cast
from urllib.parse import parse_qsl

from ..checks import quote
from ..errors import StreamkitError
from ..json_values import loads
from ..sources import Recording, shipped_names
from ..sources.http import SECRET
from ..wire import Api
from ..wording import excerpt
from .admission import AdmissionRules
from .answer import Answer, error_answer, plain_answer
from .client_limits import ServerLimits
from .listening import ServerThread, listening
from .paths import apis_by_path, endpoint_and_deployment, key_headers, likely_api, split_target
from .playback import Playback
from .request_log import Request, RequestLog
from .script import Script

__all__ = ["Play", "Request", "Server", "ServerLimits", "as_play"]

AZURE = ("api-key", "")
"""The header of the key in Azure, for any API."""
VALUES = 1_000_000
"""In the JSON of a body, roughly. Parsing that many blocks the server for a moment."""
MODEL = 1000
"""Characters that a model's name may have: it is repeated in every piece of the answer."""


class Play(Protocol):
    """The source of a server's answers: a `Script`, a `Playback`, or an object of the user."""

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
    if hasattr(item, "answer"):
        return cast("Play", item)
    if not isinstance(item, Iterable):
        raise TypeError(f"an answer is a text, pieces, a Script, a Recording, a path or an error, not {quote(item)}")
    return Script(tuple(item))


class Server:
    """Answers with ``plays`` in turn, one a request; the last one again and again.

    A request whose model is a name in ``models`` gets the entry of that name instead. ``plays`` are `Script`,
    `Recording`, texts, iterables of pieces, errors to reproduce, paths of recordings (see `as_play`). ``speed`` is that
    of recordings. With ``api_key`` other keys are refused. POST ``…/chat/completions``, ``…/completions``,
    ``…/responses``, ``…/messages`` (Anthropic's), ``…/api/chat`` (Ollama's) and GET ``…/models`` are served under any
    prefix, streamed or in one piece as the request asks. The latest ``keep`` requests can be looked at in ``requests``,
    as far as their bodies are no more than 32 MiB together.

    Note: the words come from the script; parameters like ``max_tokens`` or ``n`` change nothing.
    """

    def __init__(
        self,
        *plays: Playable,
        models: Mapping[str, Playable] | None = None,
        speed: float = 1.0,
        api_key: str | None = None,
        keep: int = 10_000,
    ) -> None:
        self.models = {name: as_play(item, speed) for name, item in (models or {}).items()}
        self.plays = [as_play(item, speed) for item in plays] or list(self.models.values())[:1]
        if not self.plays:
            raise ValueError("a server needs at least one script or recording")
        self._log = RequestLog(keep)
        self._played = 0
        apis_by_path()  # loads the APIs here, and not when the first request waits for its answer
        self._api_key = api_key

    @classmethod
    def shipped(cls, *, speed: float = 1.0, api_key: str | None = None, keep: int = 10_000) -> Server:
        """Plays the recordings that come with the package: the one named by the model, else the demo."""
        recordings = {name: Recording.open(name) for name in shipped_names()}
        return cls(recordings["demo"], models=recordings, speed=speed, api_key=api_key, keep=keep)

    @property
    def requests(self) -> list[Request]:
        """The latest requests in order, as many as are kept. To drop them, clear the list."""
        return self._log.latest

    @property
    def cancelled(self) -> int:
        """The number of clients, of all so far, that went away before the end of their answer."""
        return self._log.ends["cancelled"]

    # -- ways to reach it ------------------------------------------------------------------------------------------

    def transport(self) -> Any:
        """The same server without a network, as the transport of a client of httpx or of httpx2."""
        from .transport import Transport

        return Transport(self.handle)

    @asynccontextmanager
    async def listen(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        sndbuf: int | None = None,
        allow_hosts: Iterable[str] = (),
        allow_origins: Iterable[str] = (),
        limits: ServerLimits | None = None,
    ) -> AsyncIterator[str]:
        """The base URL (``http://…/v1``) while it listens on this loop; port 0 takes a free one.

        ``sndbuf`` limits the bytes that the system buffers for a slow client. Leaving cuts open connections.

        Requests with another `Host` than an address or ``localhost`` are answered with 403, unless it is ``host`` or
        one of ``allow_hosts`` (``"*"``: any); on loopback, the address has to be of loopback, too. So are those with
        an `Origin`, which pages in a browser send, unless it is the server's own or one of ``allow_origins`` (as
        ``http://localhost:3000``, or ``"*"``), which may also read the answers (CORS).
        """
        rules = AdmissionRules(allow_hosts, allow_origins)
        async with listening(self.handle, host, port, rules, limits or ServerLimits(), sndbuf) as url:
            yield url

    @contextmanager
    def running(self, host: str = "127.0.0.1", port: int = 0, **options: Any) -> Iterator[str]:
        """The base URL while it listens on a loop in a thread of its own; ``options`` are those of `listen`."""
        thread = ServerThread(lambda: self.listen(host, port, **options))
        with thread as url:
            yield url

    # -- answering -------------------------------------------------------------------------------------------------

    def handle(
        self, method: str, target: str, headers: Iterable[tuple[str, str]], data: bytes
    ) -> tuple[Answer, Request]:
        """The answer to one request, which is added to ``requests``. An exception of a play is raised."""
        _, path, query = split_target(target)
        by_name = {name.lower(): value for name, value in headers}
        request = Request(method, path, _mask_secrets(dict(parse_qsl(query))), _mask_secrets(by_name), size=len(data))
        self._log.note(request)
        try:
            return self._answer(request, by_name, data), request
        except BaseException:
            request.end("dropped")
            raise

    def _answer(self, request: Request, headers: Mapping[str, str], data: bytes) -> Answer:
        match = endpoint_and_deployment(request.path)
        if match is None:
            api = likely_api(request.path, headers)
            return error_answer(404, f"no such path: {excerpt(request.path)}", code="not_found", api=api)
        name, deployment = match
        api = apis_by_path().get(name)
        method, refused = "POST" if api else "GET", partial(error_answer, api=api or likely_api(request.path, headers))
        if request.method != method:
            return refused(405, f"use {method} here", code="method_not_allowed", headers={"allow": method})
        if not self._admits(headers, api):
            return refused(401, "the API key is not the one this server wants", code="invalid_api_key")
        if api is None:
            return plain_answer(
                200, {"object": "list", "data": [_model(name) for name in self.models or ("scripted",)]}
            )
        if sum(map(data.count, (b"[", b"{", b","))) > VALUES:
            return refused(413, f"JSON of more than {VALUES} values", code="too_large")
        try:
            request.body = body = loads(data)
        except (ValueError, RecursionError):
            return refused(400, "the body is not JSON", code="invalid_json")
        if (problem := _problem(api, body)) is not None:
            return refused(400, problem, code="invalid_type")
        return self._next(body.get("model") or deployment).answer(api.name, body)

    def _next(self, model: Any) -> Play:
        if isinstance(model, str) and model in self.models:
            return self.models[model]
        play = self.plays[min(self._played, len(self.plays) - 1)]
        self._played += 1
        return play

    def _admits(self, headers: Mapping[str, str], api: Api | None) -> bool:
        if self._api_key is None:
            return True
        own = () if api is None else (api.access.header,)
        key_in = (*own, AZURE, *key_headers())
        sent = next((key for name, scheme in key_in if (key := headers.get(name, "").removeprefix(scheme))), "")
        wanted = self._api_key.encode()
        as_bytes = sent.encode("latin-1", "replace")  # a header on a socket is bytes, which are decoded as Latin-1
        return any(hmac.compare_digest(key, wanted) for key in (as_bytes, sent.encode("utf-8", "replace")))


def _problem(api: Api, body: Any) -> str | None:
    """A message if the body of a request is invalid, else None."""
    for name, kinds in api.required.items():
        if not isinstance(body, dict) or not isinstance(body.get(name), kinds):
            return f"the body lacks {name!r}, or it is of the wrong type"
    model = body.get("model")
    if model is not None and not (isinstance(model, str) and len(model) <= MODEL):
        return f"'model' is the name of one, of at most {MODEL} characters"
    return None


def _mask_secrets(fields: Mapping[str, str]) -> dict[str, str]:
    """Headers or a query with those values masked whose names say that they are secret."""
    return {name: _mask(value) if SECRET.search(name) else value for name, value in fields.items()}


def _mask(value: str) -> str:
    scheme, space, _ = value.partition(" ")
    return f"{scheme} ***" if space else "***"


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "streamkit"}
