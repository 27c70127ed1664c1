"""Function definitions in the notation in which models of OpenAI are shown them: a namespace of TypeScript types.

The notation is not documented; this is the form on which reports of users of these models agree, and which fits
reported usage.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

__all__ = ["as_typescript"]

Schema = Mapping[str, Any]


def as_typescript(tools: Sequence[Mapping[str, Any]]) -> str:
    """The text for ``tools`` of a chat request."""
    lines = ["namespace functions {", ""]
    for tool in tools:
        lines += [*_function(tool.get("function", tool)), ""]
    return "\n".join([*lines, "} // namespace functions"])


def _function(function: Schema) -> Iterator[str]:
    yield from _comment(function.get("description"), "")
    name, fields = function.get("name", ""), list(_fields(function.get("parameters") or {}, ""))
    if not fields:
        yield f"type {name} = () => any;"
        return
    yield f"type {name} = (_: {{"
    yield from fields
    yield "}) => any;"


def _fields(schema: Schema, indent: str) -> Iterator[str]:
    required = schema.get("required") or ()
    for name, field in (schema.get("properties") or {}).items():
        if not isinstance(field, Mapping):
            continue
        yield from _comment(field.get("description"), indent)
        yield f"{indent}{name}{'' if name in required else '?'}: {_type(field, indent)},"


def _comment(text: Any, indent: str) -> Iterator[str]:
    if isinstance(text, str) and text:
        yield from (f"{indent}// {line}" for line in text.splitlines())


def _type(schema: Any, indent: str) -> str:
    if not isinstance(schema, Mapping):
        return "any"
    if isinstance(schema.get("enum"), list):
        return " | ".join(json.dumps(value, ensure_ascii=False) for value in schema["enum"])
    for key in ("anyOf", "oneOf"):
        if isinstance(schema.get(key), list):
            return " | ".join(_type(one, indent) for one in schema[key])
    match schema.get("type"):
        case list() as kinds:
            return " | ".join(_type({**schema, "type": kind}, indent) for kind in kinds)
        case "object":
            fields = list(_fields(schema, indent + "  "))
            return "\n".join(["{", *fields, f"{indent}}}"]) if fields else "object"
        case "array":
            return f"{_type(schema.get('items'), indent)}[]"
        case "integer" | "number":
            return "number"
        case "string" | "boolean" | "null":
            return str(schema["type"])
        case _:
            return "any"
