"""Growing text to segments: sentences, words, lines, paragraphs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

from .ahead import Ahead, Cut
from .boundary import Judge, best_judge
from .ends import Ends
from .fences import parts
from .plain import plain
from .sentences import Sentences

__all__ = ["Segment", "Segments"]

Unit = Literal["sentence", "word", "line", "paragraph"]
Kind = Literal["sentence", "heading", "list_item", "table_row", "code", "rule", "word", "line", "paragraph"]


@dataclass(slots=True)
class Segment:
    """A piece of the text, ``text[start:end]`` in code points; between two segments is only white space.

    ``forced`` ones were cut by a limit, not by their end. ``code`` has its language tag in ``lang`` and its ``body``.
    """

    text: str
    start: int
    end: int
    kind: Kind
    index: int
    forced: bool = False
    lang: str = ""
    body: str = ""


class Segments:
    """Text → `Segment`, each as soon as its end is certain; the same ones however the text is cut.
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
        judge: Judge | None = None,
    ) -> None:
        self._code, self._plain, self._wait = code, markdown == "plain", max_wait
        given = "en" if lang == "auto" else lang.lower().replace("_", "-").partition("-")[0]
        ends = Ends(judge or best_judge(), given, lookahead == "word")
        self._cutter = Sentences(
            ends, first_fast=first_fast, max_chars=max_chars, hold=hold, code_lines=code == "lines"
        )
        self._text = ""
        self._base = self._index = 0

    def feed(self, item: str) -> list[Segment]:
        text, self._text = self._text, ""
        text += item  # in place, for nobody else holds it: a long code block stays linear
        self._text = text
        return self._segments(ended=False)

    def flush(self) -> list[Segment]:
        return self._segments(ended=True)

    @property
    def due(self) -> float | None:
        return self._wait if self._text and self._cutter.may_force else None

    def expire(self) -> list[Segment]:
        cut = self._cutter.force(Ahead(self._text, ended=False))
        found = [] if cut is None else self._made(cut)
        return found + self._segments(ended=False)

    def _segments(self, *, ended: bool) -> list[Segment]:
        found: list[Segment] = []
        cutter, ahead = self._cutter, Ahead(self._text, ended)
        while (cut := cutter.next(ahead)) is not None:
            found += self._made(cut)
        if cutter.start:
            self._text = self._text[cutter.start :]
            self._base += cutter.start
            cutter.shift(cutter.start)
        return found

    def _made(self, cut: Cut) -> list[Segment]:
        text = self._text[cut.start : cut.end]
        code = cut.kind == "code"
        if not text.strip() or (code and self._code == "drop"):
            return []
        segment = Segment(text, self._base + cut.start, self._base + cut.end, cut.kind, self._index, cut.forced)
        if code and self._code == "block":
            segment.lang, segment.body = parts(text, cut.indent)
        self._index += 1
        return [segment]
