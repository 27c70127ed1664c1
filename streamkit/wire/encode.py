"""Events to the bytes of an event stream, in the form of any API that `parse` reads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Protocol, TypeAlias

from ..errors import ApiError, StreamkitError
from ..events import (
    Event,
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
from ..stages.opencalls import OpenCalls
from .dialect import DONE
from .encode_responses import ResponsesWriter
from .loads import encode

__all__ = ["Encoder", "frame"]

LINE_END = re.compile(rb"\r\n|\r|\n")
UNSAFE = re.compile(r"[\r\n\0]")
Payload: TypeAlias = "dict[str, Any] | str"


def frame(data: str | bytes, event: str | None = None, id: str | None = None) -> bytes:
    """One block of an event stream that says ``data``, whatever line ends are in it (a reader sees LF).

    ValueError for an ``event`` or ``id`` with CR, LF or NUL: they would make further fields or events.
    """
    head = b""
    for name, value in (("event", event), ("id", id)):
        if value is None:
            continue
        if UNSAFE.search(value):
            raise ValueError(f"{name} must not hold CR, LF or NUL: {value!r}")
        head += f"{name}: {value}\n".encode("utf-8", "backslashreplace")
    body = data.encode("utf-8", "backslashreplace") if isinstance(data, str) else data
    return head + b"".join(b"data: " + line + b"\n" for line in LINE_END.split(body)) + b"\n"


class Writer(Protocol):
    """What each API's form needs: payloads for an event, for the end, for an error."""

    named: bool  # whether the payload's type is also the name of its server-sent event

    def feed(self, event: Event) -> Iterator[Payload]: ...
    def flush(self) -> Iterator[Payload]: ...
    def fail(self, error: dict[str, Any]) -> Payload: ...


class Encoder:
    """A stage: events in, blocks of bytes out. What it wrote parses to the same content.

    ``model`` and ``id`` stand before those of `Start`; ``created`` is a Unix time. What an API has no form for is left
    out: legacy completions have only text, the Responses API only choice 0; `Other`, `ToolResult`, `RoundEnd` and
    `Restart` have no form anywhere.
    """

    def __init__(self, api: str = "chat", *, model: str = "", id: str = "", created: int = 0) -> None:
        if api not in WRITERS:
            raise ValueError(f"unknown api {api!r}: one of {', '.join(WRITERS)}")
        self._writer: Writer = WRITERS[api](model, id, created)
        self._over = False

    def feed(self, event: Event) -> list[bytes]:
        """The blocks for one event; a `Reply` also ends the stream."""
        if self._over:
            return []
        blocks = [self._block(payload) for payload in self._writer.feed(event)]
        return blocks + self.flush() if isinstance(event, Reply) else blocks

    def flush(self) -> list[bytes]:
        """The blocks that tell a reader that the reply is whole, once. Leave it out where that is not so."""
        if self._over:
            return []
        self._over = True
        return [self._block(payload) for payload in self._writer.flush()]

    def fail(self, error: StreamkitError) -> list[bytes]:
        """The block that reports ``error`` instead of an end."""
        if self._over:
            return []
        self._over = True
        form: dict[str, Any] = {"message": str(error), "type": error.kind, "code": None, "param": None}
        if isinstance(error, ApiError):
            form |= {"type": error.error_type or error.kind, "code": error.code, "param": error.param}
        return [self._block(self._writer.fail(form))]

    def _block(self, payload: Payload) -> bytes:
        if isinstance(payload, str):
            return frame(payload)
        return frame(encode(payload), payload["type"] if self._writer.named else None)


class ChatWriter:
    """Chunks of chat completions."""

    named = False
    object = "chat.completion.chunk"

    def __init__(self, model: str, id: str, created: int) -> None:
        self._model, self._id, self._created = model, id, created
        self._begun: set[int] = set()
        self._said = False
        self._finished: set[int] = set()
        self._calls = OpenCalls()
        self._count: dict[int, int] = {}  # calls of each choice
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
                yield self._call_piece(event)
            case ToolCall() if self._calls.close(event) is None:  # its pieces did not come before
                number = self._count.get(event.index, 0)
                yield self._call_piece(ToolCallDelta(event.arguments, number, event.id, event.name, event.index))
            case LogprobsDelta():
                yield self._piece(event.index, {}, logprobs=event.logprobs)
            case Finish():
                self._finished.add(event.index)
                yield self._piece(event.index, {}, finish_reason=event.reason)
            case UsageUpdate() if event.usage.origin == "provider":  # a running count of ours is told once, at the end
                self._usage = event.usage
                yield self._chunk([], usage=usage_form(event.usage))
            case Reply():
                yield from self._rest(event)

    def flush(self) -> Iterator[Payload]:
        yield DONE

    def fail(self, error: dict[str, Any]) -> Payload:
        return {"error": error}

    def _chunk(self, choices: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
        head = {"id": self._id or "chatcmpl-0", "object": self.object, "created": self._created, "model": self._model}
        return {**head, "choices": choices, **more}

    def _piece(self, index: int, delta: dict[str, Any], **more: Any) -> dict[str, Any]:
        self._said = self._said or any(delta.values())
        if index not in self._begun:
            self._begun.add(index)
            delta = {"role": "assistant", **delta}
        return self._chunk([{"index": index, "delta": delta, "logprobs": None, "finish_reason": None, **more}])

    def _call_piece(self, event: ToolCallDelta) -> dict[str, Any]:
        self._count[event.index] = max(self._count.get(event.index, 0), event.call + 1)
        function: dict[str, Any] = {"arguments": event.arguments}
        entry: dict[str, Any] = {"index": event.call, "function": function}
        if event.id is not None or event.name is not None:
            function = {"name": event.name or "", **function}
            entry = {"index": event.call, "id": event.id or "", "type": "function", "function": function}
        return self._piece(event.index, {"tool_calls": [entry]})

    def _rest(self, reply: Reply) -> Iterator[Payload]:
        """What the reply knows and no event has told."""
        for choice in reply.choices:
            reason = choice.finish_reason or ("" if self._said else "stop")  # else a reader takes it for no reply
            if reason and choice.index not in self._finished:
                yield self._piece(choice.index, {}, finish_reason=reason)
        if reply.usage is not None and reply.usage != self._usage:
            yield self._chunk([], usage=usage_form(reply.usage))


class CompletionsWriter(ChatWriter):
    """Chunks of legacy completions: plain text in place of a delta."""

    object = "text_completion"

    def _piece(self, index: int, delta: dict[str, Any], **more: Any) -> dict[str, Any]:
        text = delta.get("content", "")
        self._said = self._said or bool(text)
        return self._chunk([{"index": index, "text": text, "logprobs": None, "finish_reason": None, **more}])

    def feed(self, event: Event) -> Iterator[Payload]:
        if isinstance(event, (ReasoningDelta, RefusalDelta, ToolCallDelta, ToolCall)):
            return iter(())
        return super().feed(event)


def usage_form(usage: Usage) -> dict[str, Any]:
    """Token figures under the names of chat completions, without those that are not known."""
    form: dict[str, Any] = {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
        "prompt_tokens_details": _known({"cached_tokens": usage.cached_tokens}),
        "completion_tokens_details": _known({"reasoning_tokens": usage.reasoning_tokens}),
    }
    return _known(form) or {}


def _known(form: dict[str, Any]) -> dict[str, Any] | None:
    return {name: value for name, value in form.items() if value is not None} or None


WRITERS: dict[str, Any] = {"chat": ChatWriter, "completions": CompletionsWriter, "responses": ResponsesWriter}
