"""What the events of a response hold besides the texts and calls that are read: annotations, log probabilities,
encrypted reasoning, parts of other types."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ...errors import MalformedError
from ..fields import Chunk
from ..jsoncodec import dumps
from ..problems import BESIDE_NAMES
from ..unread import are_all_fine, has_content
from .responseforms import READ, TEXTS, is_echo

__all__ = ["ItemExtras", "extras_in_announcement"]

SILENT = BESIDE_NAMES | {
    "annotation_index", "call_id", "content_index", "event_id", "id", "item_id", "name", "object", "obfuscation",
    "output_index", "response_id", "role", "sequence_number", "status", "summary_index", "type",
}  # fmt: skip
"""Fields that say where an event belongs and what it is, and padding."""
SKELETON = frozenset({
    "background", "billing", "completed_at", "conversation", "created_at", "frequency_penalty", "id", "instructions",
    "max_output_tokens", "max_tool_calls", "metadata", "model", "moderation", "object", "parallel_tool_calls",
    "presence_penalty", "previous_response_id", "prompt", "prompt_cache_key", "prompt_cache_retention", "reasoning",
    "safety_identifier", "service_tier", "status", "store", "temperature", "text", "tool_choice", "tools",
    "top_logprobs", "top_p", "truncation", "user",
})  # fmt: skip
"""Fields of a response that has no end yet: what it is, and what was asked."""
FORMS = ("item", "part")
HOLDING = frozenset({*FORMS, *TEXTS, "delta", "refusal"})
"""Fields with text, or with objects that hold some."""
ARGUMENTS = ("arguments", "input")
NAMES = frozenset({*SILENT, *HOLDING, *ARGUMENTS})


class ItemExtras:
    """What was met so far: an aside comes again with each event that tells the text beside it once more. A place is
    that of an item, and what was met there is forgotten with the `end` of the item."""

    def __init__(self) -> None:
        self._seen: dict[int | None, set[tuple[str, str]]] = {}

    def ignore(self, place: Any, name: str) -> None:
        """From now on whatever comes under this name at ``place`` has been met: what is long and comes in pieces is
        not kept to be compared."""
        self._at(place).add((name, ""))

    def end(self, place: Any) -> None:
        self._seen.pop(_place(place), None)

    def _at(self, place: Any) -> set[tuple[str, str]]:
        return self._seen.setdefault(_place(place), set())

    def is_repeated(self, place: Any, name: str, value: Any) -> bool:
        """Whether ``value``, or each entry of a list, came before under this name at ``place``. Now it has."""
        met = self._at(place)
        if (name, "") in met:
            return True
        before = len(met)
        for entry in value if isinstance(value, list) else [value]:
            text = _json(entry)
            if text is None:
                return False
            met.add((name, text))
        return len(met) == before

    def new_fields(self, chunk: Chunk, place: Any, said: Callable[[str], bool]) -> Iterator[str]:
        """What an event holds that is neither met nor ``said``: the names of fields, the types of items and parts that
        are not read, and nothing for a text, which has no name of its own."""
        levels = [chunk]
        for level in levels:  # it grows meanwhile
            for name, value in level.items():
                if _is_label(name, value) or not ((name in FORMS and value) or has_content(value)):
                    continue
                if name in ARGUMENTS:
                    if not said(value if isinstance(value, str) else _json(value) or ""):
                        yield ""
                elif name not in HOLDING:
                    if not self.is_repeated(place, name, value):
                        yield name
                else:
                    yield from _texts(value, levels, said)


def extras_in_announcement(chunk: Chunk, first: Chunk) -> Chunk:
    """An event that says once more that a response has begun, as fields to ask `Asides.news` about: its own, those of
    the response that are neither known nor as they were told ``first``, and its items."""
    fields = {name: value for name, value in chunk.items() if name != "response"}
    response = chunk.get("response")
    for name, value in response.items() if isinstance(response, dict) else ():
        if name == "output" and isinstance(value, list):
            fields["item"] = [item for item in value if not (isinstance(item, dict) and is_echo(item))]
        elif name not in SKELETON and not _is_label(name, value) and value != first.get(name):
            fields[name if name not in fields and name not in NAMES else f"response.{name}"] = value
    return fields


def _is_label(name: str, value: Any) -> bool:
    return name in SILENT and (not isinstance(value, (dict, list)) or (name in BESIDE_NAMES and are_all_fine(value)))


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


def _place(place: Any) -> int | None:
    return place if isinstance(place, int) else None


def _json(value: Any) -> str | None:
    try:
        return dumps(value)
    except MalformedError:  # nested too deeply to be compared
        return None
