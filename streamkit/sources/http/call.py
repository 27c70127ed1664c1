"""One call of a client: requests, one after the other, until one has given content."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

import httpx

from ...engine.streams import Reading
from ...engine.upstream import SentRequest
from ...errors import StalledError, StreamkitError
from ...events import Event, Origin
from ...wire import USAGE, Parser
from .answer_headers import fields_of
from .batches import BatchReader
from .clocks import Clocks
from .exchange import Body, Exchange, translate_error
from .failures import explain
from .limits import Limits, Retry, mark_given_up
from .pools import Pools
from .request_builder import refused_by
from .requests import Endpoint, HttpRequest

__all__ = ["Call"]

Renew: TypeAlias = "Callable[[Endpoint], Awaitable[tuple[Endpoint, httpx.Headers]]]"


@dataclass(eq=False)
class Call:
    """The requests of one reading."""

    reading: Reading
    request: HttpRequest
    limits: Limits
    retry: Retry
    pools: Pools
    lenient: bool
    refused: dict[str, set[str]]
    """For each model the fields that its server refuses: to report usage, fields of earlier replies."""
    renew: Renew | None = None
    """Gives the endpoint and the headers of the next request, if each has a key of its own."""

    def __post_init__(self) -> None:
        self.clocks = Clocks(self.reading, self.limits)
        self.requests = self.refusals = 0
        self.left_out = set(self.refused.get(self.request.body_model, ()))

    async def batches(
        self, authorise: Callable[[], tuple[Endpoint, httpx.Headers]]
    ) -> AsyncGenerator[Iterable[Event], None]:
        """The events of each network read. Once a request has given content, every failure is final."""
        self.endpoint, self.headers = authorise()  # without a key no request is made
        self.reading.server = f"{self.request.model or 'the model'} at {self.endpoint.host}"
        self.pools.readings.add(self.reading)
        try:
            while True:
                self.requests += 1
                parser = self._parser()
                exchange = Exchange(self.reading, self.clocks, self.limits, self.pools, self.request.api.framing)
                reader = self._reader(parser)
                try:
                    body = await self._send(exchange, parser)
                    async for chunk in body.open():
                        if not body.is_plain:
                            chunk = body.feed(chunk)
                            reader.is_document = body.is_document
                        if chunk:
                            yield reader.feed(chunk)
                            if parser.done:
                                break
                            self.clocks.read()
                    else:
                        if rest := body.flush():
                            reader.is_document = body.is_document
                            yield reader.feed(rest)
                        yield reader.flush()
                    self.clocks.stop()
                    await body.finish()
                    return
                except (Exception, asyncio.CancelledError) as exc:
                    error = self._error(exc, exchange, parser)
                    if error is None:
                        raise
                finally:  # after `_error`: while an interruption is open, nothing can be closed in order
                    try:
                        reader.close()
                    finally:
                        await exchange.close()
                if parser.finished:  # the server had already sent the whole reply
                    yield parser.flush()
                    return
                await self._before_next(error)
        finally:
            self.clocks.stop()
            self.pools.readings.discard(self.reading)

    def _parser(self) -> Parser:
        return Parser(
            self.request.api.name,
            lenient=self.lenient,
            event_bytes=self.limits.event_bytes or sys.maxsize,
            reply_bytes=self.limits.reply_bytes,
            keep_text=self.limits.keep_text,
            attempts=self.requests,
            origin=Origin(self.request.api.name, self.endpoint.server, self.request.model or ""),
        )

    def _reader(self, parser: Parser) -> BatchReader:
        request = self.request
        model = request.model or ""
        return BatchReader(self.reading, parser, request.api.name, model, lambda: self.endpoint.scrubber())

    async def _send(self, exchange: Exchange, parser: Parser) -> Body:
        """Send the request; returns the body that answers it."""
        if self.renew is not None:
            self.clocks.enter("pause")
            self.endpoint, self.headers = await self.renew(self.endpoint)
        endpoint, request = self.endpoint, self.request
        url, params = endpoint.url(request.api, request.model), endpoint.params(request.api)
        content = request.content(include_usage=USAGE not in self.left_out, left_out=self.left_out)
        await exchange.send(url, params, self.headers, content)
        if self.refusals:  # without these fields it works: the server refused just them
            self.refused[request.body_model] = self.left_out
        self.reading.sent_request = SentRequest(request.api.name, request.body)
        self._tell(parser, exchange)
        return exchange.body

    def _tell(self, parser: Parser, exchange: Exchange, request_id: str | None = None) -> str | None:
        """Give ``parser`` what the headers of the answer say, if there are any, without the key; returns the request
        id."""
        parser.request_id = self.endpoint.scrub(request_id or exchange.request_id)
        if exchange.answer is not None:
            parser.besides = fields_of(exchange.answer, self.endpoint.secrets)
            exchange.answer = None
        return parser.request_id

    def _error(self, exc: BaseException, exchange: Exchange, parser: Parser) -> StreamkitError | None:
        """The failure as an error of this package, without the key, with the partial reply; None for a plain cancel."""
        if isinstance(exc, asyncio.CancelledError):
            interruption = self.reading.cancelling.interrupted()
            if interruption is None:
                return None
            exc = interruption
        error = translate_error(exc, exchange.sent)
        error.request_id = self._tell(parser, exchange, error.request_id)
        error.partial = parser.reply()
        explain(error, self.endpoint, self.request)
        return error

    async def _before_next(self, error: StreamkitError) -> None:
        """Wait until the next request may be made, or raise ``error`` if there is to be no further one."""
        if self.reading.committed:
            raise error
        refused = refused_by(self.request, error, self.left_out)
        if refused:
            self.left_out |= refused
            self.refusals += 1
        elif isinstance(error, StalledError):  # the server may still be at work, and charge for it
            raise error
        else:
            wait = self.retry.wait(self.requests - self.refusals, error)
            if wait is None:
                raise mark_given_up(error, self.retry)
            await self.clocks.pause(wait)
        self.reading.start_over()
