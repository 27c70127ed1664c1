"""JSON text to values and back, with every failure as a `MalformedError`.

The fast parser refuses lone surrogates and deep nesting, so the standard library, which accepts both, is tried second.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic_core import from_json

from .. import json_values
from ..errors import MalformedError
from ..wording import excerpt, said

__all__ = ["BROKEN_JSON", "canonical", "dumps", "encode_json", "load_json", "load_slowly", "quote_json"]

BROKEN_JSON = (ValueError, RecursionError)  # UnicodeDecodeError and JSONDecodeError are ValueErrors


def load_json(text: str) -> Any:
    """The value that ``text`` holds."""
    try:
        return from_json(text)
    except (ValueError, TypeError):  # TypeError: the text itself has a lone surrogate
        return load_slowly(text)


def load_slowly(text: str) -> Any:
    """The value of a text that the fast parser refused, as `load_json` returns it. Strings may hold lone surrogates."""
    try:
        return json_values.loads(text)
    except BROKEN_JSON as exc:
        raise MalformedError(f"not JSON: {excerpt(text)}") from exc


def canonical(text: str) -> str:
    """JSON text in one spelling, whatever the order of its keys and the form of its numbers; other text as it is."""
    try:
        return json.dumps(json_values.loads(text, parse_float=_number), sort_keys=True)
    except BROKEN_JSON:
        return text


def _number(text: str) -> float:
    value = float(text)
    return int(value) if value.is_integer() else value


def dumps(value: Any) -> str:
    """``value`` as JSON text; characters beyond ASCII stay readable."""
    try:
        return json_values.dumps(value)
    except (*BROKEN_JSON, TypeError) as exc:
        raise MalformedError(f"cannot be written as JSON: {said(exc)}") from exc


def encode_json(value: Any) -> bytes:
    """``value`` as JSON in UTF-8; a lone surrogate cannot be encoded, so it becomes an escape."""
    return dumps(value).encode("utf-8", "backslashreplace")


def quote_json(value: Any) -> str:
    """A short excerpt of a parsed value for a message."""
    try:
        return excerpt(dumps(value))
    except MalformedError:  # nested too deeply
        return type(value).__name__
