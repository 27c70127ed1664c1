"""Tables for ready rules: what must be hidden stands between ⟦ and ⟧, everything else must stay."""

from __future__ import annotations

import re
import unicodedata

from streamkit.stages import Redactor
from streamkit.testing import every_split

MASK = "[redacted]"
HIDDEN = re.compile("⟦(.*?)⟧", re.DOTALL)


def plain(row: str) -> str:
    return HIDDEN.sub(r"\1", row)


def shown(row: str) -> str:
    return HIDDEN.sub(lambda _: MASK, row)


def redacted(pieces: list[str], *rules: object) -> str:
    stage = Redactor(*rules)
    return "".join([*(out for piece in pieces for out in stage.feed(piece)), *stage.flush()])


def check(rule: str, row: str) -> None:
    """The row comes out as it says, whole and at every cut, and so it does in the middle of other text."""
    text, want = plain(row), shown(row)
    for pieces in every_split(text, random_cuts=2) if len(text) < 160 else ([text], list(text)):
        assert redacted(pieces, rule) == want, pieces
    for before, behind in ((".\n", "\n."), ("— ", " …")):
        assert redacted([before + text + behind], rule) == before + want + behind


def scripts() -> dict[str, str]:
    """Some letters of each script in Unicode but Latin, by its name."""
    letters: dict[str, list[str]] = {}
    for code in (*range(0x80, 0xFB00), *range(0x10000, 0x1F000)):
        char = chr(code)
        if unicodedata.category(char) in ("Lu", "Ll", "Lo") and not unicodedata.decomposition(char).startswith("<"):
            letters.setdefault(unicodedata.name(char, "OTHER").split(" ", 1)[0], []).append(char)
    return {name: "".join(found[:: 1 + len(found) // 12]) for name, found in letters.items() if name not in NO_SCRIPT}


NO_SCRIPT = {"LATIN", "FEMININE", "MASCULINE"}
ZEROS = [chr(code) for code in range(0x30, 0x1FC00) if unicodedata.decimal(chr(code), -1) == 0]
"""The digit zero of each script that has digits."""


def in_digits(text: str, zero: str) -> str:
    """The text with its digits in another script."""
    return text.translate({ord("0") + digit: chr(ord(zero) + digit) for digit in range(10)})


def luhn(digits: str) -> str:
    """The digit that makes a number of a card of these."""
    doubled = "".join(str(int(digit) * 2) for digit in digits[-1::-2])
    return str(-sum(map(int, doubled + digits[-2::-2])) % 10)
