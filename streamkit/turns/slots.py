"""Slots: places in the raw form of a block where its text belongs.

The form of a block is kept without its text. In place of each text that was streamed stands a slot, which says how many
characters of which kind of text belong there, so ``{"type": "thinking", "thinking": {"@reasoning": 12}, "signature":
"..."}``. The text itself is that of the events, so whatever changes or hides it does so in one place only.

A slot that is sealed has a check sum of its text: a signature beside it is valid for that text alone.
"""

from __future__ import annotations

from typing import Any, Literal
from zlib import crc32

from .piece import Piece

__all__ = ["Kind", "fill", "slot"]

Kind = Literal["text", "reasoning", "refusal"]
KINDS: tuple[Kind, ...] = ("text", "reasoning", "refusal")
SUM = "sum"


def slot(kind: Kind, text: str, *, sealed: bool = False) -> dict[str, Any]:
    """A slot for the next characters of this kind, which are ``text``."""
    return {f"@{kind}": len(text), **({SUM: _sum(text)} if sealed else {})}


def fill(piece: Piece) -> dict[str, Any] | None:
    """The form of a piece with its texts in their slots; None if it has no form, or if its texts are not those for
    which the form was made: something changed their size, or a sealed one."""
    if piece.form is None:
        return None
    filling = _Filling({kind: getattr(piece, kind) for kind in KINDS})
    form = filling.filled(piece.form)
    return form if filling.fits and not any(filling.rest.values()) else None


class _Filling:
    """The texts that are not used yet, and whether all slots so far could be filled."""

    def __init__(self, texts: dict[Kind, str]) -> None:
        self.rest = texts
        self.fits = True

    def filled(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.filled(item) for item in value]
        if not isinstance(value, dict):
            return value
        kind = next((kind for kind in KINDS if f"@{kind}" in value), None)
        if kind is None:
            return {name: self.filled(item) for name, item in value.items()}
        size, text = value[f"@{kind}"], self.rest[kind]
        own, self.rest[kind] = text[:size], text[size:]
        self.fits = self.fits and len(own) == size and value.get(SUM, "") in ("", _sum(own))
        return own


def _sum(text: str) -> str:
    return f"{crc32(text.encode('utf-8', 'surrogatepass')):08x}"
