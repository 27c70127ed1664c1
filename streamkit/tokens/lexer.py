"""How an encoding cuts text before it merges bytes, for the encodings of which we know what can be settled early.

The patterns are run by Python's ``re``, with every character class spelled out from the tables of tiktoken's own
regular expressions: tables of another library disagree with them on recently assigned characters.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any, NamedTuple

__all__ = ["Lexer", "lexer_for"]

# What follows is true of these patterns and has been checked for them only.
KNOWN = {
    "gpt2": r"""'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s""",
    "cl100k": r"""'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|"""
    r"""\s++$|\s*[\r\n]|\s+(?!\S)|\s""",
    "o200k": "|".join(
        [
            r"""[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?""",
            r"""[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?""",
            r"""\p{N}{1,3}""",
            r""" ?[^\s\p{L}\p{N}]+[\r\n/]*""",
            r"""\s*[\r\n]+""",
            r"""\s+(?!\S)""",
            r"""\s+""",
        ]
    ),
}

CLASSES = {
    "Lu": r"\p{Lu}",
    "Lt": r"\p{Lt}",
    "Ll": r"\p{Ll}",
    "Lm": r"\p{Lm}",
    "Lo": r"\p{Lo}",
    "M": r"\p{M}",
    "N": r"\p{N}",
    "s": r"\s",
}


class Lexer(NamedTuple):
    """``cut`` matches up to the last *certain* boundary: one that stays whatever follows. ``pieces`` finds what is
    merged by itself. ``kinds`` finds runs of characters that the pattern does not tell apart."""

    cut: re.Pattern[str]
    pieces: re.Pattern[str]
    kinds: re.Pattern[str]


def lexer_for(encoding: Any) -> Lexer | None:
    """The lexer of a tiktoken encoding; None if we do not know its pattern."""
    pattern = getattr(encoding, "_pat_str", None)
    return _lexer(pattern) if pattern in KNOWN.values() else None


@lru_cache(maxsize=8)
def _lexer(pattern: str) -> Lexer:
    sets = _classes()
    letters = sets["Lu"] + sets["Lt"] + sets["Ll"] + sets["Lm"] + sets["Lo"]
    names = {"letters": letters, "marks": sets["M"], "digits": sets["N"], "space": sets["s"]}
    return Lexer(re.compile(CUT.format(**names), re.S | re.X), re.compile(_spelled(pattern, sets)), _kinds(sets))


# A space begins a piece unless it goes on a run of white space. A word ends before anything that can neither go on in
# it nor begin a contraction; letters and digits never share a piece.
CUT = r""".*(?:
    (?=[\ \t])(?<=[^{space}])
  | (?=[^{letters}{digits}{marks}'])(?<=[{letters}{digits}])
  | (?=[{digits}])(?<=[{letters}])
  | (?=[{letters}])(?<=[{digits}])
)"""


def _kinds(sets: dict[str, str]) -> re.Pattern[str]:
    groups = [
        ("upper", sets["Lu"] + sets["Lt"]),
        ("lower", sets["Ll"]),
        ("either", sets["Lm"] + sets["Lo"]),
        ("mark", sets["M"]),
        ("digit", sets["N"]),
        ("line", r"\r\n"),
        ("blank", sets["s"]),
    ]
    known = "|".join(f"(?P<{name}>[{chars}]+)" for name, chars in groups)
    return re.compile(f"{known}|(?P<symbol>[^{''.join(chars for _, chars in groups)}]+)")


def _spelled(pattern: str, sets: dict[str, str]) -> str:
    """``pattern`` with its classes spelled out for ``re``."""
    inside = False
    out = []
    for token in re.findall(r"\\p\{\w+\}|\\.|.", pattern, re.S):
        inside = token == "[" or (inside and token != "]")
        name = token[3:-1] if token.startswith(r"\p") else token[1:] if token in (r"\s", r"\S") else ""
        if not name:
            out.append(token)
            continue
        chars = "".join(sets[one] for one in sets if one.startswith(name.lower() if name == "S" else name))
        out.append(chars if inside else f"[^{chars}]" if name == "S" else f"[{chars}]")
    return "".join(out)


@cache
def _classes() -> dict[str, str]:
    """The characters of each class as ranges for use within brackets."""
    points = array("I", [*range(0xD800), *range(0xE000, 0x110000)])
    every = points.tobytes().decode("utf-32-le" if array("H", [1]).tobytes()[0] else "utf-32-be")
    return {name: "".join(_ranges(_members(pattern, every))) for name, pattern in CLASSES.items()}


def _members(pattern: str, text: str) -> str:
    """What tiktoken finds of a class in ``text``: an encoding whose tokens are bytes gives back what its pattern
    matches."""
    from tiktoken import Encoding

    single = {bytes([byte]): byte for byte in range(256)}
    encoding = Encoding("class", pat_str=f"{pattern}+", mergeable_ranks=single, special_tokens={})
    return bytes(encoding.encode_ordinary(text)).decode()


def _ranges(chars: str) -> Iterator[str]:
    start = end = ord(chars[0])
    for point in map(ord, chars[1:]):
        if point != end + 1:
            yield _range(start, end)
            start = point
        end = point
    yield _range(start, end)


def _range(start: int, end: int) -> str:
    return f"\\U{start:08x}" if start == end else f"\\U{start:08x}-\\U{end:08x}"
