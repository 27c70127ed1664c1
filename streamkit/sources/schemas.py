"""Functions and pydantic models as the JSON schemas that a request carries.

A server in strict mode wants every object closed and every property required, and knows only a part of JSON Schema;
pydantic's schemas are brought to that form.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import is_dataclass
from typing import Any, get_origin, get_type_hints

from ..checks import shown
from ..errors import excerpt, one_line

__all__ = ["format_of", "name_of", "tool_of", "with_schemas"]

NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9_-]+")
LONGEST_NAME = 64
NOT_STRICT = frozenset({"default", "discriminator", "oneOf", "uniqueItems"})


def with_schemas(api: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """``params`` with functions and models replaced by what ``api`` takes for them; everything else unchanged.

    The Responses API has tools flat, and the format of its text within ``text``.
    """
    out = dict(params)
    flat = api == "responses"
    if "tools" in out:
        out["tools"] = [_placed(tool, flat) for tool in _listed(out["tools"])]
    if callable(choice := out.get("tool_choice")):
        out["tool_choice"] = _nested({"name": name_of(choice)}, flat)
    if "response_format" in out:
        out["response_format"] = _format(out["response_format"])
        if flat:
            out["text"] = {**out.get("text", {}), "format": _flattened(out.pop("response_format"))}
    return out


def tool_of(tool: Any) -> dict[str, Any]:
    """``name``, ``description`` and ``parameters`` of a function, or of a pydantic model (or dataclass, or TypedDict).

    The description is the first paragraph of the docstring; types, defaults and descriptions of parameters are what
    pydantic makes of the annotations (``Annotated[str, Field(description=...)]``). TypeError for what has no name, no
    schema, or parameters that cannot be given by name.
    """
    named: dict[str, Any] = {"name": name_of(tool)}
    schema = _schema(tool, None if isinstance(tool, type) else _checked)
    if schema.get("type") != "object":
        raise TypeError(f"{one_line(named['name'])} is no tool: its schema is no object")
    schema.pop("description", None)  # a model's docstring: said once
    if text := _first_paragraph(tool):
        named["description"] = text
    return {**named, "parameters": schema}


def format_of(model: Any) -> dict[str, Any]:
    """``name``, ``schema`` and ``strict`` of a pydantic model (or dataclass, or TypedDict) that a reply must fit.

    In strict mode all fields are required: one with a default is asked for all the same, so let it be optional if it
    may be missing (``str | None``). ``strict`` is false only where it cannot be: with objects of any keys
    (``dict[str, int]``) and tuples of several types. TypeError for types that are no object: servers want one at the
    root.
    """
    schema = _schema(model)
    root = _resolved(schema, schema["$ref"]) if "$ref" in schema else schema
    if root.get("type") != "object":
        raise TypeError(f"a response_format is an object: put {model!r} into a field of a model")
    strict = all(
        node.get("additionalProperties") in (None, False) and "prefixItems" not in node for node in _nodes(schema)
    )
    if strict:
        schema = _strict({**root, **{name: value for name, value in schema.items() if name != "$ref"}})
    return {"name": _clean(getattr(model, "__name__", "reply")), "schema": schema, "strict": strict}


FORMATS = (
    "write a pydantic model, {'type': 'json_object'}, or "
    "{'type': 'json_schema', 'json_schema': {'name': ..., 'schema': {...}}}"
)

# -- where they go -----------------------------------------------------------------------------------------------------


def _listed(tools: Any) -> Sequence[Any]:
    if isinstance(tools, (str, Mapping)) or not isinstance(tools, Sequence):
        raise TypeError(f"tools is a list of functions, models and dicts, not {shown(tools)}: write tools=[...]")
    return tools


def _placed(tool: Any, flat: bool) -> Any:
    if isinstance(tool, Mapping):
        return tool
    if not callable(tool):
        raise TypeError(f"a tool is a function, a model or a dict, not {shown(tool)}")
    # What chat completions leave loose by default, the Responses API takes as strict.
    return _nested({**tool_of(tool), "strict": False} if flat else tool_of(tool), flat)


def _nested(function: dict[str, Any], flat: bool) -> dict[str, Any]:
    return {"type": "function", **function} if flat else {"type": "function", "function": function}


def _format(asked: Any) -> Any:
    if asked in (dict, Mapping):
        raise TypeError(f"response_format={asked.__name__} names no fields: {FORMATS}")
    if isinstance(asked, type) or get_origin(asked) is not None:
        return {"type": "json_schema", "json_schema": format_of(asked)}
    if not isinstance(asked, Mapping):
        kind = type(asked).__name__
        if hasattr(asked, "model_dump") or is_dataclass(asked):
            raise TypeError(f"response_format is the class {kind}, not an instance: write response_format={kind}")
        raise TypeError(f"response_format is no {kind}: {FORMATS}")
    if "type" not in asked or asked["type"] == "object":
        raise TypeError(f"response_format says its type, and a JSON schema stands within it: {FORMATS}")
    return asked


def _flattened(asked: Any) -> Any:
    if isinstance(asked, Mapping) and "json_schema" in asked:
        return {"type": "json_schema", **asked["json_schema"]}
    return asked


# -- names and descriptions --------------------------------------------------------------------------------------------


def name_of(tool: Any) -> str:
    """What a model calls ``tool``: its name with nothing but what servers take in one. TypeError for a lambda."""
    if isinstance(tool, functools.partial):
        return name_of(tool.func)
    name = getattr(tool, "__name__", type(tool).__name__)
    if name == "<lambda>":
        raise TypeError("a tool needs a name, which a lambda does not have: use def")
    return _clean(name)


def _clean(name: str) -> str:
    return NOT_IN_A_NAME.sub("_", name).strip("_")[:LONGEST_NAME]


def _first_paragraph(tool: Any) -> str:
    if isinstance(tool, functools.partial):
        return _first_paragraph(tool.func)
    own = vars(tool).get("__doc__") if isinstance(tool, type) else inspect.getdoc(tool)  # a class would inherit one
    paragraph = " ".join(inspect.cleandoc(own or "").partition("\n\n")[0].split())
    made_by_itself = is_dataclass(tool) and isinstance(tool, type) and paragraph.startswith(f"{tool.__name__}(")
    return "" if made_by_itself else paragraph


# -- schemas -----------------------------------------------------------------------------------------------------------


def _checked(tool: Any) -> Callable[..., Any]:
    """The function itself, all of whose parameters can be given by name."""
    function: Any = tool if inspect.isroutine(tool) or isinstance(tool, functools.partial) else tool.__call__
    try:
        parameters = inspect.signature(function).parameters.values()
    except ValueError as exc:
        raise TypeError(f"{tool!r} tells no parameters") from exc
    for parameter in parameters:
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            name = one_line(name_of(tool))
            raise TypeError(f"a model gives arguments by name, but {name} has the parameter {parameter}")
    return _spelled_out(function)


def _spelled_out(function: Any) -> Callable[..., Any]:
    """A function with the same parameters whose annotations are no text: of methods and partials pydantic does not know
    the module, in which to look up names."""
    inner = function.func if isinstance(function, functools.partial) else function
    hints = get_type_hints(inner, include_extras=True)

    def same() -> None: ...

    signature = inspect.signature(function)
    parameters = [p.replace(annotation=hints.get(p.name, p.annotation)) for p in signature.parameters.values()]
    same.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]  # `inspect` looks here
    same.__annotations__ = {name: hint for name, hint in hints.items() if name in signature.parameters}
    return same


def _schema(kind: Any, function: Callable[[Any], Callable[..., Any]] | None = None) -> dict[str, Any]:
    from pydantic import TypeAdapter
    from pydantic.errors import PydanticUserError

    try:
        adapter: Any = TypeAdapter(function(kind) if function else kind)  # type: ignore[arg-type]  # it takes functions
        schema: dict[str, Any] = adapter.json_schema()
    except (PydanticUserError, NameError) as exc:
        raise TypeError(f"there is no schema for {kind!r}: {excerpt(str(exc).partition(chr(10))[0])}") from exc
    for node in _nodes(schema):
        node.pop("title", None)  # pydantic's repeat the names
    return schema


def _nodes(node: Any) -> Iterator[dict[str, Any]]:
    """Every schema within a schema: a property may be called like a keyword, so places count and not names."""
    if not isinstance(node, dict):
        return
    yield node
    for name in ("properties", "$defs"):
        for child in node.get(name, {}).values():
            yield from _nodes(child)
    for name in ("anyOf", "oneOf", "allOf", "prefixItems"):
        for child in node.get(name, ()):
            yield from _nodes(child)
    for name in ("items", "additionalProperties"):
        yield from _nodes(node.get(name))


def _resolved(root: dict[str, Any], ref: str) -> dict[str, Any]:
    found: dict[str, Any] = root["$defs"][ref.rpartition("/")[2]]
    return found


def _strict(schema: Any) -> Any:
    """``schema`` as strict mode wants it. Defaults go: the server does not take them, and nothing may be left out."""
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema and len(schema) > 1:  # a reference must stand alone
        schema = {**schema, "anyOf": [{"$ref": schema["$ref"]}]}
        del schema["$ref"]
    out = {name: value for name, value in schema.items() if name not in NOT_STRICT}
    for name in ("properties", "$defs"):
        if name in out:
            out[name] = {key: _strict(child) for key, child in out[name].items()}
    if "oneOf" in schema:
        out["anyOf"] = schema["oneOf"]
    for name in ("anyOf", "allOf"):
        if name in out:
            out[name] = [_strict(child) for child in out[name]]
    if "items" in out:
        out["items"] = _strict(out["items"])
    if out.get("type") == "object":
        out["additionalProperties"] = False
        out["required"] = list(out.get("properties", ()))
    return out
