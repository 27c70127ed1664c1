"""Structure out of replies: their text, arguments of tools, and what happens when there is enough of it."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

import pytest
import reactivex as rx
from pydantic import BaseModel
from reactivex import operators as rxo

import streamkit as sk
from streamkit import operators as ops, testing
from streamkit.stages import CallValue


class Message(BaseModel):
    to: str = ""


class City(BaseModel):
    name: str
    people: int = 0


CITIES = [{"name": "Oslo", "people": 7}, {"name": "Rome"}, {"name": "Łódź", "people": 6}]
TEXT = f"Here:\n```json\n{json.dumps({'cities': CITIES})}\n```"


def collected(stream: Any, **options: Any) -> testing.Recorded:
    return testing.clock().run(stream, **options)


def events_of(*events: sk.Event) -> sk.Stream[sk.Event]:
    return sk.stream(rx.of(*events))


def test_items_of_a_reply_as_models_at_every_split():
    for pieces in testing.every_split(TEXT):
        got = collected(events_of(*map(sk.TextDelta, pieces), sk.Reply()).pipe(ops.json_items("cities", City)))
        assert got.items == [City(**city) for city in CITIES], pieces


def test_items_come_while_the_reply_is_written():
    got = collected(testing.script(*TEXT, every=1).pipe(ops.json_items("cities")))
    assert got.items == CITIES
    assert [TEXT[int(time)] for time in got.times] == ["}"] * 3


def test_values_grow_and_the_reply_stays():
    got = collected(testing.script(*TEXT).pipe(ops.json_values()))
    assert got.items[-1] == {"cities": CITIES}
    assert {"cities": [{"name": "Os"}]} in got.items
    assert (got.reply.text, got.reply.outcome) == (TEXT, "complete")
    assert collected(testing.script(*TEXT).pipe(ops.json_values(), rxo.filter(lambda value: value != {}))).items


def test_enough_items_end_the_request():
    with testing.client(testing.Script(TEXT, stall_after=12)) as client:
        seen: list[Any] = []
        stream = client.chat("?").pipe(ops.json_items("cities", City), rxo.take(1))
        reply = sk.run(stream, seen.append)
        assert seen == [City(name="Oslo", people=7)]
        assert reply.outcome == "stopped"
        assert client.requests[0].outcome == "cancelled"


def test_a_consumer_that_leaves_the_loop_ends_the_request():
    async def main() -> None:
        with testing.client(testing.Script(TEXT, stall_after=12)) as client:
            async for city in client.chat("?").pipe(ops.json_items("cities", City)):
                assert city.name == "Oslo"
                break
            await asyncio.sleep(1)
            assert client.requests[0].outcome == "cancelled"

    testing.clock().run_coroutine(main())


def test_bare_text_and_the_first_choice():
    assert collected(sk.stream(rx.of('[1, {"a"', ": 2}]")).pipe(ops.json_items())).items == [1, {"a": 2}]
    both = events_of(
        sk.TextDelta("[1", 0), sk.TextDelta("[8", 1), sk.TextDelta(",2]", 0), sk.TextDelta(",9]", 1), sk.Reply()
    )
    assert collected(both.pipe(ops.json_items())).items == [1, 2]
    assert collected(both.pipe(ops.choice(1), ops.json_items())).items == [8, 9]


# -- arguments of tools ------------------------------------------------------------------------------------------------

CALLS = [
    ("add", '{"cities": [{"name": "Oslo"}]}'),
    ("log", '["x"]'),
    ("add", '{"cities": [{"name": "Rome"}, {"name": "Bonn"}]}'),
]


def test_items_of_the_arguments_of_one_tool():
    got = collected(testing.script("Adding.", tool_calls=CALLS).pipe(ops.json_items("cities", City, tool="add")))
    assert [city.name for city in got.items] == ["Oslo", "Rome", "Bonn"]
    assert collected(testing.script("[1]", tool_calls=CALLS).pipe(ops.json_items("cities", tool="none"))).items == []


def test_values_of_the_arguments_of_any_tool():
    got = collected(testing.script(tool_calls=CALLS).pipe(ops.json_values(tool="*")))
    wholes = [json.loads(arguments) for _, arguments in CALLS]
    assert [item.value for item in got.items if item.value in wholes] == wholes
    assert [item.name for item in got.items if item.value in wholes] == ["add", "log", "add"]


def test_calls_may_come_in_pieces_side_by_side_with_a_late_name_or_whole():
    events = [
        sk.ToolCallDelta('{"cities": [{"na', 0, id="1"),
        sk.ToolCallDelta("", 1, id="2", name="add"),
        sk.ToolCallDelta('{"cities": [1,', 1),
        sk.ToolCallDelta('me": "Oslo"}]}', 0, name="add"),
        sk.ToolCallDelta(" 2]}", 1),
        sk.ToolCall("1", "add", '{"cities": [{"name": "Oslo"}]}'),
        sk.ToolCall("2", "add", '{"cities": [1, 2]}'),
        sk.ToolCall("3", "add", '{"cities": [3]}'),  # without pieces before it
        sk.ToolCall("4", "add", ""),  # without arguments
        sk.Reply(),
    ]
    assert collected(events_of(*events[:-2], events[-1]).pipe(ops.json_items("cities", tool="add"))).items == [
        1, {"name": "Oslo"}, 2, 3
    ]  # fmt: skip
    assert collected(events_of(*events).pipe(ops.json_values(tool="add"))).items[-1] == {}
    error = collected(events_of(*events).pipe(ops.json_items("cities", tool="add"))).error
    assert "no list at cities" in str(error)


SIDE_BY_SIDE = [
    sk.ToolCallDelta('{"to": "bob', 0, "1", "send"),
    sk.ToolCallDelta('{"to": "', 1, "2", "send"),
    sk.ToolCallDelta('by"}', 0),
    sk.ToolCallDelta('ann"}', 1),
    sk.ToolCall("1", "send", '{"to": "bobby"}', call=0),
    sk.ToolCall("2", "send", '{"to": "ann"}', call=1),
    sk.ToolCall("3", "log", '{"x": 1}'),
    sk.Reply(),
]


@pytest.mark.parametrize("tool", ["*", ["send", "log"], ("log", "send")])
def test_values_of_calls_side_by_side_say_which_call_they_are_of(tool: Any):
    got = collected(events_of(*SIDE_BY_SIDE).pipe(ops.json_values(tool=tool))).items
    assert got == [
        CallValue(0, "1", "send", {"to": "bob"}),
        CallValue(1, "2", "send", {"to": ""}),
        CallValue(0, "1", "send", {"to": "bobby"}),
        CallValue(1, "2", "send", {"to": "ann"}),
        CallValue(None, "3", "log", {"x": 1}),
    ]


def test_one_tool_by_its_name_gives_bare_values_and_a_list_those_of_the_tools_in_it():
    side_by_side = events_of(*SIDE_BY_SIDE)
    assert collected(side_by_side.pipe(ops.json_values(tool="log"))).items == [{"x": 1}]
    got = collected(side_by_side.pipe(ops.json_values(Message, tool=["send"]))).items
    assert [(item.call, item.value.to) for item in got][-2:] == [(0, "bobby"), (1, "ann")]
    items = [sk.ToolCall("1", "f", '{"a": [1, 2]}'), sk.ToolCall("2", "g", '{"a": [3]}')]
    got = collected(events_of(*items).pipe(ops.json_items("a", tool="*"))).items
    assert [(item.name, item.value) for item in got] == [("f", 1), ("f", 2), ("g", 3)]


def test_calls_without_a_name():
    nameless = [
        sk.ToolCallDelta('{"a": ', 0, "x"),
        sk.ToolCallDelta("[1, 2]}", 0),
        sk.ToolCall("x", "late", '{"a": [1, 2]}', call=0),
    ]
    asked = events_of(*nameless, sk.Reply())
    assert collected(asked.pipe(ops.json_items("a", tool="late"))).items == [1, 2]  # the whole call told it
    assert collected(asked.pipe(ops.json_items("a", tool="other"))).items == []
    assert [item.value for item in collected(asked.pipe(ops.json_items("a", tool="*"))).items] == [1, 2]
    never = events_of(*nameless[:2], sk.Reply())
    assert collected(never.pipe(ops.json_values(tool="*"))).items[-1] == CallValue(0, "x", "", {"a": [1, 2]})


def test_a_call_that_is_not_finished_is_an_error_with_the_reply():
    events = [sk.TextDelta("Well"), sk.ToolCallDelta('{"a": [1', 0, "x", "f"), sk.Finish("stop")]
    for operator in (ops.json_items("a", tool="f"), ops.json_values(tool="f"), ops.json_values(tool="*")):
        error = collected(events_of(*events).pipe(operator)).error
        assert isinstance(error, sk.MalformedError)
        assert error.partial.text == "Well"


@pytest.mark.parametrize(("tool", "error"), [([], ValueError), ([5], TypeError)])
def test_what_names_no_tools_is_told_when_the_operator_is_made(tool: Any, error: type[Exception]):
    with pytest.raises(error, match="tool"):
        ops.json_values(tool=tool)
    with pytest.raises(error, match="tool"):
        ops.json_items(tool=tool)


# -- what goes wrong ---------------------------------------------------------------------------------------------------


def test_text_that_is_no_json_is_an_error_with_the_reply():
    got = collected(testing.script("I would", " rather not").pipe(ops.json_values()))
    assert isinstance(got.error, sk.MalformedError)
    assert "no JSON" in str(got.error)
    assert got.error.partial.text == "I would rather not"
    got = collected(testing.script('{"a" 1}', " and more", every=1).pipe(ops.json_values()))
    assert got.error.partial.text == '{"a" 1}'  # at once


def test_the_error_of_a_reply_behind_another_has_its_own_text():
    for second in (["I would", " rather not"], ["not at all"]):
        got = collected(sk.stream(rx.concat(testing.script("Hm"), testing.script(*second))).pipe(ops.json_values()))
        assert (got.error.partial.text, got.error.partial.outcome) == ("".join(second), "failed")
    wrong = rx.concat(testing.script("Hm"), testing.script('[{"a" 1}', " and more", every=1))
    for operator in (ops.json_values(), ops.json_items()):
        assert collected(sk.stream(wrong).pipe(operator)).error.partial.text == '[{"a" 1}'
    calls = rx.of(
        sk.Start("1"),
        sk.ToolCallDelta("[1]", 0, "x", "f"),
        sk.Reply(id="1"),
        sk.Start("2"),
        sk.TextDelta("see"),
        sk.ToolCallDelta("{1}", 1, "y", "f"),
        sk.Reply((sk.Choice(text="see"),), id="2"),
    )
    got = collected(sk.stream(calls).pipe(ops.json_values(tool="f")))
    assert (got.items[-1], got.error.partial.id, got.error.partial.text) == ([1], "2", "see")


def test_an_item_that_does_not_fit():
    text = json.dumps([{"name": "Oslo"}, {"people": 5}, {"name": "Rome"}])
    asked = testing.script(*text)
    got = collected(asked.pipe(ops.json_items(model=City)))
    assert got.items == [City(name="Oslo")]
    assert "item 1 of the list does not fit City: name: Field required" in str(got.error)
    assert got.error.partial.text == text[: len(got.error.partial.text)]
    assert [city.name for city in collected(asked.pipe(ops.json_items(model=City, on_invalid="skip"))).items] == [
        "Oslo",
        "Rome",
    ]
    got = collected(asked.pipe(ops.json_items("", City, lambda item, error: item["people"])))
    assert got.items == [City(name="Oslo"), 5, City(name="Rome")]


def test_a_stream_that_breaks_is_told_as_such():
    broken = testing.script('{"cities": [{"name": "Oslo"}, {"na', fail=sk.ApiError("overloaded"))
    for operator in (ops.json_items("cities"), ops.json_values(), ops.json_values(City)):
        got = collected(broken.pipe(operator))
        assert isinstance(got.error, sk.ApiError)
        assert got.error.partial.text.endswith('{"na')
    assert collected(broken.pipe(ops.json_items("cities"))).items == [{"name": "Oslo"}]


def test_a_reply_cut_by_its_limit_may_do():
    asked = testing.script("[1, 2, 3", finish="length")
    assert isinstance(collected(asked.pipe(ops.json_items())).error, sk.MalformedError)
    assert collected(asked.pipe(ops.json_items(unfinished="keep"))).items == [1, 2]
    assert collected(asked.pipe(ops.json_values(unfinished="keep"))).items[-1] == [1, 2]


def test_a_reply_that_begins_anew_is_read_anew():
    broken = testing.script('{"cities": [{"name": "Os', fail=sk.BrokenError("lost"))
    again = broken.pipe(ops.continue_with(lambda partial: testing.script(TEXT)))
    assert collected(again.pipe(ops.json_values())).items[-1] == {"cities": CITIES}
    went_on = broken.pipe(ops.continue_with(lambda partial: testing.script('lo"}]}'), mode="prefill"))
    assert collected(went_on.pipe(ops.json_values())).items[-1] == {"cities": [{"name": "Oslo"}]}
    assert collected(went_on.pipe(ops.json_items("cities"))).items == [{"name": "Oslo"}]


@pytest.mark.parametrize(
    "make",
    [
        lambda: ops.json_values(threading.Event),
        lambda: ops.json_items("a..b"),
        lambda: ops.json_values(unfinished="no"),
    ],
)
def test_mistakes_are_told_when_the_operator_is_made(make):
    with pytest.raises((TypeError, ValueError), match=r"schema|step|unfinished"):
        make()


def test_items_pass_on_to_slow_work_in_order():
    async def look_up(city: City) -> str:
        await asyncio.sleep(10 - len(city.name))
        return city.name.upper()

    got = collected(testing.script(TEXT).pipe(ops.json_items("cities", City), ops.map_async(look_up, concurrency=3)))
    assert got.items == ["OSLO", "ROME", "ŁÓDŹ"]


def test_arguments_survive_a_restart_and_a_call_that_was_never_named():
    events = [
        sk.ToolCallDelta('{"a": [1', 0, "x"),
        sk.Restart("lost"),
        sk.ToolCall("y", "", "{}"),
        sk.ToolCall("z", "f", '{"a": [1, 2]}'),
        sk.Reply(),
    ]
    assert list(sk.stream(rx.of(*events)).pipe(ops.json_items("a", tool="f"))) == [1, 2]
