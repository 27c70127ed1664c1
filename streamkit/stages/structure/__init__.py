"""JSON while it grows: values so far, and items of lists as they become complete."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy import lazily

if TYPE_CHECKING:
    from .call_values import CallValue, Tools, check_tools
    from .json_events import JsonEvents
    from .json_path import Steps
    from .json_stages import JsonItems, JsonValues, OnInvalid, Unfinished

__all__ = [
    "CallValue",
    "JsonEvents",
    "JsonItems",
    "JsonValues",
    "OnInvalid",
    "Steps",
    "Tools",
    "Unfinished",
    "check_tools",
]

if not TYPE_CHECKING:  # else a type checker would accept every name
    __getattr__ = lazily(
        __name__,
        {
            "call_values": "CallValue Tools check_tools",
            "json_events": "JsonEvents",
            "json_path": "Steps",
            "json_stages": "JsonItems JsonValues OnInvalid Unfinished",
        },
    )


def __dir__() -> list[str]:
    return __all__
