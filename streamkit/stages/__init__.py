"""The pure middle: things that remember something between items. No Rx, no network, no clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy import lazily
from .fold import Fold

if TYPE_CHECKING:
    from .clean import Cleaner
    from .rewriting.redact import Redactor
    from .rewriting.rewrite import Rewriter
    from .rewriting.tags import StopAt, ThinkTags
    from .seam import Seam
    from .segments.segment import Segment, Segments
    from .structure.calls import CallValue
    from .structure.jsonish import JsonItems, JsonValues

__all__ = [
    "CallValue",
    "Cleaner",
    "Fold",
    "JsonItems",
    "JsonValues",
    "Redactor",
    "Rewriter",
    "Seam",
    "Segment",
    "Segments",
    "StopAt",
    "ThinkTags",
]

if not TYPE_CHECKING:  # else every name would be one
    __getattr__ = lazily(
        __name__,
        {
            "CallValue": "structure.calls",
            "Cleaner": "clean",
            "JsonItems": "structure.jsonish",
            "JsonValues": "structure.jsonish",
            "Redactor": "rewriting.redact",
            "Rewriter": "rewriting.rewrite",
            "Seam": "seam",
            "Segment": "segments.segment",
            "Segments": "segments.segment",
            "StopAt": "rewriting.tags",
            "ThinkTags": "rewriting.tags",
        },
    )


def __dir__() -> list[str]:
    return __all__
