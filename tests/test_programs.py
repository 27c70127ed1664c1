"""Fifteen programs of a user's day: both type checkers, strict, have nothing to say about them, and they do what they
should, each in a process of its own and against a server on this machine.

Nothing in them is there to please a checker. What would need a cast is a fault of our signatures.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import streamkit as sk
from streamkit import testing

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]  # each starts a program, or a type checker

ROOT = Path(__file__).resolve().parents[1]
PROGRAMS = ROOT / "tests" / "typing" / "programs"
INVOICE = '{"day": "2026-03-01", "lines": [{"article": "pen", "price": 1.5}, {"article": "ink", "price": 4}]}'
CALLS = [("weather", {"place": {"city": "Bern"}, "day": "2026-03-01"}), ("remind", {"text": "sun glasses"})]
REFUSED = sk.StatusError("no", status=400)


@dataclass
class Day:
    """What the server says to a program, and what the program prints then."""

    prints: str
    plays: tuple[Any, ...] = ("A scripted answer.",)
    models: dict[str, Any] = field(default_factory=dict[str, Any])
    types: str = ""


DAYS = {
    "agent_loop": Day(
        r"calls weather .*\ncalls remind .*\nweather gave .*'weekday': 7.*\n"
        r"remind gave RuntimeError: no calendar for 'sun glasses' in 30 minutes\n--\n--\nIt is clear\. 2\n"
        r"\['user', 'assistant', 'tool', 'tool', 'assistant'\]",
        (testing.Script("Let me look. ", tool_calls=CALLS), "It is clear."),
    ),
    "console_chat": Day(
        r"you: A scripted answer\. \[\d+ tokens\]\n3 messages, complete\nyou: \[http_status 400\]\n"
        r"you: Half  \[stream_broken\]\n5 messages, truncated\nyou: Half ",
        ("A scripted answer.", REFUSED, testing.Script(["Half ", "of it"], drop_after=1)),
        types="Hi\nOh\nAgain\n",
    ),
    "edited_message": Day(
        r"(thinks .*\n)+True One two three four five six seven eight nine ten\.",
        ("<think>Hm, so.</think>One two three four five six seven eight nine ten.",),
    ),
    "extraction": Day(
        r"pen 1\.5\nink 5\.5\n\['ink'\]\n([012] )+2026-03-01 5\.5\narticle='\? malformed' price=Decimal\('0'\)",
        (INVOICE,),
    ),
    "guarded": Day(
        r"stopped guard Write to \[redacted\] about \[product\]\. Well, darn\.\nTrue\n"
        r"shows: Write to \[redacted\] about \[product\]\.\nshows: Well, darn\.",
        ("Write to ann@example.com about ACME-12. Well, damn. This is secret. END And more.",),
    ),
    "in_a_notebook": Day(
        r"(A.*\n)+complete 2 \{'longest': 18, 'all': 18\}\n\['A', 'scripted', 'answer\.'\]",
    ),
    "log_shipping": Day(r"closed complete True\nTrue 2 True\nA scripted answer\."),
    "many_prompts": Day(
        r"1 fine False\n2 http_status 400 \n3 fine False\n"
        r"1 fine True\n2 http_status 400 \n3 fine True\n\{'fine\\nnever'\}",
        ("fine\nnever",),
        {"broken": REFUSED},
    ),
    "migrated": Day(r"(\S+ ?\|)+\nTrue\nA scripted answer\.\nA scripted answer\. 3\ncomplete"),
    "rx_screen": Day(r"busy\nidle\n\[0, 18\]\n… A scripted answer\."),
    "side_by_side": Day(
        r"\['good', 'quick'\] \['broken: StatusError'\] slow and good\nquick\nquick 2\nTrue",
        models={"good": testing.Script("slow and good", first=1.0), "quick": "quick", "broken": REFUSED},
    ),
    "tabs": Day(
        r"closed One two\nopened again One two three four\. True\nstops at One True\ncancelled True\ncomplete\nunknown",
        (
            testing.Script("One two three four.", every=0.05),
            testing.Script("One two three four.", stall_after=1),
        ),
    ),
    "virtual_time": Day(r"3 passed"),
    "voice": Day(
        r"says: One is said\.\nstopped \['What happened\?', 'One is said\.', 'Stop\.'\]\n"
        r"says: ONE IS SAID\.\nsays: TWO IS NOT\.\nTwo is not\.",
        (testing.Script(["One is said. ", "Two ", "is not."], every=0.3),),
    ),
    "web_relay": Day(
        r"(event: (start|text\.delta|usage|finish|reply)\n)+complete Write to \[redacted\]\.",
        ("Write to ann@example.com.",),
    ),
}


def run(name: str, url: str, types: str) -> subprocess.CompletedProcess[str]:
    program = str(PROGRAMS / f"{name}.py")
    how = [sys.executable, "-W", "error", program]
    if name == "in_a_notebook":
        how = [sys.executable, "-m", "IPython", "--colors=NoColor", "--no-banner", program]
    about = {"OPENAI_BASE_URL": url, "OPENAI_API_KEY": "key", "PYTHONPATH": str(ROOT), "PYTHONASYNCIODEBUG": ""}
    return subprocess.run(how, input=types, capture_output=True, text=True, env=os.environ | about, timeout=40)


def test_there_are_fifteen():
    found = sorted(path.stem for path in PROGRAMS.glob("*.py"))
    assert found == sorted(DAYS)
    assert len(found) == 15


@pytest.mark.parametrize("name", DAYS)
def test_it_does_what_it_should(name: str):
    day = DAYS[name]
    with testing.Server(*day.plays, models=day.models).running() as url:
        done = run(name, url, day.types)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(day.prints + r"\s*", done.stdout), done.stdout


@pytest.mark.parametrize("path", sorted(PROGRAMS.glob("*.py")), ids=lambda path: path.stem)
def test_it_is_a_users_own_text(path: Path):
    """Twenty to sixty lines or so, without a word that only a type checker asks for."""
    text = path.read_text("utf-8")
    assert 20 <= len(text.splitlines()) <= 70
    assert not re.findall(r"\bcast\(|type: ?ignore|pyright: ?ignore|\bAny\b|noqa", text)


def complaints(tool: str, *paths: Path) -> list[str]:
    python = ["--python-executable"] if tool == "mypy" else ["--pythonpath"]
    how = [sys.executable, "-m", tool, *python, sys.executable, *map(str, paths)]
    done = subprocess.run(how, capture_output=True, text=True, cwd=ROOT, timeout=250)
    return re.findall(r"^.*\berror\b.*$", re.sub(r"(?m)^\d+ errors?,.*$|^Found .*$", "", done.stdout), re.MULTILINE)


@pytest.mark.parametrize("tool", ["mypy", "pyright"])
def test_the_checkers_have_nothing_to_say(tool: str):
    assert complaints(tool, PROGRAMS) == []


# -- what a checker must see ------------------------------------------------------------------------------------------

MISSPELT = {
    "streamkit": "Cliemt",
    "streamkit.operators": "redcat",
    "streamkit.stages": "Segmets",
    "streamkit.wire": "Encodr",
    "streamkit.batch": "BatchItm",
    "streamkit.bus": "Buss",
    "streamkit.sinks": "consol",
    "streamkit.testing": "scrpt",
    "streamkit.tokens": "Pricse",
}
MISUSED = {
    "text where events are wanted": "stream.pipe(ops.text(), ops.tool_calls())",
    "text where events are wanted, behind another operator": "stream.pipe(ops.sentences(), ops.choice(1))",
    "text where a meter wants events": "stream.pipe(ops.text(), ops.meter())",
    "text where events with reasoning are wanted": "stream.pipe(ops.text(), ops.reasoning())",
    "values where text is wanted": 'stream.pipe(ops.json_items("a", model=int), ops.text())',
    "a function of another type": "stream.pipe(rxo.map(str.upper))",
    "an operator that was not called": "stream.pipe(ops.text)",
    "a method that events have not": "stream.map(lambda event: event.upper())",
    "a stream where a bus is wanted": "sinks.bus(stream)",
    "the address of a bus where a bus is wanted": 'sinks.bus("redis://localhost:6379/0")',
    "a position with its event where it is wanted alone": 'bus.memory().follow("a", bus.Placed("", sk.Start()))',
    "a number as the id of a reply": "bus.memory().follow(5)",
    "text as a new attempt": 'bus.memory().follow("a", on_dead_writer="restart", attempt=stream.pipe(ops.text()))',
    "an answer of a bus that was not awaited": 'stopped: bool = bus.memory().cancel("a")',
    "a text as the log of a bus": 'bus.Bus("redis://localhost:6379/0")',
    "a Reply taken for text": "len(asyncio.run(awaited()))",
    "a Run of events taken for one of text": "text = sk.start(stream); shout(text)",
    "an event that may not be there": "print(sk.start(stream).last.type)",
    "what await gives behind a stock operator": "reply = stream.take(3).run(); print(reply.outcome)",
    "an error that may not be there": "for item in sk.batch(['a'], sk.chat): print(item.error.kind)",
    "a parameter that there is not": "sk.chat('Hi', temprature=0.5)",
}
HEAD = """
import asyncio
import streamkit as sk
from streamkit import bus, ops, sinks
from reactivex import operators as rxo
stream = sk.chat("Hi")
async def awaited() -> sk.Reply:
    return await stream.pipe(ops.redact("email"), ops.smooth())
def shout(run: sk.Run[str]) -> None: ...
"""


@pytest.fixture(scope="module")
def mistakes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a program for each mistake, so that a checker starts once for all of them."""
    folder = tmp_path_factory.mktemp("mistakes")
    for module, name in MISSPELT.items():
        (folder / f"misspelt_{module.replace('.', '_')}.py").write_text(f"import {module}\nprint({module}.{name})\n")
        text = f"from {module} import {name}\nprint({name})\n"
        (folder / f"imported_{module.replace('.', '_')}.py").write_text(text)
    for number, line in enumerate(MISUSED.values()):
        (folder / f"misused_{number}.py").write_text(f"{HEAD}{line}\n")
    (folder / "right.py").write_text(HEAD)
    return folder


@pytest.mark.parametrize("tool", ["mypy", "pyright"])
def test_misspelt_names_and_wrong_chains_are_seen(tool: str, mistakes: Path):
    paths = sorted(mistakes.glob("*.py"))
    told = "\n".join(complaints(tool, *paths))
    seen = {path.stem for path in paths if path.name in told}
    assert {path.stem for path in paths} - seen == {"right"}
