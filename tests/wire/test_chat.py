"""Chunks of chat completions, with everything that servers do to them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from streamkit import wire
from streamkit.events import (
    BlockEnd,
    Finish,
    LogprobsDelta,
    Other,
    ReasoningDelta,
    RefusalDelta,
    Reply,
    Start,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    Usage,
    UsageUpdate,
)
from tests.costs import check_linear_time
from tests.wire.bodies import DONE, choice, chunk, delta, events_of, finish, read, reply_of, say, sse, tool, tools

ROLE = delta(role="assistant", content="")


def test_a_plain_reply():
    events, error = read(sse(ROLE, say("Hel"), say("lo"), finish(), DONE))
    reply = Reply((events[-1].choices[0],), id="c1", model="m")
    assert error is None
    assert events == [Start("c1", "m"), TextDelta("Hel"), TextDelta("lo"), Finish("stop"), reply]
    assert (reply.text, reply.finish_reason, reply.outcome) == ("Hello", "stop", "complete")


def test_every_event_knows_its_chunk():
    chunks = [ROLE, say("a"), tools(tool("{}", id="t", name="f")), finish("tool_calls", usage={"prompt_tokens": 1})]
    events, _ = read(sse(*chunks, DONE))
    raws = [event.raw for event in events[:-1]]
    assert all(any(raw == one for one in chunks) for raw in raws)
    assert events[-1].raw is None


def test_the_order_within_a_chunk():
    everything = chunk(
        choice(
            {
                "tool_calls": [tool("[1]", id="t", name="f")],
                "refusal": "no",
                "content": "a",
                "reasoning_content": "hm",
            },
            logprobs={"content": [{"token": "a"}]},
            finish_reason="stop",
        ),
        usage={"prompt_tokens": 1},
    )
    events, _ = read(sse(everything, DONE))
    assert [type(event) for event in events] == [
        Start, ReasoningDelta, TextDelta, RefusalDelta, ToolCallDelta, LogprobsDelta, ToolCall, Finish, UsageUpdate,
        Reply,
    ]  # fmt: skip


def test_a_start_comes_with_the_first_sign_of_a_reply():
    nothing = {"id": "", "model": "", "object": "", "choices": [], "prompt_filter_results": [{"hate": "safe"}]}
    events, _ = read(sse(nothing, say("a"), DONE))
    assert events[:3] == [Other("prompt_filter_results"), Start("c1", "m"), TextDelta("a")]
    events, _ = read(sse({"choices": [choice({"content": "a"})]}, {"id": "late", "model": "l", "choices": []}, DONE))
    assert events[0] == Start()
    assert (events[-1].id, events[-1].model) == ("late", "l")


def test_the_first_id_and_model_count():
    assert reply_of(say("a"), {**say("b"), "id": "c2", "model": "n"}).id == "c1"


def test_nothing_is_lost_and_nothing_is_invented():
    odd = {"id": "c1", "choices": [], "timings": {"x": 1}}
    events, _ = read(sse(ROLE, odd, say(""), say(None), DONE))
    assert [event.raw for event in events if type(event) is Other] == [odd]
    assert [type(event) for event in events] == [Start, Other]


@pytest.mark.parametrize("end", [None, "", "null"])
def test_what_is_no_finish_reason(end: str | None):
    reply = reply_of(say("a", finish_reason=end))
    assert (reply.finish_reason, reply.outcome) == (None, "complete")


def test_content_in_and_after_the_finish_chunk_counts_and_the_first_reason_wins():
    chunks = [say("a", finish_reason="length"), say("b"), finish("stop"), finish("stop")]
    assert events_of(*chunks) == [TextDelta("a"), Finish("length"), TextDelta("b")]
    assert reply_of(*chunks).finish_reason == "length"


def test_choices_are_kept_apart():
    reply = reply_of(say("x", 1), say("a"), say("y", 1), say("b"), finish("length", 1), finish("stop"))
    assert [(c.index, c.text, c.finish_reason) for c in reply.choices] == [(0, "ab", "stop"), (1, "xy", "length")]


def test_choices_without_index_are_numbered():
    reply = reply_of({"choices": [{"delta": {"content": "a"}}, {"delta": {"content": "b"}}]})
    assert [choice.text for choice in reply.choices] == ["a", "b"]


@pytest.mark.parametrize("message", [{"content": "whole"}, {"content": None, "tool_calls": [tool("{}", index=None)]}])
def test_a_message_counts_where_nothing_was_streamed(message: dict[str, Any]):
    whole = chunk({"index": 0, "message": message, "finish_reason": "stop"})
    assert reply_of(whole).text or reply_of(whole).tool_calls
    assert reply_of(say("a"), whole).text == "a"
    assert reply_of(chunk(choice({"content": "a"}, message={"content": "all so far: a"}))).text == "a"


def test_a_choice_without_delta_is_metadata():
    offsets = chunk({"index": 0, "finish_reason": None, "content_filter_offsets": {"end": 3}})
    assert reply_of(offsets, say("a"), offsets, finish(), offsets).text == "a"


def test_text_in_parts():
    parts = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}, {"type": "x"}]},
        {"type": "text", "text": "a"},
        "b",
        {"type": "image_url", "image_url": {}},
        {"type": "thinking", "thinking": "so"},
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "!"}]},
    ]
    *events, end = events_of(delta(content=parts))
    assert events == [ReasoningDelta("hmso!"), TextDelta("ab")]
    assert isinstance(end, BlockEnd)


@pytest.mark.parametrize(
    ("deltas", "expected"),
    [
        ([{"reasoning_content": "a", "reasoning": "a", "reasoning_details": [{"text": "a"}]}], "a"),
        (
            [{"reasoning": "a", "reasoning_details": [{"text": "a"}]}, {"reasoning_content": "b", "reasoning": "c"}],
            "ac",
        ),
        ([{"reasoning_details": [{"summary": "a"}, {"text": "b"}, {"data": "x"}, 3]}], "ab"),
        ([{"reasoning_text": "a"}, {"reasoning_text": "b", "reasoning_opaque": "x"}], "ab"),
        ([{"reasoning_content": None, "reasoning": ""}, {"reasoning": "a"}], "a"),
        ([{"reasoning": {"effort": "low"}}, {"reasoning": 5}], ""),
        ([{"thinking": "a"}, {"thinking": {"content": "b"}}, {"thinking": {"thinking": "c", "signature": "x"}}], "abc"),
        ([{"thinking": [{"type": "text", "text": "a"}]}, {"thinking": {"text": [{"text": "b"}]}}], "ab"),
        ([{"reasoning_content": "a "}, {"reasoning": "b"}, {"reasoning": " c", "reasoning_content": " c"}], "a b c"),
        ([{"reasoning": "a"}, {"content": [{"type": "thinking", "thinking": "b"}]}, {"reasoning": "c"}], "abc"),
        ([{"content": [{"thinking": "a"}], "reasoning": "a"}, {"reasoning": "b"}], "ab"),
    ],
)
def test_reasoning_has_one_source(deltas: list[dict[str, Any]], expected: str):
    assert reply_of(*(delta(**one) for one in deltas)).reasoning == expected


def test_each_choice_has_its_own_source_of_reasoning():
    both = chunk(choice({"reasoning_content": "a"}), choice({"reasoning": "b"}, 1))
    assert [c.reasoning for c in reply_of(both).choices] == ["a", "b"]


@pytest.mark.parametrize(
    ("logprobs", "kept"),
    [({"content": [{"token": "a"}]}, True), ({"content": None, "refusal": None}, False), ({}, False), (3, False)],
)
def test_log_probabilities(logprobs: Any, kept: bool):
    expected = [LogprobsDelta(logprobs)] if kept else []
    assert events_of(ROLE, say("a", logprobs=logprobs)) == [TextDelta("a"), *expected]


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [
        ("stop", "complete"), ("eos", "complete"), ("tool_calls", "complete"), ("length", "length"),
        ("max_tokens", "length"), ("MAX_TOKENS", "length"), ("content_filter", "filtered"), ("SAFETY", "filtered"),
        ("refusal", "refused"),
    ],
)  # fmt: skip
def test_the_outcome_is_the_servers_word(reason: str, outcome: str):
    assert reply_of(say("a"), finish(reason)).outcome == outcome


def test_a_refusal_is_an_outcome_unless_the_reply_was_cut():
    refused = reply_of(delta(refusal="I can"), delta(refusal="not"), finish())
    assert (refused.refusal, refused.outcome) == ("I cannot", "refused")
    assert reply_of(delta(refusal="I"), finish("length")).outcome == "length"


def test_the_lowest_choice_decides_the_outcome():
    assert reply_of(say("a", 1), say("b"), finish("length", 1), finish("stop")).outcome == "complete"


# tool calls


def calls_of(*chunks: Any) -> list[tuple[str, str, str]]:
    return [(call.id, call.name, call.arguments) for call in reply_of(*chunks).tool_calls]


ONE = [("a", "f", '{"x":1}')]
TWO = [("a", "f", '{"x":1}'), ("b", "g", '{"y":2}')]
CALLS: dict[str, tuple[list[Any], list[tuple[str, str, str]]]] = {
    "in pieces": ([tools(tool("", id="a", name="f")), tools(tool('{"x"')), tools(tool(":1}"))], ONE),
    "at once": ([tools(tool('{"x":1}', id="a", name="f"))], ONE),
    "id repeated": ([tools(tool('{"x"', id="a", name="f")), tools(tool(":1}", id="a", name="f"))], ONE),
    "empty id later": ([tools(tool('{"x"', id="a", name="f")), tools(tool(":1}", id="", name=""))], ONE),
    "id late": ([tools(tool('{"x"', name="f")), tools(tool(":1}", id="a"))], ONE),
    "id later than a name": ([tools(tool('{"x"', id="", name="f")), tools(tool(":1}", id="a", name="f"))], ONE),
    "parallel": (
        [
            tools(tool("", id="a", name="f"), tool("", index=1, id="b", name="g")),
            tools(tool('{"y"', index=1)),
            tools(tool('{"x"')),
            tools(tool(":2}", index=1), tool(":1}")),
        ],
        TWO,
    ),
    "two pieces in a chunk": ([tools(tool('{"x"', id="a", name="f"), tool(":1}"))], ONE),
    "one index for all": ([tools(tool('{"x":1}', id="a", name="f")), tools(tool('{"y":2}', id="b", name="g"))], TWO),
    "one index, in pieces": (
        [
            tools(tool('{"x"', id="a", name="f")),
            tools(tool('{"y"', id="b", name="g")),
            tools(tool(":1}", id="a")),
            tools(tool(":2}", id="b")),
        ],
        TWO,
    ),
    "one index, no ids": (
        [tools(tool('{"x":1}', name="f")), tools(tool('{"y":2}', name="g"))],
        [("call_0", "f", '{"x":1}'), ("call_1", "g", '{"y":2}')],
    ),
    "one index, one without id": (
        [tools(tool('{"x":1}', name="f")), tools(tool('{"y":2}', id="b", name="g"))],
        [("call_0", "f", '{"x":1}'), ("b", "g", '{"y":2}')],
    ),
    "no index": (
        [tools(tool('{"x"', index=None, id="a", name="f")), tools(tool(":1}", index=None))],
        ONE,
    ),
    "no index, by id": (
        [
            tools(tool('{"x"', index=None, id="a", name="f"), tool('{"y"', index=None, id="b", name="g")),
            tools(tool(":1}", index=None, id="a")),
            tools(tool(":2}", index=None, id="b")),
        ],
        TWO,
    ),
    "no index, no ids": (
        [tools(tool('{"x":1}', index=None, name="f")), tools(tool('{"x":1}', index=None, name="f"))],
        [("call_0", "f", '{"x":1}'), ("call_1", "f", '{"x":1}')],
    ),
    "no index, no ids, no arguments": (
        [tools(tool("", index=None, name="f"), tool("", index=None, name="g"))],
        [("call_0", "f", ""), ("call_1", "g", "")],
    ),
    "no index after an index": ([tools(tool('{"x"', id="a", name="f")), tools(tool(":1}", index=None, id="a"))], ONE),
    "odd index": ([tools(tool('{"x"', index="0", id="a", name="f")), tools(tool(":1}", index=True))], ONE),
    "numbers as text": (
        [
            tools(tool('{"x"', index="0", id="a", name="f"), tool('{"y"', index="1", id="b", name="g")),
            tools(tool(":1}", index="0"), tool(":2}", index="1")),
        ],
        TWO,
    ),
    "numbers with a point": (
        [
            tools(tool('{"x"', index=0.0, id="a", name="f"), tool('{"y"', index=1.0, id="b", name="g")),
            tools(tool(":1}", index=0.0), tool(":2}", index=1.0)),
        ],
        TWO,
    ),
    "an endless number": ([tools(tool('{"x":1}', index="9" * 5000, id="a", name="f"))], ONE),
    "nothing known": ([tools(tool('{"x":1}', index=None))], [("call_0", "", '{"x":1}')]),
    "null arguments": (
        [tools({"index": 0, "id": "a", "function": {"name": "f", "arguments": None}})],
        [("a", "f", "")],
    ),
    "no function": ([tools({"index": 0, "id": "a", "function": None}, tool('{"x":1}', name="f"))], ONE),
    "an object": ([tools(tool({"x": 1}, id="a", name="f"))], ONE),
    "a number as id": ([tools(tool('{"x":1}', id=7, name="f"))], [("7", "f", '{"x":1}')]),
    "custom": ([tools({"index": 0, "id": "a", "custom": {"name": "f", "input": "plain"}})], [("a", "f", "plain")]),
    "the older form": (
        [delta(function_call={"name": "f", "arguments": ""}), delta(function_call={"arguments": '{"x":1}'})],
        [("f", "f", '{"x":1}')],
    ),
    "the older form beside the new one": (
        [delta(tool_calls=[tool('{"x":1}', id="a", name="f")], function_call={"name": "f", "arguments": '{"x":1}'})],
        ONE,
    ),
    "name set once": ([tools(tool('{"x"', id="a", name="f")), tools(tool(":1}", name="other"))], ONE),
    "none": ([delta(content="a", tool_calls=[], function_call=None), delta(tool_calls=None)], []),
}


@pytest.mark.parametrize("name", CALLS)
def test_fragments_are_put_together(name: str):
    chunks, expected = CALLS[name]
    assert calls_of(*chunks, finish("tool_calls")) == expected
    announced = [event for event in events_of(*chunks, finish("tool_calls")) if type(event) is ToolCall]
    assert sorted((call.id, call.name, call.arguments) for call in announced) == sorted(expected)


def test_calls_are_numbered_by_us_and_named_once():
    events = events_of(tools(tool("[1", index=7, id="a", name="f")), tools(tool("]", index=7, id="a", name="f")))
    assert events == [ToolCallDelta("[1", 0, "a", "f"), ToolCallDelta("]", 0), ToolCall("a", "f", "[1]")]
    assert events[-1].call == 0


def test_an_id_that_comes_again_is_made_another_one_in_all_events_of_its_call():
    same = tools(tool("[1]", id="x", name="f")), tools(tool("[", index=1, id="x", name="g")), tools(tool("]", index=1))
    late = tools(tool('{"a":1}', index=2, name="h")), tools(tool("[2]", index=3, id="call_2", name="h"))
    events = events_of(*same, *late, finish("tool_calls"))
    found: dict[Any, list[Any]] = {}
    for event in events:
        if isinstance(event, (ToolCallDelta, ToolCall)):
            found.setdefault(event.call, []).append(event.id)
    assert found == {0: ["x", "x"], 1: ["x_2", None, "x_2"], 2: [None, "call_2"], 3: ["call_2_2", "call_2_2"]}


def test_a_call_is_announced_as_soon_as_its_arguments_are_closed():
    events = events_of(
        tools(tool('{"x": "}', id="a", name="f"), tool("[1", index=1, id="b", name="g")),
        tools(tool(']"}')),
        tools(tool(" ")),
        tools(tool("]", index=1)),
        tools(tool("", index=2, id="c", name="h")),
        finish("tool_calls"),
    )
    kinds = [event.id if type(event) is ToolCall else type(event).__name__[-5:] for event in events]
    assert kinds == ["Delta", "Delta", "Delta", "a", "Delta", "b", "Delta", "inish", "c"]


def test_without_finish_open_calls_are_announced_before_the_reply():
    events, _ = read(sse(tools(tool("{", id="a", name="f")), DONE))
    assert events[-2] == ToolCall("a", "f", "{")


def test_text_beside_a_call_is_delivered():
    both = delta(content="a", tool_calls=[tool("[1]", id="t", name="f")])
    assert [type(event) for event in events_of(both)] == [TextDelta, ToolCallDelta, ToolCall]


def test_the_same_id_in_two_choices_is_two_calls():
    entry = [tool("{}", id="t", name="f")]
    reply = reply_of(chunk(choice({"tool_calls": entry}), choice({"tool_calls": entry}, 1)))
    assert [len(one.tool_calls) for one in reply.choices] == [1, 1]


# usage


FULL = {
    "prompt_tokens": 5,
    "completion_tokens": 6,
    "total_tokens": 11,
    "prompt_tokens_details": {"cached_tokens": 2},
    "completion_tokens_details": {"reasoning_tokens": 3},
}
USAGE: dict[str, tuple[list[Any], list[Usage]]] = {
    "at the end": ([say("a", finish_reason="stop"), chunk(usage=FULL)], [Usage(5, 6, 11, 2, 3)]),
    "with the finish": ([finish(usage=FULL)], [Usage(5, 6, 11, 2, 3)]),
    "null": ([chunk(usage=None), finish(usage={"prompt_tokens": None, "completion_tokens": None})], []),
    "twice": ([finish(usage=FULL), chunk(usage=FULL), chunk(usage=None)], [Usage(5, 6, 11, 2, 3)]),
    "growing": (
        [say("a") | {"usage": {"completion_tokens": 1}}, say("b") | {"usage": {"completion_tokens": 2}}],
        [Usage(completion_tokens=1), Usage(completion_tokens=2)],
    ),
    "nulls and zeros later": (
        [chunk(usage={"prompt_tokens": 5}), chunk(usage={"prompt_tokens": 0}), chunk(usage={"prompt_tokens": None})],
        [Usage(5)],
    ),
    "in two parts": (
        [chunk(usage={"prompt_tokens": 5}), chunk(usage={"completion_tokens": 0})],
        [Usage(5), Usage(5, 0)],
    ),
    "in x_groq": ([finish() | {"x_groq": {"usage": {"prompt_tokens": 5}}}], [Usage(5)]),
    "in x_groq too": ([finish(usage=FULL) | {"x_groq": {"usage": FULL}}], [Usage(5, 6, 11, 2, 3)]),
    "in a choice": ([chunk(choice({"content": "a"}, usage={"prompt_tokens": 5}))], [Usage(5)]),
    "other names": (
        [chunk(usage={"input_tokens": 5, "output_tokens": 6, "prompt_cache_hit_tokens": 4})],
        [Usage(5, 6, None, 4)],
    ),
    "odd types": (
        [chunk(usage={"prompt_tokens": "5", "total_tokens": 7.0, "completion_tokens": True})],
        [Usage(None, None, 7)],
    ),
    "no object": ([chunk(usage=[1]), chunk(usage=5, x_groq="x")], []),
}


@pytest.mark.parametrize("name", USAGE)
def test_usage_is_reported_when_it_changes_and_never_added_up(name: str):
    chunks, expected = USAGE[name]
    updates = [event for event in events_of(ROLE, say("x"), *chunks) if type(event) is UsageUpdate]
    assert [update.usage for update in updates] == expected
    assert reply_of(ROLE, say("x"), *chunks).usage == (expected[-1] if expected else None)


def test_usage_keeps_what_the_server_sent():
    update = events_of(finish(usage=FULL | {"cost": 1}))[-1]
    assert update.usage.raw == FULL | {"cost": 1}


# what need not be as expected


@pytest.mark.parametrize(
    "fields",
    [{"id": 5}, {"model": None}, {"created": "x"}, {"obfuscation": [1]}, {"error": None}, {"error": ""}, {"object": 3}],
)
def test_odd_types_in_unused_fields_do_not_matter(fields: dict[str, Any]):
    assert reply_of(say("a") | fields, say("b") | fields).text == "ab"


def test_text_that_looks_like_protocol_is_text():
    texts = ["[DONE]", "data: x\n\n", '{"error": {"message": "x"}}', "event: error", "\u2028", "\r\n"]
    assert reply_of(*map(say, texts)).text == "".join(texts)


def test_characters_cut_into_halves_by_json_escapes_are_joined():
    def escaped(field: str, text: str) -> str:
        return json.dumps(delta(**{field: "@"})).replace("@", text)

    for field, name in (("content", "text"), ("reasoning_content", "reasoning"), ("refusal", "refusal")):
        pieces = [escaped(field, text) for text in (r"a\ud83d", "", r"\ude00b", r"\ud83d", r"\ude01\ud83d", r"\ude02")]
        assert getattr(reply_of(ROLE, *pieces), name) == "a😀b😁😂"
        events = events_of(ROLE, *pieces)
        assert [event.text for event in events] == ["a", "😀b", "😁", "😂"]


def test_halves_in_arguments_are_joined():
    pieces = [json.dumps(tools(tool("@", id="t", name="f"))).replace("@", t) for t in (r"[\"\ud83d", r"\ude00\"]")]
    assert events_of(*pieces)[-1] == ToolCall("t", "f", '["😀"]')
    cut = events_of(pieces[0], finish("length"))
    assert cut[1:] == [Finish("length"), ToolCallDelta("\ud83d", 0), ToolCall("t", "f", '["\ud83d')]


def test_a_half_that_stays_alone_is_delivered_before_the_end():
    half = json.dumps(say("@")).replace("@", r"\ud83d")
    assert events_of(half, finish()) == [TextDelta("\ud83d"), Finish("stop")]
    assert events_of(ROLE, half) == [TextDelta("\ud83d")]
    other = json.dumps(say("@", 1)).replace("@", r"\ud83d")
    assert events_of(half, other, finish())[0] == TextDelta("\ud83d")
    assert reply_of(half, say("x"), say("y")).text == "\ud83dxy"


@pytest.mark.slow
def test_halves_in_many_choices_take_linear_time():
    def read(count: int) -> None:
        data = [json.dumps(say("@", n)).replace("@", r"\ud83d") for n in range(count)]
        data += [json.dumps(finish("stop", n)) for n in range(count)]
        *_, reply = wire.parse([sse(*data)])
        assert [choice.text for choice in reply.choices] == ["\ud83d"] * count

    check_linear_time(read, 500, 5_000)


@pytest.mark.slow
@pytest.mark.parametrize(
    "part",
    [
        lambda n: tools(tool("[1]", index=n, id="same", name="f")),
        lambda n: delta(reasoning_details=[{"type": "reasoning.text", "text": "x", "signature": "s", "index": n}]),
    ],
    ids=["calls of the same id", "signed thoughts"],
)
def test_many_parts_of_a_message_take_linear_time(part: Callable[[int], Any]):
    def read(count: int) -> None:
        reply = reply_of(*map(part, range(count)), finish("stop"))
        assert reply.outcome == "complete"

    check_linear_time(read, 500, 5_000)
