"""The English of the package: what can be seen without reading it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import streamkit

PACKAGE = Path(streamkit.__file__).parent
RIDDLE = re.compile(r"(What|Where|How|Whether|Who|Which|When|Told)\b")
"""What a docstring of a module must not begin with: it is a noun phrase that says what the file is."""
IS_NO = re.compile(r"(?<!there )\b(is|are|was|were) no\b(?! (longer|more|other))")
REPORTS = ("debug", "info", "warning", "error", "warn", "report")


def docstring_faults(text: str) -> Iterator[str]:
    docstring = ast.get_docstring(ast.parse(text))
    if not docstring:
        yield "no docstring"
    elif RIDDLE.match(docstring):
        yield docstring.splitlines()[0]


def message_faults(text: str) -> Iterator[str]:
    """Texts that are raised, logged or warned of, and say that something "is no" other thing."""
    for node in ast.walk(ast.parse(text)):
        is_report = isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in REPORTS
        if isinstance(node, ast.Raise) or is_report:
            for part in ast.walk(node):
                if isinstance(part, ast.Constant) and isinstance(part.value, str) and IS_NO.search(part.value):
                    yield f"{part.lineno}: {part.value}"


@pytest.mark.parametrize("faults", [docstring_faults, message_faults])
def test_the_package_speaks_plainly(faults):
    files = sorted(PACKAGE.rglob("*.py"))
    assert len(files) > 250
    found = [f"{path.relative_to(PACKAGE)}: {fault}" for path in files for fault in faults(path.read_text("utf-8"))]
    assert found == []


@pytest.mark.parametrize(
    ("faults", "text", "count"),
    [
        (docstring_faults, '"""What came, kept."""', 1),
        (docstring_faults, '"""How a sink is put to work."""', 1),
        (docstring_faults, "import json", 1),
        (docstring_faults, '"""A sink that keeps every item in a list."""', 0),
        (docstring_faults, '"""Howitzers."""', 0),
        (message_faults, 'raise ValueError(f"choices are no list: {x}")', 1),
        (message_faults, 'def f():\n    LOGGER.warning("%s is no name", x)', 1),
        (message_faults, 'raise ValueError("choices is not a list")', 0),
        (message_faults, 'raise ValueError("there is no loop, and it is no longer open")', 0),
        (message_faults, 'x = "this is no message"', 0),
    ],
)
def test_what_is_looked_for_is_found(faults, text: str, count: int):
    assert len(list(faults(text))) == count
