"""Values as JSON can hold them."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from inspect import isawaitable
from math import isfinite
from numbers import Integral, Real
from types import NoneType
from typing import Any

__all__ = ["dumps", "json_default", "json_line", "loads", "members_of", "strict_json_default"]


def loads(data: str | bytes, **options: Any) -> Any:
    """`json.loads` without a collection of garbage meanwhile: where deep nesting has left no room on the stack, the
    finalizers of whatever was collected would fail, for good."""
    collects = gc.isenabled()
    gc.disable()
    try:
        return json.loads(data, **options)
    finally:
        if collects:
            gc.enable()


def dumps(value: Any, *, ascii: bool = False, compact: bool = True, default: Callable[[Any], Any] | None = None) -> str:
    """``value`` as JSON text, ``compact`` without blanks. JSON knows neither infinity nor NaN, which servers send
    nevertheless, as the logarithm of zero for instance: they are written as null."""

    def encode(value: Any) -> str:
        separators = (",", ":") if compact else None
        return json.dumps(value, ensure_ascii=ascii, separators=separators, default=default, allow_nan=False)

    try:
        return encode(value)
    except ValueError as exc:
        try:
            return encode(_finite(value, default))
        except RecursionError:  # a value that holds itself
            raise exc from None


def json_line(value: Any, default: Callable[[Any], Any] | None = None) -> bytes:
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


def json_default(value: Any) -> Any:
    """Dataclasses, mappings and pydantic models as objects, anything else as its str."""
    members = members_of(value)
    return str(value) if members is None else members


def strict_json_default(value: Any) -> Any:
    """As `json_default`, for a value that its reader has to understand: dates, decimals, enums, paths and the like as
    text or number, arrays and numbers of numpy as lists and numbers. TypeError for anything else, whose str may say
    nothing."""
    members = members_of(value)
    if members is not None:
        return members
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, _meant_as_text()):
        return str(value)
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value)
    to_list = getattr(value, "tolist", None)
    if callable(to_list) and not isinstance(value, type):
        return to_list()
    kind = type(value).__name__
    hint = "await it first" if isawaitable(value) else "give text, numbers, lists, dicts, models or dataclasses"
    raise TypeError(f"JSON cannot hold a value of type {kind}: {hint}")


@cache
def _meant_as_text() -> tuple[type, ...]:
    """The classes whose str says all. Their modules are imported here because hardly any program needs them all."""
    from datetime import date, time, timedelta
    from decimal import Decimal
    from pathlib import PurePath
    from uuid import UUID

    return date, time, timedelta, Decimal, PurePath, UUID


def members_of(value: Any) -> Any:
    """A dataclass, a mapping or a pydantic model as a dict; None for anything else."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}  # the encoder asks for each value
    if isinstance(value, Mapping):
        return dict(value)
    dump = getattr(value, "model_dump", None)
    return dump(mode="json") if callable(dump) and not isinstance(value, type) else None
