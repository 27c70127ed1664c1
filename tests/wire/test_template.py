"""Chunks that repeat the one before: reading them by a template gives the same as parsing each of them."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle
import re
import sys
from typing import Any

import pytest
from hypothesis import given, strategies as st

from streamkit import from_json, to_json
from streamkit.events import TextDelta
from streamkit.wire import Parser
from tests import costs
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
        b'{"id":"a","created":N,"choices":[{"index":0,"delta":{"content":T},"finish_reason":null}],"obfuscation":P}',
        b'{"choices": [{"delta": {"role": "assistant", "content": T}, "index": 0}], "created": N, "p": P}',
        b'{"choices":[{"index":N,"delta":{"content":T}}],"id":P}',
        b'{"usage":null,"created":N,"choices":[{"index":0,"delta":{"content":P,"content":T}}]}',
        b'{"id":N,"choices":[{"index":0,"delta":{"content":T}}],P:null}',
        b'{P:null,"id":N,"choices":[{"index":0,"delta":{"content":T}}],"p":2,"obfuscation":3}',
        b'{"created":N,"choices":[{"index":0,"delta":{"content":T},"logprobs":null,"x":P}]}',
        b'{"p":P,"created":[N,{"x":2}],"choices":[{"index":0,"delta":{"content":T}}],"id":"a"}',
        b'{"p":P,"choices":[{"delta":{"content":T},"index":0}],"created":N,"usage":null}',
    ],
    "responses": [
        (
            b'{"sequence_number":N,"type":"response.output_text.delta","output_index":0,"content_index":0,'
            b'"delta":T,"obfuscation":P}'
        ),
        b'{"type":"response.output_text.delta","output_index":0,"content_index":N,"delta":T,"obfuscation":P}',
        b'{"delta":T,"obfuscation":P,"output_index":0,"sequence_number":N,"type":P,"content_index":0}',
    ],
    "anthropic": [
        b'{"type":"content_block_delta","index":0,"n":N,"delta":{"type":"text_delta","text":T},"p":P }',
        b'{"type":"content_block_delta","index":N,"delta":{"type":"text_delta","text":T,"p":P}  }',
        b'{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":T}S}',
    ],
    "ollama": [b'{"created_at":P,"n":N,"message":{"role":"assistant","content":T},"model":"m","done":false}'],
}
"""Chunks with a number, a text, a further string and spaces in place of N, T, P and S."""
PLAIN = [b'"a"', b'"b"', b'" cd"', b'"id"', b'"e f"', b'"xyz"', b'"p"', b'"q"']
ODD = [
    b'""', b'"\\""', b'"\\\\"', b'"\\u00e9\\n"', b'"\\ud83d"', b'"\\ude00"', b'"\\ud83d\\ude00"', '"é😀"'.encode(),
    b'"\xff"', b'"\x01"', b'"\x7f"', b'"\t"', b'"a\\"', b'"},"', b'"}]}"', b'"a","content":"b"', b'"a","p":"b"',
    b"null", b"1", b"[]", b"{}", b"01", b"00", b"-1", b"-", b"1.0", b"1e2", b"9" * 5000, b"", b' "a"', b'"a" ',
    b'"error"', b'"usage"', b'"id"', b'"p"', b'"x_groq"', b'"NaN"', b"NaN", b"true", b'"a', b'a"', b'"a","error":"b"',
    b'"a"} {"b"',
    b'"' + b"a" * 5000 + b'"', b'"' + b"a" * 900 + b'"', b'"response.output_text.delta"', b"  ", b"\x0b", b"\t", b",",
]  # fmt: skip
OTHER = [
    b'{"choices":[]}', b'{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}', b"{}", b"ping", b"[DONE]", b"{",
    b'{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c","function":{"name":"f"}}]}}]}', b"", b"1",
    b'{"error":"x"}', b'{"type":"content_block_stop","index":0}', b'{"type":"ping"}', b'{"message":"a"}', b'{"code":5}',
    b'{"choices":[{"index":0,"delta":{"content":"\\ud83d"}}]}', b'{"choices":[{"index":0,"delta":{"refusal":"no"}}]}',
    b'{"type":"content_block_start","index":1,"content_block":{"type":"text","text":"x"}}',
    b'{"type":"response.output_item.added","output_index":1,"item":{"type":"message","id":"m"}}',
    b'{"type":"response.output_text.done","output_index":0,"content_index":0,"text":"x"}',
]  # fmt: skip


def filled(form: bytes, number: int, **odd: bytes) -> bytes:
    """A chunk: plain, except for what is given."""
    values = {"N": b"%d" % (number % 7), "T": PLAIN[number % 8], "P": PLAIN[number // 2 % 8], "S": b" " * (number % 3)}
    return re.sub(rb"\b[NTPS]\b|S(?=\})", lambda found: (values | odd)[found[0].decode()], form)


def run(form: bytes, count: int = 6) -> list[bytes]:
    return [filled(form, number) for number in range(count)]


def parsed(body: list[bytes], api: str) -> tuple[list[Any], str, Any]:
    """The events of a body with their raw data, the error, and the reply up to it."""
    events, error = read(body, api)
    return [(one, repr(one.raw)) for one in events], repr(error), error and error.partial


def check(chunks: list[bytes], api: str) -> None:
    """Compare with a body that has the same chunks, and in each a further space or line end outside of all values, so
    that it is parsed."""
    chunks = [*(json.dumps(one).encode() for one in START[api]), *chunks]
    if api == "ollama":
        spaced = [b" " * (number % 2) + chunk + b"\n" for number, chunk in enumerate(chunks)]
        assert parsed([chunk + b"\n" for chunk in chunks], api) == parsed(spaced, api)
    for name in (b"", b"event: x\n", b"event: ping\n", b"event: error\n") if api != "ollama" else ():
        several_lines = [name + b"data: %b\ndata:\n\n" % chunk for chunk in chunks]
        assert parsed([name + b"data: %b\n\n" % chunk for chunk in chunks], api) == parsed(several_lines, api)


CASES = [pytest.param(api, form, id=f"{api}-{number}") for api in FORMS for number, form in enumerate(FORMS[api])]


@pytest.mark.slow
@pytest.mark.parametrize(("api", "form"), CASES)
def test_a_template_changes_nothing(api: str, form: bytes):
    for place in "NTPS":
        for odd in ODD:
            check([*run(form), filled(form, 6, **{place: odd}), *run(form)], api)
            check(
                [*run(form), filled(form, 6, T=b'"text"', **{place: odd} if place != "T" else {}), filled(form, 7)], api
            )


@pytest.mark.parametrize(("api", "form"), CASES)
def test_other_chunks_end_a_template(api: str, form: bytes):
    for other in OTHER:
        check([*run(form), other, *run(form)], api)
    check([*run(form), b'"text"' + form.rpartition(b"T")[2].replace(b"P", b'"a"').replace(b"N", b"1"), *run(form)], api)
    for next_form in FORMS[api]:
        check([*run(form), *run(next_form), *run(form)], api)


def test_a_template_is_for_events_of_one_name():
    chunks = [b"data: %b\n\n" % filled(FORMS["responses"][0], number) for number in range(6)]
    names = [
        b"",
        b"event: x\n",
        b"event: ping\n",
        b"event: error\n",
        b"event: message\n",
        b"id: 7\n",
        b"retry: 1\n",
        b": a\n",
    ]
    for name in names:
        for other in names:
            body = [*(name + one for one in chunks), *(other + one for one in chunks), *chunks]
            plain = [one.replace(b"\n\n", b"\ndata:\n\n") for one in body]
            assert parsed(body, "responses") == parsed(plain, "responses")
            assert parsed([bytes([byte]) for byte in b"".join(body)], "responses") == parsed(plain, "responses")


@pytest.mark.parametrize(("api", "form"), CASES)
@given(
    st.integers(0, 200), st.integers(0, 3), st.sampled_from([b"", b'"', b"\\", b" ", b"\xff", b"0", b",", b"}", b"a"])
)
def test_damaged_chunks(api: str, form: bytes, at: int, removed: int, added: bytes):
    chunk = filled(form, 6)
    at %= len(chunk)
    check([*run(form), chunk[:at] + added + chunk[at + removed :], filled(form, 7)], api)


def test_a_key_is_not_padding():
    """Two names of fields that are padding, where both come again, make no difference in what is parsed."""
    form = b'{P:5,"choices":[{"index":0,"delta":{"content":T}}],"id":2,"p":3}'
    chunks = [filled(form, number, P=(b'"id"', b'"p"')[number % 2]) for number in range(8)]
    for name in (b'"usage"', b'"error"', b'"x_groq"', b'"choices"', b'"q"'):
        check([*chunks, filled(form, 8, P=name), *chunks], "chat")


def test_padding_that_repeats_the_text_is_not_taken_for_it():
    """Two chunks with the same text make no template, even if padding says the same in two spellings."""
    form = b'{"choices":[{"index":0,"delta":{"content":T}}],"obfuscation":P}'
    pairs = [(b'"s"', b'"s"'), (b'"a"', b'"a"'), (b'"a"', b'"\\u0061"'), (b'"a"', b'"b"')]
    check([filled(form, 0, T=text, P=padding) for text, padding in pairs], "chat")


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


@pytest.mark.parametrize("text", ["x" * 5000, "\N{GRINNING FACE}" * 500])
def test_an_event_keeps_a_long_text_once(text: str):
    parser = Parser("chat", keep_text=False)
    [*parser.feed(b"".join(map(chunk, range(9))))]
    long_chunks = b"".join(chunk(9).replace(b"w9", json.dumps(text)[1:-1].encode()) for _ in range(20))
    kept: list[Any] = []
    _, size = costs.memory(lambda: kept.extend(parser.feed(long_chunks)))
    assert [event.text for event in kept] == [text] * 20
    assert size < 20 * (sys.getsizeof(text) + 1500)


def test_raw_data_is_the_same_object_each_time_and_can_be_changed():
    event = deltas(9)[7]
    assert event.raw is event.raw is not None
    event.raw["created"] = "now"
    assert event.raw["created"] == "now"
    event.raw = None  # type: ignore[misc]  # for type checkers events are read-only
    assert event.raw is None
