"""What lies on the server of a bus, and who can read, change and end it: what the page on security promises."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from traceback import format_exception
from typing import Any

import pytest

import streamkit as sk
from streamkit import bus, ops, sinks, testing
from streamkit.bus.entries import encode
from streamkit.engine.upstream import new_id

from .servers import StorageServer

PASSWORD = "pass12345"
SECRET = "bob@example.com"


class Keys:
    """A bus, and the keys of it as any client of the server finds them."""

    def __init__(self, url: str) -> None:
        from redis import Redis

        self.prefix, self.client = new_id(), Redis.from_url(url)
        self.replies = bus.redis(url, prefix=self.prefix)

    def log(self, name: str) -> str:
        return f"{self.prefix}:{{{name}}}:log"

    def entries(self, name: str) -> list[tuple[bytes, dict[bytes, bytes]]]:
        found: Any = self.client.xrange(self.log(name))
        return list(found)

    def everything(self, name: str) -> bytes:
        return b"".join(value for _, fields in self.entries(name) for value in fields.values())


@pytest.fixture
def keys(valkey: StorageServer) -> Iterator[Keys]:
    keys = Keys(valkey.url)
    yield keys
    keys.replies.close()
    keys.client.close()


def test_a_reply_lies_there_in_plain_text(keys: Keys) -> None:
    sk.run(sk.from_text(f"Write to {SECRET}."), sinks.bus(keys.replies, "r-1"))
    assert SECRET.encode() in keys.everything("r-1")


def test_what_was_hidden_before_the_sink_is_not_there(keys: Keys) -> None:
    script = testing.Script(["Write to ", SECRET, " now, or later."], drop_after=3)
    with testing.client(script, retry=sk.Retry(attempts=0)) as client, suppress(sk.BrokenError):
        sk.run(client.chat(f"Who is {SECRET}?").pipe(ops.redact("email")), sinks.bus(keys.replies, "r-1"))
    assert b"Write to " in keys.everything("r-1")
    assert b'"error"' in keys.everything("r-1")
    assert b"example.com" not in keys.everything("r-1")


def test_neither_the_key_of_the_client_nor_the_prompt_is_there(keys: Keys) -> None:
    with (
        testing.Server(testing.Script("Hello."), testing.Script(status=401)).running() as url,
        sk.Client(url, "sk-key12345", model="m") as client,
        suppress(sk.StatusError),
    ):
        for name in ("r-1", "r-2"):
            sk.run(client.chat("A prompt."), sinks.bus(keys.replies, name))
    written = keys.everything("r-1") + keys.everything("r-2")
    assert b"Hello." in written
    assert b"401" in written
    assert b"12345" not in written
    assert b"A prompt." not in written


def test_who_writes_to_the_server_can_forge_a_reply(keys: Keys) -> None:
    sk.run(sk.from_text("Hello."), sinks.bus(keys.replies, "r-1"))
    [*_, (_, last)] = keys.entries("r-1")
    keys.client.delete(keys.log("r-1"))
    forged = encode([sk.TextDelta("Forged."), sk.Reply()])
    keys.client.xadd(keys.log("r-1"), {"d": last[b"d"].partition(b" ")[0] + b" 1 " + forged})
    assert next(iter(keys.replies.follow("r-1"))) == sk.TextDelta("Forged.")


def test_what_is_forged_is_read_as_events_or_not_at_all(keys: Keys) -> None:
    for data in (b"", b"no JSON", b'[{"type": "os.system"}]', b"\x80\x04c", b"[" * 10**5, b'[["text", 1]]'):
        sk.run(sk.from_text("Hello."), sinks.bus(keys.replies, name := new_id()))
        keys.client.delete(keys.log(name))
        keys.client.xadd(keys.log(name), {"d": b"1 1 " + data})
        with pytest.raises(sk.StreamkitError):
            sk.run(keys.replies.follow(name))


def test_who_knows_an_id_can_follow_and_end_the_reply(valkey: StorageServer, keys: Keys) -> None:
    with (
        testing.client(testing.Script("Once upon a time", stall_after=1)) as client,
        bus.redis(valkey.url, prefix=keys.prefix, dead_after=1) as replies,  # its writer hears of the end in 0.2 s
    ):
        run = sk.start(client.chat("Hi"), sinks.bus(replies, "chat-17"))
        events = iter(keys.replies.follow("chat-17", wait=5))
        while next(events) != sk.TextDelta("Once"):
            pass
        assert keys.replies.cancel("chat-17").result(5)
        assert run.result(5).outcome == "cancelled"
        assert list(events)[-1] == run.result()


def test_ids_of_runs_cannot_be_guessed() -> None:
    runs = [sk.start(sk.from_text("Hello.")) for _ in range(100)]
    ids = {run.id for run in runs if run.result()}
    assert len(ids) == 100
    assert {len(bytes.fromhex(id)) for id in ids} == {16}


@pytest.mark.parametrize("port", ["of the server", "of nobody"])
def test_the_password_of_the_server_is_in_no_message(valkey: StorageServer, port: str) -> None:
    """The server has none, so it refuses to be given one."""
    number = valkey.port if port == "of the server" else 1
    replies = bus.redis(f"redis://:{PASSWORD}@127.0.0.1:{number}", give_up_after=0)
    for stream in (replies.follow("r-1"), replies.positions("r-1")):
        with pytest.raises((sk.BusError, sk.ConnectError)) as caught:
            sk.run(stream)
        assert PASSWORD not in "".join(format_exception(caught.value))
    with pytest.raises(sk.SinkError) as failed:
        sk.run(sk.from_text("Hello."), sink := sinks.bus(replies))
    assert PASSWORD not in "".join(format_exception(failed.value))
    assert PASSWORD not in repr([replies, sink])
    replies.close()
