"""Rules for the tests themselves: they look at behaviour, and do not wait by the clock."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TESTS = {path.relative_to(ROOT / "tests").as_posix(): path for path in (ROOT / "tests").rglob("*.py")}

ALLOWED = {
    ("combine/test_sharing.py", "_subscribe_core"): "the method of Rx for an observer without rules",
    ("connections.py", "_all"): "no server and no caller sees a connection that is never used again",
    ("connections.py", "_pools"): "the same",
    ("connections.py", "_pool"): "of httpcore",
    ("connections.py", "_requests"): "of httpcore",
    ("connections.py", "_transport"): "of httpx",
    ("engine/test_atwork.py", "_claims"): "runs whose loops stand still leave theirs to the next test",
    ("operators/test_tokens.py", "_load"): "loading is what must not happen",
    ("operators/test_tokens.py", "_loaded"): "what other tests have loaded stays",
    ("sources/test_idle.py", "_scheduled"): "of asyncio",
    ("sources/test_idle.py", "_pool"): "of httpcore",
    ("sources/test_idle.py", "_transport"): "of httpx",
    ("stages/test_json.py", "_end"): "the characters that expressions look at are counted, which cost no steps",
    ("conftest.py", "_default"): "the client of the process, of which each test has its own",
}
"""Private names of the package that tests use all the same, with the reason."""

CLOCKS = {"sleep", "time", "monotonic", "perf_counter", "process_time"}
BY_THE_CLOCK = {
    "bus/scenes.py": "a random moment, at which a process of a slow test is killed",
    "costs.py": "for slow tests",
    "engine/ways_out.py": "random moments, in a process of a slow test",
    "faults/harness.py": "for slow tests",
    "faults/server.py": "when a request came, for slow tests",
    "sinks/test_kill.py": "a random moment within a call of the system, at which a process is killed",
    "engine/test_mailbox_matrix.py": "a sink that blocks; its tests are slow",
    "scripted/test_hostile.py": "a client of slow tests",
    "test_threads.py": "real time that must not count",
    "waiting.py": "the one way to wait for what has no event",
}
"""Files whose tests of the default run, or helpers, use a real clock, with the reason."""

pytestmark = pytest.mark.skipif(
    not (ROOT / "streamkit").is_dir(), reason="tests of an installed wheel: there is no package beside them"
)


def defined(text: str) -> set[str]:
    """Private names that code defines: classes, functions, attributes, variables of the module."""
    return {*re.findall(r"(?:\b(?:def|class) |\bself\.|^)(_[a-z]\w*[a-z0-9])\b", text, re.MULTILINE)}


def reached(tree: ast.AST) -> Iterator[str]:
    """Names that code takes from other objects and modules, or patches in them; also in programs within strings."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(attr=name) if not (
                isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
            ):
                yield name
            case ast.ImportFrom(names=names):
                yield from (one.name for one in names)
            case ast.Call(func=ast.Attribute(attr="setattr" | "delattr") | ast.Name(id="getattr" | "setattr")):
                texts = (one.value for one in node.args if isinstance(one, ast.Constant))
                yield from (text.rpartition(".")[2] for text in texts if isinstance(text, str))
            case ast.Constant(value=str(text)):
                yield from re.findall(r"\.(_[a-z]\w*)", text)


def used_clocks(tree: ast.AST) -> Iterator[int]:
    """The lines with a clock or a wait of the module `time`, except in slow tests."""
    for node in ast.iter_child_nodes(tree):
        match node:
            case ast.Assign(targets=[ast.Name(id="pytestmark")]) if "mark.slow" in ast.unparse(node.value):
                return
    pending = [tree]
    while pending:
        node = pending.pop()
        if any("mark.slow" in ast.unparse(one) for one in getattr(node, "decorator_list", ())):
            continue
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="time"), attr="sleep"), args=[ast.Constant(value=0)]):
                continue  # another thread may run
            case ast.Attribute(value=ast.Name(id="time"), attr=name) if name.removesuffix("_ns") in CLOCKS:
                yield node.lineno
            case ast.ImportFrom(module="time"):
                yield node.lineno
        pending += ast.iter_child_nodes(node)


def test_no_test_reaches_into_private_names_of_the_package():
    private = set().union(*(defined(path.read_text("utf-8")) for path in (ROOT / "streamkit").rglob("*.py")))
    assert len(private) > 1000
    found = set()
    for name, path in TESTS.items():
        text = path.read_text("utf-8")
        suspects = (private & {*re.findall(r"\b_\w+", text)}) - defined(text)
        if suspects and path != Path(__file__):
            found |= {(name, one) for one in suspects & {*reached(ast.parse(text))}}
    assert found - ALLOWED.keys() == set()
    assert ALLOWED.keys() - found == set()


def test_no_test_of_the_default_run_uses_a_clock():
    found = {}
    for name, path in TESTS.items():
        text = path.read_text("utf-8")
        if re.search(r"\btime\.|from time ", text) and not name.startswith("benchmarks/"):
            found[name] = list(used_clocks(ast.parse(text)))
    found = {name: lines for name, lines in found.items() if lines}
    assert {name: lines for name, lines in found.items() if name not in BY_THE_CLOCK} == {}
    assert BY_THE_CLOCK.keys() - found.keys() == set()


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("run._driver.result", "_driver"),
        ("from streamkit.edges.cli import _parser", "_parser"),
        ("monkeypatch.setattr(module, '_line', 1)", "_line"),
        ("monkeypatch.setattr('streamkit.sources.Recorder._line', 1)", "_line"),
        ("script('client._pools')", "_pools"),
    ],
)
def test_a_private_name_would_be_found(code: str, name: str):
    assert name in reached(ast.parse(code))


@pytest.mark.parametrize("mark", ["", "@pytest.mark.slow\n"])
def test_a_clock_would_be_found(mark: str):
    code = f"{mark}def test():\n    time.sleep(1)\n    began = time.perf_counter_ns()"
    assert len([*used_clocks(ast.parse(code))]) == (0 if mark else 2)
