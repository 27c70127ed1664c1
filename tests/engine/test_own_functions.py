"""Functions of a user's in ``pipe``, and replies one after another: the kind of stream is what the checkers say."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from reactivex import Observable, abc, operators as rxo

import streamkit as sk
from streamkit import ops, testing


def private(reply: sk.ReplyStream) -> sk.ReplyStream:
    assert isinstance(reply, sk.ReplyStream)
    return reply.pipe(ops.redact("email"))


class Own(Observable[Any]):
    """An Observable of a user's, with an attribute that streams of this package have too."""

    _built = False

    def __init__(self, source: Observable[Any]) -> None:
        super().__init__()
        self._source = source

    def _subscribe_core(
        self, observer: abc.ObserverBase[Any], scheduler: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        self._built = True
        return self._source.subscribe(observer, scheduler=scheduler)


def again(_: object) -> sk.ReplyStream:
    return testing.script("again")


@pytest.mark.parametrize(
    "operators",
    [(private,), (lambda s: s,), (ops.meter(), private, ops.note("a"), private), (ops.text(), again), (again, private)],
)
def test_a_function_that_gives_the_stream_of_a_reply_makes_one(operators):
    stream = testing.script("a ", "b").pipe(*operators)
    assert type(stream) is sk.ReplyStream
    assert isinstance(stream.run(), sk.Reply)


@pytest.mark.parametrize(
    "operators",
    [
        (lambda s: s.take(1),),
        (private, rxo.take(1)),
        (lambda s: s.pipe(ops.text()), ops.note("a")),
        (ops.text(), lambda s: s),
        (rxo.map(lambda e: e), lambda s: s),
    ],
)
def test_one_that_gives_another_stream_makes_a_plain_one(operators):
    assert type(testing.script("a ", "b").pipe(*operators)) is sk.Stream


def test_one_that_gives_an_observable_of_its_own_class_keeps_its_attributes():
    assert testing.script("a ", "b").pipe(Own, ops.text()).to_list().run() == ["a ", "b"]
    assert list(testing.script("a").pipe(ops.text(), Own)) == ["a"]


def test_two_replies_in_a_row_end_with_the_second():
    both = testing.script("one")
    both += testing.script("two")
    assert type(both) is sk.ReplyStream
    assert both.run().text == "two"
    assert list(both.pipe(ops.text())) == ["one", "two"]
    assert type(both + testing.script("a").take(1)) is sk.Stream
    assert type(both.pipe(ops.text()) + both) is sk.Stream


def test_awaited_they_give_the_second_reply():
    async def main() -> sk.Reply:
        return await (testing.script("one") + testing.script("two"))

    assert asyncio.run(main()).text == "two"
