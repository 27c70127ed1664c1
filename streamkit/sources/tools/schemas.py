"""Functions and pydantic models as the JSON schemas that a request carries.

A server in strict mode wants every object closed and every property required, and knows only a part of JSON Schema;
pydantic's schemas are brought to that form.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import is_dataclass
from typing import Any, get_origin

from ...checks import quote
from ...engine.failures import LOGGER
from ...wire import Api
from ...wording import excerpt, one_line
from .parameters import loose_function, strict_function
from .strict import P, R, StrictTool, closed, nodes, strict_parameters

__all__ = [
    "described_tools",
    "format_of",
    "strict_of",
    "strict_tool",
    "tool_name",
    "tool_of",
    "tools_for",
    "with_schemas",
]

NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9_-]+")
LONGEST_NAME = 64


def with_schemas(api: Api, params: Mapping[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """``params`` and ``extra``, which wins where both have a field, with functions and models replaced by the form that
    ``api`` takes for them; everything else unchanged. Mistakes in ``params`` raise; ``extra`` is left to the user."""
    out = {**params, **extra}
    if api.tool is None and out.get("tools"):
        raise ValueError(f"the API {api.name!r} has no tools: leave out tools=, or ask another one")
    if api.tool is not None and "tools" in out:
        out["tools"] = _tools_field(out["tools"], functools.partial(_entry, api), as_it_is="tools" in extra)
    if api.choice is not None and callable(choice := out.get("tool_choice")):
        out["tool_choice"] = api.choice(tool_name(choice))
    if api.format is not None and "response_format" in out:
        requested, as_it_is = out.pop("response_format"), "response_format" in extra
        if as_it_is and (requested is None or isinstance(requested, str)):
            return {**out, "response_format": requested}
        out = api.format(out, dict(requested) if as_it_is and isinstance(requested, Mapping) else _format(requested))
    return out


def tools_for(api: Api, tools: Mapping[str, Any]) -> list[Any]:
    """The ``tools`` field of a request to ``api``, for functions by name. Parameters that cannot be described are left
    open, and a warning is logged: the functions can be called all the same."""
    if api.tool is None:
        return []
    described = [_strict_description(tool, name) or _loose_description(tool, name) for name, tool in tools.items()]
    return [_entry(api, function) for function in described]


def described_tools(tools: Any) -> list[Mapping[str, Any]]:
    """``tools`` of a request with functions as `tool_of` describes them, in the form of no particular API."""
    return [_tool_field(tool, dict) for tool in _check_list(tools)]


def tool_of(tool: Any, name: str | None = None) -> dict[str, Any]:
    """``name``, ``description`` and ``parameters`` of a function, or of a pydantic model (or dataclass, or TypedDict).

    The description is the first paragraph of the docstring; types, defaults and descriptions of parameters are what
    pydantic makes of the annotations (``Annotated[str, Field(description=...)]``). TypeError for an object without a
    name or a schema, or with parameters that cannot be passed by name.
    """
    named = _name_and_description(tool, name)
    try:
        schema = _schema(tool, None if isinstance(tool, type) else strict_function)
        if schema.get("type") != "object":
            raise TypeError(f"{one_line(named['name'])} is not a tool: its schema is not an object")
    except TypeError as exc:
        raise TypeError(f"{exc}; {OF_YOUR_OWN}") from exc
    return {**named, "parameters": _without_description(schema)}


def strict_tool(function: Callable[P, R]) -> StrictTool[P, R]:
    """``function`` as a tool whose calls fit its parameters: the server lets the model write nothing else.

    ::

        @sk.strict_tool
        def weather(city: str, days: int = 3) -> str: ...

    It is used like the function: called, in ``tools=`` and in a tool loop. The APIs chat, responses and anthropic have
    such tools; others raise a ValueError with the request. A parameter with a default may be null in a call, and then
    has the default, fields of models too. ValueError for what strict mode cannot express: objects of any keys
    (``dict[str, int]``, ``**kwargs``), tuples, and values of any type.

    Note: nothing is strict by default. Servers that only resemble OpenAI's may refuse it, and a new schema makes the
    first request slower.
    """
    if not callable(function):
        raise TypeError(f"strict_tool takes a function or a model, not {quote(function)}")
    return strict_of(function) or _strict_tool(function, tool_name(function))


def _strict_tool(function: Any, name: str) -> StrictTool[Any, Any]:
    try:
        parameters = tool_of(function, name)["parameters"]
        strict_parameters(parameters)
    except (TypeError, ValueError) as exc:
        raise ValueError(f"{one_line(name)} cannot be a strict tool: {exc}") from exc
    return StrictTool(function, name, parameters)


def strict_of(tool: Any) -> StrictTool[Any, Any] | None:
    """``tool`` if it is strict, also within partials; else None."""
    if isinstance(tool, StrictTool):
        return tool
    inner = strict_of(tool.func) if isinstance(tool, functools.partial) else None
    if inner is None:
        return None
    return _strict_tool(functools.partial(inner.function, *tool.args, **tool.keywords), inner.__name__)


def _strict_description(tool: Any, name: str | None = None) -> dict[str, Any] | None:
    """The description of a strict tool; None if ``tool`` is another one."""
    strict = strict_of(tool)
    if strict is None:
        return None
    named = _name_and_description(strict.function, name or strict.__name__)
    return {**named, "parameters": strict_parameters(strict.parameters), "strict": True}


def _loose_description(tool: Any, name: str) -> dict[str, Any]:
    named = _name_and_description(tool, name)
    try:
        return tool_of(tool, name)
    except Exception:  # also from a type that makes its own schema
        function, is_complete = loose_function(tool)
    schema = _without_description(_schema(function))
    if not is_complete:
        schema["additionalProperties"] = True
        LOGGER.warning(
            "tool %s takes more than can be described to the model, which may call it all the same: send a schema "
            "of your own, functools.partial(client.chat, tools=[{'type': 'function', ...}])",
            one_line(name),
        )
    return {**named, "parameters": schema}


def _name_and_description(tool: Any, name: str | None) -> dict[str, Any]:
    """The name and, if there is one, the description of a tool. ValueError for a name that servers refuse."""
    name = tool_name(tool) if name is None else name
    if NOT_IN_A_NAME.search(name) or not 0 < len(name) <= LONGEST_NAME:
        write = f"{{{_clean(name) or 'look'!r}: ...}}"
        raise ValueError(
            f"servers take names of tools of 1 to {LONGEST_NAME} letters (a-z), digits, _ and - only, "
            f"not {quote(name)}: write sk.tool_loop(client.chat, messages, {write})"
        )
    text = _first_paragraph(tool)
    return {"name": name, "description": text} if text else {"name": name}


def _without_description(schema: dict[str, Any]) -> dict[str, Any]:
    """``schema`` without the docstring of a model, which is already the tool's description."""
    return {name: value for name, value in schema.items() if name != "description"}


def format_of(model: Any) -> dict[str, Any]:
    """``name``, ``schema`` and ``strict`` of a pydantic model (or dataclass, or TypedDict) that a reply must fit.

    In strict mode all fields are required: one with a default is asked for all the same, so let it be optional if it
    may be missing (``str | None``). ``strict`` is false only where it cannot be: with objects of any keys
    (``dict[str, int]``) and tuples of several types. TypeError for types that are not objects: servers want one at
    the root.
    """
    schema = _schema(model)
    root = _resolve(schema, schema["$ref"]) if "$ref" in schema else schema
    if root.get("type") != "object":
        raise TypeError(f"a response_format is an object: put {model!r} into a field of a model")
    strict = all(
        node.get("additionalProperties") in (None, False) and "prefixItems" not in node for node in nodes(schema)
    )
    if strict:
        schema = closed({**root, **{name: value for name, value in schema.items() if name != "$ref"}})
    return {"name": _clean(getattr(model, "__name__", "reply")), "schema": schema, "strict": strict}


OF_YOUR_OWN = "or write its schema yourself: {'type': 'function', 'function': {'name': ..., 'parameters': {...}}}"
FORMATS = (
    "write a pydantic model, {'type': 'json_object'}, or "
    "{'type': 'json_schema', 'json_schema': {'name': ..., 'schema': {...}}}"
)

# -- fields of a request -----------------------------------------------------------------------------------------------


def _check_list(tools: Any) -> Sequence[Any]:
    if isinstance(tools, (str, Mapping)) or not isinstance(tools, Sequence):
        many = isinstance(tools, Iterable) and not isinstance(tools, (str, bytes, Mapping, type))
        write = "tools=list(...)" if many else "tools=[...]"
        raise TypeError(f"tools is a list of functions, models and dicts, not {quote(tools)}: write {write}")
    return tools


def _tools_field(tools: Any, form: Callable[[dict[str, Any]], dict[str, Any]], *, as_it_is: bool) -> Any:
    if not as_it_is:
        return [_tool_field(tool, form) for tool in _check_list(tools)]
    if not isinstance(tools, (list, tuple)):
        return tools
    return [_tool_field(tool, form) if callable(tool) else tool for tool in tools]


def _tool_field(tool: Any, form: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    if isinstance(tool, Mapping):
        return tool
    if not callable(tool):
        raise TypeError(f"a tool is a function, a model or a dict, not {quote(tool)}")
    return form(_strict_description(tool) or tool_of(tool))


def _entry(api: Api, function: dict[str, Any]) -> Any:
    """An entry of ``tools`` for a function."""
    if "strict" in function and not api.strict_tools:
        raise ValueError(f"the API {api.name!r} has no strict tools: send the function without sk.strict_tool")
    return api.tool(function) if api.tool is not None else function


def _format(requested: Any) -> Any:
    if requested in (dict, Mapping):
        raise TypeError(f"response_format={requested.__name__} names no fields: {FORMATS}")
    if isinstance(requested, type) or get_origin(requested) is not None:
        return {"type": "json_schema", "json_schema": format_of(requested)}
    if not isinstance(requested, Mapping):
        kind = type(requested).__name__
        if hasattr(requested, "model_dump") or is_dataclass(requested):
            raise TypeError(f"response_format is the class {kind}, not an instance: write response_format={kind}")
        raise TypeError(f"response_format cannot be of type {kind}: {FORMATS}")
    if "type" not in requested or requested["type"] == "object":
        raise TypeError(
            f"a dict for response_format needs a 'type' of its own, and the schema goes inside 'json_schema': {FORMATS}"
        )
    return requested


# -- names and descriptions --------------------------------------------------------------------------------------------


def tool_name(tool: Any) -> str:
    """The name by which a model calls ``tool``, without characters that servers refuse. TypeError for a lambda."""
    if isinstance(tool, functools.partial):
        return tool_name(tool.func)
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
    is_generated = is_dataclass(tool) and isinstance(tool, type) and paragraph.startswith(f"{tool.__name__}(")
    return "" if is_generated else paragraph


# -- schemas -----------------------------------------------------------------------------------------------------------


def _schema(kind: Any, function: Callable[[Any], Callable[..., Any]] | None = None) -> dict[str, Any]:
    from pydantic import TypeAdapter
    from pydantic.errors import PydanticUserError

    try:
        adapter: Any = TypeAdapter(function(kind) if function else kind)  # type: ignore[arg-type]  # it accepts functions
        schema: dict[str, Any] = adapter.json_schema()
    except (PydanticUserError, NameError) as exc:
        shown_kind = kind.func if isinstance(kind, functools.partial) else kind  # its arguments may be secret
        raise TypeError(f"there is no schema for {shown_kind!r}: {excerpt(str(exc).partition(chr(10))[0])}") from exc
    for node in nodes(schema):
        node.pop("title", None)  # pydantic's titles repeat the names
    return schema


def _resolve(root: dict[str, Any], ref: str) -> dict[str, Any]:
    target: dict[str, Any] = root["$defs"][ref.rpartition("/")[2]]
    return target
