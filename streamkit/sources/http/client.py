"""A client of streaming APIs over httpx: every call returns a cold `Stream`, and a subscription is one request."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Any, Literal, Self, Unpack

import httpx

from ...checks import check_flags
from ...engine.streams import Reading, ReplyStream, Source
from ...errors import ConnectError
from ...events import Event
from ...messages import Messages, messages_of, prompt_of
from ...wire import APIS, Api
from .call import Call
from .environment import endpoint_of, with_key
from .keys import KeyProvider, fetch_key, is_provider
from .libraries import Transport
from .limits import Limits, Retry
from .options import check_options, is_fast
from .params import ChatParams, CompletionParams, ResponseParams
from .pools import Pools
from .request_builder import RequestInput, conversation_api, request_for, sibling_api
from .requests import Endpoint

__all__ = ["Client"]


class Client:
    """A client of one server. It works on every event loop and from every thread at once, and keeps connections for
    each loop until they have been unused for 30 seconds.

    ``api`` is the API that `chat` uses: ``chat`` (chat completions, as most servers do), ``responses``, ``anthropic``,
    ``gemini`` or ``ollama``. Without arguments it reads OPENAI_API_KEY, OPENAI_BASE_URL, OPENAI_ORG_ID and
    OPENAI_PROJECT_ID, or the variables of the provider of ``api`` (ANTHROPIC_API_KEY, ANTHROPIC_BASE_URL); a missing
    key is looked for again at each request. ``base_url`` includes the version (``…/v1``).
    ``azure="2024-10-21"`` (an api-version) is for an Azure OpenAI resource: ``base_url`` is its address, the model
    names the deployment.
    ``api_key`` may be a function without arguments, or an async one, that gives the key: it is called before each
    request, further attempts included, in a thread if it is not async. With ``azure`` what it gives is sent as a token
    of Entra (``authorization: Bearer``), as ``azure.identity.get_bearer_token_provider`` makes it. If it raises, that
    is the cause of a `ConnectError`.
    ``transport`` is ``"httpx"`` or ``"aiohttp"``, the fast transport (``pip install 'streamkit-rx[fast]'``); without it
    the variable STREAMKIT_TRANSPORT decides, or else it is httpx. Or it is any async transport or ``AsyncClient`` of
    httpx or httpx2, without HTTP/2, and stays yours to close, idle connections included. ``lenient`` takes a stream
    that just ends as complete, for servers that never send an end. ``trust_env`` uses proxies (except for this machine)
    and certificates of the environment. ``allow_private=False`` connects to addresses of the public internet only,
    whatever a name resolves to. ValueError for a key, header or address that cannot be sent safely.

    Close it with ``with``, ``async with``, `close` or `aclose`; replies that are being read then end with an error.
    """

    def __init__(
        self,
        base_url: str | None = None,
        api_key: str | KeyProvider | None = None,
        *,
        api: str = "chat",
        model: str | None = None,
        limits: Limits | None = None,
        retry: Retry | None = None,
        transport: Transport | Literal["httpx", "aiohttp"] | None = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        azure: str | None = None,
        organization: str | None = None,
        project: str | None = None,
        allow_http: bool = False,
        allow_private: bool = True,
        lenient: bool = False,
        trust_env: bool = True,
    ) -> None:
        check_options(limits, retry, model, transport)
        check_flags(allow_http=allow_http, allow_private=allow_private, lenient=lenient, trust_env=trust_env)
        self._api = conversation_api(api)
        self._endpoint = endpoint_of(
            self._api.access,
            base_url,
            api_key,
            azure=azure,
            headers=headers,
            query=query,
            organization=organization,
            project=project,
            allow_http=allow_http,
            allow_private=allow_private,
        )
        self._may_find_key, self._has_address = api_key is None, base_url is not None
        self._provider = api_key if is_provider(api_key) else None
        self._cached: tuple[Endpoint, httpx.Headers] | None = None
        self.model, self.limits, self.retry = model, limits or Limits(), retry or Retry()
        self._lenient = lenient
        self._refused: dict[str, set[str]] = {}  # for each model the fields that its server refuses
        fast = is_fast(transport)
        own = None if isinstance(transport, str) else transport
        self._pools = Pools(own, self._endpoint, trust_env=trust_env, fast=fast)

    def chat(
        self,
        messages: Messages,
        *,
        model: str | None = None,
        extra: Mapping[str, Any] | None = None,
        **params: Unpack[ChatParams],
    ) -> ReplyStream:
        """The events of a chat completion; the last is the `Reply`.

        ``messages`` is one question or the conversation so far. Every parameter of the API passes through, those that
        a type checker does not know in ``extra``; None means not sent. Usage is asked for unless a server objects.
        ``tools`` takes functions and pydantic models besides dicts, ``response_format`` a pydantic model: they are sent
        as JSON schemas (`schemas`), and the reply is read by `ToolCall.args` and `Reply.parse`.

        Note: a further subscription is a further request.
        """
        return self._stream(self._api, model, messages_of(messages), params, extra)

    def complete(
        self,
        prompt: str | Sequence[str] | Sequence[int] | Sequence[Sequence[int]],
        *,
        model: str | None = None,
        extra: Mapping[str, Any] | None = None,
        **params: Unpack[CompletionParams],
    ) -> ReplyStream:
        """The events of a legacy completion, which continues ``prompt``, a text or tokens; the last is the `Reply`."""
        return self._stream(sibling_api(self._api, "completions"), model, {"prompt": prompt_of(prompt)}, params, extra)

    def respond(
        self,
        input: Messages,
        *,
        model: str | None = None,
        extra: Mapping[str, Any] | None = None,
        **params: Unpack[ResponseParams],
    ) -> ReplyStream:
        """The events of an answer by the Responses API; the last is the `Reply`.

        ``input`` is one question, items, or the conversation so far: messages of chat completions, and the turns of
        replies by other APIs, are translated. With ``previous_response_id=reply.id``, or a ``conversation``, whatever
        of ``reply.messages`` and before them is in it is left out, because the server has it: only what is new is sent.
        With ``store=False`` the server keeps nothing, so encrypted thoughts are asked for where that is known to work
        (OpenAI, Azure, xAI), unless ``include`` is given.
        """
        conversation = input if isinstance(input, str) else messages_of(input)
        return self._stream(sibling_api(self._api, "responses"), model, {"input": conversation}, params, extra)

    def _api_of_method(self, call: str) -> Api | None:
        """The API of the method with this name; None for a method that makes no request."""
        return {"chat": self._api, "complete": APIS["completions"], "respond": APIS["responses"]}.get(call)

    def _stream(
        self, api: Api, model: str | None, content: RequestInput, params: Any, extra: Mapping[str, Any] | None
    ) -> ReplyStream:
        request = request_for(api, model or self.model, content, params, extra, self._endpoint.server)
        self._find_key()
        self._endpoint.url(api, request.model)  # what cannot be sent is the caller's mistake: raise at once
        request.content(include_usage=True)

        def produce(reading: Reading) -> AsyncGenerator[Iterable[Event], None]:
            pools, lenient, refused = self._pools, self._lenient, self._refused
            renew = None if self._provider is None else partial(self._renewed, self._provider)
            call = Call(reading, request, self.limits, self.retry, pools, lenient, refused, renew)
            return call.batches(self._authorise)

        return ReplyStream(Source(produce), label=f"{api.name} {request.model or ''}".rstrip())

    def _find_key(self) -> Endpoint:
        if self._may_find_key:
            self._endpoint = with_key(self._endpoint, has_address=self._has_address)
        return self._endpoint

    def _authorise(self) -> tuple[Endpoint, httpx.Headers]:
        """The endpoint with its key, and the headers of requests, made once for a key: httpx shares their entries
        between requests. Without a key if there is a function that gives one: it is called before each request."""
        if self._provider is not None:
            return self._endpoint, httpx.Headers()
        try:
            endpoint, cached = self._find_key(), self._cached
        except ValueError as exc:  # a key set in the environment later, which no header may hold
            raise ConnectError(str(exc)) from exc
        if cached is None or cached[0] is not endpoint:
            cached = self._cached = endpoint, httpx.Headers(endpoint.sent_headers(self._api))
        return cached

    async def _renewed(self, provider: KeyProvider, endpoint: Endpoint) -> tuple[Endpoint, httpx.Headers]:
        """The endpoint with a new key from ``provider``, and the headers of the next request. ``endpoint`` is that of
        the request before."""
        key, cached = await fetch_key(provider), self._cached
        former = {old for old in (endpoint.key, *endpoint.former_keys) if old and old != key}
        if cached is not None and cached[0].key == key and not former:
            return cached
        try:
            renewed = replace(self._endpoint, key=key, former_keys=tuple(former))
        except ValueError as exc:  # a key that no header may hold
            raise ConnectError(str(exc)) from exc
        found = renewed, httpx.Headers(renewed.sent_headers(self._api))
        if not former:
            self._cached = found
        return found

    def close(self) -> None:
        """Close all connections; replies that are being read end with a `BrokenError` that says so."""
        self._pools.close()

    async def aclose(self) -> None:
        await self._pools.aclose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        endpoint = getattr(self, "_endpoint", None)  # None after refused arguments: a traceback shows the client
        return f"Client({endpoint.base_url!r})" if endpoint is not None else "<Client>"
