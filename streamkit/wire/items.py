"""Where the items of a response stand and what is in them."""

from __future__ import annotations

from typing import Any, TypeAlias

from ..errors import MalformedError
from .dialect import text_field
from .fragments import text_of
from .loads import shown

__all__ = ["Chunk", "Place", "call_id", "call_said", "joined", "object_in", "part_of", "place_of"]

Chunk: TypeAlias = dict[str, Any]
Place: TypeAlias = int | str


def object_in(chunk: Chunk, name: str) -> Chunk:
    """An object, empty if it is null or missing; `MalformedError` for anything else."""
    inner = chunk.get(name)
    if inner is not None and not isinstance(inner, dict):
        raise MalformedError(f"{name} is no object: {shown(inner)}")
    return inner or {}


def place_of(chunk: Chunk) -> Place:
    """Where an item stands: its position, or its id where a server leaves that out."""
    index, item = chunk.get("output_index"), chunk.get("item")
    if isinstance(index, int):
        return index
    name = chunk.get("item_id", item.get("id") if isinstance(item, dict) else None)
    return name if isinstance(name, str) else 0


def part_of(chunk: Chunk) -> int:
    """Which part of its item."""
    index = chunk.get("content_index", chunk.get("summary_index"))
    return index if isinstance(index, int) else 0


def call_id(item: Chunk) -> str:
    """What an answer to the call refers to."""
    return text_field(item, "call_id") or text_field(item, "id")


def call_said(item: Chunk) -> tuple[str, str]:
    """Name and arguments: what a call is known by where a gateway changes the ids."""
    return text_field(item, "name"), text_of(item.get("arguments", item.get("input")))


def joined(parts: Any, field: str) -> str:
    """The texts under ``field`` of a list of parts."""
    found = (part.get(field) for part in parts if isinstance(part, dict)) if isinstance(parts, list) else ()
    return "".join(text for text in found if isinstance(text, str))
