"""Messages in the form of Anthropic's Messages API: recognised, made fit for another model, and as messages of chat
completions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ...turns import UNREADABLE
from ..api import Form
from ..chat_requests import chat_call, without
from ..json_codec import dumps

__all__ = ["Split", "is_own", "movable", "plain", "plain_id", "split_blocks", "to_chat", "with_known_ids"]

THOUGHTS = ("thinking", "redacted_thinking")
OWN = frozenset({
    "compaction", "container_upload", "fallback", "redacted_thinking", "search_result", "tool_result", "tool_use",
})  # fmt: skip
"""Types of blocks that chat completions do not have."""
FALLBACK = "fallback"
OF_TOOLS = ("_tool_use", "_tool_result")
"""The ends of the types of blocks about tools that the server runs."""
NOT_IN_IDS = re.compile(r"[^a-zA-Z0-9_-]")


class Split(NamedTuple):
    """The blocks of a message: results of tools, calls of the caller's tools, and all others, each in its order."""

    results: list[Mapping[str, Any]]
    calls: list[Mapping[str, Any]]
    others: list[Mapping[str, Any]]


def split_blocks(content: Any) -> Split:
    """The blocks of a content, which may be a text alone."""
    split = Split([], [], [])
    for part in [content] if isinstance(content, str) else content or ():
        block = {"type": "text", "text": part} if isinstance(part, str) else part
        kind = block.get("type")
        (split.results if kind == "tool_result" else split.calls if kind == "tool_use" else split.others).append(block)
    return split


def is_own(message: Form) -> bool:
    """True for a message with a block that only this API has, and for a whole answer of it."""
    content = message.get("content")
    blocks = content if isinstance(content, (list, tuple)) else ()
    return "stop_reason" in message or any(isinstance(block, Mapping) and _is_own(block) for block in blocks)


def _is_own(block: Mapping[str, Any]) -> bool:
    match block.get("type"):
        case "text":
            return "citations" in block
        case "thinking":
            return isinstance(block.get("thinking"), str)
        case "image" | "document":
            return isinstance(block.get("source"), Mapping)
        case kind:
            return kind in OWN or str(kind).endswith(OF_TOOLS)


def plain(message: Form) -> Form | None:
    """A message without thinking, which only its own model accepts; None if it has nothing else."""
    content = message.get("content")
    if not isinstance(content, (list, tuple)):
        return message
    kept = [block for block in content if not (isinstance(block, Mapping) and block.get("type") in THOUGHTS)]
    return {**message, "content": kept} if kept else None


def movable(message: Form) -> Form | None:
    """A message for another server: its texts and calls, with ids that any server accepts. What its own server ran or
    looked up is unknown there, and so is the code that made a call."""
    content = message.get("content")
    if not isinstance(content, (list, tuple)):
        return message
    kept = [without(block, "citations", "caller") for block in content if block.get("type") in ("text", "tool_use")]
    named = [{**block, "id": plain_id(block["id"])} if "id" in block else block for block in kept]
    return {**message, "content": named} if named else None


def plain_id(id: Any) -> str:
    """The id of a call in the characters that the API allows."""
    return NOT_IN_IDS.sub("_", str(id)) or "call"


def with_known_ids(messages: list[Form]) -> list[Form]:
    """The messages, with results named as their calls are, where those had to be given other ids. After a message in
    which another model went on, results of the calls that do not go back with it are left out."""
    ids = {str(block.get("id")) for message in messages for block in split_blocks(message["content"]).calls}
    known = [_with_known_ids(message, before, ids) for before, message in zip([{}, *messages], messages, strict=False)]
    return [message for message in known if message["content"]]


def _with_known_ids(message: Form, before: Form, ids: set[str]) -> Form:
    if message["role"] != "user" or not split_blocks(message["content"]).results:
        return message
    blocks = [_with_known_id(block, ids) for block in message["content"]]
    if any(block.get("type") == FALLBACK for block in split_blocks(before.get("content")).others):
        blocks = [one for one in blocks if one.get("type") != "tool_result" or str(one.get("tool_use_id")) in ids]
    return {**message, "content": blocks}


def _with_known_id(block: Any, ids: set[str]) -> Any:
    id = block.get("tool_use_id") if block.get("type") == "tool_result" else None
    is_renamed = isinstance(id, str) and id not in ids and plain_id(id) in ids
    return {**block, "tool_use_id": plain_id(id)} if is_renamed else block


# -- chat completions --------------------------------------------------------------------------------------------------


def to_chat(messages: Sequence[Form]) -> Iterator[Form]:
    """The messages in the form of chat completions: each result as a message of its own. Thinking, and the tools that
    the server ran, are left out."""
    for message in messages:
        split = split_blocks(message.get("content"))
        if message.get("role") == "assistant":
            yield from _assistant(split)
        else:
            yield from _results_and_rest(message, split)


def _assistant(split: Split) -> Iterator[Form]:
    texts = [str(block.get("text") or "") for block in split.others if block.get("type") == "text"]
    calls = [_call(block) for block in split.calls]
    if any(texts) or calls:
        content = "".join(texts) or None
        yield {"role": "assistant", "content": content, **({"tool_calls": calls} if calls else {})}


def _call(block: Mapping[str, Any]) -> Form:
    input = block.get("input") or {}
    unreadable = input.get(UNREADABLE) if isinstance(input, Mapping) and len(input) == 1 else None
    arguments = unreadable if isinstance(unreadable, str) else dumps(input)
    return chat_call(block.get("id"), block.get("name"), arguments)


def _results_and_rest(message: Form, split: Split) -> Iterator[Form]:
    """The results, which hold texts only; their pictures and files follow, with the rest of the message."""
    files: list[Any] = []
    for result in split.results:
        inner = split_blocks(result.get("content")).others
        texts = [str(block.get("text") or "") for block in inner if block.get("type") == "text"]
        files += [_part(block) for block in inner if block.get("type") != "text"]
        text = "\n".join(texts)
        told = f"error: {text}" if result.get("is_error") else text
        yield {"role": "tool", "tool_call_id": result.get("tool_use_id"), "content": told}
    rest = [*files, *map(_part, split.others)]
    if isinstance(message.get("content"), str):
        yield message
    elif rest:
        yield {"role": message.get("role"), "content": rest}


def _part(block: Mapping[str, Any]) -> Mapping[str, Any]:
    """A block as a part of a message of chat completions; one without a counterpart stays as it is."""
    source = block.get("source")
    kind, source = block.get("type"), source if isinstance(source, Mapping) else {}
    if kind == "text":
        return without(block, "citations")
    address = source.get("url") if source.get("type") == "url" else None
    if source.get("type") == "base64":
        address = f"data:{source.get('media_type')};base64,{source.get('data')}"
    if kind == "image" and address:
        return {"type": "image_url", "image_url": {"url": address}}
    if kind == "document" and source.get("type") == "text":
        return {"type": "text", "text": source.get("data")}
    if kind == "document" and source.get("type") == "base64":
        name = {"filename": block["title"]} if block.get("title") else {}
        return {"type": "file", "file": {"file_data": address, **name}}
    return block
