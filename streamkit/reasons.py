"""The meaning of the words with which servers end a reply: one table for all APIs.

Words are compared in one spelling: ``MAX_TOKENS``, ``maxTokens`` and ``FinishReason.MAX_TOKENS`` are all
``max_tokens``. The first line of `TABLE` that has a word of the reason decides what it means.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Literal, TypeAlias

__all__ = ["Meaning", "in_words", "is_pause", "may_pass", "meaning"]

Meaning: TypeAlias = Literal[
    "complete", "length", "filtered", "refused", "cancelled", "failed", "unfinished", "unknown"
]

PASSING = """
    network* connection* disconnect* reset lost timeout* time_out timed_out time_limit max_time deadline* overload*
    unavailable internal* insufficient_system* capacity server_error busy rate_limit* throttl* preempt* evict* shutdown
    shut_down temporar* interrupt interrupted bad_gateway try_again* too_many_requests resource_exhausted tpm_limit
    rpm_limit concurrency_limit
"""
"""Names of failures after which another attempt may succeed: whole words of a name. The sentences of errors need
patterns that look at more than a word (`wire.complaints`)."""
TABLE: tuple[tuple[str, Meaning], ...] = (
    (
        "none null unspecified not_finished unfinished in_progress generating running pending queued partial",
        "unfinished",
    ),
    ("no_error no_errors load unload pause_turn pause", "complete"),  # a model was loaded, a turn pauses
    ("cancel* user_abort* user_stop* user_interrupt* user_disconnect* by_user stopped_by_user", "cancelled"),
    ("refus* declined", "refused"),
    (
        """
        filter* *filter safety unsafe sensitive recitation blocklist block_list blacklist* denylist blocked prohibited*
        guardrail* moderat* policy violat* toxic* harm harmful risk* censor* inappropriate illegal copyright* spii pii
        flagged jailbreak* hate violen* sexual* nsfw profanity armor escalation *安全* *敏感* *违规* *审核* *过滤*
        """,
        "filtered",
    ),
    (
        """
        rate_limit* tpm_limit rpm_limit concurrency_limit quota* usage_limit spend_limit spending_limit time_limit
        max_time deadline* billing credit*
        """,
        "failed",
    ),
    ("too_many_tool_calls max_tool_calls tool_call_limit tool_calls_limit", "failed"),
    (
        """
        length *length context* truncat* too_long exceed* limit limits budget max maximum max_tokens incomplete full
        token_reached tokens_reached token_exhausted tokens_exhausted predict n_predict continuation *长度* *截断*
        """,
        "length",
    ),
    (PASSING, "failed"),
    (
        """
        error* fail* malformed* invalid* abort* insufficient* exhausted crash* unexpected* broken killed missing*
        exception fault out_of_memory oom terminated unloaded denied expired disabled *错误* *失败*
        """,
        "failed",
    ),
    (
        """
        stop stops stopped end ended eos eot eom eof endoftext final tool tools toolcall toolcalls function functions
        functioncall command commands complete completed done finish finished success succeeded normal ok
        """,
        "complete",
    ),
)


def _any_of(words: str) -> re.Pattern[str]:
    """A pattern for whole words of a reason; a star stands for any letters."""
    return re.compile(f"(?:^|_)(?:{'|'.join(word.replace('*', '[^_]*') for word in words.split())})(?:_|$)")


PATTERNS = tuple((_any_of(words), outcome) for words, outcome in TABLE)
PASSES = _any_of(PASSING)
PAUSES = _any_of("pause_turn pause")
PREFIX = re.compile("^(finish|stop|done|incomplete)?_?reason_")


def meaning(reason: str) -> Meaning:
    """The way a reply ended, by the server's word for it; ``unknown`` for a word that fits nothing."""
    return _meaning(_spelled(reason)) if reason else "complete"


@lru_cache(512)
def _meaning(word: str) -> Meaning:
    return next((outcome for pattern, outcome in PATTERNS if pattern.search(word)), "unknown")


def in_words(reason: str, own: Collection[str], words: Mapping[Meaning, str]) -> str:
    """``reason`` for readers of an API that has words of its ``own``: the one of its ``words`` that means the same. A
    reason without such a word stays as it is."""
    return reason if reason in own else words.get(meaning(reason), reason)


def is_pause(reason: str) -> bool:
    """True if a reply of this name goes on when it is sent back: the server paused a long turn with tools of its own
    (Anthropic's page "Handling stop reasons")."""
    return PAUSES.search(_spelled(reason)) is not None


def may_pass(reason: str) -> bool:
    """True if a failure of this name may be over at the next attempt."""
    return PASSES.search(_spelled(reason)) is not None


def _spelled(reason: str) -> str:
    word = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", reason[:200])
    word = re.sub(r"[\W_]+", "_", word.lower()).strip("_")
    return PREFIX.sub("", word)
