"""Processes of the tests in which something dies. Each prints lines to a file, whole ones, until it is killed.

They are forked from a server that has imported everything, as a hundred interpreters would take minutes to start. The
text of a reply is the words ``0 1 2 3 ...``, and that of a second attempt ``a0 a1 a2 ...``, so that whatever a
follower got can be judged by itself.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import streamkit as sk
from streamkit import bus, sinks

__all__ = ["DEAD_AFTER", "LENGTH", "Program", "words", "words_of"]

DEAD_AFTER = 0.5
WORDS = 60
PAUSE = 0.005
LENGTH = WORDS * PAUSE
"""Seconds that a reply takes."""

END = "end of the program\n"
"""The last line of each program. Its exit code is of no use: while another thread starts a process, `multiprocessing`
may read the code in both, and one of them gets a wrong one."""

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload([__name__, "redis.asyncio"])
_out = 1


class Program:
    """A process that does one of the things below. ``lines`` is what it has printed."""

    def __init__(self, out: Path, what: str, url: str, prefix: str, *args: str) -> None:
        self._out = out
        out.touch()
        self._process = _context.Process(target=_main, args=(str(out), what, url, prefix, *args), daemon=True)
        self._process.start()

    @property
    def lines(self) -> list[str]:
        return [line for line in self._out.read_text().splitlines(True) if line.endswith("\n")]

    def kill(self) -> None:
        self._process.kill()
        self._process.join()

    def stop(self) -> None:
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._signal(signal.SIGCONT)

    def ended(self) -> list[str]:
        """What it has printed, at its end."""
        self._process.join(60)
        assert self.lines[-1:] == [END]
        return [line.rstrip("\n") for line in self.lines[:-1]]

    def _signal(self, number: int) -> None:
        assert self._process.pid is not None
        with suppress(ProcessLookupError):  # it has ended already
            os.kill(self._process.pid, number)


def _main(out: str, what: str, url: str, prefix: str, *args: str) -> None:
    global _out
    _out = os.open(out, os.O_WRONLY | os.O_APPEND)
    replies = bus.redis(url, prefix=prefix, dead_after=DEAD_AFTER, give_up_after=20)
    {"write": write, "read": read, "claim": claim}[what](replies, *args)
    replies.close()
    os.write(_out, END.encode())


def words_of(attempt: str = "") -> list[str]:
    return [f"{attempt}{number} " for number in range(WORDS)]


async def words(attempt: str = "", silent: str = "") -> AsyncIterator[str]:
    """The words of a reply. ``silent`` is where the model says nothing more: ``at first`` or ``at last``."""
    for word in words_of(attempt) if silent != "at first" else ():
        await asyncio.sleep(PAUSE)
        yield word
    if silent:
        await asyncio.Event().wait()


def say(line: str) -> None:
    os.write(_out, f"{line}\n".encode())


def write(replies: bus.Bus, name: str, silent: str = "") -> None:
    """Write a reply; prints ``begun`` when it is on the bus, and how it ended."""
    run = sk.start(sk.from_text(words(silent=silent)), sinks.bus(replies, name))
    next(iter(replies.follow(name, wait=20)))
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
