"""Entries of Redis Streams, and their ids, as a server writes them."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import MalformedError
from .log import Entry, EntryId

__all__ = ["entry_of", "id_of", "id_text"]


def id_text(id: EntryId) -> str:
    return f"{id[0]}-{id[1]}"


def id_of(text: bytes) -> EntryId:
    time, _, number = text.partition(b"-")
    return int(time), int(number)


def entry_of(id: bytes, fields: Sequence[bytes]) -> Entry:
    """The entry of an id, and of the names and values of its fields; `MalformedError` if no bus has written it."""
    try:
        name, value = fields
        if name != b"d":
            raise ValueError(name)
        epoch, number, data = value.split(b" ", 2)
        return Entry(id_of(id), int(epoch), int(number), data)
    except ValueError as exc:
        raise MalformedError(f"entry {id.decode()} of the log was not written by a bus") from exc
