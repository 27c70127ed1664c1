"""The tools of a loop as a part of its requests: a model calls only tools that are in the request."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from ..engine.failures import LOGGER
from ..sources.tools import strict_of, tool_name, tools_for
from ..wire import APIS, Api
from ..wording import one_line

__all__ = ["sending"]

Ask: TypeAlias = "Callable[..., Any]"


def sending(ask: Ask, tools: Mapping[str, Callable[..., Any]]) -> Ask:
    """``ask`` with ``tools`` in each of its requests, if it is `sk.chat`, or ``chat`` or ``respond`` of a Client, or a
    partial of one. If the partial names tools already, only these are sent. Other callables are left unchanged.

    TypeError for ``complete``, whose API has no tools; ValueError if a function is sent that the loop does not have,
    or has as one that is not strict, or by a name that servers refuse.
    """
    inner, named_tools = _unwrapped(ask)
    api = _api_of(inner)
    if api is not None and api.tool is None:
        raise TypeError("complete takes one prompt and no tools: give the tool loop client.chat or client.respond")
    if api is None or not tools or not _takes_tools(ask, inner):
        return ask
    if named_tools is not None:
        _compare([name for tool in named_tools for name in _names(api, tool)], tools)
        _check_strict(named_tools, tools)
        return ask
    return functools.partial(ask, tools=tools_for(api, tools))


def _unwrapped(ask: Any) -> tuple[Any, Iterable[Any] | None]:
    """The callable inside partials, and the tools that these name; None if they name none."""
    named: dict[str, Any] = {}
    while isinstance(ask, functools.partial):
        named = {**ask.keywords, **named}
        ask = ask.func
    extra = named.get("extra") or {}
    return ask, extra["tools"] if "tools" in extra else named.get("tools")


def _api_of(ask: Any) -> Api | None:
    """The API of ``ask``, if it is a function of this package."""
    from ..sources.http import Client, chat

    if ask is chat:
        return APIS["chat"]
    client = getattr(ask, "__self__", None)
    return client._api_of_method(ask.__name__) if isinstance(client, Client) else None


def _takes_tools(ask: Any, inner: Any) -> bool:
    """True if ``ask`` is a function of this package, or a user's override of one that has the parameter ``tools`` by
    name. An override that takes any arguments may send tools of its own."""
    from ..sources.http import Client, chat

    if inner is chat or inner.__func__ in (Client.chat, Client.respond):
        return True
    parameter = inspect.signature(ask).parameters.get("tools")
    return parameter is not None and parameter.kind in (parameter.KEYWORD_ONLY, parameter.POSITIONAL_OR_KEYWORD)


def _names(api: Api, tool: Any) -> Iterable[str]:
    """The names by which a model calls a tool of a request."""
    return api.tool_names(tool) if isinstance(tool, Mapping) else [tool_name(tool)]


def _compare(sent: list[str], tools: Mapping[str, Any]) -> None:
    unknown = [name for name in sent if name not in tools]
    if unknown:
        raise ValueError(
            f"the request names tools that the tool loop cannot run: {one_line(', '.join(unknown))}; "
            "give the loop the same tools, or leave tools= out of the partial, and the loop sends its own"
        )
    silent = [name for name in tools if name not in sent]
    if silent:
        names = one_line(", ".join(silent))
        LOGGER.warning("the request names tools of its own, so the model is not told of these: %s", names)


def _check_strict(sent: Iterable[Any], tools: Mapping[str, Any]) -> None:
    """ValueError for a tool that is strict in the request only: calls of it have nulls in place of defaults."""
    loose = [name for tool in sent if strict_of(tool) and not strict_of(tools.get(name := tool_name(tool)))]
    if loose:
        raise ValueError(
            f"the request has strict tools that the tool loop has as plain functions: {one_line(', '.join(loose))}; "
            "give the loop the strict ones, and it sends them itself"
        )
