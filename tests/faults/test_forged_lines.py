"""No name and no word of others begins a line of a log, of a message or of what a terminal shows (S06)."""

from __future__ import annotations

import asyncio
import copy
import io
import logging
import pickle
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import reactivex as rx

import streamkit as sk
from streamkit import errors, ops, sinks, testing
from streamkit.edges.cli import main
from tests.reports import reported

EVIL = "x\n2026-01-01 ERROR fake\r\x1b[2J\x9b31m\u2028\u202e\u200b\U000e0041\ud800"
NAME = EVIL.replace("\ud800", "")
"""The same for what must be UTF-8: names of files, types and tools."""
OURS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, sk.StreamkitError)]

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:pydantic")


def receive(items: list[Any], *, key: str) -> None: ...


def fine(text: str) -> bool:
    return bool(text) and all(char.isprintable() or char in "\u00a0\u3000" for char in text)


def made(kind: type[sk.StreamkitError], message: str) -> sk.StreamkitError:
    return kind(message, [ValueError("a")]) if kind is sk.AllFailedError else kind(message)  # type: ignore[call-arg]


@pytest.mark.parametrize("kind", OURS, ids=lambda kind: kind.__name__)
def test_a_message_of_ours_is_one_line_whoever_wrote_it(kind: type[sk.StreamkitError]):
    error = made(kind, EVIL)
    for one in (
        error,
        error.with_partial(sk.Reply()),
        error.as_given_up(),
        copy.copy(error),
        pickle.loads(pickle.dumps(error)),
    ):
        assert fine(str(one))
        assert "x\\n2026-01-01 ERROR fake\\r\\x1b[2J" in str(one)
    assert str(made(kind, "Grüße, 世界\u3000ok")).startswith("Grüße, 世界\u3000ok")


# -- names of sinks and branches -------------------------------------------------------------------------------------


class Failing:
    def write(self, item: Any) -> None:
        raise ValueError("no")


class Stuck:
    async def write(self, item: Any) -> None:
        await asyncio.get_running_loop().create_future()


class NeverClosing:
    patience = 1.0

    def write(self, item: Any) -> None: ...

    async def close(self, reply: sk.Reply) -> None:
        await asyncio.get_running_loop().create_future()


def renamed(name: str) -> Any:
    def sink(item: Any) -> None:
        raise ValueError("no")

    sink.__qualname__ = name
    return sink


def breaking(source: Any) -> Any:
    return rx.throw(ValueError("operator"))


BRANCHES: dict[str, Callable[[], Any]] = {
    "a sink that raises": lambda: sk.branch(into=Failing(), name=EVIL),
    "a function's own name": lambda: renamed(EVIL),
    "the name of a function in a thread": lambda: sinks.threaded(renamed(EVIL)),
    "the name of a class": lambda: type(NAME, (Failing,), {})(),
    "a sink that falls behind": lambda: sk.branch(into=Stuck(), capacity=1, overflow="fail", name=EVIL),
    "a sink that takes too long": lambda: sk.branch(into=Stuck(), max_wait=1.0, name=EVIL),
    "a sink that does not close": lambda: sk.branch(into=NeverClosing(), name=EVIL),
    "operators that fail": lambda: sk.branch(breaking, into=sinks.memory(), name=EVIL),
}


@pytest.mark.parametrize("name", BRANCHES)
def test_the_name_of_a_branch_is_told_in_one_line(name: str):
    with testing.clock() as clock:
        error = clock.run(testing.script(*"abcdef"), BRANCHES[name]()).error
    assert isinstance(error, sk.SinkError)
    assert fine(str(error))
    assert "fake" in str(error)


def test_figures_tell_the_name_as_messages_do():
    run = sk.start(testing.script("a"), sk.branch(into=sinks.memory(), name=EVIL))
    run.result()
    ((name, stats),) = run.stats.items()
    assert name == stats.name
    assert fine(name)
    assert sk.branch(into=print, name="Wörter  世界").name == "Wörter  世界"


def test_a_slow_sink_is_logged_in_one_line(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch):
    for limit in ("SLOW", "NOTED"):
        monkeypatch.setattr(f"streamkit.engine.branches.sink_calls.{limit}", -1.0)
    with caplog.at_level(logging.WARNING, "streamkit"):
        sk.run(testing.script(*"abcdef"), sk.branch(into=lambda _: None, name=EVIL))
    assert caplog.messages
    assert all(map(fine, caplog.messages))
    assert "fake" in caplog.text


def generating(item: Any) -> Any:
    yield item


generating.__qualname__ = EVIL


@pytest.mark.parametrize("into", [type(NAME, (Failing,), {}), generating], ids=["a class", "a generator"])
def test_what_is_no_sink_is_refused_in_one_line(into: Any):
    with pytest.raises(TypeError) as caught:
        sk.branch(into=into)
    assert fine(str(caught.value))
    assert "fake" in str(caught.value)


def test_threads_have_names_of_one_line():
    seen: list[str] = []
    sink = renamed(EVIL)

    def look(item: Any) -> None:
        seen.extend(thread.name for thread in threading.enumerate())

    look.__qualname__ = EVIL
    sk.run(testing.script("a"), sinks.threaded(look))
    assert any("fake" in name for name in seen)
    assert all(map(fine, seen))
    assert fine(repr(sinks.threaded(sink)))


# -- names of files, programs, tools and models ----------------------------------------------------------------------

posix = pytest.mark.skipif(sys.platform == "win32", reason="such names of files are refused there")


def broken_ledger(path: Path) -> None:
    path.write_bytes(b"something else\n")
    list(sk.batch(["a"], lambda _: testing.script("Hi"), ledger=path))


def damaged_ledger(path: Path) -> None:
    list(sk.batch(["a"], lambda _: testing.script("Hi"), ledger=path))
    path.write_bytes(path.read_bytes() + b"{\n")
    with reported(logging.WARNING) as reports:
        list(sk.batch(["a"], lambda _: testing.script("Hi"), ledger=path))
    raise ValueError(reports.messages[0])


def spool_in_use(path: Path) -> None:
    sink = sinks.batched(receive, spool=path)
    other = sinks.batched(lambda items, *, key: None, spool=path)
    assert sink._spool is not None
    loop = asyncio.new_event_loop()
    kept = sink._spool.begin(loop)
    try:
        sk.run(testing.script("a"), other)
    finally:
        kept.end()
        loop.close()


def no_spool(path: Path) -> None:
    path.write_bytes(b"something else\n")
    sinks.batched(receive, spool=path)


def program(path: Path) -> None:
    sk.run(testing.script("a").pipe(ops.text()), sinks.process([path]))


def failing_program(path: Path) -> None:
    path.write_text("#!/bin/sh\nprintf 'y\\n2026 ERROR fake\\033[2J' >&2\nexit 3\n")
    path.chmod(0o700)
    sk.run(testing.script("a").pipe(ops.text()), sinks.process([path]))


def recording(path: Path) -> None:
    sk.run(sk.replay(path))


@posix
@pytest.mark.parametrize(
    "broken",
    [broken_ledger, damaged_ledger, spool_in_use, no_spool, program, failing_program, recording],
    ids=lambda case: case.__name__,
)
def test_the_name_of_a_file_is_told_in_one_line(broken: Callable[[Path], None], tmp_path: Path):
    with pytest.raises(Exception) as caught:
        broken(tmp_path / NAME.replace("/", ""))
    assert fine(str(caught.value))
    assert "fake" in str(caught.value)


def test_reprs_are_one_line(tmp_path: Path):
    stream = io.StringIO()
    stream.name = EVIL  # type: ignore[attr-defined]  # as files have one
    for one in (
        sinks.console(stream),
        sinks.process([EVIL]),
        sk.branch(into=print, name=EVIL),
        testing.script("a").pipe(named_operator),
        sk.ToolCall("1", EVIL, EVIL),
        sk.Reply(model=EVIL),
    ):
        assert fine(repr(one))


def named_operator(source: Any) -> Any:
    return source


named_operator.__name__ = EVIL


def test_what_cannot_be_a_tool_is_refused_in_one_line():
    def tool(a: int, /) -> None: ...

    tool.__name__ = EVIL
    with testing.client("x") as one, pytest.raises(TypeError) as caught:
        list(one.chat("x", tools=[tool]))
    assert fine(str(caught.value))
    assert "fake" in str(caught.value)


def test_a_tool_that_a_model_made_up_is_told_in_one_line():
    def known(a: int) -> int:
        return a

    calls = [(NAME, {"a": 1}), ("known", {NAME: 1}), ("known", {"a": NAME})]
    with testing.client(testing.Script(tool_calls=calls), "done") as one:
        events = list(sk.tool_loop(one.chat, "x", [known]))
    said = [event.error for event in events if isinstance(event, sk.ToolResult)]
    assert len(said) == 3
    assert all(error is not None and fine(error) for error in said)


def test_a_model_without_a_price_is_told_in_one_line():
    reply = testing.Script("Hi", usage=sk.Usage(1, 2, 3), model=NAME)
    with testing.client(reply, model="m") as one, pytest.raises(ValueError, match="no price") as caught:
        list(sk.batch(["a"], one.chat, budget=1.0, prices={"m": sk.Prices(input=1, output=1)}))
    assert fine(str(caught.value))
    assert "fake" in str(caught.value)


# -- what is printed ------------------------------------------------------------------------------------------------


def test_the_command_line_shows_what_others_wrote_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "recording.jsonl"
    with testing.client(testing.Script("Hi", fail={"message": NAME}), model="m") as one, pytest.raises(sk.ApiError):
        sk.run(one.chat("x").pipe(ops.record(path, note="y\n2026 ERROR fake\x1b[2J")))
    assert main(["replay", str(path), "--speed", "0", "-v"]) == 1
    assert main(["demo", str(path), "--speed", "0"]) == 1
    assert main(["replay", str(tmp_path / "no\n2026 ERROR fake"), "--speed", "0"]) == 1
    with pytest.raises(SystemExit):
        main(["chat", "x", "--no-such\n2026\x1b[2J"])
    shown = capsys.readouterr().err
    assert shown.count("2026") >= 5
    assert [line for line in shown.split("\n") if line.lstrip().startswith("2026")] == []
    assert all(fine(line) for line in shown.split("\n") if line)
