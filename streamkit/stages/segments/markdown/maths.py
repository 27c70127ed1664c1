"""Maths, which is shown unchanged: ``$…$``, ``$$…$$``, ``\\(…\\)``, ``\\[…\\]`` and ``\\begin{align}…\\end{align}``.

A single ``$`` is also a price (``$5``, ``5$``), a ticker (``$TSLA``) and a variable of a shell. So one opens only where
no letter or digit precedes it and no blank or punctuation mark follows, and closes only where no letter or digit
follows. Between the two there is no end of a sentence, and no backtick: code binds more tightly.
"""

from __future__ import annotations

import re

__all__ = ["CLOSING_OF", "ENVIRONMENT", "between_dollars", "dollars_so_far", "is_words"]

_SENTENCE_END = r"(?:(?<!\.)\.(?!\.)|[!?。！？])[\"'”’)\]*_]{0,4}(?:\s{1,9}[^\W\d_a-z]|\s*+\Z)"
_PRICE = r"\d[\d.,]*+\s+[^\W\d_]{2}"
_ONE = rf"\$(?![\s$).,;:!?\]]|{_PRICE})(?:(?!{_SENTENCE_END})[^$\\`]|\\.)++"
_TWO = r"\$\$(?!\$)(?:[^$\\`]|\\.|\$(?!\$))*+"
_DOLLARS = re.compile(rf"{_TWO}(?<!\$\$)\$\$|{_ONE}(?<!\s)\$(?![0-9A-Za-z])", re.DOTALL)
_SO_FAR = re.compile(rf"(?:{_TWO}|{_ONE})\Z", re.DOTALL)
_WORDS = re.compile(r"[^\W\d_]{3,}+(?:[ -][^\W\d_]++)*+|[^\W\d_]{2}(?:[ -][^\W\d_]++)++")

CLOSING_OF = {"\\(": "\\)", "\\[": "\\]"}
ENVIRONMENT = re.compile(
    r"\\begin\{((?:align|alignat|aligned|array|cases|eqnarray|equation|gather|gathered|math|displaymath|multline|split"
    r"|[pbvBV]?matrix|smallmatrix)\*?)\}"
)


def between_dollars(text: str, at: int, before: str) -> int | None:
    """The end of the maths that begins with the dollar at ``at``, None if that does not begin maths."""
    match = None if _is_joined(before) else _DOLLARS.match(text, at)
    return match.end() if match else None


def dollars_so_far(text: str, at: int, before: str) -> bool:
    """True if more text may turn the text from that dollar on into maths."""
    return not _is_joined(before) and _SO_FAR.match(text, at) is not None


def is_words(text: str, start: int, end: int) -> bool:
    """True if ``text[start:end]`` is only words, so that ``\\[Enter\\]`` is a word in brackets."""
    return _WORDS.fullmatch(text, start, end) is not None


def _is_joined(before: str) -> bool:
    return before.isascii() and before.isalnum()
