"""Messages of a conversation in the form of any API: whose they are, their calls and results, and their texts to count.

The form is recognised by the message itself, so that a history may mix those forms that one request may mix.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ..turns import answered_by, id_in, parts_within
from .api import Messages
from .apis import APIS

__all__ = ["Place", "chat_messages", "chat_tools", "place_of", "readable_text"]

INSTRUCTIONS = ("system", "developer")
RESULTS = ("tool", "function")
CALL_BLOCKS = ("tool_use", "server_tool_use", "mcp_tool_use")
CALL_PARTS = ("functionCall", "function_call")
OPAQUE = frozenset({"id", "type", "index", "format", "status", "call_id", "tool_use_id", "signature", "data", "model"})
"""Fields whose text the model does not read."""
DATA = re.compile(r"(?:data:[^,\s]*,)?[A-Za-z0-9+/_=-]{100,}")
"""A signature, an encrypted text or the data of a file."""


class Place(NamedTuple):
    """The place of a message in a conversation.

    Attributes:
        instructs: true for instructions to the model.
        asks: true if a turn of the user begins with it: results of tools alone do not begin one, whatever their role.
        calls: the ids of the calls that it makes. None is one without an id, or an item that is named by its id alone
            and may be a call.
        results: the ids of the calls whose results it has; None if it does not say which call it answers.
    """

    instructs: bool
    asks: bool
    calls: Sequence[str | None]
    results: Sequence[str | None]


def place_of(message: Mapping[str, Any]) -> Place:
    """The `Place` of a message of chat completions, an item of the Responses API, a message of Anthropic's API or of
    Ollama's, or a content of Gemini's."""
    role, parts = message.get("role"), list(parts_within(message))
    by_part = [list(answered_by(part)) for part in parts]
    calls = [id for node in (message, *parts) for id in _calls(node)]
    results = [*answered_by(message), *(id for ids in by_part for id in ids)]
    if role in RESULTS and not results:
        results = [None]
    asks = role == "user" and not (by_part and all(by_part))
    return Place(role in INSTRUCTIONS, asks, calls, results)


def _calls(node: Mapping[str, Any]) -> Iterator[str | None]:
    """The calls of a message, an item or a part of a message."""
    kind = str(node.get("type") or "")
    entries = node.get("tool_calls")
    for call in entries if isinstance(entries, (list, tuple)) else ():
        yield id_in(call, "id") if isinstance(call, Mapping) else None
    for name in CALL_PARTS:
        if isinstance(node.get(name), Mapping):
            yield id_in(node[name], "id")
    if kind in CALL_BLOCKS or kind == "mcp_approval_request":
        yield id_in(node, "id")
    elif kind == "item_reference" or node.keys() == {"id"}:
        yield None
    elif "call_id" in node and not kind.endswith("_output"):
        yield id_in(node, "call_id")


# -- counting ----------------------------------------------------------------------------------------------------------


def chat_messages(message: Mapping[str, Any]) -> Messages:
    """A message as those of chat completions that its tokens are counted by; none if there is nothing like it there."""
    try:
        return _chat_messages(message)
    except (AttributeError, KeyError, TypeError):  # a part that no server would accept
        return ()


def _chat_messages(message: Mapping[str, Any]) -> Messages:
    kinds = {str(part.get("type")) for part in parts_within(message)}
    if "parts" in message:
        return APIS["gemini"].prompt({"contents": [message]}).messages
    if not kinds.isdisjoint(("tool_use", "tool_result")):
        return APIS["anthropic"].prompt({"messages": [message]}).messages
    if "role" not in message or "type" in message or "input_image" in kinds:
        return APIS["responses"].prompt({"input": [message]}).messages
    return [message]


def chat_tools(tools: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """Entries of ``tools`` in the form of any API, as those of chat completions."""
    return [one for tool in tools for one in _chat_tool(tool)]


def _chat_tool(tool: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    if "input_schema" in tool:
        return APIS["anthropic"].prompt({"messages": (), "tools": [tool]}).tools or ()
    if "functionDeclarations" in tool:
        return APIS["gemini"].prompt({"contents": (), "tools": [tool]}).tools or ()
    return [tool]


def readable_text(name: str, value: Any) -> str:
    """All the text in a field, or in a part of a message, except names of kinds, ids and data."""
    return "\n".join(_readable(name, value))


def _readable(name: str, value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if name not in OPAQUE and not DATA.fullmatch(value):
            yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _readable(str(key), item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _readable(name, item)
