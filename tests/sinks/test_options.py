"""What is wrong with a sink's options is told when it is made, not in the middle of a reply."""

from __future__ import annotations

import asyncio
import functools
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock, MagicMock

import pytest

import streamkit as sk
from streamkit import ops, sinks

RIGHT = r"write def write_many\(items, \*, key\)"


async def good(items: list[Any], *, key: str) -> None: ...


def yields(items: list[Any], *, key: str) -> Any:
    yield items


async def yields_later(items: list[Any], *, key: str) -> Any:
    yield items


class Kept:
    def __init__(self, items: list[Any], *, key: str) -> None: ...


class Yields:
    def __call__(self, items: list[Any], *, key: str) -> Any:
        yield items


class Poster:
    def __call__(self, items: list[Any], key: str) -> None: ...

    async def post(self, items: list[Any], *, key: str, tries: int = 3) -> None: ...

    def send(self, items: list[Any]) -> None: ...


def to_topic(topic: str, items: list[Any], *, key: str) -> None: ...


NO_WRITE_MANY: dict[str, tuple[Any, str]] = {
    "items only": (lambda items: None, r"takes \(items\)"),
    "key has another name": (lambda items, id: None, r"takes \(items, id\)"),
    "nothing": (lambda: None, r"takes \(\)"),
    "items by name": (lambda *, items, key: None, "takes"),
    "one item": (Poster().send, r"takes \(items"),
    "needs more": (to_topic, r"takes \(topic"),
    "print": (print, "the function print"),
    "append": ([].append, "takes"),
    "a generator function": (yields, "has a yield in it"),
    "an async generator function": (yields_later, "has a yield in it"),
    "a callable object that yields": (Yields(), "has a yield in it"),
    "a class": (Kept, "the class Kept"),
    "a list": ([], r"not \[\]"),
    "a sink": (sinks.memory(), "an instance of Memory"),
    "an operator": (ops.text(), "takes"),
    "None": (None, "not None"),
}


@pytest.mark.parametrize("name", NO_WRITE_MANY)
def test_a_write_many_of_a_wrong_signature_is_told_at_once(name: str):
    given, told = NO_WRITE_MANY[name]
    with pytest.raises(TypeError, match=told) as error:
        sinks.batched(given)
    error.match(RIGHT)


def test_a_write_many_that_was_called_is_told_and_not_left_unawaited():
    with pytest.raises(TypeError, match=r"not the coroutine good\(\)"):
        sinks.batched(good([], key=""))  # type: ignore[arg-type]  # what a careless user writes


@pytest.mark.parametrize(
    "write_many",
    [
        good,
        Poster(),
        Poster().post,
        functools.partial(to_topic, "replies"),
        lambda items, key: None,
        lambda items, key=None: None,
        lambda *args, **options: None,
        MagicMock(),
        AsyncMock(),
    ],
)
def test_a_write_many_that_can_be_called_will_do(write_many: Any):
    assert sinks.batched(write_many)


WRONG: dict[str, tuple[Callable[[Path], Any], type[Exception], str]] = {
    "batched retry": (lambda _: sinks.batched(good, retry=sk.Retry()), TypeError, r"\(0.5, 1.0\) or \(\) for none"),
    "batched retry number": (lambda _: sinks.batched(good, retry=3), TypeError, "seconds before each further attempt"),
    "batched retry None": (lambda _: sinks.batched(good, retry=None), TypeError, "not None"),
    "batched retry text": (lambda _: sinks.batched(good, retry="12"), TypeError, "not '12'"),
    "batched retry delay": (lambda _: sinks.batched(good, retry=["1"]), TypeError, "each delay of retry"),
    "batched retry negative": (lambda _: sinks.batched(good, retry=[-1]), ValueError, "each delay of retry"),
    "batched size": (lambda _: sinks.batched(good, size="5"), TypeError, "size is a whole number, not '5'"),
    "batched size half": (lambda _: sinks.batched(good, size=2.5), TypeError, "size is a whole number"),
    "batched size bool": (lambda _: sinks.batched(good, size=True), TypeError, "size is a whole number"),
    "batched every": (lambda _: sinks.batched(good, every="1 s"), TypeError, "every is a number"),
    "batched every nan": (lambda _: sinks.batched(good, every=float("nan")), ValueError, "every"),
    "batched spool": (lambda _: sinks.batched(good, spool=True), TypeError, "spool is the path"),
    "jsonl mode": (lambda at: sinks.jsonl(at, mode=5), TypeError, "mode"),
    "jsonl mode of open": (lambda at: sinks.jsonl(at, mode="a"), ValueError, "create, append, replace"),
    "jsonl open file": (lambda _: sinks.jsonl(io.StringIO()), TypeError, "path is the path of a file"),
    "jsonl path": (lambda _: sinks.jsonl(None), TypeError, "path is the path of a file"),
    "jsonl bytes": (lambda _: sinks.jsonl(b"replies"), TypeError, "path is the path of a file"),
    "jsonl folder": (lambda _: sinks.jsonl("a", folder=5), TypeError, "folder is the path of a folder"),
    "jsonl stream": (lambda at: sinks.jsonl(at, stream=5), TypeError, "stream is a str"),
    "jsonl sync": (lambda at: sinks.jsonl(at, sync=True), TypeError, "'close', 'every' or a number"),
    "sqlite path": (lambda _: sinks.sqlite(5), TypeError, "path is the path of a file"),
    "sqlite table": (lambda at: sinks.sqlite(at, table=5), TypeError, "table is a str"),
    "sqlite stream": (lambda at: sinks.sqlite(at, stream=""), ValueError, "not empty"),
    "sqlite sync": (lambda at: sinks.sqlite(at, sync="always"), ValueError, "'close', 'every' or a number"),
    "console stream": (lambda _: sinks.console("stderr"), TypeError, "stream is a text file, not 'stderr'"),
    "console bytes": (lambda _: sinks.console(io.BytesIO()), TypeError, "without 'b'"),
    "console option": (lambda _: sinks.console(True), TypeError, "stream is a text file"),
    "console raw": (lambda _: sinks.console(raw="no"), TypeError, "raw is True or False"),
    "console reasoning": (lambda _: sinks.console(reasoning=1), TypeError, "reasoning is True or False"),
    "process text": (lambda _: sinks.process("say x"), TypeError, "argv is a list"),
    "process number": (lambda _: sinks.process(5), TypeError, "argv is a list"),
    "process part": (lambda _: sinks.process(["sleep", 5]), TypeError, "argv is a list of str"),
    "process encoding": (lambda _: sinks.process(["a"], encoding="nope"), ValueError, "unknown encoding"),
    "process newline": (lambda _: sinks.process(["a"], newline=None), TypeError, "newline is a str"),
    "process env": (lambda _: sinks.process(["a"], env=["A=1"]), TypeError, "env is a mapping"),
    "process env value": (lambda _: sinks.process(["a"], env={"A": 1}), TypeError, "A"),
    "process stdout": (lambda _: sinks.process(["a"], stdout="out.txt"), TypeError, "an open file or a descriptor"),
    "process patience": (lambda _: sinks.process(["a"], patience="5"), TypeError, "patience is a number or None"),
    "process on_cancel": (lambda _: sinks.process(["a"], on_cancel=True), TypeError, "on_cancel is a str"),
    "threaded number": (lambda _: sinks.threaded(5), TypeError, "a sink is a callable or has a write method"),
    "threaded async": (lambda _: sinks.threaded(good), TypeError, "good is async"),
    "threaded async object": (lambda _: sinks.threaded(AsyncWrite()), TypeError, "AsyncWrite is async"),
    "threaded class": (lambda _: sinks.threaded(sinks.Memory), TypeError, "is a class"),
    "threaded generator": (lambda _: sinks.threaded(yields), TypeError, "has a yield in it"),
    "threaded branch": (lambda _: sinks.threaded(sk.branch(into=print)), TypeError, "branch"),
    "notebook show": (lambda _: sinks.notebook(show=5), TypeError, "show is a str"),
    "notebook kind": (lambda _: sinks.notebook(show="html"), ValueError, "text, markdown"),
    "notebook every": (lambda _: sinks.notebook(every="1"), TypeError, "every is a number"),
}


class AsyncWrite:
    async def __call__(self, item: Any) -> None: ...


@pytest.mark.parametrize("name", WRONG)
def test_options_of_a_wrong_type_are_told_when_the_sink_is_made(name: str, tmp_path: Path):
    make, error, told = WRONG[name]
    with pytest.raises(error, match=told):
        make(tmp_path / "file")
    assert os.listdir(tmp_path) == []


def test_options_that_make_sense_are_taken(tmp_path: Path):
    for made in (
        sinks.batched(good, retry=[], size=1, every=float("inf"), spool=str(tmp_path / "spool")),
        sinks.batched(good, retry=(1, 2.5)),
        sinks.jsonl(tmp_path / "log", sync=5),
        sinks.console(io.StringIO(), raw=True),
        sinks.process(("cat", Path("file")), env={**os.environ}, stdout=1, patience=None),
        sinks.threaded(print),
    ):
        assert asyncio.iscoroutinefunction(made) is False
        assert sk.branch(into=made)
