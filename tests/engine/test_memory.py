"""What a long reply holds on to."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

import streamkit as sk
from streamkit import testing, wire

BENCHMARK = Path(__file__).parents[1] / "benchmarks" / "bench_memory.py"
MEGABYTES = 192


def benchmark() -> Any:
    spec = importlib.util.spec_from_file_location("bench_memory", BENCHMARK)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize("policy", ["wait", "conflate", "drop_oldest"])
def test_a_long_reply_with_a_stuck_consumer_takes_a_bounded_amount(policy: str):
    """The benchmark does the same with 1 GB."""
    bench = benchmark()
    assert bench.grown(MEGABYTES, policy)["grown"] < bench.BOUND < MEGABYTES


BODY = b"".join(
    b'data: {"choices":[{"index":0,"delta":%s,"finish_reason":%s}]}\n\n' % pair
    for pair in (
        (b'{"content":"Hello"}', b"null"),
        (b'{"reasoning_content":"hm"}', b"null"),
        (b'{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]}', b"null"),
        (b"{}", b'"tool_calls"'),
    )
)


def test_a_reply_may_leave_its_text_to_those_who_get_the_events():
    *events, reply = wire.parse([BODY, b"data: [DONE]\n\n"], keep_text=False)
    assert [event.text for event in events if isinstance(event, sk.TextDelta)] == ["Hello"]
    assert isinstance(reply, sk.Reply)
    assert (reply.text, reply.reasoning, reply.outcome) == ("", "", "complete")
    assert [call.name for call in reply.tool_calls] == ["f"]


def test_a_client_and_a_body_may_be_asked_not_to_keep_it():
    client = testing.client("Hello there", limits=sk.Limits(keep_text=False))
    streams = client.chat("Hi"), sk.from_bytes([BODY, b"data: [DONE]\n\n"], keep_text=False)
    for stream in streams:
        pieces: list[str] = []
        reply = sk.run(stream, sk.on(text=pieces.append))
        assert "".join(pieces).startswith("Hello")
        assert (reply.text, reply.outcome) == ("", "complete")
