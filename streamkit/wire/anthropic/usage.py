"""Token figures of Anthropic's Messages API: several reports of one reply, merged and translated into a `Usage`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ...events import Usage
from ..fields import Chunk
from ..usage import figure, merge_usage

__all__ = ["ANSWER", "NAMES", "updated_report", "usage_from"]

PROMPT = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
"""The parts of the prompt: tokens from no cache, tokens written to a cache, and tokens read from a cache."""
CACHE = PROMPT[1:]
WRITES, WRITTEN = CACHE[0], "cache_creation"
"""Tokens written to a cache, and the parts of that figure: for how long they are kept."""
ANSWER = ("output_tokens", "output_tokens_details")
NAMES = frozenset({*PROMPT, *ANSWER, "prompt_tokens", "completion_tokens", "total_tokens"})
"""The last three are OpenAI's, which some gateways send."""

Warn = Callable[[str], None]


def updated_report(known: Chunk, report: Chunk, warn: Warn) -> Chunk:
    """All figures so far, under the server's names, after a further ``report``.

    A figure replaces the one before; nulls, values that are not figures, and a zero after a larger figure do not. Only
    the parts of a prompt go together, and then a zero counts: tokens of one part may be in another part the next time.
    A report without figures of a cache after one that had them has the whole prompt in one figure, which is known
    already.
    """
    new = {name: value for name, value in report.items() if value is not None}
    for name in NAMES.intersection(new):
        if not _replaces(name, new, known, warn):
            del new[name]
    parts = [name for name in PROMPT if name in new]
    lumped = any(known.get(name) for name in CACHE) and not any(name in new for name in CACHE)
    if lumped or not any(new[name] for name in parts):
        new = {name: value for name, value in new.items() if name not in PROMPT}
    if new.get(WRITES, known.get(WRITES)) != known.get(WRITES):  # its parts are those of the figure before
        known = {name: value for name, value in known.items() if name != WRITTEN}
    return {**known, **new}


def usage_from(report: Chunk, warn: Warn) -> Usage | None:
    """The figures of ``report``; None if all of them are zero or missing."""
    if not any(report.get(name) for name in NAMES):
        return None
    general = merge_usage(None, report, warn) or Usage()  # under the names of OpenAI
    prompt = [tokens for name in PROMPT if (tokens := figure(report, name, warn)) is not None]
    sent = sum(prompt) if prompt else general.prompt_tokens
    answer = general.completion_tokens
    cached = figure(report, CACHE[1], warn)
    return replace(
        general,
        prompt_tokens=sent,
        total_tokens=general.total_tokens if sent is None or answer is None else sent + answer,
        cached_tokens=general.cached_tokens if cached is None else cached,
        reasoning_tokens=_thinking(report, warn) if ANSWER[1] in report else general.reasoning_tokens,
        raw=report,
    )


def _replaces(name: str, new: Chunk, known: Chunk, warn: Warn) -> bool:
    """True if the value of this name in ``new`` is a figure, and replaces the one in ``known``."""
    value = new[name]
    if name == ANSWER[1]:
        return isinstance(value, dict) and bool(_thinking(new, warn) or not _thinking(known, warn))
    if not isinstance(value, (int, float)):
        warn(f"the server's {name} is not a figure and was left out")
    tokens = figure(new, name, warn)
    return tokens is not None and bool(tokens or name in PROMPT or not known.get(name))


def _thinking(report: Chunk, warn: Warn) -> int | None:
    return figure(report, "output_tokens_details.thinking_tokens", warn)
