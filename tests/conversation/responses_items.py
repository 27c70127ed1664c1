"""The Responses API of OpenAI as a scripted provider: its stream, its form of a reply, and its errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .chat_rules import fault_error
from .parts import Call, Part, Redacted, Refusal, Search, Text, Thought, pieces
from .provider import Provider, Said, cut_of, named_event, parts_of
from .responses_rules import Chain, check_calls, check_ids, check_reasoning, losses_of
from .typed import Fault, faults

__all__ = ["OpenAIResponses", "item_events", "items_of"]

Item = dict[str, Any]
FINAL = "-final"
"""The end of the encrypted content in the last event, which differs from that of the item's own event
(simonw/llm: llm/default_plugins/openai_models.py); both are accepted."""


class OpenAIResponses(Provider):
    """Replies are stored unless the request says ``store: false``."""

    name = api = "responses"
    address = "https://api.openai.com/v1"
    path = "/responses"

    def __init__(self, model: str = "gpt-5.4") -> None:
        self.model = model

    def check(self, body: Mapping[str, Any], said: list[Said], headers: Mapping[str, str]) -> list[str]:
        from openai.types.responses import ResponseInputItemParam

        items = body.get("input")
        if isinstance(items, str):
            items = [{"role": "user", "content": items}]
        if not isinstance(items, list):
            raise fault_error(Fault("missing", ("input",), None))
        for index, item in enumerate(items):
            for fault in faults(item, ResponseInputItemParam, ("input", index)):
                raise fault_error(fault)
            if item.get("type") == "reasoning" and "status" in item:
                # in the types, and refused all the same: openai/openai-python #3008, BerriAI/litellm #13420
                raise fault_error(Fault("unknown", ("input", index, "status"), item["status"]))
        chain = Chain.of(body, said)
        check_ids(items, chain, said)
        check_reasoning(items, said, str(body.get("model")), FINAL)
        check_calls(items, chain)
        return losses_of(items, said, FINAL) if chain.is_empty else []

    def write(self, said: Said) -> None:
        said.id = f"resp_{said.number + 1}"
        said.form = items_of(said)
        cut = cut_of(said.round)
        events: list[dict[str, Any]] = [
            {"type": "response.created", "response": _response(said, [], "in_progress")},
            {"type": "response.in_progress", "response": _response(said, [], "in_progress")},
        ]
        for index, item in enumerate(said.form):
            written = list(item_events(item, index))
            inside = cut is not None and cut.inside and index == len(said.form) - 1
            events += written[: max(1, len(written) // 2)] if inside else written
        if not cut:
            response = _response(said, [_with_encrypted(item, FINAL) for item in said.form], "completed")
            events.append({"type": "response.completed", "response": response})
        said.events = [named_event({**one, "sequence_number": number}) for number, one in enumerate(events)]


def _response(said: Said, output: list[Item], status: str) -> dict[str, Any]:
    usage = {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}
    usage |= {"input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}
    head = {"id": said.id, "object": "response", "created_at": 1, "status": status, "model": said.model}
    none: dict[str, Any] = dict.fromkeys(("error", "incomplete_details", "instructions"))
    rest = {"output": output, "parallel_tool_calls": True, "tool_choice": "auto", "tools": [], "metadata": {}}
    return {**head, **none, **rest, "usage": usage if status == "completed" else None}


# -- the items of a reply ----------------------------------------------------------------------------------------------


def items_of(said: Said) -> list[Item]:
    """The items of a reply, whole, as they are to come back."""
    return [_item(part, f"{said.number + 1}_{index}") for index, part in enumerate(parts_of(said.round))]


def _item(part: Part, number: str) -> Item:
    match part:
        case Text():
            content = {"type": "output_text", "text": part.text, "annotations": _annotations(part)}
            return _message(number, content, part.phase)
        case Refusal():
            return _message(number, {"type": "refusal", "refusal": part.text}, None)
        case Thought() | Redacted():
            text = part.text if isinstance(part, Thought) else ""
            encrypted = part.signature if isinstance(part, Thought) else part.data
            summary = [{"type": "summary_text", "text": text}] if text else []
            return {"type": "reasoning", "id": f"rs_{number}", "summary": summary, "encrypted_content": encrypted}
        case Call():
            call = {"call_id": part.id, "name": part.name, "arguments": part.arguments}
            return {"type": "function_call", "id": f"fc_{number}", **call, "status": "completed"}
        case Search():
            action = {"type": "search", "query": part.query}
            return {"type": "web_search_call", "id": f"ws_{number}", "status": "completed", "action": action}
    raise TypeError(f"{part!r} does not have an item")


def _message(number: str, content: Item, phase: str | None) -> Item:
    head = {"type": "message", "id": f"msg_{number}", "role": "assistant", "status": "completed"}
    return {**head, "content": [content], **({"phase": phase} if phase else {})}


def _annotations(part: Text) -> list[Item]:
    if part.cites is None:
        return []
    span = {"start_index": 0, "end_index": len(part.text)}
    return [{"type": "url_citation", "url": part.cites, "title": "Example", **span}]


def _with_encrypted(item: Item, end: str) -> Item:
    """``item`` with another encrypted content, if it has one."""
    return {**item, "encrypted_content": item["encrypted_content"] + end} if item.get("encrypted_content") else item


# -- the stream --------------------------------------------------------------------------------------------------------


def item_events(item: Item, index: int) -> Iterator[dict[str, Any]]:
    """The events of one item. What is encrypted is not whole in the first one."""
    skeletons = {"message": {"content": []}, "reasoning": {"summary": []}, "function_call": {"arguments": ""}}
    skeleton = {**_with_encrypted(item, "-added"), **skeletons.get(item["type"], {})}
    if "status" in item:
        skeleton["status"] = "in_progress"
    yield {"type": "response.output_item.added", "output_index": index, "item": skeleton}
    where = {"item_id": item["id"], "output_index": index}
    match item["type"]:
        case "message":
            yield from _message_events(item, where)
        case "reasoning":
            yield from _summary_events(item, where)
        case "function_call":
            name = "response.function_call_arguments"
            yield from ({"type": f"{name}.delta", **where, "delta": piece} for piece in pieces(item["arguments"]))
            yield {"type": f"{name}.done", **where, "name": item["name"], "arguments": item["arguments"]}
        case "web_search_call":
            for state in ("in_progress", "searching", "completed"):
                yield {"type": f"response.web_search_call.{state}", **where}
    yield {"type": "response.output_item.done", "output_index": index, "item": item}


def _message_events(item: Item, where: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for number, part in enumerate(item["content"]):
        place = {**where, "content_index": number}
        key = "refusal" if part["type"] == "refusal" else "text"
        name = "response.refusal" if key == "refusal" else "response.output_text"
        empty = {**part, key: "", **({"annotations": []} if "annotations" in part else {})}
        yield {"type": "response.content_part.added", **place, "part": empty}
        for piece in pieces(part[key]):
            yield {"type": f"{name}.delta", **place, "delta": piece}
        for count, annotation in enumerate(part.get("annotations", ())):
            yield {"type": f"{name}.annotation.added", **place, "annotation_index": count, "annotation": annotation}
        yield {"type": f"{name}.done", **place, key: part[key]}
        yield {"type": "response.content_part.done", **place, "part": part}


def _summary_events(item: Item, where: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for number, part in enumerate(item["summary"]):
        place, name = {**where, "summary_index": number}, "response.reasoning_summary"
        yield {"type": f"{name}_part.added", **place, "part": {**part, "text": ""}}
        for piece in pieces(part["text"]):
            yield {"type": f"{name}_text.delta", **place, "delta": piece}
        yield {"type": f"{name}_text.done", **place, "text": part["text"]}
        yield {"type": f"{name}_part.done", **place, "part": part}
