"""The writer of Ollama's own API: events as its lines, and a whole reply as its single object."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias

from ...events import (
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
from ...reasons import meaning
from ...stages import GrowingCall, OpenCalls
from ..partial_call import value_of

__all__ = ["OllamaWriter", "ollama_body"]

Form: TypeAlias = dict[str, Any]
LATEST = 253402300799
"""The last Unix time whose year has four digits."""


class OllamaWriter:
    """The objects of ``/api/chat``. In this API calls are whole, a refusal is text and the reason at the end says that
    it is a refusal, and the only choice is the one with index 0."""

    named = False

    def __init__(self, model: str, id: str, created: int) -> None:
        self._model, self._created = model, created
        self._reason: str | None = None
        self._usage: Usage | None = None
        self._refused = False
        self._calls = OpenCalls()
        self._growing: dict[int, GrowingCall] = {}

    def feed(self, event: Event) -> Iterator[Form]:
        if getattr(event, "index", 0):
            return
        match event:
            case Start():
                self._model = self._model or event.model
            case TextDelta() | RefusalDelta():
                self._refused = self._refused or isinstance(event, RefusalDelta)
                yield self._piece(content=event.text)
            case ReasoningDelta():
                yield self._piece(content="", thinking=event.text)
            case LogprobsDelta() if isinstance(event.logprobs.get("content"), list):
                yield {**self._piece(content=""), "logprobs": event.logprobs["content"]}
            case ToolCallDelta():
                self._grow(event)
            case ToolCall():
                number = self._calls.close(event)
                if number is not None:
                    del self._growing[number]
                yield self._piece(content="", tool_calls=[_call_form(event)])
            case File() if _is_image(event):
                yield self._piece(content="", images=[event.data])
            case Finish():
                self._reason = event.reason
            # a running count of this package itself is written once, at the end
            case UsageUpdate() if event.usage.origin == "provider":
                self._usage = event.usage
            case Reply():
                self._reason, self._usage = self._reason or event.finish_reason, event.usage or self._usage

    def flush(self) -> Iterator[Form]:
        calls = [_call_form(call.snapshot(0)) for call in self._growing.values()]
        if calls:  # no event said that they are whole, but the reply is
            yield self._piece(content="", tool_calls=calls)
        yield {**self._piece(content=""), **_end(self._reason, self._usage, refused=self._refused)}

    def fail(self, error: Form) -> Iterator[Form]:
        yield {"error": error["message"]}

    def _piece(self, **message: Any) -> Form:
        return _chunk(self._model, self._created, message)

    def _grow(self, piece: ToolCallDelta) -> None:
        self._calls.feed(piece)
        call = self._growing.setdefault(piece.call, GrowingCall(piece.call))
        call.id, call.name = call.id or piece.id or "", call.name or piece.name or ""
        call.arguments.append(piece.arguments)


def ollama_body(reply: Reply) -> Form:
    """A whole reply as one object, for requests that do not ask for a stream."""
    refusal = reply.refusal
    message: Form = {"content": reply.text + refusal}
    if reply.reasoning:
        message["thinking"] = reply.reasoning
    if images := [file.data for file in reply.choices[0].files if _is_image(file)]:
        message["images"] = images
    if reply.tool_calls:
        message["tool_calls"] = [_call_form(call) for call in reply.tool_calls]
    end = _end(reply.finish_reason, reply.usage, refused=bool(refusal))
    return {**_chunk(reply.model, int(time.time()), message), **end}


def _chunk(model: str, created: int, message: Form) -> Form:
    moment = datetime.fromtimestamp(min(max(created, 0), LATEST), UTC)
    timestamp = moment.isoformat().replace("+00:00", "Z")
    return {"model": model, "created_at": timestamp, "message": {"role": "assistant", **message}, "done": False}


def _call_form(call: ToolCall) -> Form:
    """A call, with the further fields that Ollama gave it. Its arguments are an object here; text that is not an object
    stays as it is: readers may refuse it, but nothing is lost."""
    value = value_of(call.arguments or "{}")
    arguments = value if isinstance(value, Mapping) else call.arguments
    further = (call.extra or {}) if call.api == "ollama" else {}
    function = {**further.get("function", {}), "name": call.name, "arguments": arguments}
    return {**further, **({"id": call.id} if call.id else {}), "function": function}


def _is_image(file: File) -> bool:
    """True for a whole image; this API has neither addresses nor pieces of files."""
    return file.kind == "image" and bool(file.data) and file.last


def _end(reason: str | None, usage: Usage | None, *, refused: bool) -> Form:
    """The further fields of the last object; reasons with the meaning of one of Ollama's own words are written as that
    word."""
    end: Form = {"done": True}
    if refused and meaning(reason or "") == "complete":  # a word for a whole reply would hide the refusal
        end["done_reason"] = "refusal"
    elif reason is not None:
        end["done_reason"] = {"complete": "stop", "length": "length"}.get(meaning(reason), reason)
    figures = usage or Usage()
    fields = {"prompt_eval_count": figures.prompt_tokens, "eval_count": figures.completion_tokens}
    return end | {name: figure for name, figure in fields.items() if figure is not None}
