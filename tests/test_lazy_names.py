"""Packages whose names are imported when they are first asked for: what a misspelt one gets, and what still works."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
import typing
from pathlib import Path

import pytest
from reactivex import Observable

import streamkit as sk
from streamkit.protocols import Op

PACKAGE = Path(sk.__file__).parent
LAZY = {"streamkit": "Cliemt", "streamkit.stages": "JsonItms", "streamkit.wire": "Encodr", "streamkit.batch": "Leger"}
MEANT = {
    "streamkit": "Client",
    "streamkit.stages": "JsonItems",
    "streamkit.wire": "Encoder",
    "streamkit.batch": "Ledger",
}


def test_each_lists_its_names():
    packages = [path.parent for path in PACKAGE.rglob("__init__.py") if "def __dir__" in path.read_text("utf-8")]
    assert len(packages) > 8
    for package in packages:
        module = importlib.import_module(".".join(package.relative_to(PACKAGE.parent).parts))
        assert set(module.__all__) <= set(dir(module))


@pytest.mark.parametrize("package", LAZY)
def test_a_misspelt_name_is_told_with_the_one_that_was_meant(package):
    module = importlib.import_module(package)
    with pytest.raises(AttributeError) as caught:
        getattr(module, LAZY[package])
    told = f"module {package!r} has no attribute {LAZY[package]!r}: did you mean {MEANT[package]!r}?"
    assert str(caught.value) == told
    assert caught.value.name == LAZY[package]


@pytest.mark.parametrize("name", ["quite_another_thing", "__wrapped__", "_repr_html_"])
def test_what_is_near_to_nothing_and_what_tools_ask_for_gets_no_guess(name):
    with pytest.raises(AttributeError, match=f"^module 'streamkit' has no attribute '{name}'$"):
        getattr(sk, name)


def test_python_says_it_once():
    """Not a second time where it prints the traceback."""
    done = subprocess.run([sys.executable, "-c", "import streamkit as sk\nsk.Cliemt"], capture_output=True, text=True)
    assert done.stderr.count("did you mean") + done.stderr.count("Did you mean") == 1


@pytest.mark.parametrize("package", LAZY)
def test_star_imports_and_dir_have_every_name(package):
    module = importlib.import_module(package)
    names: dict[str, object] = {}
    exec(f"from {package} import *", names)
    assert set(module.__all__) <= names.keys()
    assert set(module.__all__) <= set(dir(module))


def run_script(code: str) -> str:
    """What ``code`` prints in a process of its own."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout


def test_a_name_is_there_like_any_other_once_it_has_been_used():
    code = "import streamkit as sk; print('run' in vars(sk)); run = sk.run; print(run is vars(sk)['run'])"
    assert run_script(code).split() == ["False", "True"]


THREADS = """
import sys, threading
import streamkit as sk

def use(name):
    start.wait()
    getattr(sk, name)
    used.append(name)

names, used = [name for name in sk.__all__ if name not in vars(sk)], []
sys.setswitchinterval(1e-5)
start = threading.Barrier(len(names))
threads = [threading.Thread(target=use, args=(name,)) for name in names]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(len(names) > 20, sorted(used) == sorted(names))
"""


@pytest.mark.slow
def test_many_threads_may_be_the_first_to_use_names():
    assert run_script(THREADS).split() == ["True", "True"]


LATE = """
import threading
import streamkit as sk

def work():
    threading.main_thread().join()
    print(sk.run(sk.from_text("begun late").pipe(sk.ops.map_async(slowly))).text)

async def slowly(event):
    return event

threading.Thread(target=work).start()
"""


@pytest.mark.slow
def test_a_thread_may_be_the_first_to_use_names_when_the_main_thread_has_ended():
    """Python registers no further exit hooks then."""
    assert run_script(LATE) == "begun late\n"


@pytest.mark.parametrize("package", ["stages", "wire"])
def test_a_public_package_is_an_attribute_before_anything_has_imported_it(package):
    """Programs wrote ``sk.stages`` while ``import streamkit`` happened to load it."""
    assert run_script(f"import streamkit as sk; print(sk.{package}.__name__)") == f"streamkit.{package}\n"
    assert package not in sk.__all__


# -- names of earlier versions -----------------------------------------------------------------------------------------


RENAMED = [("streamkit.tokens", "Gauge", "ReplyTokens")]


@pytest.mark.parametrize(("package", "old", "new"), RENAMED)
def test_an_old_name_gives_the_new_class_with_a_deprecation_warning_at_the_caller(package, old, new):
    module = importlib.import_module(package)
    message = f"^{re.escape(package)}.{old} was renamed: use {re.escape(package)}.{new}$"
    with pytest.warns(DeprecationWarning, match=message) as caught:
        value = getattr(module, old)
    assert value is getattr(module, new)
    assert caught[0].filename == __file__
    with pytest.warns(DeprecationWarning, match=message) as caught:
        exec(compile(f"from {package} import {old}", "user.py", "exec"))
    assert {warning.filename for warning in caught} == {"user.py"}


@pytest.mark.parametrize(("package", "old", "new"), RENAMED)
def test_an_old_name_is_not_advertised(package, old, new):
    module = importlib.import_module(package)
    names: dict[str, object] = {}
    exec(f"from {package} import *", names)
    assert old not in names
    assert old not in dir(module)
    assert new in names


def test_a_package_with_old_names_still_refuses_others_and_gives_its_modules():
    tokens = importlib.import_module("streamkit.tokens")
    with pytest.raises(AttributeError, match=r"^module 'streamkit\.tokens' has no attribute 'Countr': did you mean"):
        _ = tokens.Countr
    done = subprocess.run([sys.executable, "-W", "error", "-c", "from streamkit.tokens import rough"], check=False)
    assert done.returncode == 0


FACES = sorted(PACKAGE.rglob("__init__.py"))
ROOMS = [".".join(("streamkit", *path.parent.relative_to(PACKAGE).parts)) for path in FACES]


@pytest.mark.parametrize("package", ROOMS)
def test_what_a_room_offers_to_type_checkers_it_gives(package):
    """The names of its typing block, in ``__all__`` or not, are in the table of what is imported late too."""
    module = importlib.import_module(package)
    tree = ast.parse(Path(module.__file__).read_bytes())
    blocks = [node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    own = [one for node in blocks for one in ast.walk(node) if isinstance(one, ast.ImportFrom) and one.level == 1]
    if hasattr(module, "__getattr__"):
        missing = [alias.name for one in own for alias in one.names if not hasattr(module, alias.asname or alias.name)]
        assert missing == []


# -- Op ----------------------------------------------------------------------------------------------------------------


def test_op_can_be_subscripted_at_run_time():
    def shout(texts: sk.Op[str, str], more: sk.Op[str, str] | None = None) -> sk.Op[sk.Event, int]: ...

    hints = typing.get_type_hints(shout, localns={"sk": sk})
    assert hints["texts"] == sk.Op[str, str]
    assert typing.get_args(hints["texts"]) == (str, str)
    assert hints["more"] == sk.Op[str, str] | None
    t = typing.TypeVar("t")
    assert Op[t, t][int] == Op[int, int]
    assert list[sk.Op[str, str]]


def test_run_and_stream_can_be_subscripted_at_run_time():
    assert typing.get_args(sk.Run[str]) == (str,)
    assert typing.get_origin(sk.Stream[int]) is sk.Stream
    assert issubclass(sk.ReplyStream, sk.Stream)
    assert issubclass(sk.Stream, Observable)
