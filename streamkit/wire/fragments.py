"""Reads one entry of ``tool_calls`` in a chunk into a `Fragment`, in whatever form a server writes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..errors import MalformedError
from .json_codec import dumps, quote_json

__all__ = ["Fragment", "arguments_text", "fragment", "index_of", "legacy_fragment"]

LARGEST_INDEX = 2**31
KNOWN = frozenset({"arguments", "function", "id", "index", "name", "type"})
"""The usual fields of an entry and of its function."""
OPAQUE = ("extra_content", "provider_specific_fields", "thought_signature")
"""Fields of calls that go back: of Google's compatible endpoint, of LiteLLM, and of other gateways to Gemini
(tashfeenahmed/freellmapi #32)."""


@dataclass(slots=True)
class Fragment:
    """A piece of a call; ``free`` if its arguments are the free text of a custom tool and not JSON. ``extra`` has the
    further fields that go back with the call."""

    index: int | None
    id: str
    name: str
    arguments: str
    free: bool = False
    extra: dict[str, Any] | None = None


def fragment(entry: Any) -> Fragment:
    """One entry of ``tool_calls`` as a fragment; raises `MalformedError` for an entry of another shape."""
    if not isinstance(entry, dict):
        raise MalformedError("a tool call that is not an object")
    function = entry.get("function")
    custom = None if function else entry.get("custom")
    name, arguments = _function(custom or function or entry)  # the last one is for servers that leave a level out
    extra = None
    if custom or not KNOWN.issuperset(entry) or (function and not KNOWN.issuperset(function)):
        extra = _extra(entry, function, is_custom=bool(custom))
    return Fragment(index_of(entry.get("index")), _name(entry.get("id")), name, arguments, bool(custom), extra)


def _extra(entry: dict[str, Any], function: Any, *, is_custom: bool) -> dict[str, Any] | None:
    """The fields that go back with the call: its type if it is not the usual one, and those with a signature."""
    extra: dict[str, Any] = {"type": "custom"} if is_custom else {}
    extra |= {name: entry[name] for name in OPAQUE if entry.get(name)}
    inner = {name: function[name] for name in OPAQUE if function.get(name)} if isinstance(function, dict) else {}
    return (extra | {"function": inner} if inner else extra) or None


def legacy_fragment(function: Any) -> Fragment:
    """A ``function_call`` as a fragment. That is the form before ``tool_calls``: one call a choice, without an id."""
    return Fragment(None, "", *_function(function), extra={"type": "function_call"})


def _function(function: Any) -> tuple[str, str]:
    if not isinstance(function, dict):
        raise MalformedError("the function of a tool call is not an object")
    return _name(function.get("name")), arguments_text(function.get("arguments", function.get("input")))


def index_of(value: Any) -> int | None:
    """A number however it is written; None for anything else."""
    if isinstance(value, str) and value.isdecimal() and len(value) < 10:
        return int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return value if is_number and 0 <= value < LARGEST_INDEX else None


def arguments_text(arguments: Any) -> str:
    """``arguments`` as JSON text: some servers send the object itself, or null for nothing."""
    if arguments is None:
        return ""
    if isinstance(arguments, str):
        return arguments
    if isinstance(arguments, (dict, list)):
        return dumps(arguments)
    raise MalformedError(f"arguments of a tool call that are neither text nor object: {quote_json(arguments)}")


def _name(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, int):
        return str(value)
    raise MalformedError("an id or name of a tool call that is not a text")
