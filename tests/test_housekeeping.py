"""Rules for the repository itself; nothing here is about what the library does."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.layers import the_house

ROOT = Path(__file__).resolve().parents[1]
LONGEST = 300

REGISTRIES = re.compile(
    r"pypi\.org|pythonhosted\.org|npmjs\.(?:org|com)|yarnpkg\.com|anaconda\.org|proxy\.golang\.org|crates\.io"
)
MACHINE_PATHS = re.compile(r"(?<![\w.~$}-])/(?:home|root|work|Users)/[\w.]|\b[A-Z]:\\{1,2}Users\b")

pytestmark = pytest.mark.skipif(
    not (ROOT / "streamkit").is_dir(), reason="tests of an installed wheel: there is no repository around them"
)


def tracked() -> list[Path]:
    """Files in the repository or about to be; in a copy without one, all that are not made by a tool."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    if (ROOT / ".git").exists():
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]
    made = re.compile(r"^(\.venv.*|\..*_cache|\.hypothesis|__pycache__|node_modules|dist|build)$")
    return [p for p in ROOT.rglob("*") if p.is_file() and not any(map(made.match, p.relative_to(ROOT).parts))]


def lines_with(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}"
        for path in tracked()
        for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), 1)
        if pattern.search(line)
    ]


def project() -> dict[str, str]:
    settings: dict[str, dict[str, str]] = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return settings["project"]


@pytest.mark.parametrize("folder", ["streamkit", "pipelines"])
def test_files_can_be_read_in_one_sitting(folder: str):
    files = {path: len(path.read_bytes().splitlines()) for path in (ROOT / folder).rglob("*.py")}
    assert files
    assert {str(path.relative_to(ROOT)): length for path, length in files.items() if length > LONGEST} == {}


def test_no_file_names_a_registry():
    assert lines_with(REGISTRIES) == []


def test_no_file_holds_a_path_of_somebodys_machine():
    assert lines_with(MACHINE_PATHS) == []


@pytest.mark.parametrize("path", ["home/alice/notes", "root/.cache", "Users/alice"])
def test_a_path_of_a_machine_would_be_found(path: str):
    assert MACHINE_PATHS.search(f'open("/{path}")')
    assert not MACHINE_PATHS.search(f"https://example.com/{path}")
    assert not MACHINE_PATHS.search(f'"$HOME/{path}"')


def test_the_changelog_has_an_entry_for_this_version():
    version = re.escape(project()["version"])
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert re.search(rf"^## \[?{version}\]?\b.*$", changelog, re.MULTILINE)


def test_the_makefile_promises_what_the_documents_name():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    documents = [ROOT / "README.md", ROOT / "docs" / "contributing.md"]
    named = {name for path in documents for name in re.findall(r"\bmake ([a-z][a-z-]*)`", path.read_text("utf-8"))}
    assert named
    assert named <= targets


ALSO = "# Commits in which imports and names follow, by a script."
BY_CHANCE = {"IPython": "there whenever a notebook is", "typing_extensions": "what type checkers have in them"}
"""Packages that are imported and not declared, with the reason."""


def test_every_package_that_is_imported_is_declared():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = [one for name, wants in project["optional-dependencies"].items() if name != "all" for one in wants]
    declared = {re.split(r"[^\w-]", one)[0].replace("-", "_") for one in [*project["dependencies"], *extras]}
    imported = {
        one.target.partition(".")[0]: module.file for module in the_house().modules.values() for one in module.imports
    }
    foreign = imported.keys() - sys.stdlib_module_names - {"streamkit", ""}
    assert {name: imported[name] for name in foreign - declared - BY_CHANCE.keys()} == {}
    assert BY_CHANCE.keys() <= foreign


def test_blame_looks_through_commits_in_which_files_only_move():
    if not (ROOT / ".git").exists():
        pytest.skip("a copy without its history")
    lines = (ROOT / ".git-blame-ignore-revs").read_text("utf-8").splitlines()
    commits = [line for line in lines[: lines.index(ALSO)] if line and not line.startswith("#")]
    assert commits
    for commit in commits:
        command = ["git", "diff-tree", "-r", "-M100%", "--name-status", "--no-commit-id", commit]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode == 0:  # else it is not in this clone
            assert all(line.startswith("R100") for line in done.stdout.splitlines()), commit
