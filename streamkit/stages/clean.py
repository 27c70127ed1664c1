"""Text of a model made harmless for a terminal: what would move its cursor, recolour it or reach its clipboard is shown
as an escape (``\\x1b``) instead.

Every dangerous character is made visible by itself, so it does not matter how sequences are cut, whether they are well
formed, or which of the many kinds of terminal reads them: without its ESC or C1 character a sequence is plain text.
"""

from __future__ import annotations

import re

__all__ = ["Cleaner"]

# C0 but tab and newline, DEL, C1; embeddings, overrides and isolates of the bidirectional algorithm (UAX #9), which
# show text in another order than it is read; lone surrogates, which no encoding takes.
UNSAFE = re.compile(r"\r\n|[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class Cleaner:
    """A stage: str → str that a terminal only displays. CR LF becomes LF; a CR alone would overwrite its line.

    >>> cleaner = Cleaner()
    >>> "".join([*cleaner.feed("a\\x1b[2Jb\\r"), *cleaner.feed("\\nc"), *cleaner.flush()])
    'a\\\\x1b[2Jb\\nc'
    """

    def __init__(self) -> None:
        self._held = ""

    def feed(self, text: str) -> list[str]:
        """The text that can be shown now; only a CR at the very end waits for what follows."""
        text = self._held + text
        self._held = "\r" if text.endswith("\r") else ""
        text = text.removesuffix("\r")
        return [UNSAFE.sub(_shown, text)] if text else []

    def flush(self) -> list[str]:
        held, self._held = self._held, ""
        return ["\\r"] if held else []


def _shown(match: re.Match[str]) -> str:
    found = match[0]
    return "\n" if found == "\r\n" else ascii(found)[1:-1]
