"""Patterns in a growing text: a match is reported only when no further character can change it.

The ``regex`` package (it comes with tiktoken) matches partially: it reports whether it ran out of text. But it looks
for a match in the current text first, even if a longer text would have another one. So a second expression is made of
each, the probe: ``(?>pattern)(*SKIP)(?!)`` goes the same way through the text as a search for every match, at the same
cost, but fails after each and goes on behind it. It finds the first position at which ``pattern`` asks for a character
after the last one: before that position everything is decided, from it on nothing is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, Protocol, TypeAlias

from ...errors import StreamkitError
from ...wording import excerpt
from .syntax import watchful

__all__ = ["Find", "Held", "Pattern", "RuleMatch"]

SECONDS = 1.0
"""Processor time that one search of the text may take: the model chooses the text, and some patterns take years for
some texts."""
TINY = 16  # characters that any search passes in no time, unless it looks back
SHORT = 64  # characters that most searches pass in no time
FEWEST = 1024
UNKNOWN = -1
NamedLists: TypeAlias = "tuple[tuple[str, frozenset[str]], ...]"
Replace: TypeAlias = "Callable[[str], str | None]"
"""The text of a match to the text that replaces it; None: it stays."""


class Held:
    """The position ``start``, from which on nothing is decided yet."""

    __slots__ = ("start",)

    def __init__(self, start: int) -> None:
        self.start = start


class RuleMatch(Held):
    """A match of a rule at ``start:end``, whatever follows. For the rule everything before ``decided`` is decided, if
    it can say so. ``text`` replaces the match, once that is known."""

    __slots__ = ("decided", "end", "text")

    def __init__(self, start: int, end: int, decided: int = UNKNOWN) -> None:
        super().__init__(start)
        self.end, self.decided, self.text = end, decided, ""


class Find(Protocol):
    """Finds the first match at or after ``pos``; with ``final`` nothing follows ``text``.

    ``last`` is its last result in the same ``text``.
    """

    longest: int
    """The most characters that a match may have, as far as that is known, else 0."""
    replace: Replace

    def find(self, text: str, pos: int, final: bool, last: Held | None = None) -> RuleMatch | Held | None: ...


class Pattern:
    """A regular expression in the syntax of ``regex``, as text or compiled (by ``re`` or ``regex``).

    A match without length does not count. ValueError for an invalid expression, for one that matches the empty text,
    which would be everywhere, or that looks further around than a growing text allows. StreamkitError for a search that
    takes too long.
    """

    longest = 0

    def __init__(self, pattern: Any, replace: Replace) -> None:
        self._source, flags, lists = (pattern, 0, ()) if isinstance(pattern, str) else _parts(pattern)
        self._search, self._glance, self._probe, self._tiny = _compiled(self._source, flags, lists)
        self.replace = replace

    def find(self, text: str, pos: int, final: bool, last: Held | None = None) -> RuleMatch | Held | None:
        try:
            return self._find(text, pos, final, last)
        except (TimeoutError, MemoryError):
            size = len(text) - pos
        pattern = excerpt(repr(self._source))
        raise StreamkitError(f"the pattern {pattern} takes too long: it searched {size} characters for {SECONDS} s")

    def _find(self, text: str, pos: int, final: bool, last: Held | None) -> RuleMatch | Held | None:
        size = len(text) - pos
        limits = {"timeout": SECONDS} if size > self._tiny else {}
        decided = last.decided if isinstance(last, RuleMatch) and last.end == pos else UNKNOWN
        if final:
            decided = len(text)
        elif decided < pos:
            if size <= SHORT:
                match = self._glance.search(text, pos, partial=True, **limits)
                if match is None or match.partial:  # no match, so one may begin there
                    return None if match is None or match.start() == len(text) else Held(match.start())
            match = self._probe.longer_than(size).search(text, pos, partial=True, **limits)
            decided = len(text) if match is None else match.start()
        for match in self._search.finditer(text, pos, **limits) if pos < decided else ():
            if match.start() >= decided:
                break
            if match.end() > match.start():
                return RuleMatch(match.start(), match.end(), decided)
        return Held(decided) if decided < len(text) else None


class _Probe:
    """The expression that finds the position from which a text is undecided.

    Before `regex` looks for a partial match at the end of the text, it looks for a whole match, unless the text is too
    short for one. So after ``pattern`` the probe asks for more characters than the text has.
    """

    def __init__(self, compiling: Callable[[str], Any], source: str) -> None:
        self._compiling, self._source = compiling, source
        self._compiled: dict[int, Any] = {}

    def longer_than(self, size: int) -> Any:
        """The probe for a text of ``size`` characters: one for 1,000, compiled in 0.4 ms, and larger ones if needed."""
        least = FEWEST
        while least <= size:
            least *= 16
        if least not in self._compiled:
            self._compiled[least] = self._compiling(f"{self._source}(?s:.{{{least}}})")
        return self._compiled[least]


@lru_cache(maxsize=1)
def _engine() -> Any:
    """The ``regex`` package; RuntimeError if this version of it does not report where it ran out of text."""
    import regex  # type: ignore[import-untyped]  # 30 ms, and only here

    probe = _Probe(regex.compile, r"(?>1.{0,3}|2(?!3))(*SKIP)(?!)").longer_than(0)
    starts = [match and match.start() for text in ("012", "12", "02") if (match := probe.search(text, partial=True))]
    if starts != [1, 0, 1]:
        raise RuntimeError(f"version {regex.__version__} of the package regex cannot search in a text that grows")
    return regex


@lru_cache(maxsize=256)
def _compiled(pattern: str, flags: int, lists: NamedLists) -> tuple[Any, Any, _Probe, int]:
    regex = _engine()
    try:
        search = regex.compile(pattern, flags, **dict(lists))
        is_everywhere = search.match("") is not None
    except (Exception, MemoryError) as exc:  # regex.error is not a ValueError
        raise ValueError(f"not a regular expression: {pattern!r}: {excerpt(str(exc))}") from exc
    for name in ("REVERSE", "BESTMATCH", "ENHANCEMATCH", "POSIX", "WORD"):
        if search.flags & getattr(regex, name):
            raise ValueError(f"{pattern!r}: the flag {name} is not supported, as text is searched while it grows")
    if is_everywhere:
        raise ValueError(f"{pattern!r} matches the empty text")
    # In version 0 flags within an expression hold for the whole, in version 1 from their place on.
    effective_flags = flags | search.flags & regex.VERSION1 if search.flags & regex.VERSION1 else search.flags
    flags |= search.flags & (regex.ASCII | regex.UNICODE)  # an expression can set these only as a whole
    compiling = partial(regex.compile, flags=flags, cache_pattern=False, **dict(lists))
    try:
        source, may_be_empty, run, looks_back = watchful(pattern, effective_flags)
        glance = compiling(source)
    except (ValueError, regex.error) as exc:
        raise ValueError(f"{pattern!r}: {excerpt(str(exc))}") from exc
    probe = f"(?>{source}|{run}++)(*SKIP)(?!)" if run else f"(?>{source})(*SKIP)(?!)"
    if may_be_empty:  # it may prefer that and still match more at the same position: the probe tries every way through
        probe = f"(?:{source})(?!)"
    return search, glance, _Probe(compiling, probe), 0 if looks_back else TINY


def _parts(pattern: Any) -> tuple[str, int, NamedLists]:
    """Source, flags as ``regex`` counts them, and lists of words of a compiled pattern."""
    source, flags = getattr(pattern, "pattern", None), int(getattr(pattern, "flags", 0))
    if not isinstance(source, str):
        raise TypeError(f"a pattern is a str or a compiled pattern of str, not {pattern!r}")
    if isinstance(pattern, re.Pattern):  # its flags have the same letters
        regex = _engine()
        flags = sum(int(getattr(regex, letter)) for letter in "IMSXA" if flags & getattr(re, letter))
    return source, flags, tuple(getattr(pattern, "named_lists", {}).items())
