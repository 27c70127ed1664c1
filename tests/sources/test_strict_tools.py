"""Tools in strict mode: what is sent by OpenAI's rules, and what a null in a call stands for."""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import partial
from inspect import Parameter, Signature
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given, settings, strategies as st
from pydantic import BaseModel, Field, TypeAdapter
from typing_extensions import TypedDict

import streamkit as sk
from streamkit import testing

Schema = dict[str, Any]

# Keywords by the section "Supported schemas" of OpenAI's guide "Structured Outputs".
ABOUT = {"description", "title", "$defs"}
OF_TYPE = {
    "string": {"pattern", "format"},
    "number": {"multipleOf", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum"},
    "integer": {"multipleOf", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum"},
    "boolean": set(),
    "null": set(),
    "array": {"items", "minItems", "maxItems"},
    "object": {"properties", "required", "additionalProperties"},
}
FORMATS = {"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"}


def check_schema(root: Schema) -> None:
    """AssertionError for a schema that OpenAI's strict mode refuses."""
    assert root["type"] == "object"
    assert "anyOf" not in root
    check_node(root, root, 1)
    for node in root.get("$defs", {}).values():
        check_node(node, root, 1)


def check_node(node: Schema, root: Schema, depth: int) -> None:
    assert depth <= 10
    if "$ref" in node:
        assert node.keys() == {"$ref"}
        assert node["$ref"].removeprefix("#/$defs/") in root["$defs"]
        return
    if "anyOf" in node:
        assert node.keys() <= {"anyOf", *ABOUT}
        for child in node["anyOf"]:
            check_node(child, root, depth)
        return
    kinds = node["type"] if isinstance(node["type"], list) else [node["type"]]
    known = {"type", "enum", "const", *ABOUT}.union(*(OF_TYPE[kind] for kind in kinds))
    assert node.keys() <= known, node
    assert node.get("format", "date") in FORMATS
    assert "(?=" not in node.get("pattern", "")
    assert "(?!" not in node.get("pattern", "")
    if "object" in kinds:
        assert node["additionalProperties"] is False
        assert sorted(node["required"]) == sorted(node["properties"])
        for child in node["properties"].values():
            check_node(child, root, depth + 1)
    if "array" in kinds:
        check_node(node["items"], root, depth + 1)


def fits(value: Any, node: Schema, root: Schema) -> bool:
    """True if strict mode lets a model write ``value``: the part of JSON Schema that `check_schema` knows."""
    if "$ref" in node:
        return fits(value, root["$defs"][node["$ref"].removeprefix("#/$defs/")], root)
    if "anyOf" in node:
        return any(fits(value, child, root) for child in node["anyOf"])
    if value not in node.get("enum", [value]) or value != node.get("const", value):
        return False
    kinds = node["type"] if isinstance(node["type"], list) else [node["type"]]
    if isinstance(value, dict):
        inner = node.get("properties", {})
        return (
            "object" in kinds
            and value.keys() == inner.keys()
            and all(fits(item, inner[name], root) for name, item in value.items())
        )
    if isinstance(value, list):
        return "array" in kinds and all(fits(item, node["items"], root) for item in value)
    is_of = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}[type(value)]
    return is_of in kinds or (is_of == "integer" and "number" in kinds)


# -- functions ---------------------------------------------------------------------------------------------------------


class Mood(enum.Enum):
    GOOD = "good"
    BAD = "bad"


class Line(BaseModel):
    sku: str = Field(pattern="^[A-Z]+$", max_length=4)
    count: int = Field(1, ge=1, description="how many")


class Order(BaseModel):
    """An order."""

    lines: list[Line] = Field(default_factory=list)
    due: date | None = None
    mood: Mood = Mood.GOOD


@dataclass
class Node:
    name: str
    inner: list[Node] = field(default_factory=list)


class Size(TypedDict, total=False):
    wide: bool


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int = 9


class Dog(BaseModel):
    kind: Literal["dog"]
    lives: int = 1


class Bird(BaseModel):
    kind: Literal["bird"]
    lives: int | None


class Named(BaseModel):
    name: str


Pet = Annotated[Cat | Dog, Field(discriminator="kind")]


def weather(
    city: Annotated[str, Field(description="in English")], days: int = 3, *, unit: Literal["C", "F"] = "C"
) -> str:
    """The weather."""
    return f"{city} {days} {unit}"


def sent(tool: Any, api: str = "chat") -> dict[str, Any]:
    with testing.client("{}", api=api) as client:
        sk.run(client.chat("?", tools=[tool]))
        (entry,) = client.requests[0].body["tools"]
        return dict(entry)


def strict_schema(function: Any) -> Schema:
    entry = sent(sk.strict_tool(function))["function"]
    assert entry["strict"] is True
    schema: Schema = entry["parameters"]
    check_schema(schema)
    return schema


def called(tool: Any, arguments: Any, api: str = "chat") -> Any:
    """The result of ``tool`` when a model calls it with ``arguments``, through a tool loop."""
    results: list[sk.ToolResult] = []
    with testing.client(testing.Script(tool_calls=[("tool", arguments)]), "done", api=api) as client:
        loop = sk.tool_loop(client.chat, "?", {"tool": tool})
        sk.run(loop, lambda event: results.append(event) if isinstance(event, sk.ToolResult) else None)
        sent_tools = json.dumps(client.requests[0].body["tools"])
    assert '"strict": true' in sent_tools
    assert results[0].error is None, results[0].error
    return results[0].value


def test_each_api_that_has_strict_tools_is_sent_one():
    tool = sk.strict_tool(weather)
    parameters = {
        "type": "object",
        "additionalProperties": False,
        "required": ["city", "days", "unit"],
        "properties": {
            "city": {"type": "string", "description": "in English"},
            "days": {"anyOf": [{"type": "integer"}, {"type": "null"}], "description": "(null is the default, 3)"},
            "unit": {
                "anyOf": [{"type": "string", "enum": ["C", "F"]}, {"type": "null"}],
                "description": '(null is the default, "C")',
            },
        },
    }
    named = {"name": "weather", "description": "The weather.", "strict": True}
    assert sent(tool) == {"type": "function", "function": {**named, "parameters": parameters}}
    assert sent(tool, "responses") == {"type": "function", **named, "parameters": parameters}
    assert sent(tool, "anthropic") == {**named, "input_schema": parameters}
    check_schema(parameters)


@pytest.mark.parametrize("api", ["gemini", "ollama"])
def test_an_api_without_strict_tools_says_so(api: str):
    with sk.Client(api=api, api_key="k", model="m") as client, pytest.raises(ValueError, match="has no strict tools"):
        client.chat("?", tools=[sk.strict_tool(weather)])


def test_nothing_is_strict_without_being_asked():
    assert "strict" not in sent(weather)["function"]
    assert sent(weather, "responses")["strict"] is False
    assert "strict" not in sent(weather, "anthropic")


# -- nulls -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("api", ["chat", "anthropic"])
def test_a_null_is_the_default_of_a_parameter(api: str):
    tool = sk.strict_tool(weather)
    assert called(tool, {"city": "Bern", "days": None, "unit": None}, api) == weather("Bern")
    assert called(tool, {"city": "Bern", "days": 5, "unit": "F"}, api) == weather("Bern", 5, unit="F")
    assert called(tool, {"city": "Bern"}, api) == weather("Bern")


def test_a_null_that_a_required_parameter_may_be_stays():
    def show(a: int | None, b: int | None = None, c: str | None = "c") -> list[Any]:
        return [a, b, c]

    assert called(sk.strict_tool(show), {"a": None, "b": None, "c": None}) == [None, None, "c"]


def test_a_null_is_the_default_of_a_field_of_a_model_at_any_depth():
    def keep(order: Order, others: list[Order] = []) -> Any:  # noqa: B006
        return [order.model_dump(mode="json"), *(one.model_dump(mode="json") for one in others)]

    line = {"sku": "A", "count": None}
    order = {"lines": [line, {"sku": "B", "count": 2}], "due": None, "mood": None}
    full = {"lines": [{"sku": "A", "count": 1}, {"sku": "B", "count": 2}], "due": None, "mood": "good"}
    empty = {"lines": [], "due": None, "mood": "good"}
    tool = sk.strict_tool(keep)
    check_schema(strict_schema(keep))
    assert called(tool, {"order": order, "others": None}) == [full]
    assert called(tool, {"order": order, "others": [{"lines": None, "due": None, "mood": None}]}) == [full, empty]


def test_a_null_is_the_default_of_the_kind_that_fits():
    def adopt(pet: Cat | Dog | Bird, tree: Node, size: Size) -> Any:
        return [pet.lives, tree.inner[0].inner, size]

    leaf = {"name": "leaf", "inner": None}
    arguments = {"tree": {"name": "root", "inner": [leaf]}, "size": {"wide": None}}
    tool = sk.strict_tool(adopt)
    assert called(tool, {"pet": {"kind": "dog", "lives": None}, **arguments}) == [1, [], {}]
    assert called(tool, {"pet": {"kind": "cat", "lives": None}, **arguments}) == [9, [], {}]
    assert called(tool, {"pet": {"kind": "bird", "lives": None}, **arguments}) == [None, [], {}]


def test_a_model_as_a_tool():
    schema = strict_schema(Order)
    assert schema["required"] == ["lines", "due", "mood"]
    value = called(sk.strict_tool(Order), {"lines": None, "due": None, "mood": None})
    assert value == Order()


def test_a_partial_of_a_strict_tool_is_strict_and_so_is_a_strict_partial():
    tool = sk.strict_tool(weather)
    for bound in (
        partial(tool, unit="F"),
        sk.strict_tool(partial(weather, unit="F")),
        sk.strict_tool(partial(tool, unit="F")),
    ):
        entry = sent(bound)["function"]
        assert (entry["name"], entry["strict"], entry["parameters"]["required"]) == ("weather", True, ["city", "days"])
        check_schema(entry["parameters"])
        assert called(bound, {"city": "Bern", "days": None}) == weather("Bern", unit="F")


def test_a_tool_that_is_strict_in_the_request_only_is_told():
    client, tool = testing.client("{}"), sk.strict_tool(weather)
    with pytest.raises(ValueError, match="strict tools that the tool loop has as plain functions: weather"):
        sk.tool_loop(partial(client.chat, tools=[tool]), "?", [weather])
    assert sk.run(sk.tool_loop(partial(client.chat, tools=[tool]), "?", [tool])).rounds == 1
    assert sk.run(sk.tool_loop(partial(client.chat, tools=[weather]), "?", [tool])).rounds == 1


async def later(city: str, days: int = 2) -> str:
    return f"{city} {days}"


def test_an_async_tool_is_awaited_and_a_strict_tool_is_called_as_the_function():
    assert called(sk.strict_tool(later), {"city": "Bern", "days": None}) == "Bern 2"
    assert sk.strict_tool(weather)("Bern", unit="F") == weather("Bern", unit="F")
    assert sk.strict_tool(sk.strict_tool(weather)).function is weather


# -- what cannot be strict ---------------------------------------------------------------------------------------------


def any_keys(counts: dict[str, int]) -> None: ...
def any_object(thing: dict[str, Any]) -> None: ...
def any_value(thing: Any) -> None: ...
def unknown(thing) -> None: ...  # type: ignore[no-untyped-def]
def any_list(things: list) -> None: ...  # type: ignore[type-arg]
def pair(both: tuple[int, str]) -> None: ...
def more(**others: int) -> None: ...
def by_place(one: int, /) -> None: ...


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (any_keys, "any keys"), (any_object, "any keys"), (any_value, "any type"), (unknown, "any type"),
        (any_list, "any type"), (pair, "tuples"), (more, "by name"), (by_place, "by name"),
    ],
)  # fmt: skip
def test_what_cannot_be_strict_is_told_where_it_is_asked_for(function: Any, told: str):
    with pytest.raises(ValueError, match=f"{function.__name__} cannot be a strict tool: .*{told}"):
        sk.strict_tool(function)


@pytest.mark.parametrize("thing", [5, None, {"type": "function"}, lambda x: x])
def test_what_is_not_a_named_function_is_a_type_error(thing: Any):
    with pytest.raises(TypeError):
        sk.strict_tool(thing)


# -- any signature -----------------------------------------------------------------------------------------------------

SIMPLE: list[tuple[Any, st.SearchStrategy[Any]]] = [
    (int, st.integers(-9, 9)), (str, st.text(max_size=3)), (bool, st.booleans()),
    (Mood, st.sampled_from(["good", "bad"])), (Literal["a", 2], st.sampled_from(["a", 2])),
    (date, st.just("2026-01-02")), (Decimal, st.just("1.5")),
    (Annotated[int, Field(ge=-9, description="n")], st.integers(-9, 9)),
    (Annotated[str, Field(max_length=3, examples=["x"])], st.text(max_size=3)),
    (Named, st.fixed_dictionaries({"name": st.text(max_size=3)})),
    (Line, st.fixed_dictionaries({"sku": st.just("A"), "count": st.one_of(st.none(), st.integers(1, 9))})),
    (Pet, st.fixed_dictionaries({"kind": st.sampled_from(["cat", "dog"]), "lives": st.one_of(st.none(), st.just(3))})),
]  # fmt: skip


def listed(kind: tuple[Any, st.SearchStrategy[Any]]) -> tuple[Any, st.SearchStrategy[Any]]:
    return list[kind[0]], st.lists(kind[1], max_size=2)


def nullable(kind: tuple[Any, st.SearchStrategy[Any]]) -> tuple[Any, st.SearchStrategy[Any]]:
    return kind[0] | None, st.one_of(st.none(), kind[1])


KINDS = st.recursive(
    st.sampled_from(SIMPLE),
    lambda inner: st.one_of(inner.map(listed), inner.filter(lambda kind: kind[0] is not Pet).map(nullable)),
    max_leaves=3,
)
OWN = "the default"


@pytest.mark.slow
@given(st.lists(st.tuples(KINDS, st.booleans()), max_size=4), st.data())
@settings(max_examples=150, deadline=None)
def test_what_strict_mode_lets_a_model_write_comes_to_the_function_as_it_is_meant(
    parameters: list[tuple[tuple[Any, st.SearchStrategy[Any]], bool]], data: st.DataObject
):
    got: dict[str, Any] = {}

    def function(**given: Any) -> str:
        got.update(given)
        return "done"

    names = [f"p{number}" for number in range(len(parameters))]
    function.__signature__ = Signature(  # type: ignore[attr-defined]
        [
            Parameter(name, Parameter.KEYWORD_ONLY, annotation=kind, default=OWN if optional else Parameter.empty)
            for name, ((kind, _), optional) in zip(names, parameters, strict=True)
        ]
    )
    function.__annotations__ = {name: kind for name, ((kind, _), _) in zip(names, parameters, strict=True)}
    schema = strict_schema(function)
    written: dict[str, Any] = {}
    for name, ((_, values), optional) in zip(names, parameters, strict=True):
        written[name] = data.draw(st.one_of(st.none(), values) if optional else values)
    assert fits(written, schema, schema), (written, schema)
    assert called(sk.strict_tool(function), written) == "done"
    for name, ((kind, _), optional) in zip(names, parameters, strict=True):
        if optional and written[name] is None:
            assert got.get(name, OWN) == OWN
        else:
            assert got[name] == TypeAdapter(kind).validate_python(without_null(written[name]))


def without_null(value: Any) -> Any:
    """``value`` without the nulls of the models above: in each of them a null stands for a default."""
    if isinstance(value, list):
        return [without_null(item) for item in value]
    if isinstance(value, Mapping):
        return {name: without_null(item) for name, item in value.items() if item is not None}
    return value
