"""The writer of Anthropic's Messages API: events as content blocks, of which one at a time is open and grows.

Content of a later block waits until the blocks before it are closed: a call is closed when it is whole, text and
thinking when something else follows. Blocks of a reply of this API are written as they were, with signatures, citations
and the tools that the server ran; the further fields of calls, which are known at their end only, are not.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any, TypeAlias

from ...events import (
    BlockEnd,
    BlockStart,
    Choice,
    Citation,
    Event,
    File,
    Finish,
    Origin,
    ReasoningDelta,
    RefusalDelta,
    Reply,
    ServerTool,
    Start,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    Usage,
    UsageUpdate,
)
from ...reasons import Meaning, in_words, meaning
from ...stages import OpenCalls
from ...turns import Piece, anthropic_blocks
from ..partial_call import value_of
from .content_blocks import generated_id
from .written_block import WrittenBlock, text_fields

__all__ = ["MessagesWriter", "error_response", "message_body"]

Form: TypeAlias = dict[str, Any]

WORDS: dict[Meaning, str] = {
    "complete": "end_turn",
    "length": "max_tokens",
    "filtered": "refusal",
    "refused": "refusal",
}
OWN = ("end_turn", "max_tokens", "stop_sequence", "tool_use", "pause_turn", "refusal", "model_context_window_exceeded")
OWN_API = "anthropic"
KINDS: dict[type, str] = {TextDelta: "text", RefusalDelta: "text", ReasoningDelta: "thinking"}
"""A refusal is text in this API, and the stop reason says that it is a refusal."""
WORDED = frozenset(KINDS.values())
"""The blocks whose texts are streamed."""
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
        self._container = ""
        self._is_own = False  # true for events of a reply of this API, whose blocks are written as they were
        self._blocks: deque[WrittenBlock] = deque()  # the first is open; the others wait
        self._count = 0  # the number of blocks that were opened
        self._by_call: dict[int, WrittenBlock] = {}
        self._calls = OpenCalls()
        self._reason: str | None = None
        self._usage: Usage | None = None

    def feed(self, event: Event) -> Iterator[Form]:
        if getattr(event, "index", 0):
            return
        match event:
            case Start():
                self._model, self._id = self._model or event.model, self._id or event.id
                self._is_own = self._is_own or _is_own(event.origin)
                yield from self._start()
            case TextDelta() | RefusalDelta() | ReasoningDelta():
                self._refused = self._refused or isinstance(event, RefusalDelta)
                self._block_of(KINDS[type(event)]).grow(event.text)
            case BlockStart() | BlockEnd() | Citation() | ServerTool() | File():
                if self._is_own:
                    self._feed_own(event)
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
        end: Form = {"stop_reason": _reason(self._reason, self._called, self._refused), "stop_sequence": None}
        end |= {"container": {"id": self._container}} if self._container else {}
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

    def _feed_own(self, event: BlockStart | BlockEnd | Citation | ServerTool | File) -> None:
        """Take what a reply of this API has besides texts and calls."""
        has_words, last = event.kind in WORDED, self._blocks[-1] if self._blocks else None
        match event:
            case BlockStart():
                if has_words:
                    self._new(event.kind)
            case BlockEnd() if has_words:
                if last is not None and last.kind == event.kind:
                    last.sign((event.form or {}).get("signature"))
                    last.whole = True
            case Citation():
                if last is not None and last.kind == "text" and event.form is not None:
                    last.cite(event.form)
            case BlockEnd(kind="container"):
                self._container = event.id
            case _ if event.form is not None:
                block = self._new(event.kind)
                block.given, block.whole = event.form, True

    def _new(self, kind: str) -> WrittenBlock:
        self._blocks.append(WrittenBlock(kind))
        self._called = self._called or kind == "tool_use"
        return self._blocks[-1]

    def _block_of(self, kind: str) -> WrittenBlock:
        """The last block, if it is of this kind, or a new one."""
        last = self._blocks[-1] if self._blocks else None
        return last if last is not None and last.kind == kind and not last.whole else self._new(kind)

    def _block_of_call(self, number: int) -> WrittenBlock:
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

    def _open(self, block: WrittenBlock) -> Iterator[Form]:
        if block.index is None:
            yield from self._start()
            block.index, self._count = self._count, self._count + 1
            block.id = block.id or generated_id(self._id, block.index)
            yield {"type": "content_block_start", "index": block.index, "content_block": block.form()}


def message_body(reply: Reply) -> Form:
    """A whole reply as one message."""
    first = reply.choices[0]
    is_own = _is_own(reply.origin) and bool(first.parts)
    content = _own_content(first) if is_own else [*_texts(Piece("", first.text, first.reasoning, first.refusal))]
    for call in () if is_own else first.tool_calls:
        content.append(_call_block(call, call.id or generated_id(reply.id, len(content))))
    reason = _reason(first.finish_reason, bool(first.tool_calls), bool(first.refusal))
    message = {**_message(reply.id, reply.model), "content": content, "stop_reason": reason}
    return {**message, "usage": {"input_tokens": 0, **_usage_form(reply.usage or Usage())}}


def _is_own(origin: Origin | None) -> bool:
    return origin is not None and origin.api == OWN_API


def _own_content(choice: Choice) -> list[Form]:
    """The blocks of a reply of this API as they were, and as plain text those that do not go back."""
    content: list[Form] = []
    for piece in choice.pieces(lambda call: True):
        if isinstance(piece.call, ToolCall):
            content.append({**_call_block(piece.call, piece.call.id), **(piece.call.extra or {})})
        else:
            content += anthropic_blocks([piece]) or _texts(piece)
    return content


def _texts(piece: Piece) -> Iterator[Form]:
    texts = (("thinking", piece.reasoning), ("text", piece.text), ("text", piece.refusal))
    return ({"type": kind, **text_fields(kind, text)} for kind, text in texts if text)


def _call_block(call: ToolCall, id: str) -> Form:
    value = value_of(call.arguments or "{}")
    input = value if isinstance(value, (dict, list)) else call.arguments  # not JSON: as the model wrote it
    return {"type": "tool_use", "id": id, "name": call.name, "input": input}


def error_response(status: int, error: Form) -> Form:
    """The body of an error response; an error without a type gets the one that goes with ``status``."""
    kind = ERRORS.get(status, "api_error" if status >= 500 else "invalid_request_error")
    return {"type": "error", "error": {"type": kind, **_known_fields(error)}}


def _known_fields(error: Form) -> Form:
    return {name: value for name, value in error.items() if value is not None}


def _message(id: str, model: str) -> Form:
    about = {"id": id or "msg_0", "type": "message", "role": "assistant", "model": model, "content": []}
    return {**about, "stop_reason": None, "stop_sequence": None}


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
