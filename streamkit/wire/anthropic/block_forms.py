"""The content blocks of a reply in the form in which Anthropic's Messages API takes them back.

A block goes back as the server gave it, with a slot in place of each text that was streamed. Left out are the few
fields that requests do not have: the types of the official library (anthropic-sdk-python, `types/*_block_param.py`
beside `types/*_block.py`) differ in ``file_id`` of citations, and in ``caller``, which replies may have as null.
"""

from __future__ import annotations

from typing import Any

from ...events import Citation
from ...turns import object_of, sealed_slot, slot
from ..chat_requests import without
from ..fields import Chunk, text_or_empty
from .content_blocks import ContentBlock

__all__ = ["block_form", "call_fields", "citation_of", "grown_fields", "known_fields", "tool_input"]

REPLIES_ONLY = ("file_id",)
"""Fields of citations that requests do not have."""


def known_fields(block: Chunk, *but: str) -> Chunk:
    """The fields of a block that are set, except for some."""
    return {name: value for name, value in block.items() if value is not None and name not in but}


def block_form(block: ContentBlock, *, unsigned: bool) -> Chunk | None:
    """The form of a block that has ended; None if it does not go back. Thinking without a signature goes back only if
    the server takes it ``unsigned``; else it was cut."""
    if block.kind == "text":
        cited = [without(citation, *REPLIES_ONLY) for citation in block.citations]
        return {**known_fields(block.fields), "text": slot("text"), **({"citations": cited} if cited else {})}
    if block.kind == "thinking":
        if block.fields.get("signature"):
            return {**known_fields(block.fields), "thinking": sealed_slot("reasoning", block.seal)}
        return {**known_fields(block.fields), "thinking": slot("reasoning")} if unsigned else None
    if block.is_server_tool:
        input = tool_input(block)
        return {**known_fields(block.fields), "input": input} if isinstance(input, dict) and block.id else None
    return block.fields if block.whole else None


def grown_fields(fields: Chunk, delta: Chunk) -> Chunk:
    """The fields of a block with those of a further piece: texts are put together, others are set."""
    return {**fields, **{name: _joined(fields.get(name), piece) for name, piece in known_fields(delta, "type").items()}}


def _joined(before: Any, piece: Any) -> Any:
    return before + piece if isinstance(before, str) and isinstance(piece, str) else piece


def tool_input(block: ContentBlock) -> Any:
    """The input of a tool of the server: that of its pieces, else that of its beginning; as text if it was cut off."""
    if not block.input.strip():
        return block.fields.get("input")
    input = object_of(block.input)
    return block.input if input is None else input


def call_fields(block: Chunk) -> Chunk | None:
    """The further fields of a call, which go back with it: ``caller``, for one that code on the server made."""
    return known_fields(block, "type", "id", "name", "input") or None


def citation_of(citation: Chunk, chunk: Chunk) -> Citation:
    """The event of a citation. The source of a search result is its address, if it is one."""
    source = text_or_empty(citation, "url") or text_or_empty(citation, "source")
    return Citation(
        text_or_empty(citation, "type"),
        source if "://" in source else "",
        text_or_empty(citation, "title") or text_or_empty(citation, "document_title"),
        text_or_empty(citation, "cited_text"),
        form=citation,
        raw=chunk,
    )
