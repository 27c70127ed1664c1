"""Through which streams are read: each door reads one, on virtual time, beside another run of the same loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

import streamkit as sk
from streamkit import operators as ops
from streamkit.engine.loops import loop as loops
from streamkit.testing.jump import JumpingLoop
from tests.engine.matrix.kinds import ENDS_A_LOOP
from tests.engine.matrix.places import Setup

__all__ = ["DOORS", "Outcome", "Patient", "virtual_time"]

LIMIT = 60.0
"""Virtual seconds in which everything is over."""
REAL = 10.0
"""Real seconds until a thread counts as hanging."""


class Sibling:
    """A sink beside the one that fails."""

    def __init__(self) -> None:
        self.items: list[Any] = []
        self.closed = 0

    def write(self, item: Any) -> None:
        self.items.append(item)

    def close(self, reply: sk.Reply) -> None:
        self.closed += 1


@dataclass
class Outcome:
    """What came of it: what was raised, and, where nothing is, what else told of it."""

    raised: BaseException | None = None
    told: list[BaseException] = field(default_factory=list)
    items: list[Any] = field(default_factory=list)
    reply: sk.Reply | None = None
    other: str = ""
    """The text of the other run."""
    lost_loop: bool = False
    """The user's own loop was ended by it, and the other run with that."""
    left: list[str] = field(default_factory=list)
    """Tasks that are still there."""
    sibling: Sibling = field(default_factory=Sibling)

    def attached(self, setup: Setup) -> Any:
        return setup.stream().pipe(ops.attach(*setup.branches, self.sibling))


Door = Callable[[Setup, Outcome], None]


class Patient(JumpingLoop):
    """The background loop on virtual time: when it has nothing to do it waits for whoever needs it next."""

    def advance(self, timeout: float | None) -> float:
        return REAL if timeout is None else super().advance(timeout)


@contextmanager
def virtual_time(patch: pytest.MonkeyPatch) -> Iterator[None]:
    """The background loop and the loops of plain threads jump."""
    loops.shutdown()
    patch.setattr(loops, "new_loop", lambda: Patient(1e9))
    try:
        yield
    finally:
        loops.shutdown()


async def _slow() -> AsyncIterator[str]:
    for _ in range(3):
        await asyncio.sleep(2)
        yield "on "


def _other() -> sk.Run:
    return sk.start(sk.from_text(_slow))


def _in_thread(outcome: Outcome, work: Callable[[], Any]) -> None:
    """A door for plain threads."""

    def main() -> None:
        try:
            other = _other()
            try:
                outcome.reply = work()
            except BaseException as exc:
                outcome.raised = exc
            outcome.other = other.result(REAL).text
        except BaseException as exc:
            outcome.left.append(repr(exc))

    thread = threading.Thread(target=main, daemon=True)
    thread.start()
    thread.join(REAL)
    if thread.is_alive():
        outcome.left.append("the thread")


def _on_loop(outcome: Outcome, work: Callable[[], Any]) -> None:
    """A door for tasks: on a loop of the user's own."""

    async def main() -> None:
        other = _other()
        try:
            async with asyncio.timeout(LIMIT):
                outcome.reply = await work()
        except BaseException as exc:
            outcome.raised = exc
        outcome.other = (await other).text
        others = asyncio.all_tasks() - {asyncio.current_task()}
        late = (await asyncio.wait(others, timeout=LIMIT))[1] if others else ()
        outcome.left = [str(task) for task in late]

    loop = JumpingLoop(1e6)
    loop.set_exception_handler(lambda _, context: outcome.told.append(context.get("exception") or context["message"]))
    try:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(main())
    except ENDS_A_LOOP as exc:
        outcome.raised, outcome.lost_loop = exc, True


def run(setup: Setup, outcome: Outcome) -> None:
    _in_thread(outcome, lambda: sk.run(setup.stream(), *setup.branches, outcome.sibling))


def start(setup: Setup, outcome: Outcome) -> None:
    _in_thread(outcome, lambda: sk.start(setup.stream(), *setup.branches, outcome.sibling).result(REAL))


def for_loop(setup: Setup, outcome: Outcome) -> None:
    def work() -> None:
        for item in outcome.attached(setup):
            outcome.items.append(item)

    _in_thread(outcome, work)


def for_a_run(setup: Setup, outcome: Outcome) -> None:
    def work() -> None:
        for item in sk.start(outcome.attached(setup)):
            outcome.items.append(item)

    _in_thread(outcome, work)


def subscribe(setup: Setup, outcome: Outcome) -> None:
    def work() -> None:
        over, ends = threading.Event(), []

        def end(error: Any = None) -> None:
            ends.append(error)
            over.set()

        outcome.attached(setup).subscribe(outcome.items.append, end, end)
        assert over.wait(REAL)
        (error,) = ends
        if error is not None:
            raise error

    _in_thread(outcome, work)


def start_on_a_loop(setup: Setup, outcome: Outcome) -> None:
    async def work() -> Any:
        return await sk.start(setup.stream(), *setup.branches, outcome.sibling)

    _on_loop(outcome, work)


def async_for(setup: Setup, outcome: Outcome) -> None:
    async def work() -> None:
        async for item in outcome.attached(setup):
            outcome.items.append(item)

    _on_loop(outcome, work)


def async_for_a_run(setup: Setup, outcome: Outcome) -> None:
    async def work() -> None:
        async for item in sk.start(outcome.attached(setup)):
            outcome.items.append(item)

    _on_loop(outcome, work)


def await_(setup: Setup, outcome: Outcome) -> None:
    async def work() -> Any:
        return await outcome.attached(setup)

    _on_loop(outcome, work)


def subscribe_on_a_loop(setup: Setup, outcome: Outcome) -> None:
    async def work() -> None:
        over: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        def end(error: Any = None) -> None:
            over.set_result(error)

        outcome.attached(setup).subscribe(outcome.items.append, end, end)
        error = await over
        if error is not None:
            raise error

    _on_loop(outcome, work)


def batch(setup: Setup, outcome: Outcome) -> None:
    async def work() -> None:
        async for item in sk.batch(["prompt"], lambda prompt: outcome.attached(setup)):
            if item.error is not None:
                outcome.told.append(item.error)
            outcome.items.append(item)

    _on_loop(outcome, work)


def tool_loop(setup: Setup, outcome: Outcome) -> None:
    async def work() -> Any:
        return await sk.start(sk.tool_loop(lambda messages: outcome.attached(setup), "Hi", {}))

    _on_loop(outcome, work)


def sse(setup: Setup, outcome: Outcome) -> None:
    async def work() -> None:
        async for frame in sk.sse(outcome.attached(setup), format="events"):
            outcome.items.append(frame)

    _on_loop(outcome, work)


DOORS: dict[str, Door] = {
    "run": run,
    "start": start,
    "start, on a loop": start_on_a_loop,
    "for": for_loop,
    "for, of a run": for_a_run,
    "async for": async_for,
    "async for, of a run": async_for_a_run,
    "await": await_,
    "subscribe": subscribe,
    "subscribe, on a loop": subscribe_on_a_loop,
    "batch": batch,
    "tool_loop": tool_loop,
    "sse": sse,
}
