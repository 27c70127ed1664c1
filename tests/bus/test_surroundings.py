"""A bus wherever it is used: in a cluster, in virtual time, after a fork, after `sk.shutdown`, and at exit."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

import streamkit as sk
from streamkit import bus, sinks, testing

from .servers import StorageServer, binary_of, one_node_cluster

TEXT = "Hello there, on the bus."


def write(replies: bus.Bus, name: str) -> sk.Reply:
    with testing.client(testing.Script(TEXT, every=0.01)) as client:
        return sk.run(client.chat("Hi"), sinks.bus(replies, name))


@pytest.mark.slow
def test_a_cluster(tmp_path: Path) -> None:
    with one_node_cluster(binary_of("valkey"), tmp_path) as server, bus.redis(server.url, cluster=True) as replies:

        async def main() -> None:
            names = [f"story-{number}" for number in range(10)]
            followed = asyncio.gather(*(sk.start(replies.follow(name, wait=5)) for name in names for _ in "ab"))
            written = await asyncio.gather(*(asyncio.to_thread(write, replies, name) for name in names))
            assert [reply.text for reply in written] == [TEXT] * 10
            assert await followed == [reply for reply in written for _ in "ab"]
            assert not await replies.cancel("story-0")

        asyncio.run(main())
        placed = list(replies.positions("story-3"))
        assert list(replies.positions("story-3", placed[2].position)) == placed[3:]


@pytest.mark.slow
def test_a_cluster_a_part_of_which_is_away_is_waited_for(tmp_path: Path) -> None:
    with one_node_cluster(binary_of("valkey"), tmp_path) as server, bus.redis(server.url, cluster=True) as replies:
        assert server.ask("CLUSTER DELSLOTS 0") == "+OK"
        run = sk.start(sk.from_text(TEXT), sinks.bus(replies, "story-1"))
        with pytest.raises(TimeoutError):
            run.result(0.5)
        assert server.ask("CLUSTER ADDSLOTS 0") == "+OK"
        assert run.result(30).text == TEXT
        assert sk.run(replies.follow("story-1")).text == TEXT


@pytest.mark.slow
def test_a_cluster_serves_more_followers_than_it_has_connections(tmp_path: Path) -> None:
    with one_node_cluster(binary_of("valkey"), tmp_path) as server, bus.redis(server.url, cluster=True) as replies:

        async def main() -> None:
            followed = [sk.start(replies.follow("story-1")) for _ in range(300)]
            assert {(await one).text for one in followed} == {TEXT}

        write(replies, "story-1")
        asyncio.run(main())


def test_virtual_time(replies: bus.Bus) -> None:
    reply = write(replies, "story-1")
    clock = testing.clock()
    assert clock.run(replies.follow("story-1")).reply == reply
    assert isinstance(clock.run(replies.follow("story-2", wait=0.1)).error, sk.BusError)


def test_after_a_shutdown_it_goes_on(replies: bus.Bus) -> None:
    for number in range(3):
        name = f"story-{number}"
        assert write(replies, name) == sk.run(replies.follow(name))
        sk.shutdown()


def test_a_loop_that_ends_leaves_nothing_open(replies: bus.Bus) -> None:
    """Followers and writers that are still at work when the loop of their program ends."""

    async def main() -> None:
        sk.start(client.chat("Hi"), sinks.bus(replies, "story-1"))
        events = aiter(replies.follow("story-1", wait=5))
        while not isinstance(await anext(events), sk.TextDelta):
            pass

    with testing.client(testing.Script(TEXT, stall_after=2)) as client:
        asyncio.run(main())
    assert sk.run(replies.follow("story-1")).outcome == "cancelled"


PROGRAM = """
import os, sys
import streamkit as sk
from streamkit import bus, sinks, testing

replies = bus.redis(sys.argv[1])
with testing.client(testing.Script("Hello there. " * 50, every=0.01)) as client:
    run = sk.start(client.chat("Hi"), sinks.bus(replies, sys.argv[2]))
    events = iter(replies.follow(sys.argv[2], wait=5))
    print(next(events).type, flush=True)
    if sys.argv[3] == "fork":
        child = os.fork()
        reply = sk.run(replies.follow(sys.argv[2], wait=5))
        who = "child" if child == 0 else "parent"
        os.write(1, f"{who} {reply.text.count('Hello')}\\n".encode())  # at once, as both write to the same pipe
        if child == 0:
            sys.exit()
        os.waitpid(child, 0)
    else:
        run.result()
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "said"),
    [("leave", ["start"]), ("fork", ["start", "child 50", "parent 50"])],
)
def test_programs_end_without_a_word(valkey: StorageServer, tmp_path: Path, how: str, said: list[str]) -> None:
    """The bus is not closed, and a follower has not read to the end."""
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    command = [sys.executable, "-X", "dev", "-W", "error", str(path), valkey.url, how, how]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": "."}, check=False)
    assert (done.returncode, done.stderr, sorted(done.stdout.splitlines())) == (0, "", sorted(said))
