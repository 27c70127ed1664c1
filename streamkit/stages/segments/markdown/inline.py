"""The marks within one block of text: the edits that remove them, and the position from which more text may matter.

Plan. A search jumps from one character that may be a mark to the next. Code, maths, tags, addresses, entities and
escapes are decided at once. Brackets are decided when they are closed, runs of ``*``, ``_`` and ``~`` at the end of the
text, or of the link label that contains them: then they are paired (CommonMark 0.31, "phase 2" of its appendix). Each
character is read a bounded number of times.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from .code import BacktickRuns
from .edits import Edit
from .emphasis import DelimiterRun, EmphasisRuns, pair
from .links import MASKED, Bracket, LabelBrackets, target_end
from .maths import CLOSING_OF, ENVIRONMENT, between_dollars, dollars_so_far, is_words
from .notes import end_of_notes, in_call, note_at
from .tags import AUTOLINK, CLOSING, ENTITY, INVISIBLE, SILENT, TAG, character, is_break, is_tag, may_be_tag

__all__ = ["INTERESTING", "InlineMarks"]

INTERESTING = re.compile(r"[\\`*_~\[\]!<&$\r\n]")
_RUNS = {char: re.compile(re.escape(char) + "+") for char in "`*_~$"}
_ESCAPED = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
_NEWLINE, _BREAK = re.compile(r"\r\n?|\n"), re.compile(r"(?:\r\n?|\n)[ \t]*")


class InlineMarks:
    """The marks of ``text``, which stands between the characters ``before`` and ``after``.

    ``edits`` are in order. ``openings`` are the positions of constructs that more text may close, ``open_runs`` the
    runs of marks among them, and ``pairs`` the positions of openings with those of their partners. ``opened`` are runs
    from earlier text, outermost first; they get negative positions. ``open_comment`` is the position of the first
    comment (or script) that is not closed yet, and its end mark. ``ticks`` are the lengths of runs of backticks in
    earlier text that were taken for text, and ``backticks`` are the runs of this one.
    """

    def __init__(
        self,
        text: str,
        before: str = " ",
        after: str = " ",
        opened: Sequence[DelimiterRun] = (),
        ticks: Iterable[int] = (),
    ) -> None:
        self._text, self._around = text, (before or " ", after or " ")
        self.edits: list[Edit] = []
        self.openings: list[int] = []
        self.pairs: list[tuple[int, int]] = []
        self.open_comment: tuple[int, str] | None = None
        self.backticks = BacktickRuns(text, ticks)
        self._runs = EmphasisRuns(opened)
        self._brackets = LabelBrackets()
        self._next: dict[str, int] = {}  # the next position of a closing mark
        self._note_end = -1  # of the last footnote
        at = 0
        while match := INTERESTING.search(text, at):
            at = self._decide(match.start(), match[0])
        self.open_runs = [run for run in self._pair(0) if run.at >= 0]
        self.openings += [run.at for run in self.open_runs if not in_call(text, run.at)]
        self.openings += [bracket.at for bracket in self._brackets.active] + [at for at, _ in self.backticks.open]
        self.edits.sort()

    def undecided_from(self, since: int) -> int | None:
        """The position from which more text may change the result; openings before ``since`` are too old to count.

        Comments never get too old: the decision whether they are shown must not depend on their length.
        """
        comment = self.open_comment[0] if self.open_comment else None
        position = min((opening for opening in self.openings if opening >= since or opening == comment), default=None)
        if position is not None:
            for first, last in sorted(self.pairs, reverse=True):
                if first < position <= last:
                    position = max(first, 0)
        return position

    def _decide(self, at: int, char: str) -> int:
        """Decide on the character at ``at``; the position where the search goes on."""
        match char:
            case "\\":
                return self._escape(at)
            case "`":
                return self._code(at)
            case "*" | "_" | "~":
                return self._run(at)
            case "[" | "!":
                return self._open(at, char)
            case "]":
                return self._close(at)
            case "<":
                return self._angle(at)
            case "&":
                return self._entity(at)
            case "$":
                return self._dollar(at)
        return self._newline(at)

    def _char(self, at: int) -> str:
        before, after = self._around
        return self._text[at] if 0 <= at < len(self._text) else before if at < 0 else after

    def _find(self, closing: str, at: int) -> int:
        """The position of ``closing`` from ``at`` on, -1 if there is none; the result is kept for the next call."""
        position = self._next.get(closing)
        if position is None or 0 <= position < at:
            position = self._next[closing] = self._text.find(closing, at)
        return position

    def _hide(self, start: int, end: int, new: str = "", *, silent: bool = False) -> int:
        self.edits.append(Edit(start, end, new, silent))
        return end

    def _escape(self, at: int) -> int:
        text, char = self._text, self._char(at + 1)
        if end := self._maths(at):
            return end
        if char in _ESCAPED and at + 1 < len(text):
            return self._hide(at, at + 1) + 1
        return self._hide(at, at + 1) if char in "\r\n" else at + 1

    def _maths(self, at: int) -> int | None:
        """The end of the maths that begins with the backslash at ``at``, None if that does not begin maths."""
        text = self._text
        closing, inner = CLOSING_OF.get(text[at : at + 2]), at + 2
        if closing is None and (match := ENVIRONMENT.match(text, at)):
            closing, inner = f"\\end{{{match[1]}}}", match.end()
        if closing is None:
            return None
        end, tick = self._find(closing, inner), self._find("`", inner)
        if end < 0:
            self.openings.append(at)
        elif not 0 <= tick < end and not is_words(text, inner, end):
            return end + len(closing)
        return None

    def _code(self, at: int) -> int:
        text = self._text
        start = self._end_of_run(at)
        end = self.backticks.closing(at, start - at)
        if end is None:
            return start
        apart = text[start] in " \n" and text[end - 1] in " \n" and not text[start:end].isspace()
        self._hide(at, start + apart)
        for newline in _NEWLINE.finditer(text, start + apart, end - apart):
            self._hide(*newline.span(), " ")
        return self._hide(end - apart, end + start - at)

    def _end_of_run(self, at: int) -> int:
        match = _RUNS[self._text[at]].match(self._text, at)
        return match.end() if match else at + 1

    def _run(self, at: int) -> int:
        end = self._end_of_run(at)
        self._runs.add(self._char(at - 1), self._text, at, end, self._char(end))
        return end

    def _pair(self, since: int) -> list[DelimiterRun]:
        """Pair the runs from number ``since`` on; the runs without a partner that may still open emphasis."""
        edits, pairs, openers = pair(self._runs.take(since))
        self.edits += [edit for edit in edits if edit.start >= 0]
        self.pairs += pairs
        return openers

    def _open(self, at: int, char: str) -> int:
        image = char == "!"
        if image and (self._char(at + 1) != "[" or note_at(self._text, at + 1, self._note_end)):
            return at + 1
        if not image and (match := note_at(self._text, at, self._note_end)):
            apart = self._char(at - 1) == " " and self._char(end_of_notes(self._text, at)) in ",.;:!?"
            self._note_end = self._hide(max(at - apart, 0), match.end(), silent=True)
            return self._note_end
        self._brackets.open(Bracket(at, image, len(self._runs)))
        return at + 1 + image

    def _close(self, at: int) -> int:
        bracket = self._brackets.pop()
        if bracket is None:
            return at + 1
        if self._text.startswith(MASKED, bracket.at + 1) and at == bracket.at + 1 + len(MASKED):
            return at + 1
        end = target_end(self._text, at + 1, self._char(bracket.at - 1))
        if end is None:
            if self._text.startswith("(", at + 1) and self._find(")", at) < 0:
                self.openings.append(bracket.at)
            return at + 1
        self._hide(bracket.at, bracket.at + 1 + bracket.image)
        self._pair(bracket.runs)
        self.pairs.append((bracket.at, at))
        self._brackets.deactivate_outer(bracket)
        return self._hide(at, end, silent=True)

    def _angle(self, at: int) -> int:
        text = self._text
        if match := AUTOLINK.match(text, at):
            self._hide(at, at + 1)
            return self._hide(match.end() - 1, match.end())
        if (tag := TAG.match(text, at)) and is_tag(tag):
            silent = tag[2] is not None and tag[2].lower() in SILENT
            end = self._hide_through(at, tag.end(), f"</{tag[2]}>") if silent else None
            return end or self._hide(at, tag.end(), " " if is_break(tag[1] or tag[2]) else "", silent=True)
        if match := INVISIBLE.match(text, at):
            inner = at + 2 if match[0] == "<!--" else match.end()  # `<!-->` and `<!--->` are comments too
            return self._hide_through(at, inner, CLOSING[match[0]]) or at + 1
        if may_be_tag(text, at):
            self.openings.append(at)
        return at + 1

    def _hide_through(self, at: int, inner: int, closing: str) -> int | None:
        """Hide the text up to ``closing`` and return its end; None if ``closing`` is not there."""
        end = self._find(closing, inner)
        if end >= 0:
            return self._hide(at, end + len(closing), silent=True)
        self.openings.append(at)
        self.open_comment = self.open_comment or (at, closing)
        return None

    def _entity(self, at: int) -> int:
        match = ENTITY.match(self._text, at)
        char = character(match[0]) if match else None
        return self._hide(at, match.end(), char) if match and char is not None else at + 1

    def _dollar(self, at: int) -> int:
        before = self._char(at - 1)
        end = between_dollars(self._text, at, before)
        if end is not None and not self._runs.separated(self._text, at, end):
            return end  # else the dollars are prices
        if end is None and dollars_so_far(self._text, at, before):
            self.openings.append(at)
        return self._end_of_run(at)

    def _newline(self, at: int) -> int:
        """Replace a line break and the blanks around it by a single newline."""
        text = self._text
        first = at
        while first > 0 and text[first - 1] in " \t" and (not self.edits or self.edits[-1].end < first):
            first -= 1
        match = _BREAK.match(text, at)
        assert match is not None
        return self._hide(first, match.end(), "\n")
