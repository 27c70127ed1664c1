"""One event as one line of JSON and back: the form of files, of the command line and of everything on the wire
between processes. ``raw`` stays behind, but for `Other`, which has nothing else."""

from __future__ import annotations

import json
from dataclasses import fields
from functools import cache
from typing import Any, get_args

from .errors import MalformedError, excerpt
from .events import Choice, Event, Other, Reply, ToolCall, ToolResult, Usage, UsageUpdate
from .plain import line, plain

__all__ = ["from_json", "to_json"]

_EVENTS: dict[str, Any] = {cls.type: cls for cls in get_args(Event)}


def to_json(event: Event) -> bytes:
    """``event`` as one line of UTF-8 JSON without a line end.

    Nothing in it ends a line or moves a cursor, whatever the text holds; lone surrogates survive as escapes.
    """
    return line({"type": event.type, **_plain(event)}, plain)


def from_json(data: bytes | str) -> Event:
    """The event that `to_json` wrote. Keys that are not known are ignored; `MalformedError` for anything else."""
    try:
        form = json.loads(data)
        return _event(form)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as exc:
        shown = data if isinstance(data, str) else data.decode("utf-8", "replace")
        raise MalformedError(f"not an event: {excerpt(shown)}") from exc


def _plain(value: Any) -> Any:
    """A dataclass as a dict without what holds its default (`Other.raw` is content, any other raw is not)."""
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    names = _defaults(value.__class__)
    if names is None:
        return value
    out = {}
    for name, default in names.items():
        item = getattr(value, name)
        if item != default and (name != "raw" or isinstance(value, Other)):
            out[name] = _plain(item)
    return out


@cache
def _defaults(cls: type) -> dict[str, Any] | None:
    return {f.name: f.default for f in fields(cls)} if hasattr(cls, "__dataclass_fields__") else None


def _event(form: dict[str, Any]) -> Event:
    cls = _EVENTS[form["type"]]
    values = _known(cls, form)
    if cls is UsageUpdate:
        values["usage"] = Usage(**_known(Usage, form["usage"]))
    elif cls is ToolResult:
        values["call"] = ToolCall(**_known(ToolCall, form["call"]))
    elif cls is Reply:
        values |= _reply(values)
    event: Event = cls(**values)
    return event


def _known(cls: type, form: dict[str, Any]) -> dict[str, Any]:
    names = _defaults(cls) or {}
    return {name: item for name, item in form.items() if name in names}


def _reply(values: dict[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    if "choices" in values:
        out["choices"] = tuple(_choice(choice) for choice in values["choices"])
    if values.get("usage"):
        out["usage"] = Usage(**_known(Usage, values["usage"]))
    out |= {name: tuple(values[name]) for name in ("earlier", "answers", "warnings") if name in values}
    return out


def _choice(form: dict[str, Any]) -> Choice:
    values = _known(Choice, form)
    calls = (_known(ToolCall, call) for call in values.pop("tool_calls", ()))
    return Choice(
        **values
        | {
            "tool_calls": tuple(ToolCall(**call) for call in calls),
            "logprobs": tuple(values.get("logprobs", ())),
        }
    )
