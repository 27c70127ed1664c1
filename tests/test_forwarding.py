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
from streamkit.engine import RunScheduler


async def answered(item: Any) -> Any:
    return item


class Same:
    def feed(self, item: Any) -> list[Any]:
        return [item]

    def flush(self) -> list[Any]:
        return []


MADE: dict[str, Any] = {
    "attach": lambda: ops.attach(print),
    "budget": lambda: ops.budget(tokens=5),
    "choice": lambda: ops.choice(0),
    "code_blocks": ops.code_blocks,
    "continue_with": lambda: ops.continue_with(lambda reply: rx.empty()),
    "count_tokens": lambda: ops.count_tokens("gpt-4o"),
    "fallback": lambda: ops.fallback(rx.empty()),
    "guard": lambda: ops.guard(lambda text: True),
    "json_items": ops.json_items,
    "json_values": ops.json_values,
    "map_async": lambda: ops.map_async(answered),
    "meter": ops.meter,
    "note": lambda: ops.note("here"),
    "of_type": lambda: ops.of_type(str),
    "reasoning": ops.reasoning,
    "redact": lambda: ops.redact("email"),
    "retry_unstarted": ops.retry_unstarted,
    "rewrite": lambda: ops.rewrite(Same),
    "segments": ops.segments,
    "sentences": lambda: ops.sentences(max_wait=1),
    "smooth": ops.smooth,
    "snapshots": lambda: ops.snapshots(every=1),
    "stage": lambda: ops.stage(Same),
    "stop_at": lambda: ops.stop_at("x"),
    "stop_when": lambda: ops.stop_when(lambda event: False),
    "text": ops.text,
    "think_tags": ops.think_tags,
    "throttle_text": lambda: ops.throttle_text(1),
    "time_limits": lambda: ops.time_limits(total=1),
    "tool_calls": ops.tool_calls,
}


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
    assert sorted([*MADE, "record"]) == [name for name in ops.__all__ if name.islower()]


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
