"""A part of a batch that can be sent to another process."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import streamkit as sk
from streamkit import testing
from streamkit.batch import Ledger, Tally, run_shard

closed: list[str] = []


@contextmanager
def scripted(answer: str) -> Iterator[Callable[[str], sk.Stream[sk.Event]]]:
    with testing.client(answer) as one:
        yield one.chat
    closed.append(answer)


def broken() -> Callable[[str], sk.Stream[sk.Event]]:
    return lambda prompt: testing.script(prompt, drop_after=0)


def test_the_function_and_all_it_takes_and_gives_can_be_pickled(tmp_path: Path):
    ledger = Ledger(tmp_path / "ledger.jsonl", sync="close")
    prices = sk.Prices(input=1.0, output=1.0)
    job = partial(run_shard, ["a", "b"], partial(asked_at, "http://x"), ledger=ledger, prices=prices, budget=1.0)
    again = pickle.loads(pickle.dumps(job))
    assert (again.func, again.args[0], again.keywords) == (run_shard, ["a", "b"], job.keywords)
    assert pickle.loads(pickle.dumps(sk.batch)) is sk.batch
    assert pickle.loads(pickle.dumps(Tally({"complete": 1}))) == Tally({"complete": 1})


def test_it_runs_to_the_end_and_closes_what_it_opened(tmp_path: Path):
    ledger, seen = tmp_path / "ledger.jsonl", list[sk.BatchItem]()
    closed.clear()
    tally = run_shard(["a", "b", "c"], partial(scripted, "Hi"), ledger=ledger, into=[seen.append])
    assert tally == Tally({"complete": 3})
    assert [item.text for item in seen] == ["Hi"] * 3
    assert closed == ["Hi"]
    assert run_shard(["a", "b", "d"], partial(scripted, "Ho"), ledger=ledger) == Tally({"complete": 3}, from_ledger=2)


def test_what_failed_is_told_by_key():
    tally = run_shard(["a", "b"], broken, key=str.upper)
    assert tally == Tally({"truncated": 2}, failed=["A", "B"])


def test_under_a_running_loop_it_says_so():
    async def main() -> None:
        run_shard(["a"], broken)

    with pytest.raises(RuntimeError, match="running loop"):
        asyncio.run(main())


@contextmanager
def asked_at(url: str) -> Iterator[Callable[[Any], sk.Stream[sk.Event]]]:
    with sk.Client(url, "key", model="m") as client:
        yield client.chat


@pytest.mark.slow
def test_two_processes_share_the_prompts(tmp_path: Path):
    with testing.Server("Hi there").running() as url:
        jobs = [([f"{half}{n}" for n in range(20)], url, str(tmp_path / f"{half}.jsonl")) for half in "ab"]
        with multiprocessing.get_context("spawn").Pool(2) as pool:
            tallies = pool.starmap(in_another_process, jobs)
    assert tallies == [Tally({"complete": 20})] * 2
    for half in "ab":
        lines = (tmp_path / f"{half}.jsonl").read_bytes().splitlines()
        assert {json.loads(line)["reply"]["choices"][0]["text"] for line in lines} == {"Hi there"}
        assert len(lines) == 20


def in_another_process(prompts: list[str], url: str, ledger: str) -> Tally:
    return run_shard(prompts, partial(asked_at, url), ledger=ledger)
