"""Numbers of other types are numbers: a Decimal, a Fraction, those of numpy; they are kept as int and float."""

from __future__ import annotations

import math
from dataclasses import asdict
from decimal import Decimal
from fractions import Fraction
from numbers import Integral, Real
from typing import Any

import pytest

import streamkit as sk
from streamkit import ops, sinks, testing
from streamkit.checks import check_number, check_whole, quote
from streamkit.scripted.client_limits import ServerLimits


class Float32:
    """Like that of numpy, which is a Real and no float."""

    def __init__(self, value: float) -> None:
        self.value = value

    def __float__(self) -> float:
        return float(self.value)


class Int64(Float32):
    def __int__(self) -> int:
        return int(self.value)

    __index__ = __int__


class Array(Float32):
    """Like a tensor of one number, which is registered as nothing."""

    def __index__(self) -> int:
        if isinstance(self.value, int):
            return self.value
        raise TypeError("only integer arrays can be an index")


Real.register(Float32)
Integral.register(Int64)
HALVES = [Decimal("0.5"), Fraction(1, 2), Float32(0.5), Array(0.5), 0.5]
THREES = [Decimal(3), Fraction(3), Float32(3), Int64(3), Array(3), 3, 3.0]


@pytest.mark.parametrize("half", HALVES)
def test_a_number_of_any_type_is_kept_as_a_float(half: Any):
    assert check_number("it", half) == 0.5
    assert type(check_number("it", half)) is float
    with pytest.raises(ValueError, match="it must be more than 1"):
        check_number("it", half, low=1)
    with pytest.raises(TypeError, match="it is a whole number, not"):
        check_whole("it", half)


@pytest.mark.parametrize("three", THREES)
def test_a_whole_number_of_any_type_is_kept_as_an_int(three: Any):
    assert check_whole("it", three) == 3
    assert type(check_whole("it", three)) is int
    with pytest.raises(ValueError, match="it must be at least 4"):
        check_whole("it", three, low=4)


@pytest.mark.parametrize("bad", [Decimal("NaN"), Decimal("Infinity"), Float32(math.nan), -math.inf])
def test_what_is_no_finite_number_is_told_whatever_its_type(bad: Any):
    for check in (check_number, check_whole):
        with pytest.raises(ValueError, match="it must be"):
            check("it", bad)


@pytest.mark.parametrize("bad", [1j, True, "1", b"1", None, [1], sk.Reply()])
def test_what_is_no_number_is_told(bad: Any):
    for check in (check_number, check_whole):
        with pytest.raises(TypeError, match=r"it is a .*number, not"):
            check("it", bad)


def test_infinity_of_any_type_is_taken_where_it_means_something():
    for given in (math.inf, Decimal("Infinity"), Float32(math.inf)):
        assert check_number("it", given, infinite=True) == check_whole("it", given, infinite=True) == math.inf


class Limited:
    patience = Decimal(2)

    def __init__(self) -> None:
        self.got: list[Any] = []

    def write(self, item: Any) -> None:
        self.got.append(item)

    async def close(self, reply: sk.Reply) -> None:
        self.got.append("closed")


def test_frozen_options_keep_plain_numbers():
    three: Any = Decimal(3)
    made = [sk.Limits(total=three, reply_bytes=three), sk.Retry(attempts=three, first=three, longest=three)]
    made += [sk.Prices(input=three, output=three), ServerLimits(idle=three, head_bytes=three)]
    for one in made:
        assert {type(value) for value in asdict(one).values()} <= {int, float, bool, type(None)}
    assert sk.Limits(total=three) == sk.Limits(total=3)
    assert sk.Retry(first=Decimal("0.5")).wait(1, sk.ConnectError("no", retryable=True), lambda: 0.0) == 0.5  # type: ignore[arg-type]


def test_a_stream_runs_with_decimals_wherever_a_number_goes():
    tenth: Any = Decimal("0.1")
    sink = Limited()
    script = testing.script("One. ", "Two.", every=1.0)
    raced = sk.race(script, testing.script("late", every=9.0), after=tenth)
    stream = raced.pipe(
        ops.time_limits(first=tenth * 100), ops.throttle_text(tenth), ops.smooth(every=tenth, lag=tenth)
    )
    branch = sk.branch(ops.segments(max_wait=tenth * 30, max_chars=Decimal(100)), into=sink, max_wait=Decimal(3))  # type: ignore[arg-type]
    recorded = testing.clock().run(stream.pipe(ops.retry_unstarted(sk.Retry(first=tenth))), branch)
    assert recorded.reply.text == "One. Two."
    assert sink.got[-1] == "closed"
    assert testing.clock().run(script.pipe(ops.snapshots(every=tenth))).items == ["One. ", "One. Two."]
    assert testing.clock().run(sk.replay("hello", speed=Decimal(2))).reply.text  # type: ignore[arg-type]


@pytest.mark.parametrize("cost", [0.05, Decimal("0.05"), Fraction(1, 20)])
@pytest.mark.parametrize("price", [2, Decimal("2.5"), Fraction(5, 2)])
def test_a_budget_of_decimals_is_kept(cost: Any, price: Any):
    prices = sk.Prices(input=price, output=price)
    kept = testing.clock().run(testing.script("a", "b").pipe(ops.budget(cost=cost, prices=prices)))
    assert (kept.reply.text, kept.reply.outcome) == ("ab", "complete")
    spent = testing.clock().run(testing.script("a", "b").pipe(ops.budget(cost=cost / 10**6, prices=prices)))
    assert spent.reply.stopped_by == "budget"


def test_a_batch_with_decimals_keeps_its_pace():
    options: dict[str, Any] = {"requests_per_minute": Decimal(60), "budget": Decimal(1), "concurrency": Decimal(2)}
    ask = testing.client("a", "b").chat
    prices = sk.Prices(input=1, output=1)
    items = testing.clock().run(sk.batch(["one", "two"], ask, prices=prices, **options)).items
    assert len(items) == 2


def test_batched_sends_with_decimals():
    got: list[Any] = []
    options: dict[str, Any] = {"size": Decimal(2), "every": Decimal(1), "retry": (Decimal("0.1"),)}
    testing.clock().run(sk.stream([1, 2, 3]), sinks.batched(lambda items, *, key: got.append(items), **options))
    assert got == [[1, 2], [3]]


def test_a_generator_is_called_one():
    async def later() -> Any:
        yield 1

    assert quote(item for item in ()) == "a generator"
    assert quote(later()) == "an async generator"
    assert quote(later).startswith("the function")
    assert quote(Decimal(1)) == "an instance of Decimal"
