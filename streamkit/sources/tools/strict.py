"""Schemas of strict mode, in which a server lets the model write only arguments that fit.

Strict mode wants every object closed and every property required, and knows a part of JSON Schema only (OpenAI's guide
"Structured Outputs", section "Supported schemas"; Anthropic's page "Strict tool use"). A parameter with a default
becomes one that may be null, and null stands for the default; other keywords move into descriptions, where the model
reads them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Generic, ParamSpec, TypeVar

__all__ = ["StrictTool", "closed", "nodes", "strict_parameters", "without_nulls"]

P = ParamSpec("P")
R = TypeVar("R")
Schema = dict[str, Any]

NOT_STRICT = frozenset({"default", "discriminator", "oneOf", "uniqueItems"})
KNOWN = frozenset({
    "$defs", "$ref", "additionalProperties", "anyOf", "const", "description", "enum", "exclusiveMaximum",
    "exclusiveMinimum", "items", "maxItems", "maximum", "minItems", "minimum", "multipleOf", "properties", "required",
    "type",
})  # fmt: skip
"""Keywords of strict mode."""
FORMATS = frozenset({"date", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "time", "uuid"})
LOOKS_AROUND = re.compile(r"\(\?<?[=!]")
"""What a pattern of strict mode must not have."""
UNUSED = frozenset({"$comment", "$id", "$schema", "discriminator", "title"})
"""Keywords that do not concern the arguments."""
REFUSED = ("allOf", "contains", "dependentRequired", "dependentSchemas", "else", "if", "not", "patternProperties",
           "prefixItems", "then", "unevaluatedProperties")  # fmt: skip
"""Keywords that a description cannot replace."""
TYPES: Mapping[type, str] = {
    str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null", list: "array", dict: "object",
}  # fmt: skip
NULL: Schema = {"type": "null"}


class StrictTool(Generic[P, R]):
    """A tool whose calls fit its parameters: see `strict_tool`. It can be called as the ``function`` itself."""

    def __init__(self, function: Callable[P, R], name: str, parameters: Schema) -> None:
        self.function = function
        self.parameters = parameters
        """Their schema as it is without strict mode."""
        self.__name__ = name
        self.__doc__ = function.__doc__

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.function(*args, **kwargs)


def nodes(node: Any) -> Iterator[Schema]:
    """Every schema within a schema. A property may have the name of a keyword, so only schema positions are visited."""
    if not isinstance(node, dict):
        return
    yield node
    for name in ("properties", "$defs"):
        for child in node.get(name, {}).values():
            yield from nodes(child)
    for name in ("anyOf", "oneOf", "allOf", "prefixItems"):
        for child in node.get(name, ()):
            yield from nodes(child)
    for name in ("items", "additionalProperties"):
        yield from nodes(node.get(name))


def closed(schema: Any) -> Any:
    """``schema`` in the form of strict mode. Defaults are removed: servers refuse them, and every field is required."""
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema and len(schema) > 1:  # a reference must stand alone
        schema = {**schema, "anyOf": [{"$ref": schema["$ref"]}]}
        del schema["$ref"]
    out = {name: value for name, value in schema.items() if name not in NOT_STRICT}
    for name in ("properties", "$defs"):
        if name in out:
            out[name] = {key: closed(child) for key, child in out[name].items()}
    if "oneOf" in schema:
        out["anyOf"] = schema["oneOf"]
    for name in ("anyOf", "allOf"):
        if name in out:
            out[name] = [closed(child) for child in out[name]]
    if "items" in out:
        out["items"] = closed(out["items"])
    if out.get("type") == "object":
        out["additionalProperties"] = False
        out["required"] = list(out.get("properties", ()))
    return out


# -- parameters of tools -----------------------------------------------------------------------------------------------


def strict_parameters(schema: Schema) -> Schema:
    """The schema of a tool's parameters for strict mode. ValueError for one that strict mode cannot express."""
    for node in nodes(schema):
        if reason := _why_not(node):
            raise ValueError(reason)
    out: Schema = closed(_nullable(schema))
    return {"properties": {}, "required": [], **out}


def _why_not(node: Schema) -> str:
    if node.get("additionalProperties") not in (None, False):
        return "strict mode has no objects of any keys, such as dict[str, int]: list the keys in a model"
    if node.get("type") == "object" and "properties" not in node and node.get("additionalProperties") is None:
        return "strict mode has no objects of any keys: list the keys in a model"
    if odd := [name for name in REFUSED if name in node]:
        tuples = ", which tuples have" if "prefixItems" in odd else ""
        return f"strict mode does not have {odd[0]} in a schema{tuples}: write a type without it"
    is_typed = not node.keys().isdisjoint(("$ref", "anyOf", "const", "enum", "oneOf", "type"))
    if not is_typed or (node.get("type") == "array" and "items" not in node):
        return "strict mode has no values of any type: annotate each parameter with its type, not with Any or list"
    return ""


def _nullable(schema: Schema) -> Schema:
    """``schema`` with null allowed for each property that may be missing, and without unknown keywords."""
    out = {name: value for name, value in schema.items() if _is_known(name, value)}
    rest = {name: value for name, value in schema.items() if name not in out and name not in UNUSED}
    if "oneOf" in rest:
        out["anyOf"] = rest.pop("oneOf")
    for name in ("properties", "$defs"):
        if name in out:
            out[name] = {key: _nullable(child) for key, child in out[name].items()}
    if "anyOf" in out:
        out["anyOf"] = [_nullable(child) for child in out["anyOf"]]
    if "items" in out:
        out["items"] = _nullable(out["items"])
    if out.keys().isdisjoint(("$ref", "anyOf", "type")):
        kinds = dict.fromkeys(TYPES[type(value)] for value in out.get("enum", [out.get("const")]))
        out["type"] = [*kinds] if len(kinds) > 1 else next(iter(kinds))
    default = rest.pop("default", None)
    more = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in rest.items()]
    if default is not None:
        more.append(f"null is the default, {json.dumps(default, ensure_ascii=False)}")
    if more:
        out["description"] = "\n\n".join(filter(None, (schema.get("description"), f"({'; '.join(more)})")))
    required = schema.get("required", ())
    for name, child in out.get("properties", {}).items():
        if name not in required:
            out["properties"][name] = _or_null(child)
    return out


def _is_known(name: str, value: Any) -> bool:
    if name == "pattern":
        return isinstance(value, str) and not LOOKS_AROUND.search(value)
    return name in KNOWN or (name == "format" and value in FORMATS)


def _or_null(schema: Schema) -> Schema:
    if "enum" in schema and None in schema["enum"]:
        return schema
    if "anyOf" in schema and "$ref" not in schema:
        return schema if NULL in schema["anyOf"] else {**schema, "anyOf": [*schema["anyOf"], NULL]}
    if schema.get("type") == "null" or (isinstance(schema.get("type"), list) and "null" in schema["type"]):
        return schema
    described = {"description": schema["description"]} if "description" in schema else {}
    return {"anyOf": [{name: value for name, value in schema.items() if name != "description"}, NULL], **described}


# -- arguments of calls ------------------------------------------------------------------------------------------------


def without_nulls(value: Any, schema: Schema) -> Any:
    """Arguments without the nulls that stand for defaults. ``schema`` is the one without strict mode."""
    return _without_nulls(value, [schema], schema.get("$defs", {}))


def _without_nulls(value: Any, schemas: list[Schema], defs: Mapping[str, Schema]) -> Any:
    """``value``, which fits one of ``schemas``."""
    kinds = [kind for schema in schemas for kind in _alternatives(schema, defs)]
    if isinstance(value, list):
        items = [kind["items"] for kind in kinds if isinstance(kind.get("items"), dict)]
        return [_without_nulls(item, items, defs) for item in value]
    if not isinstance(value, dict):
        return value
    fitting = [kind for kind in kinds if _fits(value, kind)]
    kept = {}
    for name, item in value.items():
        if item is not None or not _may_miss(name, fitting):
            inner = [one["properties"][name] for one in fitting if name in one["properties"]]
            kept[name] = _without_nulls(item, inner, defs)
    return kept


def _may_miss(name: str, objects: list[Schema]) -> bool:
    """True if a property may be missing in each kind of object that has it."""
    having = [one for one in objects if name in one["properties"]]
    return bool(having) and all(name not in one.get("required", ()) for one in having)


def _alternatives(schema: Schema, defs: Mapping[str, Schema]) -> Iterator[Schema]:
    if "$ref" in schema:
        yield from _alternatives(defs[schema["$ref"].rpartition("/")[2]], defs)
    for name in ("anyOf", "oneOf"):
        for child in schema.get(name, ()):
            yield from _alternatives(child, defs)
    if schema.keys().isdisjoint(("$ref", "anyOf", "oneOf")):
        yield schema


def _fits(value: Mapping[str, Any], schema: Schema) -> bool:
    """True if ``value`` may be an object of this kind: it has no other keys, and the constants fit."""
    properties = schema.get("properties")
    if not isinstance(properties, dict) or not value.keys() <= properties.keys():
        return False
    if not value.keys() >= {*schema.get("required", ())}:
        return False
    return all("const" not in child or value.get(name) == child["const"] for name, child in properties.items())
