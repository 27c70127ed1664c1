"""The usage of one request: the figures of the server where it reports them, a count of our own where it does not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

from ...events import ReasoningDelta, RefusalDelta, TextDelta, ToolCall, ToolCallDelta
from ...tokens import Count, ReplyTokens, Rough, TokenCounter
from ...usage import Origin, Usage, weakest_origin
from ..open_calls import OpenCalls

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
"""The events that cost tokens, and the field that holds their text."""


class RequestUsage:
    """Counts the events of one request; each part of each choice by itself, as they were generated.

    ``request`` is the API and the JSON of the request, if they are known. `report` takes figures of the whole so far:
    they replace the count, and what comes after them is added.
    """

    def __init__(
        self, reply_tokens: ReplyTokens, model: str = "", request: tuple[str, Mapping[str, Any]] | None = None
    ) -> None:
        self.model = model or str((request[1].get("model") if request else None) or "")
        self.reported: Usage | None = None
        self._reply_tokens, self._request = reply_tokens, request
        self._counters: dict[tuple[type, int, int], TokenCounter | Rough] = {}
        self._calls = OpenCalls()
        self.tokens = 0
        self._reasoning_tokens = 0
        self._covered = (0, 0)  # tokens, and tokens of reasoning, that `reported` covers

    def feed(self, event: Any, text: str) -> None:
        """Count ``text`` of ``event`` (all of it, or a further part), which is one of ``BILLED``."""
        kind = type(event)
        if kind is ToolCall:
            self._whole_call(event)
        elif kind is ToolCallDelta:
            self._call_piece(event, text)
        else:
            self._count((kind, event.index, 0), text)

    def report(self, usage: Usage) -> None:
        self.reported, self._covered = usage, (self.tokens, self._reasoning_tokens)

    def flush(self) -> None:
        """Count what the counters still hold back, as no more text comes."""
        for key in self._counters:
            self._count(key, None)

    def usage(self) -> Usage | None:
        """The figures so far; None if nothing is known at all."""
        reported = self.reported
        if reported is None:
            return self._own()
        tokens, reasoning = self._covered if reported.completion_tokens is not None else (0, 0)
        since = max(0, self.tokens - tokens)  # a word that goes on may be fewer tokens in the end
        if not since and (reported.prompt_tokens is not None or self.prompt is None):
            return reported
        return self._completed(reported, since, max(0, self._reasoning_tokens - reasoning))

    # -- counting --------------------------------------------------------------------------------------------------

    def _count(self, key: tuple[type, int, int], text: str | None) -> None:
        """Count the text of one part, or its end if ``text`` is None."""
        counter = self._counters.get(key)
        if counter is None:
            counter = self._counters[key] = self._reply_tokens.counter(self.model)
        before = counter.total
        try:
            total = counter.flush() if text is None else counter.feed(text)
        except Exception:  # a user's own tokenizer must not break a reply
            counter = self._counters[key] = Rough(before)
            total = counter.feed(text or "")
        self.tokens += total - before
        if key[0] is ReasoningDelta:
            self._reasoning_tokens += total - before

    def _call_piece(self, event: ToolCallDelta, arguments: str) -> None:
        key = (ToolCallDelta, event.index, event.call)
        if key not in self._counters:
            self._begin_call(event.name or "")
        self._calls.feed(event)
        self._count(key, arguments)

    def _whole_call(self, event: ToolCall) -> None:
        if self._calls.close(event) is not None:
            return
        self._begin_call(event.name)
        self._count((ToolCall, event.index, len(self._counters)), event.arguments)

    def _begin_call(self, name: str) -> None:
        self.tokens += CALL
        self._count((ToolCall, -1, len(self._counters)), name)

    # -- figures ---------------------------------------------------------------------------------------------------

    @cached_property
    def prompt(self) -> Count | None:
        return self._reply_tokens.prompt(self.model, *(self._request or ()))

    def _own(self) -> Usage | None:
        prompt = self.prompt
        if prompt is None and not self._counters:
            return None
        prompt_tokens = None if prompt is None else prompt.tokens + prompt.images
        total = None if prompt_tokens is None else prompt_tokens + self.tokens
        return Usage(prompt_tokens, self.tokens, total, None, self._reasoning_tokens or None, self._origin())

    def _origin(self) -> Origin:
        if self._reasoning_tokens or (self.prompt is not None and not self.prompt.exact):
            return "estimate"
        for key, counter in tuple(self._counters.items()):  # other threads may read it while it grows
            if key[0] is ToolCall or not counter.exact:
                return "estimate"
        return "partial" if self._reply_tokens.thinks(self.model) else "exact"

    def _completed(self, usage: Usage, completion: int, thought: int) -> Usage:
        """The figures of the server, with our count for what they do not cover."""
        own = self._own()
        assert own is not None  # there is something to add
        prompt_tokens = usage.prompt_tokens if usage.prompt_tokens is not None else own.prompt_tokens
        completion_tokens = completion + (usage.completion_tokens or 0)
        total = usage.total_tokens + completion if usage.total_tokens is not None else None
        if total is None and prompt_tokens is not None:
            total = prompt_tokens + completion_tokens
        reasoning = thought + (usage.reasoning_tokens or 0) if thought else usage.reasoning_tokens
        return replace(
            usage,
            prompt_tokens=prompt_tokens,
            completion_tokens=completion_tokens,
            total_tokens=total,
            reasoning_tokens=reasoning,
            origin=weakest_origin((usage.origin, own.origin)),
            cost=None,  # it was the cost of fewer tokens
            cost_origin="prices",
            raw=None,
        )
