"""A decoder of the inside of JSON strings, which maps characters back to their source."""

from __future__ import annotations

import json
import re
from collections import deque

__all__ = ["Escapes", "quoted"]

PLAIN = re.compile(r"[^\\]+")
# The first form is one character in two halves.
ESCAPE = re.compile(r'\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|["\\/bfnrt])')
UNFINISHED = re.compile(r"\\(?:u[0-9a-fA-F]{0,3}|u[dD][89abAB][0-9a-fA-F]{2}(?:\\(?:u[0-9a-fA-F]{0,3})?)?)?\Z")
HALF = re.compile("[\ud800-\udfff]")


def quoted(text: str) -> str:
    """``text`` as a JSON string. Single halves of characters are escaped, as raw ones cannot be encoded."""
    return HALF.sub(lambda half: f"\\u{ord(half.group()):04x}", json.dumps(text, ensure_ascii=False))


class Escapes:
    """A decoder that keeps the source: `feed` returns characters, `take` the source text of the next of them.

    So a search over the characters works for every way to write them, and characters that pass stay as they were
    written.
    """

    def __init__(self) -> None:
        self._held = ""
        self._runs: deque[tuple[str, str]] = deque()  # characters with their source, which `take` has yet to return
        self._position = 0  # the position in the first run of the next character to return

    def feed(self, text: str) -> str:
        """The characters of ``text``; an escape that is not whole is held until its rest comes."""
        text, self._held = self._held + text, ""
        out, at = [], 0
        while at < len(text):
            piece = PLAIN.match(text, at)
            if piece is None:
                if UNFINISHED.match(text, at):
                    self._held = text[at:]
                    break
                piece = ESCAPE.match(text, at)
            source = piece.group() if piece else text[at]  # a backslash that escapes nothing is itself a character
            out.append(self._read(source) if piece else self._append_unescaped(source))
            at += len(source)
        return "".join(out)

    def flush(self) -> str:
        """The held rest: the first half of a character now counts by itself, the rest of an escape stays as it is."""
        rest, self._held = self._held, ""
        half = ESCAPE.match(rest)
        first = self._read(half.group()) if half else ""
        return first + self._append_unescaped(rest[half.end() if half else 0 :])

    def _read(self, source: str) -> str:
        if source[0] != "\\":
            return self._append_unescaped(source)
        characters: str = json.loads(f'"{source}"')
        self._runs.append((characters, source))
        return characters

    def _append_unescaped(self, source: str) -> str:
        if source:
            self._runs.append((source, source))
        return source

    def take(self, count: int) -> tuple[str, str]:
        """The next ``count`` characters, and their source."""
        read, written = [], []
        while count:
            characters, source = self._runs[0]
            stop = self._position + count
            if characters == source:
                source = source[self._position : stop]
            read.append(characters[self._position : stop])
            written.append(source)
            count -= len(read[-1])
            if stop < len(characters):
                self._position = stop
            else:
                self._runs.popleft()
                self._position = 0
        return "".join(read), "".join(written)
