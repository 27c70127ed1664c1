"""The tables of rules about full stops and other marks: without a rule, its example is cut in other places."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from streamkit.stages.segments.boundary import Judge
from streamkit.stages.segments.rules import Rule, Rules
from streamkit.stages.segments.stops import TABLES
from tests.stages.segmenting import JUDGES, texts


class Fixed:
    """A judge that gives the same answer everywhere."""

    def __init__(self, answer: bool) -> None:
        self._answer = answer

    def is_boundary(self, window: str, place: int, lang: str) -> bool:
        return self._answer


ALL_JUDGES: list[Judge] = [*JUDGES, Fixed(True), Fixed(False)]
RULES = [(table, rule) for table in TABLES for rule in table.rules]
EXAMPLES = [rule for _, rule in RULES if rule.example]


def parts(rule: Rule) -> tuple[str, str]:
    """The language of an example, and its text."""
    match = re.fullmatch("(?:([a-z]{2}): )?(.+)", rule.example)
    assert match is not None
    return match[1] or "en", match[2]


def cuts(rule: Rule) -> list[list[str]]:
    """The example as each of the judges, who decide where no rule applies, would have it cut."""
    lang, text = parts(rule)
    return [texts(text.replace("|", ""), lang=lang, judge=judge) for judge in ALL_JUDGES]


def are_right(rules: list[Rule]) -> bool:
    """True if the examples are cut as they say, whatever the judges answer."""
    return all(cuts(rule) == [re.split(r"\| ", parts(rule)[1])] * len(ALL_JUDGES) for rule in rules)


@contextmanager
def without(table: Rules, rule: Rule) -> Iterator[None]:
    at = table.rules.index(rule)
    del table.rules[at]
    try:
        yield
    finally:
        table.rules.insert(at, rule)


@pytest.mark.parametrize("rule", EXAMPLES, ids=lambda rule: rule.name)
def test_an_example_is_cut_as_it_says(rule: Rule):
    assert are_right([rule])


@pytest.mark.parametrize(("table", "rule"), RULES, ids=lambda one: one.name if isinstance(one, Rule) else "")
def test_each_rule_is_needed_for_its_example(table: Rules, rule: Rule):
    with without(table, rule):
        assert are_right(EXAMPLES) if not rule.example else not are_right([rule])
