"""Events that stay events while their text is changed: hidden, approved, told apart, ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy import lazily

if TYPE_CHECKING:
    from .earlyend import Ending
    from .guarded import Answered, Asked, Cutter, Joiner, verdict_of
    from .matching import Pattern
    from .parts import parts_of
    from .redact import MASK, Redactor, Rule
    from .redact_json import JsonRedactor
    from .rewriter import Rewriter
    from .scan import HOLD, Part, Replaced, Scan
    from .thinktags import StopAt, ThinkTags

__all__ = [
    "HOLD",
    "MASK",
    "Answered",
    "Asked",
    "Cutter",
    "Ending",
    "Joiner",
    "JsonRedactor",
    "Part",
    "Pattern",
    "Redactor",
    "Replaced",
    "Rewriter",
    "Rule",
    "Scan",
    "StopAt",
    "ThinkTags",
    "parts_of",
    "verdict_of",
]

if not TYPE_CHECKING:  # else every name would be one
    __getattr__ = lazily(
        __name__,
        {
            "earlyend": "Ending",
            "guarded": "Answered Asked Cutter Joiner verdict_of",
            "matching": "Pattern",
            "parts": "parts_of",
            "redact": "MASK Redactor Rule",
            "redact_json": "JsonRedactor",
            "rewriter": "Rewriter",
            "scan": "HOLD Part Replaced Scan",
            "thinktags": "StopAt ThinkTags",
        },
    )


def __dir__() -> list[str]:
    return __all__
