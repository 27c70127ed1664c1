"""Chunks that repeat the one before: reading them by a template gives the same as parsing each of them."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle
from typing import Any

import pytest
from hypothesis import given, strategies as st

from streamkit import from_json, to_json
from streamkit.events import TextDelta
from streamkit.wire import Parser
from tests.wire.bodies import read

START = {
    "chat": [],
    "responses": [],
    "anthropic": [
        {"type": "message_start", "message": {"id": "m", "content": []}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    ],
    "ollama": [],
}
FORMS = {
    "chat": [
        b'{"id":"a","created":%d,"choices":[{"index":0,"delta":{"content":%b},"finish_reason":null}],"obfuscation":%b}',
        b'{"choices": [{"delta": {"role": "assistant", "content": %b}, "index": 0}], "created": %d, "p": %b}',
        b'{"choices":[{"index":%d,"delta":{"content":%b}}],"id":%b}',
        b'{"usage":null,"created":%d,"choices":[{"index":0,"delta":{"content":%b,"content":%b}}]}',
        b'{"id":%d,"choices":[{"index":0,"delta":{"content":%b}}],%b:null}',
        b'{"id":%d,"choices":[{"index":0,"delta":{"content":%b}}],%b:null,"p":2,"id":3}',
        b'{"created":%d,"choices":[{"index":0,"delta":{"content":%b},"logprobs":null,"x":%b}]}',
    ],
    "responses": [
        (
            b'{"sequence_number":%d,"type":"response.output_text.delta","output_index":0,"content_index":0,"item_id":"i",'
            b'"delta":%b,"obfuscation":%b}'
        ),
        b'{"type":"response.output_text.delta","output_index":0,"content_index":%d,"delta":%b,"obfuscation":%b}',
    ],
    "anthropic": [
        b'{"type":"content_block_delta","index":0,"n":%d,"delta":{"type":"text_delta","text":%b},"p":%b }',
        b'{"type":"content_block_delta","index":%d,"delta":{"type":"text_delta","text":%b,"p":%b}  }',
    ],
    "ollama": [b'{"created_at":%d,"message":{"role":"assistant","content":%b},"model":%b,"done":false}'],
}
"""Chunks with a number, a text and a further string, each at its place in turn."""
ODD = st.sampled_from([
    b'""', b'"\\""', b'"\\\\"', b'"\\u00e9\\n"', b'"\\ud83d"', b'"\\ude00"', b'"\\ud83d\\ude00"', '"é😀"'.encode(),
    b'"\xff"', b'"\x01"', b'"\x7f"', b'"a\\"', b'"},"', b'"}]}"', b'"a","content":"b"', b'"a","obfuscation":"b"',
    b"null", b"1", b"[]", b"01", b"-1", b"", b' "a"', b'"a" ', b'"error"', b'"usage"', b'"id"', b'"p"', b'"NaN"',
])  # fmt: skip
STRINGS = st.one_of(
    ODD, st.text(st.characters(codec="utf-8"), max_size=4).map(lambda text: json.dumps(text).encode()),
    st.text("ab", min_size=1, max_size=3).map(lambda text: b'"%b"' % text.encode()),
)  # fmt: skip
PLAIN = st.sampled_from([b'"a"', b'"b"', b'" cd"', b'"e f"', b'"xyz"'])
NUMBERS = st.integers(0, 3)
OTHER = st.sampled_from([
    b'{"choices":[]}', b'{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}', b"{}", b"ping", b"[DONE]", b"{",
    b'{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c","function":{"name":"f"}}]}}]}',
    b'{"error":"x"}', b'{"type":"content_block_stop","index":0}', b'{"type":"ping"}', b'{"message":"a"}',
])  # fmt: skip


@st.composite
def lines(draw: st.DrawFn, api: str) -> list[bytes]:
    """Data of a reply: runs of chunks of one form, most of them plain, with others and damaged ones among them."""
    out = [json.dumps(one).encode() for one in START[api]]
    for form in draw(st.lists(st.sampled_from(FORMS[api]), min_size=1, max_size=3)):
        for odd in draw(st.lists(st.sampled_from([False, False, False, True]), min_size=3, max_size=8)):
            text, padding = draw(STRINGS if odd else PLAIN), draw(STRINGS if odd else PLAIN)
            values = {b"%d": iter([draw(NUMBERS)]), b"%b": iter([text, padding])}
            data = form % tuple(next(values[form[at : at + 2]]) for at in _holes(form))
            if odd and draw(st.booleans()):
                at, more = (
                    draw(st.integers(0, len(data))),
                    draw(st.sampled_from([b"", b'"', b"\\", b" ", b"\xff", b"0"])),
                )
                data = data[:at] + more + data[at + draw(st.integers(0, 2)) :]
            out.append(data.replace(b"\n", b"").replace(b"\r", b""))
        out += draw(st.lists(OTHER, max_size=1))
    return out


def _holes(form: bytes) -> list[int]:
    return [at for at in range(len(form)) if form[at : at + 2] in (b"%d", b"%b")]


def parsed(data: list[bytes], api: str, form: bytes) -> tuple[list[Any], str, Any]:
    """The events of a body, with their raw data, as far as it can be read, the error, and the reply."""
    body = [form % one for one in data]
    events, error = read(body, api)
    return [(type(one), one, one.raw) for one in events], repr(error), error and error.partial


@pytest.mark.parametrize("api", FORMS)
@given(st.data())
def test_a_template_changes_nothing(api: str, data: st.DataObject):
    """A second line of data that is empty adds a line end, which is white space in JSON: such a chunk is always
    parsed."""
    chunks = data.draw(lines(api))
    line, parsed_always = (b"%b\n", b" %b\n") if api == "ollama" else (b"data: %b\n\n", b"data: %b\ndata:\n\n")
    assert parsed(chunks, api, line) == parsed(chunks, api, parsed_always)


def chunk(number: int) -> bytes:
    return b'data: {"created":%d,"choices":[{"index":0,"delta":{"content":"w%d"}}]}\n\n' % (number, number)


def deltas(count: int) -> list[TextDelta]:
    events = [*Parser("chat").feed(b"".join(map(chunk, range(count))))]
    return [event for event in events if type(event) is TextDelta]


def test_events_read_by_a_template_are_events_like_all_others():
    raw = {"created": 7, "choices": [{"index": 0, "delta": {"content": "w7"}}]}
    made = TextDelta("w7", raw=raw)
    uses: list[Any] = [
        lambda event: event,
        lambda event: (event.raw, event.raw),
        repr,
        lambda event: copy.copy(event).raw,
        lambda event: copy.deepcopy(event).raw,
        lambda event: pickle.loads(pickle.dumps(event)).raw,
        lambda event: dataclasses.replace(event, text="x").raw,
        lambda event: dataclasses.replace(event, raw=None).raw,
        dataclasses.asdict,
        lambda event: [getattr(event, one.name) for one in dataclasses.fields(event)],
        to_json,
        lambda event: from_json(to_json(event)).raw,
    ]
    for use in uses:
        assert use(deltas(9)[7]) == use(made)
    match deltas(9)[7]:
        case TextDelta("w7", 0, raw={"created": 7}):
            pass
        case event:
            pytest.fail(f"{event} does not match")


def test_raw_data_is_the_same_object_each_time_and_can_be_changed():
    event = deltas(9)[7]
    assert event.raw is event.raw is not None
    event.raw["created"] = "now"
    assert event.raw["created"] == "now"
    event.raw = None  # type: ignore[misc]  # for type checkers events are read-only
    assert event.raw is None
