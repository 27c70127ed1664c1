"""Whatever dies, at any moment: followers get the beginning of one attempt, or whole attempts in their order, and one
end; what was acknowledged is not lost. Above each test stands the row of the page on several processes that it checks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

import streamkit as sk
from streamkit import sinks

from .programs import DEAD_AFTER, LENGTH, words, words_of
from .scenes import TIMES, Ends, Scene, ended, followed, judge, lines_of, on_killed_servers, on_scenes
from .servers import BINARIES, StorageServer, binary_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

ROWS: list[str] = []
"""The rows of the table on the page: `test_the_page` compares them."""
Test = TypeVar("Test")


def row(dies: str, gets: str, lost: str) -> Callable[[Test], Test]:
    """The row that the test below it checks: what dies, what followers get, and what is lost."""
    ROWS.append(f"| {dies} | {gets} | {lost} |")
    return lambda test: test


@pytest.fixture(params=BINARIES)
def binary(request: pytest.FixtureRequest) -> str:
    pytest.importorskip("redis")
    return binary_of(request.param)


@pytest.fixture
def server(binary: str, tmp_path: Path) -> Iterator[StorageServer]:
    with StorageServer(binary, tmp_path) as server:
        yield server


@row(
    "a reader, or a process with many followers",
    "the rest, in any other process, after the last position that was kept",
    "nothing, and nothing comes twice",
)
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


def same_again(scene: Scene, events: list[sk.Event], error: sk.StreamkitError | None) -> None:
    """Whoever follows the reply later gets the same."""
    again, second = followed(scene.replies)
    assert [sk.to_json(event) for event in again] == [sk.to_json(event) for event in events]
    assert str(second) == str(error)


@row(
    "the writer, before its first text",
    '`BusError` `"unknown"`, or the `BrokenError` of a reply without text',
    "the request, if it was made",
)
def test_a_writer_is_killed_before_its_first_text(server: StorageServer, tmp_path: Path) -> None:
    def play(scene: Scene) -> None:
        program = scene.program("write", "at first")
        scene.some_time()
        program.kill()
        events, error = followed(scene.replies)
        if isinstance(error, sk.BusError):
            assert (events, error.reason) == ([], "unknown")
        else:
            assert isinstance(error, sk.BrokenError)
            assert judge(events, error) == [[]]

    on_scenes(server, tmp_path, play)


@row(
    "the writer, in the middle of the reply",
    "the beginning of the reply, and then the `BrokenError`; whoever follows it later gets the same",
    "what was not appended yet, and what the model goes on to generate",
)
def test_a_writer_is_killed(server: StorageServer, tmp_path: Path) -> None:
    def play(scene: Scene) -> None:
        seen: list[sk.Event] = []
        follower = sk.start(scene.replies.follow("r-1", wait=20), seen.append)
        program = scene.writer()
        scene.some_time()
        program.kill()
        ended(follower)
        events, error = followed(scene.replies)
        assert error is None or isinstance(error, sk.BrokenError)  # it may have ended before
        judge(events, error)
        assert [sk.to_json(event) for event in seen] == [sk.to_json(event) for event in events]
        same_again(scene, events, error)

    on_scenes(server, tmp_path, play)


@row(
    "the writer, after its last text and before the end",
    "all the text, and then the `BrokenError`",
    "that the reply was complete",
)
def test_a_writer_is_killed_before_the_end(server: StorageServer, tmp_path: Path) -> None:
    def play(scene: Scene) -> None:
        program = scene.program("write", "at last")
        for event in scene.replies.follow("r-1", wait=20):
            if event == sk.TextDelta(words_of()[-1]):
                break
        scene.some_time(0.1)
        program.kill()
        events, error = followed(scene.replies)
        assert isinstance(error, sk.BrokenError)
        assert judge(events, error) == [words_of()]
        same_again(scene, events, error)

    on_scenes(server, tmp_path, play)


@row(
    "the writer is stopped and goes on",
    "as if it had died; its own run fails with a `SinkError`",
    "what it has after it was given up",
)
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
            assert isinstance(error, sk.BrokenError)
            assert out[-1].startswith("SinkError")
            assert "another writer has taken over" in out[-1]
        same_again(scene, events, error)

    on_scenes(server, tmp_path, play)


@row(
    "the writer, and two processes ask for a new attempt",
    "a `Restart` and one new attempt, the same in both",
    "the text before the `Restart`, which is void",
)
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


@row(
    "the process that makes the new attempt",
    "one more `Restart` and attempt, made by the next process that asks for it",
    "the same as of any writer",
)
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


@row(
    "the server, with an append-only file (`appendfsync always`)",
    "all of it, after the restart; writer and followers wait meanwhile",
    "nothing; no batch comes twice",
)
def test_a_server_that_saves_is_killed(server: StorageServer, tmp_path: Path) -> None:
    def judge_ends(scene: Scene, ends: Ends) -> None:
        assert isinstance(ends[0], sk.Reply)
        assert ends[0] == ends[1]
        events, error = followed(scene.replies)
        assert judge(events, error) == [words_of()]
        assert error is None

    on_killed_servers(server, tmp_path, judge_ends)


@row(
    "the same, while followers read what was written before",
    "the rest, after the restart",
    "nothing, and nothing comes twice",
)
def test_a_server_that_saves_is_killed_while_replies_are_resumed(server: StorageServer, tmp_path: Path) -> None:
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


@row(
    "the server, without such a file",
    '`BusError` `"unknown"`; those who were reading get a `BrokenError`',
    "all replies; the writer's run fails with a `SinkError` when its reply is complete",
)
def test_a_server_that_does_not_save_is_killed(binary: str, tmp_path: Path) -> None:
    def judge_ends(scene: Scene, ends: Ends) -> None:
        events, error = followed(scene.replies)
        if isinstance(ends[0], sk.SinkError):
            assert "the storage has lost the reply" in str(ends[0])
            assert isinstance(ends[1], (sk.BrokenError, sk.BusError))
        else:  # it ended before the server was killed, or began afterwards
            assert isinstance(ends[0], sk.Reply)
        if error is None:
            assert judge(events, error) == [words_of()]
        else:
            assert (type(error), events) == (sk.BusError, [])

    with StorageServer(binary, tmp_path, saves=False) as server:
        on_killed_servers(server, tmp_path, judge_ends)
