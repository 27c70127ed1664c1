"""Whatever servers do to ids, positions and ends of items: what a response holds is told, and told once.

Random responses are written as the API describes it, then spoilt as servers are known to spoil them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, TypeAlias

from hypothesis import assume, given, settings, strategies as st

from streamkit.events import Event, Reply, ToolCall, ToolCallDelta
from tests.wire.bodies import read, sse

Form: TypeAlias = dict[str, Any]
Events: TypeAlias = list[Form]

TEXTS = ("a", "ab", "Hi", "Hello you", "x y", "😀b")
ARGUMENTS = ('{"a":1}', '{"b":[2]}', "{}", '{"s":"x{y"}')


@dataclass(frozen=True)
class Part:
    """``type`` is that of the API; ``name`` of the events of the part, ``text_name`` of those of its text."""

    type: str
    name: str
    text_name: str
    field: str
    text: str
    index: str = "content_index"

    @property
    def form(self) -> Form:
        return {"type": self.type, self.field: self.text}


def said(text: str) -> Part:
    return Part("output_text", "content_part", "output_text", "text", text)


def refused(text: str) -> Part:
    return Part("refusal", "content_part", "refusal", "refusal", text)


def thought(text: str) -> Part:
    return Part("reasoning_text", "reasoning_part", "reasoning_text", "text", text)


def summed_up(text: str) -> Part:
    return Part("summary_text", "reasoning_summary_part", "reasoning_summary_text", "text", text, "summary_index")


Item: TypeAlias = "list[Part] | tuple[str, str]"  # parts of a message or of reasoning, or a call's name and arguments


def some(*makers: Callable[[str], Part]) -> st.SearchStrategy[list[Part]]:
    return st.lists(st.builds(lambda make, text: make(text), st.sampled_from(makers), st.sampled_from(TEXTS)),
                    min_size=1, max_size=2)  # fmt: skip


CALLS = st.tuples(st.sampled_from("fg"), st.sampled_from(ARGUMENTS))
ITEMS = st.lists(some(said, said, refused) | some(thought) | some(summed_up) | CALLS, min_size=1, max_size=4)
DICE = st.randoms()


def form_of(item: Item, number: int) -> Form:
    if isinstance(item, tuple):
        call = {"call_id": f"c{number}", "name": item[0], "arguments": item[1]}
        return {"id": f"fc{number}", "type": "function_call", **call}
    if item[0].name == "content_part":
        return {"id": f"m{number}", "type": "message", "content": [part.form for part in item]}
    form: Form = {"id": f"rs{number}", "type": "reasoning", "summary": [], "content": []}
    form["summary" if item[0].type == "summary_text" else "content"] = [part.form for part in item]
    return form


def pieces(text: str, dice: random.Random) -> Iterator[str]:
    while text:
        size = dice.randint(1, 3)
        yield text[:size]
        text = text[size:]


def ev(type: str, **fields: Any) -> Form:
    return {"type": f"response.{type}", **fields}


def standard(items: list[Item], dice: random.Random, silent: float = 0.0) -> Events:
    """The response in its standard form; ``silent`` is the share of texts that come only whole."""
    out = []
    for number, item in enumerate(items):
        form = form_of(item, number)
        empty = {name: [] if isinstance(value, list) else value for name, value in form.items()}
        spot = {"item_id": form["id"], "output_index": number}
        out.append(ev("output_item.added", output_index=number, item={**empty, "arguments": ""}))
        if isinstance(item, tuple):
            if dice.random() >= silent:
                out += [ev("function_call_arguments.delta", **spot, delta=one) for one in pieces(item[1], dice)]
            out.append(ev("function_call_arguments.done", **spot, arguments=item[1]))
        else:
            for index, part in enumerate(item):
                here = {**spot, part.index: index}
                out.append(ev(f"{part.name}.added", **here, part={**part.form, part.field: ""}))
                if dice.random() >= silent:
                    out += [ev(f"{part.text_name}.delta", **here, delta=one) for one in pieces(part.text, dice)]
                out.append(ev(f"{part.text_name}.done", **here, **{part.field: part.text}))
                out.append(ev(f"{part.name}.done", **here, part=part.form))
        out.append(ev("output_item.done", output_index=number, item=form))
    return deepcopy(out)


def shuffled(events: Events, dice: random.Random) -> Events:
    """The events of calls side by side, each call's own in their order."""
    lines = [[event for event in events if event["output_index"] == place] for place in range(3)]
    out = [line.pop(0) for line in lines if line]
    while any(lines):
        out.append(dice.choice([line for line in lines if line]).pop(0))
    return out


def is_end(event: Form) -> bool:
    return bool(event["type"].endswith(".done"))


def set_ids(event: Form, id: str | None) -> None:
    for form, name in ((event, "item_id"), (event.get("item", {}), "id")):
        if name in form:
            form[name] = id
            if id is None:
                del form[name]


def each(change: Callable[[int, Form], None]) -> Callable[[Events], Events]:
    def habit(events: Events) -> Events:
        for number, event in enumerate(events):
            change(number, event)
        return events

    return habit


def without(*words: str) -> Callable[[Events], Events]:
    return lambda events: [event for event in events if not any(word in event["type"] for word in words)]


def new_call_ids(number: int, event: Form) -> None:
    set_ids(event, f"r{number}")
    if "call_id" in event.get("item", {}):
        event["item"]["call_id"] = f"q{number}"


def parts_at(index: Callable[[int], int]) -> Callable[[Events], Events]:
    def change(number: int, event: Form) -> None:
        for name in {"content_index", "summary_index"} & event.keys():
            event[name] = index(number)

    return each(change)


def no_part_indexes(number: int, event: Form) -> None:
    event.pop("content_index", None)
    event.pop("summary_index", None)


def at(position: Callable[[int, Form], int]) -> Callable[[Events], Events]:
    return each(lambda number, event: event.update(output_index=position(number, event)))


def plain(events: Events) -> Events:
    return events


IDS = {
    "kept": plain,
    "left out": each(lambda number, event: set_ids(event, None)),
    "new in each event": each(lambda number, event: set_ids(event, f"r{number}")),
    "new in each event, those of calls too": each(new_call_ids),
    "new at the end": each(lambda n, event: set_ids(event, f"e{event['output_index']}") if is_end(event) else None),
}
POSITIONS = {
    "kept": plain,
    "left out": each(lambda number, event: event.pop("output_index")),
    "always the first": at(lambda number, event: 0),
    "from three on": at(lambda number, event: event["output_index"] + 3),
    "that of the next item at an end": at(lambda number, event: event["output_index"] + 1 + is_end(event)),
    "counted up with each event": at(lambda number, event: number),
}
PARTS = {
    "kept": plain,
    "counted up with each event": parts_at(lambda number: number),
    "always the first": parts_at(lambda number: 0),
    "left out": each(no_part_indexes),
}
ENDS = {
    "kept": plain,
    "twice": lambda events: [deepcopy(e) for event in events for e in [event] * (1 + is_end(event))],
    "none of texts": without("text.done", "refusal.done", "arguments.done"),
    "none of parts": without("part.done"),
    "none of items": without("item.done"),
    "items only": without("text.done", "refusal.done", "arguments.done", "part.done"),
    "none": without(".done"),
}
SOME_ENDS = ("kept", "twice", "none of texts", "none of parts", "none of items")
LISTS: dict[str, Callable[[list[Form]], list[Form]]] = {
    "full": lambda forms: forms,
    "empty": lambda forms: [],
    "with other ids": lambda forms: [{**form, "id": f"z{number}"} for number, form in enumerate(forms)],
    "without reasoning": lambda forms: [form for form in forms if form["type"] != "reasoning"],
}


def told(events: list[Event]) -> tuple[Any, ...]:
    """What a reply says, after a look at what its events say."""
    reply = events[-1]
    assert isinstance(reply, Reply)
    ended = [(event.id, event.name, event.arguments) for event in events if type(event) is ToolCall]
    assert sorted(ended) == sorted((call.id, call.name, call.arguments) for call in reply.tool_calls)
    joined: dict[int, str] = {}
    for event in events:
        if type(event) is ToolCallDelta:
            joined[event.call] = joined.get(event.call, "") + event.arguments
    assert [joined[number] for number in sorted(joined)] == [call.arguments for call in reply.tool_calls]
    return reply.text, reply.refusal, reply.reasoning, sorted((c.name, c.arguments) for c in reply.tool_calls)


def held(items: list[Item]) -> tuple[Any, ...]:
    """What a response says by its making."""
    parts = [part for item in items if isinstance(item, list) for part in item]
    types = (("output_text",), ("refusal",), ("reasoning_text", "summary_text"))
    texts = ("".join(part.text for part in parts if part.type in among) for among in types)
    return *texts, sorted(item for item in items if isinstance(item, tuple))


def check(items: list[Item], events: Events, output: list[Form], dice: random.Random) -> None:
    end = ev("completed", response={"status": "completed", "output": output})
    data = sse(*events, end)
    whole, error = read(data, "responses")
    assert error is None, error
    assert told(whole) == held(items), events
    size = dice.randint(1, 40)
    cut, _ = read([data[i : i + size] for i in range(0, len(data), size)], "responses")
    assert cut == whole


def spoilt(events: Events, *habits: Callable[[Events], Events]) -> Events:
    for habit in habits:
        events = habit(events)
    return events


def forms(items: list[Item]) -> list[Form]:
    return [form_of(item, number) for number, item in enumerate(items)]


def ordered(places: tuple[str, str]) -> bool:
    """Whether more than the order tells which item is meant."""
    ids, positions = places
    return ids in ("kept", "new at the end") or positions not in ("left out", "counted up with each event")


PLACES = st.tuples(st.sampled_from(sorted(IDS)), st.sampled_from(sorted(POSITIONS))).filter(ordered)
SURE = st.tuples(st.just("kept"), st.sampled_from(sorted(POSITIONS))) | st.tuples(
    st.sampled_from(sorted(IDS)), st.sampled_from(["kept", "from three on"])
)


@settings(max_examples=80)
@given(
    ITEMS, PLACES, st.sampled_from(sorted(PARTS)), st.sampled_from(sorted(ENDS)), st.sampled_from(sorted(LISTS)), DICE
)
def test_what_came_in_pieces(
    items: list[Item], places: tuple[str, str], parts: str, ends: str, output: str, dice: random.Random
):
    events = spoilt(standard(items, dice), ENDS[ends], IDS[places[0]], POSITIONS[places[1]], PARTS[parts])
    check(items, events, LISTS[output](forms(items)), dice)


@settings(max_examples=80)
@given(
    ITEMS, PLACES, st.sampled_from(sorted(PARTS)), st.sampled_from(sorted(ENDS)), st.sampled_from(sorted(LISTS)), DICE
)
def test_what_came_only_whole(
    items: list[Item], places: tuple[str, str], parts: str, ends: str, output: str, dice: random.Random
):
    assume(ends != "none" or output not in ("empty", "without reasoning"))
    events = spoilt(standard(items, dice, 1.0), ENDS[ends], IDS[places[0]], POSITIONS[places[1]], PARTS[parts])
    check(items, events, LISTS[output](forms(items)), dice)


@settings(max_examples=80)
@given(
    ITEMS,
    PLACES,
    st.sampled_from(sorted(PARTS)),
    st.sampled_from(sorted(SOME_ENDS)),
    st.sampled_from(sorted(LISTS)),
    DICE,
)
def test_what_came_in_pieces_or_whole(
    items: list[Item], places: tuple[str, str], parts: str, ends: str, output: str, dice: random.Random
):
    events = spoilt(standard(items, dice, 0.5), ENDS[ends], IDS[places[0]], POSITIONS[places[1]], PARTS[parts])
    check(items, events, LISTS[output](forms(items)), dice)


@settings(max_examples=80)
@given(ITEMS, SURE, st.sampled_from(sorted(PARTS)), st.sampled_from(sorted(ENDS)), st.sampled_from(sorted(LISTS)), DICE)
def test_what_came_without_announcement(
    items: list[Item], places: tuple[str, str], parts: str, ends: str, output: str, dice: random.Random
):
    named = ends not in ("none", "none of items") or output in ("full", "with other ids")
    assume(named or not any(isinstance(item, tuple) for item in items))
    kinds = {part.type for item in items if isinstance(item, list) for part in item}
    placed = places[1] in (
        "kept",
        "from three on",
    )  # else a text and a summary of reasoning count as the same, told twice
    assume(placed or not {"reasoning_text", "summary_text"} <= kinds)
    events = spoilt(
        standard(items, dice), without(".added"), ENDS[ends], IDS[places[0]], POSITIONS[places[1]], PARTS[parts]
    )
    check(items, events, LISTS[output](forms(items)), dice)


@given(
    st.lists(CALLS, min_size=2, max_size=3), SURE, st.sampled_from(sorted(ENDS)), st.sampled_from(sorted(LISTS)), DICE
)
def test_calls_that_grow_side_by_side(
    calls: list[Item], places: tuple[str, str], ends: str, output: str, dice: random.Random
):
    events = spoilt(shuffled(standard(calls, dice), dice), ENDS[ends], IDS[places[0]], POSITIONS[places[1]])
    check(calls, events, LISTS[output](forms(calls)), dice)
