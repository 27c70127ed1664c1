"""What the documents show is true: code runs against the built-in server, commands parse, names and links exist."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import streamkit as sk
from streamkit import errors, operators, sinks, testing
from streamkit.edges import cli
from streamkit.sources.http.limits import CLOCKS
from streamkit.wire import APIS
from tests import snippets  # a program of its own, too: `make snippets`

ROOT = Path(__file__).resolve().parents[1]
PAGES = snippets.pages()

pytestmark = [
    pytest.mark.skipif(not PAGES[0].exists(), reason="tests of an installed wheel: no documents around them"),
    pytest.mark.timeout(60),  # all blocks run while the first test is set up
]

BLOCKS = [block for page in PAGES if page.exists() for block in snippets.blocks(page)]


@pytest.fixture(scope="module")
def ran() -> dict[str, snippets.Ran]:
    """What came of each block of the pages, run alone, with a scripted server as the API."""
    with testing.Server(snippets.Model()).running() as url, snippets.with_storage(BLOCKS) as blocks:
        return snippets.run_quickly(blocks, url)


@pytest.mark.parametrize("name", [block.name for block in BLOCKS])
def test_each_block_is_a_program_of_its_own(ran: dict[str, snippets.Ran], name: str):
    assert (ran[name].code, ran[name].err) == (0, "")


def test_a_block_that_is_no_program_would_be_noticed(tmp_path: Path):
    bad = snippets.Program("page.md:1", "print(client)", frozenset())
    assert "NameError: name 'client' is not defined" in snippets.run(bad, "http://127.0.0.1:1/v1").err


def test_what_a_block_uses_it_defines(tmp_path: Path):
    """Also within functions that nobody calls; and it imports nothing that it does not use."""
    for block in BLOCKS:
        (tmp_path / f"{block.name.replace(':', '_')}.py").write_text(block.code, "utf-8")
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "F", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_a_block_that_imports_more_than_the_package_says_what_it_needs():
    """The four that the package itself needs may be imported without a word."""
    brought = {*sys.stdlib_module_names, "streamkit", "httpx", "pydantic", "reactivex", "tiktoken"}
    for program in snippets.programs():
        imported = set(re.findall(r"^(?:from|import) (\w+)", program.code, re.MULTILINE)) - brought
        assert imported <= {need.strip("[]") for need in program.needs}, program.name


def test_what_is_needed_is_an_extra_or_what_it_says():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    needs = {need for program in snippets.programs() for need in program.needs}
    assert needs
    assert {need.strip("[]") for need in needs if need.startswith("[")} <= set(extras)


def test_the_first_thing_to_type_prints_the_reply(ran: dict[str, snippets.Ran]):
    assert ran[BLOCKS[0].name].out == snippets.Model.TEXT


def test_items_of_a_json_reply_are_printed_one_by_one(ran: dict[str, snippets.Ran]):
    (name,) = (block.name for block in BLOCKS if "README" in block.name and "json_items" in block.code)
    assert ran[name].out == "Tokyo 37000000\nDelhi 34000000\n"


def test_the_readme_says_first_how_to_install_it_and_what_each_extra_gives():
    screen = PAGES[0].read_text("utf-8").partition("## Asking")[0]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert f"pip install {project['name']} " in screen
    told = re.findall(r"^\| `(\w+)` \| .+ \| .+ \|$", screen, re.MULTILINE)
    assert sorted(told) == sorted(project["optional-dependencies"])
    assert [row[0] for row in re.findall(r"^\| ([\w. ]+) \| `sk.Client\((.*?)\)`", screen, re.MULTILINE)] == [
        "OpenAI",
        "Azure",
        "vLLM",
        "llama.cpp",
        "Ollama",
        "LM Studio",
        "Anthropic",
        "Gemini",
    ]


def test_the_clients_of_the_readme_can_be_made(monkeypatch: pytest.MonkeyPatch):
    screen = PAGES[0].read_text("utf-8").partition("## Asking")[0]
    written = re.findall(r"`(sk\.Client\(.*?\))`", screen)
    assert len(written) == 9
    for code in written:
        assert isinstance(eval(code, {"sk": sk}), sk.Client)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_are_understood(page: Path):
    lines = re.findall(r"^```sh\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    for line in "".join(lines).splitlines():
        program, *args = shlex.split(line.split(" <")[0], comments=True)
        if program == "streamkit":
            assert cli.make_parser().parse_args(args).command


def test_operators_and_sinks_that_are_named_exist_and_all_are_named():
    text = "".join(page.read_text("utf-8") for page in PAGES)
    assert set(re.findall(r"\bops\.(\w+)", text)) == {name for name in operators.__all__ if name.islower()}
    assert set(re.findall(r"\bsinks\.(?!md\b)(\w+)", text)) == {name for name in sinks.__all__ if name.islower()}


def test_every_api_has_a_row():
    page = (ROOT / "docs" / "apis.md").read_text("utf-8")
    assert {*APIS} - {"completions"} <= set(re.findall(r"^\| `(\w+)`", page, re.MULTILINE))


def test_every_error_has_a_row_and_a_line_in_the_tree():
    page = (ROOT / "docs" / "errors-and-limits.md").read_text("utf-8")
    for each in [
        getattr(errors, name) for name in errors.__all__ if name.endswith("Error") and name != "StreamkitError"
    ]:
        assert f"| `{each.__name__}` | `{each.kind}` |" in page
        assert re.search(rf"── {each.__name__} +{each.kind} ", errors.__doc__ or "")


def test_every_command_and_every_clock_is_named():
    commands = set(re.findall(r"^streamkit (\w+)", PAGES[0].read_text("utf-8"), re.MULTILINE))
    assert commands == set(cli.make_parser().commands)
    page = (ROOT / "docs" / "errors-and-limits.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)=(\d+)` \|", page, re.MULTILINE)
    assert {name: float(seconds) for name, seconds in rows} == {name: getattr(sk.Limits(), name) for name in CLOCKS}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path):
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text("utf-8")):
        if not target.startswith("https://"):
            name, _, anchor = target.partition("#")
            there = page.parent / name if name else page
            assert there.exists(), target
            assert not anchor or anchor in anchors(there), target


def anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}


def test_exit_codes_are_the_ones_the_command_lists(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    told = " ".join(capsys.readouterr().out.split())
    for code in ("0 the reply is complete", "1 it failed or was cut", "2 the command", "3 the server ended it early"):
        assert code in told
