"""What users see on import: sorted names that exist, examples that run, and no side effects."""

from __future__ import annotations

import doctest
import importlib
import json
import pkgutil
import subprocess
import sys
from functools import cache
from importlib import metadata, resources
from pathlib import Path

import pytest

import streamkit

ROOT = Path(__file__).resolve().parents[1]
MODULES = ["streamkit"] + [
    found.name
    for found in pkgutil.walk_packages(streamkit.__path__, "streamkit.")
    if not found.name.endswith(".__main__")  # importing it runs it
]

WATCHED_IMPORT = """
import asyncio, json, os, sys, threading
import httpx, pydantic_core, reactivex  # what they do at import is theirs

seen = []

class Watched(type(os.environ)):
    def __getitem__(self, key):
        seen.append(f"reads the environment: {key}")
        return super().__getitem__(key)
    def __iter__(self):
        seen.append("reads the whole environment")
        return super().__iter__()

def watch(event, args):
    if event in {"socket.__new__", "subprocess.Popen"}:
        seen.append(event)

os.environ.__class__ = Watched
asyncio.BaseEventLoop.__init__ = lambda self: seen.append("makes an event loop")
threading.Thread.start = lambda self: seen.append("starts a thread")
sys.addaudithook(watch)
EXTRA
import streamkit
print(json.dumps({"seen": list(seen), "modules": list(sys.modules)}))
"""


AT_ONCE = {
    "blocks",
    *("batch", "batch.asking", "checks", "errors", "event_class", "events", "json_form", "json_values", "lazy"),
    *(
        "messages",
        "protocols",
        "rate_limits",
        "reply",
        "timing",
        "tool_calls",
        "turns",
        "turns.anthropic",
        "turns.assemble",
        "turns.chat",
        "turns.gemini",
        "turns.objects",
        "turns.ollama",
        "turns.origin",
        "turns.piece",
        "turns.responses",
        "turns.results",
        "turns.slots",
        "usage",
        "wording",
    ),
}
"""The modules of the package that ``import streamkit`` loads. A further one makes every program start later: let it be
imported where it is used."""


@cache
def loaded_by(module: str) -> frozenset[str]:
    """The modules that importing ``module`` loads in a fresh interpreter."""
    script = f"import sys; before = set(sys.modules); import {module}; print(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    return frozenset(done.stdout.split())


@cache
def watched_import(extra: str = "") -> tuple[list[str], list[str]]:
    """What happened during ``import streamkit`` in a fresh interpreter, and the modules it left loaded."""
    script = WATCHED_IMPORT.replace("EXTRA", extra)
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    report = json.loads(done.stdout)
    return report["seen"], report["modules"]


def constants_classes_functions(name: str) -> tuple[bool, bool, str]:
    """The order that `ruff check --fix` puts names in."""
    return not (name.isupper() and len(name) > 1), not name[0].isupper(), name


@pytest.mark.parametrize("name", MODULES)
def test_all_is_sorted_and_every_name_in_it_exists(name: str):
    module = importlib.import_module(name)
    names = getattr(module, "__all__", [])
    assert list(names) == sorted(set(names), key=constants_classes_functions)
    assert [name for name in names if not hasattr(module, name)] == []


def test_the_package_lists_its_public_names():
    assert streamkit.__all__
    assert set(streamkit.__all__) <= set(dir(streamkit))


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_give_what_they_show(name: str):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_import_has_no_side_effects():
    seen, _ = watched_import()
    assert seen == []


def test_import_loads_no_tokenizer_no_models_and_nothing_optional():
    _, modules = watched_import()
    assert {"openai", "httpx2", "pydantic", "reactivex.operators", "tiktoken", "uvloop"}.isdisjoint(modules)


def test_import_loads_few_modules_of_the_package_and_no_other_package():
    own = {name for name in loaded_by("streamkit") if name.partition(".")[0] == "streamkit"}
    assert own == {"streamkit", *(f"streamkit.{name}" for name in AT_ONCE)}
    others = {name.partition(".")[0] for name in loaded_by("streamkit") - own}
    assert others - set(sys.stdlib_module_names) == set()
    assert {"asyncio", "decimal", "pathlib", "ssl", "uuid"}.isdisjoint(others)


@pytest.mark.parametrize("room", ["errors", "events", "stages", "stages.usage", "tokens", "wire"])
def test_what_waits_for_nothing_loads_neither_asyncio_nor_rx_nor_httpx(room: str):
    assert {"asyncio", "httpx", "reactivex"}.isdisjoint(loaded_by(f"streamkit.{room}"))


def test_a_side_effect_would_be_noticed():
    acts = {
        "os.environ.get('HOME')": "reads the environment: HOME",
        "os.getenv('USER')": "reads the environment: USER",
        "dict(os.environ)": "reads the whole environment",
        "threading.Timer(1, int).start()": "starts a thread",
        "asyncio.BaseEventLoop()": "makes an event loop",
        "__import__('socket').socket()": "socket.__new__",
    }
    seen, _ = watched_import("; ".join(acts))
    assert {*acts.values()} - {*seen} == set()


def test_types_and_recordings_are_part_of_the_package():
    files = resources.files("streamkit")
    assert (files / "py.typed").is_file()
    assert [entry for entry in (files / "recordings").iterdir() if entry.name.endswith(".jsonl")]


def test_the_wheel_installs_nothing_but_the_package_and_its_command():
    package = Path(streamkit.__file__).parent
    if package == ROOT / "streamkit":
        pytest.skip("imported from the source tree: `make wheel-test` installs the wheel")
    tops = {file.parts[0] for file in metadata.files("streamkit-rx") or () if "bin" not in file.parts}
    assert tops == {"streamkit", f"streamkit_rx-{metadata.version('streamkit-rx')}.dist-info"}
