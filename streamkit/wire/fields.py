"""Fields of a chunk: one that is read as text, and those that nobody reads, for APIs that are judged field by field."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, TypeAlias

from ..errors import MalformedError
from .jsoncodec import quote_json
from .problems import BESIDE_NAMES
from .unread import has_content

__all__ = ["Chunk", "object_in", "text_field", "unread_field"]

Chunk: TypeAlias = dict[str, Any]
"""A chunk of a reply, or an object in one."""


def unread_field(
    chunk: dict[str, Any], levels: Collection[str], silent: Collection[str], known: Mapping[str, Any]
) -> str | None:
    """The first field that says something, of a chunk of which no event came or of the objects in its ``levels``.

    A ``silent`` field says nothing unless it holds objects. One of ``known`` says nothing if it has that value, which
    was told before.
    """
    places = [chunk]
    for place in places:  # it grows meanwhile
        for name, value in place.items():
            if name in known and value == known[name]:
                continue
            inner = value if isinstance(value, list) else [value]
            if name in levels and all(isinstance(one, (dict, type(None))) for one in inner):
                places += filter(None, inner)
            elif (name in silent or name in BESIDE_NAMES) and not isinstance(value, (dict, list)):
                continue
            elif has_content(value):
                return name
    return None


def text_field(place: dict[str, Any], name: str) -> str:
    """A field that is text, null or missing; `MalformedError` for anything else."""
    value = place.get(name)
    if value is None:
        return ""
    if type(value) is not str:
        raise MalformedError(f"{name} is no text: {quote_json(value)}")
    return value


def object_in(chunk: Chunk, name: str) -> Chunk:
    """An object, empty if it is null or missing; `MalformedError` for anything else."""
    inner = chunk.get(name)
    if inner is not None and not isinstance(inner, dict):
        raise MalformedError(f"{name} is no object: {quote_json(inner)}")
    return inner or {}
