"""The shape that all events share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeVar, dataclass_transform

__all__ = ["Sent", "value"]

C = TypeVar("C")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value(cls: type[C]) -> type[C]:
    """A slotted dataclass: frozen in the eyes of a type checker only."""
    return dataclass(slots=True)(cls)


@value
class Sent:
    """Something made from what a server sent, which is ``raw``."""

    raw: dict[str, Any] | None = field(default=None, repr=False, compare=False, kw_only=True)
