"""Exceptions of users that are false, or forbid to be changed: they end a stream like any other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, NoReturn

import pytest
import reactivex as rx

import streamkit as sk
from streamkit import operators as ops


class Problems(Exception):
    """It counts what is wrong, so without an entry it is false."""

    def __len__(self) -> int:
        return 0


class Frozen(Exception):
    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(name)


def failing(error: Exception) -> sk.Stream[Any]:
    return sk.stream(rx.concat(rx.just("a"), rx.throw(error)))


def refuse(*args: Any) -> NoReturn:
    raise Problems


async def all_of(stream: Any) -> list[Any]:
    return [item async for item in stream]


async def awaited(stream: Any) -> Any:
    return await stream


async def awaited_run(stream: Any) -> Any:
    return await sk.start(stream)


DOORS: dict[str, Callable[[sk.Stream[Any]], Any]] = {
    "run": sk.run,
    "result": lambda stream: sk.start(stream).result(5),
    "for": list,
    "for, of a run": lambda stream: list(sk.start(stream)),
    "await": lambda stream: asyncio.run(awaited(stream)),
    "await, of a run": lambda stream: asyncio.run(awaited_run(stream)),
    "async for": lambda stream: asyncio.run(all_of(stream)),
}


@pytest.mark.parametrize("error", [Problems("x"), Frozen("x")])
@pytest.mark.parametrize("door", DOORS)
def test_they_come_out_of_each_door(door: str, error: Exception):
    with pytest.raises(type(error)) as caught:
        DOORS[door](failing(error))
    assert caught.value is error


@pytest.mark.parametrize(
    "operator",
    [
        ops.sentences(),
        ops.smooth(),
        ops.smooth(finish="keep_pace"),
        ops.throttle_text(0.01),
        ops.time_limits(first=5),
        ops.guard(lambda text: True),
    ],
)
def test_they_pass_operators(operator: Any):
    error = Problems("x")
    with pytest.raises(Problems) as caught:
        sk.run(failing(error).pipe(operator))
    assert caught.value is error


@pytest.mark.parametrize("operator", [ops.map_async(refuse), ops.smooth(refuse)])
def test_those_of_a_function_in_an_operator_are_told(operator: Any):
    with pytest.raises(Problems):
        sk.run(sk.stream(rx.just("a b")).pipe(operator))


def test_that_of_a_branch_is_told():
    with pytest.raises(sk.SinkError) as caught:
        sk.run(sk.stream(rx.just(1)), sk.branch(lambda source: rx.throw(Problems()), into=print))
    assert isinstance(caught.value.__cause__, Problems)


def test_that_of_a_batchs_prompts_and_of_its_ask_is_told():
    [item] = list(sk.batch(["a"], lambda prompt: failing(Problems("x"))))
    assert item.error is not None
    assert isinstance(item.error.__cause__, Problems)
    with pytest.raises(sk.BrokenError):
        list(sk.batch(refuse, lambda prompt: failing(Problems("x"))))


def test_a_branch_that_fails_as_well_does_not_keep_a_run_from_ending():
    def sink(item: Any) -> None:
        raise KeyError

    error = Frozen("x")
    with pytest.raises(Frozen) as caught:
        sk.start(failing(error), sink).result(5)
    assert caught.value is error
