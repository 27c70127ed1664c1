"""The writer of Anthropic's Messages API: events as content blocks, of which one at a time is open and grows.

Content of a later block waits until the blocks before it are closed: a call is closed when it is whole, text and
thinking when something else follows.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any, TypeAlias

from ...events import (
    Event,
    Finish,
    ReasoningDelta,
    RefusalDelta,
    Reply,
    Start,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    Usage,
    UsageUpdate,
)
from ...reasons import Meaning, in_words, meaning
from ...stages import OpenCalls
from ..partial_call import value_of
from .content_blocks import generated_id

__all__ = ["MessagesWriter", "error_response", "message_body"]

Form: TypeAlias = dict[str, Any]

WORDS: dict[Meaning, str] = {
    "complete": "end_turn",
    "length": "max_tokens",
    "filtered": "refusal",
    "refused": "refusal",
}
OWN = ("end_turn", "max_tokens", "stop_sequence", "tool_use", "pause_turn", "refusal", "model_context_window_exceeded")
FIELDS = {"text": "text", "thinking": "thinking", "tool_use": "partial_json"}
DELTAS = {"text": "text_delta", "thinking": "thinking_delta", "tool_use": "input_json_delta"}
KINDS: dict[type, str] = {TextDelta: "text", RefusalDelta: "text", ReasoningDelta: "thinking"}
"""A refusal is text in this API, and the stop reason says that it is a refusal."""
ERRORS = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}


class MessagesWriter:
    """Payloads of the Messages API. Only choice 0 has a form in it."""

    named = True

    def __init__(self, model: str, id: str, created: int) -> None:
        self._model, self._id = model, id
        self._started = self._called = self._refused = False
        self._blocks: deque[_WrittenBlock] = deque()  # the first is open; the others wait
        self._count = 0  # the number of blocks that were opened
        self._by_call: dict[int, _WrittenBlock] = {}
        self._calls = OpenCalls()
        self._reason: str | None = None
        self._usage: Usage | None = None

    def feed(self, event: Event) -> Iterator[Form]:
        if getattr(event, "index", 0):
            return
        match event:
            case Start():
                self._model, self._id = self._model or event.model, self._id or event.id
                yield from self._start()
            case TextDelta() | RefusalDelta() | ReasoningDelta():
                self._refused = self._refused or isinstance(event, RefusalDelta)
                self._block_of(KINDS[type(event)]).pieces.append(event.text)
            case ToolCallDelta():
                self._calls.feed(event)
                self._block_of_call(event.call).add(event.id or "", event.name or "", event.arguments)
            case ToolCall():
                number = self._calls.close(event)
                block = self._by_call[number] if number is not None else self._new("tool_use")
                block.add(event.id, event.name, "" if number is not None else event.arguments)
                block.whole = True
            case Finish():
                self._reason = self._reason or event.reason
            case UsageUpdate():
                self._usage = event.usage
            case Reply():
                self._reason = self._reason or event.finish_reason
                self._usage = event.usage or self._usage
        yield from self._grow()

    def flush(self) -> Iterator[Form]:
        yield from self._start()
        for block in self._blocks:
            block.whole = True
        yield from self._grow()
        end = {"stop_reason": _reason(self._reason, self._called, self._refused), "stop_sequence": None}
        yield {"type": "message_delta", "delta": end, "usage": _usage_form(self._usage or Usage())}
        yield {"type": "message_stop"}

    def fail(self, error: Form) -> Iterator[Form]:
        """The payloads of an error. Blocks that wait for the end of a call are written nevertheless, while that call
        stays open: it was cut off."""
        for block in self._blocks:
            yield from self._open(block)
            yield from block.deltas()
        yield {"type": "error", "error": {"type": "api_error", **_known_fields(error)}}

    def _start(self) -> Iterator[Form]:
        if not self._started:
            self._started = True
            message = {**_message(self._id, self._model), "usage": {"input_tokens": 0, "output_tokens": 0}}
            yield {"type": "message_start", "message": message}

    def _new(self, kind: str) -> _WrittenBlock:
        self._blocks.append(_WrittenBlock(kind))
        self._called = self._called or kind == "tool_use"
        return self._blocks[-1]

    def _block_of(self, kind: str) -> _WrittenBlock:
        """The last block, if it is of this kind, or a new one."""
        return self._blocks[-1] if self._blocks and self._blocks[-1].kind == kind else self._new(kind)

    def _block_of_call(self, number: int) -> _WrittenBlock:
        if number not in self._by_call:
            self._by_call[number] = self._new("tool_use")
        return self._by_call[number]

    def _grow(self) -> Iterator[Form]:
        """Write all that is ready of the first block, and of those after it once it is closed."""
        while self._blocks:
            block = self._blocks[0]
            block.whole = block.whole or (block.kind != "tool_use" and len(self._blocks) > 1)
            if (block.name and block.id) or block.kind != "tool_use" or block.whole:
                yield from self._open(block)
            if block.index is not None:
                yield from block.deltas()
            if not block.whole:
                return
            yield {"type": "content_block_stop", "index": block.index}
            self._blocks.popleft()

    def _open(self, block: _WrittenBlock) -> Iterator[Form]:
        if block.index is None:
            yield from self._start()
            block.index, self._count = self._count, self._count + 1
            block.id = block.id or generated_id(self._id, block.index)
            yield {"type": "content_block_start", "index": block.index, "content_block": block.form()}


class _WrittenBlock:
    __slots__ = ("id", "index", "kind", "name", "pieces", "whole")

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.index: int | None = None
        self.id = self.name = ""
        self.pieces: list[str] = []
        self.whole = False

    def add(self, id: str, name: str, arguments: str) -> None:
        self.id, self.name = self.id or id, self.name or name
        self.pieces.append(arguments)

    def form(self) -> Form:
        about = {"id": self.id, "name": self.name, "input": {}}
        return {"type": self.kind, **(about if self.kind == "tool_use" else _text_fields(self.kind, ""))}

    def deltas(self) -> Iterator[Form]:
        for piece in filter(None, self.pieces):
            delta = {"type": DELTAS[self.kind], FIELDS[self.kind]: piece}
            yield {"type": "content_block_delta", "index": self.index, "delta": delta}
        self.pieces.clear()


def message_body(reply: Reply) -> Form:
    """A whole reply as one message."""
    first = reply.choices[0]
    texts = (("thinking", first.reasoning), ("text", first.text), ("text", first.refusal))
    content: list[Form] = [{"type": kind, **_text_fields(kind, text)} for kind, text in texts if text]
    for call in first.tool_calls:
        value = value_of(call.arguments or "{}")
        input = value if isinstance(value, (dict, list)) else call.arguments  # not JSON: as the model wrote it
        id = call.id or generated_id(reply.id, len(content))
        content.append({"type": "tool_use", "id": id, "name": call.name, "input": input})
    reason = _reason(first.finish_reason, bool(first.tool_calls), bool(first.refusal))
    message = {**_message(reply.id, reply.model), "content": content, "stop_reason": reason}
    return {**message, "usage": {"input_tokens": 0, **_usage_form(reply.usage or Usage())}}


def error_response(status: int, error: Form) -> Form:
    """The body of an error response; an error without a type gets the one that goes with ``status``."""
    kind = ERRORS.get(status, "api_error" if status >= 500 else "invalid_request_error")
    return {"type": "error", "error": {"type": kind, **_known_fields(error)}}


def _known_fields(error: Form) -> Form:
    return {name: value for name, value in error.items() if value is not None}


def _message(id: str, model: str) -> Form:
    about = {"id": id or "msg_0", "type": "message", "role": "assistant", "model": model, "content": []}
    return {**about, "stop_reason": None, "stop_sequence": None}


def _text_fields(kind: str, text: str) -> Form:
    return {"thinking": text, "signature": ""} if kind == "thinking" else {"text": text, "citations": None}


def _reason(reason: str | None, called: bool, refused: bool) -> str:
    """The stop reason. A reply with refusal text and the reason of a complete reply gets the reason of a refusal."""
    word = in_words(reason or "", OWN, {**WORDS, "complete": "tool_use"} if called else WORDS)
    return "refusal" if refused and meaning(word) == "complete" else word


def _usage_form(usage: Usage) -> Form:
    """Token figures; the parts of the prompt are counted separately in this API. The figure of the answer is 0 if it is
    not known, because the official client requires a number."""
    known, long_writes = (usage.raw or {}).get("cache_creation_input_tokens"), usage.cache_write_1h_tokens
    cache_writes = known if usage.cache_write_tokens is None and isinstance(known, int) else usage.cache_write_tokens
    cache_reads, sent = usage.cached_tokens, usage.prompt_tokens
    form = {
        "input_tokens": None if sent is None else max(0, sent - (cache_reads or 0) - (cache_writes or 0)),
        "cache_creation_input_tokens": cache_writes,
        "cache_creation": None
        if long_writes is None
        else {
            "ephemeral_5m_input_tokens": max(0, (cache_writes or 0) - long_writes),
            "ephemeral_1h_input_tokens": long_writes,
        },
        "cache_read_input_tokens": cache_reads,
        "output_tokens": usage.completion_tokens or 0,
        "output_tokens_details": None
        if usage.reasoning_tokens is None
        else {"thinking_tokens": usage.reasoning_tokens},
        "service_tier": usage.service_tier,
        "cost": usage.cost if usage.cost_origin == "provider" else None,
    }
    return {name: value for name, value in form.items() if value is not None}
