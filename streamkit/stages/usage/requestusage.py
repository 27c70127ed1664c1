"""What one request comes to: the server's figures where it reports them, our own count where it does not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ...events import ReasoningDelta, RefusalDelta, TextDelta, ToolCall, ToolCallDelta
from ...tokens import Count, ReplyTokens, Rough, TokenCounter
from ...usage import Origin, Usage, weakest
from ..opencalls import OpenCalls

__all__ = ["BILLED", "RequestUsage"]

CALL = 7
"""Tokens around the name and arguments of a tool call; some calls take one more."""
BILLED: dict[type, str] = {
    TextDelta: "text",
    ReasoningDelta: "text",
    RefusalDelta: "text",
    ToolCallDelta: "arguments",
    ToolCall: "arguments",
}
"""The events that cost, and where their text is."""


class RequestUsage:
    """Counts the events of one request; each part of each choice by itself, as they were generated.

    ``asked`` is the API and the JSON of the request if that is known. `report` takes figures of the whole so far: they
    stand, and what comes after them is added.
    """

    def __init__(self, gauge: ReplyTokens, model: str = "", asked: tuple[str, Mapping[str, Any]] | None = None) -> None:
        self.model = model or str((asked[1].get("model") if asked else None) or "")
        self.reported: Usage | None = None
        self._gauge, self._asked = gauge, asked
        self._prompt: Count | None = None
        self._looked = False
        self._counters: dict[tuple[type, int, int], TokenCounter | Rough] = {}
        self._calls = OpenCalls()
        self.tokens = 0
        self._thought = 0
        self._before = (0, 0)  # tokens and thinking that `reported` covers
        self._guessed = False

    def feed(self, event: Any, text: str) -> None:
        """``text`` of ``event`` (all of it, or a further part), which is one of ``BILLED``."""
        kind = type(event)
        if kind is ToolCall:
            self._whole_call(event)
        elif kind is ToolCallDelta:
            self._call_piece(event, text)
        else:
            self._take((kind, event.index, 0), text)

    def report(self, usage: Usage) -> None:
        self.reported, self._before = usage, (self.tokens, self._thought)

    def flush(self) -> None:
        """No more text comes: what counters could not know before."""
        for key in self._counters:
            self._take(key, None)

    def usage(self) -> Usage | None:
        """The figures so far; None if nothing is known at all."""
        reported = self.reported
        if reported is None:
            return self._own()
        tokens, thought = self._before if reported.completion_tokens is not None else (0, 0)
        since = max(0, self.tokens - tokens)  # a word that goes on may turn out to be fewer tokens
        if not since and (reported.prompt_tokens is not None or self.prompt is None):
            return reported
        return self._completed(reported, since, max(0, self._thought - thought))

    # -- counting --------------------------------------------------------------------------------------------------

    def _take(self, key: tuple[type, int, int], text: str | None) -> None:
        """Text of one part, or None for its end."""
        counter = self._counters.get(key)
        if counter is None:
            counter = self._counters[key] = self._gauge.counter(self.model)
        before = counter.total
        try:
            total = counter.flush() if text is None else counter.feed(text)
        except Exception:  # somebody's own tokenizer: no reason to break a reply
            counter = self._counters[key] = Rough(before)
            total = counter.feed(text or "")
        self.tokens += total - before
        if key[0] is ReasoningDelta:
            self._thought += total - before

    def _call_piece(self, event: ToolCallDelta, arguments: str) -> None:
        key = (ToolCallDelta, event.index, event.call)
        if key not in self._counters:
            self._begin_call(event.name or "")
        self._calls.feed(event)
        self._take(key, arguments)

    def _whole_call(self, event: ToolCall) -> None:
        if self._calls.close(event) is not None:
            return
        self._begin_call(event.name)
        self._take((ToolCall, event.index, len(self._counters)), event.arguments)

    def _begin_call(self, name: str) -> None:
        self._guessed = True
        self.tokens += CALL
        self._take((ToolCall, -1, len(self._counters)), name)

    # -- figures ---------------------------------------------------------------------------------------------------

    @property
    def prompt(self) -> Count | None:
        if not self._looked:
            self._prompt, self._looked = self._gauge.prompt(self.model, *(self._asked or ())), True
        return self._prompt

    def _own(self) -> Usage | None:
        prompt = self.prompt
        if prompt is None and not self._counters:
            return None
        asked = None if prompt is None else prompt.tokens + prompt.images
        total = None if asked is None else asked + self.tokens
        return Usage(asked, self.tokens, total, None, self._thought or None, self._origin())

    def _origin(self) -> Origin:
        prompt, counters = self.prompt, tuple(self._counters.values())  # others may look while it grows
        if self._guessed or self._thought or not all(counter.exact for counter in counters):
            return "estimate"
        if prompt is not None and not prompt.exact:
            return "estimate"
        return "partial" if self._gauge.thinks(self.model) else "exact"

    def _completed(self, usage: Usage, completion: int, thought: int) -> Usage:
        """A server's figures with ours for what they do not cover."""
        own = self._own()
        assert own is not None  # there is something to add
        asked = usage.prompt_tokens if usage.prompt_tokens is not None else own.prompt_tokens
        made = completion + (usage.completion_tokens or 0)
        total = usage.total_tokens + completion if usage.total_tokens is not None else None
        if total is None and asked is not None:
            total = asked + made
        reasoning = thought + (usage.reasoning_tokens or 0) if thought else usage.reasoning_tokens
        return replace(
            usage,
            prompt_tokens=asked,
            completion_tokens=made,
            total_tokens=total,
            reasoning_tokens=reasoning,
            origin=weakest((usage.origin, own.origin)),
            cost=None,  # that was of less
            raw=None,
        )
