"""docs/security.md: each promise names a test, and every test that is named exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "security.md"

pytestmark = pytest.mark.skipif(not PAGE.exists(), reason="tests of an installed wheel: no documents around them")


def rows() -> list[str]:
    lines = PAGE.read_text("utf-8").splitlines()
    return [line for line in lines if line.startswith("|") and not re.match(r"\|(---|.*\| test \|$)", line)]


def named() -> list[tuple[str, str]]:
    return re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE.read_text("utf-8")) if PAGE.exists() else []


@pytest.mark.parametrize(("file", "test"), named())
def test_every_test_that_is_named_exists(file: str, test: str) -> None:
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    assert test in {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_every_line_of_a_table_names_one() -> None:
    assert len(rows()) == len(named()) > 30
    assert [row for row in rows() if "::test_" not in row] == []
