"""Batches in virtual time: when they go, what is tried again, and what a spool brings back."""

from __future__ import annotations

import asyncio
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import reactivex as rx

import streamkit as sk
from streamkit import ops, sinks, testing

posix = pytest.mark.skipif(os.name != "posix", reason="modes and links of POSIX")
NONE: tuple[float, ...] = ()


class Receiver:
    """Takes batches down, with the second in which they came; refuses as often as it was told to."""

    def __init__(self, refuse: int = 0, takes: float = 0.0) -> None:
        self.got: list[tuple[float, str, list[Any]]] = []
        self.refuse, self.takes = refuse, takes
        self.busy = False

    async def __call__(self, items: list[Any], *, key: str) -> None:
        assert not self.busy
        self.busy = True
        began = asyncio.get_running_loop().time()
        try:
            await asyncio.sleep(self.takes)
            self.refuse -= 1
            if self.refuse >= 0:
                raise ConnectionError("down")
            self.got.append((round(began, 6), key, items))
        finally:
            self.busy = False

    @property
    def items(self) -> list[Any]:
        return [item for _, _, items in self.got for item in items]

    @property
    def numbers(self) -> list[int]:
        """Of the first item of each batch, by the keys."""
        return [int(key.rpartition(":")[2]) for _, key, _ in self.got]


def receive(items: list[Any], *, key: str) -> None: ...


def texts(*pieces: str, every: float = 0.0, **more: Any) -> sk.Stream[str]:
    return testing.script(*pieces, every=every, **more).pipe(ops.text())


def test_a_batch_goes_when_it_is_full_and_the_rest_at_the_end():
    receiver = Receiver()
    testing.clock().run(texts(*"abcdefg"), sinks.batched(receiver, size=3))
    assert [items for _, _, items in receiver.got] == [["a", "b", "c"], ["d", "e", "f"], ["g"]]
    assert receiver.numbers == [0, 3, 6]
    assert len({key.rpartition(":")[0] for _, key, _ in receiver.got}) == 1


def test_a_batch_goes_some_time_after_its_first_item():
    receiver = Receiver()
    testing.clock().run(texts(*"abcdef", every=0.4), sinks.batched(receiver, every=1.0))
    assert [(at, items) for at, _, items in receiver.got] == [(1.0, ["a", "b", "c"]), (2.0, ["d", "e", "f"])]


def test_a_timer_of_a_batch_that_went_does_not_touch_the_next():
    receiver = Receiver()
    testing.clock().run(texts(*"abc", every=0.9), sinks.batched(receiver, size=2, every=1.0))
    assert [(at, items) for at, _, items in receiver.got] == [(0.9, ["a", "b"]), (1.8, ["c"])]


def test_batches_go_in_order_one_at_a_time_while_a_slow_receiver_holds_the_source():
    receiver = Receiver(takes=5.0)
    branch = sk.branch(ops.text(), into=sinks.batched(receiver, size=2, every=1.0), capacity=4)
    recorded = testing.clock().run(testing.script(*map(str, range(40)), every=0.5), branch)
    assert recorded.error is None
    assert receiver.items == [*map(str, range(40))]
    assert recorded.times[-1] > 20.0  # twice as long as without


def test_each_run_has_keys_of_its_own():
    receiver, clock = Receiver(), testing.clock()
    sink = sinks.batched(receiver)
    for _ in range(2):
        clock.run(texts("a"), sink)
    (_, first, _), (_, second, _) = receiver.got
    assert first != second


def test_a_plain_function_will_do():
    got: list[tuple[str, list[str]]] = []
    sk.run(texts("a", "b"), sinks.batched(lambda items, *, key: got.append((key, items))))
    assert [items for _, items in got] == [["a", "b"]]


def test_what_is_refused_comes_again_under_the_same_key():
    keys: list[str] = []
    receiver = Receiver(refuse=2)

    async def watched(items: list[Any], *, key: str) -> None:
        keys.append(key)
        await receiver(items, key=key)

    testing.clock().run(texts(*"abc"), sinks.batched(watched, size=2, retry=(1.0, 3.0)))
    assert [(at, items) for at, _, items in receiver.got] == [(4.0, ["a", "b"]), (4.0, ["c"])]
    assert keys[0] == keys[1] == keys[2] != keys[3]


def test_in_the_end_it_is_a_failure_of_this_sink_only():
    kept = sinks.memory()
    sink = sinks.batched(Receiver(refuse=99), size=2, retry=(1.0,))
    recorded = testing.clock().run(texts(*"abc"), sink, kept)
    assert isinstance(recorded.error, sk.SinkError)
    assert str(recorded.error).endswith("was refused 2 times, 2 items are lost: ConnectionError: down")
    assert isinstance(recorded.error.__cause__, ConnectionError)
    assert kept.items == ["a", "b", "c"]


def test_a_failure_of_a_batch_whose_time_had_come_is_not_swallowed():
    for pieces in ("ab", "abc"):  # with and without a further item to tell by
        recorded = testing.clock().run(
            texts(*pieces, every=3.0), sinks.batched(Receiver(refuse=1), every=1.0, retry=NONE)
        )
        assert isinstance(recorded.error, sk.SinkError), pieces


@pytest.mark.parametrize("every", [1.0, 1000.0])
@pytest.mark.parametrize("raised", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_passes_through(raised: type[BaseException], every: float):
    def stop(items: list[Any], *, key: str) -> None:
        raise raised

    with testing.clock() as clock, pytest.raises(raised):
        clock.run(texts(*"ab", every=5.0), sinks.batched(stop, every=every))


def test_a_cancelled_run_still_passes_on_what_it_has():
    receiver = Receiver(takes=1.0)
    recorded = testing.clock().run(texts(*"abc", every=2.0), sinks.batched(receiver, every=100.0), until=3.0)
    assert receiver.items == ["a", "b"]
    assert (recorded.reply.outcome, recorded.error, recorded.ended_at) == ("cancelled", None, 4.0)


def test_a_cancelled_run_does_not_wait_for_ever(tmp_path: Path):
    stuck, spool = Receiver(takes=1e4), tmp_path / "spool"
    clock = testing.clock()
    recorded = clock.run(texts(*"abc", every=2.0), sinks.batched(stuck, every=100.0, spool=spool), until=3.0)
    assert recorded.ended_at == 7.0
    assert str(recorded.error) == "4 s were not enough for the last batches, 2 items stay in spool"
    receiver = Receiver()
    clock.run(sk.stream(rx.empty()), sinks.batched(receiver, spool=spool))
    assert receiver.items == ["a", "b"]


def test_a_batch_that_is_stuck_under_way_is_given_up_and_kept(tmp_path: Path):
    stuck, spool = Receiver(takes=1e4), tmp_path / "spool"
    with testing.clock() as clock:
        recorded = clock.run(texts(*"abc", every=2.0), sinks.batched(stuck, every=1.0, spool=spool), until=3.0)
        assert recorded.ended_at <= 10.0
        assert not stuck.busy
    assert isinstance(recorded.error, sk.SinkError)
    assert spool.read_bytes().count(b"\n") == 1  # the second was never taken


def test_a_broken_stream_still_passes_on_what_came():
    receiver = Receiver()
    recorded = testing.clock().run(texts(*"abc", drop_after=2), sinks.batched(receiver))
    assert isinstance(recorded.error, sk.BrokenError)
    assert receiver.items == ["a", "b"]


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [({"size": 0}, ValueError), ({"every": 0.0}, ValueError), ({"retry": (1.0, -1.0)}, ValueError)],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, Any], problem: type[Exception]):
    with pytest.raises(problem):
        sinks.batched(receive, **wrong)
    with pytest.raises(TypeError):
        sinks.batched("not a function")  # type: ignore[arg-type]  # what a careless user writes


# -- the spool ---------------------------------------------------------------------------------------------------------


@dataclass
class Point:
    x: int


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    return tmp_path / "spool"


def test_what_could_not_be_passed_on_goes_first_next_time_under_its_old_key(spool: Path):
    clock, refused = testing.clock(), Receiver(refuse=99)
    said = clock.run(texts(*"abc"), sinks.batched(refused, size=2, retry=NONE, spool=spool)).error
    assert str(said).endswith("2 items stay in spool: ConnectionError: down")
    (key,) = {line.split(b'"')[3].decode() for line in spool.read_bytes().splitlines()}
    receiver = Receiver()
    clock.run(texts(*"xyz"), sinks.batched(receiver, size=2, spool=spool))
    assert [items for _, _, items in receiver.got] == [["a", "b"], ["x", "y"], ["z"]]
    assert receiver.got[0][1] == key
    assert spool.read_bytes() == b""


def test_it_holds_what_is_not_yet_passed_on_and_nothing_else(spool: Path):
    sizes: list[int] = []
    receiver = Receiver()
    sink = sinks.batched(receiver, size=3, spool=spool)

    class Looking:
        async def write(self, item: str) -> None:
            await sink.write(item)
            look()

        close = sink.close

    def look() -> None:
        sizes.append(spool.read_bytes().count(b"\n"))

    testing.clock().run(texts(*"abcdefg"), Looking())
    assert sizes == [1, 2, 0, 1, 2, 0, 1]
    assert spool.read_bytes() == b""


def test_items_come_back_as_what_json_can_say(spool: Path):
    items: list[Any] = ["text", sk.TextDelta("delta"), {"a": [1]}, Point(3), 7, None, "\ud83d\n\x1b"]
    clock = testing.clock()
    clock.run(sk.stream(rx.from_iterable(items)), sinks.batched(Receiver(refuse=99), retry=NONE, spool=spool))
    receiver = Receiver()
    clock.run(sk.stream(rx.empty()), sinks.batched(receiver, spool=spool))
    assert receiver.items == ["text", sk.TextDelta("delta"), {"a": [1]}, {"x": 3}, 7, None, "\ud83d\n\x1b"]


def test_half_a_line_left_by_a_kill_is_forgotten(spool: Path):
    sinks.batched(receive, spool=spool)
    whole = b'{"key":"s:0","item":"a"}\n{"key":"s:0","item":"b"}\n{"key":"s:2","item":"c"}\n'
    for half in (b"", b"{", b'{"key":"s:2","item":"d"', b'{"key":"s:2","item":"\xe4\xb8'):
        spool.write_bytes(whole + half)
        receiver = Receiver()
        testing.clock().run(texts("new"), sinks.batched(receiver, spool=spool))
        assert [(key, items) for _, key, items in receiver.got[:-1]] == [("s:0", ["a", "b"]), ("s:2", ["c"])]
        assert receiver.got[-1][2] == ["new"]


def test_one_batch_of_several_left_ones_is_refused_and_all_stay(spool: Path):
    left = b'{"key":"s:0","item":"a"}\n{"key":"s:1","item":"b"}\n'
    spool.write_bytes(left)
    clock, picky = testing.clock(), Receiver()

    async def second_is_refused(items: list[Any], *, key: str) -> None:
        if key == "s:1":
            raise ValueError("no")
        await picky(items, key=key)

    recorded = clock.run(texts("new"), sinks.batched(second_is_refused, retry=NONE, spool=spool))
    assert "batch s:1 was refused 1 time," in str(recorded.error)
    assert spool.read_bytes() == left  # the first comes again: its receiver knows the key
    receiver = Receiver()
    clock.run(texts("newer"), sinks.batched(receiver, spool=spool))
    assert receiver.items == ["a", "b", "newer"]


@pytest.mark.parametrize("held", [b"notes\n", b'{"type":"start"}\n', b"\xff", b'{"key":"s:0"}\n', b"[1]\n", b"{}\n"])
def test_a_file_that_is_something_else_is_refused_untouched(spool: Path, held: bytes):
    spool.write_bytes(held)
    with pytest.raises(ValueError, match="something else"):
        sinks.batched(receive, spool=spool)
    assert spool.read_bytes() == held


@posix
def test_a_spool_is_private_belongs_to_one_sink_and_is_no_link(spool: Path):
    sinks.batched(receive, spool=spool)
    assert stat.S_IMODE(spool.stat().st_mode) == 0o600
    kept = sinks.memory()
    recorded = testing.clock().run(texts("a"), *(sinks.batched(Receiver(), spool=spool) for _ in range(2)), kept)
    assert "in use: each sink needs one of its own" in str(recorded.error)
    assert kept.text == "a"
    link = spool.with_name("link")
    link.symlink_to(spool)
    with pytest.raises(OSError):
        sinks.batched(receive, spool=link)


def test_a_full_disk_fails_the_sink_and_spoils_nothing(spool: Path, monkeypatch: pytest.MonkeyPatch):
    write, seen = os.write, 0

    def full(fd: int, data: bytes) -> int:
        nonlocal seen
        seen += 1
        if seen == 4:
            raise OSError("No space left on device")
        return write(fd, data[:10] if seen == 3 else data)

    clock = testing.clock()
    sink = sinks.batched(Receiver(refuse=99), retry=NONE, spool=spool)
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        recorded = clock.run(texts("a", "b", "c"), sink)
    assert "No space left" in str(recorded.error)
    receiver = Receiver()
    clock.run(sk.stream(rx.empty()), sinks.batched(receiver, spool=spool))
    assert receiver.items == ["a", "b"]


def test_no_descriptor_or_task_stays(spool: Path):
    clock, sink = testing.clock(), sinks.batched(Receiver(), spool=spool)
    before = os.open(spool, os.O_RDONLY)
    os.close(before)
    for _ in range(3):
        clock.run(texts(*"abc", every=0.7), sink)
    after = os.open(spool, os.O_RDONLY)
    os.close(after)
    assert after <= before  # the lowest free one; others may have gone meanwhile
    assert clock.run_coroutine(_tasks()) == 1
    assert repr(sink) == "<batched 100 items or 1 s>"


async def _tasks() -> int:
    return len(asyncio.all_tasks())


def test_what_looks_like_a_cancel_in_a_batch_that_was_due_is_an_error():
    async def cancels(items, *, key):
        raise asyncio.CancelledError("of its own")

    stream = testing.script(*"abc", every=1.0).pipe(ops.text())
    got = testing.clock().run(stream, sinks.batched(cancels, size=99, every=0.5, retry=()))
    assert isinstance(got.error, sk.SinkError)
    assert isinstance(got.error.__cause__, asyncio.CancelledError)
