"""Stages: objects that keep state between items, without Rx, network or clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy import lazily
from .fold import Fold

if TYPE_CHECKING:
    from ..clean import Cleaner
    from .answered import AnsweredStage, with_answer
    from .fit import Factory, check_stage, check_text_stage, clearer_error, seconds
    from .growing import GrowingCall
    from .open_calls import OpenCalls
    from .pacing import BACKLOG, Pacing, is_text, takes_time, text_of, with_text
    from .pieces import Unit, cutters
    from .rewriting import Redactor, Rewriter, StopAt, ThinkTags
    from .rounds import JoinedRounds, Pieces, Transcript, begins_message
    from .seam import Seam
    from .segments import Segment, Segments
    from .structure import CallValue, JsonItems, JsonValues

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

if not TYPE_CHECKING:  # else a type checker would accept every name
    __getattr__ = lazily(
        __name__,
        {
            ".clean": "Cleaner",
            "answered": "AnsweredStage with_answer",
            "fit": "Factory check_stage check_text_stage clearer_error seconds",
            "growing": "GrowingCall",
            "open_calls": "OpenCalls",
            "pacing": "BACKLOG Pacing is_text takes_time text_of with_text",
            "pieces": "Unit cutters",
            "rewriting": "Redactor Rewriter StopAt ThinkTags",
            "rounds": "JoinedRounds Pieces Transcript begins_message",
            "seam": "Seam",
            "segments": "Segment Segments",
            "structure": "CallValue JsonItems JsonValues",
        },
    )


def __dir__() -> list[str]:
    return __all__
