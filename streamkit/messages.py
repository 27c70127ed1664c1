"""Messages of a conversation: plain dicts in the shape that chat APIs take, so they mix with the user's own."""

from __future__ import annotations

from typing import Any, Literal, Required, TypedDict

__all__ = ["FunctionCall", "Message", "ToolCallPart", "assistant", "system", "turn", "user"]


class FunctionCall(TypedDict):
    """Name and arguments (JSON text, as the model wrote it) of one call."""

    name: str
    arguments: str


class ToolCallPart(TypedDict):
    """One entry of an assistant message's ``tool_calls``."""

    id: str
    type: Literal["function"]
    function: FunctionCall


class Message(TypedDict, total=False):
    """One turn. Any other key that a server understands may stand beside these."""

    role: Required[str]
    content: str | list[dict[str, Any]] | None
    name: str
    refusal: str
    reasoning_content: str
    tool_calls: list[ToolCallPart]
    tool_call_id: str


def system(text: str) -> Message:
    """An instruction to the model."""
    return {"role": "system", "content": text}


def user(text: str) -> Message:
    """A turn of the user."""
    return {"role": "user", "content": text}


def assistant(text: str) -> Message:
    """A turn of the model, for conversations that do not start empty."""
    return {"role": "assistant", "content": text}


def turn(text: str, refusal: str, reasoning: str, calls: list[ToolCallPart]) -> Message:
    """What the model said in one turn. Reasoning goes along with calls only: models that think between calls want it
    back, and others may refuse it."""
    message: Message = {"role": "assistant", "content": text}
    if refusal:
        message["refusal"] = refusal
    if calls:
        message["content"] = text or None
        message["tool_calls"] = calls
        if reasoning:
            message["reasoning_content"] = reasoning
    return message
