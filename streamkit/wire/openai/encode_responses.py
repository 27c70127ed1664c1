"""The writer of the Responses API: events as items and parts that are opened, grow and are closed.

Blocks of this API are items of their own, which end with the form that goes back. Else one message holds all text and
refusals, and one item all reasoning. Each tool call is an item.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

from ...events import (
    BlockEnd,
    BlockStart,
    Citation,
    Event,
    File,
    Finish,
    LogprobsDelta,
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
from ...reasons import Meaning, meaning
from ...stages import OpenCalls
from .hosted_items import PARTIAL_IMAGE, WHOLE_INPUT, is_progress
from .usage import known_usage
from .written_item import PARTS, WrittenItem, annotation_of, image_form, tool_form

__all__ = ["INCOMPLETE", "ResponsesWriter", "call_fields"]

Form: TypeAlias = dict[str, Any]

INCOMPLETE: dict[Meaning, str] = {
    "length": "max_output_tokens",
    "filtered": "content_filter",
    "refused": "content_filter",
}
INPUTS = {kind: (name, field) for name, (kind, field) in WHOLE_INPUT.items()}
"""For each kind of tool whose input has an event, its name and the field of the input."""
BLOCKS = ("message", "reasoning")
"""The kinds of blocks whose texts have events."""
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
        self._knows_all = False  # if the events are from this API, so that items of unknown kinds are items of it
        self._number = 0
        self._items: list[WrittenItem] = []
        self._by_key: dict[Any, WrittenItem] = {}
        self._blocks: dict[tuple[str, str], WrittenItem] = {}
        self._calls = OpenCalls()
        self._reason: str | None = None
        self._usage: Usage | None = None

    def feed(self, event: Event) -> Iterator[Form]:
        if getattr(event, "index", 0):
            return
        match event:
            case Start():
                self._model, self._id = self._model or event.model, self._id or event.id
                self._knows_all = event.origin is not None and event.origin.api == "responses"
                yield from self._start()
            case TextDelta():
                yield from self._grow("message", "output_text", event.text)
            case RefusalDelta():
                yield from self._grow("message", "refusal", event.text)
            case ReasoningDelta():
                yield from self._grow("reasoning", "summary_text", event.text)
            case BlockStart() if event.kind in BLOCKS:
                yield from self._open_block(event)
            case BlockEnd() if event.form is not None and event.form.get("type") == event.kind:
                yield from self._end_block(event, event.form)
            case BlockEnd() if event.kind in BLOCKS:
                yield from self._close_block(event.kind)
            case ServerTool():
                yield from self._tool(event)
            case File():
                yield from self._file(event)
            case Citation():
                yield from self._cite(event)
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
            yield from self._close(item) if item.whole else ()
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
            "output": [item.form for item in self._items if item.whole],
            "usage": None if self._usage is None else known_usage(self._usage, "input", "output"),
        }

    def _start(self) -> Iterator[Form]:
        if not self._started:
            self._started = True
            yield self._payload("response.created", response=self._response("in_progress"))

    def _open(self, key: Any, form: Form, *, whole: bool = True) -> Iterator[Form]:
        yield from self._start()
        item = WrittenItem(len(self._items), form, whole=whole)
        self._items.append(item)
        self._by_key[key] = item
        yield self._payload("response.output_item.added", output_index=item.index, item=dict(form))

    def _grow(self, key: str, kind: str, text: str, **more: Any) -> Iterator[Form]:
        field, parts_field = PARTS[kind]
        part_name, text_name = NAMES[kind]
        if key not in self._by_key:
            yield from self._open(key, self._new_form(key))
        item = self._by_key[key]
        if kind not in item.parts:
            item.parts[kind] = []
            item.form[parts_field] = [*item.form[parts_field], {"type": kind, field: ""}]
            yield self._payload(f"{part_name}.added", **item.reference(kind), part=item.part(kind))
        item.parts[kind].append(text)
        yield self._payload(f"{text_name}.delta", **item.reference(kind), delta=text, **more)

    def _new_form(self, kind: str, id: str = "") -> Form:
        """An empty message or item of reasoning."""
        number = sum(item.form["type"] == kind for item in self._items)
        fields: Form = {"role": "assistant", "content": []} if kind == "message" else {"summary": []}
        return {"id": id or f"{kind}_{number}", "type": kind, "status": "in_progress", **fields}

    def _open_block(self, event: BlockStart) -> Iterator[Form]:
        if (event.kind, event.id) not in self._blocks:
            yield from self._open(event.kind, self._new_form(event.kind, event.id))
            self._blocks[event.kind, event.id] = self._by_key[event.kind]
        self._by_key[event.kind] = self._blocks[event.kind, event.id]

    def _end_block(self, event: BlockEnd, form: Form) -> Iterator[Form]:
        """End a block with its form, or write one that came whole."""
        item = self._blocks.get((event.kind, event.id))
        if event.kind not in BLOCKS and self._knows_all:
            yield from self._whole((event.kind, event.id), form)
        elif item is not None:
            yield from self._close(item, form)
            yield from self._close_block(event.kind)

    def _close_block(self, kind: str) -> Iterator[Form]:
        """Text that follows is not of the block that has ended."""
        item = self._by_key.get(kind)
        if item in self._blocks.values():
            del self._by_key[kind]
            yield from self._close(item) if item is not None else ()

    def _whole(self, key: Any, form: Form) -> Iterator[Form]:
        """Write an item that came whole, which may have begun before."""
        form = form if form.get("id") else {**form, "id": f"item_{len(self._items)}"}
        if key not in self._by_key:
            yield from self._open(key, {**form, **({"status": "in_progress"} if "status" in form else {})})
        item = self._by_key[key]
        if not item.closed:
            item.form, item.closed, item.whole = form, True, True
            yield self._payload("response.output_item.done", output_index=item.index, item=form)

    def _tool(self, event: ServerTool) -> Iterator[Form]:
        form, key = tool_form(event), (event.kind, event.id)
        if form is None:
            return
        if event.form is not None:
            yield from self._whole(key, form)
            return
        if key not in self._by_key:
            yield from self._open(key, form, whole=False)
        item = self._by_key[key]
        name, (whole, field) = f"response.{event.kind}.{event.status}", INPUTS.get(event.kind, ("", ""))
        if whole and isinstance(event.input, str) and not (item.arguments or item.closed):
            item.arguments.append(event.input)
            yield self._payload(whole, **item.reference(), **{field: event.input})
        elif is_progress(name) and not item.closed:
            yield self._payload(name, **item.reference())

    def _file(self, event: File) -> Iterator[Form]:
        form, key = image_form(event), ("image_generation_call", event.id)
        if form is None:
            return
        if event.last:
            yield from self._whole(key, form)
            return
        if key not in self._by_key:
            yield from self._open(key, {**form, "id": event.id or f"ig_{len(self._items)}"}, whole=False)
        image = {"partial_image_b64": event.data, "output_format": form["output_format"]}
        yield self._payload(PARTIAL_IMAGE, **self._by_key[key].reference(), **image)

    def _cite(self, event: Citation) -> Iterator[Form]:
        annotation = annotation_of(event)
        if annotation is None:
            return
        yield from self._grow("message", "output_text", "")
        item = self._by_key["message"]
        annotations = item.part("output_text").setdefault("annotations", [])
        annotations.append(annotation)
        place = {**item.reference("output_text"), "annotation_index": len(annotations) - 1}
        yield self._payload("response.output_text.annotation.added", **place, annotation=annotation)

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
        key = ("whole", len(self._items)) if number is None else number
        if number is None:
            yield from self._call_piece(key, call.id, call.name, call.arguments)
        yield from self._close(self._by_key[key], call_fields(call))

    def _close(self, item: WrittenItem, form: Form | None = None) -> Iterator[Form]:
        """Close an item, whose further fields are in ``form``: for a block all of it."""
        if item.closed:
            return
        item.closed = True
        item.form = {**item.form, "status": "completed"}
        if item.form["type"] == "function_call":
            item.form["arguments"] = whole = "".join(item.arguments)
            is_custom = form is not None and form.get("type") == "custom_tool_call"
            name, field = ("custom_tool_call_input", "input") if is_custom else ("function_call_arguments", "arguments")
            yield self._payload(f"response.{name}.done", **item.reference(), **{field: whole})
        for kind, pieces in item.parts.items():
            field, _ = PARTS[kind]
            part_name, text_name = NAMES[kind]
            item.part(kind)[field] = "".join(pieces)
            yield self._payload(f"{text_name}.done", **item.reference(kind), **{field: item.part(kind)[field]})
            yield self._payload(f"{part_name}.done", **item.reference(kind), part=item.part(kind))
        if form is not None and item.form["type"] in BLOCKS:
            item.take_form(form)
        elif form is not None:
            item.take_fields(form)
        yield self._payload("response.output_item.done", output_index=item.index, item=item.form)


def call_fields(call: ToolCall) -> Form:
    """The further fields of a call that are fields of its item."""
    extra = call.extra or {}
    is_custom = extra.get("type") in ("custom", "custom_tool_call")
    own = {name: value for name, value in extra.items() if name != "type"} if call.api == "responses" else {}
    return {**own, "type": "custom_tool_call"} if is_custom else own
