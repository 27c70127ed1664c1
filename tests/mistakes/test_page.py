"""The page "When something goes wrong" says what is really said."""

from __future__ import annotations

import sys
from collections import Counter

import pytest

from tests.mistakes import page

pytestmark = [
    pytest.mark.skipif(not page.PAGE.exists(), reason="tests of an installed wheel: no documents around them"),
    pytest.mark.skipif(sys.platform != "linux", reason="the words and numbers of this system's errors"),
]


@pytest.fixture(scope="module")
def told() -> dict[str, str]:
    return page.made(page.mistakes())


def test_there_are_sixty_mistakes_at_least_in_every_part_of_a_day():
    groups = Counter(each.group for each in page.mistakes())
    assert groups.total() >= 60
    assert min(groups.values()) >= 4
    assert [line[3:] for line in page.PAGE.read_text("utf-8").splitlines() if line.startswith("## ")] == list(groups)


def test_no_two_have_one_name():
    assert {name: number for name, number in Counter(each.name for each in page.mistakes()).items() if number > 1} == {}


@pytest.mark.slow  # a process for each
@pytest.mark.timeout(120)
def test_every_mistake_is_told(told: dict[str, str]):
    assert [name for name, text in told.items() if not text] == []


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_the_page_is_what_the_generator_writes(told: dict[str, str]):
    """If a message has changed: ``python -m tests.mistakes.page``."""
    assert page.PAGE.read_text("utf-8") == page.page(told)
