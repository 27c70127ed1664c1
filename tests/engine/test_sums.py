"""Sums and slices of streams are streams."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import reactivex as rx
from reactivex import operators as rxo

import streamkit as sk
from streamkit import ops, testing


def said(text: str, **options: Any) -> sk.Stream[sk.Event]:
    return testing.script(text, **options)


def test_a_stream_and_another_observable_are_a_stream_in_any_order():
    one, two = said("a"), said("b")
    for joined in (one + two, one + rx.of("b"), rx.of("a") + two, rx.of("a").pipe(rxo.take(1)) + two):
        assert isinstance(joined, sk.Stream)
        assert list(joined.pipe(ops.text())) == ["a", "b"]
    grown = one
    grown += two
    grown += rx.of("c")
    assert isinstance(grown, sk.Stream)
    assert list(grown.pipe(ops.text())) == ["a", "b", "c"]
    assert list(one.pipe(ops.text())) == ["a"]


def test_a_sum_is_iterated_awaited_and_run():
    joined = said("a") + said("b")
    assert [event.text for event in joined if isinstance(event, sk.TextDelta)] == ["a", "b"]
    assert sk.run(joined).text == "b"

    async def main() -> Any:
        return (await joined).text, [event.type async for event in joined].count("reply")

    assert asyncio.run(main()) == ("b", 2)
    got = testing.clock().run(said("a", first=2) + said("b", first=3))
    assert got.ended_at == 5
    assert repr(joined) == "<script | concat: not sent yet: iterate it, await it, or sk.run(it)>"


def test_the_second_is_not_asked_before_the_first_has_ended():
    client = testing.client(testing.Script("a", fail=sk.ApiError("boom")), "b")
    with pytest.raises(sk.ApiError):
        sk.run(client.chat("1") + client.chat("2"))
    assert len(client.requests) == 1


@pytest.mark.parametrize("other", [1, "a", None, [1]])
def test_a_stream_and_what_is_none_is_an_error(other: Any):
    for add in (lambda: said("a") + other, lambda: other + said("a"), lambda: sum([said("a"), said("b")])):
        with pytest.raises(TypeError):
            add()


def test_a_part_of_a_stream_is_a_stream():
    text = testing.script("a", "b", "c").pipe(ops.text())
    for part, items in ((text[1:], ["b", "c"]), (text[0], ["a"]), (text[-1:], ["c"]), (text[::2], ["a", "c"])):
        assert isinstance(part, sk.Stream)
        assert list(part) == items


def test_what_stock_combinators_give_is_a_stream_by_the_fluent_methods_or_by_sk_stream():
    one, two = said("a").pipe(ops.text()), said("b").pipe(ops.text())
    for combined in (one.merge(two), sk.stream(rx.merge(one, two)), one.concat(two), sk.stream(rx.concat(one, two))):
        assert isinstance(combined, sk.Stream)
        assert sorted(combined) == ["a", "b"]
    for combined in (one.zip(two), sk.stream(rx.zip(one, two)), one.combine_latest(two)):
        assert list(combined) == [("a", "b")]


def test_a_list_takes_the_items_of_a_stream():
    items = ["0"]
    items += sk.stream(["a", "b"])
    assert items == ["0", "a", "b"]
