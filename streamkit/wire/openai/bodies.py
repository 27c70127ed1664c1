"""Whole replies as the JSON documents of OpenAI's APIs, for requests that do not ask for a stream."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from ...events import Choice, Reply, ToolCall
from ...reasons import meaning
from ...turns import Piece, chat_turn, fill
from ..servers import OPAQUE
from .encode_chat import chat_reason
from .encode_responses import INCOMPLETE, call_fields
from .message_extras import citation_form
from .usage import whole_usage
from .written_item import WrittenItem

__all__ = ["chat_body", "completion_body", "response_body"]

FURTHER = ("tool_calls", "function_call", *OPAQUE)
"""The fields of the turn that stand beside the texts."""


def chat_body(reply: Reply) -> dict[str, Any]:
    """An object of chat completions."""
    return _completion(reply, "chat.completion", [_chat_choice(choice) for choice in reply.choices])


def completion_body(reply: Reply) -> dict[str, Any]:
    """An object of legacy completions."""
    return _completion(reply, "text_completion", [_text_choice(choice) for choice in reply.choices])


def _completion(reply: Reply, kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": reply.id,
        "object": kind,
        "created": int(time.time()),
        "model": reply.model,
        "choices": choices,
        "usage": whole_usage(reply.usage, "prompt", "completion"),
    }


def _chat_choice(choice: Choice) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": choice.text or None, "refusal": choice.refusal or None}
    if choice.reasoning:
        message["reasoning_content"] = choice.reasoning
    if choice.citations:
        message["annotations"] = [form for one in choice.citations if (form := citation_form(one)) is not None]
    for turn in chat_turn(choice.pieces(lambda call: True)):
        message |= {name: value for name, value in turn.items() if name in FURTHER}
    return {"index": choice.index, "message": message, "logprobs": None, "finish_reason": _reason(choice)}


def _text_choice(choice: Choice) -> dict[str, Any]:
    return {"index": choice.index, "text": choice.text, "logprobs": None, "finish_reason": _reason(choice)}


def _reason(choice: Choice) -> str | None:
    reason = choice.finish_reason
    return None if reason is None else chat_reason(reason, called=bool(choice.tool_calls))


def response_body(reply: Reply) -> dict[str, Any]:
    """A response of the Responses API."""
    incomplete = INCOMPLETE.get(meaning(reply.finish_reason or ""))
    return {
        "id": reply.id,
        "object": "response",
        "created_at": int(time.time()),
        "status": "incomplete" if incomplete else "completed",
        "error": None,
        "incomplete_details": {"reason": incomplete} if incomplete else None,
        "instructions": None,
        "metadata": {},
        "model": reply.model,
        "output": _output(reply),
        "parallel_tool_calls": True,
        "temperature": None,
        "tool_choice": "auto",
        "tools": [],
        "top_p": None,
        "usage": {  # the official client requires the details, known or not
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens_details": {"reasoning_tokens": 0},
            **whole_usage(reply.usage, "input", "output"),
        },
    }


def _output(reply: Reply) -> list[dict[str, Any]]:
    pieces = reply.choices[0].pieces(lambda call: True)
    if reply.origin is None or reply.origin.api != "responses":
        texts = (reply.text, reply.reasoning, reply.refusal)
        pieces = [Piece("", *texts), *(piece for piece in pieces if piece.call is not None)]
    items: list[dict[str, Any]] = []
    for piece in pieces:
        items += _items(piece, items)
    return items


def _items(piece: Piece, before: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The items of a piece of a reply: its form, or what there is to say of it without one."""
    form = fill(piece)
    if form:
        yield form
        return
    if piece.reasoning:
        summary = [{"type": "summary_text", "text": piece.reasoning}]
        yield {"id": _new_id("rs", "reasoning", before), "type": "reasoning", "summary": summary}
    parts: list[dict[str, Any]] = []
    if piece.text:
        parts.append({"type": "output_text", "text": piece.text, "annotations": []})
    if piece.refusal:
        parts.append({"type": "refusal", "refusal": piece.refusal})
    if parts:
        about = {"type": "message", "role": "assistant", "status": "completed"}
        yield {"id": _new_id("msg", "message", before), **about, "content": parts}
    if isinstance(piece.call, ToolCall):
        form = {"id": _new_id("fc", "call", before), "type": "function_call", "status": "completed"}
        call = WrittenItem(0, {**form, "call_id": piece.call.id, "name": piece.call.name})
        call.form["arguments"] = piece.call.arguments
        call.take_fields(call_fields(piece.call))
        yield call.form


def _new_id(name: str, kind: str, before: list[dict[str, Any]]) -> str:
    return f"{name}_{sum(str(item['type']).endswith(kind) for item in before)}"
