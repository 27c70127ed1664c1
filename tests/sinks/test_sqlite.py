"""A table of events: one row each, numbered, private, and readable by others meanwhile."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import reactivex as rx

import streamkit as sk
from streamkit import ops, patience, sinks, testing

posix = pytest.mark.skipif(os.name != "posix", reason="modes and links of POSIX")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.db"


def rows(path: Path, what: str = "stream, seq, item", table: str = "events") -> list[Any]:
    with closing(sqlite3.connect(path)) as base:
        return base.execute(f'SELECT {what} FROM "{table}" ORDER BY rowid').fetchall()


def events(path: Path) -> list[sk.Event]:
    return [sk.from_json(item) for (item,) in rows(path, "item")]


def test_every_event_is_a_row_and_the_reply_is_there_once(path: Path):
    kept = sinks.memory()
    reply = sk.run(testing.script("Hi", " 世界\n\x1b"), kept, sinks.sqlite(path))
    assert events(path) == kept.items
    assert events(path)[-1] == reply


def test_rows_have_a_stream_a_number_and_a_time(path: Path):
    sink = sinks.sqlite(path)
    for text in ("one", "two"):
        sk.run(testing.script(text), sk.branch(ops.text(), into=sink))
    found = rows(path, "stream, seq")
    first, last = found[0][0], found[-1][0]
    assert found == [(first, 0), (first, 1), (last, 0), (last, 1)]
    assert first != last == sink.stream
    fresh = "strftime('%s', 'now') - strftime('%s', at) BETWEEN 0 AND 60"
    assert rows(path, fresh) == [(1,)] * 4


def test_the_reply_of_a_cancelled_run_is_stored(path: Path):
    recorded = testing.clock().run(testing.script("a", "b", "c", every=1.0), sinks.sqlite(path), until=1.5)
    assert recorded.cancelled_at == 1.5
    *_, last = events(path)
    assert isinstance(last, sk.Reply)
    assert (last.outcome, last.text) == ("cancelled", "ab")


def test_the_reply_of_a_broken_stream_is_stored(path: Path):
    with pytest.raises(sk.BrokenError):
        sk.run(testing.script("a", "b", drop_after=1), sinks.sqlite(path))
    assert events(path)[-1].outcome == "truncated"


def test_it_is_a_write_ahead_database_for_its_owner_only(path: Path):
    sinks.sqlite(path)
    assert rows(path) == []
    with closing(sqlite3.connect(path)) as base:
        assert base.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@posix
def test_the_files_beside_it_are_private_too(path: Path):
    sink = sinks.sqlite(path)
    modes: dict[str, int] = {}

    def look(event: sk.Event) -> None:
        modes.update({file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()})

    testing.clock().run(testing.script("a", "b", every=1.0), sink, look)
    assert modes == dict.fromkeys(["events.db", "events.db-wal", "events.db-shm"], 0o600)
    assert [file.name for file in path.parent.iterdir()] == ["events.db"]


def test_others_read_what_is_stored_while_the_reply_grows(path: Path):
    sink, seen = sinks.sqlite(path), []
    testing.clock().run(
        testing.script("a", "b", "c", every=1.0),
        sk.branch(ops.text(), into=sink),
        lambda _: seen.append(len(rows(path))),
    )
    assert seen == sorted(seen)
    assert {1, 2} <= set(seen)


def test_a_database_that_is_there_is_used_and_its_other_tables_stay(path: Path):
    with closing(sqlite3.connect(path)) as base:
        base.execute("CREATE TABLE mine (x)")
        base.execute("INSERT INTO mine VALUES (1)")
        base.commit()
    for text in ("one", "two"):
        sk.run(testing.script(text), sinks.sqlite(path, table="theirs"))
    assert rows(path, "x", "mine") == [(1,)]
    assert len(rows(path, "*", "theirs")) == 8


def test_a_table_with_more_columns_and_a_unique_index_serves(path: Path):
    with closing(sqlite3.connect(path)) as base:
        base.execute("CREATE TABLE events (stream, seq, item, at, note DEFAULT 'n', PRIMARY KEY (stream, seq))")
    sk.run(testing.script("Hi"), sinks.sqlite(path))
    assert rows(path, "DISTINCT note") == [("n",)]


def test_a_table_or_file_that_does_not_fit_is_refused_at_once(path: Path):
    with closing(sqlite3.connect(path)) as base:
        base.execute("CREATE TABLE events (something)")
        base.execute("CREATE TABLE unnumbered (stream, seq, item)")
    for table in ("events", "unnumbered"):
        with pytest.raises(sqlite3.OperationalError):
            sinks.sqlite(path, table=table)
    other = path.with_name("text")
    other.write_text("precious " * 200)
    with pytest.raises(sqlite3.DatabaseError):
        sinks.sqlite(other)
    assert other.read_text() == "precious " * 200


def test_a_database_in_memory_is_refused():
    with pytest.raises(ValueError, match="path"):
        sinks.sqlite(":memory:")


@pytest.mark.parametrize("table", ["", "a b", 'a"b', "a;--", "sqlite_master", "SQLite_x", "1st", "é", "a" * 64, "a\n"])
def test_a_table_name_that_needs_quotes_is_refused(path: Path, table: str):
    with pytest.raises(ValueError, match="table"):
        sinks.sqlite(path, table=table)
    assert not path.exists()


def test_text_is_data_in_every_column(path: Path):
    evil = "'); DROP TABLE events; --"
    sk.run(testing.script(evil), sinks.sqlite(path, stream=evil))
    assert {row[0] for row in rows(path)} == {evil}
    assert events(path)[-1].text == evil


def test_a_repeat_under_a_given_id_is_ignored(path: Path):
    pieces = rx.of("a", "b", sk.Reply())
    for _ in range(2):
        sk.run(sk.stream(pieces), sinks.sqlite(path, stream="s"))
    assert [row[1] for row in rows(path)] == [0, 1, 2]


def test_another_item_under_a_number_that_was_used_fails_the_sink_and_changes_nothing(path: Path):
    sk.run(sk.stream(rx.of("a", sk.Reply())), sinks.sqlite(path, stream="s"))
    before = rows(path)
    with pytest.raises(sk.SinkError, match="another item 0"):
        sk.run(sk.stream(rx.of("b", sk.Reply())), sinks.sqlite(path, stream="s"))
    assert [row for row in rows(path) if row[1] < 2] == before


def test_it_waits_for_another_writer(path: Path):
    """What is written meanwhile waits in the mailbox, and the loop goes on."""
    sink = sinks.sqlite(path)
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    release = threading.Timer(0.2, other.execute, ["COMMIT"])
    release.start()
    kept = sinks.memory()
    sk.run(testing.script("a", "b"), sink, kept)
    release.join()
    other.close()
    assert events(path) == kept.items


def test_a_writer_that_never_lets_go_is_a_failure_of_this_sink_only(path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(patience, "DATABASE_LOCK", 0.05)
    sink, kept = sinks.sqlite(path), sinks.memory()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(sk.SinkError, match="locked"):
            sk.run(testing.script("a", "b"), sink, kept)
    assert kept.text == "ab"
    sk.run(testing.script("c"), sink)  # it serves the next run
    assert events(path)[-1].text == "c"


def test_runs_at_the_same_time_share_a_database(path: Path):
    runs = [sk.start(testing.script(*[text] * 30), sinks.sqlite(path)) for text in "abc"]
    assert [run.result().text for run in runs] == [text * 30 for text in "abc"]
    found = rows(path, "stream, count(*), max(seq) + 1, count(DISTINCT seq)" + " FROM events GROUP BY stream --")
    assert [row[1:] for row in found] == [(33, 33, 33)] * 3


KEEPER = """
import sqlite3, sys
base = sqlite3.connect(sys.argv[1])
base.execute("SELECT count(*) FROM events").fetchone()
base.close()  # the last one to leave takes the log along: is it the last?
"""


@posix
def test_a_second_sink_does_not_drop_the_locks_of_the_first(path: Path):
    """Closing any descriptor of the file would: then a reader that leaves deletes the log under the writer."""
    first, logs = sinks.sqlite(path), []

    def meanwhile(event: sk.Event) -> None:
        if isinstance(event, sk.TextDelta):
            sinks.sqlite(path)
            subprocess.run([sys.executable, "-c", KEEPER, str(path)], check=True)
            logs.append(path.with_name("events.db-wal").exists())

    testing.clock().run(testing.script("a", "b", "c", every=1.0), first, meanwhile)
    assert logs[1:] == [True, True]


@posix
def test_a_symbolic_link_is_not_followed_now_or_later(tmp_path: Path, path: Path):
    target, link = tmp_path / "target", tmp_path / "link"
    link.symlink_to(target)
    with pytest.raises(OSError, match="symbolic link"):
        sinks.sqlite(link)
    sink = sinks.sqlite(path)
    path.rename(target)
    path.symlink_to(target)
    with pytest.raises(sk.SinkError, match="symbolic link"):
        sk.run(testing.script("Hi"), sink)
    assert rows(target) == []


@pytest.mark.parametrize(("sync", "forced"), [(None, 0), ("close", 0), ("every", 4), (1000.0, 0), (1e-9, 4)])
def test_commits_are_forced_to_the_disk_as_often_as_was_said(
    path: Path, monkeypatch: pytest.MonkeyPatch, sync: Any, forced: int
):
    said: list[str] = []
    connect = sqlite3.connect

    def traced(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        base = connect(*args, **kwargs)
        base.set_trace_callback(said.append)
        return base

    monkeypatch.setattr(sqlite3, "connect", traced)
    sk.run(testing.script("Hi"), sinks.sqlite(path, sync=sync))
    assert len([line for line in said if line.startswith("INSERT")]) == 4
    assert said.count("PRAGMA synchronous=FULL") == forced
    assert said.count("PRAGMA wal_checkpoint(PASSIVE)") == (sync is not None)


def test_nothing_stays_open(path: Path):
    sink = sinks.sqlite(path)
    for _ in range(3):
        sk.run(testing.script("Hi"), sink)
    assert not [thread for thread in threading.enumerate() if thread.name == "streamkit Sqlite"]
    with closing(sqlite3.connect(path, timeout=0)) as base:
        base.execute("PRAGMA locking_mode=EXCLUSIVE")
        base.execute("DELETE FROM events")  # would be refused if anybody still had it open


def test_a_sink_that_was_never_used_costs_nothing(path: Path):
    before = threading.active_count()
    for _ in range(3):
        sinks.sqlite(path)
    assert threading.active_count() <= before
    assert "events" in repr(sinks.sqlite(path))
