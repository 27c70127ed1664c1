"""Slots: places in the raw form of a block where its text belongs.

The form of a block is kept without its text. In place of each text that was streamed stands a slot, which says how many
characters of which kind of text belong there, so ``{"type": "thinking", "thinking": {"@reasoning": 12}, "signature":
"..."}``. The text itself is that of the events, so whatever changes or hides it does so in one place only.

A slot that is sealed has a check sum of its text: a signature beside it is valid for that text alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal
from zlib import crc32

from .piece import Piece

__all__ = ["Kind", "fill", "resized", "slot"]

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


def resized(form: dict[str, Any], piece: Piece) -> dict[str, Any]:
    """``form`` with slots for the texts of ``piece``, whatever their size, wherever a text has only one slot. That slot
    must not be sealed."""
    found: dict[Kind, list[dict[str, Any]]] = {kind: [] for kind in KINDS}
    for value in _dicts(form):
        kind = _kind(value)
        if kind is not None:
            found[kind].append(value)
    sizes = {id(slots[0]): len(getattr(piece, kind)) for kind, slots in found.items() if len(slots) == 1}
    new: dict[str, Any] = _with_sizes(form, sizes)
    return new


def _dicts(value: Any) -> Iterator[dict[str, Any]]:
    rest = [value]
    while rest:
        value = rest.pop()
        if isinstance(value, dict):
            yield value
        if isinstance(value, (dict, list)):
            rest += value.values() if isinstance(value, dict) else value


def _with_sizes(value: Any, sizes: dict[int, int]) -> Any:
    if isinstance(value, list):
        return [_with_sizes(item, sizes) for item in value]
    if not isinstance(value, dict):
        return value
    kind = _kind(value)
    if kind is not None and SUM not in value:
        return {f"@{kind}": sizes.get(id(value), value[f"@{kind}"])}
    return {name: _with_sizes(item, sizes) for name, item in value.items()}


def _kind(value: dict[str, Any]) -> Kind | None:
    """The kind of text for which a value is a slot; None if it is not one."""
    return next((kind for kind in KINDS if type(value.get(f"@{kind}")) is int and len(value) <= 2), None)


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
        kind = _kind(value)
        if kind is None:
            return {name: self.filled(item) for name, item in value.items()}
        size, text = value[f"@{kind}"], self.rest[kind]
        own, self.rest[kind] = text[:size], text[size:]
        self.fits = self.fits and len(own) == size and value.get(SUM, "") in ("", _sum(own))
        return own


def _sum(text: str) -> str:
    return f"{crc32(text.encode('utf-8', 'surrogatepass')):08x}"
