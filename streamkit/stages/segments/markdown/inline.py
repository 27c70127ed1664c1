"""The marks within one block of text: which characters of it are not shown, and where more text may still matter.

Plan. A search jumps from one character that may be a mark to the next. Code, maths, tags, addresses, entities and
escapes are decided at once. Brackets wait for the one that closes them, runs of ``*``, ``_`` and ``~`` for the end of
the text, or of the label of a link that they stand in: then they are paired (CommonMark 0.31, "phase 2" of its
appendix). Each character is looked at a bounded number of times.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from .code import BacktickRuns
from .edits import Edit
from .emphasis import DelimiterRun, is_operator, pair
from .links import MASKED, Bracket, LabelBrackets, target
from .maths import CLOSING_OF, ENVIRONMENT, between_dollars, dollars_so_far, is_words
from .notes import end_of_notes, in_call, note
from .tags import AUTOLINK, CLOSING, ENTITY, INVISIBLE, SILENT, TAG, character, is_break, is_tag, may_be_tag

__all__ = ["INTERESTING", "Inline"]

INTERESTING = re.compile(r"[\\`*_~\[\]!<&$\r\n]")
_RUNS = {char: re.compile(re.escape(char) + "+") for char in "`*_~$"}
_ESCAPED = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
_NEWLINE, _BREAK = re.compile(r"\r\n?|\n"), re.compile(r"(?:\r\n?|\n)[ \t]*")
_EMPHASIS = re.compile(r"\*+|_+|~~+")


class Inline:
    """Reads ``text``, which stands between the characters ``before`` and ``after``.

    ``edits`` are in order. ``openings`` are the places where something opens that more text may close, ``left`` the
    runs of marks among them, and ``pairs`` the places of what is one with another place behind it. ``opened`` are runs
    from before the text, outermost first; their places come out negative. ``hiding`` is where the first comment (or
    script) opens that is not closed yet, and what would close it.

    ``ticks`` are the lengths of runs of backticks from before that were taken for text: what closes them is text, too.
    ``open_ticks`` are those of the text with their places, ``closed_ticks`` those that close one from before.
    """

    def __init__(
        self,
        text: str,
        before: str = " ",
        after: str = " ",
        opened: Sequence[DelimiterRun] = (),
        ticks: Iterable[int] = (),
    ) -> None:
        self._text, self._before, self._after = text, before or " ", after or " "
        self.edits: list[Edit] = []
        self.openings: list[int] = []
        self.pairs: list[tuple[int, int]] = []
        self.hiding: tuple[int, str] | None = None
        self.open_ticks: list[tuple[int, int]] = []
        self.closed_ticks: list[tuple[int, int]] = []
        self._forgotten = set(ticks)
        self._runs = [replace(run, at=at, start=-len(run), end=0) for at, run in enumerate(opened, start=-len(opened))]
        self._brackets = LabelBrackets()
        self._spans: BacktickRuns | None = None
        self._next: dict[str, int] = {}  # where a closing mark stands next
        self._note = -1  # where the last footnote ends
        self._operator = -1  # where the last mark that is an operator ends
        self._opening: set[str] = set()  # the runs that may open something
        at = 0
        while found := INTERESTING.search(text, at):
            at = self._decide(found.start(), found[0])
        self.left = [run for run in self._pair(0) if run.at >= 0]
        self.openings += [run.at for run in self.left if not in_call(text, run.at)]
        self.openings += [bracket.at for bracket in self._brackets.alive]
        self.edits.sort()

    def unsettled(self, since: int) -> int | None:
        """From where more text may change what is shown, if openings before ``since`` are too old to count.

        What hides text does not grow old: whether that is shown must not depend on how long it is.
        """
        hiding = self.hiding[0] if self.hiding else None
        place = min((opening for opening in self.openings if opening >= since or opening == hiding), default=None)
        if place is not None:
            for first, last in sorted(self.pairs, reverse=True):
                if first < place <= last:
                    place = max(first, 0)
        return place

    def _decide(self, at: int, char: str) -> int:
        """Take what stands at ``at``; where to go on."""
        match char:
            case "\\":
                return self._escape(at)
            case "`":
                return self._code(at)
            case "*" | "_" | "~":
                return self._run(at, char)
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
        return self._text[at] if 0 <= at < len(self._text) else self._before if at < 0 else self._after

    def _find(self, closing: str, at: int) -> int:
        """Where ``closing`` stands at or behind ``at``, -1 if nowhere; what was found once is not searched again."""
        place = self._next.get(closing)
        if place is None or 0 <= place < at:
            place = self._next[closing] = self._text.find(closing, at)
        return place

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
        """Where the maths ends that begins with the backslash at ``at``, None if it begins none."""
        text = self._text
        closing, inner = CLOSING_OF.get(text[at : at + 2]), at + 2
        if closing is None and (found := ENVIRONMENT.match(text, at)):
            closing, inner = f"\\end{{{found[1]}}}", found.end()
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
        self._spans = self._spans or BacktickRuns(text)
        start = self._end_of_run(at)
        size = start - at
        if size in self._forgotten:
            self._forgotten.remove(size)
            self.closed_ticks.append((at, size))
            return start
        end = self._spans.next(size, start)
        if end is None:
            self.openings.append(at)
            self.open_ticks.append((at, size))
            return start
        apart = text[start] in " \n" and text[end - 1] in " \n" and not text[start:end].isspace()
        self._hide(at, start + apart)
        for newline in _NEWLINE.finditer(text, start + apart, end - apart):
            self._hide(*newline.span(), " ")
        return self._hide(end - apart, end + start - at)

    def _end_of_run(self, at: int) -> int:
        found = _RUNS[self._text[at]].match(self._text, at)
        return found.end() if found else at + 1

    def _run(self, at: int, char: str) -> int:
        end = self._end_of_run(at)
        if is_operator(self._text, at, end, self._operator):
            self._operator = end
        elif char != "~" or end - at > 1:
            run = DelimiterRun.between(self._char(at - 1), self._text, at, end, self._char(end))
            self._runs.append(run)
            if run.opens:
                self._opening.add(self._text[at:end])
        return end

    def _pair(self, since: int) -> list[DelimiterRun]:
        """Pair the runs from that one on; those that are left and may open something."""
        edits, pairs, openers = pair(self._runs[since:])
        del self._runs[since:]
        self.edits += [edit for edit in edits if edit.start >= 0]
        self.pairs += pairs
        return openers

    def _open(self, at: int, char: str) -> int:
        image = char == "!"
        if image and (self._char(at + 1) != "[" or note(self._text, at + 1, self._note)):
            return at + 1
        if not image and (found := note(self._text, at, self._note)):
            apart = self._char(at - 1) == " " and self._char(end_of_notes(self._text, at)) in ",.;:!?"
            self._note = self._hide(max(at - apart, 0), found.end(), silent=True)
            return self._note
        self._brackets.open(Bracket(at, image, len(self._runs)))
        return at + 1 + image

    def _close(self, at: int) -> int:
        bracket = self._brackets.pop()
        if bracket is None:
            return at + 1
        if self._text.startswith(MASKED, bracket.at + 1) and at == bracket.at + 1 + len(MASKED):
            return at + 1
        end = target(self._text, at + 1, self._char(bracket.at - 1))
        if end is None:
            if self._text.startswith("(", at + 1) and self._find(")", at) < 0:
                self.openings.append(bracket.at)
            return at + 1
        self._hide(bracket.at, bracket.at + 1 + bracket.image)
        self._pair(bracket.runs)
        self.pairs.append((bracket.at, at))
        self._brackets.is_link(bracket)
        return self._hide(at, end, silent=True)

    def _angle(self, at: int) -> int:
        text = self._text
        if found := AUTOLINK.match(text, at):
            self._hide(at, at + 1)
            return self._hide(found.end() - 1, found.end())
        if (tag := TAG.match(text, at)) and is_tag(tag):
            silent = tag[2] is not None and tag[2].lower() in SILENT
            end = self._hidden(at, tag.end(), f"</{tag[2]}>") if silent else None
            return end or self._hide(at, tag.end(), " " if is_break(tag[1] or tag[2]) else "", silent=True)
        if found := INVISIBLE.match(text, at):
            inner = at + 2 if found[0] == "<!--" else found.end()  # `<!-->` and `<!--->` are comments too
            return self._hidden(at, inner, CLOSING[found[0]]) or at + 1
        if may_be_tag(text, at):
            self.openings.append(at)
        return at + 1

    def _hidden(self, at: int, inner: int, closing: str) -> int | None:
        """Hide all up to ``closing``; None if it is not there."""
        end = self._find(closing, inner)
        if end >= 0:
            return self._hide(at, end + len(closing), silent=True)
        self.openings.append(at)
        self.hiding = self.hiding or (at, closing)
        return None

    def _entity(self, at: int) -> int:
        found = ENTITY.match(self._text, at)
        char = character(found[0]) if found else None
        return self._hide(at, found.end(), char) if found and char is not None else at + 1

    def _dollar(self, at: int) -> int:
        before = self._char(at - 1)
        end = between_dollars(self._text, at, before)
        if end is not None and not self._parts_pair(at, end):
            return end
        if end is None and dollars_so_far(self._text, at, before):
            self.openings.append(at)
        return self._end_of_run(at)

    def _parts_pair(self, start: int, end: int) -> bool:
        """Whether a mark within would be taken from its partner before or right behind: then the dollars are prices."""
        text, within = self._text, set[str]()
        for found in _EMPHASIS.finditer(text, start, end):
            run = DelimiterRun.between(text[found.start() - 1], text, *found.span(), text[found.end()])
            if run.opens and not run.closes:
                within.add(found[0])
            elif run.closes and not run.opens:
                if found[0] not in within and found[0] in self._opening:
                    return True
                within.discard(found[0])
        behind = _EMPHASIS.match(text, end)
        return behind is not None and behind[0] in within

    def _newline(self, at: int) -> int:
        """The blanks around a line break are not shown."""
        text = self._text
        first = at
        while first > 0 and text[first - 1] in " \t" and (not self.edits or self.edits[-1].end < first):
            first -= 1
        found = _BREAK.match(text, at)
        assert found is not None
        return self._hide(first, found.end(), "\n")
