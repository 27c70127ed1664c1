"""A list of objects with thoughts that comes in fragments: each object is put together, with slots for its texts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from ...turns import check_sum, sized_slot
from ..fields import Chunk

__all__ = ["Entry", "FragmentList", "block_key", "detail_key"]

TEXTS = ("text", "summary", "thinking")
"""Fields with text that was shown. That of Mistral's ``thinking`` is in a list of parts."""
JOINED = ("data",)
"""Fields with encrypted text, which may come in pieces."""


class Entry:
    """One object of the list."""

    __slots__ = ("field", "fields", "has_parts", "key", "pending", "place", "seal", "size")

    def __init__(self, key: Any, place: int) -> None:
        self.key, self.place = key, place
        self.fields: dict[str, Any] = {}
        self.field = ""  # the one with the text
        self.has_parts = False
        self.size = self.seal = 0
        self.pending = ""  # the first half of a character

    def add(self, fragment: Chunk) -> bool:
        """Add a fragment; true if it has text."""
        size = self.size
        for name, value in fragment.items():
            if name in TEXTS and isinstance(value, (str, list)):
                self._add_text(name, value)
            elif name in JOINED and isinstance(value, str):
                self.fields[name] = self.fields.get(name, "") + value
            elif value is not None and (value != "" or name not in self.fields):
                self.fields[name] = value
        return self.size != size

    def _add_text(self, name: str, value: str | list[Any]) -> None:
        if self.field and self.field != name:
            return
        if not self.field:
            self.field, self.has_parts = name, isinstance(value, list)
        texts = [value] if isinstance(value, str) else [part.get("text") for part in value if isinstance(part, dict)]
        self.fields.setdefault(name, None)
        for text in texts:
            if isinstance(text, str) and text:
                self._count(text)

    def _count(self, text: str) -> None:
        """Count characters as they are shown: two halves are one."""
        if self.pending:
            text = (self.pending + text).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
        self.pending = text[-1] if "\ud800" <= text[-1] <= "\udbff" else ""
        text = text.removesuffix(self.pending) if self.pending else text
        self.size, self.seal = self.size + len(text), check_sum(text, self.seal)

    def form(self, *, sealed: bool) -> dict[str, Any]:
        """The object, with a slot for its text, which is sealed if there is a signature for it."""
        if not self.field:
            return self.fields
        size, seal = self.size + len(self.pending), check_sum(self.pending, self.seal)
        slot = sized_slot("reasoning", size, seal if sealed or self.fields.get("signature") else None)
        return {**self.fields, self.field: [{"type": "text", "text": slot}] if self.has_parts else slot}


Key: TypeAlias = Callable[["Entry | None", Chunk], Any]


class FragmentList:
    """The objects so far. ``key`` gives, for the last object and a fragment, the key of the object that the fragment
    belongs to; None for a fragment that begins one without a key."""

    __slots__ = ("_entries", "_is_mixed", "_key", "_last", "_latest")

    def __init__(self, key: Key) -> None:
        self._key = key
        self._entries: dict[Any, Entry] = {}
        self._last: Entry | None = None
        self._latest: Entry | None = None  # the last one that got text
        self._is_mixed = False

    def __bool__(self) -> bool:
        return bool(self._entries)

    def feed(self, fragments: Any) -> bool:
        """Take a list of fragments; true if there are any."""
        own = [one for one in fragments if isinstance(one, dict)] if isinstance(fragments, list) else []
        for fragment in own:
            entry = self._entry(self._key(self._last, fragment))
            if entry.add(fragment):  # one that goes on after another one began: they are not in the order of the text
                self._is_mixed = self._is_mixed or (self._latest is not None and entry.place < self._latest.place)
                self._latest = entry
        return bool(own)

    def _entry(self, key: Any) -> Entry:
        entry = self._entries.get(key)
        if entry is None:
            place = len(self._entries)
            key = place if key is None else key
            entry = self._last = self._entries[key] = Entry(key, place)
        return entry

    def form(self) -> list[dict[str, Any]]:
        return [entry.form(sealed=self._is_mixed) for entry in self._entries.values()]


def detail_key(last: Entry | None, fragment: Chunk) -> Any:
    """The key of an entry of ``reasoning_details``: its type and index; without an index the last one of the type. An
    index alone may be used for a text and for its encrypted form."""
    kind, index = fragment.get("type"), fragment.get("index")
    if index is None:
        return last.key if last is not None and last.fields.get("type") == kind else None
    return repr(kind), repr(index)


def block_key(last: Entry | None, fragment: Chunk) -> Any:
    """The key of the last block, unless its signature ended it, or the fragment is of another type."""
    if last is None or last.fields.get("signature") or last.fields.get("type") != fragment.get("type"):
        return None
    return last.key if "data" not in fragment else None
