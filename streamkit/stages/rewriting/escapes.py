"""JSON text as the characters that it means, and back to the text."""

from __future__ import annotations

import json
import re
from collections import deque

__all__ = ["Escapes"]

PLAIN = re.compile(r"[^\\]+")
# The first form is one character in two halves.
ESCAPE = re.compile(r'\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|["\\/bfnrt])')
UNFINISHED = re.compile(r"\\(?:u[0-9a-fA-F]{0,3}|u[dD][89abAB][0-9a-fA-F]{2}(?:\\(?:u[0-9a-fA-F]{0,3})?)?)?\Z")


class Escapes:
    """A decoder that can be asked for the source again: `feed` gives characters, `take` the text of the next of them.

    So what looks at the characters sees through every way to write them, and what it lets pass stays as it was written.
    """

    def __init__(self) -> None:
        self.inside = False
        """Whether a string is open after what was taken."""
        self._held = ""
        self._runs: deque[tuple[str, str]] = deque()  # characters and their source, which was not taken yet
        self._at = 0  # in the first of them

    def feed(self, text: str) -> str:
        """The characters of ``text``; an escape that is not whole waits for its rest."""
        text, self._held = self._held + text, ""
        out, at = [], 0
        while at < len(text):
            piece = PLAIN.match(text, at)
            if piece is None:
                if UNFINISHED.match(text, at):
                    self._held = text[at:]
                    break
                piece = ESCAPE.match(text, at)
            source = piece.group() if piece else text[at]  # a backslash that escapes nothing is one
            out.append(json.loads(f'"{source}"') if piece and source[0] == "\\" else source)
            self._runs.append((out[-1], source))
            at += len(source)
        return "".join(out)

    def flush(self) -> str:
        """What waited, as it stands."""
        rest, self._held = self._held, ""
        if rest:
            self._runs.append((rest, rest))
        return rest

    def take(self, count: int) -> str:
        """The source of the next ``count`` characters."""
        out = []
        while count:
            characters, source = self._runs[0]
            stop = self._at + count
            if characters == source:
                source = source[self._at : stop]
                self.inside ^= source.count('"') % 2 == 1
            count -= min(count, len(characters) - self._at)
            if stop < len(characters):
                self._at = stop
            else:
                self._runs.popleft()
                self._at = 0
            out.append(source)
        return "".join(out)
