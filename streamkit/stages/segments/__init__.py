"""Text cut into sentences, words, lines, paragraphs and blocks of code: the same segments however the text arrives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy import lazily

if TYPE_CHECKING:
    from .ahead import Ahead
    from .line_kinds import fence
    from .scripts import CJK
    from .segment import Segment, Segmenting, Segments
    from .segmented import Segmented

__all__ = ["CJK", "Ahead", "Segment", "Segmented", "Segmenting", "Segments", "fence"]

if not TYPE_CHECKING:  # else type checkers would accept every name
    __getattr__ = lazily(
        __name__,
        {
            "ahead": "Ahead",
            "line_kinds": "fence",
            "scripts": "CJK",
            "segment": "Segment Segmenting Segments",
            "segmented": "Segmented",
        },
    )


def __dir__() -> list[str]:
    return __all__
