"""Scenes of death: a writer, followers and a server, one of which is killed at a moment drawn by lot, and the judge."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import streamkit as sk
from streamkit import bus, sinks
from streamkit.engine.upstream import new_id
from tests.waiting import until

from .programs import DEAD_AFTER, LENGTH, Program, words, words_of
from .servers import StorageServer

TIMES = 20


class Scene:
    """One death: a name of its own on the server, and a moment drawn by lot."""

    def __init__(self, server: StorageServer, folder: Path, number: int) -> None:
        self.server, self.prefix = server, new_id()
        self.chance = random.Random(number)
        self.replies = bus.redis(server.url, prefix=self.prefix, dead_after=DEAD_AFTER, give_up_after=20)
        self._folder, self._programs = folder, 0

    def program(self, what: str, *args: str) -> Program:
        self._programs += 1
        out = self._folder / f"{self.prefix}-{self._programs}.txt"
        return Program(out, what, self.server.url, self.prefix, "r-1", *args)

    def writer(self, silent: str = "") -> Program:
        """A program whose reply is on the bus."""
        program = self.program("write", silent)
        assert until(lambda: program.lines)
        return program

    def some_time(self, most: float = LENGTH) -> None:
        time.sleep(self.chance.random() * most)


def on_scenes(server: StorageServer, folder: Path, play: Callable[[Scene], None]) -> None:
    """Play each scene, several at a time."""
    with ThreadPoolExecutor(5) as pool:
        scenes = [Scene(server, folder, number) for number in range(TIMES)]
        for done in [pool.submit(play, scene) for scene in scenes]:
            done.result()
        for scene in scenes:
            scene.replies.close()


def followed(replies: bus.Bus, wait: float = 0.0) -> tuple[list[sk.Event], sk.StreamkitError | None]:
    events: list[sk.Event] = []
    try:
        sk.run(replies.follow("r-1", wait=wait), events.append)
    except sk.StreamkitError as error:
        return events, error
    return events, None


def ended(run: sk.Run[Any]) -> sk.Reply | sk.StreamkitError:
    try:
        return run.result(30)
    except sk.StreamkitError as error:
        return error


def judge(events: list[sk.Event], error: sk.StreamkitError | None) -> list[list[str]]:
    """The words of each attempt, after checking that all but the last are beginnings, and that there is one end."""
    attempts: list[list[str]] = [[]]
    for event in events:
        if isinstance(event, sk.Restart):
            attempts.append([])
        elif isinstance(event, sk.TextDelta):
            attempts[-1].append(event.text)
    ends = [event for event in events if isinstance(event, sk.Reply)]
    assert len(ends) + (error is not None) == 1
    assert error is not None or events[-1] is ends[0]
    for number, attempt in enumerate(attempts):
        whole = words_of("a" if number else "")
        assert attempt == whole[: len(attempt)]
    end = error.partial if error is not None else ends[0]
    assert end.text == "".join(attempts[-1])
    assert error is not None or attempts[-1] == words_of("a" if len(attempts) > 1 else "")
    return attempts


def lines_of(out: list[str], number: int = 0) -> list[tuple[str, str]]:
    """The positions and the JSON of the events that a follower printed; a line that was cut by its death is none."""
    rows = [line.split(" ", 2) for line in out if line.startswith(f"{number} ")]
    return [(row[1], row[2]) for row in rows if len(row) == 3 and row[2].endswith("}")]


Ends = tuple[sk.Reply | sk.StreamkitError, sk.Reply | sk.StreamkitError]


def on_killed_servers(server: StorageServer, folder: Path, judge_ends: Callable[[Scene, Ends], None]) -> None:
    """Kill the server again and again while a reply is written and followed, and judge how the two ended."""
    for number in range(TIMES):
        scene = Scene(server, folder, number)
        run = sk.start(sk.from_text(words()), sinks.bus(scene.replies, "r-1"))
        follower = sk.start(scene.replies.follow("r-1", wait=20))
        scene.some_time(LENGTH * 1.2)
        server.kill()
        scene.some_time(0.3)
        server.start()
        judge_ends(scene, (ended(run), ended(follower)))
        assert run.reply.text == "".join(words_of())  # it goes on, whatever became of the bus
        scene.replies.close()
