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
        "Cleaner": "clean",
        "JsonItems": "jsonish",
        "JsonValues": "jsonish",
        "Redactor": "redact",
        "Rewriter": "rewrite",
        "Segment": "segment",
        "Segments": "segment",
        "StopAt": "tags",
        "ThinkTags": "tags",
    },
)
