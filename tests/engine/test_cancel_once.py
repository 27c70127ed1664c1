"""Cancelling a task at most once, later, or with an error after which it goes on."""

from __future__ import annotations

import asyncio

import streamkit as sk
from streamkit import testing
from streamkit.engine.loops import CancelOnce


def cancelled_task(step, *, closing=1.0):
    """Which steps a task got to, and at what time, that is cancelled by ``step`` after a second."""
    seen = []

    async def work(once):
        loop = asyncio.get_running_loop()
        while True:
            try:
                await asyncio.sleep(10)
                seen.append((loop.time() - start, "slept"))
                return
            except asyncio.CancelledError:
                error = once.interrupted()
                if error is not None:
                    seen.append((loop.time() - start, str(error)))
                    continue
                await asyncio.sleep(closing)
                seen.append((loop.time() - start, "closed"))
                raise

    async def main():
        nonlocal start
        start = asyncio.get_running_loop().time()
        once = CancelOnce()
        once.task = asyncio.create_task(work(once))
        await asyncio.sleep(1)
        await step(once)
        await asyncio.wait([once.task])

    start = 0.0
    testing.clock().run(main())
    return seen


def test_a_second_cancel_leaves_the_closing_alone():
    async def twice(once):
        once.cancel()
        await asyncio.sleep(0.5)
        once.cancel()
        once.interrupt(sk.BrokenError("too late"))

    assert cancelled_task(twice) == [(2, "closed")]


def test_deferred_cancels_come_when_they_are_allowed_again():
    async def later(once):
        once.defer(True)
        once.defer(True)
        once.cancel()
        await asyncio.sleep(2)
        once.defer(False)
        once.defer(False)

    assert cancelled_task(later) == [(4, "closed")]


def test_an_interrupted_task_goes_on_and_can_be_interrupted_and_cancelled_again():
    async def both(once):
        once.interrupt(sk.BrokenError("first"))
        once.interrupt(sk.BrokenError("at once after it"))
        await asyncio.sleep(1)
        once.interrupt(sk.BrokenError("second"))
        await asyncio.sleep(1)
        once.cancel()

    assert cancelled_task(both) == [(1, "first"), (2, "second"), (4, "closed")]


def test_a_cancel_is_final_even_if_an_interrupt_came_first():
    async def both(once):
        once.interrupt(sk.BrokenError("first"))
        once.cancel()

    assert cancelled_task(both) == [(2, "closed")]


def test_a_running_task_is_not_cancelled_by_itself():
    async def main():
        once = CancelOnce()
        once.task = asyncio.current_task()
        once.cancel()
        await asyncio.sleep(1)
        return once.task.cancelling()

    assert testing.clock().run(main()) == 0
