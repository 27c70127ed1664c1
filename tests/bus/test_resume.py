"""The rest of a reply after each of its positions is the same to the byte, whatever the end of the reply."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import streamkit as sk
from streamkit import bus, sinks
from tests.wire.test_corpus import CASES, CORPUS

RECORDINGS = sorted((Path(sk.__file__).parent / "recordings").glob("*.jsonl"))
Rest = tuple[list[bytes], str]


async def read(stream: Any, form: Callable[[Any], bytes]) -> Rest:
    """The items of a stream as bytes, and the error that ended it."""
    items: list[bytes] = []
    try:
        async for item in stream:
            items.append(form(item))  # noqa: PERF401  # those before an error are wanted, too
    except sk.StreamkitError as error:
        return items, f"{error!r} {sk.to_json(error.partial)!r}"
    return items, ""


def placed(item: bus.Placed) -> bytes:
    return item.position.encode() + b" " + sk.to_json(item.event)


async def check(replies: bus.Bus, source: sk.ReplyStream, name: str, most: int | None = None) -> int:
    """Write a reply, and compare what followers get after each position, or after ``most`` of them; returns how many
    there are."""
    seen = sinks.memory()
    with suppress(sk.StreamkitError):
        await sk.start(source, sinks.bus(replies, name), seen)
    events, error = await read(replies.positions(name), placed)
    written = [sk.to_json(event) for event in seen.items]
    assert [line.partition(b" ")[2] for line in events] == written
    for number in range(0, len(events), -(-len(events) // (most or len(events)))):
        after = events[number].partition(b" ")[0].decode()
        assert await read(replies.positions(name, after), placed) == (events[number + 1 :], error)
        followed, end = await read(replies.follow(name, after), sk.to_json)
        assert (followed, end) == (written[number + 1 :] or ([] if error else written[-1:]), error)
    return len(events)


@pytest.mark.slow
@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_a_recording(replies: bus.Bus, path: Path) -> None:
    assert asyncio.run(check(replies, sk.replay(path, speed=0), "r-1")) > 2


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(not CASES, reason="the recorded streams are kept elsewhere")
def test_the_streams_of_many_servers(replies: bus.Bus) -> None:
    async def main() -> int:
        places = 0
        for number, case in enumerate(CASES):
            stream = sk.from_bytes((CORPUS / case["file"]).read_bytes(), api=case["api"])
            places += await check(replies, stream, f"r-{number}", most=20)
        return places

    assert asyncio.run(main()) > 1000
