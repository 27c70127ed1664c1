"""Locks of files: the same rules with `flock` and with the byte ranges of Windows, and what relies on them."""

from __future__ import annotations

import asyncio
import errno
import itertools
import json
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

import streamkit as sk
from streamkit import file_lock, sinks, testing
from streamkit.file_lock import lock
from streamkit.files import open_private


class Msvcrt:
    """A `msvcrt` whose locks are as on Windows: exclusive, of bytes, refused to their own holder as well, and released
    when the descriptor is closed."""

    LK_UNLCK, LK_NBLCK = 0, 2

    def __init__(self) -> None:
        self.held: list[tuple[int, tuple[int, int], range]] = []

    def locking(self, fd: int, mode: int, size: int) -> None:
        start = os.lseek(fd, 0, os.SEEK_CUR)
        assert start >= 2**40, "bytes of the file itself could not be read by others"
        status = os.fstat(fd)
        new = (fd, (status.st_dev, status.st_ino), range(start, start + size))
        if mode == self.LK_UNLCK:
            if new not in self.held:
                raise PermissionError(errno.EACCES, "Permission denied")
            self.held.remove(new)
        else:
            assert mode == self.LK_NBLCK
            if any(new[1] == file and max(new[2][0], at[0]) <= min(new[2][-1], at[-1]) for _, file, at in self.held):
                raise PermissionError(errno.EACCES, "Permission denied")
            self.held.append(new)

    def released(self, fd: int) -> None:
        self.held = [one for one in self.held if one[0] != fd]


@pytest.fixture(params=["native", "windows"], autouse=True)
def windows(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Msvcrt | None]:
    if request.param == "native":
        yield None
        return
    fake, close, numbers = Msvcrt(), os.close, itertools.count()

    def closing(fd: int) -> None:
        close(fd)
        fake.released(fd)

    monkeypatch.setattr(os, "close", closing)
    monkeypatch.setattr(os, "urandom", lambda size: (next(numbers) % 2 ** (8 * size)).to_bytes(size))
    monkeypatch.setattr(file_lock, "take", partial(file_lock.take_bytes, fake))
    yield fake
    assert fake.held == []


STEPS = st.lists(st.tuples(st.integers(0, 2), st.sampled_from(["exclusive", "shared", "close"])), max_size=20)


@given(STEPS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_one_exclusive_lock_or_any_number_of_shared_ones(tmp_path: Path, steps: list[tuple[int, str]]):
    path = tmp_path / "file"
    held: dict[int, str] = {}
    fds = [open_private(path, os.O_CREAT) for _ in range(3)]
    for who, step in steps:
        others = {kind for other, kind in held.items() if other != who}
        if step == "close":
            os.close(fds[who])
            fds[who] = open_private(path)
            held.pop(who, None)
        elif who not in held or (held[who], step) == ("exclusive", "shared"):
            free = not others if step == "exclusive" else "exclusive" not in others
            assert lock(fds[who], shared=step == "shared") is free
            if free:
                held[who] = step
    for fd in fds:
        os.close(fd)


def test_locks_of_different_files_are_independent_and_leave_their_content_alone(tmp_path: Path):
    fds = [open_private(tmp_path / name, os.O_CREAT) for name in "ab"]
    for fd in fds:
        os.write(fd, b"first")
        assert lock(fd)
        os.write(fd, b", second")
        assert lock(fd, shared=True)
        os.write(fd, b", third")
        os.close(fd)
    assert {(tmp_path / name).read_bytes() for name in "ab"} == {b"first, second, third"}


def test_a_file_system_without_locks_is_neither_locked_nor_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def unsupported(fd: int, shared: bool) -> None:
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(file_lock, "take", unsupported)
    fd = open_private(tmp_path / "file", os.O_CREAT)
    assert lock(fd) is lock(fd, shared=True) is None
    os.close(fd)


def test_a_ledger_in_use_is_refused_to_a_second_batch_and_to_a_sink(tmp_path: Path):
    path = tmp_path / "ledger.jsonl"

    async def both() -> list[bool]:
        first = sk.start(sk.batch(["a"], one.chat, ledger=path))
        await asyncio.sleep(1)
        with pytest.raises(sk.SinkError, match="in use: one batch at a time"):
            await sk.batch(["a"], one.chat, ledger=path)
        with pytest.raises(sk.SinkError, match="in use as a ledger or a spool"):
            await sk.start(testing.script("Hi"), sinks.jsonl(path, mode="append"))
        await first
        return [item.from_ledger async for item in sk.batch(["a"], one.chat, ledger=path)]

    with testing.client(testing.Script("Hi", first=50.0)) as one, testing.clock() as clock:
        assert clock.run_coroutine(both()) == [True]
    assert [json.loads(line)["outcome"] for line in path.read_bytes().splitlines()] == ["complete"]


def test_a_spool_in_use_is_refused_to_a_second_sink(tmp_path: Path):
    def receive(items: list[Any], *, key: str) -> None: ...

    spool = tmp_path / "spool"
    stream = sk.stream([sk.TextDelta("a"), sk.Reply()])
    recorded = testing.clock().run(stream, *(sinks.batched(receive, spool=spool) for _ in range(2)))
    assert "in use: each sink needs one of its own" in str(recorded.error)


def test_a_half_line_is_cut_off_only_while_no_other_sink_appends(tmp_path: Path):
    path, half = tmp_path / "replies.jsonl", b'{"type":'
    path.write_bytes(half)
    sk.run(testing.script("alone"), sinks.jsonl(path, mode="append"))
    assert half + b"\n" not in path.read_bytes()
    other = sinks.jsonl(path, mode="append")
    other.write("other")
    with path.open("ab") as file:
        file.write(half)
    sk.run(testing.script("both"), sinks.jsonl(path, mode="append"))
    other.close(sk.Reply())
    assert half + b"\n" in path.read_bytes()
