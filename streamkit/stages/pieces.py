"""Cutters of text into the pieces that a reader takes in one after the other."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Literal, Protocol, TypeAlias

from ..awaitables import is_async
from .rewriting import Part, Pattern, Replaced, Scan

__all__ = ["LONGEST", "UNITS", "PieceCutter", "Unit", "cutters"]

Unit: TypeAlias = "Literal['char', 'word', 'line'] | re.Pattern[str] | Callable[[str], str | None]"
UNITS = ("char", "word", "line")
LONGEST = 8192
"""The most characters of a line, of a piece by a pattern, and of the text passed to a function: longer ones are cut."""

CJK = "\\u3040-\\u30ff\\u3400-\\u4dbf\\u4e00-\\u9fff\\uf900-\\ufaff"
RUN = 64  # a run without an end is cut there: else a growing piece would cost its square
WORD = re.compile(f"[{CJK}]|[^\\s{CJK}]{{1,{RUN}}}\\s{{0,{RUN}}}|\\s{{1,{RUN}}}")
ALONE = re.compile(f"[{CJK}]")
CLUSTER = 128  # characters (code points) in what a reader takes for one character
LINE_END = r"\r\n|[\n\r]"


class PieceCutter(Protocol):
    """Takes a growing text and returns its pieces as they become whole. ``holds``: the beginning of a piece is held.

    A ``patient`` cutter holds it until the piece is whole. Else it may be shown as it is when its time has come.
    """

    patient: bool

    @property
    def holds(self) -> bool: ...
    def feed(self, text: str) -> list[str]: ...
    def flush(self) -> list[str]:
        """The text that is held, as a piece."""
        ...


def cutters(unit: Any) -> Callable[[], PieceCutter]:
    """A factory that makes a cutter for each text. ValueError for an unknown unit, or for a pattern that cannot be
    decided in a growing text (see `rewriting.matching`)."""
    if isinstance(unit, str):
        if unit not in UNITS:
            raise ValueError(f"unit is one of {', '.join(UNITS)}, a compiled pattern or a function, not {unit!r}")
        cutter_of: dict[str, Callable[[], PieceCutter]] = {
            "char": _CharacterCutter,
            "word": _WordPieces,
            "line": lambda: _PatternCutter(LINE_END),
        }
        return cutter_of[unit]
    if is_async(unit):
        raise TypeError("unit gives the next piece of the text at once: it cannot be a coroutine function")
    if callable(unit):
        return lambda: _FunctionCutter(unit)
    _PatternCutter(unit)  # raises for a mistake in it
    return lambda: _PatternCutter(unit)


class _GrowingCutter:
    """A cutter into short pieces, of which more text can change only the last."""

    patient = False

    def __init__(self) -> None:
        self._last = ""

    @property
    def holds(self) -> bool:
        return self._last != ""

    def feed(self, text: str) -> list[str]:
        *whole, self._last = self._cut(self._last + text) or [""]
        if self._last and self._is_whole(self._last):
            whole += self.flush()
        return whole

    def flush(self) -> list[str]:
        last, self._last = self._last, ""
        return [last] if last else []

    def _cut(self, text: str) -> list[str]:
        raise NotImplementedError

    def _is_whole(self, piece: str) -> bool:
        """True if nothing that follows can belong to the piece."""
        raise NotImplementedError


class _WordPieces(_GrowingCutter):
    """A cutter into words, each with the white space after it; in Chinese and Japanese into characters."""

    def _cut(self, text: str) -> list[str]:
        return WORD.findall(text)

    def _is_whole(self, piece: str) -> bool:
        return len(piece) == 2 * RUN or ALONE.match(piece) is not None


class _CharacterCutter(_GrowingCutter):
    """A cutter into the characters that a reader sees (UAX #29)."""

    def _cut(self, text: str) -> list[str]:
        match, pieces, at = _cluster(), [], 0
        while at < len(text):
            piece: str = match(text[at : at + CLUSTER]).group()
            pieces.append(piece)
            at += len(piece)
        return pieces

    def _is_whole(self, piece: str) -> bool:
        return len(piece) == CLUSTER


@lru_cache
def _cluster() -> Callable[[str], Any]:
    import regex  # type: ignore[import-untyped]  # 30 ms, and only here; it comes with tiktoken

    match: Callable[[str], Any] = regex.compile(r"\X").match
    return match


class _PatternCutter:
    """A cutter at the end of each match of a pattern. A match counts once nothing that follows can change it."""

    patient = True

    def __init__(self, pattern: Any) -> None:
        self._scan: Scan | None = Scan([Pattern(pattern, str)])
        self._text = ""  # from the beginning of the current piece
        self._decided = 0  # the length of the part that is decided

    @property
    def holds(self) -> bool:
        return self._text != ""

    def feed(self, text: str) -> list[str]:
        self._text += text
        scan, self._scan = self._scan, None  # if it fails it is not used again, and the text stays held
        pieces = self._cut_at_matches(scan.feed(text)) if scan is not None else []
        self._scan = scan
        return pieces

    def flush(self) -> list[str]:
        scan, self._scan = self._scan, None
        pieces = self._cut_at_matches(scan.flush()) if scan is not None else []
        self._scan = scan
        rest, self._text, self._decided = self._text, "", 0
        return [*pieces, rest] if rest else pieces

    def _cut_at_matches(self, parts: list[Part]) -> list[str]:
        pieces, at, end = [], 0, self._decided
        for part in parts:
            end += len(part) if isinstance(part, str) else part.size
            while end - at > LONGEST:
                pieces.append(self._text[at : at + LONGEST])
                at += LONGEST
            if isinstance(part, Replaced):
                pieces.append(self._text[at:end])
                at = end
        self._text, self._decided = self._text[at:], end - at
        return pieces


class _FunctionCutter:
    """A cutter by a function that returns the beginning of the waiting text, or None as long as it needs more."""

    patient = True

    def __init__(self, next_piece: Callable[[str], str | None]) -> None:
        self._next_piece, self._text = next_piece, ""

    @property
    def holds(self) -> bool:
        return self._text != ""

    def feed(self, text: str) -> list[str]:
        text, pieces, at = self._text + text, [], 0
        self._text = text
        while at < len(text):
            piece = self._first(text[at : at + LONGEST])
            if piece is None:
                break
            pieces.append(piece)
            at += len(piece)
        self._text = text[at:]
        return pieces

    def flush(self) -> list[str]:
        rest, self._text = self._text, ""
        return [rest] if rest else []

    def _first(self, text: str) -> str | None:
        piece = self._next_piece(text)
        if piece is None:
            return text if len(text) == LONGEST else None
        if not isinstance(piece, str):
            raise TypeError(f"unit gives the next piece of the text, or None, not {type(piece).__name__}")
        if not piece or not text.startswith(piece):
            raise ValueError(f"unit gives the beginning of the text that waits, or None, not {piece[:50]!r}")
        return text[: len(piece)]  # a plain str even if the function returned a subclass
