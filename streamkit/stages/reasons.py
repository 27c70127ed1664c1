"""What the words mean with which servers end a reply, whatever API they speak: one table for all of them.

Words are compared in one spelling: ``MAX_TOKENS``, ``maxTokens`` and ``FinishReason.MAX_TOKENS`` are all
``max_tokens``. What stands in `WORDS` is that; else the first line of `PARTS` decides of which a part is found in it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal, TypeAlias

__all__ = ["Meaning", "may_pass", "meaning"]

Meaning: TypeAlias = Literal["complete", "length", "filtered", "refused", "cancelled", "failed", "unknown"]

WORDS: dict[str, Meaning] = {
    "": "complete",
    "incomplete": "length",
    "load": "complete",
    "pause_turn": "complete",
    "too_many_tool_calls": "failed",
    "unload": "complete",
}
PASSING = """
    network connection disconnect reset lost time_?out timed_out time_limit max_time deadline overload unavailable
    internal insufficient_system capacity server busy rate_limit throttl interrupt preempt evict shut_?down temporar
"""
"""Failures that say themselves that another attempt may succeed."""
PARTS: tuple[tuple[str, Meaning], ...] = (
    ("cancel user_stop stopped_by_user", "cancelled"),
    ("refus declined", "refused"),
    (
        """
        filter safety unsafe sensitive recitation block_?list blocked prohibited guardrail moderat policy violat toxic
        harm risk censor inappropriate illegal copyright (^|_)s?pii(_|$)
        """,
        "filtered",
    ),
    ("rate_limit quota time_limit max_time deadline", "failed"),
    ("length context truncat too_long exceed limit budget (^|_)max tokens?_(reached|exhausted|spent)", "length"),
    (PASSING, "failed"),
    (
        """
        error fail malformed invalid abort insufficient exhausted crash unexpected broken killed missing exception
        fault out_of_memory model_unload denied
        """,
        "failed",
    ),
    (
        """
        (^|_)(stop|stopped|end|ended|eos|eot|eom)(_|$) (^|_)(tool|tools|function|functions|commands?)(_|$)
        (^|_)(complete|completed|done|finish|finished|success|succeeded|normal|ok)(_|$)
        """,
        "complete",
    ),
)


def _any_of(parts: str) -> re.Pattern[str]:
    return re.compile("|".join(parts.split()))


PATTERNS = tuple((_any_of(parts), meant) for parts, meant in PARTS)
PASSES = _any_of(PASSING)
PREFIX = re.compile("^(finish|stop|done|incomplete)?_?reason_")


@lru_cache(512)
def meaning(reason: str) -> Meaning:
    """How a reply ended, by the server's word for it; ``unknown`` for a word that fits nothing."""
    word = _spelled(reason)
    known = WORDS.get(word)
    if known is not None:
        return known
    return next((meant for pattern, meant in PATTERNS if pattern.search(word)), "unknown")


def may_pass(reason: str) -> bool:
    """Whether a failure of this name may be over at the next attempt."""
    return PASSES.search(_spelled(reason)) is not None


def _spelled(reason: str) -> str:
    word = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", reason[:200])
    word = re.sub(r"[^a-z0-9]+", "_", word.lower()).strip("_")
    return PREFIX.sub("", word)
