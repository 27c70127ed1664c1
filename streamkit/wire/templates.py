"""Templates of a reply: when one is made, and of what."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any, NamedTuple

from pydantic_core import from_json

from .template import FORMS, LONGEST, TEXT, Form, Template

__all__ = ["Places", "Templates"]

TOKEN = re.compile(rb'("(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*|(?<=\}) *(?=\}))')
"""The parts of a valid chunk that may differ from those of the next one: strings, numbers, spaces between braces."""
ENOUGH = 16
"""A template that was used less often than this did not pay."""


class Places(NamedTuple):
    """The path to the ``text`` of a chunk, from the outside inwards (empty for a dialect without templates), and the
    fields of the whole chunk that `Dialect.quick` does not look at."""

    text: tuple[str | int, ...] = ()
    padding: tuple[str, ...] = ()


class Templates:
    """The ``current`` template, the ``name`` of the events that it is for, and when to make another one."""

    __slots__ = ("_earlier", "_pause", "_places", "_rest", "current", "name")

    def __init__(self, places: Places) -> None:
        self.current: Template | None = None
        self.name = b""
        self._places = places
        self._earlier = b""
        self._pause = self._rest = 0

    def learn(self, chunk: bytes, name: bytes, index: int, pieces: list[str] | None) -> None:
        """Note a chunk that had to be parsed, of which `Dialect.quick` made an event. Two of them make a template;
        where templates do not pay, the pauses between them become longer."""
        if self._rest:
            self._rest -= 1
        elif self._places.text and len(chunk) <= LONGEST:
            earlier = self._earlier if name == self.name else b""
            if earlier:
                self.drop()
                self._rest = self._pause = 2 * self._pause + 1
                self.current = _template(earlier, chunk, self._places, index, pieces)
            elif name != self.name:
                self.drop()
            self._earlier, self.name = chunk, name

    def drop(self) -> None:
        """Forget the template, because another kind of chunk came."""
        if self.current is not None and self.current.used >= ENOUGH:
            self._rest = self._pause = 0
        self.current, self._earlier = None, b""


def _template(earlier: bytes, chunk: bytes, places: Places, index: int, pieces: list[str] | None) -> Template | None:
    """The template of two chunks; None if they have the same text, or differ in more than text and padding."""
    parts, others = TOKEN.split(chunk), TOKEN.split(earlier)
    (text, rest), (other_text, other_rest) = _read(chunk, places), _read(earlier, places)
    if parts[::2] != others[::2] or text == other_text or rest != other_rest:
        return None
    gaps = [at for at in range(1, len(parts), 2) if parts[at] != others[at]]
    texts = [at for at in gaps if _says(parts[at], text) and _says(others[at], other_text)]
    forms = [TEXT if [at] == texts else _padding(parts, others, at) for at in gaps]
    known = [form for form in forms if form is not None]
    if len(texts) != 1 or len(known) != len(gaps):
        return None
    quotes = [b"", *(form.quote for form in known), b""]
    fixed = [
        closing + b"".join(parts[gap + 1 : next]) + opening
        for (gap, next), (closing, opening) in zip(pairwise([-1, *gaps, len(parts)]), pairwise(quotes), strict=True)
    ]
    number = gaps.index(texts[0])
    before = zip(known[:number], fixed[1:], strict=False)
    after = zip(known[:number:-1], fixed[-2:number:-1], strict=True)
    return Template(fixed[0], before, after, fixed[-1], index, pieces)


def _read(chunk: bytes, places: Places) -> tuple[Any, Any]:
    """The text of a chunk, and the rest of it without padding."""
    value = from_json(chunk)
    form, (*way, last) = value, places.text
    for step in way:
        form = form[step]
    text, form[last] = form[last], None
    value.update(dict.fromkeys(places.padding))
    return text, value


def _says(token: bytes, text: str) -> bool:
    return token.startswith(b'"') and from_json(token) == text


def _padding(parts: list[bytes], others: list[bytes], at: int) -> Form | None:
    """The form of what differs at a position, if it is padding; None if it is a key, or has no form."""
    if parts[at + 1].lstrip().startswith(b":"):
        return None
    return next((form for form in FORMS if form.is_of(parts[at]) and form.is_of(others[at])), None)
