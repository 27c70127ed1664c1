"""Reading JSON that grows, piece by piece at linear cost.

The reader is a set of small steps. Each takes the text and a position in it, consumes what it can and returns the
position it reached; the step to go on with is remembered, so a piece may end anywhere. Only escapes are held back until
they are whole (with their second half, if they are the first half of a surrogate pair).

Numbers and literals count when something follows them. The reader accepts more than RFC 8259 allows: control characters
within strings, NaN and Infinity, as `json.loads` does with ``strict=False``. A repeated key replaces the earlier one.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable
from typing import Any, TypeAlias

from ...errors import MalformedError
from ...wording import excerpt
from .json_path import JsonPath
from .json_start import JsonStart
from .json_tree import NOTHING, Edge, JsonTree

__all__ = ["JsonText"]

Step: TypeAlias = Callable[[str, int], int]

LONGEST_ATOM = 5000  # more digits than Python converts to an int
EXCERPT = 40  # characters before and after a fault that its message quotes

SPACE = re.compile(r"[ \t\n\r]*")
PLAIN = re.compile(r'[^"\\]*')
UNITS = re.compile(r'(?:[^"\\]+|\\(?:["\\/bfnrt]|(u[0-9a-fA-F]{4})))*')
CUT_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{0,3})?\Z")
HIGH_SURROGATE = re.compile(r"u[dD][89abAB]")
ATOM = re.compile(r'[^ \t\n\r,:\[\]{}"]*')
ATOM_START = frozenset("-0123456789tfnNI")
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
LITERALS = {
    "true": True,
    "false": False,
    "null": None,
    "NaN": float("nan"),
    "Infinity": float("inf"),
    "-Infinity": float("-inf"),
}


class JsonText:
    """Takes the text of a reply piece by piece and knows the value of the JSON in it so far.

    Prose before it is skipped (see `JsonStart`) and everything after it is ignored. `MalformedError` for anything that
    is not JSON, with its position (characters from the beginning) and the text there; `JsonTree` may raise it too.
    """

    def __init__(self, path: JsonPath | None = None) -> None:
        self.tree = JsonTree(path)
        self.begun = self.changed = False
        self._grown = ""
        self._in_string = self._in_key = False
        self._held = ""
        self._before = 0  # characters before the current text
        self._recent: deque[str] = deque(maxlen=20)
        self._start = JsonStart()
        self._step: Step = self._value

    @property
    def done(self) -> bool:
        return self.tree.done

    def feed(self, text: str) -> None:
        """Take a further piece; ``changed`` is set if that changes the value."""
        tree = self.tree
        if tree.done:
            return
        if not self.begun:
            start = self._start.feed(text)
            if start is None:
                return
            self.begun, self._before, text = True, self._start.at, start
        elif self._held:
            self._before -= len(self._held)
            text, self._held = self._held + text, ""
        at, end = 0, len(text)
        while at < end and not tree.done:
            at = self._step(text, at)
        self._before += end
        self._recent.append(text[: end - len(self._held)] if self._held else text)

    def finish(self) -> None:
        """End the text: a lone number or literal is a value now."""
        value = _scalar(self._start.alone) if not self.begun else NOTHING
        if value is not NOTHING:
            self.begun = self.changed = True
            self.tree.put(value)

    def unfinished(self) -> MalformedError:
        """The error to raise if the document had to be whole."""
        if not self.begun:
            return MalformedError("there is no JSON in the text")
        return MalformedError(f"the JSON is not finished: it ends with {excerpt(self._recent_text[-EXCERPT:])!r}")

    @property
    def width(self) -> int:
        """The cost of a snapshot in entries that are copied; a long string counts a little."""
        return self.tree.width + (len(self._grown) >> 6)

    def snapshot(self) -> tuple[Any, Edge]:
        """The value so far (NOTHING if there is none), and the keys of its unfinished children."""
        self.changed = False
        return self.tree.snapshot(self._grown if self._in_string and not self._in_key else NOTHING)

    # -- steps: what may come next ---------------------------------------------------------------------------------

    def _value(self, text: str, at: int) -> int:
        at = _skip(text, at)
        if at == len(text):
            return at
        char = text[at]
        if char == '"':
            self._in_string = self.changed = True
            self._step = self._string
        elif char == "{":
            self._open({}, self._first_key)
        elif char == "[":
            self._open([], self._first_item)
        elif char in ATOM_START:
            self._step = self._atom
            return at
        else:
            raise self._fault("a value", text, at)
        return at + 1

    def _first_item(self, text: str, at: int) -> int:
        return self._end_or("]", self._value, text, at)

    def _first_key(self, text: str, at: int) -> int:
        return self._end_or("}", self._next_key, text, at)

    def _end_or(self, bracket: str, step: Step, text: str, at: int) -> int:
        at = _skip(text, at)
        if at == len(text):
            return at
        if text[at] == bracket:
            self._close()
            return at + 1
        self._step = step
        return at

    def _next_key(self, text: str, at: int) -> int:
        at = _skip(text, at)
        if at == len(text):
            return at
        if text[at] != '"':
            raise self._fault("a key in quotes", text, at)
        self._in_string = self._in_key = True
        self._step = self._string
        return at + 1

    def _colon(self, text: str, at: int) -> int:
        at = _skip(text, at)
        if at == len(text):
            return at
        if text[at] != ":":
            raise self._fault("a colon", text, at)
        self._step = self._value
        return at + 1

    def _next(self, text: str, at: int) -> int:
        at = _skip(text, at)
        if at == len(text):
            return at
        char, in_list = text[at], self.tree.in_list
        if char == ",":
            self._step = self._value if in_list else self._next_key
        elif char == ("]" if in_list else "}"):
            self._close()
        else:
            raise self._fault("a comma or the end of the " + ("list" if in_list else "object"), text, at)
        return at + 1

    def _atom(self, text: str, at: int) -> int:
        stop = _end(ATOM, text, at)
        self._grown += text[at:stop]
        complete = stop < len(text)
        value = _scalar(self._grown) if complete else NOTHING
        if (complete and value is NOTHING) or len(self._grown) > LONGEST_ATOM:
            raise self._fault("a value", text, stop - len(self._grown))
        if complete:
            self._grown = ""
            self._put(value)
        return stop

    def _string(self, text: str, at: int) -> int:
        stop = _end(PLAIN, text, at)
        if stop < len(text) and text[stop] == "\\":
            chunk, stop = self._unescaped(text, at)
        else:
            chunk = text[at:stop]
        if chunk:
            if not (self._in_key or self.tree.keeps):
                chunk = ""  # a long string that is not wanted
            # Now only the local name refers to the text, so CPython appends in place, unless a reader kept the last
            # snapshot.
            grown, self._grown = self._grown, ""
            grown += chunk
            self._grown = grown
            self.changed = self.changed or not self._in_key
        if stop == len(text):
            return stop
        if text[stop] == '"':
            self._end_string()
            return stop + 1
        if not self._held:
            raise self._fault("an escape", text, stop)
        return len(text)

    # -- parts of steps --------------------------------------------------------------------------------------------

    def _unescaped(self, text: str, at: int) -> tuple[str, int]:
        """The characters up to the closing quote or as far as they are certain, and the position of the rest."""
        units = UNITS.match(text, at)
        assert units is not None
        stop = units.end()
        cut = CUT_ESCAPE.match(text, stop)
        if (stop == len(text) or cut) and units.end(1) == stop and HIGH_SURROGATE.match(text, units.start(1)):
            stop = units.start(1) - 1  # its other half may follow
            self._held = text[stop:]
        elif cut:
            self._held = text[stop:]
        return json.loads(f'"{text[at:stop]}"', strict=False), stop

    def _end_string(self) -> None:
        grown, self._grown = self._grown, ""
        self._in_string = False
        if self._in_key:
            self._in_key = False
            self.tree.key = grown
            self._step = self._colon
        else:
            changed = self.changed
            self._put(grown)
            self.changed = changed  # the closing quote does not change the value

    def _open(self, container: list[Any] | dict[str, Any], step: Step) -> None:
        self.tree.open(container)
        self.changed = True
        self._step = step

    def _close(self) -> None:
        self.tree.close()
        self._step = self._next

    def _put(self, value: Any) -> None:
        self.tree.put(value)
        self.changed = True
        self._step = self._next

    @property
    def _recent_text(self) -> str:
        return "".join(self._recent)

    def _fault(self, expected: str, text: str, at: int) -> MalformedError:
        context, position = self._recent_text + text, len(self._recent_text) + at
        quoted = excerpt(context[max(0, position - EXCERPT) : max(0, position) + EXCERPT])
        return MalformedError(f"not JSON at character {self._before + at}, where {expected} should be: {quoted}")


def _skip(text: str, at: int) -> int:
    return at if text[at] > " " else _end(SPACE, text, at)


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match else at


def _scalar(text: str) -> Any:
    """The value of ``text`` if it is a number or literal, else NOTHING."""
    if text in LITERALS:
        return LITERALS[text]
    number = NUMBER.fullmatch(text)
    if number is None:
        return NOTHING
    try:
        return float(text) if number[1] or number[2] else int(text)
    except ValueError:  # more digits than Python converts
        return NOTHING
