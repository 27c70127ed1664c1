"""The walk along types: each kind of fault, with its place, and the choice between the members of a union."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, NotRequired, Required

import pytest
from typing_extensions import TypedDict

from .typed import dotted, faults, indexed


class Text(TypedDict, total=False):
    type: Required[Literal["text"]]
    text: Required[str]
    note: str | None


class Call(TypedDict):
    type: Literal["call"]
    input: dict[str, object]
    strict: NotRequired[bool]


class User(TypedDict):
    role: Literal["user"]
    content: str | Iterable[Text]


class Model(TypedDict):
    role: Literal["model"]
    content: Iterable[Text | Call]
    count: NotRequired[int]


class Reference(TypedDict, total=False):
    id: Required[str]
    type: Literal["reference"] | None


TEXT: Any = {"type": "text", "text": "x"}
CALL: Any = {"type": "call", "input": {}}
WRONG = [("unknown", "content[0].input"), ("missing", "content[0].text")]

FAULTS = [
    (TEXT, Text, []),
    ({**TEXT, "note": None}, Text, []),
    ({**TEXT, "note": 1}, Text, [("type", "note")]),
    ({**TEXT, "index": None}, Text, [("unknown", "index")]),
    ({"type": "text"}, Text, [("missing", "text")]),
    ({"type": "text", "text": None}, Text, [("type", "text")]),
    ("x", Text, [("type", "")]),
    ({**CALL, "input": "{}"}, Call, [("type", "input")]),
    ({**CALL, "strict": 1}, Call, [("type", "strict")]),
    ({"role": "user", "content": "x"}, User | Model, []),
    ({"role": "user", "content": [TEXT]}, User | Model, []),
    ({"role": "user", "content": [CALL]}, User | Model, [("literal", "content[0].type"), *WRONG]),
    ({"role": "user", "content": None}, User | Model, [("type", "content")]),
    ({"role": "tool", "content": "x"}, User | Model, [("literal", "role")]),
    ({"content": "x"}, User | Model, [("missing", "type")]),
    ({"role": "model", "content": [TEXT, CALL]}, User | Model, []),
    ({"role": "model", "content": [TEXT, {**CALL, "x": 1}]}, User | Model, [("unknown", "content[1].x")]),
    ({"role": "model", "content": [], "count": True}, User | Model, [("type", "count")]),
    ({"role": "model", "content": TEXT}, User | Model, [("type", "content")]),
    (1, User | Model, [("type", "")]),
    ({"id": "1"}, Text | Reference, []),
    ({"id": "1", "type": "reference"}, Text | Reference, []),
    ({"id": "1", "type": None}, Text | Reference, []),
    ({"id": "1", "type": "other"}, Text | Reference, [("literal", "type")]),
    ({"id": "1", "role": "tool"}, User | Reference, [("literal", "role")]),
    ([1, "x"], list[int], [("type", "[1]")]),
]


@pytest.mark.parametrize(("value", "hint", "found"), FAULTS)
def test_faults_have_a_kind_and_a_place(value, hint, found):
    assert [(fault.kind, indexed(fault.path)) for fault in faults(value, hint)] == found


def test_a_place_has_the_form_of_either_library():
    message = {"role": "model", "content": [TEXT, {**CALL, "x": 1}]}
    (fault,) = faults(message, User | Model, ("messages", 2))
    assert indexed(fault.path) == "messages[2].content[1].x"
    assert dotted(fault.path) == "messages.2.content.1.call.x"


def test_a_type_that_is_not_known_is_an_error():
    with pytest.raises(TypeError, match="does not know the type"):
        list(faults("x", bytes))
