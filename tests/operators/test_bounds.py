"""Where the Reply keeps no text, what stands below keeps none either; and many calls cost no more each than few."""

from __future__ import annotations

import gc
import json
import tracemalloc
from typing import Any

import pytest
import reactivex as rx

import streamkit as sk
from streamkit import operators as ops, testing
from streamkit.stages.structure.call_values import CallStages
from streamkit.stages.structure.json_events import JsonEvents
from streamkit.stages.structure.json_stages import JsonItems, JsonValues

KILOBYTES = 1024
MOST = 300 * KILOBYTES


def chunk(text: str) -> bytes:
    return b'data: {"choices":[{"index":0,"delta":{"content":%s}}]}\n\n' % json.dumps(text).encode()


def body(size: int, begin: str, text: str, end: str) -> Any:
    many = chunk(text) * 40

    async def chunks() -> Any:
        yield chunk(begin)
        for _ in range(size // (len(text) * 40)):
            yield many
        yield chunk(end) + b"data: [DONE]\n\n"

    return chunks


def peak(operator: Any, size: int, *texts: str) -> tuple[int, sk.Reply]:
    """Bytes at the most, and the Reply."""
    gc.collect()
    tracemalloc.start()
    try:
        reply = sk.run(sk.from_bytes(body(size, *texts), keep_text=False, lenient=True).pipe(operator), sk.on())
        return tracemalloc.get_traced_memory()[1], reply
    finally:
        tracemalloc.stop()


PROSE = ("Well", " and so on it goes, for ever and ever" * 12, ".")
ITEM = json.dumps({"name": "x" * 200, "numbers": [1, 2, 3]}) + ", "
BOUNDED: dict[str, tuple[Any, tuple[str, str, str]]] = {
    "json_items": (lambda: ops.json_items(), ("[", ITEM, "1]")),
    "json_items behind a long string": (lambda: ops.json_items("b"), ('{"a": "', PROSE[1], '", "b": [1]}')),
    "json_items behind a long list": (lambda: ops.json_items("b"), ('{"a": [', ITEM, '1], "b": [1]}')),
    "json_items of many lists": (
        lambda: ops.json_items("*.b"),
        ("[", '{"a": "text", "b": [1, 2, 3]}, ' * 8, '{"b": []}]'),
    ),
    "json_items before prose": (lambda: ops.json_items(), ("[1]", *PROSE[1:])),
    "json_values behind prose": (lambda: ops.json_values(), (*PROSE[:2], '\n{"a": 1}')),
    "json_values before prose": (lambda: ops.json_values(), ('{"a": 1}', *PROSE[1:])),
    "stop_when a predicate": (lambda: ops.stop_when(lambda event: False), PROSE),
    "stop_when a stream": (lambda: ops.stop_when(rx.never()), PROSE),
    "budget": (lambda: ops.budget(tokens=10**9), PROSE),
    "redact": (lambda: ops.redact("email"), PROSE),
    "stop_at": (lambda: ops.stop_at("never"), PROSE),
    "think_tags": (lambda: ops.think_tags(), PROSE),
    "continue_with": (lambda: ops.continue_with(lambda partial: rx.empty()), PROSE),
}


def check_bound(name: str, size: int) -> None:
    make, texts = BOUNDED[name]
    operator = make()
    peak(operator, 100 * KILOBYTES, *texts)  # what is loaded and compiled once
    most, reply = peak(operator, size, *texts)
    assert most < MOST
    assert reply.text == ""


@pytest.mark.slow
@pytest.mark.parametrize("name", BOUNDED)
def test_memory_does_not_grow_with_the_text(name: str):
    check_bound(name, 1000 * KILOBYTES)


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", sorted(BOUNDED.keys() - {"json_items of many lists"}))  # that takes a minute and more
def test_nor_does_it_over_ten_megabytes(name: str):
    check_bound(name, 10_000 * KILOBYTES)


def test_what_ends_a_reply_keeps_the_rest_of_it():
    for operator in (ops.stop_when(lambda event: event.type == "text.delta"), ops.budget(tokens=1)):
        stream = sk.from_bytes(body(10_000, *PROSE), keep_text=False, lenient=True).pipe(operator)
        reply = sk.run(stream)
        assert (reply.text, reply.outcome) == ("", "stopped")
        assert sk.run(sk.from_bytes(body(10_000, *PROSE), lenient=True).pipe(operator)).text.startswith("Well")


def test_a_client_and_operators_between_pass_it_on():
    client = testing.client("not json", limits=sk.Limits(keep_text=False))
    for above in (ops.meter(), ops.redact("email"), ops.retry_unstarted(), ops.note("here"), ops.smooth()):
        stream = client.chat("?").pipe(above, ops.json_values())
        with pytest.raises(sk.MalformedError) as failed:
            sk.run(stream)
        assert failed.value.partial.text == ""
    shared = sk.share(client.chat("?"), replay=10).pipe(ops.json_values())
    with pytest.raises(sk.MalformedError) as failed:
        sk.run(shared)
    assert failed.value.partial.text == ""
    branched: list[sk.Reply] = []
    sk.run(client.chat("?"), sk.branch(ops.stop_when(lambda event: False), ops.of_type(sk.Reply), into=branched.append))
    assert branched[0].text == ""


def test_a_continued_reply_has_the_text_that_it_goes_on_from():
    client = testing.client(testing.Script("Hello ", drop_after=1), "there", limits=sk.Limits(keep_text=False))
    asked: list[str] = []

    def go_on(partial: sk.Reply) -> Any:
        asked.append(partial.text)
        return client.chat("?")

    sk.run(client.chat("?").pipe(ops.continue_with(go_on, mode="prefill")))
    assert asked == ["Hello"]


# -- many calls --------------------------------------------------------------------------------------------------------


class Counting:
    """A stage that counts the characters it is given."""

    def __init__(self) -> None:
        self.size = 0

    def feed(self, text: str) -> list[int]:
        self.size += len(text)
        return [self.size]

    def flush(self) -> list[int]:
        return []


def deltas(calls: int, pieces: int, name: str | None) -> list[sk.Event]:
    """Side by side."""
    return [
        sk.ToolCallDelta('"a' if not piece else "b", call, None, name if not piece else None)
        for piece in range(pieces)
        for call in range(calls)
    ]


@pytest.mark.slow
@pytest.mark.parametrize(("calls", "pieces"), [(10_000, 2), (1, 20_000), (100, 200)])
@pytest.mark.parametrize("name", ["f", None])
def test_every_piece_of_arguments_is_looked_at_once(calls: int, pieces: int, name: str | None):
    read = CallStages(Counting, "*")
    values = [value for event in deltas(calls, pieces, name) for value in read.feed(event)]  # type: ignore[arg-type]
    assert len(values) == calls * pieces
    assert max(value.value for value in values) == pieces + 1
    late = CallStages(Counting, "f")
    got = [value for event in deltas(calls, pieces, name) for value in late.feed(event)]  # type: ignore[arg-type]
    assert len(got) == (calls * pieces if name else 0)
    if not name:  # nothing was put together in vain, and the name makes one text of it
        named = [late.feed(sk.ToolCallDelta("", call, None, "f")) for call in range(calls)]
        assert [list(values) for values in named] == [[pieces + 1]] * calls


def allocated(calls: int, pieces: int, name: str | None) -> int:
    """Bytes at the most while all is read."""
    events = deltas(calls, pieces, name)
    gc.collect()
    tracemalloc.start()
    try:
        stage = JsonEvents(lambda: JsonValues(unfinished="keep"), "*")
        for event in events:
            for _ in stage.feed(event):
                pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["f", None])
def test_many_calls_take_room_in_proportion(name: str | None):
    few, many = allocated(200, 4, name), allocated(2_000, 4, name)
    assert many < 15 * few
    short, long = allocated(1, 2_000, name), allocated(1, 20_000, name)
    assert long < 15 * short


def test_a_call_that_ended_is_forgotten():
    stage = JsonEvents(lambda: JsonItems(unfinished="keep"), "*", keep_text=False)
    for number in range(50):
        list(stage.feed(sk.ToolCallDelta("[1, 2]", number, str(number), "f")))
        list(stage.feed(sk.ToolCall(str(number), "f", "[1, 2]", call=number)))
    assert list(stage.flush()) == []
