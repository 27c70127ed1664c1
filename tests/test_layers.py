"""Who may import what. The checker reads syntax trees, so imports inside functions count too."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import streamkit

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = Path(streamkit.__file__).parent


@dataclass(frozen=True)
class Room:
    """``height`` orders rooms; ``needs`` may be imported anywhere, ``lazy`` inside functions, ``never`` not at all."""

    height: int
    needs: frozenset[str] = frozenset()
    lazy: frozenset[str] = frozenset()
    never: frozenset[str] = frozenset()


def room(height: int, needs: str = "", lazy: str = "", never: str = "") -> Room:
    return Room(height, *(frozenset(names.split()) for names in (needs, lazy, never)))


LOWEST = (
    "checks clean errors events jsonform lazy mathematics messages plain protocols runtimes shape shown toolcalls "
    "usage validation worker"
)
FOUNDATION = room(0, lazy="pydantic")
EDGE = room(4, "h11 httpx pydantic_core reactivex", "*")
ROOMS = {
    **dict.fromkeys(LOWEST.split(), FOUNDATION),
    "wire": room(1, "pydantic_core", "pydantic", never="asyncio"),
    "stages": room(1, lazy="regex sentencex", never="asyncio"),
    "tokens": room(1, lazy="bpe_openai tiktoken"),
    "engine": room(2, "reactivex"),
    "sources": room(3, "httpx pydantic_core reactivex", "httpx2 openai pydantic"),
    "operators": room(3, "reactivex", never="asyncio httpx streamkit.sinks"),
    "sinks": room(3, lazy="*", never="httpx httpx2 reactivex streamkit.operators"),
    "bus": room(3, "reactivex", "*"),
    **dict.fromkeys(("__main__", "batch", "edges", "testing"), EDGE),
    "": room(5),  # streamkit/__init__.py gathers the public names
}
"""Third-party imports are listed, the standard library is free, and whatever is lower in the house may be imported."""

PUBLIC = {"batch", "errors", "events", "operators", "protocols", "sinks", "stages", "testing", "tokens", "wire"}
"""What pipelines and examples may import besides `streamkit` itself, without going deeper."""


@dataclass(frozen=True)
class Import:
    line: int
    target: str  # the dotted module or name
    inside: str  # "module", "function" or "typing"


def imports(tree: ast.Module, package: str) -> Iterator[Import]:
    """Every import of a module that lies in ``package``, relative ones resolved."""
    pending: list[tuple[ast.AST, str]] = [(tree, "module")]
    while pending:
        node, inside = pending.pop()
        for target in _targets(node, package):
            yield Import(getattr(node, "lineno", 0), target, inside)
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            pending += [(child, "typing") for child in node.body]
            pending += [(child, inside) for child in node.orelse]
            continue
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            inside = "function" if inside == "module" else inside
        pending += [(child, inside) for child in ast.iter_child_nodes(node)]


def _targets(node: ast.AST, package: str) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [alias.name for alias in names]
        case ast.ImportFrom(module=module, names=names, level=level):
            source = _resolve("." * level + (module or ""), package)
            return [f"{source}.{alias.name}" for alias in names]
        case ast.Call(func=func, args=[ast.Constant(value=str(name)), *_]) if ast.unparse(func).endswith(
            ("import_module", "__import__")
        ):
            return [_resolve(name, package)]
        case _:
            return []


def _resolve(name: str, package: str) -> str:
    level = len(name) - len(name.lstrip("."))
    if not level:
        return name
    base = package.split(".")[: len(package.split(".")) - level + 1]
    return ".".join([*base, name.lstrip(".")]).rstrip(".")


def room_of(target: str) -> str:
    """``streamkit.wire.sse.Decoder`` lies in ``wire``, a name of the package itself in ``""``."""
    second = f"{target}.".split(".")[1]
    return second if second in ROOMS else ""


def house_faults(package: Path) -> list[str]:
    """What the modules of ``streamkit`` import against the rules, as ``file:line: reason``."""
    faults = []
    for path in sorted(package.rglob("*.py")):
        parts = ["streamkit", *path.relative_to(package).with_suffix("").parts]
        name = "" if parts[1] == "__init__" else parts[1]
        if name not in ROOMS:
            faults.append(f"{path.name}:1: {name} has no place in the house")
            continue
        found = imports(ast.parse(path.read_bytes()), ".".join(parts[:-1]))
        reasons = ((one.line, _fault(name, one)) for one in found)
        faults += [f"{path.relative_to(package)}:{line}: {reason}" for line, reason in reasons if reason]
    return faults


def _fault(name: str, found: Import) -> str | None:
    here, target = ROOMS[name], found.target
    top = target.partition(".")[0]
    if top == "streamkit":
        there = room_of(target)
        if f"streamkit.{there}" in here.never:
            return f"{name} must not import {there}"
        if there == "" and here is EDGE:  # edges are users of the public names
            return None
        if ROOMS[there].height > here.height:
            return f"{name} imports {target}, which is above it"
        if there != name and any(part.startswith("_") for part in target.split(".")[2:]):
            return f"{target} is private to {there}"
        return None
    if found.inside == "typing":
        return None
    if top in here.never:
        return f"{name} must not import {top}"
    if top in sys.stdlib_module_names or top in here.needs:
        return None
    if here.lazy & {top, "*"}:
        return None if found.inside == "function" else f"{name} may import {top} only inside a function"
    return f"{name} must not import {top}"


def user_faults(folder: Path) -> list[str]:
    """What the scripts of ``folder`` import from ``streamkit`` that is no public name."""
    return [
        f"{folder.name}/{path.name}:{found.line}: {found.target} is not public"
        for path in sorted(folder.rglob("*.py"))
        for found in imports(ast.parse(path.read_bytes()), folder.name)
        if not _is_public(found.target)
    ]


def _is_public(target: str) -> bool:
    match target.split("."):
        case ["streamkit", name]:
            return name in PUBLIC or not (name in ROOMS or name.startswith("_"))
        case ["streamkit", place, name]:
            return place in PUBLIC and not name.startswith("_")
        case [top, *deeper]:
            return top != "streamkit" or not deeper
    return True


def test_every_module_imports_only_what_its_room_may():
    assert list(PACKAGE.rglob("*.py"))
    assert house_faults(PACKAGE) == []


@pytest.mark.parametrize("folder", ["pipelines", "examples"])
def test_scripts_import_only_public_names(folder: str):
    assert list((ROOT / folder).glob("*.py"))
    assert user_faults(ROOT / folder) == []


ALLOWED = {
    "events.py": "import json\nif TYPE_CHECKING:\n    from reactivex import Observable",
    "wire/sse.py": "from pydantic_core import from_json\nfrom ..errors import TooLargeError\nfrom . import lines",
    "tokens/encodings.py": "def load(name):\n    import tiktoken",
    "engine/loops/loop.py": "import asyncio, reactivex\nfrom streamkit.wire import sse",
    "operators/texts.py": "from .. import engine\nfrom ..stages import Segments\nfrom .lift import _lift",
    "edges/cli.py": "import streamkit as sk\nfrom streamkit import sinks\ndef serve():\n    import uvloop",
    "__init__.py": "from .engine.run import run",
}
FORBIDDEN = {
    "standard library only": ("events.py", "import httpx"),
    "model library at import": ("validation.py", "from pydantic import TypeAdapter"),
    "upwards": ("wire/sse.py", "from ..engine import gate"),
    "upwards, absolute": ("wire/sse.py", "from streamkit.engine.upstream.gate import Gate"),
    "upwards, a room as a name": ("stages/fold.py", "from .. import operators"),
    "upwards, for typing": ("errors.py", "if TYPE_CHECKING:\n    from .engine import Run"),
    "upwards, in a method": (
        "engine/runs/run.py",
        "class Run:\n    def go(self):\n        from ..sinks import console",
    ),
    "upwards, by name": ("engine/runs/run.py", "def go():\n    return importlib.import_module('streamkit.sinks')"),
    "the package itself": ("operators/texts.py", "import streamkit as sk"),
    "waiting in wire": ("wire/sse.py", "def feed(self):\n    import asyncio.queues"),
    "else of a typing block": ("stages/fold.py", "if typing.TYPE_CHECKING:\n    pass\nelse:\n    import httpx"),
    "reactivex in stages": ("stages/fold.py", "from reactivex import operators"),
    "asyncio in operators": ("operators/timing.py", "from asyncio import sleep"),
    "sinks in operators": ("operators/observe.py", "from ..sinks import jsonl"),
    "operators in sinks": ("sinks/console.py", "from ..operators.text import text"),
    "reactivex in sinks": ("sinks/console.py", "def sink():\n    import reactivex"),
    "optional at import": ("edges/cli.py", "import uvloop"),
    "private names of another room": ("sources/http/client.py", "from ..engine.gate import _wake"),
    "a module without a room": ("helpers.py", "import json"),
}


def plant(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_what_the_rules_allow_is_no_fault(tmp_path: Path):
    assert house_faults(plant(tmp_path, ALLOWED)) == []


@pytest.mark.parametrize("case", FORBIDDEN)
def test_a_planted_violation_is_found(tmp_path: Path, case: str):
    name, text = FORBIDDEN[case]
    (fault,) = house_faults(plant(tmp_path, ALLOWED | {name: text}))
    assert name in fault


@pytest.mark.parametrize(
    ("line", "faults"),
    [
        ("import streamkit as sk\nfrom streamkit import Reply, operators as ops, sinks, testing", 0),
        ("from streamkit.stages import Segments\nimport reactivex, asyncio", 0),
        ("from streamkit import engine", 1),
        ("from streamkit.engine import Run", 1),
        ("from streamkit.edges.cli import main", 1),
        ("from streamkit.operators.texts import text", 1),
        ("from streamkit.testing import _loop", 1),
        ("def build():\n    import streamkit.engine.runs.run", 1),
    ],
)
def test_a_script_may_use_public_names_only(tmp_path: Path, line: str, faults: int):
    assert len(user_faults(plant(tmp_path, {"script.py": line}))) == faults
