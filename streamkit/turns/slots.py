"""Slots: places in the raw form of a block where its text belongs.

The form of a block is kept without its text. In place of each text that was streamed stands a slot, which says how many
characters of which kind of text belong there, so ``{"type": "thinking", "thinking": {"@reasoning": 12}, "signature":
"..."}``; without a number all that the block has of this kind. The text itself is that of the events, so whatever
changes or hides it does so in one place only.

A slot that is sealed has a check sum of its text: a signature beside it is valid for that text alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal
from zlib import crc32

from .piece import Piece

__all__ = [
    "Kind",
    "check_sum",
    "fill",
    "fill_field",
    "is_sealed",
    "sealed_slot",
    "sized_slot",
    "slot",
    "slot_kind",
    "slots_in",
    "without_seals",
]

Kind = Literal["text", "reasoning", "refusal"]
KINDS: tuple[Kind, ...] = ("text", "reasoning", "refusal")
SUM = "sum"
SUMS = re.compile("[0-9a-f]{8}|changed")
BROKEN = "changed"
"""The check sum of no text."""


def slot(kind: Kind, text: str | None = None, *, sealed: bool = False) -> dict[str, Any]:
    """A slot for the next characters of this kind, which are ``text``; if that is None, for all that are left of it,
    whatever they are."""
    if text is None:
        return {f"@{kind}": None}
    return {f"@{kind}": len(text), **({SUM: _sum(check_sum(text))} if sealed else {})}


def sealed_slot(kind: Kind, seal: int) -> dict[str, Any]:
    """A slot for all that is left of this kind, if its `check_sum` is ``seal``."""
    return {f"@{kind}": None, SUM: _sum(seal)}


def sized_slot(kind: Kind, size: int, seal: int | None = None) -> dict[str, Any]:
    """A slot for the next ``size`` characters of this kind, if their `check_sum` is ``seal``."""
    return {f"@{kind}": size, **({} if seal is None else {SUM: _sum(seal)})}


def slots_in(form: Any) -> Iterator[dict[str, Any]]:
    """All slots within ``form``."""
    if slot_kind(form) is not None:
        yield form
    elif isinstance(form, (dict, list)):
        for value in form.values() if isinstance(form, dict) else form:
            yield from slots_in(value)


def is_sealed(form: Any) -> bool:
    """True if a slot within ``form`` is sealed."""
    return any(SUM in slot for slot in slots_in(form))


def slot_kind(value: Any) -> Kind | None:
    """The kind of text for which a value is a slot; None if it is not one."""
    for kind in KINDS if isinstance(value, dict) else ():
        if value.keys() - {SUM} == {f"@{kind}"}:
            size, seal = value[f"@{kind}"], value.get(SUM, BROKEN)
            is_sound = (size is None or type(size) is int) and isinstance(seal, str) and SUMS.fullmatch(seal)
            return kind if is_sound else None
    return None


def without_seals(form: dict[str, Any], *readings: Piece) -> dict[str, Any]:
    """``form`` with the seals of those fields broken that fit the texts of none of the ``readings``: a check sum says
    something of its text, so it does not stay where that text was hidden."""
    return {name: value if _fits(value, readings) else _broken(value) for name, value in form.items()}


def _fits(value: Any, readings: tuple[Piece, ...]) -> bool:
    return not is_sealed(value) or any(fill_field("", value, one) is not None for one in readings)


def _broken(value: Any) -> Any:
    if isinstance(value, list):
        return [_broken(item) for item in value]
    if not isinstance(value, dict):
        return value
    if slot_kind(value) is not None:
        return {**value, SUM: BROKEN} if SUM in value else value
    return {name: _broken(item) for name, item in value.items()}


def fill_field(name: str, value: Any, whole: Piece) -> dict[str, Any] | None:
    """A field of a form alone, with the texts of ``whole`` of the kinds that it has slots for."""
    used = {slot_kind(slot) for slot in slots_in(value)}
    text, reasoning, refusal = (getattr(whole, kind) if kind in used else "" for kind in KINDS)
    return fill(Piece(whole.kind, text, reasoning, refusal, form={name: value}))


def check_sum(text: str, before: int = 0) -> int:
    """The check sum of a text that comes in pieces, after the next piece of it; ``before`` is the one before that."""
    return crc32(text.encode("utf-8", "surrogatepass"), before)


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
        kind = slot_kind(value)
        if kind is None:
            return {name: self.filled(item) for name, item in value.items()} if isinstance(value, dict) else value
        size, text = value[f"@{kind}"], self.rest[kind]
        size = len(text) if size is None else size
        own, self.rest[kind] = text[:size], text[size:]
        self.fits = self.fits and len(own) == size and value.get(SUM, "") in ("", _sum(check_sum(own)))
        return own


def _sum(value: int) -> str:
    return f"{value:08x}"
