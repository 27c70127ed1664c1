"""The English of the package: the faults that a program can find."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest

import streamkit

PACKAGE = Path(streamkit.__file__).parent
RIDDLE = re.compile(
    r"\s*((What|Where|How|Whether|Who|Whom|Whose|Which|When|Why)(ever)?|If|Told|It|They|There|Nobody|Somebody|Nothing)\b"
)
"""Words that no docstring begins with: it is a noun phrase or, of a class or function, begins with a verb."""
IS_NO = re.compile(r"(?<![Tt]here )\b(is|are|was|were) (no|none)\b(?! (longer|more|other)\b)")
"""As in "choices are no list" and "and this is none": "not a list" is meant."""
COMMA_NO = re.compile(r", no ([a-z]+|\{\}|%s)(?= but\b|[:;.]|$)")
"""As in "is an operator, no sink": "not a sink" is meant."""
LIST = re.compile(r"\b[Nn]o [a-z]+(, no [a-z]+)+")
"""What is missing, as in "no key, no network": plain English, which is left out before `COMMA_NO` is looked for."""
EXCEPTIONS = {
    "reasoning_effort is none, {} in {}, not {}": "none is one of the values",
}
"""Texts that are right as they are, and the reason."""

Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


parsed = lru_cache(1)(ast.parse)
"""The tree of a text; the last one is kept, as several rules look at each file."""


def docstring_faults(text: str) -> Iterator[str]:
    """Docstrings of modules, classes and functions that begin with one of the words of `RIDDLE`, and a missing one of
    the module."""
    tree = parsed(text)
    if not ast.get_docstring(tree):
        yield "no docstring"
    for node in ast.walk(tree):
        docstring = ast.get_docstring(node) if isinstance(node, Documented) else None
        if docstring and RIDDLE.match(docstring):
            yield f"{getattr(node, 'lineno', 1)}: {docstring.splitlines()[0]}"


def texts(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every string constant with its line, docstrings too. In an f-string each value is ``{}``."""
    parts: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts |= {id(part) for part in node.values}
            yield node.lineno, "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
            yield node.lineno, node.value


def text_faults(text: str) -> Iterator[str]:
    """Strings that say that something "is no" other thing, wherever they are."""
    for line, found in texts(parsed(text)):
        plain = " ".join(found.split())
        if plain not in EXCEPTIONS and (IS_NO.search(plain) or COMMA_NO.search(LIST.sub("", plain))):
            yield f"{line}: {plain}"


def package_files() -> list[Path]:
    files = sorted(PACKAGE.rglob("*.py"))
    assert len(files) > 250
    return files


def test_the_package_speaks_plainly():
    found, said = [], set()
    for path in package_files():
        text = path.read_text("utf-8")
        found += [f"{path.relative_to(PACKAGE)}:{fault}" for fault in [*docstring_faults(text), *text_faults(text)]]
        said |= {" ".join(one.split()) for _, one in texts(parsed(text))}
    assert found == []
    assert EXCEPTIONS.keys() <= said  # each is still needed


MODULE = '"""A module."""\n'


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ('"""What came, kept."""', 1),
        ('"""How a sink is put to work."""', 1),
        ('"""\nWhoever reads."""', 1),
        ("import json", 1),
        ('"""A sink that keeps every item in a list."""', 0),
        ('"""Howitzers."""', 0),
        ('"""Whole replies."""', 0),
        (MODULE + 'class A:\n    """Which items are kept."""', 1),
        (MODULE + 'def f():\n    """Whether it is open."""', 1),
        (MODULE + 'async def _f():\n    """If it is open."""', 1),
        (MODULE + 'class A:\n    def _f(self):\n        """It is called at the end."""', 1),
        (MODULE + 'def f():\n    """Told at the end."""', 1),
        (MODULE + 'def f():\n    """True if it is open."""\n\ndef g(): ...', 0),
    ],
)
def test_a_riddle_at_the_beginning_of_a_docstring_is_found(text: str, count: int):
    assert len(list(docstring_faults(text))) == count


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ('raise ValueError(f"choices are no list: {x}")', 1),
        ('def f():\n    LOGGER.warning("%s is no name", x)', 1),
        ('def reason(x):\n    return f"{x} is no sink"', 1),
        ('def reason(x):\n    return f"{x} is" f" no sink"', 1),
        ('TABLE = {int: "a number is no text", str: "a str is not a number"}', 1),
        ('raise SinkError.wrapping("this is no sink", exc)', 1),
        ("x = f\"{a if b else 'was no list'}\"", 1),
        ('x = "write one item, and this is none"', 1),
        ('x = f"{name} is an operator, no sink"', 1),
        ('x = f"{name} is an operator, no {wanted}"', 1),
        ('x = "an operator, no sink: write ops.attach"', 1),
        ('x = "an operator, no sink but one of a kind"', 1),
        ('def f():\n    """A text that is\n    no message."""', 1),
        ('raise ValueError("choices is not a list")', 0),
        ('raise ValueError("there is no loop, and it is no longer open")', 0),
        ('x = "There are none, and these are no more than two, and no other"', 0),
        ('x = "a recorded reply: no key, no network"', 0),
        ('x = "nothing was read, no matter what"', 0),
        ('x = f"the value is None, no key {x}"', 0),
        *((f"x = {text!r}", 0) for text in EXCEPTIONS),
    ],
)
def test_a_text_with_is_no_is_found(text: str, count: int):
    assert len(list(text_faults(text))) == count
