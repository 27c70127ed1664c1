"""The page "When something goes wrong": each mistake of the tables beside this file is made, and what is said is kept.

``python -m tests.mistakes.page`` writes it anew.
"""

from __future__ import annotations

import re
import sys
import tomllib
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import streamkit as sk
from streamkit import testing
from tests import snippets

HERE = Path(__file__).resolve().parent
PAGE = snippets.ROOT / "docs" / snippets.WRONG
PRELUDE = """\
import streamkit as sk
from streamkit import operators as ops, sinks, testing

client = sk.Client(model="gpt-4o-mini")
"""
COMMAND = """\
import shlex, sys
from streamkit.edges.cli import main

sys.exit(main(shlex.split({line!r})[1:]))
"""
HEAD = """\
# When something goes wrong

Mistakes that are easily made, and what is said about each: the end of what is printed, without the traceback. This page
is made by making them. Each program begins with

```text
{prelude}```

and asks a server that does what the title says. What the errors are, and which limits there are, is in
[errors and limits](errors-and-limits.md).
"""

GROUP = "Exception Group Traceback"
# What differs from one machine and one time to the next.
VARYING = [
    (re.compile(r"127\.0\.0\.1:\d\d+"), "127.0.0.1:8000"),
    (re.compile(r"'/[^']*/tmp[^/']*/\d+/"), "'"),
    (re.compile(r" at /\S+/(streamkit/\S+):\d+"), r" at \1"),
    (re.compile(r"\b0x[0-9a-f]+"), "0x…"),
    (re.compile(r"\b[0-9a-f]{12,}\b"), "…"),
    (re.compile(r"(unexpected keyword argument '\w+')\. Did you mean .*"), r"\1"),  # since Python 3.13
    (re.compile(r"blocks: \d+\.\d+ s"), "blocks: 0.3 s"),
]


@dataclass(frozen=True)
class Mistake:
    group: str
    title: str
    code: str = ""
    command: str = ""
    play: str = '"The sky is blue."'
    """What the server answers: an expression."""
    env: dict[str, str] = field(default_factory=dict)
    instead: str = ""

    @property
    def name(self) -> str:
        return re.sub(r"\W+", "-", f"{self.group}-{self.title}")

    @property
    def program(self) -> str:
        return COMMAND.format(line=self.command) if self.command else f"{PRELUDE}\n{self.code.strip()}\n"


def mistakes() -> list[Mistake]:
    """All of them, in the order of the page."""
    tables = [tomllib.loads(path.read_text("utf-8")) for path in sorted(HERE.glob("*.toml"))]
    return [Mistake(table["title"], **row) for table in tables for row in table["mistake"]]


def made(chosen: list[Mistake]) -> dict[str, str]:
    """What is said of each."""
    programs, env = [], {}
    with ExitStack() as stack:
        for each in chosen:
            play: Any = eval(each.play, {"sk": sk, "testing": testing})
            url = stack.enter_context(testing.Server(play, play, play).running())
            programs.append(snippets.Program(each.name, each.program, frozenset()))
            env[each.name] = {"OPENAI_BASE_URL": url, **each.env}
        ran = snippets.run_quickly(programs, "http://127.0.0.1:1/v1", env)
    return {each.name: said(ran[each.name]) for each in chosen}


def said(ran: snippets.Ran) -> str:
    """The last exception with its notes, or whatever else was told; the same on every machine."""
    lines = ran.err.splitlines() or ran.out.splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith("Traceback (most recent call last)")]
    if any(GROUP in line for line in lines):
        told = [line.partition("| ")[2] for line in lines]
    else:
        told = lines[starts[-1] + 1 :] if starts else [line for line in lines if not line.startswith("usage:")]
    text = "\n".join(line for line in told if line and not line.startswith((" ", "+", "Traceback", GROUP)))
    for pattern, replacement in VARYING:
        text = pattern.sub(replacement, text)
    return text


def page(told: dict[str, str]) -> str:
    """The whole page."""
    parts, group = [HEAD.format(prelude=PRELUDE)], ""
    for each in mistakes():
        if each.group != group:
            group = each.group
            parts.append(f"## {group}\n")
        shown = f"```sh\n{each.command}\n```" if each.command else f"```python\n{each.code.strip()}\n```"
        parts.append(f"**{each.title}**\n\n{shown}\n\n```text\n{told[each.name]}\n```\n")
        if each.instead:
            parts.append(f"What helps: {each.instead}.\n")
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(made(mistakes())), "utf-8")
    sys.stdout.write(f"{len(mistakes())} mistakes were made\n")
