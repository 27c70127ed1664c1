"""A template of chunks: one that differs from the chunk before in its text alone is not parsed as a whole.

Nearly all chunks of a reply repeat the one before, byte by byte, except for the text, and for padding, a number or a
time beside it. A `Template` holds the bytes that repeat. What it finds is what parsing the whole chunk would give:

1. Every part that may differ has the form of what it stands for: the text is one JSON string (`from_json` decides), the
   others are plain characters within a string, an integer, or spaces. By the grammar of JSON the chunk is then valid,
   with the structure of the chunks that the template was made of, whatever its strings say. No such part is a key.
2. In these chunks each of the parts had two values, and all that differed in what was parsed was the text of the event
   and fields that `Dialect.quick` does not look at (`Places.padding`). So that is where the parts go.
3. The dialect drops its template when anything but a piece of text comes, so that its state is still the same.

A chunk that does not fit is parsed, so all that a template does is to save time. `templates` has how one is made.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeAlias

from pydantic_core import from_json

from ..event_class import parse_later
from ..events import TextDelta

__all__ = ["FORMS", "LONGEST", "TEXT", "Form", "Template"]

Fits: TypeAlias = "Callable[[bytes], object]"
"""Decides if bytes have a form."""

PLAIN = re.compile(rb"[ !#-\[\]-~]*")  # no quotation marks, no backslashes
WHOLE = re.compile(rb"0|[1-9][0-9]{0,17}")
BLANK = re.compile(rb" *")


class Form(NamedTuple):
    """A form of padding: the quotation mark around it, if it is a string, and what may stand there."""

    quote: bytes
    fits: Fits

    def is_of(self, token: bytes) -> bool:
        return token.startswith(self.quote) and bool(self.fits(token.removeprefix(self.quote).removesuffix(self.quote)))


STRING = Form(b'"', lambda part: part.isalnum() or PLAIN.fullmatch(part))
NUMBER = Form(b"", WHOLE.fullmatch)
SPACES = Form(b"", BLANK.fullmatch)
FORMS = (STRING, NUMBER, SPACES)
"""The forms of padding. In a string the first test is much faster."""
TEXT = Form(b"", bool)
"""The form of the text, which is taken with its quotation marks."""
LONGEST = 1024
"""Bytes of a chunk that is not parsed. The event of a longer one would keep a long text twice: by itself, and in the
bytes of its raw data. And to make a template of it takes long."""

new = object.__new__


class Template:
    """The bytes of a chunk around its text.

    ``head`` and ``tail`` are its ends. Between them and the text lie pairs of padding and the bytes that follow it in
    the direction of the text, those ``before`` the text and those ``after`` it, from the outside inwards. Each text is
    added to ``pieces`` too, if there are any.
    """

    __slots__ = ("_after", "_before", "_head", "_index", "_pieces", "_tail", "used")

    def __init__(
        self,
        head: bytes,
        before: Iterable[tuple[Form, bytes]],
        after: Iterable[tuple[Form, bytes]],
        tail: bytes,
        index: int,
        pieces: list[str] | None,
    ) -> None:
        self.used = 0
        self._head, self._tail, self._index, self._pieces = head, tail, index, pieces
        self._before = [(fixed[:1], fixed[1:], form.fits) for form, fixed in before]
        self._after = [(fixed[-1:], fixed[:-1], form.fits) for form, fixed in after]

    def event(self, chunk: bytes) -> TextDelta | None:
        """The event of a chunk that fits; None for any other."""
        if len(chunk) > LONGEST:
            return None
        rest = chunk.removeprefix(self._head)
        text = rest.removesuffix(self._tail)
        if len(rest) == len(chunk) or len(text) == len(rest):
            return None
        for first, fixed, fits in self._before:
            padding, _, rest = text.partition(first)
            text = rest.removeprefix(fixed)
            if len(text) + len(fixed) != len(rest) or not fits(padding):
                return None
        for last, fixed, fits in self._after:
            rest, _, padding = text.rpartition(last)
            text = rest.removesuffix(fixed)
            if len(text) + len(fixed) != len(rest) or not fits(padding):
                return None
        try:
            value = from_json(text)
        except ValueError:
            return None
        if type(value) is not str or not value:
            return None
        self.used += 1
        if self._pieces is not None:
            self._pieces.append(value)
        event: Any = new(TextDelta)  # its constructor takes twice as long
        event.text, event.index = value, self._index
        parse_later(event, chunk)
        return event  # type: ignore[no-any-return]
