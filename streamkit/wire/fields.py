"""Fields of a chunk: texts, objects and indexes of the right type, and the search for a field that is not read."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, TypeAlias

from ..errors import MalformedError
from .json_codec import quote_json
from .problems import BESIDE_NAMES
from .unread import has_content

__all__ = ["Chunk", "choice_index", "object_in", "objects_within", "text_field", "text_or_empty", "unread_field"]

Chunk: TypeAlias = dict[str, Any]
"""A chunk of a reply, or an object in one."""
MOST_CHOICES = 2**31


def unread_field(
    chunk: dict[str, Any], levels: Collection[str], silent: Collection[str], known: Mapping[str, Any]
) -> str | None:
    """The first field with content, of a chunk of which no event came or of the objects in its ``levels``.

    A ``silent`` field has no content unless it holds objects. One of ``known`` has none if it has that value, which
    was reported before.
    """
    forms = [chunk]
    for form in forms:  # the list grows during the loop
        for name, value in form.items():
            if name in known and value == known[name]:
                continue
            inner = value if isinstance(value, list) else [value]
            if name in levels and all(isinstance(one, (dict, type(None))) for one in inner):
                forms += filter(None, inner)
            elif (name in silent or name in BESIDE_NAMES) and not isinstance(value, (dict, list)):
                continue
            elif has_content(value):
                return name
    return None


def text_field(form: dict[str, Any], name: str) -> str:
    """A field that is text, null or missing; `MalformedError` for anything else."""
    value = form.get(name)
    if value is None:
        return ""
    if type(value) is not str:
        raise MalformedError(f"{name} is not a text: {quote_json(value)}")
    return value


def text_or_empty(form: Mapping[str, Any], name: str) -> str:
    """A field that is text; empty for anything else."""
    value = form.get(name)
    return value if isinstance(value, str) else ""


def objects_within(value: Any) -> list[Chunk]:
    """The objects in a list; none for anything else."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def object_in(chunk: Chunk, name: str) -> Chunk:
    """A field that is an object, empty if it is null or missing; `MalformedError` for anything else."""
    inner = chunk.get(name)
    if inner is not None and not isinstance(inner, dict):
        raise MalformedError(f"{name} is not an object: {quote_json(inner)}")
    return inner or {}


def choice_index(form: Chunk, position: int, what: str) -> int:
    """The index of a choice, by default its ``position``; `MalformedError` if it is not a number."""
    index = form.get("index")
    if index is None:
        return position
    if type(index) is not int or not 0 <= index < MOST_CHOICES:
        raise MalformedError(f"the index of a {what} is not a number: {quote_json(index)}")
    return index
