"""Back-pressure, counted where it matters: at a body that says how often it was asked for more."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import reactivex as rx
from reactivex import operators as rxo

import streamkit as sk
from streamkit import operators as ops, testing
from streamkit.engine.upstream import Gate
from tests.faults.bodies import DONE, END, START, say


class Bodies:
    """Streams of ``length`` pieces, one a read; ``pulled`` counts them by name."""

    def __init__(self, length: int = 1000) -> None:
        self.length = length
        self.pulled: Counter[str] = Counter()

    def stream(self, name: str = "a") -> sk.Stream[Any]:
        async def body() -> AsyncIterator[bytes]:
            yield START
            for _ in range(self.length):
                self.pulled[name] += 1
                yield say(name)
            yield END + DONE

        return sk.from_bytes(body)


class Slow:
    """A sink that takes a second an item."""

    def __init__(self) -> None:
        self.items: list[Any] = []

    async def write(self, item: Any) -> None:
        await asyncio.sleep(1)
        self.items.append(item)


def names(items: list[Any]) -> list[str]:
    return [item.text for item in items if isinstance(item, sk.TextDelta)]


CHAINS: dict[str, Callable[[Bodies], sk.Stream[Any]]] = {
    "one source": lambda bodies: bodies.stream(),
    "stock operators": lambda bodies: bodies.stream().pipe(rxo.map(lambda e: e), rxo.filter(bool), rxo.scan(_last)),
    "flat_map": lambda bodies: sk.stream(rx.just("a")).pipe(rxo.flat_map(bodies.stream)),
    "concat_map": lambda bodies: sk.stream(rx.just("a")).pipe(rxo.concat_map(bodies.stream)),
    "switch_latest": lambda bodies: sk.stream(rx.just("a")).pipe(rxo.map(bodies.stream), rxo.switch_latest()),
    "catch": lambda bodies: sk.stream(rx.throw(ValueError())).pipe(rxo.catch(bodies.stream())),
    "attach": lambda bodies: bodies.stream().pipe(ops.attach(lambda _: None)),
    "share": lambda bodies: sk.share(bodies.stream(), replay=1),
    "map_async of streams": lambda bodies: sk.stream(rx.just("a")).pipe(ops.map_async(bodies.stream, ordered=False)),
}


def _last(_: Any, event: Any) -> Any:
    return event


@pytest.mark.parametrize("capacity", [1, 5])
@pytest.mark.parametrize("chain", CHAINS)
def test_a_slow_sink_holds_the_body(chain: str, capacity: int) -> None:
    bodies, sink = Bodies(), Slow()
    testing.clock().run(CHAINS[chain](bodies), sk.branch(into=sink, capacity=capacity), until=20.5)
    assert len(sink.items) == 20
    assert bodies.pulled["a"] <= 20 + capacity + 3  # one under way, one read ahead


def test_a_slow_branch_holds_its_siblings_too_but_a_fast_one_does_not_wait_for_its_mailbox() -> None:
    bodies, slow, fast = Bodies(), Slow(), sk.sinks.memory()
    testing.clock().run(bodies.stream(), sk.branch(into=slow, capacity=10), fast, until=5.5)
    assert len(slow.items) == 5
    assert len(fast.items) in range(15, 19)


MERGED: dict[str, Callable[[Bodies], Any]] = {
    "merge": lambda bodies: rx.merge(*map(bodies.stream, "abc")),
    "flat_map": lambda bodies: rx.from_iterable("abc").pipe(rxo.flat_map(bodies.stream)),
    "map_async": lambda bodies: sk.stream(rx.from_iterable("abc")).pipe(
        ops.map_async(bodies.stream, concurrency=3, ordered=False)
    ),
}


@pytest.mark.parametrize("merged", MERGED)
def test_sources_behind_one_slow_sink_take_turns(merged: str) -> None:
    bodies, sink = Bodies(), Slow()
    testing.clock().run(MERGED[merged](bodies), sk.branch(into=sink, capacity=1), until=60.5)
    count = Counter(names(sink.items))
    assert sum(count.values()) >= 50
    assert max(count.values()) - min(count.values()) <= 3
    assert max(bodies.pulled.values()) <= max(count.values()) + 4
    middle = names(sink.items)[10:40]
    assert all(len(set(middle[at : at + 3])) == 3 for at in range(0, 30, 3))  # one each, again and again


def test_an_ordered_map_whose_streams_wait_is_no_deadlock() -> None:
    bodies, sink = Bodies(5), Slow()
    stream = sk.stream(rx.from_iterable("abcd")).pipe(ops.map_async(bodies.stream, concurrency=2))
    recorded = testing.clock().run(stream, sk.branch(into=sink, capacity=1))
    assert recorded.error is None
    assert "".join(names(sink.items)) == "aaaaabbbbbcccccddddd"


@pytest.mark.parametrize("asynchronous", [True, False], ids=["async for", "for"])
def test_a_reader_that_does_not_read_holds_the_body(asynchronous: bool) -> None:
    bodies = Bodies(5000)

    async def main() -> None:
        async for event in bodies.stream():
            if isinstance(event, sk.TextDelta):
                await asyncio.sleep(0.1)
                break

    if asynchronous:
        testing.clock().run_coroutine(main())
    else:
        for event in bodies.stream():
            if isinstance(event, sk.TextDelta):
                break
    assert bodies.pulled["a"] <= 1024 + 4


def test_holding_a_parent_closes_the_children() -> None:
    parent, other = Gate(), Gate()
    child = Gate(parent, other)
    grandchild = Gate(child)
    parent.hold()
    other.hold()
    assert (child.closed, grandchild.closed) == (2, 1)
    parent.release()
    assert grandchild.closed
    child.drop(other)  # its consumer has gone
    assert not child.closed
    assert not grandchild.closed
    other.release()
    late = Gate()
    late.hold()
    child.add(late)
    assert grandchild.closed
    late.release()
    assert not grandchild.closed


def test_waiters_pass_in_the_order_of_their_arrival() -> None:
    async def main() -> list[str]:
        root, passed = Gate(), []
        first, second = Gate(root), Gate(root)

        async def wait(gate: Gate, name: str) -> None:
            await gate.turn()
            passed.append(name)

        root.hold()
        first.hold()
        tasks = [asyncio.create_task(wait(gate, name)) for gate, name in ((first, "a"), (second, "b"), (second, "c"))]
        await asyncio.sleep(0)
        root.release()  # the first in line is held on its own account, and lets the others by
        await asyncio.wait(tasks, timeout=0.01)
        tasks[2].cancel()
        first.release()
        await asyncio.wait(tasks)
        assert not root.waiters
        return passed

    assert asyncio.run(main()) == ["b", "c", "a"]
