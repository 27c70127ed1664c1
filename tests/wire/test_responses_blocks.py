"""What of a response goes back to the model, whatever servers do to ids, positions and ends of items: each form has its
own texts, or the text goes back without it."""

from __future__ import annotations

import random
from collections import Counter
from copy import deepcopy
from itertools import pairwise
from typing import Any

from hypothesis import given, settings, strategies as st

import streamkit as sk
from streamkit.events import Reply
from streamkit.wire import Parser
from tests.wire.bodies import sse
from tests.wire.test_responses_habits import (
    DICE,
    ENDS,
    IDS,
    ITEMS,
    LISTS,
    PARTS,
    PLACES,
    POSITIONS,
    Events,
    Form,
    Item,
    ev,
    forms,
    spoilt,
    standard,
)

ORIGIN = sk.Origin("responses", "api.openai.com", "m")


def events_of(*chunks: Form) -> list[Any]:
    parser = Parser("responses", origin=ORIGIN)
    return [*parser.feed(sse(*chunks)), *parser.flush()]


def reply_of(*chunks: Form) -> Reply:
    reply = events_of(*chunks)[-1]
    assert isinstance(reply, Reply)
    return reply


def end(*output: Form, **fields: Any) -> Form:
    return ev("completed", response={"id": "r1", "status": "completed", "output": list(output), **fields})


def texts_in(form: Form) -> str:
    content = form.get("content") or []
    parts = [] if isinstance(content, str) else [*content, *form.get("summary", [])]
    return content if isinstance(content, str) else "".join(part.get("text") or part.get("refusal") for part in parts)


def marked(form: Form, *, is_whole: bool) -> Form:
    """An item with fields that say which texts it has; what is encrypted is not whole in an announcement."""
    if form["type"] == "reasoning":
        return {**form, "encrypted_content": f"E:{texts_in(form)}" if is_whole else "E0", "status": "completed"}
    return {**form, "phase": texts_in(form)} if form["type"] == "message" and is_whole else form


def with_marks(events: Events) -> Events:
    for event in events:
        if "item" in event:
            event["item"] = marked(event["item"], is_whole=event["type"].endswith(".done"))
    return events


def check(items: list[Item], events: Events, output: list[Form]) -> None:
    reply = reply_of(*events, end(*(marked(form, is_whole=True) for form in output)))
    sent: list[Any] = reply.messages
    said = Counter("".join(texts_in(one) for one in sent if one.get("role") == "assistant"))
    assert said == Counter(reply.text + reply.refusal)
    calls = [call.id for call in reply.tool_calls] if reply.outcome == "complete" else []
    assert [one["call_id"] for one in sent if "call_id" in one] == calls
    original = [texts_in(form) if "call_id" not in form else form["arguments"] for form in forms(items)]
    follows = set(pairwise(original))
    for item, after in pairwise([*sent, {}]):
        if item.get("type") == "reasoning":
            assert item["encrypted_content"] == f"E:{texts_in(item)}"
            assert "status" not in item
            assert "type" in after
            assert (texts_in(item), after["arguments"] if "call_id" in after else texts_in(after)) in follows or (
                after.get("type") == "reasoning"
            )
        elif item.get("type") == "message":
            assert item["phase"] == texts_in(item)


@settings(max_examples=120)
@given(
    ITEMS,
    PLACES,
    st.sampled_from(sorted(PARTS)),
    st.sampled_from(sorted(ENDS)),
    st.sampled_from(sorted(LISTS)),
    st.sampled_from([0.0, 0.5, 1.0]),
    DICE,
)
def test_forms_have_their_own_texts(
    items: list[Item],
    places: tuple[str, str],
    parts: str,
    ends: str,
    output: str,
    silent: float,
    dice: random.Random,
):
    events = with_marks(standard(items, dice, silent))
    check(
        items,
        spoilt(events, ENDS[ends], IDS[places[0]], POSITIONS[places[1]], PARTS[parts]),
        LISTS[output](forms(items)),
    )


@given(ITEMS, DICE)
def test_all_of_a_response_in_its_standard_form_goes_back(items: list[Item], dice: random.Random):
    """But reasoning that nothing follows."""
    items = [item for item in items if isinstance(item, tuple) or item[0].type != "refusal"]  # it would drop the calls
    wanted = [marked(form, is_whole=True) for form in forms(items)]
    events = with_marks(standard(items, dice))
    reply = reply_of(*events, end(*deepcopy(wanted)))
    while wanted and wanted[-1]["type"] == "reasoning":
        wanted.pop()
    sent: list[Any] = reply.messages
    if reply.outcome == "complete":
        assert list(map(mark_of, sent)) == list(map(mark_of, wanted))


def mark_of(form: Form) -> Any:
    return form.get("encrypted_content", form.get("phase", form.get("call_id")))
