"""What is left of followers who leave, at whatever moment and however: nothing is read for them any more."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

import streamkit as sk
from streamkit import bus, sinks
from streamkit.bus import Entry, EntryId, Status
from streamkit.bus.entries import encode
from streamkit.bus.home import at_home
from streamkit.bus.hub import Feed, Hub
from streamkit.bus.memory_log import MemoryLog
from streamkit.engine.loops import background, on_loop
from tests.waiting import soon

from .servers import StorageServer, binary_of


class Watched(MemoryLog):
    """A log that counts its tails, and whose writers never count as dead."""

    def __init__(self) -> None:
        super().__init__(kept_for=600, reply_bytes=10**6, total_bytes=10**6)
        self.tails = 0

    async def begin(self) -> None:
        await self.open("r-1", "a")
        await self.append("r-1", 1, 1, encode([sk.TextDelta("So far")]), last=False)

    async def status(self, reply_id: str) -> Status | None:
        status = await super().status(reply_id)
        return None if status is None else status._replace(silent_for=0.0)

    async def tail(self, reply_id: str, after: EntryId, *, silence: float) -> AsyncGenerator[Sequence[Entry], None]:
        self.tails += 1
        try:
            async for entries in super().tail(reply_id, after, silence=silence):
                yield entries
        finally:
            self.tails -= 1


class Held:
    """Holds up the background loop, after ``steps`` more of its steps."""

    def __init__(self, steps: int) -> None:
        self._go_on = threading.Event()
        for _ in range(steps):
            self._pass(lambda: None)
        self._pass(lambda: None, self._go_on.wait)

    def _pass(self, *actions: object) -> None:
        arrived = threading.Event()
        on_loop(background(), lambda: (arrived.set(), [action() for action in actions]))  # type: ignore[operator]
        arrived.wait()

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None:
        self._go_on.set()


@pytest.mark.parametrize("others", [True, False])
def test_a_follower_who_leaves_while_he_joins_has_left(others: bool) -> None:
    """A cancel may overtake a request that the background loop has not begun yet."""
    log = Watched()
    replies = bus.Bus(log)

    async def main() -> None:
        await at_home(log.begin)
        first = sk.start(replies.follow("r-1")) if others else None
        await soon(lambda: log.tails == others)
        for steps in range(8):
            run = sk.start(replies.follow("r-1"))
            await asyncio.sleep(0)
            with Held(steps):
                for _ in range(3):
                    await asyncio.sleep(0)
                run.cancel()
                for _ in range(20):
                    await asyncio.sleep(0)
            with suppress(sk.StreamkitError):
                await run
        if first is not None:
            first.cancel()
        await soon(lambda: log.tails == 0)

    asyncio.run(main())


def test_nothing_is_read_for_a_follower_whose_loop_was_closed() -> None:
    log, loop = Watched(), asyncio.new_event_loop()
    hub = Hub(log, 0.1, 10.0)

    async def main() -> None:
        await at_home(log.begin)
        await at_home(hub.join, "r-1", Feed(loop, None))
        await soon(lambda: log.tails == 1)
        loop.close()
        await soon(lambda: log.tails == 0)

    asyncio.run(main())


def test_followers_who_come_at_the_same_time_leave_few_connections(tmp_path: Path) -> None:
    async def main() -> None:
        for name in map(str, range(50)):
            sk.start(sk.from_text(["Hello", " there."]), sinks.bus(replies, name))
        followed = [sk.start(replies.follow(name, wait=10)) for name in map(str, range(50)) for _ in range(2)]
        assert {(await reply).text for reply in followed} == {"Hello there."}
        with redis.Redis.from_url(server.url) as client:
            assert client.info("clients")["connected_clients"] < 10

    redis = pytest.importorskip("redis")
    with StorageServer(binary_of("valkey"), tmp_path) as server, bus.redis(server.url) as replies:
        asyncio.run(main())
