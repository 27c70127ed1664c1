"""Following a reply on a bus: from its beginning, from each position, while it is written and afterwards."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

import streamkit as sk
from streamkit import bus, sinks, testing

from .conftest import Storage

SAID = testing.Script(
    ["Hello", " there.", " This goes", " over the bus,", " wörd by wörd 🌍.", "\n" * 3],
    reasoning=["Hm. ", "Let me see."],
    tool_calls=[("weather", {"city": "Oslo"}), ("time", {})],
    every=0.002,
)


def written(replies: bus.Bus, script: testing.Script | str = SAID, name: str = "r-1") -> sk.Reply:
    """Ask, and write the reply to the bus."""
    with testing.client(script) as client:
        return sk.run(client.chat("Hi"), sinks.bus(replies, name))


def lines(events: list[sk.Event]) -> list[bytes]:
    return [sk.to_json(event) for event in events]


def test_a_reply_is_followed_while_it_is_written(replies: bus.Bus) -> None:
    with testing.client(SAID) as client:
        seen = sinks.memory()
        run = sk.start(client.chat("Hi"), sinks.bus(replies), seen)
        followed = list(replies.follow(run.id, wait=5))
    assert lines(followed) == lines(seen.items)
    assert followed[-1] == run.result()
    assert followed[-1].timing == run.result().timing


def test_the_rest_after_each_position_is_the_same_to_the_byte(replies: bus.Bus) -> None:
    reply = written(replies)
    placed = list(replies.positions("r-1"))
    assert [item.event for item in placed] == list(replies.follow("r-1"))
    assert placed[-1].event == reply
    for number, (position, _) in enumerate(placed):
        assert list(replies.positions("r-1", position)) == placed[number + 1 :]
        rest = [item.event for item in placed[number + 1 :]] or [reply]
        assert lines(list(replies.follow("r-1", position))) == lines(rest)


def test_positions_grow(replies: bus.Bus) -> None:
    written(replies)
    numbers = [tuple(map(int, item.position.replace("-", ".").split("."))) for item in replies.positions("r-1")]
    assert all(a < b for a, b in pairwise(numbers))


@pytest.mark.parametrize(
    ("after", "reason"),
    [
        *[(text, "malformed") for text in ("", "0", "1-1", "x-0.0", "1-1.0 ", "-1-0.0", "1-0.٣", "1" * 99 + "-0.0")],
        *[(text, "position") for text in ("0-0.0", "1-1.5", f"{2**63 - 1}-0.0")],
    ],
)
def test_a_position_that_the_reply_does_not_have(replies: bus.Bus, after: str, reason: str) -> None:
    written(replies, "Hello")
    with pytest.raises(sk.BusError) as caught:
        sk.run(replies.follow("r-1", after))
    assert caught.value.reason == reason


def test_a_position_of_another_reply() -> None:
    """On Redis ids are times, which two replies may have in common."""
    replies = bus.memory()
    for name in ("r-1", "r-2"):
        written(replies, "Hello", name)
    for position, _ in replies.positions("r-1"):
        with pytest.raises(sk.BusError, match="has no position"):
            sk.run(replies.follow("r-2", position))


def test_a_place_behind_the_events_of_an_entry_is_no_position(replies: bus.Bus) -> None:
    written(replies, "Hello")
    entry = next(iter(replies.positions("r-1"))).position.partition(".")[0]
    with pytest.raises(sk.BusError, match="has no position"):
        sk.run(replies.follow("r-1", f"{entry}.99"))


def test_a_reply_that_nobody_writes(replies: bus.Bus) -> None:
    with pytest.raises(sk.BusError) as caught:
        sk.run(replies.follow("r-2", wait=0.1))
    assert caught.value.reason == "unknown"


def test_a_follower_may_come_first(replies: bus.Bus) -> None:
    async def main() -> None:
        followed = sk.start(replies.follow("r-1", wait=5))
        await asyncio.sleep(0.1)
        reply = await asyncio.to_thread(written, replies)
        assert await followed == reply

    asyncio.run(main())


@pytest.mark.parametrize("name", ["", "a b", "a\nb", "é", "x" * 129, "a{b}"])
def test_ids_that_cannot_be_a_part_of_a_key(replies: bus.Bus, name: str) -> None:
    with pytest.raises(ValueError, match="reply_id"):
        replies.follow(name)
    with pytest.raises(ValueError, match="reply_id"):
        sk.run(sk.from_text("a"), sinks.bus(replies, name))


def test_a_failure_comes_to_followers_with_what_there_is(replies: bus.Bus) -> None:
    broken = testing.Script(["So far", " so good", " and on"], drop_after=2)
    with testing.client(broken, retry=sk.Retry(attempts=0)) as client, pytest.raises(sk.BrokenError) as own:
        sk.run(client.chat("Hi"), sinks.bus(replies, "r-1"))
    with pytest.raises(sk.BrokenError) as followed:
        sk.run(replies.follow("r-1"))
    assert str(followed.value) == str(own.value)
    assert followed.value.partial == own.value.partial
    placed = []
    with pytest.raises(sk.BrokenError):
        sk.run(replies.positions("r-1"), placed.append)
    assert "".join(item.event.text for item in placed if isinstance(item.event, sk.TextDelta)) == "So far so good"


def test_a_failure_before_any_content_is_the_same_after_each_position(replies: bus.Bus) -> None:
    reply = sk.Reply(id="resp-1", model="m", outcome="failed")
    writer = replies.writer("r-1", lambda: None)
    writer.add(sk.Start(id="resp-1", model="m"))
    writer.add(sk.ApiError("no", partial=reply))
    asyncio.run(writer.ended())
    for after in (None, next(iter(replies.positions("r-1"))).position):
        with pytest.raises(sk.ApiError) as caught:
            sk.run(replies.follow("r-1", after))
        assert caught.value.partial == reply


def test_events_that_are_not_a_reply_end_with_one_of_what_they_say(replies: bus.Bus) -> None:
    sk.run(sk.stream([sk.TextDelta("So "), sk.TextDelta("far")]), sinks.bus(replies, "r-1"))
    assert sk.run(replies.follow("r-1")).text == "So far"


def test_two_replies_under_one_id_are_refused(replies: bus.Bus) -> None:
    with pytest.raises(sk.SinkError, match="what comes after its Reply needs an id of its own"):
        sk.run(sk.from_text(["One"]) + sk.from_text(["Two"]), sinks.bus(replies, "r-1"))
    assert sk.run(replies.follow("r-1")).text == "One"


def test_a_reply_may_be_copied_to_another_bus(replies: bus.Bus) -> None:
    copies = bus.memory()
    written(replies, "Hello")
    reply = sk.run(replies.follow("r-1"), sinks.bus(copies, "r-1"))
    assert sk.run(copies.follow("r-1")) == reply
    with pytest.raises(sk.BusError):
        sk.run(replies.follow("r-2"), sinks.bus(copies, "r-2"))
    with pytest.raises(sk.BusError) as caught:
        sk.run(copies.follow("r-2"))
    assert caught.value.reason == "unknown"


def test_a_cancelled_reply_ends_so_for_followers(storage: Storage) -> None:
    replies = storage.bus(3.0)  # five signs of life in that time, and with the next one the writer hears of it
    with testing.client(testing.Script("Once upon a time", stall_after=1)) as client:
        run = sk.start(client.chat("Hi"), sinks.bus(replies, "r-1"))
        events = iter(replies.follow("r-1", wait=5))
        while not isinstance(next(events), sk.TextDelta):
            pass
        assert replies.cancel("r-1").result(5)
        reply = run.result(5)
        assert reply.outcome == "cancelled"
        assert list(events)[-1] == reply
    assert not replies.cancel("r-1").result(5)
    assert not replies.cancel("r-2").result(5)


def test_a_reply_may_be_cancelled_before_it_has_begun(storage: Storage) -> None:
    replies = storage.bus(3.0)
    asked = replies.cancel("r-1", wait=10)
    with testing.client(testing.Script("Once upon a time", stall_after=1)) as client:
        run = sk.start(client.chat("Hi"), sinks.bus(replies, "r-1"))
        assert asked.result(10)
        assert run.result(10).outcome == "cancelled"


def test_the_status_of_a_reply(replies: bus.Bus) -> None:
    assert replies.status("r-1").result(5) is None
    writer = replies.writer("r-1", lambda: None)
    writer.add(sk.TextDelta("So far"))
    first = next(iter(replies.positions("r-1", wait=5)))
    status = replies.status("r-1").result(5)
    assert status is not None
    assert status.is_open
    assert first.position.startswith("-".join(map(str, status.last)))
    writer.add(sk.Reply())
    asyncio.run(writer.ended())
    status = replies.status("r-1").result(5)
    assert status is not None
    assert not status.is_open


@pytest.mark.slow
def test_a_hundred_thousand_events(replies: bus.Bus) -> None:
    text = [f" word{number}" for number in range(100_000)]
    sk.run(sk.from_text(text), sinks.bus(replies, "r-1"))
    assert [event.text for event in replies.follow("r-1") if isinstance(event, sk.TextDelta)] == text


@pytest.mark.parametrize("wrong", ["redis://localhost:6379", None, bus])
def test_a_sink_that_is_given_no_bus(wrong: object) -> None:
    with pytest.raises(TypeError, match=r"such as bus\.redis\(url\)"):
        sinks.bus(wrong)  # type: ignore[arg-type]
