"""Calls come out whole, whatever a server does to their pieces."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, strategies as st

from streamkit.events import Event, Other, ToolCall, ToolCallDelta
from tests.wire.bodies import DONE, check_calls, choice, chunk, events_of, finish, read, sse, tool, tools

ARGUMENTS = '{"city":"Oslo"}'
CUT = ('{"ci', 'ty":', '"Oslo"}')
AGAIN = json.dumps(ARGUMENTS)


def called(*entries: Any) -> list[tuple[str, str]]:
    """Name and arguments of the calls that these pieces amount to, one chunk each."""
    events, error = read(sse(*map(tools, entries), finish("tool_calls"), DONE))
    assert error is None
    check_calls(events)
    return [(call.name, call.arguments) for call in events[-1].tool_calls]  # type: ignore[union-attr]  # a Reply


def free(text: str, **entry: Any) -> dict[str, Any]:
    """A piece of a custom call."""
    name = {"name": entry.pop("name")} if "name" in entry else {}
    return {"index": 0, **entry, "custom": {**name, "input": text}}


HABITS: dict[str, list[Any]] = {
    "a fresh id with each piece": [
        tool("", id="a", name="look"),
        *(tool(piece, id=f"b{n}") for n, piece in enumerate(CUT)),
    ],
    "another id for all arguments": [tool("", id="a", name="look"), *(tool(piece, id="z") for piece in CUT)],
    "fresh ids, no index": [
        tool("", index=None, id="a", name="look"),
        *(tool(piece, index=None, id=f"b{n}") for n, piece in enumerate(CUT)),
    ],
    "an empty object first": [tool("{}", id="a", name="look"), *map(tool, CUT)],
    "an empty object first, in pieces": [tool("{", id="a", name="look"), tool(" "), tool("}"), *map(tool, CUT)],
    "an empty object and the arguments at once": [tool("{ } " + ARGUMENTS, id="a", name="look")],
    "an empty object, then another id": [tool("{}", id="a", name="look"), tool(ARGUMENTS, id="b")],
    "twice": [tool("", id="a", name="look"), *map(tool, CUT), *map(tool, CUT)],
    "twice, at once": [tool(ARGUMENTS * 2, id="a", name="look")],
    "twice, with id and name": [*(tool(ARGUMENTS, id="a", name="look"),) * 2],
    "twice, with another id": [tool(ARGUMENTS, id="a", name="look"), tool(ARGUMENTS, id="b")],
    "once more as a string": [tool("", id="a", name="look"), *map(tool, CUT), tool(AGAIN, id="a", name="look")],
    "once more as a string without an id": [tool(ARGUMENTS, name="look"), tool(AGAIN, name="look")],
    "once more as a string, in pieces": [tool(ARGUMENTS, id="a", name="look"), tool(AGAIN[:5]), tool(AGAIN[5:])],
    "once more as a string with another id": [tool(ARGUMENTS, id="a", name="look"), tool(AGAIN, id="b")],
    "the name once more at the end": [tool(ARGUMENTS, name="look"), tool("", name="look")],
    "an id once more at the end": [tool(ARGUMENTS, id="a", name="look"), tool("", id="b")],
    "arguments at the next index": [tool("", id="a", name="look"), *(tool(piece, index=1) for piece in CUT)],
    "arguments at the next index, names empty": [
        tool("", id="a", name="look"),
        tool(ARGUMENTS, index=1, id="", name=""),
    ],
    "arguments at the next index with an id": [tool("", id="a", name="look"), tool(ARGUMENTS, index=1, id="b")],
    "the name comes last": [*map(tool, CUT), tool("", id="a", name="look")],
    "an empty list first": [tool("[]", id="a", name="look"), tool(ARGUMENTS)],
    "null first": [tool("null", id="a", name="look"), tool(ARGUMENTS)],
    "an empty text first": [tool('""', id="a", name="look"), tool(ARGUMENTS)],
    "id and name with each piece, the index counts on": [
        tool("", id="a", name="look"),
        *(tool(piece, index=n, id="a", name="look") for n, piece in enumerate(CUT, 1)),
    ],
    "flat": [{"index": 0, "id": "a", "name": "look", "arguments": ARGUMENTS}],
    "blanks behind": [tool(ARGUMENTS, id="a", name="look"), tool(" \n")],
}


@pytest.mark.parametrize("habit", HABITS)
def test_one_call_stays_one(habit: str):
    assert called(*HABITS[habit]) == [("look", ARGUMENTS)]


SEVERAL: dict[str, tuple[list[Any], list[tuple[str, str]]]] = {
    "a new id waits for its name": (
        [tool("[1]", id="a", name="f"), tool("", id="b"), tool("", id="b", name="g"), tool("[2]", id="b")],
        [("f", "[1]"), ("g", "[2]")],
    ),
    "a new id and then a bare name": (
        [tool("[1]", id="a", name="f"), tool("[", id="b"), tool("2]"), tool(name="g")],
        [("f", "[1]"), ("g", "[2]")],
    ),
    "arguments at the next index, twice": (
        [tool("", id="a", name="f"), tool("[1]", index=1), tool("", index=2, id="b", name="g"), tool("[2]", index=3)],
        [("f", "[1]"), ("g", "[2]")],
    ),
    "an index that was lent is taken back": (
        [tool("", id="a", name="f"), tool("[1]", index=1), tool("", index=1, id="b", name="g"), tool("[2]", index=1)],
        [("f", "[1]"), ("g", "[2]")],
    ),
    "an index that was lent is taken back by a name": (
        [tool("", name="f"), tool("[1", index=1), tool("[2]", index=1, name="g"), tool("]")],
        [("f", "[1]"), ("g", "[2]")],
    ),
    "a name after a whole call": (
        [tool("[1]", name="f"), tool("", name="g"), tool("[2]")],
        [("f", "[1]"), ("g", "[2]")],
    ),
    "the same name after a whole call": ([tool("[1]", name="f"), tool("[2]", name="f")], [("f", "[1]"), ("f", "[2]")]),
    "the same name, arguments later": (
        [tool("[1]", name="f"), tool("", name="f"), tool("[2]")],
        [("f", "[1]"), ("f", "[2]")],
    ),
    "no arguments at all": ([tool("{}", name="f"), tool("{}", name="f")], [("f", "{}"), ("f", "{}")]),
    "no arguments, then another call": (
        [tool("{}", id="a", name="f"), tool("[2]", index=1, id="b", name="g")],
        [("f", "{}"), ("g", "[2]")],
    ),
    "one id for all": ([tool("[1]", id="x", name="f"), tool("[2]", id="x", name="g")], [("f", "[1]"), ("g", "[2]")]),
    "one id for all, each at its index": (
        [tool("", id="x", name="f"), tool("", index=1, id="x", name="f"), tool("[1]", id="x"), tool("[2]", index=1)],
        [("f", "[1]"), ("f", "[2]")],
    ),
    "interleaved without ids": (
        [tool('["a', name="f"), tool('["b"]', index=1, name="f"), tool('c"]')],
        [("f", '["ac"]'), ("f", '["b"]')],
    ),
    "arguments at the next index, all numbers used again": (
        [
            tool("", id="a", name="f"),
            tool("[1]", index=1),
            tool("", id="b", name="g"),
            tool("[2", index=1),
            tool("]", index=1),
        ],
        [("f", "[1]"), ("g", "[2]")],
    ),
    "arguments always at one index": (
        [tool("", id="a", name="f"), tool("[1]"), tool("", index=1, id="b", name="g"), tool("[2]")],
        [("f", "[1]"), ("g", "[2]")],
    ),
    "all names first, arguments each at the next index": (
        [tool("", id="a", name="f"), tool("", index=2, id="b", name="g"), tool("[1]", index=1), tool("[2]", index=3)],
        [("f", "[1]"), ("g", "[2]")],
    ),
    "no index, the latest is whole": (
        [tool("", index=None, id="a", name="f"), tool("[2]", index=None, id="b", name="g"), tool("[1]", index=None)],
        [("f", "[1]"), ("g", "[2]")],
    ),
    "one id for all, other arguments": (
        [tool('{"a":1}', id="f", name="f"), tool('{"a":2}', id="f", name="f")],
        [("f", '{"a":1}'), ("f", '{"a":2}')],
    ),
    "true is not 1": (
        [tool('{"a":1}', id="x", name="f"), tool('{"a":true}', id="x", name="f")],
        [("f", '{"a":1}'), ("f", '{"a":true}')],
    ),
    "the same in another spelling": (
        [tool('{"a":1,"b":2}', id="x", name="f"), tool('{"b": 2.0, "a": 1}', id="x", name="f")],
        [("f", '{"a":1,"b":2}')],
    ),
    "no JSON": ([tool("x[0]", id="a", name="f"), tool("\ny{1}\n")], [("f", "x[0]\ny{1}\n")]),
    "nearly an empty value": ([tool("nu", id="a", name="f"), tool("mber")], [("f", "number")]),
    "never named": ([tool("[1]", id="a", name="f"), tool("[2]", id="b")], [("f", "[1]"), ("", "[2]")]),
    "free text is no JSON": (
        [{"index": 0, "id": "a", "custom": {"name": "f", "input": "{} "}}, {"index": 0, "custom": {"input": "{x} y"}}],
        [("f", "{} {x} y")],
    ),
    "free text without a name": ([free("print(1)", id="a")], [("", "print(1)")]),
    "free text, a fresh id with each piece": (
        [free("abc ", id="a", name="f"), free("def", id="b", name="f")],
        [("f", "abc def")],
    ),
    "free text, then arguments under another id": (
        [free("abc", id="a", name="f"), tool('{"q":1}', index=1, id="b", name="g")],
        [("f", "abc"), ("g", '{"q":1}')],
    ),
}


@pytest.mark.parametrize("name", SEVERAL)
def test_several_calls_stay_apart(name: str):
    entries, expected = SEVERAL[name]
    assert called(*entries) == expected


@pytest.mark.parametrize("text", ["null and void", '"" or x', "nul", "null ,\n x", '""  ""'])
def test_free_text_that_begins_like_an_empty_value_loses_no_blank(text: str):
    for cut in range(len(text) + 1):
        assert called(tool(text[:cut], id="a", name="f"), tool(text[cut:])) == [("f", text)]
    assert called(tool("", id="a", name="f"), *map(tool, text)) == [("f", text)]


def test_an_empty_object_is_told_when_the_call_is_over():
    kinds = [
        (type(event), getattr(event, "arguments", None))
        for event in events_of(tools(tool("{ }", id="a", name="f")), finish("tool_calls"))
    ]
    assert kinds[:3] == [(ToolCallDelta, ""), (ToolCallDelta, "{ }"), (ToolCall, "{ }")]


def test_what_is_void_is_still_to_be_seen():
    repeated = tools(tool(ARGUMENTS))
    events, _ = read(sse(tools(tool(ARGUMENTS, id="a", name="f")), repeated, DONE))
    assert [event.raw for event in events if type(event) is Other] == [repeated]


def test_a_call_whose_name_never_comes_does_not_wait_for_ever():
    events = events_of(*[tools(tool("x" * 1000, id="a"))] * 6)
    assert type(events[0]) is ToolCallDelta
    assert len(events) > 2


def test_arguments_after_a_finish_reason_count():
    chunks = [
        chunk(choice({"tool_calls": [tool(piece, id="a", name="f")]}, finish_reason="tool_calls")) for piece in CUT
    ]
    events, error = read(sse(*chunks, DONE))
    assert error is None
    check_calls(events)
    assert events[-1].tool_calls[0].arguments == ARGUMENTS  # type: ignore[union-attr]


def test_many_empty_objects_take_linear_time_and_leave_one():
    assert called(tool("{}" * 200_000, id="a", name="f")) == [("f", "{}")]


# any calls, any habit

CALLS = st.lists(
    st.tuples(
        st.sampled_from(["f", "g"]),
        st.dictionaries(st.text(max_size=3), st.integers() | st.text(max_size=4) | st.lists(st.none()), min_size=1),
    ),
    min_size=1,
    max_size=4,
)
Entries = list[dict[str, Any]]


def pieces_of(arguments: str, sizes: list[int]) -> list[str]:
    out, at = [], 0
    for size in sizes:
        out.append(arguments[at : at + size])
        at += size
    return [*out, arguments[at:]]


def _plain(n: int, name: str, pieces: list[str]) -> Entries:
    return [tool("", index=n, id=f"c{n}", name=name), *(tool(piece, index=n) for piece in pieces)]


def _fresh_ids(n: int, name: str, pieces: list[str]) -> Entries:
    first, *rest = _plain(n, name, pieces)
    return [first, *({**entry, "id": f"c{n}-{at}"} for at, entry in enumerate(rest))]


def _repeated_head(n: int, name: str, pieces: list[str]) -> Entries:
    return [tool(piece, index=n, id=f"c{n}", name=name) for piece in pieces]


def _all_at_index_0(n: int, name: str, pieces: list[str]) -> Entries:
    return [{**entry, "index": 0, "id": f"c{n}"} for entry in _plain(n, name, pieces)]


def _without_index(n: int, name: str, pieces: list[str]) -> Entries:
    return [{key: value for key, value in entry.items() if key != "index"} for entry in _plain(n, name, pieces)]


def _without_ids(n: int, name: str, pieces: list[str]) -> Entries:
    return [{key: value for key, value in entry.items() if key != "id"} for entry in _plain(n, name, pieces)]


def _empty_first(n: int, name: str, pieces: list[str]) -> Entries:
    first, *rest = _plain(n, name, pieces)
    return [first, tool("{", index=n), tool(" }", index=n), *rest]


def _twice(n: int, name: str, pieces: list[str]) -> Entries:
    first, *rest = _plain(n, name, pieces)
    return [first, *rest, *rest]


def _twice_as_string(n: int, name: str, pieces: list[str]) -> Entries:
    return [*_plain(n, name, pieces), tool(json.dumps("".join(pieces)), index=n, id=f"c{n}", name=name)]


def _at_two_indexes(n: int, name: str, pieces: list[str]) -> Entries:
    return [tool("", index=2 * n, id=f"c{n}", name=name), *(tool(piece, index=2 * n + 1) for piece in pieces)]


ANY_HABIT: list[Callable[[int, str, list[str]], Entries]] = [
    _plain, _fresh_ids, _repeated_head, _all_at_index_0, _without_index, _without_ids, _empty_first, _twice,
    _twice_as_string, _at_two_indexes,
]  # fmt: skip


@pytest.mark.slow
@given(CALLS, st.lists(st.integers(0, 9), max_size=4), st.sampled_from(ANY_HABIT))
def test_any_calls_survive_any_habit(
    calls: list[tuple[str, Any]], sizes: list[int], habit: Callable[[int, str, list[str]], Entries]
):
    expected = [(name, json.dumps(value, ensure_ascii=False)) for name, value in calls]
    entries: Entries = []
    for n, (name, arguments) in enumerate(expected):
        entries += habit(n, name, pieces_of(arguments, sizes))
    assert called(*entries) == expected


PIECES = st.builds(
    tool,
    st.sampled_from(["", "{", "}", "{}", " ", '{"a":1}', '"{\\"a\\":1}"', "[", "]", "x", "é\ud83d", "\ude00"]),
    index=st.sampled_from([None, 0, 0, 1, 2, "1", -1]),
    id=st.sampled_from([None, None, "a", "b", "c", ""]),
    name=st.sampled_from([None, None, "f", "g", ""]),
)


@given(st.lists(PIECES | st.just("finish"), max_size=12), st.booleans())
def test_whatever_pieces_come_events_and_reply_agree(entries: list[Any], whole: bool):
    chunks = [finish("tool_calls") if entry == "finish" else tools(entry) for entry in entries]
    data = sse(*(json.dumps(one) for one in chunks), *([finish("tool_calls")] if whole else []), DONE)
    events: list[Event]
    events, error = read(data)
    if error is None:
        check_calls(events)
