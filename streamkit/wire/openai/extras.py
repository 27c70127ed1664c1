"""The content of a response's events besides the texts and calls that are read: annotations, log probabilities,
encrypted reasoning, parts of other types."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ...errors import MalformedError
from ..fields import Chunk
from ..json_codec import dumps
from ..problems import BESIDE_NAMES
from ..unread import are_all_fine, has_content
from .response_forms import READ, TEXTS, is_echo

__all__ = ["ItemExtras", "compared"]

SILENT = BESIDE_NAMES | {
    "annotation_index", "call_id", "content_index", "event_id", "id", "item_id", "name", "object", "obfuscation",
    "output_index", "response_id", "role", "sequence_number", "status", "summary_index", "type",
}  # fmt: skip
"""Fields with the position and the type of an event, and padding."""
SKELETON = frozenset({
    "background", "billing", "completed_at", "conversation", "created_at", "frequency_penalty", "id", "instructions",
    "max_output_tokens", "max_tool_calls", "metadata", "model", "moderation", "object", "parallel_tool_calls",
    "presence_penalty", "previous_response_id", "prompt", "prompt_cache_key", "prompt_cache_retention", "reasoning",
    "safety_identifier", "service_tier", "status", "store", "temperature", "text", "tool_choice", "tools",
    "top_logprobs", "top_p", "truncation", "user",
})  # fmt: skip
"""Fields of a response that has no end yet: its type, and the parameters of the request."""
FORMS = ("item", "part")
HOLDING = frozenset({*FORMS, *TEXTS, "delta", "refusal"})
"""Fields with text, or with objects that hold text."""
ARGUMENTS = ("arguments", "input")
NAMES = frozenset({*SILENT, *HOLDING, *ARGUMENTS})


class ItemExtras:
    """The extras seen so far: an extra comes again with each event that repeats the text beside it. A position is that
    of an item, and the extras seen there are forgotten after the event that is its `end`."""

    def __init__(self) -> None:
        self._seen: dict[int | None, set[tuple[str, str]]] = {}
        self._ignored: dict[int | None, set[str]] = {}
        self._ended: list[int | None] = []  # positions of the items that ended with the last event
        self._first: Chunk = {}  # the response in its first announcement

    def ignore(self, position: Any, name: str) -> None:
        """Count everything under this name at ``position`` as seen from now on: long content that comes in pieces is
        not kept for comparison."""
        self._ignored.setdefault(_index(position), set()).add(name)

    def note(self, position: Any, item: Chunk) -> None:
        """Count the fields of an item besides its texts as seen: its block has them."""
        for name, value in item.items():
            if name not in NAMES and name != "annotations":
                self.is_repeated(position, name, value)

    def end(self, position: Any) -> None:
        self._ended.append(_index(position))

    def next_event(self) -> None:
        for index in self._ended:
            self._seen.pop(index, None)
            self._ignored.pop(index, None)
        self._ended.clear()

    def is_repeated(self, position: Any, name: str, value: Any) -> bool:
        """True if ``value``, or each entry of a list, came before under this name at ``position``. It is noted as
        seen."""
        index = _index(position)
        if name in self._ignored.get(index, ()):
            return True
        seen = self._seen.setdefault(index, set())
        before = len(seen)
        for entry in value if isinstance(value, list) else [value]:
            text = compared(entry)
            if text is None:
                return False
            seen.add((name, text))
        return len(seen) == before

    def announce(self, response: Chunk) -> None:
        self._first = self._first or response

    def in_announcement(self, chunk: Chunk) -> Chunk:
        """The fields of a repeated announcement of a response, for `new_fields`: those of the event, those of the
        response that are neither known nor the same as in the first announcement, and its items."""
        fields = {name: value for name, value in chunk.items() if name != "response"}
        response = chunk.get("response")
        for name, value in response.items() if isinstance(response, dict) else ():
            if name == "output" and isinstance(value, list):
                fields["item"] = [item for item in value if not (isinstance(item, dict) and is_echo(item))]
            elif name not in SKELETON and not _is_label(name, value) and value != self._first.get(name):
                fields[name if name not in fields and name not in NAMES else f"response.{name}"] = value
        return fields

    def new_fields(self, chunk: Chunk, position: Any, emitted: Callable[[str], bool]) -> Iterator[str]:
        """The extras of an event that were not seen before, and its texts that were not ``emitted``: the names of
        fields, the types of items and parts that are not read, and an empty string for a text, which has no name of its
        own."""
        levels = [chunk]
        for level in levels:  # the list grows during the loop
            for name, value in level.items():
                if _is_label(name, value) or not ((name in FORMS and value) or has_content(value)):
                    continue
                if name in ARGUMENTS:
                    if not emitted(value if isinstance(value, str) else compared(value) or ""):
                        yield ""
                elif name not in HOLDING:
                    if not self.is_repeated(position, name, value):
                        yield name
                else:
                    yield from _texts(value, levels, emitted)


def _is_label(name: str, value: Any) -> bool:
    return name in SILENT and (not isinstance(value, (dict, list)) or (name in BESIDE_NAMES and are_all_fine(value)))


def _texts(value: Any, levels: list[Chunk], emitted: Callable[[str], bool]) -> Iterator[str]:
    """The result of `ItemExtras.new_fields` for a field that holds text; objects in it are added to ``levels``."""
    for part in value if isinstance(value, list) else [value]:
        kind = part.get("type", "text") if isinstance(part, dict) else ""
        if not kind:
            if not (isinstance(part, str) and emitted(part)):
                yield ""
        elif isinstance(kind, str) and kind in READ:
            levels.append(part)
        else:
            yield kind if isinstance(kind, str) else ""


def _index(position: Any) -> int | None:
    return position if isinstance(position, int) else None


def compared(value: Any) -> str | None:
    """A value as the text by which it is compared; None if it is nested too deeply for that."""
    try:
        return dumps(value)
    except MalformedError:
        return None
