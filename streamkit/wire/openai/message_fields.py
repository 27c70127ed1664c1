"""The further fields of a message of chat completions: thoughts with their signatures, and other opaque values, put
together from their fragments as they go back to the server."""

from __future__ import annotations

from typing import Any

from ...events import BlockEnd
from ...turns import Origin, slots_in
from ..fields import Chunk
from ..merging import merged
from ..servers import OPAQUE, THOUGHTS, Server, server_of
from .fragment_list import FragmentList, block_key, detail_key

__all__ = ["MessageFields", "goes_back", "literal_fields", "takes_opaque"]

USUAL = frozenset({"content", "function_call", "reasoning", "reasoning_content", "refusal", "role", "tool_calls"})
"""Fields of a delta that are read as texts and calls."""
LITERAL = ("extra_content", "provider_specific_fields")
OPAQUE_TEXT = "reasoning_opaque"
"""Encrypted thoughts of GitHub Copilot, which come whole (anomalyco/opencode #10963)."""
REPEATED = frozenset({
    "annotations", "citations", "images", "reasoning", "reasoning_content", "refusal", "thinking_blocks",
})  # fmt: skip
"""Fields within ``provider_specific_fields`` that repeat others of the message."""


def goes_back(delta: Chunk) -> bool:
    """True if a delta may have further fields."""
    return not USUAL.issuperset(delta) or isinstance(delta.get("content"), list)


def takes_opaque(asked: Origin) -> bool:
    """True if a server gets fields back that only its own model understands."""
    return server_of(asked.host, asked.model).opaque


def literal_fields(end: BlockEnd) -> dict[str, Any]:
    """The fields of a message as they are written: those without text, which was written before."""
    form = (end.form or {}) if end.kind == "message" else {}
    return {name: value for name, value in form.items() if name in OPAQUE and not any(slots_in(value))}


class MessageFields:
    """The further fields of one choice."""

    __slots__ = ("_blocks", "_details", "_literal", "_parts", "audio", "is_new")

    def __init__(self) -> None:
        self.is_new = False
        """True if a fragment came since the form was made."""
        self._details = FragmentList(detail_key)
        self._blocks = FragmentList(block_key)
        self._parts = FragmentList(block_key)
        self._literal: dict[str, Any] = {}
        self.audio = ""
        """The id of its sound."""

    def feed(self, delta: Chunk) -> bool:
        """Take the fields of a delta; true if one of them goes back."""
        found = [
            self._details.feed(delta.get("reasoning_details")),
            self._blocks.feed(delta.get("thinking_blocks")),
            self._parts.feed(_thinking_parts(delta.get("content"))),
            self._take_literal(delta),
            self._take_audio(delta.get("audio")),
        ]
        self.is_new = self.is_new or any(found)
        return any(found)

    def _take_literal(self, delta: Chunk) -> bool:
        fields = {name: delta[name] for name in LITERAL if isinstance(delta.get(name), dict) and delta[name]}
        if "extra_content" in fields:  # a mark of Google for text that is a thought does not hold for the message
            own = {name: _without_mark(value) for name, value in fields.pop("extra_content").items()}
            own = {name: value for name, value in own.items() if value}
            fields |= {"extra_content": own} if own else {}
        if "provider_specific_fields" in fields:
            own = fields.pop("provider_specific_fields")
            own = {name: value for name, value in own.items() if name not in REPEATED and value}
            fields |= {"provider_specific_fields": own} if own else {}
        if isinstance(delta.get(OPAQUE_TEXT), str) and delta[OPAQUE_TEXT]:
            fields[OPAQUE_TEXT] = delta[OPAQUE_TEXT]
        self._literal = merged(self._literal, fields)
        return bool(fields)

    def _take_audio(self, audio: Any) -> bool:
        id = audio.get("id") if isinstance(audio, dict) else None
        self.audio = self.audio or (id if isinstance(id, str) else "")
        return bool(id)

    def form(self, origin: Origin, key: str, *, has_calls: bool) -> dict[str, Any] | None:
        """The form of the message, whose thoughts came under ``key``; None if it has no fields but those that every
        message has."""
        self.is_new = False
        server = server_of(origin.host, origin.model)
        form = self._thoughts(server, key, has_calls=has_calls)
        form |= self._literal if server.opaque else {}
        form |= {"audio": {"id": self.audio}} if self.audio else {}
        usual = {"reasoning_content": {"@reasoning": None}} if key and has_calls else {}
        return form if form != usual else None

    def _thoughts(self, server: Server, key: str, *, has_calls: bool) -> dict[str, Any]:
        if server.when == "never":
            return {}
        if server.opaque and self._details:
            return {"reasoning_details": self._details.form()}
        if server.opaque and self._blocks:
            return {"thinking_blocks": self._blocks.form()}
        if self._parts:
            return {"content": [*self._parts.form(), {"type": "text", "text": {"@text": None}}]}
        if not key:
            due = server.filler == "all" or (server.filler == "calls" and has_calls and bool(server.hosts))
            return {_key(server, ""): ""} if due else {}
        return {_key(server, key): {"@reasoning": None}} if has_calls or server.when != "round" else {}


def _without_mark(value: Any) -> Any:
    return {name: one for name, one in value.items() if name != "thought"} if isinstance(value, dict) else value


def _key(server: Server, key: str) -> str:
    """The key under which thoughts go back that came under ``key``."""
    if server.thoughts and server.thoughts not in ("parts", "tags"):
        return server.thoughts
    return key if key in THOUGHTS else "reasoning_content"


def _thinking_parts(content: Any) -> list[Chunk]:
    """The parts of a content that are thoughts."""
    parts = content if isinstance(content, list) else ()
    return [part for part in parts if isinstance(part, dict) and part.get("type") == "thinking"]
