"""The event-stream rules, each case at every split."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from streamkit.errors import TooLargeError
from streamkit.wire import Decoder, ServerSentEvent, decode
from streamkit.wire.sse import NamedLine
from tests.costs import check_linear_time

SHARED = Path(__file__).resolve().parents[2] / ".." / "shared"
ROOT = Path(__file__).resolve().parents[2]


def cuts(data: bytes) -> Iterator[list[bytes]]:
    yield [data]
    yield [data[i : i + 1] for i in range(len(data))]
    for i in range(len(data) + 1):
        yield [data[:i], b"", data[i:]]


def message(data: str, event: str = "message", id: str = "", retry: int | None = None) -> ServerSentEvent:
    return ServerSentEvent(event, data, id, retry)


CASES: dict[str, tuple[bytes, list[ServerSentEvent]]] = {
    "one": (b"data: a\n\n", [message("a")]),
    "two": (b"data: a\n\ndata: b\n\n", [message("a"), message("b")]),
    "crlf": (b"data: a\r\n\r\ndata: b\r\n\r\n", [message("a"), message("b")]),
    "cr": (b"data: a\r\rdata: b\r\r", [message("a"), message("b")]),
    "mixed ends": (b"data: a\r\ndata: b\rdata: c\n\r\ndata: d\r\n\r", [message("a\nb\nc"), message("d")]),
    "cr cr lf": (b"data: a\r\r\ndata: b\n\n", [message("a"), message("b")]),
    "no space": (b"data:a\n\ndata:  b\n\n", [message("a"), message(" b")]),
    "several lines": (b"data: a\ndata\ndata: \ndata: b\n\n", [message("a\n\n\nb")]),
    "empty data": (b"data:\n\ndata\n\ndata: \n\n", [message(""), message(""), message("")]),
    "comments": (b": hi\n\n:\ndata: a\n: x\n\n: bye\n\n", [message("a")]),
    "names": (b"event: e\ndata: a\n\ndata: b\n\n", [message("a", "e"), message("b")]),
    "name without data": (b"event: e\n\ndata: a\n\n", [message("a")]),
    "empty name": (b"event:\ndata: a\n\n", [message("a")]),
    "ids persist": (
        b"id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n",
        [message("a", id="1"), message("b", id="1"), message("c")],
    ),
    "id alone": (b"id: 7\n\ndata: a\n\n", [message("a", id="7")]),
    "id with nul": (b"id: 1\nid: 2\0\ndata: a\n\n", [message("a", id="1")]),
    "retry": (
        b"retry: 10\ndata: a\n\nretry: x\nretry: -1\nretry: \xd9\xa3\ndata: b\n\n",
        [message("a", retry=10), message("b")],
    ),
    "retry alone": (b"retry: 10\n\n: x\n\n", []),
    "endless retry": (b"retry: " + b"9" * 5000 + b"\ndata: a\n\n", [message("a")]),
    "case counts": (b"Data: a\nDATA: b\ndata : c\n data: d\n\n", []),
    "bom": (b"\xef\xbb\xbfdata: a\n\n\xef\xbb\xbfdata: b\n\n", [message("a")]),
    "two boms": (b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\n", []),
    "half a bom": (b"\xef\xbbdata: a\n\ndata: b\n\n", [message("b")]),
    "blank lines first": (b"\n\n\ndata: a\n\n\n\n\ndata: b\n\n\n", [message("a"), message("b")]),
    "no line ends": (
        "data: a\u2028b\u2029c\u0085d\x0be\x0cf\x1cg\n\n".encode(),
        [message("a\u2028b\u2029c\u0085d\x0be\x0cf\x1cg")],
    ),
    "characters": ("data: 世界 😀é\n\n".encode(), [message("世界 😀é")]),
    "colons": (b"data: a: b:c\n\n", [message("a: b:c")]),
    "unfinished": (b"data: a\n\ndata: b\n", [message("a")]),
    "unfinished line": (b"data: a\n\ndata: b", [message("a")]),
    "nothing": (b"", []),
}


@pytest.mark.parametrize("name", CASES)
def test_a_case_gives_the_same_events_at_every_split(name: str):
    data, expected = CASES[name]
    if len(data) > 1000:
        assert list(decode([data])) == expected
        return
    for chunks in cuts(data):
        assert list(decode(chunks)) == expected, chunks


@pytest.mark.slow
@pytest.mark.skipif(not SHARED.exists(), reason="the conformance cases are kept elsewhere")
def test_all_conformance_cases_pass():
    runner = SHARED / "conformance" / "run_sse_cases.py"
    done = subprocess.run(
        [sys.executable, str(runner), "--adapter", "streamkit.wire:decode"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout


LINES = st.sampled_from(
    [
        b"data: a",
        b"data:b",
        b"data",
        b": c",
        b"",
        b"",
        b"event: e",
        b"id: 1",
        b"id",
        b"retry: 5",
        b"what: x",
        b"data: \xff",
    ]
)


@given(st.lists(st.tuples(LINES, st.sampled_from([b"\n", b"\r", b"\r\n"]))), st.randoms(use_true_random=False))
def test_no_split_changes_anything_that_can_be_seen(lines: list[tuple[bytes, bytes]], rng: random.Random):
    data = b"".join(line + end for line, end in lines)
    assert seen([data]) == seen([data[i : i + 1] for i in range(len(data))])
    at = sorted(rng.randint(0, len(data)) for _ in range(4))
    assert seen([data]) == seen([data[a:b] for a, b in zip([0, *at], [*at, len(data)], strict=True)])


def seen(chunks: list[bytes]) -> tuple[object, ...]:
    decoder, events, strays = Decoder(), [], []
    for chunk in [*chunks, None]:
        before = len(events)
        events += decoder.flush() if chunk is None else decoder.feed(chunk)
        strays += [(before + at, line) for at, line in decoder.stray]
    return events, strays, decoder.rest, decoder.last_event_id, decoder.reconnection_time


def test_a_cr_ends_its_line_at_once():
    decoder = Decoder()
    assert decoder.feed(b"data: a\r\r") == [message("a")]
    assert decoder.feed(b"\ndata: b\r\n\r") == [message("b")]
    assert decoder.feed(b"\n") == []


def test_bytes_that_are_not_utf8_are_replaced_and_reported():
    (event,) = decode([b"data: a\xffb\n\n"])
    assert event == ServerSentEvent("message", "a\ufffdb", damaged=True)
    (event,) = decode([b"event: x\ndata: \xe4\xb8\n\n"])
    assert event.damaged
    assert event.data == "\ufffd"


def test_what_a_reader_may_want_besides_events():
    decoder = Decoder()
    assert [e.data for e in decoder.feed(b"id: 1\nretry: 7\n\ndata: a\n\nid: 2\ndata: b\n")] == ["a"]
    assert (decoder.last_event_id, decoder.reconnection_time) == ("1", 7)
    assert decoder.flush() == []
    assert decoder.rest == message("b", id="2")
    assert decoder.last_event_id == "1"


def test_there_is_no_rest_after_whole_events_or_without_data():
    for data in (b"data: a\n\n", b"event: x\n", b"dat"):
        decoder = Decoder()
        decoder.feed(data)
        decoder.flush()
        assert decoder.rest is None


def test_unknown_lines_are_told_with_their_place():
    decoder = Decoder()
    decoder.feed(b"one\ndata: a\n\ndata: b\ntwo: 2\n\nthree\n")
    assert decoder.stray == [(0, "one"), (1, "two: 2"), (2, "three")]
    decoder.feed(b"data: c\n\nfive\n\n")
    assert decoder.stray == [(1, "five")]
    decoder.feed(b"data: c\n\n")
    assert decoder.stray == []
    decoder.feed(b"four")
    decoder.flush()
    assert decoder.stray == [(0, "four")]


BIG = {
    "line": b"data: " + b"x" * 100,
    "comment": b":" + b"x" * 110,
    "event of many lines": b"data: 1234567\n" * 10,
    "plain event": b"data: " + b"x" * 100 + b"\n\n",
    "plain event and more": b"data: " + b"x" * 100 + b"\n\ndata: a\n\n",
}


@pytest.mark.parametrize("name", BIG)
def test_a_limit_is_kept_wherever_the_bytes_are_cut(name: str):
    data = b"data: a\n\nevent: x\ndata: b\n\n" + BIG[name]
    for chunks in cuts(data):
        events: list[ServerSentEvent] = []
        with pytest.raises(TooLargeError, match="more than 100 bytes"):
            events.extend(decode(chunks, limit=100))
        assert [e.data for e in events] == ["a", "b"]


def test_what_is_within_the_limit_passes_in_any_number():
    data = (b"data: " + b"x" * 94 + b"\n\n") * 50 + (b"data: 1234567\n" * 7 + b"\n") * 50
    for chunks in ([data], [data[i : i + 7] for i in range(0, len(data), 7)]):
        assert len(list(decode(chunks, limit=100))) == 100


def test_the_limit_is_found_while_buffering_and_stays_found():
    decoder = Decoder(limit=10)
    assert decoder.feed(b"data: a\n\n" + b"x" * 11) == [message("a")]
    assert decoder.error is not None
    for call in (lambda: decoder.feed(b"y"), decoder.flush):
        with pytest.raises(TooLargeError):
            call()


@pytest.mark.slow
def test_a_line_in_many_pieces_takes_linear_time():
    def decode_all(size: int) -> None:
        data = b"data: " + b"x" * size + b"\n\n"
        assert len(list(decode(data[at : at + 100] for at in range(0, len(data), 100)))) == 1

    check_linear_time(decode_all, 250_000, 4_000_000)


def test_plain_events_are_left_as_bytes_for_those_who_parse_them():
    decoder = Decoder()
    assert decoder.split(b"data: a\n\ndata: b\n\n") == [b"a", b"b"]
    assert decoder.split(b"data: c\n\n") == [b"c"]
    assert decoder.split(b"data: d\n\nevent: e\ndata: f\n\ndata: g\n\n") == [b"d", message("f", "e"), b"g"]
    assert decoder.split(b"id: 1\n\ndata: h\n\n") == [message("h", id="1")]


def test_a_name_beside_one_line_is_left_too_if_asked_for():
    decoder = Decoder(leaves_names=True)
    assert decoder.split(b"event: e\ndata: f\n\n: note\nevent: g\ndata: h\n\n") == [
        NamedLine(b"e", b"f"),
        message("h", "g"),
    ]


def test_json_text_survives():
    texts = ["[DONE]", "data: x", '{"error": "no"}', "a\\nb"]
    data = b"".join(b"data: " + json.dumps(text).encode() + b"\n\n" for text in texts)
    assert [json.loads(event.data) for event in decode([data])] == texts
