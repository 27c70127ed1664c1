"""A recording as a stream: the same events at the same moments, and the same end."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import streamkit as sk
from streamkit import ops, testing
from streamkit.sources.recording import Read, Recording, shipped_names
from streamkit.wire import parse

BODY = b"".join(write.data for write in testing.Script(["Hel", "lo"]).writes())


def recording(*cuts: tuple[float, bytes], **more: Any) -> Recording:
    return Recording(tuple(Read(at, data) for at, data in cuts), **{"end": cuts[-1][0] if cuts else 0.0, **more})


@pytest.mark.parametrize("speed", [1.0, 2.0, 0.5])
def test_reads_come_at_their_recorded_times_scaled(speed):
    blocks = BODY.split(b"\n\n")
    reads = [(1.0 + index, block + b"\n\n") for index, block in enumerate(blocks[:-1])]
    recorded = testing.clock().run(sk.replay(recording(*reads), speed))
    assert [type(item).__name__ for item in recorded.items] == ["Start", "TextDelta", "TextDelta", "Finish", "Reply"]
    assert recorded.times == pytest.approx([second / speed for second in (2, 2, 3, 4, 5)])  # Start waits for content


def test_without_waiting_no_time_passes():
    clock = testing.clock()
    assert clock.run(sk.replay("demo", 0)).reply.outcome == "complete"
    assert clock.now == 0


@pytest.mark.parametrize("name", shipped_names())
def test_a_shipped_recording_takes_as_long_as_it_did(name):
    source = Recording.open(name)
    recorded = testing.clock().run(sk.replay(name))
    assert source.seconds - 0.01 <= recorded.ended_at <= source.seconds + 1e-6
    assert recorded.times == sorted(recorded.times)


@pytest.mark.parametrize("speed", [-1.0, float("nan"), float("inf")])
def test_a_speed_that_is_none_is_refused(speed):
    with pytest.raises(ValueError, match="speed"):
        sk.replay("hello", speed)


def test_each_subscription_plays_it_anew():
    stream = sk.replay("hello", 0)
    clock = testing.clock()
    assert clock.run(stream).items == clock.run(stream).items != []


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        ({"kind": "stream_broken", "message": "cut"}, "truncated"),
        ({"kind": "stalled", "message": "silence", "clock": "byte_idle"}, "truncated"),
        ({"kind": "malformed", "message": "HTML"}, "failed"),
    ],
)
def test_a_recorded_error_ends_it_in_the_same_way(error, outcome):
    half = BODY[: BODY.index(b'"lo"')]
    recorded = testing.clock().run(sk.replay(recording((1.0, half), end=5.0, failure=error)))
    assert recorded.error.kind == error["kind"]
    assert str(recorded.error) == error["message"]
    assert (recorded.reply.text, recorded.reply.outcome) == ("Hel", outcome)
    assert recorded.ended_at == 5.0


def test_an_error_inside_the_stream_is_raised_where_it_stands():
    recorded = testing.clock().run(sk.replay("error"))
    assert recorded.error.kind == "api_error"
    assert recorded.error.code == "server_error"
    assert recorded.reply.text.endswith("Venus and")


def test_a_recording_that_was_cut_short_is_a_reply_that_was():
    recorded = testing.clock().run(sk.replay(recording((1.0, BODY[:-40]), end=None)))
    assert recorded.error.kind == "stream_broken"


def test_nothing_at_all_is_a_broken_stream():
    assert testing.clock().run(sk.replay(Recording(end=0.0))).error.kind == "stream_broken"


def test_a_document_instead_of_a_stream_is_read_as_one():
    whole = b'{"choices": [{"index": 0, "message": {"content": "Hello"}, "finish_reason": "stop"}]}'
    recorded = testing.clock().run(sk.replay(recording((1.0, whole[:30]), (2.0, whole[30:]))))
    assert (recorded.reply.text, recorded.ended_at) == ("Hello", 2.0)


def test_a_replay_can_be_recorded_again(tmp_path):
    clock = testing.clock()
    clock.run(sk.replay("chinese").pipe(ops.record(tmp_path / "again")))
    first, again = Recording.open("chinese"), Recording.open(tmp_path / "again")
    assert [read.data for read in again.reads] == [read.data for read in first.reads][: len(again.reads)]
    assert [read.at for read in again.reads] == pytest.approx([read.at for read in first.reads][: len(again.reads)])
    assert list(parse(read.data for read in again.reads)) == list(parse(read.data for read in first.reads))


def test_it_plays_on_a_real_loop_too():
    async def main() -> sk.Reply:
        return await sk.replay("hello", 100)

    assert asyncio.run(main()).text == "Hello! What would you like to talk about?"


def test_leaving_early_stops_it():
    clock = testing.clock()
    recorded = clock.run(sk.replay("demo"), until=1.0)
    assert (recorded.reply.outcome, recorded.cancelled_at, recorded.ended_at) == ("cancelled", 1.0, 1.0)
    assert 0 < len(recorded.reply.text) < 100


def test_a_mistaken_name_is_told_at_once():
    with pytest.raises(FileNotFoundError):
        sk.replay("nothing-of-the-sort")
