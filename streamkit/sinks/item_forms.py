"""Items as lines of JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from ..events import Event, TextDelta
from ..json_form import event_form
from ..json_values import json_default, json_line

__all__ = ["EVENTS", "form_of", "line_of", "numbered_line"]

EVENTS = get_args(Event)


def line_of(item: Any) -> bytes:
    """One line of JSON. A str becomes a `TextDelta`, so that the text of a reply is always stored as an event."""
    return json_line(form_of(item), form_of)


def numbered_line(item: Any, stream: str, seq: int) -> bytes:
    """`line_of` with the keys ``stream`` and ``seq``. An item that is not an object, or has such keys,
    goes under ``value``."""
    form, own = form_of(item), {"stream": stream, "seq": seq}
    if not isinstance(form, Mapping) or not own.keys().isdisjoint(form):
        form = {"value": form}
    return json_line({**form, **own}, form_of)


def form_of(item: Any) -> Any:
    """``item``, or a value in it that JSON does not know, as a value that JSON knows."""
    if isinstance(item, str):
        item = TextDelta(item)
    if isinstance(item, EVENTS):
        return event_form(item)
    return item if item is None or isinstance(item, (int, float, list, tuple)) else json_default(item)
