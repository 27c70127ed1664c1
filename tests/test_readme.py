"""What the documents show is true: code runs against the built-in server, commands parse, names and links exist."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from streamkit import operators, sinks, testing
from streamkit.edges import cli

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

pytestmark = pytest.mark.skipif(not PAGES[0].exists(), reason="tests of an installed wheel: no documents around them")


def blocks(page: Path, language: str) -> list[tuple[int, str]]:
    """Line number and text of each fenced block."""
    text = page.read_text("utf-8")
    found = re.finditer(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [(text.count("\n", 0, match.start(1)), match[1]) for match in found]


class Model:
    """Says one sentence, and JSON to whoever asks for it."""

    TEXT = "The sky is blue. Ask bob@example.com."
    JSON = '{"cities": [{"name": "Tokyo", "people": 37000000}, {"name": "Delhi", "people": 34000000}]}'

    def answer(self, api: str, body: Mapping[str, Any]) -> Any:
        return testing.Script(self.JSON if "response_format" in body else self.TEXT).answer(api, body)


def run(script: Path) -> str:
    """What ``script`` prints, run as a newcomer runs it, with a scripted server as the API."""
    with testing.Server(Model()).running() as url:
        about = {"OPENAI_API_KEY": "key", "OPENAI_BASE_URL": url, "PYTHONPATH": str(ROOT), "PYTHONASYNCIODEBUG": ""}
        command = [sys.executable, "-W", "error", str(script)]
        done = subprocess.run(command, cwd=script.parent, env=os.environ | about, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_code_runs_in_the_order_of_the_page(page: Path, tmp_path: Path):
    script = ""
    for line, code in blocks(page, "python"):
        script += "\n" * (line - script.count("\n")) + code  # a traceback then names the line of the page
    (tmp_path / f"{page.stem}.py").write_text(script, "utf-8")
    run(tmp_path / f"{page.stem}.py")


def test_the_first_thing_to_type_prints_the_reply(tmp_path: Path):
    script = tmp_path / "first.py"
    script.write_text(blocks(PAGES[0], "python")[0][1], "utf-8")
    assert run(script) == Model.TEXT


def test_items_of_a_json_reply_are_printed_one_by_one(tmp_path: Path):
    script = tmp_path / "cities.py"
    (code,) = (code for _, code in blocks(PAGES[0], "python") if "json_items" in code)
    script.write_text(
        f"import streamkit as sk\nfrom streamkit import operators as ops\nclient = sk.Client(model='m')\n{code}"
    )
    assert run(script) == "Tokyo 37000000\nDelhi 34000000\n"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_are_understood(page: Path):
    lines = [line.split(" <")[0] for _, block in blocks(page, "sh") for line in block.splitlines()]
    for line in lines:
        program, *args = shlex.split(line, comments=True)
        if program == "streamkit":
            assert cli._parser().parse_args(args).command


def test_operators_and_sinks_that_are_named_exist():
    text = "".join(page.read_text("utf-8") for page in PAGES)
    assert set(re.findall(r"\bops\.(\w+)", text)) <= set(operators.__all__)
    assert set(re.findall(r"\bsinks\.(?!md\b)(\w+)", text)) <= set(sinks.__all__)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path):
    text = page.read_text("utf-8")
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if target.startswith("#"):
            assert target[1:] in anchors
        elif not target.startswith("https://"):
            assert (page.parent / target).exists(), target


def test_exit_codes_are_the_ones_the_command_lists(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    told = " ".join(capsys.readouterr().out.split())
    for code in ("0 the reply is complete", "1 it failed or was cut", "2 the command", "3 the server ended it early"):
        assert code in told
