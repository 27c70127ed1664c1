"""Stages that change the text of events: hide it, have it approved, separate thoughts from it, or end it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy import lazily

if TYPE_CHECKING:
    from .early_end import EarlyEnd
    from .guarded import CheckRequest, GuardCutter, GuardJoiner, verdict_of
    from .matching import Pattern
    from .parts import parts_of
    from .redact import MASK, Redactor, Rule
    from .redact_json import JsonRedactor
    from .rewriter import Rewriter
    from .scan import HOLD, Part, Replaced, Scan
    from .shown_reply import ShownReply
    from .think_tags import StopAt, ThinkTags

__all__ = [
    "HOLD",
    "MASK",
    "CheckRequest",
    "EarlyEnd",
    "GuardCutter",
    "GuardJoiner",
    "JsonRedactor",
    "Part",
    "Pattern",
    "Redactor",
    "Replaced",
    "Rewriter",
    "Rule",
    "Scan",
    "ShownReply",
    "StopAt",
    "ThinkTags",
    "parts_of",
    "verdict_of",
]

if not TYPE_CHECKING:  # else a type checker would accept every name
    __getattr__ = lazily(
        __name__,
        {
            "early_end": "EarlyEnd",
            "guarded": "CheckRequest GuardCutter GuardJoiner verdict_of",
            "matching": "Pattern",
            "parts": "parts_of",
            "redact": "MASK Redactor Rule",
            "redact_json": "JsonRedactor",
            "rewriter": "Rewriter",
            "scan": "HOLD Part Replaced Scan",
            "shown_reply": "ShownReply",
            "think_tags": "StopAt ThinkTags",
        },
    )


def __dir__() -> list[str]:
    return __all__
