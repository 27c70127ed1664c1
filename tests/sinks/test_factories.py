"""How a server logs all its replies: a sink for each, made in the handler, all on one file and one table."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
import sys
import threading
from collections import defaultdict
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import streamkit as sk
from streamkit import patience, sinks, testing

WORDS = "one two three four five six seven eight nine ten"
REPLIES = 50


def check(rows: list[tuple[str, int, str]], ids: set[str]) -> None:
    """All of every reply, in order, under the id of its run."""
    streams: dict[str, list[Any]] = defaultdict(list)
    for stream, seq, item in rows:
        assert seq == len(streams[stream])
        streams[stream].append(sk.from_json(item))
    assert set(streams) == ids
    for events in streams.values():
        assert isinstance(events[-1], sk.Reply)
        said = "".join(event.text for event in events if isinstance(event, sk.TextDelta))
        assert events[-1].text == said == WORDS


def lines(path: Path) -> list[tuple[str, int, str]]:
    forms = [(json.loads(line), line) for line in path.read_text().splitlines()]
    return [(form["stream"], form["seq"], line) for form, line in forms]


def rows(path: Path) -> list[tuple[str, int, str]]:
    with closing(sqlite3.connect(path)) as base:
        return list(base.execute("SELECT stream, seq, item FROM events ORDER BY stream, seq"))


@pytest.mark.slow
def test_fifty_replies_at_once_on_one_file_and_one_database(tmp_path: Path):
    path, base, sent = tmp_path / "replies.jsonl", tmp_path / "replies.db", defaultdict[str, list[Any]](list)

    async def publish(items: list[Any], *, key: str) -> None:
        sent[key.partition(":")[0]] += items

    async def handler(client: sk.Client, question: str) -> str:
        logs = sinks.jsonl(path, mode="append"), sinks.sqlite(base), sinks.batched(publish, size=5)
        run = sk.start(client.chat(question), *logs)
        await run
        return run.id

    async def serve(url: str) -> set[str]:
        client = sk.Client(model="m", base_url=url, api_key="key")
        return set(await asyncio.gather(*[handler(client, f"question {number}") for number in range(REPLIES)]))

    with testing.Server(WORDS).running() as url:
        ids = asyncio.run(serve(url))
    assert len(ids) == REPLIES
    check(lines(path), ids)
    check(rows(base), ids)
    assert set(sent) == ids
    assert all(isinstance(items[-1], sk.Reply) for items in sent.values())


def test_replies_of_many_threads_on_one_file(tmp_path: Path):
    path, ids = tmp_path / "replies.jsonl", set[str]()

    def work() -> None:
        for _ in range(5):
            run = sk.start(sk.from_text(WORDS.split(" ")[0:1] + [f" {word}" for word in WORDS.split(" ")[1:]]), log())
            run.result()
            ids.add(run.id)

    def log() -> Any:
        return sinks.jsonl(path, mode="append")

    threads = [threading.Thread(target=lambda: (work(), own(path, ids))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check(lines(path), ids)


def own(path: Path, ids: set[str]) -> None:
    """On a loop of this thread's own."""
    log = sinks.jsonl(path, mode="append")
    sk.run(sk.from_text([WORDS]), log)
    ids.add(log.stream)


PROCESS = """
import asyncio, sys
import streamkit as sk
from streamkit import sinks

async def handler():
    run = sk.start(sk.from_text({words!r}), sinks.jsonl(sys.argv[1], mode="append"), sinks.sqlite(sys.argv[2]))
    await run
    print(run.id)

async def main():
    await asyncio.gather(*[handler() for _ in range(10)])

asyncio.run(main())
"""


@pytest.mark.slow
def test_replies_of_many_processes_on_one_file_and_one_database(tmp_path: Path):
    path, base = tmp_path / "replies.jsonl", tmp_path / "replies.db"
    words = [word if not number else f" {word}" for number, word in enumerate(WORDS.split(" "))]
    command = [sys.executable, "-c", PROCESS.format(words=words), str(path), str(base)]
    workers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    told = [worker.communicate(timeout=60)[0].split() for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * 4
    ids = {id for ids in told for id in ids}
    assert len(ids) == 40
    check(lines(path), ids)
    check(rows(base), ids)


@pytest.mark.skipif(sys.platform == "win32", reason="locks of POSIX")
def test_a_line_that_is_just_being_written_is_no_half_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Another process has written a part of it: a line end now would leave an empty line."""
    monkeypatch.setattr(patience, "APPENDER_STEP", 0.1)  # 20 times: a busy machine may be late with the rest
    path = tmp_path / "replies.jsonl"
    other, log = sinks.jsonl(path), sinks.jsonl(path, mode="append")
    other.write("first")
    with path.open("ab", buffering=0) as file:
        file.write(b'{"type":"text.delta",')
        rest = threading.Timer(0.02, file.write, [b'"text":"second"}\n'])
        rest.start()
        log.write("third")
        rest.join()
    texts = [json.loads(line)["text"] for line in path.read_text().splitlines()]
    assert texts == ["first", "second", "third"]
    for sink in (other, log):
        sink.close(sk.Reply())
