"""`sk.on`: what is called for an event, in which order, and what becomes of callbacks whose turn never comes."""

from __future__ import annotations

import asyncio
import gc
import types
from typing import Any

import pytest

import streamkit as sk
from streamkit import testing


async def _quietly(_: Any) -> None:
    await asyncio.sleep(0)


async def _badly(_: Any) -> None:
    raise ZeroDivisionError


@pytest.fixture
def forgotten(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the collector complained about."""
    told: list[Any] = []
    monkeypatch.setattr("sys.unraisablehook", told.append)
    return told


def test_event_comes_after_the_special_callback_even_if_that_is_async():
    seen: list[str] = []

    async def text(piece: str) -> None:
        await asyncio.sleep(1)
        seen.append(f"text {piece}")

    testing.clock().run(
        testing.script("a", "b"), sk.on(text=text, event=lambda event: seen.append(f"event {event.type}"))
    )
    assert [word for word in seen if "delta" in word or "text" in word] == [
        "text a",
        "event text.delta",
        "text b",
        "event text.delta",
    ]


@pytest.mark.parametrize("second", [_quietly, _badly, lambda _: 1 / 0])
def test_a_failing_callback_leaves_no_coroutine_behind(second: Any, forgotten: list[Any]):
    recorded = testing.clock().run(sk.from_text(["a"]), sk.on(text=_badly, event=second))
    assert isinstance(recorded.error, sk.SinkError)
    del recorded
    gc.collect()
    assert forgotten == []


@pytest.mark.parametrize("turns", range(12))
def test_a_cancelled_listener_leaves_no_coroutine_behind(turns: int, forgotten: list[Any]):
    async def main() -> None:
        run = sk.start(sk.from_text(["a", "b"]), sk.on(text=_quietly, event=_quietly))
        for _ in range(turns):
            await asyncio.sleep(0)
        run.cancel()
        await run

    asyncio.run(main())
    gc.collect()
    assert forgotten == []


def test_a_coroutine_of_an_older_kind_is_awaited_in_its_turn():
    seen: list[str] = []

    @types.coroutine
    def older(name: str) -> Any:
        yield from asyncio.sleep(1).__await__()
        seen.append(name)

    listener = sk.on(text=lambda text: older(f"text {text}"), event=lambda event: older(event.type))
    testing.clock().run(testing.script("a"), listener)
    assert seen == ["start", "text a", "text.delta", "finish", "reply"]
