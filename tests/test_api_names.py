"""Outside `streamkit.wire` nothing is decided by the name of an API: what differs between APIs is asked of `Api`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import streamkit
from streamkit.wire import APIS

PACKAGE = Path(streamkit.__file__).parent
NAMES = frozenset(APIS)


def faults(source: str) -> list[int]:
    """The lines that compare a text with the name of an API, or keep a list of such names."""
    return sorted({node.lineno for node in ast.walk(ast.parse(source)) if _decides(node)})


def _decides(node: ast.AST) -> bool:
    match node:
        case ast.Compare(left=left, comparators=others):
            return any(name in NAMES for one in (left, *others) for name in _texts(one))
        case ast.MatchValue(value=value):
            return any(name in NAMES for name in _texts(value))
        case ast.Call(func=ast.Attribute(attr="startswith" | "endswith"), args=[first, *_]):
            return any(name in NAMES for name in _texts(first))
        case ast.Dict(keys=keys):
            return len([key for key in keys if key is not None and NAMES.intersection(_texts(key))]) > 1
        case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
            return len([one for one in items if NAMES.intersection(_texts(one))]) > 1
    return False


def _texts(node: ast.AST) -> Iterator[str]:
    """The texts that are compared: that of a constant, or those in a tuple, list or set."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.Tuple | ast.List | ast.Set):
        for item in node.elts:
            yield from _texts(item)


def test_no_file_outside_wire_compares_an_apis_name():
    files = [path for path in sorted(PACKAGE.rglob("*.py")) if path.relative_to(PACKAGE).parts[0] != "wire"]
    assert len(files) > 100
    assert [f"{path.relative_to(PACKAGE)}:{line}" for path in files for line in faults(path.read_text())] == []


@pytest.mark.parametrize(
    "planted",
    [
        'if api == "responses": pass',
        'if "completions" != api: pass',
        'if api in ("chat", "responses"): pass',
        'flat = api.startswith("responses")',
        'match api:\n    case "chat": pass',
        'PATHS = {"chat": "chat/completions", "completions": "completions"}',
        'APIS = ["chat", "completions"]',
        'Api = Literal["chat", "completions", "responses"]',
    ],
)
def test_a_planted_comparison_is_found(planted: str):
    assert faults(planted) == [planted.count("\n") + 1]


@pytest.mark.parametrize("allowed", ['api: str = "chat"', 'APIS["chat"].access', 'add_parser("chat")', 'x == "stop"'])
def test_a_name_by_itself_decides_nothing(allowed: str):
    assert faults(allowed) == []
