"""The arguments of a tool call while they grow: what may be shown of them, and when they are whole."""

from __future__ import annotations

import re

__all__ = ["Arguments", "JsonEnd"]

EMPTY = re.compile(r"\s{0,64}\{\s{0,64}\}")
UNDECIDED = re.compile(r"\s{0,64}(\{\s{0,64})?")
"""What may still become an empty object. Blanks are counted, so that a model that writes nothing else is not held."""


class JsonEnd:
    """Tells where the object or array that a growing JSON text is gets closed. Linear; other values never do."""

    __slots__ = ("_depth", "_escaped", "_quoted", "closed")

    OUTSIDE = re.compile(r'["{}\[\]]')
    INSIDE = re.compile(r'["\\]')

    def __init__(self) -> None:
        self.closed = False
        self._depth = 0
        self._quoted = False
        self._escaped = False

    def feed(self, text: str) -> int:
        """How much of ``text`` belongs to the value: less than all of it if something follows its end."""
        at = 0
        while not self.closed:
            if self._escaped and at < len(text):
                self._escaped = False
                at += 1
            found = (self.INSIDE if self._quoted else self.OUTSIDE).search(text, at)
            if found is None:
                return len(text)
            at = found.end()
            self._mark(found.group())
        return at

    def _mark(self, mark: str) -> None:
        if mark == '"':
            self._quoted = not self._quoted
        elif mark == "\\":
            self._escaped = True
        elif mark in "{[":
            self._depth += 1
        elif self._depth:
            self._depth -= 1
            self.closed = not self._depth


class Arguments:
    """A stage over the text of one call's arguments.

    An empty object at the start is held back: some servers send it before the real arguments, and then it is void.
    Behind a whole object nothing counts: some servers send the arguments again, as they were or as a JSON string.
    ``free`` arguments are no JSON (those of custom tools) and pass as they are.
    """

    __slots__ = ("_begun", "_end", "_held", "_over", "free", "pieces", "size")

    def __init__(self) -> None:
        self.free = False
        self.pieces: list[str] = []
        """What was shown so far, and ``size`` is its length."""
        self.size = 0
        self._end = JsonEnd()
        self._held = ""
        self._begun = self._over = False

    @property
    def closed(self) -> bool:
        """Whether an object or array is closed and shown."""
        return self._end.closed

    @property
    def whole(self) -> bool:
        """Whether an object or array is closed, the empty one that is held back included."""
        return self.closed or self._is_empty_object()

    @property
    def blank(self) -> bool:
        """Whether nothing came so far but white space."""
        return not self.pieces and not self._held.strip()

    @property
    def void(self) -> bool:
        """Whether nothing came that further arguments would not replace."""
        return self.blank or self._is_empty_object()

    def feed(self, text: str) -> str:
        """What may be shown now, in one piece."""
        if not self.free:
            text = self._counted(text)
        self._show(text)
        return text

    def flush(self) -> str:
        """What was held back, now that nothing follows."""
        text, self._held = self._held, ""
        if text:
            self._begun = True
            self._end.feed(text)
            self._show(text)
        return text

    def _show(self, text: str) -> None:
        if text:
            self.pieces.append(text)
            self.size += len(text)

    def _is_empty_object(self) -> bool:
        return self._held.endswith("}")

    def _counted(self, text: str) -> str:
        """What counts of ``text``."""
        if not self._begun:
            text = self._after_empty(self._held + text)
        return text[: self._end.feed(text)] if not self.closed else ""

    def _after_empty(self, text: str) -> str:
        """``text`` without the empty objects that it begins with; nothing while it may still become one."""
        self._held = ""
        while (found := EMPTY.match(text)) is not None:
            rest = text[found.end() :].lstrip()
            if not rest.startswith("{") or self._over:
                self._over = self._over or bool(rest)
                self._held = found.group()
                return ""
            text = rest
        if UNDECIDED.fullmatch(text):
            self._held = text
            return ""
        self._begun = True
        return text
