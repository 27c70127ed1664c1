"""What was said of an item, so that nothing that came in pieces is said again when it comes whole.

A part ends with up to two events that tell it whole. Their index is that of its pieces, or another one, for some
servers count on with every event, or is left out. Where the index does not tell which part is meant, the text does.
"""

from __future__ import annotations

__all__ = ["ItemText", "same_text"]


class _WholePart:
    """A part that was told whole, and by which kinds of event; ``sure`` if it is known how it began."""

    __slots__ = ("kinds", "sure", "text")

    def __init__(self, text: str, sure: bool) -> None:
        self.text = text
        self.sure = sure
        self.kinds: set[str] = set()


class ItemText:
    """One kind of text of an item: its pieces, and which of its parts are over."""

    __slots__ = ("_announced", "_indexes", "_last", "_open", "_wholes", "pieces")

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self._open = 0  # the piece with which the open part begins
        self._indexes: set[int | None] = set()  # under which pieces came
        self._wholes: dict[int | None, _WholePart] = {}
        self._last: _WholePart | None = None
        self._announced = False  # parts begin with an event of their own

    @property
    def text(self) -> str:
        """All that was said."""
        text = _joined(self.pieces)
        if self._open in (0, len(self.pieces)) and len(self.pieces) > 1:  # it may be asked for often
            self._open = min(self._open, 1)
            self.pieces[:] = [text]
        return text

    def grow(self, piece: str, index: int | None = None) -> None:
        self.pieces.append(piece)
        self._indexes.add(index)

    def begin(self, index: int | None) -> None:
        """A part is announced: the one before it is over."""
        self._announced = True
        self._open = len(self.pieces)
        self._last = None
        self._indexes.discard(index)
        self._wholes.pop(index, None)

    def may_hold(self, whole: str, kind: str = "") -> bool:
        """Whether ``whole`` may be of it: all that was said, the open part, the last one, or one that was announced."""
        last, open = self._last, self.pieces[self._open :]
        if same_text(_joined(open), whole) or (kind == "" and same_text(self.text, whole)):
            return True
        if last is not None:
            return same_text(last.text, whole) and (last.sure or kind not in last.kinds)
        return self._announced and not open

    def missing(self, whole: str) -> str:
        """What ``whole`` tells beyond what was said; nothing if it tells it otherwise."""
        return _rest(whole, self.text)

    def complete(self, whole: str) -> str:
        """What is left to say of the item after it was told whole."""
        return self._add(self.missing(whole))

    def complete_part(self, whole: str, index: int | None, kind: str) -> str:
        """What is left to say after an event of ``kind`` told a part whole: nothing, an end, or all of it."""
        open, before = _joined(self.pieces[self._open :]), self._wholes.get(index)
        if before is not None and whole != open and same_text(before.text, whole):
            before.kinds.add(kind)
            return ""
        if open and (index is None or index in self._indexes or same_text(open, whole)):
            rest = _rest(whole, open)
        elif not open and self._is_over(whole, index, kind):
            rest = ""
        else:
            before, rest, self._last = None, whole, None
        self._close(whole, index, kind, before if open else before or self._last, bool(open))
        return self._add(rest)

    def _is_over(self, whole: str, index: int | None, kind: str) -> bool:
        """Whether this is said of a part that is over; by the same kind of event only another part can be."""
        before = self._wholes.get(index)
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
            before = _WholePart(whole, pieced or self._announced)
        before.kinds.add(kind)
        self._last = self._wholes[index] = before

    def _add(self, rest: str) -> str:
        if rest:
            self.pieces.append(rest)
        self._open = len(self.pieces)
        return rest


def same_text(one: str, other: str) -> bool:
    """Whether two texts differ in nothing but white space around them."""
    return one == other or one.strip() == other.strip()


def _rest(whole: str, said: str) -> str:
    return whole[len(said) :] if whole.startswith(said) else ""


def _joined(pieces: list[str]) -> str:
    """The pieces as one text; a character that was cut in two is whole again."""
    text = "".join(pieces)
    if any("\ud800" <= piece[-1:] <= "\udbff" for piece in pieces):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return text
