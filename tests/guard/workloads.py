"""The work whose costs are guarded: one function for each row of the table, which gives its figure."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any

from reactivex import from_iterable

import streamkit as sk
from streamkit import bus, operators as ops, sinks, stages
from streamkit.stages.usage import Meter
from streamkit.tokens import ReplyTokens
from streamkit.wire import Parser
from tests.guard.bodies import BLOCKS, body, chat, word
from tests.guard.counting import bytes_each, operations_each
from tests.guard.server import OPEN, served
from tests.waiting import soon

__all__ = ["WORKLOADS", "wire"]

MESSAGES = [{"role": "user", "content": "Say something long."}]


# -- operations --------------------------------------------------------------------------------------------------------


def wire(api: str, events_a_read: int = 1, parser: Callable[[str], Parser] = Parser) -> float:
    """Of the parser, an event."""

    def prepared(number: int) -> Callable[[], None]:
        blocks = [BLOCKS[api](word(at)) for at in range(number * events_a_read)]
        reads = [b"".join(blocks[at : at + events_a_read]) for at in range(0, len(blocks), events_a_read)]
        parsed = parser(api)
        return lambda: deque((event for read in reads for event in parsed.feed(read)), 0)

    return operations_each(prepared) / events_a_read


def stage(make: Callable[[], Any], pieces: Callable[[int], list[Any]]) -> float:
    """Of a stage, an item that it is fed."""

    def prepared(number: int) -> Callable[[], None]:
        made, items = make(), pieces(number)

        def feed() -> None:
            for item in items:
                deque(made.feed(item), 0)

        return feed

    return operations_each(prepared)


def words(number: int) -> list[Any]:
    return [word(at) for at in range(number)]


def deltas(number: int) -> list[Any]:
    return [sk.TextDelta(word(at)) for at in range(number)]


def records(number: int) -> list[Any]:
    text = json.dumps([{"name": "Ada Lovelace", "n": n, "tags": ["a", "b"]} for n in range(number)])
    return [text[at : at + 4] for at in range(0, 4 * number, 4)]


class Doubled:
    """A stage as a user writes it."""

    def feed(self, item: str) -> list[str]:
        return [item, item]

    def flush(self) -> list[str]:
        return []


def operator(op: Callable[[], Any]) -> float:
    """Of an operator in a plain chain of Rx, an item."""

    def prepared(number: int) -> Callable[[], Any]:
        source = from_iterable(words(number)).pipe(op())
        return lambda: source.subscribe(lambda item: None)

    return operations_each(prepared)


def run(source: Callable[[int], Any], *sinks: Any) -> float:
    """Of a run to ``sinks``, an item."""

    def prepared(number: int) -> Callable[[], Any]:
        made = source(number)

        async def main() -> None:
            await sk.start(made, *sinks)

        return lambda: asyncio.run(main())

    return operations_each(prepared)


def run_to_a_bus() -> float:
    """Of a run to a function and a bus, an event, in the thread of the run: writing is a call, and what is awaited is
    done on another."""

    def prepared(number: int) -> Callable[[], Any]:
        replies, pieces = bus.memory(), words(number)

        async def main() -> None:
            await sk.start(sk.from_text(pieces), ignore, sinks.bus(replies))

        return lambda: asyncio.run(main())

    return operations_each(prepared)


def ignore(item: Any) -> None: ...


async def ignore_later(item: Any) -> None: ...


def set_up() -> float:
    """Of a whole run of three events."""
    three = body(3)

    def prepared(runs: int) -> Callable[[], Any]:
        async def main() -> None:
            for _ in range(runs):
                await sk.start(sk.from_bytes(three), ignore)

        return lambda: asyncio.run(main())

    return operations_each(prepared, 4, 8)


def reads() -> float:
    """Of a reply from a server, a read with one event."""
    with served() as (address, handed):

        def prepared(number: int) -> Callable[[], Any]:
            async def main() -> None:
                await sk.start(sk.Client(address, "key").chat(MESSAGES, model=str(number)), lambda event: handed())

            return lambda: asyncio.run(main())

        return operations_each(prepared)


def requests() -> float:
    """Of a whole reply of one event from a server, over a connection that is open already."""
    with served() as (address, _):

        def prepared(number: int) -> Callable[[], Any]:
            async def main() -> None:
                client = sk.Client(address, "key")
                for _ in range(number):
                    await sk.start(client.chat(MESSAGES, model="1"), ignore)

            return lambda: asyncio.run(main())

        return operations_each(prepared, 4, 8)


# -- bytes -------------------------------------------------------------------------------------------------------------


def open_run() -> float:
    """Of a run whose source is silent."""

    async def opened(number: int) -> list[Any]:
        async def silent() -> AsyncIterator[bytes]:
            yield chat("The")
            await asyncio.get_running_loop().create_future()

        runs = [sk.start(sk.from_bytes(silent), ignore) for _ in range(number)]
        await begun(runs)
        return runs

    return bytes_each(opened)


def open_reply() -> float:
    """Of a run whose server is silent, with its connection."""
    with served() as (address, _):

        async def opened(number: int) -> list[Any]:
            client = sk.Client(address, "key")
            runs = [sk.start(client.chat(MESSAGES, model=OPEN), ignore) for _ in range(number)]
            await begun(runs)
            return runs

        return bytes_each(opened)


async def begun(runs: list[Any]) -> None:
    for one in runs:
        await soon(lambda one=one: one.reply.text)


WORKLOADS: dict[str, Callable[[], float]] = {
    "wire, chat": lambda: wire("chat"),
    "wire, chat, 32 events a read": lambda: wire("chat", 32),
    "wire, responses": lambda: wire("responses"),
    "wire, anthropic": lambda: wire("anthropic"),
    "sentences": lambda: stage(stages.Segments, words),
    "redact": lambda: stage(lambda: stages.Redactor("email"), words),
    "meter": lambda: stage(lambda: Meter(ReplyTokens("gpt-4o")), deltas),
    "json_values": lambda: stage(stages.JsonValues, records),
    "own stage as an operator": lambda: operator(lambda: ops.stage(Doubled)),
    "a run, 1 function": lambda: run(lambda number: sk.stream(words(number)), ignore),
    "a run, 3 functions": lambda: run(lambda number: sk.stream(words(number)), *[ignore] * 3),
    "a run, 1 function and a bus": run_to_a_bus,
    "a run, 1 coroutine function": lambda: run(lambda number: sk.stream(words(number)), ignore_later),
    "a run, a branch with an operator": lambda: run(
        lambda number: sk.from_bytes(body(number)), sk.branch(ops.text(), into=ignore)
    ),
    "a whole run of 3 events": set_up,
    "a whole reply over HTTP": requests,
    "a read over HTTP": reads,
    "bytes of an open run": open_run,
    "bytes of an open reply over HTTP": open_reply,
}
"""Operations (lines and calls) an item, if the name says nothing else."""
