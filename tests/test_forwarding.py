"""Every operator hands the scheduler on to its source: it carries the run, its gate and its clock."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
import reactivex as rx
from reactivex import Observable, abc
from reactivex.disposable import Disposable

import streamkit as sk
from streamkit import operators as ops
from streamkit.engine.upstream import RunScheduler
from tests.operators.made import MADE


class Probe(Observable[Any]):
    """Notes what it is subscribed with, and never says anything."""

    def __init__(self) -> None:
        super().__init__()
        self.schedulers: list[Any] = []

    def _subscribe_core(
        self, observer: abc.ObserverBase[Any], scheduler: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        self.schedulers.append(scheduler)
        return Disposable()


def received(operator: Any) -> tuple[RunScheduler, list[Any]]:
    source = Probe()

    async def subscribe() -> RunScheduler:
        scheduler = RunScheduler(asyncio.get_running_loop())
        subscription = source.pipe(operator).subscribe(lambda item: None, scheduler=scheduler)
        await asyncio.sleep(0)
        subscription.dispose()
        return scheduler

    return asyncio.run(subscribe()), source.schedulers


def test_every_operator_is_tested():
    assert {*MADE, "record"} == {*ops.__all__} - {"StageBase"}


@pytest.mark.parametrize("name", MADE)
def test_the_scheduler_of_the_run_reaches_the_source(name: str):
    given, (got,) = received(MADE[name]())
    assert isinstance(got, RunScheduler)
    assert got.context is given.context


def test_the_scheduler_of_the_run_reaches_a_recorded_source(tmp_path: Path):
    given, (got,) = received(ops.record(tmp_path / "reply.jsonl"))
    assert got.context is given.context


def test_an_operator_that_forgets_it_would_be_noticed():
    def forgetful(source: Observable[Any]) -> Observable[Any]:
        return sk.stream(rx.create(lambda observer, scheduler: source.subscribe(observer)))

    _, (got,) = received(forgetful)
    assert got is None
