"""Blocks of HTML that are not shown (CommonMark 0.31, section 4.6, kinds 1 and 2): comments, scripts and styles.

Such a block begins a line and extends to its end mark, over blank lines, lists and code, however long it is; without an
end mark, to the end of the text.
"""

from __future__ import annotations

import re

from .blocks import MARKERS

__all__ = ["HiddenHtml"]

_OPENING = re.compile(
    rf"^{MARKERS}[ \t]*(?:\d{{1,9}}[.)][ \t]+)?(?:<!--|<(script|style)(?=[\s>]))", re.MULTILINE | re.IGNORECASE
)


class HiddenHtml:
    """Takes the text piece by piece, and returns the parts that are shown."""

    def __init__(self) -> None:
        self._closing = ""  # the end mark of the open block; "" outside of blocks
        self._tail = ""  # the end of the previous text, where the end mark may have begun

    def __bool__(self) -> bool:
        """True within such a block."""
        return bool(self._closing)

    def visible(self, text: str, gap: str, *, begins: bool, is_code: bool) -> str:
        """The part of ``text`` that is shown. It follows the white space ``gap``; ``begins``: it may begin a line.

        In code no new block begins.
        """
        combined = self._tail + gap + text if self else text
        at = self._leave(combined, 0) if self else 0
        visible: list[str] = []
        while not self and not is_code and (match := _OPENING.search(combined, at if begins else max(at, 1))):
            opening = match.end() - (4 if match[1] is None else 1 + len(match[1]))
            visible.append(combined[at:opening])
            self._closing = "-->" if match[1] is None else f"</{match[1]}>"
            at = self._leave(combined, opening + 2)
        return "".join([*visible, combined[at:]])

    def _leave(self, text: str, at: int) -> int:
        """Leave the block if it ends in ``text`` from ``at`` on; its end, or that of the text."""
        position = text.find(self._closing, at)
        if position < 0:
            self._tail = text[at:][1 - len(self._closing) :]
            return len(text)
        end = position + len(self._closing)
        self._closing = self._tail = ""
        return end
