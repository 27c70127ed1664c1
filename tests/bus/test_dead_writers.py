"""Writers that die, stand still or come back: a reply never stays open, and nothing is generated unasked."""

from __future__ import annotations

import asyncio

import pytest

import streamkit as sk
from streamkit import bus, sinks, testing
from streamkit.bus.entries import encode
from streamkit.bus.home import Asked
from streamkit.bus.memory_log import MemoryLog

from .conftest import Storage

DEAD = 0.5


def begin(storage: Storage, text: str, name: str = "r-1") -> None:
    """Begin a reply whose writer gives no sign of life afterwards."""

    async def write() -> None:
        log = storage.log()
        epoch = (await log.open(name, "a")).epoch
        await log.append(name, epoch, 1, encode([sk.Start(model="m"), sk.TextDelta(text)]), last=False)
        await log.close()

    Asked(write).result(5)


def test_followers_hear_that_the_writer_died(storage: Storage) -> None:
    replies = storage.bus(DEAD)
    begin(storage, "So far")
    for _ in range(2):
        with pytest.raises(sk.BrokenError, match="no sign of life") as caught:
            sk.run(replies.follow("r-1"))
        assert caught.value.partial.text == "So far"


@pytest.mark.slow
def test_a_writer_that_says_nothing_for_long_is_alive(storage: Storage) -> None:
    replies = storage.bus(DEAD)
    with testing.client(testing.Script(["Hm", " well"], every=1.2)) as client:
        run = sk.start(client.chat("Hi"), sinks.bus(replies, "r-1"))
        assert sk.run(replies.follow("r-1", wait=5)).text == "Hm well"
        assert run.result().outcome == "complete"


def test_a_restart_is_one_new_attempt_for_all_followers(storage: Storage) -> None:
    replies, others = storage.bus(DEAD), storage.bus(DEAD)
    begin(storage, "So far")

    async def main() -> None:
        with testing.client("Anew.") as client:

            async def follow(which: bus.Bus) -> list[sk.Event]:
                stream = which.follow("r-1", on_dead_writer="restart", attempt=client.chat("Hi"))
                return [event async for event in stream]

            got = await asyncio.gather(*(follow(which) for which in [replies, others] * 5))
            assert len(client.requests) == 1
        for events in got:
            kinds = [event.type for event in events]
            assert kinds.count("restart") == 1
            assert kinds[: kinds.index("restart")] == ["start", "text.delta"]
            assert events[-1].text == "Anew."  # type: ignore[union-attr]

    asyncio.run(main())
    assert list(replies.follow("r-1"))[-1].text == "Anew."  # type: ignore[union-attr]


def test_a_follower_of_positions_may_ask_for_the_restart(storage: Storage) -> None:
    replies = storage.bus(DEAD)
    begin(storage, "So far")
    with testing.client("Anew.") as client:
        placed = list(replies.positions("r-1", on_dead_writer="restart", attempt=client.chat("Hi")))
    assert [item.event.type for item in placed].count("restart") == 1
    assert placed[-1].event.text == "Anew."  # type: ignore[union-attr]
    assert list(replies.positions("r-1")) == placed


@pytest.mark.slow
def test_the_new_attempt_may_fail_and_be_cancelled(storage: Storage) -> None:
    replies = storage.bus(DEAD)
    begin(storage, "So far")
    with testing.client(testing.Script(status=401)) as client, pytest.raises(sk.StatusError):
        sk.run(replies.follow("r-1", on_dead_writer="restart", attempt=client.chat("Hi")))
    begin(storage, "So far", name="r-2")
    with testing.client(testing.Script("Once upon", stall_after=1)) as client:
        events = iter(replies.follow("r-2", on_dead_writer="restart", attempt=client.chat("Hi")))
        while next(events) != sk.TextDelta("Once"):
            pass
        assert replies.cancel("r-2").result(5)
        assert list(events)[-1].outcome == "cancelled"  # type: ignore[union-attr]


def test_nothing_is_asked_again_for_a_reply_that_was_cancelled(storage: Storage) -> None:
    replies = storage.bus(DEAD)
    begin(storage, "So far")
    assert replies.cancel("r-1").result(5)
    with testing.client("Anew.") as client:
        attempt = client.chat("Hi")
        assert sk.run(replies.follow("r-1", on_dead_writer="restart", attempt=attempt)).outcome == "cancelled"
        assert client.requests == []


def test_nothing_is_asked_again_for_a_reply_that_ended(storage: Storage) -> None:
    replies = storage.bus(DEAD)
    sk.run(sk.from_text("Done."), sinks.bus(replies, "r-1"))
    with testing.client("Anew.") as client:
        again = client.chat("Hi")
        assert sk.run(replies.follow("r-1", on_dead_writer="restart", attempt=again)).text == "Done."
        with pytest.raises(sk.BusError):
            sk.run(replies.follow("r-2", on_dead_writer="restart", attempt=again))
        with pytest.raises(sk.BusError):
            sk.run(replies.follow("r-1", "1-1.1", on_dead_writer="restart", attempt=again))
        assert client.requests == []


def test_a_writer_that_comes_back_is_refused(storage: Storage) -> None:
    replies = storage.bus(DEAD)
    writer = storage.bus(1000).writer("r-1", lambda: None)  # which gives a sign of life each 200 s
    writer.add(sk.TextDelta("So far"))
    with pytest.raises(sk.BrokenError, match="no sign of life"):
        sk.run(replies.follow("r-1", wait=5))
    writer.add(sk.TextDelta(" so good"))
    writer.add(sk.Reply())
    asyncio.run(writer.ended())
    with pytest.raises(sk.SinkError, match="another writer has taken over"):
        writer.add(sk.TextDelta("!"))


def test_a_writer_in_memory_is_not_dead_because_its_loop_stood_still() -> None:
    """Reader and writer stood still together, and the reader may be the first to go on."""
    now, epoch = 0.0, 0
    log = MemoryLog(kept_for=60, reply_bytes=1000, total_bytes=1000, clock=lambda: now)

    async def asked() -> str:
        answer = await log.take_over("r-1", epoch, "b", b"new", last=False, dead_after=10)
        return answer.verdict

    async def main() -> None:
        nonlocal now, epoch
        epoch = (await log.open("r-1", "a")).epoch
        for sign_of_life in (log.beat("r-1", epoch), log.append("r-1", epoch, 1, b"said", last=False)):
            now += 100.0
            assert await asked() == "alive"
            assert (await sign_of_life).verdict == "ok"
        now += 100.0
        assert [await asked() for _ in range(2)] == ["alive", "ok"]

    asyncio.run(main())


def test_an_id_that_is_in_use_fails_the_second_run(storage: Storage) -> None:
    replies = storage.bus()
    with testing.client(testing.Script("Once upon", stall_after=1), "Two.") as client:
        first = sk.start(client.chat("Hi"), sinks.bus(replies, "r-1"))
        next(iter(replies.follow("r-1", wait=5)))  # it is on the bus, not only under way
        with pytest.raises(sk.SinkError, match="each needs an id of its own"):
            sk.run(client.chat("Hi"), sinks.bus(replies, "r-1"))
        first.cancel()
        first.result(5)
        with pytest.raises(sk.SinkError, match="the reply has ended"):
            sk.run(client.chat("Hi"), sinks.bus(replies, "r-1"))


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"on_dead_writer": "retry"}, "fail"),
        ({"on_dead_writer": "restart"}, "belong together"),
        ({"attempt": testing.script("a")}, "belong together"),
    ],
)
def test_what_cannot_be_meant_is_refused_at_once(storage: Storage, options: dict, error: str) -> None:
    with pytest.raises(ValueError, match=error):
        storage.bus().follow("r-1", **options)
