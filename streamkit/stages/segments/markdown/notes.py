"""Footnotes and numbers of sources, ``[^1]`` and ``[1]``, which are not shown, and indexes, which are (``arr[1]``).

A number directly after a word may be either (``Paris[1] is``). It is an index if the word is one of code, if it is
within the brackets of a call, or if an operator or more of an expression follows it.
"""

from __future__ import annotations

import re

__all__ = ["end_of_notes", "in_call", "note_at"]

_NOTE = re.compile(r"\[(?:(\^)[^\[\]\s]{1,64}|[1-9]\d{0,2})\](?!\()")
_ROW = re.compile(r"(?:\[[1-9]\d{0,2}\]){1,64}")
_NOTES = re.compile(rf"(?:{_NOTE.pattern} ?){{1,64}}")
_WORD = re.compile(r"(?:^|(?<=\W))(?:\w*_\w*|[a-z]|args|argv|arr|array|matrix|nums|tensor|vec|vector)\Z", re.ASCII)
_CALL = re.compile(r"\w\([^()]*\Z", re.ASCII)
_EXPRESSION = re.compile(r"[ \t]*[-+*/]?=|[ \t]+[+*<>%^][ \t]+\w|[\w({\[]|\.[a-z_]", re.ASCII)
_FAR = 64


def note_at(text: str, at: int, last: int) -> re.Match[str] | None:
    """The note that begins at ``at``, None if none does; ``last`` is the end of the note before it."""
    match = _NOTE.match(text, at)
    if match is None or match[1] or at == last:
        return match
    return None if _is_index(text, at) else match


def end_of_notes(text: str, at: int) -> int:
    """The end of the notes that follow each other from ``at`` on."""
    match = _NOTES.match(text, at)
    return match.end() if match else at


def _is_index(text: str, at: int) -> bool:
    before = text[max(0, at - _FAR) : at]
    if before.endswith("]"):
        return True
    if not before.endswith((")", "_")) and not before[-1:].isalnum():
        return False
    row = _ROW.match(text, at)
    assert row is not None
    return bool(_WORD.search(before) or in_call(text, at) or _EXPRESSION.match(text, row.end()))


def in_call(text: str, at: int) -> bool:
    """True if ``at`` is within the brackets of a call, as in ``f(*args, **kwargs)``."""
    return _CALL.search(text, max(0, at - _FAR), at) is not None
