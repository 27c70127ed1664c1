"""What earlier versions wrote is read, replayed, resumed and continued. `make` made it, with these versions."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

import streamkit as sk
from streamkit import sinks
from streamkit.sources.recording import Recording
from tests.stored import make

HERE = Path(__file__).parent
LATER = (sk.Other, sk.BlockStart, sk.BlockEnd, sk.Citation, sk.File, sk.ServerTool)
"""Events of what an earlier version had none for, or an `Other`."""
VERSIONS = sorted(path.name for path in HERE.iterdir() if path.is_dir() and path.name[:1].isdigit())


@pytest.fixture(params=VERSIONS)
def stored(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of what a version wrote, which may be written to."""
    return Path(shutil.copytree(HERE / request.param, tmp_path / request.param))


def events_of(lines: list[Any]) -> list[sk.Event]:
    return [sk.from_json(line) for line in lines]


def known(events: list[sk.Event]) -> list[sk.Event]:
    """`EVENTS` as far as the version had them; its run ends with a Reply."""
    return list(make.EVENTS[: len(events)])


def test_there_is_something_to_read():
    assert "0.1.0" in VERSIONS


def test_every_event_of_a_file_of_lines(stored: Path):
    lines = (stored / "events.jsonl").read_bytes().splitlines()
    runs: dict[str, list[bytes]] = {}
    for line in lines:
        runs.setdefault(json.loads(line)["stream"], []).append(line)
    first, second = runs.values()
    events = events_of(first)
    assert events == known(events)
    assert len(events) >= 15
    assert events[-4].raw is None  # of what is stored, `Other` alone keeps it
    assert events[-2].raw == make.EVENTS[len(events) - 2].raw
    assert [json.loads(line)["seq"] for line in first] == list(range(len(first)))
    assert (sk.from_json(second[0]), sk.from_json(second[-1])) == (sk.TextDelta("a str"), make.REPLY)


@pytest.mark.parametrize("name", ["events.jsonl", "killed.jsonl"])
def test_a_file_of_lines_goes_on(stored: Path, name: str):
    path = stored / name
    whole = path.read_bytes().split(b"\n")[:-1]
    sk.run(sk.stream(make.EVENTS), sinks.jsonl(path, mode="append"))
    lines = path.read_bytes().splitlines()
    assert lines[: len(whole)] == whole
    assert events_of(lines[len(whole) :]) == list(make.EVENTS)


def rows(path: Path, table: str) -> list[tuple[str, int, str]]:
    base = sqlite3.connect(path)
    try:
        return base.execute(f"SELECT stream, seq, item FROM {table} ORDER BY rowid").fetchall()
    finally:
        base.close()


def test_every_event_of_a_table_and_the_table_goes_on(stored: Path):
    path = stored / "events.db"
    before = rows(path, "events")
    events = events_of([item for _, _, item in before])
    assert events == known(events)
    sk.run(sk.stream(make.EVENTS), sinks.sqlite(path))
    after = rows(path, "events")
    assert after[: len(before)] == before
    assert events_of([item for _, _, item in after[len(before) :]]) == list(make.EVENTS)


def test_a_stream_that_comes_again_is_still_known_by_its_numbers(stored: Path):
    path = stored / "events.db"
    before = rows(path, "items")
    sk.run(sk.stream([*make.ITEMS, make.REPLY]), sinks.sqlite(path, table="items", stream="mine"))
    assert rows(path, "items") == before
    with pytest.raises(sk.SinkError, match="another item 0"):
        sk.run(sk.stream(["other", make.REPLY]), sinks.sqlite(path, table="items", stream="mine"))


def test_recordings_play_as_they_did(stored: Path):
    told = json.loads((stored / "recordings.json").read_bytes())
    assert {path.name for path in stored.glob("*.recording.jsonl")} == told.keys()
    for name, seen in told.items():
        now = make.finish(sk.replay(stored / name, 0))
        assert now["error"] == seen["error"], name
        assert said(now["events"]) == said(seen["events"]), name
        assert Recording.open(stored / name).note.endswith("made by make.py")


def said(events: list[str]) -> list[sk.Event]:
    """A later version may know more of what a server said: what was of no account then is left out."""
    return [event for event in events_of(events) if not isinstance(event, LATER)]


@pytest.mark.parametrize("name", ["hashed", "keyed", "killed"])
def test_a_ledger_is_resumed_and_nothing_asked_twice(stored: Path, name: str):
    asked: list[Any] = []

    def ask(prompt: Any) -> Any:
        asked.append(prompt)
        return sk.from_text(["better now"])

    key = make.own_key if name == "keyed" else None
    prompts = [*make.PROMPTS, "a new one"] if key is None else make.PROMPTS
    path = stored / f"{name}.ledger.jsonl"
    items = list(sk.batch(prompts, ask, ledger=path, key=key, prices=make.PRICES, ordered=True))
    assert asked == list(prompts[4:])
    assert [item.from_ledger for item in items] == [True] * 4 + [False] * len(asked)
    assert [item.text for item in items] == [f"An answer to {json.dumps(one)}" for one in prompts[:4]] + [
        "better now"
    ] * len(asked)
    assert items[3].reply.tool_calls == (sk.ToolCall("call_0", "weather", '{"city": "Oslo"}'),)
    assert [item.cost for item in items[:4]] == [pytest.approx(1.1e-5)] * 4
    assert [item.usage for item in items[:4]] == [sk.Usage(3, 4, 7)] * 4
    again = list(sk.batch(prompts, ask, ledger=path, key=key, prices=make.PRICES))
    assert all(item.from_ledger for item in again)


def test_what_a_ledger_has_spent_counts(stored: Path):
    asked = sk.batch(
        make.PROMPTS, make.answer, ledger=stored / "hashed.ledger.jsonl", prices=make.PRICES, budget=4.8e-5
    )
    assert sorted(item.outcome for item in asked) == ["complete"] * 4 + ["skipped"]  # 4 times 11, and 4 of the failure


@pytest.mark.parametrize(("name", "lost"), [("unsent", 0), ("killed", 1)])
def test_a_spool_is_delivered_under_its_old_key(stored: Path, name: str, lost: int):
    sent: list[tuple[str, list[Any]]] = []

    def take(items: list[Any], *, key: str) -> None:
        sent.append((key, items))

    path = stored / f"{name}.spool.jsonl"
    (old,) = {json.loads(line)["key"] for line in path.read_bytes().split(b"\n")[:-1]}
    sk.run(sk.from_text(["new"]), sinks.batched(take, spool=path))
    (key, items), *new = sent
    assert key == old
    stored_items = [*make.EVENTS, "a str", {"own": [1, None]}, {"about": "Oslo", "stars": 5}]
    assert items == stored_items[: len(stored_items) - lost]
    assert new
    assert path.read_bytes() == b""
