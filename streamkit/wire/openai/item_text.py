"""The text of an item that was emitted, so that text which came in pieces is not emitted again when it comes whole.

A part ends with up to two events that repeat it whole. Their index is that of its pieces, or another one (some servers
increment it with every event), or is left out. Where the index does not identify the part, its text does.
"""

from __future__ import annotations

__all__ = ["ItemText", "same_text"]


class _WholePart:
    """A part that came whole, and the kinds of event in which it came; ``sure`` if its beginning is known, which is at
    ``start``, in characters."""

    __slots__ = ("kinds", "start", "sure", "text")

    def __init__(self, text: str, sure: bool, start: int) -> None:
        self.text = text
        self.sure = sure
        self.start = start
        self.kinds: set[str] = set()


class ItemText:
    """One kind of text of an item: its pieces, and the parts that have ended."""

    __slots__ = ("_announced", "_ended", "_indexes", "_last", "_open", "_parts", "pieces")

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self._open = 0  # the number of the piece with which the open part begins
        self._ended = 0  # the number of characters of the parts that have ended
        self._indexes: set[int | None] = set()  # the indexes under which pieces came
        self._parts: dict[int | None, _WholePart] = {}
        self._last: _WholePart | None = None
        self._announced = False  # true if parts begin with an event of their own

    @property
    def text(self) -> str:
        """All text that was emitted."""
        text = _join(self.pieces)
        if self._open in (0, len(self.pieces)) and len(self.pieces) > 1:  # this may be called often
            self._open = min(self._open, 1)
            self.pieces[:] = [text]
        return text

    def grow(self, piece: str, index: int | None = None) -> None:
        self.pieces.append(piece)
        self._indexes.add(index)

    def start_of(self, index: int | None) -> int:
        """The position in this text at which the part with this index begins: one that has ended, or the open one."""
        part = self._parts.get(index)
        return self._ended if part is None else part.start

    def begin(self, index: int | None) -> None:
        """Begin a part that was announced; the one before it has ended."""
        self._announced = True
        self._end_pieces()
        self._last = None
        self._indexes.discard(index)
        self._parts.pop(index, None)

    def may_hold(self, whole: str, kind: str = "") -> bool:
        """True if ``whole`` may be of this text: all of it, the open part, the last one, or one that was announced."""
        last, open = self._last, self.pieces[self._open :]
        if same_text(_join(open), whole) or (kind == "" and same_text(self.text, whole)):
            return True
        if last is not None:
            return same_text(last.text, whole) and (last.sure or kind not in last.kinds)
        return self._announced and not open

    def missing(self, whole: str) -> str:
        """The end of ``whole`` that was not emitted yet; empty if ``whole`` differs from the text emitted so far."""
        return _rest(whole, self.text)

    def complete(self, whole: str) -> str:
        """Add the rest of the item's text, which came ``whole``; returns the part that was not emitted yet."""
        return self._add(self.missing(whole))

    def complete_part(self, whole: str, index: int | None, kind: str) -> str:
        """Add the rest of a part that came ``whole`` in an event of ``kind``; returns the text that was not emitted
        yet: none, the end of the part, or all of it."""
        open, before = _join(self.pieces[self._open :]), self._parts.get(index)
        if before is not None and whole != open and same_text(before.text, whole):
            before.kinds.add(kind)
            return ""
        if open and (index is None or index in self._indexes or same_text(open, whole)):
            rest = _rest(whole, open)
        elif not open and self._has_ended(whole, index, kind):
            rest = ""
        else:
            before, rest, self._last = None, whole, None
        self._close(whole, index, kind, before if open else before or self._last, bool(open))
        return self._add(rest)

    def _has_ended(self, whole: str, index: int | None, kind: str) -> bool:
        """True if this repeats a part that has ended; a second event of the same kind can only be for another part."""
        before = self._parts.get(index)
        if before is not None:
            return kind not in before.kinds
        if index in self._indexes:
            return True
        last = self._last
        return (
            last is not None and same_text(last.text, whole) and (index is None or last.sure or kind not in last.kinds)
        )

    def _close(self, whole: str, index: int | None, kind: str, before: _WholePart | None, pieced: bool) -> None:
        if before is None or not same_text(before.text, whole):
            before = _WholePart(whole, pieced or self._announced, self._ended)
        before.kinds.add(kind)
        self._last = self._parts[index] = before

    def _add(self, rest: str) -> str:
        if rest:
            self.pieces.append(rest)
        self._end_pieces()
        return rest

    def _end_pieces(self) -> None:
        """End the open part."""
        self._ended += len(_join(self.pieces[self._open :]))
        self._open = len(self.pieces)


def same_text(one: str, other: str) -> bool:
    """True if two texts are the same except for white space around them."""
    return one == other or one.strip() == other.strip()


def _rest(whole: str, emitted: str) -> str:
    return whole[len(emitted) :] if whole.startswith(emitted) else ""


def _join(pieces: list[str]) -> str:
    """The pieces as one text; characters that were cut in two are joined."""
    text = "".join(pieces)
    if any("\ud800" <= piece[-1:] <= "\udbff" for piece in pieces):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return text
