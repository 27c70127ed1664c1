"""The unsettled end of a text in which no boundary is certain: white space, base64, Thai, CJK without punctuation.

The end is cut by the encoding's own pattern, and all pieces but the last two are settled: only the last touches the
end, and the one before is undecided only if looking ahead from it reached the end. A last piece may grow for ever, so
the pattern is shown a short form of it, from which the middle is left out: characters of kinds that occur again later
in the piece. The pattern counts no more than three of anything, so it cuts the short form as it cuts the real text.
"""

from __future__ import annotations

from typing import Any

from .growing_piece import GrowingPiece
from .lexer import Lexer

__all__ = ["UnsettledEnd"]

EDGE = 16
"""Characters of a long piece that stay at both ends."""
LONG = 128
"""Characters of a piece from which on its middle is left out."""
SHORT = 64
"""Characters up to which a piece is counted again as a whole."""


class UnsettledEnd:
    """`push` takes text and returns the number of tokens it settled; ``open`` is that of the last pieces; ``text`` is
    their short form, which is all of it if ``whole``."""

    def __init__(self, encoding: Any, lexer: Lexer, text: str) -> None:
        self.text = self._shape = ""
        self.open = 0
        self._encoding, self._lexer = encoding, lexer
        self._gaps: list[tuple[int, list[str]]] = []  # position in `text`, the parts left out there
        self._long: dict[int, tuple[int, GrowingPiece]] = {}  # start: end, tokens
        self.settled = self.push(text)

    @property
    def whole(self) -> bool:
        return not self._gaps

    def copy(self) -> UnsettledEnd:
        twin = object.__new__(UnsettledEnd)
        twin.__dict__.update(self.__dict__)
        twin._gaps = [(position, parts[:]) for position, parts in self._gaps]
        twin._long = {start: (end, piece.copy()) for start, (end, piece) in self._long.items()}
        return twin

    def push(self, text: str) -> int:
        self.text += text
        self._shape += text.translate(self._lexer.shapes)
        spans = [match.span() for match in self._lexer.pieces.finditer(self._shape)]
        settled = sum(self._count(start, end) for start, end in spans[:-2])
        spans = spans[-2:]
        self.open = sum(self._count(start, end) for start, end in spans)
        self._long = {start: self._long[start] for start, _ in spans if start in self._long}
        self._forget(spans[0][0])
        start, end = spans[-1][0] - spans[0][0], len(self.text)
        if end - start > LONG:
            self._shorten(start, end)
        return settled

    def _count(self, start: int, end: int) -> int:
        before, piece = self._long.get(start, (start, None))
        if piece is None:
            data = self._real(start, end).encode()
            if end - start <= SHORT:
                return len(self._encoding._encode_single_piece(data))
            piece = GrowingPiece(self._encoding, data)
        elif end >= before:
            piece.append(self._real(before, end).encode())
        else:
            piece.cut(len(self._real(end, before).encode()))
        self._long[start] = end, piece
        return piece.count

    def _real(self, start: int, end: int) -> str:
        """The text that ``text[start:end]`` stands for."""
        out = []
        for position, parts in self._gaps:
            if start < position < end:
                out += [self.text[start:position], *parts]
                start = position
        return "".join([*out, self.text[start:end]])

    def _forget(self, size: int) -> None:
        if size:
            self.text, self._shape = self.text[size:], self._shape[size:]
            self._gaps = [(position - size, parts) for position, parts in self._gaps if position > size]
            self._long = {start - size: (end - size, piece) for start, (end, piece) in self._long.items()}

    def _shorten(self, start: int, end: int) -> None:
        kinds = self._lexer.kinds
        first, last = start + EDGE, end - EDGE
        again = {match.lastindex for match in kinds.finditer(self._shape, last, end)}
        for match in kinds.finditer(self._shape, first, last):
            if match.lastindex not in again:
                first = match.end() + EDGE  # the pattern may come to cut there
        if last - first < SHORT:
            return
        self._leave_out(first, last)
        before, piece = self._long[start]
        self._long[start] = before - (last - first), piece

    def _leave_out(self, first: int, last: int) -> None:
        inside = [gap for gap in self._gaps if first <= gap[0] <= last]
        parts = inside[0][1] if inside and inside[0][0] == first else []
        at = first
        for position, more in inside:
            if more is not parts:
                parts += [self.text[at:position], *more]
                at = position
        parts.append(self.text[at:last])
        before = [gap for gap in self._gaps if gap[0] < first]
        after = [(position - (last - first), more) for position, more in self._gaps if position > last]
        self._gaps = [*before, (first, parts), *after]
        self.text = self.text[:first] + self.text[last:]
        self._shape = self._shape[:first] + self._shape[last:]
