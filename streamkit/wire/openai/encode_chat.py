"""The writers of chat completions and of legacy completions: events as chunks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

from ...events import (
    BlockEnd,
    Citation,
    Event,
    File,
    Finish,
    LogprobsDelta,
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
from ...reasons import Meaning, in_words
from ...stages import OpenCalls
from ...turns import tool_call_part
from ..dialect import DONE
from .message_extras import audio_form, citation_form, image_form
from .message_fields import literal_fields
from .usage import known_usage

__all__ = ["ChatWriter", "CompletionsWriter", "chat_reason"]

Payload: TypeAlias = "dict[str, Any] | str"

OWN = ("stop", "length", "tool_calls", "content_filter", "function_call")
OF_COMPLETIONS = (Start, TextDelta, LogprobsDelta, Finish, UsageUpdate, Reply)
"""The events that legacy completions have a form for."""
WORDS: dict[Meaning, str] = {
    "complete": "stop",
    "length": "length",
    "filtered": "content_filter",
    "refused": "content_filter",
}


class ChatWriter:
    """Chunks of chat completions."""

    named = False
    object = "chat.completion.chunk"

    def __init__(self, model: str, id: str, created: int) -> None:
        self._model, self._id, self._created = model, id, created
        self._begun: set[int] = set()
        self._has_content = False
        self._finished: set[int] = set()
        self._calls = OpenCalls()
        self._count: dict[int, int] = {}  # the number of calls of each choice
        self._named: set[tuple[int, int]] = set()  # the calls whose id was written
        self._usage: Usage | None = None

    def feed(self, event: Event) -> Iterator[Payload]:
        match event:
            case Start():
                self._model, self._id = self._model or event.model, self._id or event.id
                yield self._piece(0, {"content": ""})
            case TextDelta():
                yield self._piece(event.index, {"content": event.text})
            case ReasoningDelta():
                yield self._piece(event.index, {"reasoning_content": event.text})
            case RefusalDelta():
                yield self._piece(event.index, {"refusal": event.text})
            case ToolCallDelta():
                self._calls.feed(event)
                if event.id:
                    self._named.add((event.index, event.call))
                yield self._call_piece(event)
            case ToolCall():
                yield from self._whole_call(event)
            case Citation() if form := citation_form(event):
                yield self._piece(event.index, {"annotations": [form]})
            case File() if form := image_form(event):
                yield self._piece(event.index, {"images": [form]})
            case File() if form := audio_form(event):
                yield self._piece(event.index, {"audio": form})
            case BlockEnd() if fields := literal_fields(event):
                yield self._piece(event.index, fields)
            case LogprobsDelta():
                yield self._piece(event.index, {}, logprobs=event.logprobs)
            case Finish():
                self._finished.add(event.index)
                yield self._piece(event.index, {}, finish_reason=self._word(event.reason, event.index, event.raw))
            # a running count of this package itself is written once, at the end
            case UsageUpdate() if event.usage.origin == "provider":
                self._usage = event.usage
                yield self._chunk([], usage=known_usage(event.usage, "prompt", "completion"))
            case Reply():
                yield from self._rest(event)

    def flush(self) -> Iterator[Payload]:
        yield DONE

    def fail(self, error: dict[str, Any]) -> Iterator[Payload]:
        yield {"error": error}

    def _word(self, reason: str, index: int, raw: dict[str, Any] | None = None) -> str:
        """The finish reason. APIs with one reason for all ends would hide calls from readers that look at the reason
        alone."""
        called = index in self._count
        if called and reason == "stop" and raw is not None and "choices" not in raw:  # a chunk of another API
            return "tool_calls"
        return chat_reason(reason, called=called)

    def _chunk(self, choices: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
        head = {"id": self._id or "chatcmpl-0", "object": self.object, "created": self._created, "model": self._model}
        return {**head, "choices": choices, **more}

    def _piece(self, index: int, delta: dict[str, Any], **more: Any) -> dict[str, Any]:
        self._has_content = self._has_content or any(delta.values())
        if index not in self._begun:
            self._begun.add(index)
            delta = {"role": "assistant", **delta}
        return self._chunk([{"index": index, "delta": delta, "logprobs": None, "finish_reason": None, **more}])

    def _whole_call(self, call: ToolCall) -> Iterator[Payload]:
        """A call whose pieces did not come before, or what these did not have: its id, the fields that go back."""
        number = self._calls.close(call)
        if number is None:
            piece = ToolCallDelta(call.arguments, self._count.get(call.index, 0), call.id, call.name, call.index)
            yield self._call_piece(piece, call.extra)
            return
        lacks_id = bool(call.id) and (call.index, number) not in self._named
        fields = {name: value for name, value in (call.extra or {}).items() if name not in ("type", "function")}
        if lacks_id or fields:
            id = {"id": call.id} if lacks_id else {}
            entry = {"index": number, **id, "type": "function", "function": {"arguments": ""}, **fields}
            yield self._piece(call.index, {"tool_calls": [entry]})

    def _call_piece(self, event: ToolCallDelta, extra: dict[str, Any] | None = None) -> dict[str, Any]:
        self._count[event.index] = max(self._count.get(event.index, 0), event.call + 1)
        function: dict[str, Any] = {"arguments": event.arguments}
        entry: dict[str, Any] = {"index": event.call, "function": function}
        if event.id is not None or event.name is not None:
            part = tool_call_part(ToolCall(event.id or "", event.name or "", event.arguments, extra=extra))
            entry = {"index": event.call, **part}
        return self._piece(event.index, {"tool_calls": [entry]})

    def _rest(self, reply: Reply) -> Iterator[Payload]:
        """The chunks for all that the reply holds and no event has brought."""
        for choice in reply.choices:
            # an empty reply without a reason would not count as a reply
            reason = choice.finish_reason or ("" if self._has_content else "stop")
            if reason and choice.index not in self._finished:
                yield self._piece(choice.index, {}, finish_reason=self._word(reason, choice.index))
        if reply.usage is not None and reply.usage != self._usage:
            yield self._chunk([], usage=known_usage(reply.usage, "prompt", "completion"))


class CompletionsWriter(ChatWriter):
    """Chunks of legacy completions: plain text in place of a delta."""

    object = "text_completion"

    def _piece(self, index: int, delta: dict[str, Any], **more: Any) -> dict[str, Any]:
        text = delta.get("content", "")
        self._has_content = self._has_content or bool(text)
        return self._chunk([{"index": index, "text": text, "logprobs": None, "finish_reason": None, **more}])

    def feed(self, event: Event) -> Iterator[Payload]:
        return super().feed(event) if isinstance(event, OF_COMPLETIONS) else iter(())


def chat_reason(reason: str, *, called: bool) -> str:
    """The finish reason in a word of chat completions: its readers do not know the words of other APIs."""
    return in_words(reason, OWN, {**WORDS, "complete": "tool_calls"} if called else WORDS)
