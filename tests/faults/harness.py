"""One row, one fault: what the server does, and what must become of it, whichever way the stream is read."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest

import streamkit as sk
from streamkit.sources.http.limits import CLOCKS
from tests.faults.server import Server, serving

__all__ = ["PATIENT", "WAYS", "Fault", "Outcome", "cases", "check"]

PATIENT = {**dict.fromkeys(CLOCKS, 5.0), "total": 15.0}
EAGER = sk.Retry(attempts=2, first=0.01)


@dataclass(frozen=True)
class Fault:
    """``kind`` is that of the error, None if the reply must be complete; ``requests`` is what the server sees."""

    id: str
    answers: Sequence[Any]
    kind: str | None = None
    text: str = ""
    _: Any = field(default=None, init=False, repr=False)
    clock: str | None = None
    requests: int = 1
    limits: dict[str, Any] = field(default_factory=dict)
    within: float = 2.0
    at_least: float = 0.0
    sent: int | None = None
    """The most bytes that the server gets rid of."""
    lenient: bool = False
    closes: bool | None = None
    """Whether the connection must be gone when the reply is; else only a failed one must."""
    retry: sk.Retry = EAGER
    check: Callable[[Outcome], object] | None = None
    """Raises or gives False if something else is wrong."""


@dataclass
class Outcome:
    """What the reader of a stream saw."""

    events: list[Any]
    reply: sk.Reply
    error: sk.StreamkitError | None
    seconds: float
    server: Server

    @property
    def text(self) -> str:
        return "".join(e.text for e in self.events if isinstance(e, sk.TextDelta) and e.index == 0)


def _client(server: Server, fault: Fault, transport: Any) -> sk.Client:
    limits = sk.Limits(**{**PATIENT, **fault.limits})
    options: dict[str, Any] = {"retry": fault.retry, "lenient": fault.lenient, "transport": transport}
    return sk.Client(server.url, "sk-canary-0123456789", model="m", limits=limits, **options)


def _async_for(client: sk.Client, events: list[Any], server: Server, closed: Callable[[], bool]) -> None:
    async def main() -> None:
        async with client:
            try:
                async for event in client.chat("hi"):
                    events.append(event)  # noqa: PERF401  # what came before an error must be seen
            finally:
                assert await asyncio.to_thread(closed)

    asyncio.run(main())


def _run(client: sk.Client, events: list[Any], server: Server, closed: Callable[[], bool]) -> None:
    with client:
        try:
            sk.run(client.chat("hi"), events.append)
        finally:
            assert closed()


def _start(client: sk.Client, events: list[Any], server: Server, closed: Callable[[], bool]) -> None:
    with client:
        try:
            sk.start(client.chat("hi"), events.append).result(10)
        finally:
            assert closed()


def _for(client: sk.Client, events: list[Any], server: Server, closed: Callable[[], bool]) -> None:
    with client:
        try:
            for event in client.chat("hi"):
                events.append(event)  # noqa: PERF402  # as above
        finally:
            assert closed()


WAYS = {"async for": _async_for, "run": _run, "start": _start, "for": _for}
OVER_HTTPX2 = "async for, over httpx2"
"""The way that reads over a client of the user's, which is not closed and so keeps no connection."""


def cases(faults: Sequence[Fault]) -> list[Any]:
    """Every row with ``async for``, over httpx2 too, and with one of the other ways in turn."""
    others = [way for way in WAYS if way != "async for"]
    rows = [(fault, way) for fault in faults for way in ("async for", OVER_HTTPX2)]
    rows += [(fault, others[number % len(others)]) for number, fault in enumerate(faults)]
    return [pytest.param(fault, way, id=f"{fault.id}, {way}") for fault, way in rows]


def check(fault: Fault, way: str, capfd: pytest.CaptureFixture[str]) -> None:
    for _ in range(3):  # on a machine that is busy one may be late, and not all
        with serving(*fault.answers, send_buffer=8192 if fault.sent is not None else None) as server:
            outcome = _outcome(fault, way, server)
            assert server.all_closed(), "the client left a connection open"
        if outcome.seconds <= fault.within:
            break
    error = outcome.error
    assert (error.kind if error else None) == fault.kind, repr(error)
    assert outcome.text == outcome.reply.text
    assert outcome.text == fault.text or fault.text == "*"
    if error is None:
        assert type(outcome.events[-1]) is sk.Reply
        assert outcome.reply.outcome not in ("truncated", "failed")
    else:
        assert outcome.reply.outcome in ("truncated", "failed")
        assert error.clock == fault.clock
    assert len(server.requests) == outcome.reply.attempts == fault.requests
    assert fault.at_least <= outcome.seconds <= fault.within
    if fault.sent is not None:
        assert server.sent <= fault.sent
    if fault.check is not None:
        assert fault.check(outcome) is not False
    out, err = capfd.readouterr()
    assert out == err == ""


def _outcome(fault: Fault, way: str, server: Server) -> Outcome:
    is_given = way == OVER_HTTPX2
    given = httpx2.AsyncClient(limits=httpx2.Limits(max_keepalive_connections=0)) if is_given else None
    client, events = _client(server, fault, given), []
    began = time.monotonic()
    took: list[float] = []

    def closed() -> bool:
        """A reply that was cut leaves nothing; a whole one may leave its connection to the pool."""
        took.append(time.monotonic() - began)
        closes = fault.kind is not None if fault.closes is None else fault.closes
        return not closes or server.all_closed()

    error: sk.StreamkitError | None = None
    try:
        WAYS["async for" if is_given else way](client, events, server, closed)
    except sk.StreamkitError as exc:
        error = exc
    reply = error.partial if error is not None else events[-1]
    return Outcome(events, reply, error, took[0], server)
