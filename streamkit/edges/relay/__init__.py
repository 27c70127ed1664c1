"""The relay of a reply to a browser or another client: the body of a streaming response, for any ASGI framework."""

from __future__ import annotations

import asyncio
from typing import Any, Literal, TypeAlias

from reactivex import Observable

from ...checks import check_number, check_one_of
from ...engine.branches import Listener, ListenerState
from ...engine.failures import report
from ...engine.loops import current_loop, on_loop
from ...engine.runs import Run, start
from ...engine.streams import check_stream
from .formats import FORMS
from .relayed import Relayed

__all__ = ["Relay", "sse"]

Format: TypeAlias = Literal["openai", "events", "text"]
OnClose: TypeAlias = Literal["cancel", "drain"]

HEADERS = {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store",
    "x-accel-buffering": "no",  # without it nginx and similar proxies would buffer the reply
}
COMMENT = b": keep-alive\n\n"
_at_work: set[asyncio.Task[None]] = set()  # a loop keeps no task alive by itself


class Relay:
    """An async iterator of bytes, to be read once; made by `sse`. No request is made before it is read.

    A client has left if it stops reading in any way: the task that reads was cancelled, `aclose` was called, or the
    iterator was garbage-collected.
    """

    def __init__(
        self, stream: Observable[Any], form: Format, on_close: OnClose, keepalive: float | None, max_wait: float
    ) -> None:
        self.headers = dict(HEADERS)
        """The headers of the response."""
        self._stream, self._form, self._on_close = stream, form, on_close
        self._keepalive, self._max_wait = keepalive, max_wait
        self._service: _Service | None = None
        self._closed = False

    def __aiter__(self) -> Relay:
        return self

    async def __anext__(self) -> bytes:
        if self._closed:
            raise StopAsyncIteration
        if self._service is None:
            self._service = _Service(self._stream, self._form, self._on_close, self._max_wait)
        relayed = self._service.relayed
        outbox = relayed.outbox
        try:
            async with asyncio.timeout(self._keepalive):
                await outbox.ready()
        except TimeoutError:
            return COMMENT
        except asyncio.CancelledError:
            self._leave()
            raise
        data = outbox.take_bytes()
        if not data:
            self._leave()
            raise relayed.fatal or StopAsyncIteration
        return data

    async def aclose(self) -> None:
        """Stop reading: the client has left."""
        self._leave()

    def _leave(self) -> None:
        self._closed = True
        service, self._service = self._service, None
        if service is not None:
            on_loop(service.loop, service.leave)

    def __del__(self) -> None:
        self._leave()


class _Service:
    """The run behind one response. It holds no reference to the `Relay`, whose deletion means that the client has
    left."""

    def __init__(self, stream: Observable[Any], form: Format, on_close: OnClose, max_wait: float) -> None:
        self.loop = current_loop()
        self.relayed = Relayed(stream, FORMS[form](), self.loop, max_wait, self.leave)
        self._drains = on_close == "drain"
        self._run: Run[Any] = start(self.relayed, _RelayedListener(self.relayed))
        task = self.loop.create_task(self._await_run(), name="streamkit relay")
        _at_work.add(task)
        task.add_done_callback(_at_work.discard)

    def leave(self) -> None:
        """Called when the client has left, or takes nothing any more. A reply that is complete stays with its
        listeners."""
        outbox = self.relayed.outbox
        ended = outbox.ended
        outbox.close()
        if not ended and not self._drains:
            self._run.cancel()

    async def _await_run(self) -> None:
        try:
            self.relayed.end(await self._run)
        except Exception as exc:
            self.relayed.fail(exc)
            if exc is not self.relayed.error:
                report(exc, "a run whose reply was relayed failed after the end had been sent to its client:")
        except asyncio.CancelledError:
            raise
        except BaseException as exc:  # KeyboardInterrupt or the like: raised to the reader of this relay
            self.relayed.abort(exc)


class _RelayedListener(Listener):
    """The listener of a run whose items are relayed. It ignores the items, because the outbox has them already, and the
    errors of relaying, because these are logged there."""

    def __init__(self, relayed: Relayed) -> None:
        super().__init__({}, {}, None, None, None)
        self._relayed = relayed

    def begin(self) -> ListenerState:
        return _Ignoring({}, {}, None, "")

    @property
    def hears_errors(self) -> bool:
        return self._relayed.error is not None


class _Ignoring(ListenerState):
    """Ignores the items."""

    __slots__ = ()

    def write(self, event: object) -> None: ...


def sse(
    stream: Observable[Any],
    *,
    format: Format = "openai",
    on_close: OnClose = "cancel",
    keepalive: float | None = 15.0,
    max_wait: float = 60.0,
) -> Relay:
    """The reply as the body of a response: an async iterator of bytes, and its ``headers``.

    ``format`` is ``openai`` (chunks of chat completions, for any client of that API), ``events`` (each event under its
    type, as `to_json` writes it, with ids 1, 2, 3, …: all of them, results of tools included) or ``text`` (the text of
    the first choice as nameless events, then one named ``end`` with the outcome; ``restart`` with the text that stays).
    Over a stream of str everything is text, and of the reply itself only its outcome and its usage are sent.

    A failure becomes an error of the format (in the latter two an event named ``error``): its kind and a sentence. The
    original error is only logged, because it may name hosts and accounts. KeyboardInterrupt, SystemExit and the like
    are raised to the reader of the relay, after that.

    A client that leaves ends the request (``cancel``), or the reply is read on to its end (``drain``) for exact usage;
    `ops.attach` listens either way. While a client reads slowly the source is held; one that takes nothing for
    ``max_wait`` seconds has left. After ``keepalive`` seconds of silence a comment is sent.

    Of a `tool_loop` ``text`` is the text of all rounds, as paragraphs. So are chunks, which are one reply there: calls
    that were answered are not sent, so that no client makes them again; others come at the end of their round.

    Note: a browser's EventSource asks again when the response ends; close it at the last event, or it pays twice.
    """
    check_stream(stream, "sk.sse")
    check_one_of("format", format, tuple(FORMS))
    check_one_of("on_close", on_close, ("cancel", "drain"))
    keepalive = check_number("keepalive", keepalive, optional=True)
    max_wait = check_number("max_wait", max_wait, infinite=True)
    return Relay(stream, format, on_close, keepalive, max_wait)
