"""The merging of JSON values that come in fragments, where nothing is known about them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["merged"]


def merged(old: Any, new: Any) -> Any:
    """``new`` merged into ``old``, without a change to either: objects field by field, lists with the entries that are
    new, and of other values the last one that is not null. Texts are never joined: signatures come whole."""
    if new is None:
        return old
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return {**old, **{name: merged(old.get(name), value) for name, value in new.items() if value is not None}}
    if isinstance(old, list) and isinstance(new, list):
        return [*old, *(entry for entry in new if entry not in old)]
    return old if new == "" else new
