"""What requests carry for functions and models, and how the answers are read by the same."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Annotated, Any, Literal

import pytest
from openai.lib._pydantic import to_strict_json_schema
from pydantic import BaseModel, ConfigDict, Field, RootModel
from typing_extensions import TypedDict

import streamkit as sk
from streamkit import testing


class Mood(enum.Enum):
    GOOD = "good"
    BAD = "bad"


class Line(BaseModel):
    """One line of an order."""

    sku: str = Field(pattern="^[A-Z]+$")
    count: int = Field(1, ge=1, description="how many")


class Order(BaseModel):
    """An order.

    Nobody but us reads this.
    """

    lines: list[Line]
    due: date | None = None
    mood: Mood = Field(Mood.GOOD, description="of the customer")
    first: Line | None = None


class Cat(BaseModel):
    kind: Literal["cat"]


class Dog(BaseModel):
    kind: Literal["dog"]
    friends: list[Cat | Dog] = []


class Pet(BaseModel):
    pet: Cat | Dog = Field(discriminator="kind")


@dataclass
class Point:
    x: int
    y: int = 0


class Options(TypedDict, total=False):
    wide: bool


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")
    counts: dict[str, int]


class Pair(BaseModel):
    pair: tuple[int, str]


def weather(
    city: Annotated[str, Field(description="in English")], days: int = 3, *, unit: Literal["C", "F"] = "C"
) -> str:
    """The weather
    of a city.

    Not for the model.
    """
    return f"{city} {days} {unit}"


WEATHER = {
    "name": "weather",
    "description": "The weather of a city.",
    "parameters": {
        "type": "object",
        "additionalProperties": False,
        "required": ["city"],
        "properties": {
            "city": {"type": "string", "description": "in English"},
            "days": {"type": "integer", "default": 3},
            "unit": {"type": "string", "enum": ["C", "F"], "default": "C"},
        },
    },
}


def sent(api: str = "chat", **params: Any) -> dict[str, Any]:
    """The body of the request that a client really makes."""
    with testing.client("{}") as client:
        method: Any = client.chat if api == "chat" else client.respond
        sk.run(method("?", **params))
        body: dict[str, Any] = client.requests[0].body
        return body


def test_functions_as_tools():
    own = {"type": "web_search"}
    body = sent(tools=[weather, own], tool_choice=weather)
    assert body["tools"] == [{"type": "function", "function": WEATHER}, own]
    assert body["tool_choice"] == {"type": "function", "function": {"name": "weather"}}


def test_the_responses_api_has_them_flat():
    body = sent("responses", tools=[weather], tool_choice=weather, response_format=Point, text={"verbosity": "low"})
    assert body["tools"] == [{"type": "function", **WEATHER, "strict": False}]
    assert body["tool_choice"] == {"type": "function", "name": "weather"}
    assert "response_format" not in body
    assert body["text"]["verbosity"] == "low"
    form = body["text"]["format"]
    assert (form["type"], form["name"], form["strict"]) == ("json_schema", "Point", True)
    nested = {"type": "json_schema", "json_schema": {"name": "x", "schema": {}}}
    assert sent("responses", response_format=nested)["text"] == {
        "format": {"type": "json_schema", "name": "x", "schema": {}}
    }


class Shop:
    """A shop."""

    def __call__(self, order: Order) -> None: ...

    def close(self, day: date) -> None:
        """Closes it."""


async def later() -> None: ...


@pytest.mark.parametrize(
    ("tool", "name", "description", "properties"),
    [
        (Order, "Order", "An order.", ["lines", "due", "mood", "first"]),
        (Point, "Point", None, ["x", "y"]),
        (Shop(), "Shop", "A shop.", ["order"]),
        (Shop().close, "close", "Closes it.", ["day"]),
        (partial(weather, unit="F"), "weather", "The weather of a city.", ["city", "days"]),
        (later, "later", None, []),
    ],
)
def test_what_may_be_a_tool(tool, name, description, properties):
    (entry,) = sent(tools=[tool])["tools"]
    function = entry["function"]
    assert (function["name"], function.get("description")) == (name, description)
    assert list(function["parameters"]["properties"]) == properties


def test_names_hold_only_what_servers_take():
    def größe(): ...

    größe.__name__ = "größe der Stadt" + "!" * 80
    assert sent(tools=[größe])["tools"][0]["function"]["name"] == "gr_e_der_Stadt"


@pytest.mark.parametrize("model", [Order, Pet, Dog, Point, Options])
def test_a_model_as_response_format_is_strict(model):
    form = sent(response_format=model)["response_format"]
    assert form["type"] == "json_schema"
    told = form["json_schema"]
    assert (told["name"], told["strict"]) == (model.__name__, True)
    schema = told["schema"]
    assert schema["type"] == "object"
    for node in objects(schema):
        assert node["additionalProperties"] is False
        assert node["required"] == list(node["properties"])
    assert not {"default", "discriminator", "oneOf", "title", "uniqueItems"} & set(keywords(schema))
    assert all(len(node) == 1 for node in objects(schema, "$ref"))


def test_it_is_what_the_official_library_sends():
    ours = sent(response_format=Order)["response_format"]["json_schema"]["schema"]
    theirs = to_strict_json_schema(Order)
    assert resolved(ours, ours) == resolved(untitled(theirs), theirs)


def objects(node: Any, having: str = "properties") -> list[dict[str, Any]]:
    inner = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    found = [item for child in inner for item in objects(child, having)]
    return [node, *found] if isinstance(node, dict) and having in node else found


def keywords(node: Any) -> list[str]:
    """Names in a schema but for those of its properties."""
    if isinstance(node, list):
        return [name for child in node for name in keywords(child)]
    if not isinstance(node, dict):
        return []
    inner = [c for name in node for c in (node[name].values() if name in ("properties", "$defs") else [node[name]])]
    return [*node, *keywords(inner)]


def untitled(node: Any) -> Any:
    if isinstance(node, list):
        return [untitled(child) for child in node]
    if isinstance(node, dict):
        return {name: untitled(child) for name, child in node.items() if name not in ("title", "default")}
    return node


def resolved(node: Any, root: dict[str, Any]) -> Any:
    """A schema without references, so that it does not matter which of them are written out."""
    if isinstance(node, list):
        return [resolved(child, root) for child in node]
    if not isinstance(node, dict):
        return node
    if "anyOf" in node and len(node["anyOf"]) == 1:
        node = {**{name: child for name, child in node.items() if name != "anyOf"}, **node["anyOf"][0]}
    if "$ref" in node:
        target = untitled(root["$defs"][node["$ref"].rpartition("/")[2]])
        node = {**target, **{name: child for name, child in node.items() if name != "$ref"}}
    return {name: resolved(child, root) for name, child in node.items() if name != "$defs"}


@pytest.mark.parametrize("model", [Open, Pair])
def test_what_strict_mode_cannot_say_is_not_strict(model):
    told = sent(response_format=model)["response_format"]["json_schema"]
    assert told["strict"] is False


def test_dicts_pass_unchanged():
    assert sent(response_format={"type": "json_object"})["response_format"] == {"type": "json_object"}
    assert sent(tool_choice="auto", tools=[{"type": "function"}])["tool_choice"] == "auto"


def star(*cities: str) -> None: ...
def keywords_only(**cities: str) -> None: ...
def positional(city: str, /) -> None: ...
def unknown(city: Shop) -> None: ...


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"tools": weather}, "list of functions"),
        ({"tools": {"a": 1}}, "list of functions"),
        ({"tools": ["weather"]}, "a function, a model or a dict"),
        ({"tools": [lambda city: city]}, "use def"),
        ({"tools": [star]}, r"by name, but star has the parameter \*cities"),
        ({"tools": [keywords_only]}, r"the parameter \*\*cities"),
        ({"tools": [positional]}, "the parameter city"),
        ({"tools": [unknown]}, "no schema for .*; or write its schema yourself: {'type': 'function'"),
        ({"tools": {"a": weather}.values()}, r"write tools=list\(...\)"),
        ({"tools": (one for one in [weather])}, r"write tools=list\(...\)"),
        ({"tools": [int]}, "not an object"),
        ({"response_format": list[int]}, "put list.* into a field"),
        ({"response_format": RootModel[list[int]]}, "into a field"),
        ({"response_format": Shop}, "no schema for"),
    ],
)
def test_a_mistake_is_told_when_the_call_is_made(params, told):
    client = testing.client("x")
    with pytest.raises(TypeError, match=told) as caught:
        client.chat("?", **params)
    assert "\n" not in str(caught.value)
    with pytest.raises(TypeError, match=told):
        client.respond("?", **params)
    assert client.requests == []


# -- reading the answers -----------------------------------------------------------------------------------------------

ORDER = '{"lines": [{"sku": "A", "count": 2}], "due": "2024-05-06", "mood": "bad", "first": null}'


@pytest.mark.parametrize("text", [ORDER, f"Here it is:\n```json\n{ORDER}\n```\nEnjoy!", f" {ORDER}\n"])
def test_a_reply_is_read_by_its_model(text):
    with testing.client(text) as client:
        order = sk.run(client.chat("?", response_format=Order)).parse(Order)
    assert order == Order(lines=[Line(sku="A", count=2)], due=date(2024, 5, 6), mood=Mood.BAD)
    assert type(order.mood) is Mood


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("I would rather not.", "not valid"),
        (ORDER[:-9], "not valid"),
        ('{"lines": [{"sku": "a"}]}', r"lines\.0\.sku: String should match"),
        ("[" * 5000, "not valid"),
    ],
)
def test_a_reply_that_does_not_fit_is_an_error_with_the_reply(text, told):
    with testing.client([text]) as client:
        reply = sk.run(client.chat("?"))
    with pytest.raises(sk.MalformedError, match=told) as caught:
        reply.parse(Order)
    assert caught.value.partial.text == text


def test_arguments_are_read_by_the_model_of_their_tool():
    calls = [("Order", ORDER), ("later", ""), ("Order", "{}")]
    with testing.client(testing.Script(tool_calls=calls)) as client:
        order, empty, wrong = sk.run(client.chat("?", tools=[Order, later])).tool_calls
    assert order.args(Order).due == date(2024, 5, 6)
    assert order.args()["mood"] == "bad"
    assert empty.args() == {}
    with pytest.raises(sk.MalformedError, match=r"arguments of tool 'Order'.*lines: Field required"):
        wrong.args(Order)


def test_the_tools_of_a_request_are_those_of_the_loop():
    def größe(of: Point) -> int:
        return of.x * of.y

    tools = [größe, weather]
    name = "gr_e"
    with testing.client(testing.Script(tool_calls=[(name, '{"of": {"x": 6, "y": 7}}')]), "42") as client:
        reply = sk.run(sk.tool_loop(lambda messages: client.chat(messages, tools=tools), "?", tools))
        assert client.requests[0].body["tools"][0]["function"]["name"] == name
        assert reply.messages[1]["content"] == "42"
