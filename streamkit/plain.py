"""Values as JSON can hold them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from math import isfinite
from types import NoneType
from typing import Any

__all__ = ["dumps", "line", "plain"]


def dumps(value: Any, *, ascii: bool = False, compact: bool = True, default: Callable[[Any], Any] | None = None) -> str:
    """``value`` as JSON text, ``compact`` without blanks. JSON knows neither infinity nor NaN, which servers send all
    the same, as the logarithm of nothing for instance: they are written as null."""

    def written(value: Any) -> str:
        separators = (",", ":") if compact else None
        return json.dumps(value, ensure_ascii=ascii, separators=separators, default=default, allow_nan=False)

    try:
        return written(value)
    except ValueError as exc:
        try:
            return written(_finite(value, default))
        except RecursionError:  # a value that holds itself
            raise exc from None


def line(value: Any, default: Callable[[Any], Any]) -> bytes:
    """``value`` as one line of UTF-8 JSON without a line end. Nothing in it ends a line or moves a cursor, whatever its
    texts hold; lone surrogates survive as escapes."""
    text = dumps(value, default=default)
    return (text if text.isprintable() else dumps(value, ascii=True, default=default)).encode()


def _finite(value: Any, default: Callable[[Any], Any] | None) -> Any:
    """``value`` without numbers that JSON does not know; as keys they become their names."""
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, dict):
        return {str(key) if isinstance(key, float) else key: _finite(item, default) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item, default) for item in value]
    return value if default is None or isinstance(value, (str, int, NoneType)) else _finite(default(value), default)


def plain(value: Any) -> Any:
    """Dataclasses, mappings and pydantic models as objects, anything else as its str."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}  # the encoder asks about each
    if isinstance(value, Mapping):
        return dict(value)
    dump = getattr(value, "model_dump", None)
    return dump(mode="json") if callable(dump) else str(value)
