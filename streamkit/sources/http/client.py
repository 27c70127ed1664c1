"""A client of streaming APIs over httpx: every call gives a cold `Stream`, and a subscription is one request."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing
from types import TracebackType
from typing import Any, Self, Unpack

import httpx

from ...checks import check_flags
from ...engine.streams import Reading, ReplyStream, Source
from ...engine.upstream import ByteListener, SentRequest
from ...errors import ConnectError, StalledError, StreamkitError
from ...events import Event
from ...messages import Messages, messages_of, prompt_of
from ...wire import APIS, Api, Parser
from . import asking
from .clocks import Clocks
from .environment import endpoint, with_key
from .exchange import Exchange, tapped, translated
from .failures import explain
from .limits import Limits, Retry, given_up
from .options import check_options
from .params import ChatParams, CompletionParams, ResponseParams
from .pools import Pools
from .requests import Endpoint, HttpRequest

__all__ = ["Client"]


class Client:
    """Asks one server; works on every event loop and from every thread at once, with connections kept for each loop
    until nobody has used them for 30 seconds.

    ``api`` is what `chat` speaks: ``chat`` (chat completions, as most servers do), ``responses``, ``anthropic``,
    ``gemini`` or ``ollama``. Without arguments it reads OPENAI_API_KEY, OPENAI_BASE_URL, OPENAI_ORG_ID and
    OPENAI_PROJECT_ID, or what the provider of ``api`` has for these (ANTHROPIC_API_KEY, ANTHROPIC_BASE_URL); for a key
    that is missing it looks again at each request. ``base_url`` includes the version (``…/v1``).
    ``azure="2024-10-21"`` (an api-version) speaks to an Azure OpenAI resource: ``base_url`` is its address, the model
    names the deployment.
    ``transport`` is any httpx transport, an ``httpx.AsyncClient`` or an ``httpx2.AsyncClient``, without HTTP/2; it
    stays yours to close, idle connections included. ``lenient`` takes a stream that just ends as complete, for servers
    that never say so. ``trust_env`` lets proxies (but for this machine) and certificates of the environment count.
    ``allow_private=False`` connects to addresses of the public internet only, whatever a name stands for. ValueError
    for a key, header or address that cannot be sent safely.

    Close it with ``with``, ``async with``, `close` or `aclose`; replies that are being read then end with an error.
    """

    def __init__(
        self,
        base_url: str | None = None,
        api_key: str | None = None,
        *,
        api: str = "chat",
        model: str | None = None,
        limits: Limits | None = None,
        retry: Retry | None = None,
        transport: Any = None,
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
        self._api = asking.conversing(api)
        self._endpoint = endpoint(
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
        self._may_find_key, self._named = api_key is None, base_url is not None
        self._sent: tuple[Endpoint, httpx.Headers] | None = None
        self.model, self.limits, self.retry = model, limits or Limits(), retry or Retry()
        self._lenient = lenient
        self._without_usage: set[str] = set()  # models whose server refuses to tell it
        self._pools = Pools(transport, self._endpoint, trust_env=trust_env)

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
        return self._stream(
            asking.beside(self._api, "completions"), model, {"prompt": prompt_of(prompt)}, params, extra
        )

    def respond(
        self,
        input: Messages,
        *,
        model: str | None = None,
        extra: Mapping[str, Any] | None = None,
        **params: Unpack[ResponseParams],
    ) -> ReplyStream:
        """The events of an answer by the Responses API; the last is the `Reply`."""
        asked = input if isinstance(input, str) else messages_of(input)
        return self._stream(asking.beside(self._api, "responses"), model, {"input": asked}, params, extra)

    def _spoken(self, call: str) -> Api | None:
        """The API that the method of this name speaks; None for one that asks nothing."""
        return {"chat": self._api, "complete": APIS["completions"], "respond": APIS["responses"]}.get(call)

    def _stream(
        self, api: Api, model: str | None, asked: asking.Asked, params: Any, extra: Mapping[str, Any] | None
    ) -> ReplyStream:
        request = asking.request_for(api, model or self.model, asked, params, extra)
        self._find_key()
        self._endpoint.url(api, request.model)  # what cannot be sent is the caller's mistake, and told at once
        request.content(include_usage=True)

        def produce(reading: Reading) -> AsyncGenerator[Iterable[Event], None]:
            return self._produce(reading, request)

        return ReplyStream(Source(produce), label=f"{api.name} {request.model or ''}".rstrip())

    async def _produce(self, reading: Reading, request: HttpRequest) -> AsyncGenerator[Iterable[Event], None]:
        """Request after request until one gets as far as content: from there on every failure is final."""
        headers = self._headers()  # without a key nothing is tried
        clocks = Clocks(reading, self.limits)
        made = refusals = 0
        reading.server = f"{request.model or 'the model'} at {self._endpoint.host}"
        self._pools.readings.add(reading)
        try:
            while True:
                made += 1
                asks_usage = request.may_ask_usage and not refusals and request.named not in self._without_usage
                exchange = Exchange(reading, clocks, self.limits, self._pools, request.api.framing)
                parser = self._parser(request, made)
                reading.snapshot, reading.keeps_text = parser.reply, self.limits.keep_text
                if reading.tap is not None:
                    reading.tap.begin(request.api.name, request.model or "")
                try:
                    await self._send(exchange, request, headers, asks_usage)
                    if refusals:  # it was usage that the server did not like, and nothing else
                        self._without_usage.add(request.named)
                    reading.sent_request = SentRequest(request.api.name, request.body)
                    parser.request_id = self._endpoint.scrubbed(exchange.request_id)
                    async with aclosing(self._body(exchange, reading.tap)) as body:
                        async for chunk in body:
                            if exchange.kind == "json":
                                yield parser.body(await exchange.whole(chunk, body))
                                return
                            yield parser.feed(chunk)
                            if parser.done:
                                clocks.stop()
                                await exchange.finish()
                                return
                    yield parser.flush()
                    return
                except (Exception, asyncio.CancelledError) as exc:
                    error = self._error(exc, reading, exchange, parser, request)
                    if error is None:
                        raise
                finally:
                    await exchange.close()
                if parser.finished:  # the server had said all of it
                    yield parser.flush()
                    return
                if asks_usage and not reading.committed and asking.refuses_usage(request.api, error):
                    refusals += 1
                else:
                    await self._before_next(made - refusals, error, reading, clocks)
                reading.start_over()
        finally:
            clocks.stop()
            self._pools.readings.discard(reading)

    def _body(self, exchange: Exchange, tap: ByteListener | None) -> AsyncGenerator[bytes, None]:
        return exchange.body() if tap is None else tapped(exchange.body(), tap, self._endpoint.scrubber())

    def _find_key(self) -> Endpoint:
        if self._may_find_key:
            self._endpoint = with_key(self._endpoint, named=self._named)
        return self._endpoint

    def _headers(self) -> httpx.Headers:
        """Made once for a key: httpx shares the entries between requests."""
        try:
            endpoint, sent = self._find_key(), self._sent
        except ValueError as exc:  # a key that was set since, and that no header may hold
            raise ConnectError(str(exc)) from exc
        if sent is None or sent[0] is not endpoint:
            sent = self._sent = endpoint, httpx.Headers(endpoint.sent_headers(self._api))
        return sent[1]

    def _parser(self, request: HttpRequest, attempt: int) -> Parser:
        limits = self.limits
        return Parser(
            request.api.name,
            lenient=self._lenient,
            event_bytes=limits.event_bytes or sys.maxsize,
            reply_bytes=limits.reply_bytes,
            keep_text=limits.keep_text,
            attempts=attempt,
        )

    async def _send(self, exchange: Exchange, request: HttpRequest, headers: httpx.Headers, asks_usage: bool) -> None:
        endpoint = self._endpoint
        await exchange.send(
            endpoint.url(request.api, request.model),
            endpoint.params(request.api),
            headers,
            request.content(include_usage=asks_usage),
        )

    def _error(
        self, exc: BaseException, reading: Reading, exchange: Exchange, parser: Parser, request: HttpRequest
    ) -> StreamkitError | None:
        """Whatever went wrong as an error of ours, without the key and with the partial reply; None: a plain cancel."""
        if isinstance(exc, asyncio.CancelledError):
            interruption = reading.interrupted()
            if interruption is None:
                return None
            exc = interruption
        error = translated(exc, exchange.sent)
        parser.request_id = error.request_id = self._endpoint.scrubbed(error.request_id or exchange.request_id)
        error.partial = parser.reply()
        explain(error, self._endpoint, request)
        return error

    async def _before_next(self, made: int, error: StreamkitError, reading: Reading, clocks: Clocks) -> None:
        """Wait until the next request may be made, or raise ``error`` if there is to be none."""
        if reading.committed or isinstance(error, StalledError):  # the server may still be at work, and charge for it
            raise error
        wait = self.retry.wait(made, error)
        if wait is None:
            raise given_up(error, self.retry)
        await clocks.pause(wait)

    def close(self) -> None:
        """Close all connections; what is being read ends with a `BrokenError` that says so."""
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
        endpoint = getattr(self, "_endpoint", None)  # None: its arguments were refused, and a traceback shows it
        return f"Client({endpoint.base_url!r})" if endpoint is not None else "<Client>"
