"""Imports between rooms, by the rules of `tests.house`."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.house import PUBLIC
from tests.layers import House, imports, the_house

ROOT = Path(__file__).resolve().parents[1]


def test_every_module_imports_only_what_its_room_may():
    house = the_house()
    assert len(house.modules) > 250
    assert house.faults() == []


def user_faults(folder: Path, house: House) -> list[str]:
    """What the scripts of ``folder`` import from ``streamkit`` that is not a public name."""
    return [
        f"{folder.name}/{path.name}:{found.line}: {found.target} is not public"
        for path in sorted(folder.rglob("*.py"))
        for found in imports(ast.parse(path.read_bytes()), folder.name)
        if not _is_public(found.target, house)
    ]


def _is_public(target: str, house: House) -> bool:
    match target.split("."):
        case ["streamkit"]:
            return True
        case ["streamkit", name]:
            return name in PUBLIC or name in house.modules[""].public
        case ["streamkit", place, name]:
            return place in PUBLIC and name in house.modules[place].public
        case [top, *_]:
            return top != "streamkit"
    return True


@pytest.mark.parametrize("folder", ["pipelines", "examples"])
def test_scripts_import_only_public_names(folder: str):
    assert list((ROOT / folder).glob("*.py"))
    assert user_faults(ROOT / folder, the_house()) == []


# -- the checker itself ------------------------------------------------------------------------------------------------

ALLOWED = {
    "__init__.py": "from .engine.runs import run\n__all__ = ['run']",
    "errors.py": "import json",
    "protocols.py": "import json",
    "worker.py": "from .errors import StreamkitError",
    "events.py": "import json\nif TYPE_CHECKING:\n    from reactivex import Observable",
    "lazy.py": "def lazily(package, homes): ...",
    "stages/__init__.py": "from .fold import Fold, Kept\n__all__ = ['Fold']",
    "stages/fold.py": "from ..errors import StreamkitError",
    "stages/fold.pyi": "class Fold: ...",
    "stages/pieces.py": "from .rewriting import Scan",
    "stages/rewriting/__init__.py": (
        "if TYPE_CHECKING:\n    from .scan import Scan\n__all__ = ['Scan']\n"
        "if not TYPE_CHECKING:\n    __getattr__ = lazily(__name__, {'scan': 'Scan'})"
    ),
    "stages/rewriting/scan.py": "from ..fold import Fold",
    "stages/usage/__init__.py": "",
    "stages/usage/meter.py": "from ...tokens import Counter\nfrom .. import fold",
    "tokens/__init__.py": "from .encodings import Counter\n__all__ = ['Counter']",
    "tokens/encodings.py": "def load(name):\n    import tiktoken",
    "wire/__init__.py": "__all__ = []",
    "wire/sse.py": "from pydantic_core import from_json\nfrom ..errors import TooLargeError\nfrom . import lines",
    "wire/lines.py": "from ..stages import Kept",
    "wire/openai/__init__.py": "from .chat import CHAT\n__all__ = ['CHAT']",
    "wire/openai/chat.py": "from ..sse import Decoder",
    "wire/ollama/__init__.py": "",
    "engine/__init__.py": "",
    "engine/loops/__init__.py": "from .loop import on_loop\n__all__ = ['on_loop']",
    "engine/loops/loop.py": "import asyncio",
    "engine/upstream/__init__.py": "from .gate import Gate\n__all__ = ['Gate']",
    "engine/upstream/gate.py": "from ..loops import on_loop",
    "engine/runs/__init__.py": "from .run import run\n__all__ = ['run']",
    "engine/runs/run.py": "def run():\n    from ..upstream import Gate",
    "sinks/__init__.py": "__all__ = []",
    "sinks/console.py": "from ..stages.rewriting import Scan",
    "sources/__init__.py": "",
    "sources/items.py": "from .http import Client",
    "sources/http/__init__.py": "from .client import Client\n__all__ = ['Client']",
    "sources/http/client.py": "import httpx",
    "operators/__init__.py": "from .texts import text\n__all__ = ['text']",
    "operators/texts.py": "from ..stages import Fold\nfrom .lift import _lift",
    "operators/lift.py": "_lift = text = 1",
    "operators/timing.py": "from ..engine.upstream import Gate",
    "edges/__init__.py": "",
    "edges/cli/__init__.py": "import streamkit as sk\nfrom streamkit import sinks\ndef serve():\n    import uvloop",
}
"""A small house without a fault."""

FORBIDDEN = {
    "past the face": {
        "a file that is named like a name": ("edges/cli/__init__.py", "import streamkit.engine.runs.run as running"),
        "behind a stub": ("stages/fold.py", "from .rewriting.scan import Scan"),
        "past a face": ("operators/timing.py", "from ..engine.upstream.gate import Gate"),
        "past a face, a module as a name": ("operators/timing.py", "from ..engine.upstream import gate, Gate"),
        "past a face, absolute": ("operators/timing.py", "from streamkit.engine.upstream.gate import Gate"),
        "past a face, in one word": ("operators/timing.py", "import streamkit.engine.upstream.gate"),
        "past a face, in a function": ("sources/items.py", "def chat():\n    from .http.client import Client"),
        "past a face, for typing": ("sources/items.py", "if TYPE_CHECKING:\n    from .http.client import Client"),
        "past a face, by name": ("sources/items.py", "importlib.import_module('.http.client', __package__)"),
        "past a face, lazily": ("sources/__init__.py", "__getattr__ = lazily(__name__, {'http.client': 'Client'})"),
        "past the face of a room within": ("stages/pieces.py", "from .rewriting.scan import Scan"),
        "past the face of a room beside it": ("stages/usage/meter.py", "from ..rewriting.scan import Scan"),
        "past a face, from the package itself": ("__init__.py", "from .engine.runs.run import run\n__all__ = ['run']"),
    },
    "face of a room around": {
        "its own face": ("wire/sse.py", "from . import Decoder"),
        "the face of the room around it": ("stages/rewriting/scan.py", "from .. import Fold"),
    },
    "no other room takes": {
        "a name that nobody takes": (
            "engine/loops/__init__.py",
            "from .loop import loop_of, on_loop\n__all__ = ['loop_of', 'on_loop']",
        ),
        "a house name that nobody takes": (
            "stages/__init__.py",
            "from .fold import Fold, Kept, Other\n__all__ = ['Fold']",
        ),
    },
    "not offered": {
        "private names of another room": ("operators/timing.py", "from ..engine.upstream import _wake"),
        "a name outside of the list": ("edges/cli/__init__.py", "from ...engine.runs import Run"),
    },
    "as a whole": {
        "a room as a name": ("operators/timing.py", "from ..engine import upstream"),
        "all of its names": ("operators/timing.py", "from ..engine.upstream import *"),
    },
    "computed": {
        "a table that is not written there": ("sources/__init__.py", "__getattr__ = lazily(__name__, HOMES)"),
        "a name that is made up": ("operators/timing.py", "import_module(f'streamkit.{room}')"),
        "by keyword": ("operators/timing.py", "importlib.import_module(name='streamkit.sinks')"),
    },
    "private to": {
        "private names of the foundation": ("wire/sse.py", "from ..errors import _Worded"),
    },
    "above it": {
        "upwards in the foundation": ("errors.py", "from .worker import Worker"),
        "upwards": ("wire/sse.py", "from ..engine.upstream import Gate"),
        "upwards, absolute": ("wire/sse.py", "from streamkit.engine.upstream import Gate"),
        "upwards, a room as a name": ("stages/fold.py", "from .. import operators"),
        "upwards, for typing": ("errors.py", "if TYPE_CHECKING:\n    from .engine.runs import run"),
        "upwards, in a method": (
            "engine/runs/run.py",
            "class Run:\n    def go(self):\n        from ...sinks import console",
        ),
        "upwards, by name": ("engine/runs/run.py", "def run():\n    return importlib.import_module('streamkit.sinks')"),
        "upwards, lazily": (
            "stages/__init__.py",
            "from .fold import Fold, Kept\n__all__ = ['Fold']\nlazily(__name__, {'.tokens': 'Counter'})",
        ),
        "upwards in the engine": ("engine/upstream/gate.py", "from ..runs import run"),
        "wire in stages": ("stages/fold.py", "from ..wire import sse"),
        "tokens in wire": ("wire/lines.py", "from ..stages import Kept\nfrom ..tokens import Counter"),
        "operators in sources": ("sources/items.py", "from ..operators import text"),
        "a network client in a sink": ("sinks/console.py", "from ..sources.http import Client"),
        "sources in their room for http": ("sources/http/client.py", "from ..items import stream"),
        "an API in what is common to all": ("wire/lines.py", "from ..stages import Kept\nfrom .openai import CHAT"),
        "operators in sinks": ("sinks/console.py", "from ..operators import text"),
    },
    "beside it": {
        "beside in the foundation": ("worker.py", "from .protocols import Op"),
        "one API in another": ("wire/ollama/__init__.py", "from ..openai import CHAT"),
    },
    "way of others": {
        "a circle": ("wire/lines.py", "from ..stages import Kept\nfrom .sse import Decoder"),
        "a circle in functions": ("operators/lift.py", "_lift = text = 1\ndef lift():\n    from .texts import text"),
    },
    "must not import": {
        "an API outside of wire": ("tokens/encodings.py", "from ..wire.openai import CHAT\nCounter = 1"),
        "tokens in the engine": ("engine/upstream/gate.py", "from ...tokens import Counter\nGate = 1"),
        "httpx in sources of another kind": ("sources/items.py", "import httpx"),
        "packages where no type checker is": ("stages/pieces.py", "if not typing.TYPE_CHECKING:\n    import reactivex"),
        "sinks in operators": ("operators/timing.py", "from .. import sinks"),
        "standard library only": ("events.py", "import httpx"),
        "waiting in wire": ("wire/sse.py", "def feed(self):\n    import asyncio.queues"),
        "else of a typing block": ("stages/fold.py", "if typing.TYPE_CHECKING:\n    pass\nelse:\n    import httpx"),
        "reactivex in stages": ("stages/fold.py", "from reactivex import operators"),
        "asyncio in operators": ("operators/timing.py", "from asyncio import sleep"),
        "reactivex in sinks": ("sinks/console.py", "def sink():\n    import reactivex"),
    },
    "only inside a function": {
        "model library at import": ("errors.py", "from pydantic import TypeAdapter"),
        "optional at import": ("edges/cli/__init__.py", "import uvloop"),
    },
    "no place": {
        "a file among the rooms of the engine": ("engine/helper.py", "import json"),
        "a room more in the engine": ("engine/extra/__init__.py", "import json"),
        "a room of wire that is not named": ("wire/mistral/__init__.py", "import json"),
        "a module without a room": ("helpers.py", "import json"),
        "a room that nobody knows": ("helpers/__init__.py", "import json"),
    },
    "the package itself": {
        "the package itself": ("operators/timing.py", "import streamkit as sk"),
    },
}
"""By what is said of it: one file of that house instead."""


def plant(folder: Path, files: dict[str, str]) -> House:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return House(folder)


def test_what_the_rules_allow_is_not_a_fault(tmp_path: Path):
    assert plant(tmp_path, ALLOWED).faults() == []


@pytest.mark.parametrize(("reason", "case"), [(reason, case) for reason, cases in FORBIDDEN.items() for case in cases])
def test_a_planted_violation_is_found(tmp_path: Path, reason: str, case: str):
    name, text = FORBIDDEN[reason][case]
    faults = plant(tmp_path, ALLOWED | {name: text}).faults()
    assert any(fault.startswith(f"{name}:") and reason in fault for fault in faults), faults


@pytest.mark.parametrize(
    ("line", "faults"),
    [
        ("import streamkit as sk\nfrom streamkit import Reply, operators as ops, sinks, testing", 0),
        ("from streamkit.stages import Segments\nimport reactivex, asyncio", 0),
        ("from streamkit.stages import OpenCalls", 1),
        ("from streamkit import engine", 1),
        ("from streamkit import worker", 1),
        ("from streamkit.engine.runs import Run", 1),
        ("from streamkit.edges.cli import main", 1),
        ("from streamkit.operators.texts import text", 1),
        ("from streamkit.testing import _loop", 1),
        ("def build():\n    import streamkit.engine.runs", 1),
    ],
)
def test_a_script_may_use_public_names_only(tmp_path: Path, line: str, faults: int):
    (tmp_path / "script.py").write_text(line)
    assert len(user_faults(tmp_path, the_house())) == faults
