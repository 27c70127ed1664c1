"""Arguments and results of tools as JSON objects, for APIs that have them so and not as text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..json_values import loads

__all__ = ["UNREADABLE", "arguments_object", "object_of"]

UNREADABLE = "INVALID_JSON"
"""The field that holds arguments which are not an object."""


def arguments_object(arguments: Any) -> dict[str, Any]:
    """The arguments of a call as an object. Arguments that are not a JSON object are wrapped in one, in the way that
    Anthropic's page on fine-grained tool streaming gives, so that the error which answers them can be understood, and
    the conversation can go on."""
    if arguments is None or (isinstance(arguments, str) and not arguments.strip()):
        return {}
    value = object_of(arguments)
    if value is not None:
        return value
    return {UNREADABLE: arguments if isinstance(arguments, str) else json.dumps(arguments, default=str)}


def object_of(form: Any) -> dict[str, Any] | None:
    """A JSON object, also one that is given as text; None for anything else, or if it has values that JSON does not
    have (NaN)."""
    try:
        value = loads(form) if isinstance(form, str) else form
        if isinstance(value, Mapping):
            json.dumps(dict(value), allow_nan=False, default=str)
            return dict(value)
    except (ValueError, RecursionError):
        pass
    return None
