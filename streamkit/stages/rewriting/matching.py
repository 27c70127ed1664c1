"""Patterns in a growing text: what is found is told only when no further character can change it.

The ``regex`` package (it comes with tiktoken) matches partially: a search says whether it ran out of text. Behind a
pattern that is followed by a failure, which sends the search down every path, that answers the question where a match
could still begin or grow. What touches the end of the text is never decided before the end of the stream.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Protocol, TypeAlias

__all__ = ["Find", "Found", "Held", "Pattern"]

SHORT = 32  # characters that a search goes through in no time
Replace: TypeAlias = "Callable[[Any], str | None]"
"""A match to what stands in its place; None: it stays."""


class Held:
    """From ``start`` on nothing is decided yet."""

    __slots__ = ("start",)

    def __init__(self, start: int) -> None:
        self.start = start


class Found(Held):
    """``start:end`` is replaced by ``text``, whatever follows; ``size`` characters of it were not let out before."""

    __slots__ = ("end", "size", "text")

    def __init__(self, start: int, end: int, text: str) -> None:
        super().__init__(start)
        self.end, self.text, self.size = end, text, end - start


class Find(Protocol):
    """Looks for the first thing at or after ``pos``; with ``final`` nothing follows ``text``."""

    longest: int
    """The most characters that a match may have, as far as that is known, else 0."""

    def find(self, text: str, pos: int, final: bool) -> Found | Held | None: ...


@lru_cache(maxsize=256)
def _compiled(pattern: str, flags: int) -> tuple[Any, Any]:
    import regex  # type: ignore[import-untyped]  # 30 ms, and only here

    return regex.compile(pattern, flags), regex.compile(f"(?:{pattern})(?!)", flags)


class Pattern:
    """A regular expression in the syntax of ``regex``, as text or compiled (by ``re`` or ``regex``).

    A match for which ``holds`` is false is none, and the search goes on within it; one for which ``replace`` gives None
    stays as it is. ValueError for what is no expression or matches nothing at all, which would be everywhere.
    """

    longest = 0

    def __init__(self, pattern: Any, replace: Replace, holds: Callable[[str], bool] | None = None) -> None:
        source, flags = (pattern, 0) if isinstance(pattern, str) else _parts(pattern)
        try:
            self._search, self._probe = _compiled(source, flags)
        except Exception as exc:  # regex.error is no ValueError
            raise ValueError(f"not a regular expression: {source!r}: {exc}") from exc
        if self._search.match("") is not None:
            raise ValueError(f"{source!r} matches the empty text")
        self._replace, self._holds = replace, holds

    def find(self, text: str, pos: int, final: bool) -> Found | Held | None:
        if not final and len(text) - pos > SHORT and self._may_go_on(text, pos):
            return Held(pos)
        held: int | None = None  # where something could begin that is not decided, looked for once
        looked = final
        while pos <= len(text):
            match = self._search.search(text, pos, partial=not final)
            if not looked or (held is not None and held < pos):
                held, looked = self._undecided(text, pos, match), True
            if match is None or match.partial:
                break
            start, end = match.span()
            if held is not None and held <= start:
                break
            if start == end:
                pos = end + 1
            elif not final and _touches_end(end, text):
                return Held(start)
            elif self._holds is not None and not self._holds(match.group()):
                pos = start + 1
            else:
                put = self._replace(match)
                if put is not None:
                    return Found(start, end, put)
                pos = end
        return None if held is None else Held(held)

    def _may_go_on(self, text: str, pos: int) -> bool:
        """Whether it is undecided at ``pos`` already: a search would try every later place first, as it wants a whole
        match, and so cost the square of a long hold."""
        partial = self._probe.match(text, pos, partial=True)
        return partial is not None

    def _undecided(self, text: str, pos: int, match: Any) -> int | None:
        if match is None:
            return None
        partial = match if match.partial else self._probe.search(text, pos, partial=True)
        return None if partial is None or partial.start() == len(text) else int(partial.start())


def _touches_end(end: int, text: str) -> bool:
    """Whether more text may change what ends there; ``$`` also holds before a line end that is the last character."""
    return end == len(text) or (end == len(text) - 1 and text[end] == "\n")


def _parts(pattern: Any) -> tuple[str, int]:
    """Source and flags of a compiled pattern; the flags that ``re`` and ``regex`` share have the same values."""
    source, flags = getattr(pattern, "pattern", None), getattr(pattern, "flags", 0)
    if not isinstance(source, str):
        raise TypeError(f"a pattern is a str or a compiled pattern of str, not {pattern!r}")
    return source, int(flags) & int(re.IGNORECASE | re.MULTILINE | re.DOTALL | re.VERBOSE | re.ASCII)
