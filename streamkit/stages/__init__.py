"""The pure middle: things that remember something between items. No Rx, no network, no clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy import lazily
from .fold import Fold

if TYPE_CHECKING:
    from .clean import Cleaner
    from .jsonish import JsonItems, JsonValues
    from .redact import Redactor
    from .rewrite import Rewriter
    from .segment import Segment, Segments
    from .tags import StopAt, ThinkTags

__all__ = [
    "Cleaner",
    "Fold",
    "JsonItems",
    "JsonValues",
    "Redactor",
    "Rewriter",
    "Segment",
    "Segments",
    "StopAt",
    "ThinkTags",
]

__getattr__ = lazily(
    __name__,
    {
        **dict.fromkeys(("Cleaner",), "clean"),
        **dict.fromkeys(("JsonItems", "JsonValues"), "jsonish"),
        **dict.fromkeys(("Redactor",), "redact"),
        **dict.fromkeys(("Rewriter",), "rewrite"),
        **dict.fromkeys(
            (
                "Segment",
                "Segments",
            ),
            "segment",
        ),
        **dict.fromkeys(
            (
                "StopAt",
                "ThinkTags",
            ),
            "tags",
        ),
    },
)
