"""Programs of the tests in which something dies: ``python -m tests.bus.programs WHAT URL PREFIX ID ...``.

The text of a reply is the words ``0 1 2 3 ...``, and that of a second attempt ``a0 a1 a2 ...``, so that whatever a
follower got can be judged by itself.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator

import streamkit as sk
from streamkit import bus, sinks

__all__ = ["DEAD_AFTER", "WORDS", "words", "words_of"]

DEAD_AFTER = 0.6
WORDS = 60
PAUSE = 0.005


def words_of(attempt: str = "") -> list[str]:
    return [f"{attempt}{number} " for number in range(WORDS)]


async def words(attempt: str = "") -> AsyncIterator[str]:
    for word in words_of(attempt):
        await asyncio.sleep(PAUSE)
        yield word


def say(line: str) -> None:
    """Print a line, whole or not at all if the process is killed."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def write(replies: bus.Bus, name: str) -> None:
    """Write a reply; prints ``begun``, and how it ended."""
    run = sk.start(sk.from_text(words()), sinks.bus(replies, name))
    say("begun")
    try:
        say(run.result().outcome)
    except sk.StreamkitError as error:
        say(f"{type(error).__name__} {error}")


def read(replies: bus.Bus, name: str, after: str = "", followers: str = "1") -> None:
    """Follow a reply, by so many followers at once; prints each event's position and its JSON."""

    async def follow(number: int) -> None:
        placed = replies.positions(name, after or None, wait=20)
        try:
            async for item in placed:
                say(f"{number} {item.position} {sk.to_json(item.event).decode()}")
        except sk.StreamkitError as error:
            say(f"{number} - {type(error).__name__} {error}")

    async def all_of_them() -> None:
        await asyncio.gather(*(follow(number) for number in range(int(followers))))

    asyncio.run(all_of_them())


def claim(replies: bus.Bus, name: str) -> None:
    """Follow a reply, and make a new attempt if its writer dies; prints the attempts made, and the events."""

    async def again() -> AsyncIterator[str]:
        say("attempt")
        async for word in words("a"):
            yield word

    attempt = sk.from_text(again)
    for event in replies.follow(name, wait=20, on_dead_writer="restart", attempt=attempt):
        say(sk.to_json(event).decode())


if __name__ == "__main__":
    what, url, prefix, *rest = sys.argv[1:]
    {"write": write, "read": read, "claim": claim}[what](
        bus.redis(url, prefix=prefix, dead_after=DEAD_AFTER, give_up_after=20), *rest
    )
