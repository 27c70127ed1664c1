"""Functions of users in ``pipe``: they get a stream, and the last one may make of it what it likes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import reactivex as rx
from reactivex import operators as rxo

import streamkit as sk
from streamkit import operators as ops


def stream() -> sk.Stream[Any]:
    return sk.from_text(["a", "b"])


async def collected(source: Any) -> list[Any]:
    return [item async for item in source]


def test_the_last_function_may_give_anything() -> None:
    shown: list[str] = []

    def show(source: Any) -> None:
        for item in sk.stream(source):
            shown[:] = [*shown, item.upper()]

    async def main() -> list[Any]:
        return await stream().pipe(ops.text(), collected)

    assert asyncio.run(main()) == ["a", "b"]
    assert stream().pipe(ops.text(), show) is None
    assert shown == ["A", "B"]
    assert stream().pipe(sk.run).text == "ab"
    assert stream().pipe(lambda source: 5) == 5


class Page:
    def __init__(self, source: Any) -> None:
        self.text = "".join(source)

    def write(self, path: str) -> None: ...


def test_what_reads_an_iterable_reads_the_stream() -> None:
    text = stream().pipe(ops.text())
    assert [text.pipe(kind) for kind in (list, tuple, set, sorted, "".join)] == [
        ["a", "b"], ("a", "b"), {"a", "b"}, ["a", "b"], "ab",
    ]  # fmt: skip
    assert text.pipe(Page).text == "ab"
    assert text.pipe(lambda source: source.pipe(rxo.map(str.upper)), ops.redact("email"), "".join) == "AB"
    assert text.pipe(lambda source: source, list) == ["a", "b"]
    assert text.pipe(rxo.publish(), lambda source: type(source).__name__) == "ConnectableObservable"


def test_an_operator_called_with_a_stream_gives_one() -> None:
    called = ops.text()(stream())
    assert isinstance(called, sk.Stream)
    assert list(called) == ["a", "b"]
    assert isinstance(ops.redact("email")(stream()), sk.ReplyStream)
    assert not isinstance(ops.text()(rx.of("a")), sk.Stream)


def test_a_function_that_subscribes_by_itself_works_in_a_chain_and_in_a_branch() -> None:
    def mine(source: Any) -> Any:
        return rx.create(lambda observer, _=None: source.subscribe(
            lambda item: observer.on_next(item * 2), observer.on_error, observer.on_completed
        ))  # fmt: skip

    got: list[str] = []
    assert list(stream().pipe(ops.text(), mine)) == ["aa", "bb"]
    sk.run(stream(), sk.branch(ops.text(), mine, into=got.append))
    assert got == ["aa", "bb"]


def test_a_branch_that_reads_by_itself_says_so_and_hangs_nobody() -> None:
    with pytest.raises(sk.SinkError, match="a branch is read on its run's loop"):
        sk.run(stream(), sk.branch(list, into=print))


def test_what_has_nothing_to_hear_or_nothing_attached_is_ordinary() -> None:
    branches: list[Any] = []
    assert stream().pipe(ops.attach(*branches), ops.text(), list) == ["a", "b"]
    assert sk.run(stream(), sk.on(text=None), sk.on()).text == "ab"


def test_a_thing_with_everything_is_not_taken_for_a_run() -> None:
    class Job:
        def result(self) -> None: ...

    with pytest.raises(TypeError) as caught:
        sk.run(Job())  # type: ignore[arg-type]
    assert "at work" not in str(caught.value)
    run: Any = sk.start(stream())
    assert run.result().text == "ab"
    assert not hasattr(run, "text")
    assert not hasattr(run, "__wrapped__")
