from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

import streamkit as sk
from pipelines import answering_worker
from streamkit import bus, testing
from tests.bus.servers import StorageServer

pytestmark = pytest.mark.slow  # starts a server


def test_replies_are_followed_and_stopped_from_elsewhere() -> None:
    questions = [{"id": "a", "prompt": "One?"}, {"id": "b", "prompt": "Two?"}]

    async def main() -> None:
        replies = bus.memory()
        with testing.client(testing.Script("Once upon a time", stall_after=2), "Two.") as client:
            following = sk.start(replies.follow("b", wait=5))
            items = aiter(answering_worker.build(client, replies, questions, concurrency=1))
            first = asyncio.ensure_future(anext(items))
            async for event in replies.follow("a", wait=5):
                if isinstance(event, sk.TextDelta) and event.text.endswith("upon"):
                    assert await replies.cancel("a")
            assert isinstance(event, sk.Reply)
            assert (event.outcome, event.text) == ("cancelled", "Once upon")
            assert "cancelled from outside" in str((await first).error)
            assert (await anext(items)).text == (await following).text == "Two."

    asyncio.run(main())


def test_the_command(
    valkey: StorageServer,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text('{"id": "story-7", "prompt": "Why?"}\n"And the sea?"\n{"id": "broken"}\n5\n"\\ud800"\n')
    assert answering_worker.main([str(path), "--bus", valkey.url]) == 1
    told = dict(line.split(": ", 1) for line in capsys.readouterr().out.splitlines())
    assert told.pop("story-7") == "complete"
    complete = [name for name, outcome in told.items() if outcome == "complete"]
    assert len(told) == 4
    assert len(complete) == 2
    with bus.redis(valkey.url) as replies:
        for name in ("story-7", *complete):
            assert sk.run(replies.follow(name)).text == "This answer comes from a script."
