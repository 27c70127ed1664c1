"""One event as one line of JSON and back: the form of files, of the command line and of everything on the wire
between processes. ``raw`` is left out, except for `Other`, which has nothing else."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import MISSING, fields
from functools import cache
from typing import Any, get_args

from .checks import type_name
from .errors import MalformedError
from .events import (
    Choice,
    Citation,
    Event,
    File,
    Origin,
    Other,
    Part,
    Reply,
    ServerTool,
    ToolCall,
    ToolResult,
    Usage,
    UsageUpdate,
)
from .json_values import json_default, json_line, loads
from .rate_limits import RateLimit, RateLimits
from .timing import Timing
from .turns import FromModel
from .wording import excerpt

__all__ = ["event_form", "from_json", "missed_warning", "read_event", "to_json", "warn_missed"]

BESIDE = frozenset({"type", "stream", "seq"})

WITHIN_CHOICES: dict[str, Any] = {"parts": Part, "citations": Citation, "files": File, "server_tools": ServerTool}

WRITTEN_BY = "earlier_from"
"""The field beside ``earlier`` that says for each message which model wrote it; null for one that no model wrote."""

_EVENTS: dict[Any, Any] = {cls.type: cls for cls in get_args(Event)}


def to_json(event: Event) -> bytes:
    """``event`` as one line of UTF-8 JSON without a line end.

    Nothing in it ends a line or moves a cursor, whatever the text holds; lone surrogates survive as escapes.
    """
    try:
        return json_line(event_form(event), json_default)
    except AttributeError:
        if hasattr(event, "type"):
            raise
        what = f"to_json takes an event, such as a Reply, not {type_name(event)}"
        raise TypeError(f"{what}: of a conversation store its replies") from None


def event_form(event: Event) -> dict[str, Any]:
    """``event`` as the object that `to_json` writes."""
    writers = [_writer(message) for message in event.earlier] if isinstance(event, Reply) else []
    return {
        "type": event.type,
        **_without_defaults(event),
        **({WRITTEN_BY: writers} if any(writers) else {}),
    }


def _writer(message: Any) -> dict[str, Any] | None:
    if not isinstance(message, FromModel):
        return None
    more = {"reply": message.reply, "request": message.request}
    return {"origin": _without_defaults(message.origin), **{name: value for name, value in more.items() if value}}


def from_json(data: bytes | str) -> Event:
    """The event that `to_json` wrote, also that of an earlier version. `MalformedError` for anything else.

    Data of a newer version is reported: an event of an unknown type is a `MalformedError` that names the type, and
    unknown keys are left out with a RuntimeWarning (except ``stream`` and ``seq``, which sinks add).
    """
    event, missed = read_event(data)
    warn_missed(f"an event {event.type!r}", missed)
    return event


def read_event(data: bytes | str) -> tuple[Event, set[str]]:
    """As `from_json`, but returns the unknown keys instead of warning of them."""
    try:
        form = loads(data)
    except (ValueError, RecursionError) as exc:
        raise MalformedError(f"not an event: {excerpt(_text(data))}") from exc
    except TypeError:
        raise TypeError(f"from_json takes a line that to_json wrote, not {type_name(data)}") from None
    return read_form(form, data)


def read_form(form: Any, data: bytes | str = "") -> tuple[Event, set[str]]:
    """The event of a ``form`` that `event_form` made, perhaps read from ``data``, and the unknown keys in it."""
    missed: set[str] = set()
    try:
        event = _event(form, missed)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as exc:
        raise MalformedError(f"not an event: {excerpt(_text(data) or repr(form))}") from exc
    return event, missed - BESIDE


def _text(data: bytes | str) -> str:
    return data if isinstance(data, str) else data.decode("utf-8", "replace")


def warn_missed(what: str, names: Iterable[str]) -> None:
    """Warn of stored parts that this version does not know, if there are any. The warning points to the caller of the
    function that calls this one."""
    if text := missed_warning(what, names):
        warnings.warn(text, RuntimeWarning, stacklevel=3)


def missed_warning(what: str, names: Iterable[str]) -> str:
    """The warning of stored parts that this version does not know; empty if there are none."""
    parts = ", ".join(sorted(names))
    return excerpt(f"{what} has what this version of streamkit does not know, and leaves out: {parts}") if parts else ""


def _without_defaults(value: Any) -> Any:
    """A dataclass as a dict without the fields that hold their default (`Other.raw` is content, any other raw is not).
    Tuples and lists become lists."""
    if isinstance(value, (tuple, list)):
        return [_without_defaults(item) for item in value]
    names = _defaults(value.__class__)
    if names is None:
        return value
    out = {}
    for name, default in names.items():
        if name == "raw" and not isinstance(value, Other):
            continue  # before it is asked for: it may not be parsed yet
        item = getattr(value, name)
        same = item == default and (name != "choices" or _without_defaults(item) == _without_defaults(default))
        if not same:  # choices that have nothing but blocks are equal to empty ones
            out[name] = _without_defaults(item)
    return out


@cache
def _defaults(cls: type) -> dict[str, Any] | None:
    if not hasattr(cls, "__dataclass_fields__"):
        return None
    return {f.name: f.default if f.default_factory is MISSING else f.default_factory() for f in fields(cls)}


def _event(form: dict[str, Any], missed: set[str]) -> Event:
    kind = form["type"]
    if isinstance(kind, str) and kind not in _EVENTS:
        raise MalformedError(f"an event of type {excerpt(kind, 60)!r}, which this version of streamkit does not know")
    cls = _EVENTS[kind]
    values = _known_fields(cls, form, missed)
    if values.get("origin"):
        values["origin"] = Origin(**_known_fields(Origin, form["origin"], missed))
    if cls is UsageUpdate:
        values["usage"] = Usage(**_known_fields(Usage, form["usage"], missed))
    elif cls is ToolResult:
        values["call"] = ToolCall(**_known_fields(ToolCall, form["call"], missed))
    elif cls is Reply:
        values |= _reply(values, missed)
        values |= _written(values, form.get(WRITTEN_BY), missed)
    event: Event = cls(**values)
    return event


def _known_fields(cls: Any, form: dict[str, Any], missed: set[str]) -> dict[str, Any]:
    names = _defaults(cls) or {}
    missed |= form.keys() - names.keys()
    return {name: item for name, item in form.items() if name in names}


def _reply(values: dict[str, Any], missed: set[str]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    if "choices" in values:
        out["choices"] = tuple(_choice(choice, missed) for choice in values["choices"])
    if values.get("usage"):
        out["usage"] = Usage(**_known_fields(Usage, values["usage"], missed))
    if "headers" in values:
        out["headers"] = dict(values["headers"])
    if values.get("timing"):
        out["timing"] = Timing(**_known_fields(Timing, values["timing"], missed))
    if values.get("rate_limits"):
        out["rate_limits"] = _rate_limits(values["rate_limits"], missed)
    out |= {name: tuple(values[name]) for name in ("earlier", "answers", "warnings") if name in values}
    return out


def _written(values: dict[str, Any], writers: Any, missed: set[str]) -> dict[str, Any]:
    """The ``earlier`` messages with their origins: those that were stored, else that of the reply."""
    missed.discard(WRITTEN_BY)
    earlier, origin = values.get("earlier"), values.get("origin")
    if earlier and writers:
        pairs = zip(earlier, writers, strict=True)
        return {"earlier": tuple(_from_model(message, form, missed) if form else message for message, form in pairs)}
    if earlier and origin:
        return {"earlier": tuple(FromModel.again(message, origin) for message in earlier)}
    return {}


def _from_model(message: dict[str, Any], form: dict[str, Any], missed: set[str]) -> FromModel:
    origin = Origin(**_known_fields(Origin, form["origin"], missed))
    return FromModel(message, origin, form.get("reply", ""), form.get("request"))


def _rate_limits(form: dict[str, Any], missed: set[str]) -> RateLimits:
    values = _known_fields(RateLimits, form, missed)
    for name in values.keys() - {"retry_after"}:
        values[name] = RateLimit(**_known_fields(RateLimit, values[name], missed))
    return RateLimits(**values)


def _several(cls: Any, forms: Iterable[dict[str, Any]], missed: set[str]) -> tuple[Any, ...]:
    return tuple(cls(**_known_fields(cls, form, missed)) for form in forms)


def _choice(form: dict[str, Any], missed: set[str]) -> Choice:
    values = _known_fields(Choice, form, missed)
    calls = (_known_fields(ToolCall, call, missed) for call in values.pop("tool_calls", ()))
    return Choice(
        **values
        | {
            "tool_calls": tuple(ToolCall(**call) for call in calls),
            "logprobs": tuple(values.get("logprobs", ())),
            **{name: _several(cls, values.get(name, ()), missed) for name, cls in WITHIN_CHOICES.items()},
        }
    )
