"""Items of the Responses API as messages of chat completions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..api import Form

__all__ = ["to_chat"]

Item = Mapping[str, Any]

CALLS = {"function_call": ("function", "arguments"), "custom_tool_call": ("custom", "input")}
"""For each kind of call its type in chat completions, and the field of its arguments."""
RESULTS = ("function_call_output", "custom_tool_call_output")
TEXTS = ("text", "input_text", "output_text")


def to_chat(items: Sequence[Item]) -> Iterator[Form]:
    """The messages for ``items``, which may have messages of chat completions among them. Reasoning and tools of the
    server are left out. What the model wrote in a turn is one message: a result must follow the message with its call.
    """
    turn: Form | None = None
    for item in items:
        kind = item.get("type", "message")
        if kind in CALLS or (kind == "message" and item.get("role") == "assistant"):
            turn = turn or {"role": "assistant", "content": None}
            _add(turn, item)
        elif kind == "message" or kind in RESULTS:
            if turn is not None:
                yield turn
                turn = None
            yield _result(item) if kind in RESULTS else {**_without_type(item), "content": _content(item)}
    if turn is not None:
        yield turn


def _without_type(item: Item) -> Form:
    return {name: value for name, value in item.items() if name not in ("type", "status", "id", "phase")}


def _add(turn: Form, item: Item) -> None:
    """Add a call, or a message of the model, to its turn."""
    if item.get("type") in CALLS:
        turn.setdefault("tool_calls", []).append(_call(item))
        return
    content, before = _content(item), turn["content"]
    both = before and content
    if both and isinstance(before, str) and isinstance(content, str):
        turn["content"] = f"{before}\n\n{content}"
    else:
        turn["content"] = [*_parts(before), *_parts(content)] if both else before or content
    more = {name: value for name, value in _without_type(item).items() if name not in ("role", "content", "tool_calls")}
    turn |= more
    if item.get("tool_calls"):
        turn.setdefault("tool_calls", []).extend(item["tool_calls"])


def _call(item: Item) -> Form:
    kind, field = CALLS[str(item["type"])]
    inner = {"name": item.get("name"), field: item.get(field)}
    return {"id": item.get("call_id"), "type": kind, kind: inner}


def _result(item: Item) -> Form:
    return {"role": "tool", "tool_call_id": item.get("call_id"), "content": _joined(item.get("output"))}


def _content(item: Item) -> Any:
    """The content of a message: its text, or its parts if there are others than texts."""
    return _joined(item.get("content"))


def _joined(content: Any) -> Any:
    if not isinstance(content, (list, tuple)):
        return content
    parts = [_part(part) for part in content]
    if all(isinstance(part, Mapping) and part.get("type") == "text" for part in parts):
        return "".join(str(part.get("text") or "") for part in parts) or None
    return parts


def _parts(content: Any) -> list[Any]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else list(content)


def _part(part: Any) -> Any:
    kind = part.get("type") if isinstance(part, Mapping) else None
    if kind in TEXTS:
        return {"type": "text", "text": part.get("text")}
    if kind == "input_image":
        detail = {"detail": part["detail"]} if part.get("detail") else {}
        return {"type": "image_url", "image_url": {"url": part.get("image_url"), **detail}}
    if kind == "input_file":
        return {"type": "file", "file": {name: value for name, value in part.items() if name != "type"}}
    return part
