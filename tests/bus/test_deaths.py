"""Whatever dies, at any moment: followers get the beginning of one attempt, or whole attempts in their order, and one
end; what was acknowledged is not lost. The page on several processes says the same in words."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import streamkit as sk
from streamkit import bus, sinks
from streamkit.engine.upstream import new_id
from tests.waiting import until

from .programs import DEAD_AFTER, LENGTH, Program, words, words_of
from .servers import BINARIES, StorageServer, binary_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

TIMES = 20


@pytest.fixture(params=BINARIES)
def binary(request: pytest.FixtureRequest) -> str:
    pytest.importorskip("redis")
    return binary_of(request.param)


@pytest.fixture
def server(binary: str, tmp_path: Path) -> Iterator[StorageServer]:
    with StorageServer(binary, tmp_path) as server:
        yield server


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

    def writer(self) -> Program:
        """A program whose reply is on the bus."""
        program = self.program("write")
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


def test_a_writer_is_killed(server: StorageServer, tmp_path: Path) -> None:
    def play(scene: Scene) -> None:
        program = scene.program("write") if scene.chance.random() < 0.3 else scene.writer()
        scene.some_time()
        program.kill()
        began = time.monotonic()
        events, error = followed(scene.replies)
        if isinstance(error, sk.BusError):
            assert events == []
            return
        assert time.monotonic() - began < DEAD_AFTER + 15
        judge(events, error)
        again, second = followed(scene.replies)
        assert [sk.to_json(event) for event in again] == [sk.to_json(event) for event in events]
        assert str(second) == str(error)

    on_scenes(server, tmp_path, play)


def lines_of(out: list[str], number: int = 0) -> list[tuple[str, str]]:
    """The positions and the JSON of the events that a follower printed; a line that was cut by its death is none."""
    rows = [line.split(" ", 2) for line in out if line.startswith(f"{number} ")]
    return [(row[1], row[2]) for row in rows if len(row) == 3 and row[2].endswith("}")]


@pytest.mark.parametrize("followers", [1, 100])
def test_readers_are_killed(server: StorageServer, tmp_path: Path, followers: int) -> None:
    def play(scene: Scene) -> None:
        run = sk.start(sk.from_text(words()), sinks.bus(scene.replies, "r-1"))
        program = scene.program("read", "", str(followers))
        scene.some_time(LENGTH + 0.3)
        program.kill()
        died = program.lines
        assert run.result().outcome == "complete"
        whole = [(item.position, sk.to_json(item.event).decode()) for item in scene.replies.positions("r-1")]
        for number in range(0, followers, 33):
            seen = lines_of(died, number)
            assert seen == whole[: len(seen)]
            after = seen[-1][0] if seen else None
            rest = list(scene.replies.positions("r-1", after))
            assert seen + [(item.position, sk.to_json(item.event).decode()) for item in rest] == whole

    on_scenes(server, tmp_path, play)


def test_a_stopped_writer_that_goes_on_is_refused(server: StorageServer, tmp_path: Path) -> None:
    def play(scene: Scene) -> None:
        program = scene.writer()
        scene.some_time(LENGTH * 0.8)
        program.stop()
        events, error = followed(scene.replies)
        program.go_on()
        out = program.ended()
        judge(events, error)
        if error is None:  # it had ended before
            assert out[-1] == "complete"
        else:
            assert "another writer has taken over" in out[-1]
        again, second = followed(scene.replies)
        assert [sk.to_json(event) for event in again] == [sk.to_json(event) for event in events]
        assert str(second) == str(error)

    on_scenes(server, tmp_path, play)


def test_two_claimers_make_one_attempt(server: StorageServer, tmp_path: Path) -> None:
    def play(scene: Scene) -> None:
        program = scene.writer()
        scene.some_time(LENGTH * 0.8)
        program.kill()
        claimers = [scene.program("claim") for _ in range(2)]
        outs = [claimer.ended() for claimer in claimers]
        events = [[sk.from_json(line) for line in out if line != "attempt"] for out in outs]
        assert events[0] == events[1]
        attempts = judge(events[0], None)
        assert sum(out.count("attempt") for out in outs) == len(attempts) - 1

    on_scenes(server, tmp_path, play)


def test_a_claimer_is_killed(server: StorageServer, tmp_path: Path) -> None:
    """The next one makes a third attempt, and all followers see whole attempts in their order."""

    def play(scene: Scene) -> None:
        program = scene.writer()
        scene.some_time(LENGTH * 0.8)
        program.kill()
        claimer = scene.program("claim")
        scene.some_time(DEAD_AFTER + 2 * LENGTH)
        claimer.kill()
        out = scene.program("claim").ended()
        judge([sk.from_json(line) for line in out if line != "attempt"], None)

    on_scenes(server, tmp_path, play)


@pytest.mark.parametrize("saves", [True, False], ids=["append-only file", "memory only"])
def test_the_server_is_killed_while_a_reply_is_written(binary: str, tmp_path: Path, saves: bool) -> None:
    with StorageServer(binary, tmp_path, saves=saves) as server:
        for number in range(TIMES):
            scene = Scene(server, tmp_path, number)
            run = sk.start(sk.from_text(words()), sinks.bus(scene.replies, "r-1"))
            follower = sk.start(scene.replies.follow("r-1", wait=20))
            scene.some_time(LENGTH * 1.2)
            server.kill()
            scene.some_time(0.3)
            server.start()
            outcome = _outcome(run)
            events, error = followed(scene.replies)
            if saves:
                assert outcome == "complete"
                judge(events, error)
                assert error is None
            elif outcome == "complete":  # it had ended before, and nothing of it is left
                assert isinstance(error, (sk.BusError, type(None)))
            else:
                assert "the storage has lost the reply" in outcome
                assert isinstance(error, sk.BusError)
            assert _outcome(follower)
            scene.replies.close()


def _outcome(run: sk.Run[Any]) -> str:
    try:
        return run.result(30).outcome
    except sk.StreamkitError as error:
        return str(error)


def test_the_server_is_killed_while_replies_are_resumed(binary: str, tmp_path: Path) -> None:
    with StorageServer(binary, tmp_path) as server:
        scene = Scene(server, tmp_path, 0)
        texts = [f" {number}" for number in range(20_000)]
        sk.run(sk.from_text(texts), sinks.bus(scene.replies, "r-1"))
        positions = [item.position for item in scene.replies.positions("r-1")]
        for _ in range(TIMES):
            start = scene.chance.randrange(len(positions) - 1)
            resumed = sk.start(scene.replies.positions("r-1", positions[start]))
            got: list[str] = []
            for item in resumed:
                got.append(item.position)
                if len(got) == 1:
                    server.kill()
                    scene.some_time(0.3)
                    server.start()
            assert got == positions[start + 1 :]
        scene.replies.close()
