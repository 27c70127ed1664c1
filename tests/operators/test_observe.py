"""A reply that was recorded plays again as it was: the same reads at the same moments, and the same end."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from reactivex import operators as rxo

import streamkit as sk
from streamkit import ops, testing
from streamkit.sources.recording import Recording
from streamkit.testing import Recorded

SCRIPTS = {
    "plain": testing.Script(["Hel", "lo 世界"], first=2.0, every=0.5),
    "headers late": testing.Script(["Hel", "lo"], head_after=3.0, first=1.0, every=0.25),
    "cut anywhere": testing.Script(["Hel", "lo 世界 🎉"], every=0.5, split=7),
    "kept alive": testing.Script(["Hel", "lo"], first=30.0, keepalive=10.0),
    "tools": testing.Script(["Let me see."], tool_calls=[("weather", {"city": "Bern"})], every=0.1),
    "connection cut": testing.Script(["Hel", "lo"], every=1.0, drop_after=1),
    "silence": testing.Script(["Hel", "lo"], every=1.0, stall_after=1),
    "bad JSON": testing.Script(["Hel", "lo"], every=1.0, bad_json_at=1),
    "error in the stream": testing.Script(["Hel", "lo"], every=1.0, fail={"message": "overloaded", "code": "busy"}),
    "no end": testing.Script(["Hel", "lo"], every=1.0, finish="", done=False),
    "refused": testing.Script(status=400, head_after=1.0),
    "no connection": testing.Script("", fail=sk.ConnectError("refused")),
}


def recorded(script: Any, path: Path, **more: Any) -> Recorded:
    """A run through a real client, recorded."""
    client = testing.client(script, retry=sk.Retry(attempts=0), model="small", **more)
    return testing.clock().run(client.chat("Say something.").pipe(ops.record(path)))


def shape(run: Recorded) -> tuple[Any, ...]:
    error = run.error
    details = (type(error), str(error), *(getattr(error, name, None) for name in ("status", "clock", "code")))
    reply = run.reply
    return run.items, run.times, details, (reply.text, reply.outcome, reply.tool_calls), run.ended_at


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_replay_is_what_was_recorded(tmp_path: Path, name: str):
    path = tmp_path / "reply.jsonl"
    first = recorded(SCRIPTS[name], path)
    again = testing.clock().run(sk.replay(path))
    assert shape(again) == shape(first)


@pytest.mark.parametrize("name", ["cut anywhere", "silence", "headers late"])
@pytest.mark.parametrize("speed", [0.5, 3.0, 1000.0])
def test_at_another_speed_only_the_times_are_others(tmp_path: Path, name: str, speed: float):
    path = tmp_path / "reply.jsonl"
    first = recorded(SCRIPTS[name], path)
    again = testing.clock().run(sk.replay(path, speed))
    assert again.items == first.items
    assert str(again.error) == str(first.error)
    assert [*again.times, again.ended_at] == pytest.approx(
        [at / speed for at in (*first.times, first.ended_at)], abs=1e-5
    )


def test_every_read_is_there_with_its_cuts(tmp_path: Path):
    path = tmp_path / "reply.jsonl"
    recorded(SCRIPTS["cut anywhere"], path)
    reads = Recording.open(path).reads
    assert max(len(read.data) for read in reads) == 7
    assert b"".join(read.data for read in reads).startswith(b"data: {")
    assert len({read.at for read in reads}) >= 2


def test_time_counts_from_the_request(tmp_path: Path):
    """Most of the wait for a first word may lie before the head of the answer."""
    path = tmp_path / "reply.jsonl"
    recorded(SCRIPTS["headers late"], path)
    assert Recording.open(path).reads[0].at == 4.0


def test_a_document_instead_of_a_stream_is_kept_whole(tmp_path: Path):
    whole = b'{"choices": [{"index": 0, "message": {"content": "Hello"}, "finish_reason": "stop"}]}'

    async def body() -> AsyncIterator[bytes]:
        for start in range(0, len(whole), 20):
            await asyncio.sleep(0.5)
            yield whole[start : start + 20]

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-type": "application/json"}, content=body())

    client = sk.Client("https://api.invalid", "key", model="small", transport=httpx.MockTransport(answer))
    path = tmp_path / "reply.jsonl"
    first = testing.clock().run(client.chat("Hi").pipe(ops.record(path)))
    assert first.reply.text == "Hello"
    reads = Recording.open(path).reads
    assert [read.at for read in reads] == [0.5, 1.0, 1.5, 2.0, 2.5]
    assert b"".join(read.data for read in reads) == whole
    assert shape(testing.clock().run(sk.replay(path))) == shape(first)


def test_the_attempt_that_succeeded_is_kept(tmp_path: Path):
    path = tmp_path / "reply.jsonl"
    client = testing.client(
        testing.Script(status=503), testing.Script("Hello", first=1.0), retry=sk.Retry(attempts=1), model="small"
    )
    testing.clock().run(client.chat("Hi").pipe(ops.record(path)))
    again = testing.clock().run(sk.replay(path))
    assert (again.reply.text, again.times[0]) == ("Hello", 1.0)


def test_a_run_that_was_cancelled_or_left_plays_up_to_there(tmp_path: Path):
    path = tmp_path / "reply.jsonl"
    stream = testing.script("a", "b", "c", every=1.0).pipe(ops.record(path, overwrite=True))
    testing.clock().run(stream, until=1.5)
    again = testing.clock().run(sk.replay(path))
    assert (again.reply.text, again.error.kind, again.ended_at) == ("ab", "stream_broken", 1.5)
    testing.clock().run(stream.pipe(rxo.take(2)))
    assert testing.clock().run(sk.replay(path)).reply.text == "a"


def test_the_file_is_private_and_not_overwritten_unless_told(tmp_path: Path):
    path = tmp_path / "reply.jsonl"
    for text in ("one", "two"):
        sk.run(testing.script(text).pipe(ops.record(path, overwrite=True)))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        sk.run(testing.script("three").pipe(ops.record(path)))
    assert sk.run(sk.replay(path, 0)).text == "two"


def test_it_holds_the_body_and_nothing_else(tmp_path: Path):
    path = tmp_path / "reply.jsonl"
    script = testing.Script("Hello", headers={"x-secret-header": "canary"})
    recorded(script, path, api_key="sk-canary", headers={"x-own": "canary"})
    held = path.read_text()
    assert "Hello" in held
    assert "canary" not in held
    assert "Say something" not in held


def test_what_follows_in_the_chain_does_not_matter(tmp_path: Path):
    path = tmp_path / "reply.jsonl"
    stream = testing.script("Hello ", "bob@example.com").pipe(ops.record(path), ops.redact("email"), ops.text())
    assert "bob" not in "".join(testing.clock().run(stream).items)
    assert sk.run(sk.replay(path, 0)).text == "Hello bob@example.com"


def test_of_several_sources_the_last_to_begin_is_kept(tmp_path: Path):
    path = tmp_path / "reply.jsonl"
    broken, spare = testing.script(fail=sk.ConnectError("refused")), testing.script("spare", every=1.0)
    testing.clock().run(broken.pipe(ops.fallback(spare), ops.record(path)))
    assert sk.run(sk.replay(path, 0)).text == "spare"


def test_runners_of_a_race_do_not_mix(tmp_path: Path):
    path = tmp_path / "reply.jsonl"
    runners = [testing.script(*text, first=1.0, every=1.0) for text in ("aaa", "bbb")]
    testing.clock().run(sk.race(*runners).pipe(ops.record(path)))
    body = b"".join(read.data for read in Recording.open(path).reads)
    assert b'"a"' not in body or b'"b"' not in body


@contextmanager
def full_disk() -> Iterator[Callable[[Path], None]]:
    """Gives a function; after its call no file grows beyond the size that the given one has, until the block ends."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        yield lambda path: resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size, before[1]))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_does_not_break_the_reply(tmp_path: Path):
    path = tmp_path / "reply.jsonl"
    stream, seen = testing.script("a", "b").pipe(ops.record(path)), []

    def fills(event: sk.Event) -> None:
        seen.append(event)
        fill(path)

    broke_off = r"the recording broke off: OSError: .*File too large"
    with full_disk() as fill, pytest.raises(sk.SinkError, match=broke_off) as caught:
        sk.run(stream, fills)
    assert caught.value.partial.text == "ab"
    assert isinstance(seen[-1], sk.Reply)


def test_without_a_run_that_is_raised_where_the_stream_ends(tmp_path: Path):
    stream = sk.from_text(["a"]).pipe(ops.record(tmp_path / "reply.jsonl"))
    seen: list[sk.Event] = []
    with pytest.raises(sk.SinkError, match="nothing was recorded"):
        seen += stream
    with pytest.raises(sk.SinkError, match="nothing was recorded"):
        sk.run(sk.from_text(["a"]).pipe(ops.record(tmp_path / "other.jsonl")))


@pytest.mark.skipif(os.name != "posix", reason="links of POSIX")
def test_a_symbolic_link_is_not_followed(tmp_path: Path):
    target, link = tmp_path / "target", tmp_path / "link"
    link.symlink_to(target)
    with pytest.raises(OSError):
        sk.run(testing.script("a").pipe(ops.record(link, overwrite=True)))
    assert not target.exists()


def test_a_note_counts_what_passed_and_when():
    clock = testing.clock()

    async def main() -> sk.Run:
        run = sk.start(testing.script("a", "b", every=2.0).pipe(ops.text(), ops.note("texts")))
        await run
        return run

    noted = clock.run_coroutine(main()).notes["texts"]
    assert (noted.items, noted.last - noted.first, noted.error) == (2, 2.0, None)
