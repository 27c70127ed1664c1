"""Tables for ready rules: what must be hidden stands between ⟦ and ⟧, everything else must stay."""

from __future__ import annotations

import re

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
    for pieces in every_split(text, random_cuts=2) if len(text) < 400 else ([text], list(text)):
        assert redacted(pieces, rule) == want, pieces
    for before, behind in ((".\n", "\n."), ("— ", " …")):
        assert redacted([before + text + behind], rule) == before + want + behind
