"""JSON while it grows: values so far, and items of lists as they become complete."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy import lazily

if TYPE_CHECKING:
    from .callvalues import CallValue, Tools, check_tools
    from .jsonevents import JsonEvents
    from .jsonpath import Steps
    from .jsonstages import JsonItems, JsonValues, OnInvalid, Unfinished

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

if not TYPE_CHECKING:  # else every name would be one
    __getattr__ = lazily(
        __name__,
        {
            "callvalues": "CallValue Tools check_tools",
            "jsonevents": "JsonEvents",
            "jsonpath": "Steps",
            "jsonstages": "JsonItems JsonValues OnInvalid Unfinished",
        },
    )


def __dir__() -> list[str]:
    return __all__
