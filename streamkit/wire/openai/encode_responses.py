"""The writer of the Responses API: events as items and parts that are opened, grow and are closed.

One message holds all text and refusals, one item all reasoning, and each tool call is an item of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

from ...events import (
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
from ...reasons import Meaning, meaning
from ...stages import OpenCalls
from .usage import known_usage

__all__ = ["ResponsesWriter"]

Form: TypeAlias = dict[str, Any]

INCOMPLETE: dict[Meaning, str] = {
    "length": "max_output_tokens",
    "filtered": "content_filter",
    "refused": "content_filter",
}
PARTS = {  # for each kind of part: the field of its text, and the field of an item that holds such parts
    "output_text": ("text", "content"),
    "refusal": ("refusal", "content"),
    "summary_text": ("text", "summary"),
}
NAMES = {
    "output_text": ("response.content_part", "response.output_text"),
    "refusal": ("response.content_part", "response.refusal"),
    "summary_text": ("response.reasoning_summary_part", "response.reasoning_summary_text"),
}


class ResponsesWriter:
    """Payloads of the Responses API. Only choice 0 has a form in it."""

    named = True

    def __init__(self, model: str, id: str, created: int) -> None:
        self._model, self._id, self._created = model, id, created
        self._started = False
        self._number = 0
        self._items: list[_WrittenItem] = []
        self._by_key: dict[Any, _WrittenItem] = {}
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
            case TextDelta():
                yield from self._grow("message", "output_text", event.text)
            case RefusalDelta():
                yield from self._grow("message", "refusal", event.text)
            case ReasoningDelta():
                yield from self._grow("reasoning", "summary_text", event.text)
            case LogprobsDelta():
                yield from self._grow("message", "output_text", "", logprobs=event.logprobs.get("content") or [])
            case ToolCallDelta():
                self._calls.feed(event)
                yield from self._call_piece(event.call, event.id or "", event.name or "", event.arguments)
            case ToolCall():
                yield from self._whole_call(event)
            case Finish():
                self._reason = self._reason or event.reason
            case UsageUpdate():
                self._usage = event.usage
            case Reply():
                self._reason = self._reason or event.finish_reason
                self._usage = event.usage or self._usage

    def flush(self) -> Iterator[Form]:
        yield from self._start()
        for item in self._items:
            yield from self._close(item)
        category = meaning(self._reason or "")
        reason = INCOMPLETE.get(category)
        status = "incomplete" if reason else "cancelled" if category == "cancelled" else "completed"
        response = self._response(status)
        response["incomplete_details"] = {"reason": reason} if reason else None
        yield self._payload(f"response.{status}", response=response)

    def fail(self, error: Form) -> Iterator[Form]:
        fields = {name: value for name, value in error.items() if name != "type"}
        yield self._payload("error", **{"code": None, "message": "", "param": None, **fields})

    def _payload(self, type: str, **fields: Any) -> Form:
        self._number += 1
        return {"type": type, "sequence_number": self._number - 1, **fields}

    def _response(self, status: str) -> Form:
        return {
            "id": self._id or "resp_0",
            "object": "response",
            "created_at": self._created,
            "status": status,
            "error": None,
            "incomplete_details": None,
            "model": self._model,
            "output": [item.form for item in self._items],
            "usage": None if self._usage is None else known_usage(self._usage, "input", "output"),
        }

    def _start(self) -> Iterator[Form]:
        if not self._started:
            self._started = True
            yield self._payload("response.created", response=self._response("in_progress"))

    def _open(self, key: Any, form: Form) -> Iterator[Form]:
        yield from self._start()
        item = _WrittenItem(len(self._items), form)
        self._items.append(item)
        self._by_key[key] = item
        yield self._payload("response.output_item.added", output_index=item.index, item=dict(form))

    def _grow(self, key: str, kind: str, text: str, **more: Any) -> Iterator[Form]:
        field, parts_field = PARTS[kind]
        part_name, text_name = NAMES[kind]
        if key not in self._by_key:
            role = {"role": "assistant"} if key == "message" else {}
            yield from self._open(
                key, {"id": f"{key}_0", "type": key, "status": "in_progress", **role, parts_field: []}
            )
        item = self._by_key[key]
        if kind not in item.parts:
            item.parts[kind] = []
            item.form[parts_field] = [*item.form[parts_field], {"type": kind, field: ""}]
            yield self._payload(f"{part_name}.added", **item.reference(kind), part=item.part(kind))
        item.parts[kind].append(text)
        yield self._payload(f"{text_name}.delta", **item.reference(kind), delta=text, **more)

    def _call_piece(self, key: Any, id: str, name: str, arguments: str) -> Iterator[Form]:
        if key not in self._by_key:
            form = {"id": f"fc_{len(self._items)}", "type": "function_call", "status": "in_progress"}
            yield from self._open(key, {**form, "call_id": id, "name": name, "arguments": ""})
        item = self._by_key[key]
        item.form["call_id"], item.form["name"] = item.form["call_id"] or id, item.form["name"] or name
        if arguments:
            item.arguments.append(arguments)
            yield self._payload("response.function_call_arguments.delta", **item.reference(), delta=arguments)

    def _whole_call(self, call: ToolCall) -> Iterator[Form]:
        number = self._calls.close(call)
        if number is not None:
            yield from self._close(self._by_key[number])
            return
        key = ("whole", len(self._items))
        yield from self._call_piece(key, call.id, call.name, call.arguments)
        yield from self._close(self._by_key[key])

    def _close(self, item: _WrittenItem) -> Iterator[Form]:
        if item.closed:
            return
        item.closed = True
        item.form["status"] = "completed"
        if item.form["type"] == "function_call":
            item.form["arguments"] = "".join(item.arguments)
            whole = {"arguments": item.form["arguments"]}
            yield self._payload("response.function_call_arguments.done", **item.reference(), **whole)
        for kind, pieces in item.parts.items():
            field, _ = PARTS[kind]
            part_name, text_name = NAMES[kind]
            item.part(kind)[field] = "".join(pieces)
            yield self._payload(f"{text_name}.done", **item.reference(kind), **{field: item.part(kind)[field]})
            yield self._payload(f"{part_name}.done", **item.reference(kind), part=item.part(kind))
        yield self._payload("response.output_item.done", output_index=item.index, item=item.form)


class _WrittenItem:
    __slots__ = ("arguments", "closed", "form", "index", "parts")

    def __init__(self, index: int, form: Form) -> None:
        self.index = index
        self.form = form
        self.parts: dict[str, list[str]] = {}
        self.arguments: list[str] = []
        self.closed = False

    def reference(self, kind: str = "") -> Form:
        reference: Form = {"item_id": self.form["id"], "output_index": self.index}
        if kind:
            reference["summary_index" if kind == "summary_text" else "content_index"] = list(self.parts).index(kind)
        return reference

    def part(self, kind: str) -> Form:
        part: Form = self.form[PARTS[kind][1]][list(self.parts).index(kind)]
        return part
