"""A growing text cut into segments: sentences, words, lines or paragraphs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypedDict

from ...checks import check_flags, check_number, check_one_of, check_text, check_whole, quote
from ...event_class import with_brief_repr
from ...protocols import StageBase
from .ahead import Ahead
from .boundary import Judge, SentencexJudge, best_judge
from .cutter import Cut, Cutter, Kind
from .ends import Ends
from .fences import tag_and_body
from .markdown import MarkdownStripper
from .sentences import SentenceCutter
from .units import LineCutter, ParagraphCutter, WordCutter

__all__ = ["Segment", "Segmenting", "Segments"]

_SAYABLE = re.compile(r"[^\W_](?![\ufe0f\u20e3])")  # those marks turn letters and digits into emoji

Unit = Literal["sentence", "word", "line", "paragraph"]


@with_brief_repr
@dataclass(slots=True, repr=False)
class Segment:
    """A piece of the text, from ``start`` to ``end`` in code points; between two pieces is only white space.

    A segment is ``forced`` if a limit cut it, not its own end. One of kind ``code`` has the language tag in ``lang`` as
    it was written ("" without one) and the body between the fences in ``code``; it is ``forced`` if no fence closed it.
    """

    text: str
    start: int
    end: int
    kind: Kind
    index: int = 0
    forced: bool = False
    lang: str = ""
    code: str = ""


class Segments(StageBase):
    """Text → `Segment`, each as soon as its end is certain; the same segments however the text is split into items.

    ``unit``: ``sentence`` (headings, table rows, rules and code blocks whole), ``word`` (Han and kana one by one),
    ``line`` (if not blank), ``paragraph`` (between blank lines; code blocks whole).
    ``lang``: an ISO 639 code, or ``auto``: English, or a common language of another script.
    ``lookahead``: ``word`` waits for the word after a full stop, ``char`` only for its first letter, which is earlier
    and a little less accurate.
    ``first_fast``: the first segment may end at a clause, for a voice to begin.
    ``max_chars``, ``max_wait`` (seconds without input): a segment is cut there, at the last good place, and ``forced``.
    Without a good place, ``max_chars`` cuts between any two characters, ``max_wait`` does not cut.
    ``hold``: how far an open bracket or quote may hold back the ends of sentences within it, in characters; with
    ``plain`` also how many characters a segment waits for the end of a mark that is open in it.
    ``code``: ``block``, ``lines`` (one segment each) or ``drop``.
    ``markdown``: ``plain`` gives the text that a renderer shows (CommonMark 0.31, GFM), maths as it stands; ``start``
    and ``end`` are still positions in the original text.
    ``spoken``: pieces without a letter or digit to say (rules, ``$$``, emoji alone) are left out, after ``markdown``.
    ``strip``: False keeps the white space before a segment, so that the joined segments are the text, except for the
    white space at its end.
    ``judge``: decides on full stops; by default sentencex (extra ``text``) where installed, else built-in rules.

    Code is never cut, so an unclosed block is held until the end. Cost: linear, with ``plain`` up to ``hold`` times as
    much where marks stay open. Memory: the segment being built, with ``plain`` also its paragraph while a comment in it
    is open.
    """

    def __init__(
        self,
        lang: str = "auto",
        unit: Unit = "sentence",
        *,
        lookahead: Literal["word", "char"] = "word",
        first_fast: bool = False,
        max_chars: int | None = 2000,
        max_wait: float | None = None,
        hold: int = 200,
        code: Literal["block", "lines", "drop"] = "block",
        markdown: Literal["keep", "plain"] = "keep",
        spoken: bool = False,
        strip: bool = True,
        judge: Judge | None = None,
    ) -> None:
        check_one_of("unit", unit, ("sentence", "word", "line", "paragraph"))
        check_one_of("lookahead", lookahead, ("word", "char"))
        check_one_of("code", code, ("block", "lines", "drop"))
        check_one_of("markdown", markdown, ("keep", "plain"))
        max_chars = check_whole("max_chars", max_chars, infinite=True, optional=True)
        hold = check_whole("hold", hold, low=0, infinite=True)
        max_wait = check_number("max_wait", max_wait, optional=True)
        check_flags(first_fast=first_fast, spoken=spoken, strip=strip)
        self._code, self._strip, self._wait = code, strip, max_wait
        self._stripper: MarkdownStripper[Segment] | None = MarkdownStripper(hold) if markdown == "plain" else None
        self._gap = _Gap() if self._stripper is not None or not strip else None
        self._spoken = spoken
        ends = Ends(*_judge(judge, lang), lookahead == "word") if unit == "sentence" else None
        self._cutter = _cutter(unit, ends, first_fast, max_chars, hold, code_lines=code == "lines")
        self._text, self._waits = "", False
        self._base = self._index = 0

    def feed(self, item: str) -> list[Segment]:
        """Add text; the segments that are certain now."""
        self._waits = True
        text, self._text = self._text, ""
        text += item  # with one reference to it the text grows in place: a long code block stays linear
        self._text = text
        return [] if self._cutter.passes(item, len(text)) else self._cut_text(ended=False)

    def flush(self) -> list[Segment]:
        """The rest of the text as segments."""
        return [*self._cut_text(ended=True), *self._end_block()]

    @property
    def due(self) -> float | None:
        held = self._stripper is not None and self._stripper.waits
        return self._wait if self._waits and (held or self._cutter.may_force) else None

    def expire(self) -> list[Segment]:
        """The text that has waited too long, up to its last good place."""
        cut = self._cutter.force(self._text)
        self._waits = False
        segments = [] if cut is None else [*self._segments(cut), *self._cut_text(ended=False)]
        return segments if self._stripper is None else [*segments, *self._number(self._stripper.release())]

    def _cut_text(self, *, ended: bool) -> list[Segment]:
        segments: list[Segment] = []
        cutter, ahead = self._cutter, Ahead(self._text, ended)
        while (cut := cutter.next(ahead)) is not None:
            segments += self._segments(cut)
        if cutter.start:
            if self._gap is not None and self._gap.add(self._text, cutter.start):
                segments += self._end_block()
            self._text = self._text[cutter.start :]
            self._base += cutter.start
            cutter.shift(cutter.start)
        return segments

    def _segments(self, cut: Cut) -> list[Segment]:
        text, is_code = self._text[cut.start : cut.end], cut.kind == "code"
        if not text.strip():
            return []
        gap = self._gap.take(self._text, cut) if self._gap is not None else ""
        lang, code = tag_and_body(text, cut.indent) if is_code and self._code == "block" else ("", "")
        before = "" if self._strip else gap
        start, end = self._base + cut.start - len(before), self._base + cut.end
        segment = Segment(before, start, end, cut.kind, 0, cut.forced, lang, code)
        if self._stripper is None:
            return self._number([(segment, text)])
        after = self._text[cut.end : cut.end + 1]
        return self._number(self._stripper.add(segment, text, cut.kind, gap, after))

    def _end_block(self) -> list[Segment]:
        """End the block: the segments that waited for the end of a mark in it."""
        return [] if self._stripper is None else self._number(self._stripper.end())

    def _number(self, ready: list[tuple[Segment, str]]) -> list[Segment]:
        """Number the segments that have text to emit and are wanted; leave out the others."""
        segments = []
        for segment, text in ready:
            has_text = _SAYABLE.search(text) is not None if self._spoken else text.strip() != ""
            if has_text and not (segment.kind == "code" and self._code == "drop"):
                segment.text, segment.index = segment.text + text, self._index
                self._index += 1
                segments.append(segment)
        return segments


class _Gap:
    """The white space before the next segment, which may arrive in parts."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._start = self._breaks = 0

    def add(self, text: str, end: int) -> bool:
        """Add the part up to ``end``, up to where ``text`` is dropped then; True after what may become a blank line."""
        part = text[self._start : end]
        self._parts.append(part)
        self._start, self._breaks = 0, self._breaks + part.count("\n")
        return self._breaks > 1

    def take(self, text: str, cut: Cut) -> str:
        """All of it, up to the segment that was ``cut``; the next gap begins after that."""
        gap = "".join(self._parts) + text[self._start : cut.start]
        self._parts.clear()
        self._start, self._breaks = cut.end, 0
        return gap


class Segmenting(TypedDict, total=False):
    """The options of `Segments` without ``unit``."""

    lang: str
    lookahead: Literal["word", "char"]
    first_fast: bool
    max_chars: int | None
    max_wait: float | None
    hold: int
    code: Literal["block", "lines", "drop"]
    markdown: Literal["keep", "plain"]
    spoken: bool
    strip: bool
    judge: Judge | None


def _cutter(
    unit: Unit, ends: Ends | None, first_fast: bool, max_chars: int | None, hold: int, *, code_lines: bool
) -> Cutter:
    if ends is not None:
        return SentenceCutter(ends, first_fast=first_fast, max_chars=max_chars, hold=hold, code_lines=code_lines)
    if unit == "paragraph":
        return ParagraphCutter(max_chars, code_lines=code_lines)
    return WordCutter(max_chars) if unit == "word" else LineCutter(max_chars)


def _judge(judge: Judge | None, lang: str) -> tuple[Judge, str]:
    check_text("lang", lang)
    if judge is not None and not callable(getattr(judge, "is_boundary", None)):
        raise TypeError(f"judge has a method is_boundary(window, place, lang), {quote(judge)} has none")
    code = "en" if lang == "auto" else re.split("[-_]", str(lang).lower())[0]
    if not re.fullmatch("[a-z]{2,3}", code):
        raise ValueError(f"lang is an ISO 639 code like 'de', or 'auto', not {lang!r}")
    judge = judge or best_judge()
    if isinstance(judge, SentencexJudge):
        judge.load(code)
    return judge, code
