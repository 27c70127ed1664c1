"""Operators that read JSON values from a reply that is still growing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeAlias, TypeVar, overload

from ..engine.streams import Operator
from ..events import Event
from ..stages.structure import (
    CallValue,
    JsonEvents,
    JsonItems,
    JsonValues,
    OnInvalid,
    Steps,
    Tools,
    Unfinished,
    check_tools,
)
from .above import stage_operator

__all__ = ["json_items", "json_values"]

M = TypeVar("M")
SeveralTools: TypeAlias = Literal["*"] | list[str] | tuple[str, ...]


@overload
def json_values(
    model: None = None, *, tool: SeveralTools, unfinished: Unfinished = "error"
) -> Operator[Event | str, CallValue[Any]]: ...
@overload
def json_values(
    model: type[M], *, tool: SeveralTools, unfinished: Unfinished = "error"
) -> Operator[Event | str, CallValue[M]]: ...
@overload
def json_values(
    model: None = None, *, tool: str | None = None, unfinished: Unfinished = "error"
) -> Operator[Event | str, Any]: ...
@overload
def json_values(
    model: type[M], *, tool: str | None = None, unfinished: Unfinished = "error"
) -> Operator[Event | str, M]: ...
def json_values(
    model: Any = None, *, tool: Tools | None = None, unfinished: Unfinished = "error"
) -> Operator[Any, Any]:
    """Events → the JSON value in the text so far, after each piece that changes it; the last one is the whole.

    Strings grow, keys appear with their values, numbers and literals when they are complete. With a ``model`` (any type
    that pydantic understands) values are instances of it: partial ones, in which a required field that is missing is
    None and strings still grow (``model_fields_set`` has the names of those that came), and at the end a valid one.
    What cannot be partial, like a date or a dataclass, is left out until it is complete.

    ``tool`` names the tool whose arguments are meant instead of the text; a reply without such a call gives nothing.
    With ``"*"``, any tool, or a list of names each value comes as a `stages.CallValue`, which says of which call it is:
    the values of calls that are written side by side alternate.

    Prose and fences around the JSON are skipped. `MalformedError`, with the reply so far: at once where the text is not
    JSON; at the end if there is none, if it does not fit the model, or if it is not finished (with
    ``unfinished="keep"`` the last value stands). An error of the stream itself passes unchanged. In a tool loop each
    round begins anew, and what is wrong in one is an error only if it turns out to be the last, at its end.

    Cost: linear. For a very wide list or long string that takes leaving out some values, never the last. A model is
    filled part by part: every finished part is validated once. The value is kept as it grows; `json_items` keeps less.

    Note: values share what is finished in them: change a copy.
    """
    JsonValues(model, unfinished=unfinished)  # a mistake raises here, not in mid-stream
    return _structure("json_values", lambda: JsonValues(model, unfinished=unfinished), tool)


@overload
def json_items(
    path: Steps,
    model: type[M],
    on_invalid: Literal["error", "skip"] = "error",
    *,
    tool: SeveralTools,
    unfinished: Unfinished = "error",
) -> Operator[Event | str, CallValue[M]]: ...
@overload
def json_items(
    path: Steps = "",
    *,
    model: type[M],
    on_invalid: Literal["error", "skip"] = "error",
    tool: SeveralTools,
    unfinished: Unfinished = "error",
) -> Operator[Event | str, CallValue[M]]: ...
@overload
def json_items(
    path: Steps = "",
    model: Any = None,
    on_invalid: OnInvalid = "error",
    *,
    tool: SeveralTools,
    unfinished: Unfinished = "error",
) -> Operator[Event | str, CallValue[Any]]: ...
@overload
def json_items(
    path: Steps,
    model: type[M],
    on_invalid: Literal["error", "skip"] = "error",
    *,
    tool: str | None = None,
    unfinished: Unfinished = "error",
) -> Operator[Event | str, M]: ...
@overload
def json_items(
    path: Steps = "",
    *,
    model: type[M],
    on_invalid: Literal["error", "skip"] = "error",
    tool: str | None = None,
    unfinished: Unfinished = "error",
) -> Operator[Event | str, M]: ...
@overload
def json_items(
    path: Steps = "",
    model: Any = None,
    on_invalid: OnInvalid = "error",
    *,
    tool: str | None = None,
    unfinished: Unfinished = "error",
) -> Operator[Event | str, Any]: ...
def json_items(
    path: Steps = "",
    model: Any = None,
    on_invalid: OnInvalid = "error",
    *,
    tool: Tools | None = None,
    unfinished: Unfinished = "error",
) -> Operator[Any, Any]:
    """Events → the items of the list at ``path``, one by one, each as soon as it is complete.

    ``path`` is ``""`` if the list is the whole JSON, else keys and numbers with dots between (``"orders.0.lines"``), or
    a sequence of them for keys that hold a dot; ``*`` means all. With a ``model`` items are valid instances of it.

    ``on_invalid``: an item that does not fit the model raises `MalformedError` (``"error"``), is left out (``"skip"``),
    or is replaced by what a callable gives for the item and the error.

    ``tool`` and the errors are those of `json_values` (with ``"*"`` and lists of names each item is the ``value`` of a
    `stages.CallValue`); `MalformedError` also if there is no such list. Items that were
    complete before a fault are given before it. Stock ``take`` ends the request when there are enough.

    Cost: linear; only the item at hand is kept.
    """
    JsonItems(path, model, on_invalid, unfinished=unfinished)
    return _structure("json_items", lambda: JsonItems(path, model, on_invalid, unfinished=unfinished), tool)


def _structure(name: str, make: Callable[[], Any], tool: Tools | None) -> Operator[Any, Any]:
    if tool is not None:
        check_tools(tool)
    operator = stage_operator(name, lambda above: JsonEvents(make, tool, keep_text=above.keeps_text))
    return operator if tool is None else operator.with_kinds("events", "any")
