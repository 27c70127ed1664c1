"""The data of an entry: a JSON array of the events of one batch.

An element is the form of an event, as `to_json` writes it, or a list of texts, which are that many `TextDelta` of the
first choice: most events are these, and in a list they take a tenth of the time. The last entry of a reply holds its
`Reply`, or an element with the error that ended it: ``{"type": "error", "error": {...}, "partial": {...}}``.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from pydantic_core import to_json

from ..error_form import error_form, error_of_form
from ..errors import MalformedError, StreamkitError, excerpt
from ..events import Reply, TextDelta
from ..json_form import event_form, missed_warning, read_form
from ..json_values import json_default, json_line, loads

__all__ = ["decode", "encode", "writable"]

ERROR = "error"


def encode(items: Iterable[Any]) -> bytes:
    """The data of a batch of events; an error may be the last of them."""
    forms: list[Any] = []
    texts: list[str] | None = None
    for item in items:
        if type(item) is TextDelta and not item.index:
            if texts is None:
                texts = []
                forms.append(texts)
            texts.append(item.text)
        else:
            texts = None
            forms.append(_form(item))
    if texts is not None and len(forms) == 1:  # as nearly always, and this takes a fifth of the time
        try:
            return to_json(forms)
        except ValueError:  # a lone surrogate
            pass
    return json_line(forms, json_default)


def writable(items: Iterable[Any]) -> list[Any]:
    """Those of ``items`` that come before the first one that `encode` fails for."""
    found: list[Any] = []
    with suppress(Exception):
        for item in items:
            encode([item])
            found.append(item)
    return found


def decode(data: bytes) -> list[Any]:
    """The events of a batch, and the error at its end if there is one. `MalformedError` if it is not a batch."""
    events: list[Any] = []
    try:
        for form in loads(data):
            if type(form) is list:
                "".join(form)  # TypeError unless all of them are texts
                events.extend(map(TextDelta, form))
            else:
                events.append(_item(form))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as exc:
        raise _not_a_batch(data) from exc
    if not events:
        raise _not_a_batch(data)
    return events


def _not_a_batch(data: bytes) -> MalformedError:
    return MalformedError(f"not a batch of events of a bus: {excerpt(data.decode('utf-8', 'replace'))}")


def _form(item: Any) -> dict[str, Any]:
    if isinstance(item, StreamkitError):
        return {"type": ERROR, "error": error_form(item), "partial": event_form(item.partial)}
    return event_form(item)


def _item(form: Any) -> Any:
    if isinstance(form, dict) and form.get("type") == ERROR:
        partial, _ = read_form(form["partial"])
        return error_of_form(form["error"], partial if isinstance(partial, Reply) else None)
    event, missed = read_form(form)
    if warning := missed_warning(f"an event {event.type!r} of a bus", missed):
        warnings.warn(warning, RuntimeWarning, stacklevel=2)
    return event
