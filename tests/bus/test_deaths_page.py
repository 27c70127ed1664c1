"""The page on several processes says what is lost when something dies, as it stands above the tests of that."""

from __future__ import annotations

from itertools import takewhile
from pathlib import Path

import pytest

from .test_deaths import ROWS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "several-processes.md"
HEAD = ["| what dies | what followers get | what is lost |", "|---|---|---|"]


@pytest.mark.skipif(not PAGE.exists(), reason="tests of an installed wheel: no documents around them")
def test_each_row_of_the_table_is_tested_and_each_test_has_its_row() -> None:
    lines = PAGE.read_text("utf-8").splitlines()
    table = list(takewhile(lambda line: line.startswith("|"), lines[lines.index(HEAD[0]) :]))
    assert table == [*HEAD, *ROWS]
