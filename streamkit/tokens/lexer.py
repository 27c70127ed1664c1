"""The rules by which encodings cut text into pieces before they merge bytes, for the encodings of which it is known
which tokens can be settled early.

Patterns are not run over the text but over its *shape*: the same text with each character that is not ASCII replaced
by one that the pattern treats alike. Which one that is, is decided by tiktoken's own regular expressions, once for each
character: the tables of other libraries disagree with these on recently assigned characters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

__all__ = ["Lexer", "lexer_for"]

# tiktoken's patterns. All statements here and in `unsettled_end` have been proved for these and checked for no others.
KNOWN = {
    "gpt2": r"""'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s""",
    "cl100k": r"""'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|"""
    r"""\s++$|\s*[\r\n]|\s+(?!\S)|\s""",
    "o200k": r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
    r"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
}

# Shapes. No other character has one of these: what is not ASCII has the shape of its class, and \2, as a control
# character, that of any symbol, "!".
EITHER, MARK, SYMBOL = "ª", "\2", "!"
SPELLED = {
    r"\p{L}": f"A-Za-z{EITHER}",
    r"\p{Lu}": "A-Z",
    r"\p{Lt}": "",
    r"\p{Ll}": "a-z",
    r"\p{Lm}": "",
    r"\p{Lo}": EITHER,
    r"\p{M}": MARK,
    r"\p{N}": "0-9",
    r"\s": r"\t-\r ",
    r"\S": r"^\t-\r ",  # never within brackets
}
LONG_S = r"(?i:s)"  # the long s, which makes contractions too
CLASSES = {
    r"[\p{Lm}\p{Lo}]": EITHER,
    LONG_S: "s",
    r"\p{Ll}": "a",
    r"[\p{Lu}\p{Lt}]": "A",
    r"\p{M}": MARK,
    r"\p{N}": "0",
    r"\s": "\t",
}

# A blank begins a piece unless it continues a run of white space. A word ends before any character that can neither
# continue it nor begin a contraction. Letters and digits never share a piece.
CUT = re.compile(
    f".*(?:(?=[\t\v\f ])(?<=[^\t-\r ])|(?=[^A-Za-z0-9{EITHER}{MARK}'])(?<=[A-Za-z0-9{EITHER}])"
    f"|(?=[0-9])(?<=[A-Za-z{EITHER}])|(?=[A-Za-z{EITHER}])(?<=[0-9]))",
    re.DOTALL,
)
KINDS = re.compile(
    f"([A-Z]+)|([a-z]+)|({EITHER}+)|({MARK}+)|([0-9]+)|([\r\n]+)|([\t\v\f ]+)|([^A-Za-z0-9{EITHER}{MARK}\t-\r ]+)"
)


class Lexer(NamedTuple):
    """``text.translate(shapes)`` is the shape of a text; the rest works on shapes. ``cut`` matches up to the last
    *certain* boundary, one that stays whatever follows; letters alone (`str.isalpha`) have none. ``pieces`` finds the
    pieces, each of which is merged by itself. ``kinds`` finds runs of characters that the pattern treats alike, each in
    the group of its kind."""

    shapes: Mapping[int, str]
    cut: re.Pattern[str]
    pieces: re.Pattern[str]
    kinds: re.Pattern[str]


def lexer_for(encoding: Any) -> Lexer | None:
    """The lexer of a tiktoken encoding; None if its pattern is not a known one."""
    pattern = getattr(encoding, "_pat_str", None)
    return _lexer(pattern) if pattern in KNOWN.values() else None


@lru_cache(maxsize=8)
def _lexer(pattern: str) -> Lexer:
    shapes = _Shapes(folds="(?i:" in pattern)
    return Lexer(shapes, CUT, re.compile(_spelled(pattern)), KINDS)


def _spelled(pattern: str) -> str:
    """``pattern`` for shapes."""
    inside = False
    out = []
    for token in re.findall(r"\\p\{\w+\}|\\.|.", pattern, re.DOTALL):
        inside = token == "[" or (inside and token != "]")
        chars = SPELLED.get(token)
        out.append(token if chars is None else chars if inside else f"[{chars}]")
    return "".join(out)


class _Shapes(dict[int, str]):
    """For `str.translate`: the shape of each character seen so far."""

    LIMIT = 1 << 16

    def __init__(self, *, folds: bool) -> None:
        symbols = {*range(0x20), 0x7F} - {*b"\t\n\v\f\r"}
        super().__init__({point: SYMBOL if point in symbols else chr(point) for point in range(0x80)})
        self._finders = [(_finder(pattern), shape) for pattern, shape in CLASSES.items() if folds or pattern != LONG_S]

    def __missing__(self, point: int) -> str:
        char = chr(point)
        shape = next((shape for has, shape in self._finders if has(char)), SYMBOL)
        if len(self) < self.LIMIT:
            self[point] = shape
        return shape


def _finder(pattern: str) -> Callable[[str], list[int]]:
    """A function that finds ``pattern`` in a text: an encoding whose tokens are single bytes returns just
    the matches."""
    from tiktoken import Encoding

    single = {bytes([byte]): byte for byte in range(256)}
    return Encoding("class", pat_str=pattern, mergeable_ranks=single, special_tokens={}).encode_ordinary
