"""Items as lines of JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, get_args

from ..events import Event, TextDelta
from ..json_form import to_json
from ..json_values import json_default, json_line

__all__ = ["EVENTS", "form", "numbered"]

EVENTS = get_args(Event)


def form(item: Any) -> bytes:
    """One line of JSON. A str becomes a `TextDelta`, so that the text of a reply is always stored as an event."""
    if isinstance(item, str):
        item = TextDelta(item)
    return to_json(item) if isinstance(item, EVENTS) else _line(item)


def numbered(item: Any, stream: str, seq: int) -> bytes:
    """`form` with the keys ``stream`` and ``seq``. An item that is not an object, or has such keys,
    goes under ``value``."""
    own = {"stream": stream, "seq": seq}
    if isinstance(item, (str, *EVENTS)):
        return form(item)[:-1] + b"," + _line(own)[1:]
    value = _json_default(item)
    if not isinstance(value, Mapping) or not own.keys().isdisjoint(value):
        value = {"value": value}
    return _line({**value, **own})


def _line(value: Any) -> bytes:
    return json_line(value, _json_default)


def _json_default(value: Any) -> Any:
    if isinstance(value, EVENTS):
        return json.loads(to_json(value))
    return value if value is None or isinstance(value, (str, int, float, list, tuple)) else json_default(value)
