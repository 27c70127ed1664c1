"""What the events of a response hold besides the texts and calls that are read: annotations, log probabilities,
encrypted reasoning, parts of other types."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ..errors import MalformedError
from .forms import READ, TEXTS, Chunk
from .loads import dumps
from .problems import BESIDE_NAMES
from .unread import says

__all__ = ["Asides"]

SILENT = BESIDE_NAMES | {
    "annotation_index", "call_id", "content_index", "event_id", "id", "item_id", "name", "object", "obfuscation",
    "output_index", "response_id", "role", "sequence_number", "status", "summary_index", "type",
}  # fmt: skip
"""Fields that say where an event belongs and what it is, and padding."""
FORMS = ("item", "part")
HOLDING = frozenset({*FORMS, *TEXTS, "delta", "refusal"})
"""Fields with text, or with objects that hold some."""
ARGUMENTS = ("arguments", "input")


class Asides:
    """What was met so far: an aside comes again with each event that tells the text beside it once more."""

    def __init__(self) -> None:
        self._met: set[tuple[int | None, str, str]] = set()

    def met(self, place: Any, name: str, value: Any) -> bool:
        """Whether ``value``, or each entry of a list, came before under this name at ``place``. Now it has."""
        before, place = len(self._met), place if isinstance(place, int) else None
        for entry in value if isinstance(value, list) else [value]:
            text = _json(entry)
            if text is None:
                return False
            self._met.add((place, name, text))
        return len(self._met) == before

    def news(self, chunk: Chunk, place: Any, said: Callable[[str], bool]) -> Iterator[str]:
        """What an event holds that is neither met nor ``said``: the names of fields, the types of items and parts that
        are not read, and nothing for a text, which has no name of its own."""
        levels = [chunk]
        for level in levels:  # it grows meanwhile
            for name, value in level.items():
                if name in SILENT or not ((name in FORMS and value) or says(value)):
                    continue
                if name in ARGUMENTS:
                    if not said(value if isinstance(value, str) else _json(value) or ""):
                        yield ""
                elif name not in HOLDING:
                    if not self.met(place, name, value):
                        yield name
                else:
                    yield from _texts(value, levels, said)


def _texts(value: Any, levels: list[Chunk], said: Callable[[str], bool]) -> Iterator[str]:
    """As `Asides.news`, of a field that holds text; objects in it go to ``levels``."""
    for part in value if isinstance(value, list) else [value]:
        kind = part.get("type", "text") if isinstance(part, dict) else ""
        if not kind:
            if not (isinstance(part, str) and said(part)):
                yield ""
        elif isinstance(kind, str) and kind in READ:
            levels.append(part)
        else:
            yield kind if isinstance(kind, str) else ""


def _json(value: Any) -> str | None:
    try:
        return dumps(value)
    except MalformedError:  # nested too deeply to be compared
        return None
