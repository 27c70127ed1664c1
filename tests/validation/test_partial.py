"""Partial instances of models: valid as far as they go, and the whole at the end."""

from __future__ import annotations

import enum
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given, strategies as st
from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    RootModel,
    TypeAdapter,
    field_validator,
    model_validator,
)
from typing_extensions import TypedDict

import streamkit as sk
from streamkit.stages import JsonItems, JsonValues
from streamkit.testing import every_split


class Mood(enum.Enum):
    GOOD = "good"


class Line(BaseModel):
    sku: str = Field(max_length=5)
    count: int = Field(1, ge=1)


class Order(BaseModel):
    lines: list[Line]
    note: str
    due: date | None = None
    mood: Mood = Mood.GOOD


class Tree(BaseModel):
    name: str
    kids: list[Tree] = []


class Known(TypedDict, total=False):
    name: str
    tags: list[str]


class Aliased(BaseModel):
    model_config = ConfigDict(populate_by_name=True)
    given: str = Field(alias="givenName")
    other: int = Field(0, validation_alias=AliasChoices("o1", "o2"))


@dataclass
class Point:
    x: int
    y: int


Names = RootModel[list[str]]


def fed(stage: Any, pieces: Sequence[str]) -> list[Any]:
    out: list[Any] = []
    try:
        for piece in pieces:
            out.extend(stage.feed(piece))
        out.extend(stage.flush())
    except sk.MalformedError as error:
        out.append(error)
    return out


ORDER = (
    '{"lines": [{"sku": "ab", "count": 2}, {"sku": "cd"}], "note": "Be\\u00e9", "due": "2024-05-06", "mood": "good"}'
)


def test_an_order_grows():
    for pieces in every_split(ORDER):
        values = fed(JsonValues(Order), pieces)
        assert values[-1] == Order.model_validate_json(ORDER)
        assert all(type(value) is Order for value in values)
        for value in values[:-1]:
            assert value.due in (None, date(2024, 5, 6))
            assert all(type(line) is Line for line in value.lines or ())
    one_by_one = fed(JsonValues(Order), list(ORDER))
    assert [v.lines[-1].sku for v in one_by_one if v.lines][:4] == [None, "", "a", "ab"]
    assert [v.note for v in one_by_one if v.note is not None][:4] == ["", "B", "Be", "Beé"]


def test_what_is_missing_shows():
    first = fed(JsonValues(Order), list(ORDER))[0]
    assert (first.lines, first.note, first.due, first.mood) == (None, None, None, Mood.GOOD)
    assert first.model_fields_set == set()
    with_lines = fed(JsonValues(Order), ['{"lines": [{"sku": "ab"', "}]"])[0]
    assert with_lines.model_fields_set == {"lines"}
    assert with_lines.lines[0].model_fields_set == {"sku"}


@pytest.mark.parametrize(
    ("model", "text"),
    [
        (Tree, '{"name": "a", "kids": [{"name": "b", "kids": [{"name": "c"}]}, {"name": "d"}]}'),
        (Known, '{"name": "x", "unknown": 1, "tags": ["a", "b"]}'),
        (Aliased, '{"givenName": "Ada", "o2": 5, "extra": [1]}'),
        (Aliased, '{"given": "Ada", "o1": 5}'),
        (Names, '["ab", "cd"]'),
        (list[Line], '[{"sku": "a"}, {"sku": "b", "count": 3}]'),
        (dict[str, Line], '{"x": {"sku": "a"}, "y": {"sku": "b"}}'),
        (tuple[Line, ...], '[{"sku": "a"}]'),
        (Sequence[str], '["a", "b"]'),
        (list[Point], '[{"x": 1, "y": 2}]'),
        (list[date], '["2024-05-06", "2024-05-07"]'),
        (Annotated[list[Literal["a", "b"]], Field(min_length=1)], '["a", "b"]'),
        (Annotated[list[str], {"not": "hashable"}], '["a", "b"]'),
        (Line | None, '{"sku": "a"}'),
        (str, '"word"'),
        (int, "42"),
        (Any, '{"a": [1]}'),
    ],
)
def test_the_last_value_is_what_pydantic_makes_of_the_whole(model, text):
    whole = TypeAdapter(model).validate_json(text)
    for pieces in every_split(text):
        values = fed(JsonValues(model), pieces)
        assert values[-1] == whole, pieces
        assert type(values[-1]) is type(whole)


def test_finished_parts_that_do_not_fit_are_left_out_and_told_at_the_end():
    text = '{"lines": [{"sku": "far too long"}, {"sku": "ok", "count": 0}, {"sku": "ok"}], "note": "n"}'
    for pieces in every_split(text):
        *values, error = fed(JsonValues(Order), pieces)
        assert isinstance(error, sk.MalformedError)
        assert "lines.0.sku: String should have at most 5" in str(error)
        for value in values:
            assert [line for line in (value.lines or ())[:-1] if line != Line(sku="ok")] == []


def test_validators_of_the_model_run_at_the_end_only():
    class Pair(BaseModel):
        low: int = 0
        high: int = 0

        @field_validator("high")
        @classmethod
        def _even(cls, value: int) -> int:
            assert value % 2 == 0
            return value

        @model_validator(mode="after")
        def _ordered(self) -> Pair:
            assert self.low <= self.high
            return self

    assert fed(JsonValues(Pair), list('{"low": 1, "high": 2}'))[-1] == Pair(low=1, high=2)
    *values, error = fed(JsonValues(Pair), list('{"low": 3, "high": 2}'))
    assert [value.high for value in values][-1] in (0, 2)
    assert isinstance(error, sk.MalformedError)


def test_a_model_that_cannot_be_partial_comes_whole():
    class Proud(BaseModel):
        a: str

        def model_post_init(self, context: Any) -> None:
            self.a.upper()

    assert [v.a for v in fed(JsonValues(list[Proud]), list('[{"a": "xy"}]'))[-1]] == ["xy"]


def test_a_type_that_is_none_is_refused_at_once():
    class Weird: ...

    for make in (JsonValues, lambda model: JsonItems("", model)):
        with pytest.raises(TypeError, match="schema"):
            make(Weird)


def test_partial_values_of_a_finished_part_are_the_same_objects():
    """So what is finished is validated once, however long the rest takes."""
    values = fed(JsonValues(list[Line]), list(json.dumps([{"sku": "a"}] * 50)))
    firsts = {id(value[0]) for value in values if len(value) > 1 and value is not values[-1]}
    assert len(firsts) == 1


LINES = st.lists(st.fixed_dictionaries({"sku": st.text(max_size=7), "count": st.integers(-1, 3)}), max_size=6)


@given(LINES, st.integers(1, 9), st.sampled_from(["skip", "error", "call"]))
def test_items_are_valid_instances_or_what_on_invalid_says(lines, size, on_invalid):
    def instead(item: Any, error: sk.MalformedError) -> Any:
        assert isinstance(error, sk.MalformedError)
        return item

    text = json.dumps({"lines": lines})
    how: Any = instead if on_invalid == "call" else on_invalid
    got = fed(JsonItems("lines", Line, how), [text[i : i + size] for i in range(0, len(text), size)])
    wanted: list[Any] = []
    for number, line in enumerate(lines):
        try:
            wanted.append(Line(**line))
        except ValueError:
            if on_invalid == "call":
                wanted.append(line)
            elif on_invalid == "error":
                assert f"item {number} of the list does not fit Line" in str(got.pop())
                break
    assert got == wanted


def test_what_the_users_function_raises_is_raised_after_what_was_valid():
    def refuse(item: Any, error: Exception) -> Any:
        raise LookupError(item)

    items, got = iter(JsonItems("", Line, refuse).feed('[{"sku": "a"}, 5, {"sku": "b"}]')), []
    with pytest.raises(LookupError):
        got.extend(items)
    assert got == [Line(sku="a")]


def test_options_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match="on_invalid is one of error, skip"):
        JsonItems("", Line, "drop")  # type: ignore[arg-type]
