"""Tables of rules about end marks: the first rule that applies gives the answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from .end_marks import EndMark

__all__ = ["ENDS", "GOES_ON", "Rule", "Rules", "always"]

ENDS, GOES_ON = True, False


class Rule(NamedTuple):
    """The ``answer`` for marks to which the rule ``applies``: True if the sentence ends; or a function that answers.

    ``example`` is a text with ``|`` where it is cut; without this rule, some judge would have it cut in other places.
    Its language precedes it, unless that is English. A rule without an example saves time: later rules answer the same.
    """

    name: str
    applies: Callable[[EndMark], object]
    answer: bool | Callable[[EndMark], bool | None]
    example: str


class Rules:
    """A table of rules; the answer is None if none of them applies."""

    def __init__(self, *rules: Rule) -> None:
        self.rules = list(rules)

    def __call__(self, mark: EndMark) -> bool | None:
        for _, applies, answer, _ in self.rules:
            if applies(mark):
                return answer(mark) if callable(answer) else answer
        return None


def always(_mark: EndMark) -> bool:
    return True
