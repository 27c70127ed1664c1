"""Blocks of HTML that nobody sees (CommonMark 0.31, section 4.6, kinds 1 and 2): comments, scripts and styles.

One begins a line and goes on to its end mark, over blank lines, lists and code, however long it is; without an end, to
the end of the text.
"""

from __future__ import annotations

import re

from .blocks import MARKERS

__all__ = ["HiddenHtml"]

_OPENING = re.compile(
    rf"^{MARKERS}[ \t]*(?:\d{{1,9}}[.)][ \t]+)?(?:<!--|<(script|style)(?=[\s>]))", re.MULTILINE | re.IGNORECASE
)


class HiddenHtml:
    """Takes the text piece by piece, and tells what of it is shown."""

    def __init__(self) -> None:
        self._closing = ""  # what ends the block we are in
        self._tail = ""  # the end of the text before, where that may have begun

    def __bool__(self) -> bool:
        """Whether we are in such a block."""
        return bool(self._closing)

    def shown(self, text: str, gap: str, *, begins: bool, is_code: bool) -> str:
        """What is shown of ``text``, which stands behind the white space ``gap`` and may begin a line.

        In code nothing is hidden anew.
        """
        whole = self._tail + gap + text if self else text
        at = self._leave(whole, 0) if self else 0
        shown: list[str] = []
        while not self and not is_code and (found := _OPENING.search(whole, at if begins else max(at, 1))):
            opening = found.end() - (4 if found[1] is None else 1 + len(found[1]))
            shown.append(whole[at:opening])
            self._closing = "-->" if found[1] is None else f"</{found[1]}>"
            at = self._leave(whole, opening + 2)
        return "".join([*shown, whole[at:]])

    def _leave(self, text: str, at: int) -> int:
        """Where the block ends, if not beyond the ``text``."""
        place = text.find(self._closing, at)
        if place < 0:
            self._tail = text[at:][1 - len(self._closing) :]
            return len(text)
        end = place + len(self._closing)
        self._closing = self._tail = ""
        return end
