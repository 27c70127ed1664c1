"""Token figures of Anthropic's Messages API: several reports of one reply, and what they are in our own terms."""

from __future__ import annotations

from collections.abc import Callable

from ...events import Usage
from ..fields import Chunk
from ..usage import figure, merged

__all__ = ["ANSWER", "NAMES", "updated_report", "usage_from"]

PROMPT = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
"""What the prompt consists of: that which no cache had, that which one keeps from now on, and that which one had."""
CACHE = PROMPT[1:]
ANSWER = ("output_tokens", "output_tokens_details")
NAMES = frozenset({*PROMPT, *ANSWER, "prompt_tokens", "completion_tokens", "total_tokens"})
"""The latter three are OpenAI's, which some gateways send."""

Warn = Callable[[str], None]


def updated_report(known: Chunk, report: Chunk, warn: Warn) -> Chunk:
    """All figures so far, by the server's names, after a further ``report``.

    A figure replaces the one before; nulls, what is no figure, and a zero where there was more do not. Only the parts
    of a prompt go together, and then a zero counts: what one cache had may be somewhere else the next time. A report
    that knows nothing of a cache after one that did has the whole prompt in one figure, which is known already.
    """
    new = {name: value for name, value in report.items() if value is not None}
    for name in NAMES.intersection(new):
        if not _replaces(name, new, known, warn):
            del new[name]
    parts = [name for name in PROMPT if name in new]
    lumped = any(known.get(name) for name in CACHE) and not any(name in new for name in CACHE)
    if lumped or not any(new[name] for name in parts):
        new = {name: value for name, value in new.items() if name not in PROMPT}
    return {**known, **new}


def usage_from(report: Chunk, warn: Warn) -> Usage | None:
    """The figures of ``report``; None if there are none but zeros."""
    if not any(report.get(name) for name in NAMES):
        return None
    general = merged(None, report, warn) or Usage()  # by the names of OpenAI
    prompt = [tokens for name in PROMPT if (tokens := figure(report, name, warn)) is not None]
    sent = sum(prompt) if prompt else general.prompt_tokens
    made = general.completion_tokens
    cached = figure(report, CACHE[1], warn)
    return Usage(
        sent,
        made,
        general.total_tokens if sent is None or made is None else sent + made,
        general.cached_tokens if cached is None else cached,
        _thinking(report, warn) if ANSWER[1] in report else general.reasoning_tokens,
        raw=report,
    )


def _replaces(name: str, new: Chunk, known: Chunk, warn: Warn) -> bool:
    """Whether the figure of this name in ``new`` is one, and says something after that which is ``known``."""
    value = new[name]
    if name == ANSWER[1]:
        return isinstance(value, dict) and bool(_thinking(new, warn) or not _thinking(known, warn))
    if not isinstance(value, (int, float)):
        warn(f"the server's {name} is not a figure and was left out")
    told = figure(new, name, warn)
    return told is not None and bool(told or name in PROMPT or not known.get(name))


def _thinking(report: Chunk, warn: Warn) -> int | None:
    return figure(report, "output_tokens_details.thinking_tokens", warn)
