"""What the words mean with which servers end a reply, whatever API they speak: one table for all of them.

Words are compared in one spelling: ``MAX_TOKENS``, ``maxTokens`` and ``FinishReason.MAX_TOKENS`` are all
``max_tokens``. What stands in `WORDS` is that; else the first of `PATTERNS` that is found in it decides.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal, TypeAlias

__all__ = ["Meaning", "may_pass", "meaning"]

Meaning: TypeAlias = Literal["complete", "length", "filtered", "refused", "cancelled", "failed", "unknown"]

WORDS: dict[str, Meaning] = {
    "": "complete",
    "error_limit": "length",
    "incomplete": "length",
    "limit": "length",
    "max_output": "length",
    "refusal": "refused",
    "refused": "refused",
    "too_many_tool_calls": "failed",
    "load": "complete",
    "pause_turn": "complete",
    "unload": "complete",
}
PATTERNS: tuple[tuple[re.Pattern[str], Meaning], ...] = (
    (re.compile("cancel|user_stop|stopped_by_user"), "cancelled"),
    (
        re.compile(
            "filter|safety|sensitive|recitation|block_?list|blocked|prohibited|guardrail|moderat|policy|toxic|harm"
            "|copyright|(^|_)s?pii(_|$)"
        ),
        "filtered",
    ),
    (
        re.compile(
            "length|context|truncat|too_long|max_len|tokens?_(reached|exhausted)|predicted_tokens"
            "|(max|limit|exceed|too_many|out_of|budget).*(token|output|prompt|input)"
            "|(token|output|prompt|input).*(max|limit|exceed|budget)"
        ),
        "length",
    ),
    (
        re.compile(
            "error|fail|malformed|invalid|abort|time_?out|timed_out|time_limit|overload|unavailable|internal|network"
            "|connection|disconnect|insufficient|exhausted|crash|unexpected|interrupt|preempt|evict|model_unload|missing"
            "|exception|out_of_memory|max_time|rate_limit|throttl|busy|killed"
        ),
        "failed",
    ),
    (
        re.compile(
            "(^|_)(stop|stopped|end|ended|eos|eot|eom|complete|completed|done|finish|finished|success|succeeded|normal"
            "|ok|tool|tools|function|functions|commands?)(_|$)"
        ),
        "complete",
    ),
)
PASSING = re.compile(
    "network|connection|disconnect|time_?out|timed_out|time_limit|overload|unavailable|internal|insufficient_system"
    "|server|busy|rate_limit|throttl|interrupt|preempt|evict|try_again"
)
"""Words of failures that say themselves that another attempt may succeed."""
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
    return PASSING.search(_spelled(reason)) is not None


def _spelled(reason: str) -> str:
    word = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", reason[:200])
    word = re.sub(r"[^a-z0-9]+", "_", word.lower()).strip("_")
    return PREFIX.sub("", word)
