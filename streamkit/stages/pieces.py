"""Text in pieces that a reader takes in one after the other."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Literal, TypeAlias

__all__ = ["UNITS", "Unit", "cut_into", "stands_alone"]

Unit: TypeAlias = Literal["char", "word"]
UNITS = ("char", "word")
CJK = "\\u3040-\\u30ff\\u3400-\\u4dbf\\u4e00-\\u9fff\\uf900-\\ufaff"
LONGEST = 64  # what has no end is cut: else a piece that grows would cost its square
WORD = re.compile(f"[{CJK}]|[^\\s{CJK}]{{1,{LONGEST}}}\\s{{0,{LONGEST}}}|\\s{{1,{LONGEST}}}")
ALONE = re.compile(f"[{CJK}]")


@lru_cache
def cut_into(unit: Unit) -> Callable[[str], list[str]]:
    """What cuts a text into words, each with the white space behind it (in Chinese and Japanese into characters), or
    into what a reader takes for characters (UAX #29). More text can change the last piece only."""
    if unit == "word":
        return WORD.findall
    import regex  # type: ignore[import-untyped]  # 30 ms, and only here; it comes with tiktoken

    found: Callable[[str], list[str]] = regex.compile(r"\X").findall
    return found


def stands_alone(piece: str) -> bool:
    """Whether nothing that follows can belong to the piece."""
    return len(piece) >= 2 * LONGEST or ALONE.match(piece) is not None
