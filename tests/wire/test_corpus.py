"""Recorded streams of many servers, against what a correct reader gets out of them."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from streamkit.events import Event, ToolCall
from streamkit.wire import APIS
from tests.wire.bodies import check_calls, read

CORPUS = Path(__file__).resolve().parents[2] / ".." / "shared" / "corpus"
INDEX = CORPUS / "index.jsonl"
CASES: list[dict[str, Any]] = (
    [
        case
        for case in map(json.loads, INDEX.read_text().splitlines())
        if case["api"] in APIS and case["framing"] == "sse"
    ]
    if INDEX.exists()
    else []
)


@pytest.mark.skipif(not CASES, reason="the recorded streams are kept elsewhere")
def test_there_are_recorded_streams():
    assert len(CASES) > 100


@pytest.mark.parametrize("case", CASES, ids=[case["file"] for case in CASES])
def test_a_recorded_stream(case: dict[str, Any]):
    data = (CORPUS / case["file"]).read_bytes()
    expected = case["expected"]
    events, error = read(data, case["api"])
    reply = error.partial if error else events[-1]
    if expected.get("error"):
        assert error is not None
        assert error.kind == "api_error"
        assert expected["text"].startswith(reply.text)
        return
    assert error is None or "unknown_field_line" in case["features"] or not ended(expected)
    assert reply.text == expected["text"]
    assert len(reply.reasoning) == expected["reasoning_len"]
    assert reply.refusal == expected.get("refusal", "")
    assert [told(call, expected) for call in reply.tool_calls] == list(calls(expected))
    announced = [told(e, expected) for e in events if type(e) is ToolCall and e.index == 0]
    assert error or sorted(announced) == sorted(calls(expected))
    if error is None:
        check_calls(events)
    for index, choice in enumerate(expected.get("choices", ())):
        assert reply.choices[index].text == choice["text"]


def calls(expected: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Null and missing ids are empty. What the server calls itself (its ids say so) is nobody else's to answer."""
    legacy = expected.get("function_call")
    own = [call for call in expected["tool_calls"] if not (call.get("id") or "").startswith("srvtoolu_")]
    for call in [*own, *([legacy] if legacy else [])]:
        arguments = call.get("arguments", call.get("input"))
        text = json.dumps(arguments) if isinstance(arguments, dict) else arguments or ""
        yield call.get("id") or "", call["name"], text


def told(call: ToolCall, expected: dict[str, Any]) -> tuple[str, str, str]:
    """An id that the server did not give is not compared: some APIs have none, and one is made."""
    made = "function_call" in expected or any(call.get("id", "") is None for call in expected["tool_calls"])
    return "" if made and call.id else call.id, call.name, call.arguments


def ended(expected: dict[str, Any]) -> bool:
    return bool(expected["done_marker"] or expected["finish_reason"])


@pytest.mark.parametrize("case", CASES, ids=[case["file"] for case in CASES])
def test_the_cuts_of_a_recorded_stream_do_not_matter(case: dict[str, Any]):
    data = (CORPUS / case["file"]).read_bytes()
    expected = seen(read(data, case["api"]))
    rng = random.Random(case["file"])
    for most in (7, 50, 3000):
        at = sorted({0, len(data), *(rng.randrange(len(data)) for _ in range(min(20_000, len(data) // most)))})
        assert seen(read([data[a:b] for a, b in pairwise(at)], case["api"])) == expected


def seen(found: tuple[list[Event], Exception | None]) -> tuple[Any, ...]:
    return found[0], repr(found[1])
