"""What a model is told of the parameters of tools, and what it may give."""

from __future__ import annotations

import builtins
import functools
import threading
from collections.abc import Callable
from datetime import date
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Any
from unittest.mock import AsyncMock, Mock

import pydantic
import pytest

import streamkit as sk
from streamkit import testing

if TYPE_CHECKING:
    from decimal import Decimal as Amount
    from fractions import Fraction as Result


class Db:
    """Of which there is no schema, and no copy."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self) -> None:
        self.lock = threading.Lock()


DB = Db()


def search(query: str, when: date = date(2024, 5, 6), *, api_key: str = "") -> str:
    """Looks it up."""
    return f"{query} {when!r} {api_key}"


async def later(query: str, api_key: str) -> str:
    return f"{query} {api_key}"


def positional(api_key: str, query: str) -> str:
    return f"{query} {api_key}"


def with_db(db: Db, query: str, when: date | None = None) -> str:
    assert db is DB
    return f"{query} {when!r}"


class Shop:
    def search(self, api_key: str, query: str) -> str:
        return f"{query} {api_key}"


class Bound:
    __call__ = staticmethod(partial(search, api_key="SECRET"))  # bare, Python 3.13 warns of it


@functools.wraps(partial(search, api_key="SECRET"))
def decorated(*args: Any, **arguments: Any) -> str:
    return search(*args, **arguments, api_key="SECRET")


def looped(tool: Any, arguments: dict[str, Any]) -> tuple[dict[str, Any], sk.ToolResult]:
    """What the model is told of the parameters of a tool, and what a call with ``arguments`` gives."""
    client = testing.client(testing.Script(tool_calls=[("look", arguments)]), "Fine.")
    (result,) = (e for e in sk.tool_loop(client.chat, "?", {"look": tool}) if isinstance(e, sk.ToolResult))
    assert "SECRET" not in str(client.requests[0].body)
    return client.requests[0].body["tools"][0]["function"]["parameters"], result


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "streamkit"]


BOUND: list[Callable[..., Any]] = [
    partial(search, api_key="SECRET"),
    partial(partial(search, when=date(2024, 5, 6)), api_key="SECRET"),
    partial(later, api_key="SECRET"),
    partial(positional, "SECRET"),
    partial(Shop().search, "SECRET"),
    functools.update_wrapper(partial(search, api_key="SECRET"), search),
    pydantic.validate_call(partial(search, api_key="SECRET")),
    decorated,
    Bound(),
]


@pytest.mark.parametrize("tool", BOUND)
def test_what_a_partial_gives_is_no_business_of_the_model(tool: Any, caplog: pytest.LogCaptureFixture):
    described, result = looped(tool, {"query": "Oslo"})
    assert "api_key" not in described["properties"]
    assert described["required"] == ["query"]
    assert described["additionalProperties"] is False
    assert result.error is None
    assert result.value.startswith("Oslo")
    assert result.value.endswith(" SECRET")
    _, result = looped(tool, {"query": "Oslo", "api_key": "mine"})
    assert result.error == "the arguments do not fit: api_key: Unexpected keyword argument"
    with testing.client("Fine.") as client:
        sk.run(client.chat("?", tools=[tool]))
        assert "SECRET" not in str(client.requests[0].body)
        assert "api_key" not in str(client.requests[0].body)
    assert told(caplog) == []


@pytest.mark.parametrize("tool", [partial(with_db, DB), partial(with_db, db=DB)])
def test_what_a_partial_gives_needs_no_schema(tool: Any, caplog: pytest.LogCaptureFixture):
    described, result = looped(tool, {"query": "Oslo", "when": "2024-05-06"})
    assert list(described["properties"]) == ["query", "when"]
    assert result.value == "Oslo datetime.date(2024, 5, 6)"
    assert told(caplog) == []


def test_a_default_that_pydantic_holds_is_the_tool_s_with_a_partial_too():
    def field(query: str, key: str, days: int = pydantic.Field(3, description="ahead")) -> list[Any]:
        return [query, key, days]

    described, result = looped(partial(field, key="SECRET"), {"query": "Oslo"})
    assert described["properties"]["days"] == {"type": "integer", "default": 3, "description": "ahead"}
    assert result.value == ["Oslo", "SECRET", 3]


class Color(Enum):
    RED = "red"


def test_what_can_be_told_of_a_tool_is_told_without_a_word(caplog: pytest.LogCaptureFixture):
    class Local(Enum):
        BLUE = "blue"

    def by_result(color: Color) -> Result:  # a name for checkers only
        return color.name  # type: ignore[return-value]

    def by_local(color: Local) -> str:
        return Local(color).name

    def own_db(color: Color, db: Db = DB) -> str:
        assert db is DB
        return color.name

    for tool, name in ((by_result, "RED"), (by_local, "BLUE"), (own_db, "RED")):
        described, result = looped(tool, {"color": name.lower()})
        assert result.value == name
        assert list(described["properties"]) == ["color"]
        assert described["additionalProperties"] is False
        assert "enum" in str(described) or "const" in str(described)
    assert told(caplog) == []


def plain(function: Callable[..., Any]) -> Callable[..., Any]:
    def called(*args: Any, **arguments: Any) -> Any:
        return function(*args, **arguments)

    return called


def any_of_them(**arguments: Any) -> list[str]:
    return list(arguments)


def partly(city: str, amount: Amount, **rest: Any) -> list[Any]:
    return [city, amount, *rest]


class Place:
    def __init__(self, city: str, db: Db) -> None:
        self.city = city

    def __str__(self) -> str:
        return self.city


ODD: list[tuple[Any, dict[str, Any], list[str], Any]] = [
    (plain(search), {"query": "Oslo", "api_key": "k"}, [], "Oslo datetime.date(2024, 5, 6) k"),
    (any_of_them, {"city": "Oslo"}, [], ["city"]),
    (partly, {"city": "Oslo", "amount": 3, "more": 1}, ["city", "amount"], ["Oslo", 3, "more"]),
    (Mock(return_value="fine"), {"city": "Oslo"}, [], "fine"),
    (AsyncMock(return_value="fine"), {"city": "Oslo"}, [], "fine"),
    (builtins.len, {"obj": "Oslo"}, [], None),
    (builtins.max, {"obj": "Oslo"}, [], None),
]


@pytest.mark.parametrize(("tool", "arguments", "properties", "value"), ODD)
def test_a_tool_that_no_schema_describes_is_called_and_the_log_says_what_helps(
    tool: Any, arguments: Any, properties: list[str], value: Any, caplog: pytest.LogCaptureFixture
):
    described, result = looped(tool, arguments)
    assert (described["type"], described["additionalProperties"]) == ("object", True)
    assert list(described.get("properties", {})) == properties
    assert (result.value, result.error is None) == (value, value is not None)
    line = told(caplog)[0]
    assert line.startswith("tool look takes more than can be described to the model")
    assert "functools.partial(client.chat, tools=[{'type': 'function', ...}])" in line


def test_classes_and_builtins_are_tools(caplog: pytest.LogCaptureFixture):
    described, _ = looped(Place, {"city": "Oslo", "db": 1})
    assert described["properties"]["city"] == {"type": "string"}
    described, result = looped(pow, {"base": 2, "exp": 3})
    assert result.value == 8
    assert list(described["properties"]) == ["base", "exp", "mod"]
    assert len(told(caplog)) == 2  # of Place: its `db`, and its objects, which JSON cannot hold; nothing of pow
    assert "tool look gave a Place" in told(caplog)[1]
