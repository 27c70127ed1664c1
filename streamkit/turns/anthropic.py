"""A reply as a message of Anthropic's Messages API, which consists of blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from .objects import arguments_object
from .piece import Call, Piece
from .slots import fill

__all__ = ["CONTAINER", "THOUGHTS", "anthropic_blocks", "anthropic_turn"]

Block = dict[str, Any]
THOUGHTS = ("thinking", "redacted_thinking")
OF_MODEL = (*THOUGHTS, "connector_text", "tool_use")
"""Blocks of a model that another one, which goes on in its place, does not get."""
FALLBACK = "fallback"
CONTAINER = "container"
"""The kind of a piece that is not a block: its form has the container of the server's code, a field of requests."""


def anthropic_turn(pieces: Sequence[Piece]) -> list[Block]:
    """One message with the blocks in the order of the reply; none if there are no blocks.

    Thoughts go back with their signature and unchanged, or not at all: the API refuses any other, and thoughts at the
    end of a turn. Texts of white space are left out. A refusal is left out too, since it is the server's explanation of
    why it stopped, and not a text of the model.

    Where another model went on (``fallback``), the thoughts and calls of the one before it are left out, and the mark
    stays in its place (page "Refusals and fallback").

    A tool of the server without a result is left out of a reply that was cut. A whole reply may end with one
    (``pause_turn``), or with calls that it made: its result comes with the next reply.
    """
    blocks = anthropic_blocks(pieces)
    declined = next((at for at in reversed(range(len(blocks))) if blocks[at].get("type") == FALLBACK), 0)
    before, after = list(_without_open_tools(blocks[:declined])), blocks[declined:]
    content = [block for block in before if block.get("type") not in OF_MODEL]
    content += _without_open_tools(after) if any(piece.cut for piece in pieces) else after
    while content and content[-1].get("type") in THOUGHTS:
        content.pop()
    return [{"role": "assistant", "content": content}] if content else []


def anthropic_blocks(pieces: Sequence[Piece]) -> list[Block]:
    """The blocks that go back of each piece."""
    return [block for piece in pieces for block in _blocks(piece)]


def _without_open_tools(blocks: Sequence[Block]) -> Iterator[Block]:
    """The blocks without tools of the server that have no result, and that made no call which has one."""
    callers = [block["caller"] for block in blocks if isinstance(block.get("caller"), dict)]
    answered = [*(block.get("tool_use_id") for block in blocks), *(caller.get("tool_id") for caller in callers)]
    for block in blocks:
        if not str(block.get("type")).endswith("_tool_use") or block.get("id") in answered:
            yield block


def _blocks(piece: Piece) -> Iterator[Block]:
    form = fill(piece) if piece.kind != CONTAINER else None
    if piece.call is not None:
        yield _call_block(piece.call)
    elif form is not None:
        if form.get("type") != "text" or form.get("text", "").strip():
            yield form
    elif piece.text.strip():
        yield {"type": "text", "text": piece.text}


def _call_block(call: Call) -> Block:
    extra = call.extra or {}
    return {"type": "tool_use", **extra, "id": call.id, "name": call.name, "input": arguments_object(call.arguments)}
