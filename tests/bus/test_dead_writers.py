"""Writers that die, stand still or come back: a reply never stays open, and nothing is generated that nobody asked for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest

import streamkit as sk
from streamkit import bus, sinks, testing
from tests.waiting import until

MakeBus = Callable[..., bus.Bus]
SOON = {"dead_after": 0.5}


def dead(replies: bus.Bus, *texts: str, name: str = "r-1") -> None:
    """A reply whose writer dies after these texts."""
    writer = replies.writer(name, lambda: None)
    writer.add(sk.Start(model="m"))
    for text in texts:
        writer.add(sk.TextDelta(text))
    assert until(lambda: not writer._items)
    time.sleep(0.1)  # until what was taken is appended
    writer._driven.cancel()


def test_followers_hear_that_the_writer_died(make_bus: MakeBus) -> None:
    replies = make_bus(**SOON)
    dead(replies, "So far")
    for _ in range(2):
        with pytest.raises(sk.BrokenError, match="no sign of life") as caught:
            sk.run(replies.follow("r-1"))
        assert caught.value.partial.text == "So far"


def test_a_writer_that_says_nothing_for_long_is_alive(make_bus: MakeBus) -> None:
    replies = make_bus(**SOON)
    with testing.client(testing.Script(["Hm", " well"], every=2.0)) as client:
        run = sk.start(client.chat("Hi"), sinks.bus(replies, "r-1"))
        assert sk.run(replies.follow("r-1", wait=5)).text == "Hm well"
        assert run.result().outcome == "complete"


def test_a_restart_is_one_new_attempt_for_all_followers(make_bus: MakeBus) -> None:
    replies, others = make_bus(**SOON), make_bus(**SOON)
    others = others if others._log.__class__.__name__ == "RedisLog" else replies
    dead(replies, "So far")

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


def test_the_new_attempt_may_fail_and_be_cancelled(make_bus: MakeBus) -> None:
    replies = make_bus(**SOON)
    dead(replies, "So far")
    with testing.client(testing.Script(status=401)) as client, pytest.raises(sk.StatusError):
        sk.run(replies.follow("r-1", on_dead_writer="restart", attempt=client.chat("Hi")))
    dead(replies, "So far", name="r-2")
    with testing.client(testing.Script("Once upon", stall_after=1)) as client:
        events = iter(replies.follow("r-2", on_dead_writer="restart", attempt=client.chat("Hi")))
        while next(events) != sk.TextDelta("Once"):
            pass
        assert replies.cancel("r-2").result(5)
        assert list(events)[-1].outcome == "cancelled"  # type: ignore[union-attr]


def test_nothing_is_asked_again_for_a_reply_that_ended(make_bus: MakeBus) -> None:
    replies = make_bus(**SOON)
    sk.run(sk.from_text("Done."), sinks.bus(replies, "r-1"))
    with testing.client("Anew.") as client:
        again = client.chat("Hi")
        assert sk.run(replies.follow("r-1", on_dead_writer="restart", attempt=again)).text == "Done."
        with pytest.raises(sk.BusError):
            sk.run(replies.follow("r-2", on_dead_writer="restart", attempt=again))
        with pytest.raises(sk.BusError):
            sk.run(replies.follow("r-1", "1-1.1", on_dead_writer="restart", attempt=again))
        assert client.requests == []


def test_a_writer_that_comes_back_is_refused(make_bus: MakeBus) -> None:
    replies = make_bus(**SOON)
    back = make_bus(dead_after=1000) if replies._log.__class__.__name__ == "RedisLog" else None
    if back is None:
        pytest.skip("writers within one process do not stand still")
    writer = back.writer("r-1", lambda: None)  # without a sign of life
    writer.add(sk.TextDelta("So far"))
    with pytest.raises(sk.BrokenError, match="no sign of life"):
        sk.run(replies.follow("r-1", wait=5))
    writer.add(sk.TextDelta(" so good"))
    writer.add(sk.Reply())
    asyncio.run(writer.ended())
    with pytest.raises(sk.SinkError, match="another writer has taken over"):
        writer.add(sk.TextDelta("!"))


def test_an_id_that_is_in_use_fails_the_second_run(make_bus: MakeBus) -> None:
    replies = make_bus()
    with testing.client(testing.Script("Once upon", stall_after=1), "Two.") as client:
        first = sk.start(client.chat("Hi"), sinks.bus(replies, "r-1"))
        assert until(lambda: first.reply.text == "Once")
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
def test_what_cannot_be_meant_is_refused_at_once(make_bus: MakeBus, options: dict, error: str) -> None:
    with pytest.raises(ValueError, match=error):
        make_bus().follow("r-1", **options)
