"""When the loop of a reply is shut down, no policy asks anybody else: nothing would end that request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

import streamkit as sk
from streamkit import ops
from tests.faults.server import HANG, serving

CHATS = {
    "fallback": lambda chat: chat().pipe(ops.fallback(chat())),
    "retry_unstarted": lambda chat: chat().pipe(ops.retry_unstarted(sk.Retry(attempts=2, first=0.01))),
    "continue_with": lambda chat: chat().pipe(ops.continue_with(lambda partial: chat())),
    "race": lambda chat: sk.race(chat(), chat(), after=60),
}


@pytest.mark.parametrize("policy", CHATS.values(), ids=CHATS)
def test_the_end_of_the_loop_is_no_failure_of_the_server(
    policy: Callable[[Callable[[], sk.Stream[sk.Event]]], sk.Stream[sk.Event]],
) -> None:
    with serving([HANG]) as server, sk.Client(server.url, "key", model="m") as client:

        async def main() -> None:
            runs.append(sk.start(policy(lambda: client.chat("hi"))))
            await asyncio.to_thread(server.heard, 1)

        runs: list[sk.Run] = []
        asyncio.run(main())
        assert server.all_closed()
        assert len(server.requests) == 1
        assert runs[0].reply.outcome == "cancelled"
