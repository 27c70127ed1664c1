"""A search for the beginning of the JSON in the text of a model: after some prose, inside a fence, or at once.

An object may begin anywhere, a list only at the start of a line: within prose ``[1]`` is a footnote. To count, the
bracket must be followed by a character that JSON allows there, so ``{name}`` and ``[sic]`` are prose; in mid-line only
``{"``, ``[{`` and ``["`` count. A string begins JSON as the very first thing. A number or literal is JSON only if it is
all there is, which shows at the end.
"""

from __future__ import annotations

import re

__all__ = ["JsonStart"]

SPACE = " \t\n\r\ufeff"  # including byte order marks that servers send
GAP = re.compile(r"[ \t\n\r]*")
BRACKET = re.compile(r"[{\[]")
ON_A_NEW_LINE = {"{": '"}', "[": '"{[]-0123456789tfnNI'}
IN_MID_LINE = {"{": '"', "[": '"{'}
LONGEST_ALONE = 1000  # characters of a number with the white space around it


class JsonStart:
    """Takes text up to the beginning of the JSON, at linear cost, and keeps next to nothing of it."""

    def __init__(self) -> None:
        self.at = 0
        """The position of the text that `feed` gave."""
        self._new_line = True
        self._bracket = ""
        self._only_text: str | None = ""

    def feed(self, text: str) -> str | None:
        """The text from the beginning of the JSON on; None if it has not begun yet."""
        begin = self._begin_string(text)
        if begin is not None:
            return begin
        at = 0
        while True:
            if self._bracket:
                at = _match_end(GAP, text, at)
                if at == len(text):
                    break
                if text[at] in (ON_A_NEW_LINE if self._new_line else IN_MID_LINE)[self._bracket]:
                    self.at += at - 1
                    return self._bracket + text[at:]  # the gap between the two does not matter
                self._bracket, self._new_line = "", False
            bracket = BRACKET.search(text, at)
            self._skip(text[at : bracket.start() if bracket else len(text)])
            if bracket is None:
                break
            self._bracket, at = bracket.group(), bracket.end()
        self.at += len(text)
        return None

    @property
    def alone(self) -> str:
        """The whole text, if it may be a lone number or literal."""
        return "" if self._only_text is None else self._only_text.strip(SPACE)

    def _begin_string(self, text: str) -> str | None:
        if self._only_text is None:
            return None
        start = self._only_text + text
        first = start.lstrip(SPACE)
        if first.startswith('"'):
            self.at += len(start) - len(first)
            return first
        if not first:
            start = ""  # white space only: it need not be kept
        self._only_text = start if len(start) <= LONGEST_ALONE and "{" not in text and "[" not in text else None
        return None

    def _skip(self, prose: str) -> None:
        _, line_end, rest = prose.rpartition("\n")
        self._new_line = (bool(line_end) or self._new_line) and not rest.strip(SPACE)


def _match_end(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match else at
