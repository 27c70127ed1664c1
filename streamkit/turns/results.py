"""The message that answers a tool call, in the form of the API that the call came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .chat import is_legacy
from .objects import object_of
from .piece import Call

__all__ = ["answered_ids", "result_form"]


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


def answered_ids(messages: Any) -> Iterator[str]:
    """The ids of the calls that ``messages`` answer, in any of the forms."""
    for message in messages:
        yield from _answered(message)


def _answered(message: Mapping[str, Any]) -> Iterator[str]:
    if message.get("role") == "function":  # a call in the form before ``tool_calls`` has its name as id
        yield str(message.get("name", ""))
    for name in ("tool_call_id", "call_id"):
        if isinstance(message.get(name), str):
            yield message[name]
    for field, name in (("content", "tool_use_id"), ("parts", "functionResponse")):
        parts = message.get(field)
        for part in parts if isinstance(parts, list) else ():
            value = part.get(name) if isinstance(part, Mapping) else None
            value = value.get("id") if isinstance(value, Mapping) else value
            if isinstance(value, str):
                yield value


def _response(content: str) -> dict[str, Any]:
    """A JSON object as it is, any other text as the ``output`` of an object."""
    value = object_of(content)
    return {"output": content} if value is None else value
