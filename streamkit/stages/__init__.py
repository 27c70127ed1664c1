"""The pure middle: things that remember something between items. No Rx, no network, no clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy import lazily
from .fold import Fold

if TYPE_CHECKING:
    from ..clean import Cleaner
    from .rewriting.redact import Redactor
    from .rewriting.rewriter import Rewriter
    from .rewriting.thinktags import StopAt, ThinkTags
    from .seam import Seam
    from .segments.segment import Segment, Segments
    from .structure.callvalues import CallValue
    from .structure.jsonstages import JsonItems, JsonValues

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
            "CallValue": "structure.callvalues",
            "Cleaner": ".clean",
            "JsonItems": "structure.jsonstages",
            "JsonValues": "structure.jsonstages",
            "Redactor": "rewriting.redact",
            "Rewriter": "rewriting.rewriter",
            "Seam": "seam",
            "Segment": "segments.segment",
            "Segments": "segments.segment",
            "StopAt": "rewriting.thinktags",
            "ThinkTags": "rewriting.thinktags",
        },
    )


def __dir__() -> list[str]:
    return __all__
