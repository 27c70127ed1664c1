"""The message that answers a tool call, in the form of the API that the call came from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .chat import is_legacy
from .objects import object_of
from .piece import Call

__all__ = ["answered_by", "answered_ids", "id_in", "parts_within", "result_form"]

RESULT_PARTS = ("functionResponse", "function_response")


def result_form(api: str, call: Call, content: str, *, is_error: bool = False) -> dict[str, Any]:
    """The answer ``content`` to ``call``. Where an API has no mark for errors the text says that it is one."""
    told = f"error: {content}" if is_error else content
    if api == "responses":
        kind = (call.extra or {}).get("type", "function_call")
        return {"type": f"{kind}_output", "call_id": call.id, "output": told}
    if api == "anthropic":
        block = {"type": "tool_result", "tool_use_id": call.id, "content": content}
        return {"role": "user", "content": [{**block, "is_error": True} if is_error else block]}
    if api == "gemini":
        response = {"error": content} if is_error else _response(content)
        return {
            "role": "user",
            "parts": [{"functionResponse": {"id": call.id, "name": call.name, "response": response}}],
        }
    if is_legacy(call):
        return {"role": "function", "name": call.name, "content": told}
    name = {"tool_name": call.name} if api == "ollama" else {}
    return {"role": "tool", "tool_call_id": call.id, **name, "content": told}


def answered_ids(messages: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The ids of the calls that ``messages`` answer, in any of the forms."""
    for message in messages:
        if message.get("role") == "function":  # a call in the form before ``tool_calls`` has its name as id
            yield str(message.get("name", ""))
        for node in (message, *parts_within(message)):
            yield from filter(None, answered_by(node))


def parts_within(message: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The parts of a message, in the fields that any of the forms has for them."""
    for name in ("content", "parts"):
        parts = message.get(name)
        for part in parts if isinstance(parts, (list, tuple)) else ():
            yield part if isinstance(part, Mapping) else {"text": part}


def answered_by(node: Mapping[str, Any]) -> Iterator[str | None]:
    """The ids of the calls that a message, an item or a part of a message answers itself; None for a call that it does
    not name."""
    for name in RESULT_PARTS:
        if isinstance(node.get(name), Mapping):
            yield id_in(node[name], "id")
    if str(node.get("type") or "").endswith("_output"):
        yield id_in(node, "call_id")
    for name in ("tool_call_id", "tool_use_id", "approval_request_id"):
        if node.get(name):
            yield id_in(node, name)


def id_in(node: Mapping[str, Any], name: str) -> str | None:
    """The id in a field; None if there is none."""
    value = node.get(name)
    return value if isinstance(value, str) and value else None


def _response(content: str) -> dict[str, Any]:
    """A JSON object as it is, any other text as the ``output`` of an object."""
    value = object_of(content)
    return {"output": content} if value is None else value
