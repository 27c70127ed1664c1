"""Every kind of bad sink under every policy and every way to end: what it gets, and that nobody else notices.

Calls and coroutines are played on a virtual clock. Threads know no such clock: there the times are real, and short.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import reactivex as rx
from reactivex.subject import Subject

import streamkit as sk
from streamkit import patience, sinks, testing
from streamkit.engine.branches.backlog import OVERFLOWS, is_kept
from streamkit.engine.branches.stats import SinkStats
from tests.waiting import soon

PIECES = [f"{number} " for number in range(24)]
RAISES_AT, ACTS_AT, CANCELLED_AT = 5, 2, 10
BEHAVIOURS = ("fast", "slow", "stuck", "raises", "raises in close", "cancels", "emits")
ENDS = ("completed", "error", "cancel")
CASES = [
    (behaviour, overflow, end)
    for behaviour in BEHAVIOURS
    for overflow in OVERFLOWS
    for end in ENDS
]  # fmt: skip


class Odd:
    """Writes down what happens to it, and misbehaves."""

    def __init__(self, behaviour: str, delay: float) -> None:
        self.behaviour, self.delay = behaviour, delay
        self.items: list[Any] = []
        self.calls: Counter[str] = Counter()
        self.told = 0
        self.act: Callable[[], None] | None = None
        self.release = threading.Event()

    def take(self, item: Any) -> None:
        assert not self.calls["close"], "an item after the end"
        self.items.append(item)
        if self.behaviour == "raises" and len(self.items) == RAISES_AT:
            raise OSError("no room")
        if self.act is not None and len(self.items) == ACTS_AT:
            self.act()

    @property
    def sticks(self) -> bool:
        return self.behaviour == "stuck" and len(self.items) == 2

    def fail(self, error: Exception) -> None:
        self.calls["fail"] += 1

    def close(self, reply: sk.Reply) -> None:
        self.calls["close"] += 1
        if self.behaviour == "raises in close":
            raise OSError("no room")

    def dropped(self, count: int, first: int, last: int) -> None:
        assert last - first + 1 >= count > 0
        self.told += count


class InPlace(Odd):
    def write(self, item: Any) -> None:
        if self.behaviour == "slow":
            asyncio.get_running_loop().now += self.delay  # type: ignore[attr-defined]  # virtual time passes for all
        self.take(item)


class Async(Odd):
    async def write(self, item: Any) -> None:
        self.take(item)
        if self.behaviour == "slow":
            await asyncio.sleep(self.delay)
        elif self.sticks:
            await asyncio.Event().wait()


class Blocking(Odd):
    """To be called in a thread."""

    def write(self, item: Any) -> None:
        self.take(item)
        if self.behaviour == "slow":
            time.sleep(self.delay)
        elif self.sticks:
            self.release.wait(30)


@dataclass
class Played:
    odd: Odd
    before: list[Any] = field(default_factory=list)
    after: list[Any] = field(default_factory=list)
    reply: sk.Reply | None = None
    error: Exception | None = None
    seconds: float = 0.0
    stats: dict[str, SinkStats] = field(default_factory=dict)


def play(odd: Odd, into: Any, overflow: Any, end: str, every: float, max_wait: float) -> Coroutine[Any, Any, Played]:
    """A run with the odd sink between two good ones."""
    played, runs, again = Played(odd), list[sk.Run](), Subject[Any]()
    failing: dict[str, Any] = {"fail": sk.BrokenError("cut")} if end == "error" else {}
    stream = testing.script(*PIECES, every=every, tool_calls=[("f", {})], usage=sk.Usage(1, 2), **failing)
    if odd.behaviour == "emits":
        stream = sk.stream(rx.merge(again, stream))
    capacity = 4 if odd.behaviour in ("slow", "stuck") else 1024

    def first(item: Any) -> None:
        played.before.append(item)
        if end == "cancel" and len(played.before) == CANCELLED_AT:
            runs[0].cancel()

    def emit() -> None:
        again.on_next("again")
        again.on_completed()

    async def main() -> Played:
        loop, never = asyncio.get_running_loop(), asyncio.Event()
        odd.act = {"cancels": lambda: runs[0].cancel(), "emits": emit}.get(odd.behaviour)
        branches = [first, sk.branch(into=into, capacity=capacity, overflow=overflow, max_wait=max_wait, name="odd")]
        if odd.behaviour in ("cancels", "stuck"):  # in a thread it must not come too late
            brake = (lambda _: never.wait()) if odd.behaviour == "cancels" else (lambda _: soon(lambda: odd.sticks))
            branches.append(sk.branch(into=brake, capacity=ACTS_AT, name="brake"))
        began = loop.time()
        runs.append(sk.start(stream, *branches, played.after.append))
        try:
            played.reply = await runs[0]
        except Exception as exc:
            played.error = exc
        played.seconds, played.stats = loop.time() - began, runs[0].stats
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}, "a task was left over"
        return played

    return main()


def spread(items: list[Any]) -> list[Any]:
    """However text is cut."""
    out: list[Any] = []
    for item in items:
        out += item.text if isinstance(item, sk.TextDelta) else [item]
    return out


def is_part(some: list[Any], whole: list[Any]) -> bool:
    rest = iter(whole)
    return all(any(item == other for other in rest) for item in some)


def check(played: Played, overflow: str, end: str, *, in_place: bool = False, exact: bool = True) -> None:
    """``exact`` if it is known which item the sink is at when something else happens. Otherwise it is not known either
    how far the sink falls behind, and so what is merged or dropped."""
    odd, stats = played.odd, played.stats["odd"]
    got, sent = spread(odd.items), spread(played.before)
    cancelled = end == "cancel" or odd.behaviour == "cancels"
    lossless = in_place or overflow not in ("drop_oldest", "latest")

    # who else there is gets everything, and the run ends as it would have
    assert played.after == played.before[: len(played.after)]
    assert len(played.after) >= len(played.before) - cancelled
    if not cancelled:
        text = "".join(item.text for item in played.after if isinstance(item, sk.TextDelta))
        assert text == "".join(PIECES)
        assert isinstance(played.after[-1], sk.Reply) or end == "error" or odd.behaviour == "emits"
    if end == "error" and not cancelled:
        assert isinstance(played.error, sk.BrokenError)
    elif stats.failed:
        assert isinstance(played.error, sk.SinkError)
        assert played.error.partial.outcome
    else:
        assert played.error is None
        assert played.reply is not None
        assert played.reply.outcome == ("cancelled" if cancelled else "complete")

    # its own end comes once
    assert odd.calls["close"] == 1
    broke = end == "error" and not cancelled
    assert odd.calls["fail"] == broke or (stats.failed and broke)  # one that has failed itself need not be told

    # what it got
    assert got == sent[: len(got)] if lossless else is_part(got, sent)
    if not stats.failed and not cancelled:
        assert got[-1] == sent[-1]
        assert [item for item in got if is_kept(item)] == [item for item in sent if is_kept(item)]
        assert stats.delivered + stats.dropped + stats.merged == len(played.before)
        assert odd.told == stats.dropped
        assert (len(got) == len(sent)) == (stats.dropped == 0)
    assert stats.delivered <= len(odd.items) <= stats.delivered + 1
    assert stats.queued == 0
    match odd.behaviour:
        case "raises" if exact or not cancelled:
            assert stats.failed == (len(odd.items) == RAISES_AT)
            assert stats.failed or (not exact and end == "error" and overflow in ("conflate", "latest"))
        case "cancels":
            assert len(odd.items) == ACTS_AT
        case "emits" if not cancelled and (exact or end == "completed"):
            assert played.before.count("again") == 1
        case "stuck":
            assert len(odd.items) == 2
        case "raises in close":
            assert stats.failed
        case "slow" if overflow == "fail" and not in_place:
            assert stats.failed or not exact
        case "slow" | "fast":
            assert not stats.failed


@pytest.mark.parametrize(("behaviour", "overflow", "end"), CASES)
def test_a_coroutine(behaviour: str, overflow: str, end: str):
    odd = Async(behaviour, 0.05)
    played = testing.clock().run_coroutine(play(odd, odd, overflow, end, every=0.01, max_wait=10))
    check(played, overflow, end)
    if behaviour == "stuck":
        gave_up = overflow in ("wait", "fail") or end != "cancel"
        assert played.stats["odd"].failed == gave_up
        assert played.seconds < 11
    elif end == "cancel":
        assert played.seconds < patience.CANCELLED_SINKS


@pytest.mark.parametrize(("behaviour", "end"), [(b, end) for b in BEHAVIOURS for end in ENDS if b != "stuck"])
def test_a_callable(behaviour: str, end: str):
    """In place there is no mailbox, and a stuck one would be the end of everything."""
    odd = InPlace(behaviour, 0.05)
    played = testing.clock().run_coroutine(play(odd, odd, "wait", end, every=0.01, max_wait=10))
    check(played, "wait", end, in_place=True)
    if behaviour == "emits" and end != "cancel":
        assert played.before.index("again") == ACTS_AT, "after the item at hand, not inside it"


@pytest.fixture(autouse=True)
def threads_ended() -> Iterator[None]:
    yield
    for thread in threading.enumerate():
        if thread.name.startswith("streamkit Blocking"):
            thread.join(30)
            assert not thread.is_alive()


@pytest.mark.slow
@pytest.mark.parametrize(("behaviour", "overflow", "end"), CASES)
def test_a_thread(behaviour: str, overflow: str, end: str, monkeypatch: pytest.MonkeyPatch):
    """Only a thread that is stuck meets a limit, whatever time the others need."""
    odd, stuck = Blocking(behaviour, 0.002), behaviour == "stuck"
    monkeypatch.setattr(patience, "CANCELLED_CLOSE", 0.05 if stuck else 30)
    monkeypatch.setattr(patience, "CANCELLED_SINKS", 30)
    try:
        max_wait = 0.1 if stuck else 30
        played = asyncio.run(play(odd, sinks.threaded(odd), overflow, end, every=0.0005, max_wait=max_wait))
        if stuck:
            assert played.stats["odd"].failed
            odd.calls["close"] = 1  # its thread comes to that later
        check(played, overflow, end, exact=False)
    finally:
        odd.release.set()
