"""What can be reached from what a run gives: all text in it, whatever `repr` leaves out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

__all__ = ["everything"]

PLAIN = (int, float, complex, type)


def everything(value: Any, seen: dict[int, Any] | None = None) -> str:
    """All text that can be reached from ``value``: fields, attributes, arguments, causes, contexts, notes, members."""
    seen = {} if seen is None else seen
    if isinstance(value, (str, bytes)):
        return value if isinstance(value, str) else value.decode(errors="replace")
    if value is None or isinstance(value, PLAIN) or id(value) in seen:
        return ""
    seen[id(value)] = value  # kept, so that no other object gets its number
    return "\n".join(everything(part, seen) for part in _parts(value))


def _parts(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return [*value, *value.values()]
    if isinstance(value, (list, tuple, set, frozenset)):
        return list(value)
    parts = [getattr(value, field.name) for field in fields(value)] if is_dataclass(value) else []
    parts += list(getattr(value, "__dict__", {}).values())
    if isinstance(value, BaseException):
        parts += [str(value), repr(value), value.args, value.__cause__, value.__context__]
        parts += [getattr(value, "__notes__", ()), getattr(value, "exceptions", ()), getattr(value, "message", "")]
    return parts
