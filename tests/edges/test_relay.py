"""Replies as bodies of responses, without a server: on a virtual clock."""

from __future__ import annotations

import asyncio
import gc
import json

import pytest
import reactivex as rx
from hypothesis import given, settings, strategies as st
from reactivex import operators as rxo

import streamkit as sk
from streamkit import operators as ops, testing
from streamkit.turns import FromModel
from streamkit.wire import decode, parse

FORMATS = ["openai", "events", "text"]
INTERNAL = "sk-canary at http://10.0.0.7:8000/v1 of org-acme"


def played(main):
    return testing.clock().run_coroutine(main())


def body(stream, **options) -> bytes:
    async def main():
        return b"".join([block async for block in sk.sse(stream, **options)])

    return played(main)


def blocks(data: bytes) -> list[tuple[str, str]]:
    return [(block.event, block.data) for block in decode([data])]


def shown(data: bytes, format: str) -> str:
    """The text that a reader of this format sees."""
    if format == "openai":
        *_, reply = parse([data])
        return reply.text
    if format == "text":
        return "".join(data for event, data in blocks(data) if event in ("", "message"))
    events = [sk.from_json(data) for _, data in blocks(data)]
    return "".join(event.text for event in events if isinstance(event, sk.TextDelta))


def rich() -> sk.Stream[sk.Event]:
    return testing.script(
        "Hello ", "wörld 🌍", reasoning=("Hm. ", "Yes."), tool_calls=[("f", {"a": 1}), ("g", {})],
        usage=sk.Usage(3, 5, 8), model="small",
    )  # fmt: skip


# -- the formats -------------------------------------------------------------------------------------------------------


def test_chunks_say_what_the_stream_says():
    own, relayed = testing.clock().run(rich()).reply, list(parse([body(rich())]))[-1]
    assert (relayed.text, relayed.reasoning, relayed.usage) == (own.text, own.reasoning, own.usage)
    assert (relayed.tool_calls, relayed.finish_reason, relayed.model) == (own.tool_calls, "tool_calls", "small")


def test_events_come_back_as_they_were_with_ids_that_count():
    data = body(rich(), format="events")
    assert [sk.from_json(block.data) for block in decode([data])] == testing.clock().run(rich()).items
    assert [block.id for block in decode([data])] == [str(n + 1) for n in range(len(blocks(data)))]
    assert all(event == json.loads(told)["type"] for event, told in blocks(data))


def test_events_name_no_host_of_the_server_that_was_asked():
    def add(a: int, b: int) -> int:
        return a + b

    with testing.Server(testing.Script(tool_calls=[("add", {"a": 1, "b": 2})]), "3").running() as url:
        client = sk.Client(base_url=url, api_key="k", model="small")
        host = url.split("/")[2]
        own = sk.run(sk.tool_loop(client.chat, "1 + 2?", [add]))
        assert own.origin == sk.Origin("chat", host, "small")
        data = body(sk.stream(rx.of(sk.Start(origin=own.origin), own)), format="events")
    assert host.encode() not in data
    start, reply = (sk.from_json(data) for _, data in blocks(data))
    assert start.origin == reply.origin == sk.Origin("chat", "", "small")
    assert reply.messages == own.messages
    assert {message.origin.host for message in reply.messages if isinstance(message, FromModel)} == {""}


def test_text_comes_without_names_and_the_end_is_named():
    data = body(rich(), format="text")
    assert shown(data, "text") == "Hello wörld 🌍"
    assert blocks(data)[-1] == ("end", "complete")


@pytest.mark.parametrize("format", FORMATS)
def test_a_stream_of_text_is_relayed_as_text(format):
    stream = rich().pipe(ops.text(), rxo.map(str.upper))
    data = body(stream, format=format)
    assert shown(data, format) == "HELLO WÖRLD 🌍"
    assert "wörld" not in data.decode()
    assert "wörld" not in json.dumps([told for _, told in blocks(data)], ensure_ascii=False)


def test_a_stream_of_text_ends_with_how_it_ended_and_the_usage():
    *_, reply = parse([body(rich().pipe(ops.text()))])
    assert (reply.finish_reason, reply.usage) == ("tool_calls", sk.Usage(3, 5, 8))
    assert blocks(body(rich().pipe(ops.text(), rxo.take(1)), format="text"))[-1] == ("end", "stopped")


def test_a_reply_that_was_stopped_has_a_finish_reason_for_clients():
    stopped = testing.script("one ", "two ", "three").pipe(ops.stop_at("two"))
    *_, reply = parse([body(stopped)])
    assert (reply.text, reply.finish_reason) == ("one ", "stop")


@pytest.mark.slow
@pytest.mark.parametrize("format", FORMATS)
def test_text_cannot_make_events_of_its_own(format):
    evil = "a\r\n\r\nevent: end\r\ndata: complete\r\rid: 7\n\n: c\u2028\x85data: [DONE]\n\n\r"
    named = {"openai": set(), "events": {"start", "text.delta", "finish", "usage", "reply"}, "text": {"end"}}[format]
    for cut in testing.every_split(evil):
        data = body(testing.script(*filter(None, cut)), format=format)
        seen = shown(data, format)
        assert seen == (evil if format != "text" else evil.replace("\r\n", "\n").replace("\r", "\n"))
        assert {event for event, _ in blocks(data)} - {"", "message"} <= named
        assert format != "text" or [event for event, _ in blocks(data)].count("end") == 1


@pytest.mark.slow
@settings(max_examples=60)
@given(st.lists(st.text(alphabet=st.sampled_from("a \r\n:\0\ufeff\U0001f30d"), min_size=1), min_size=1, max_size=6))
def test_any_text_in_any_pieces_arrives(pieces):
    text = "".join(pieces)
    for format in FORMATS:
        expected = text if format != "text" else text.replace("\r\n", "\n").replace("\r", "\n")
        assert shown(body(sk.from_text(pieces), format=format), format) == expected


def test_names_from_the_server_cannot_break_out_of_their_line():
    other = sk.Other("odd\r\nevent: end", raw={"a": "b\n\nc"})
    data = body(testing.script(other, "x"), format="events")
    assert "end" not in {event for event, _ in blocks(data)}


# -- restarts ----------------------------------------------------------------------------------------------------------


def restarted(mode):
    broken = testing.script("Once", " upon", drop_after=1)
    return broken.pipe(ops.continue_with(lambda partial: testing.script(" more"), mode=mode))


def test_a_continued_reply_is_whole_in_every_format():
    for format in FORMATS:
        assert shown(body(restarted("prefill"), format=format), format) == "Once more"


def test_a_restart_is_told_where_the_format_has_a_word_for_it(caplog):
    assert ("restart", "") in blocks(body(restarted("restart"), format="text"))
    assert "restart" in [event for event, _ in blocks(body(restarted("restart"), format="events"))]
    with pytest.raises(sk.ApiError, match="relay failed"):
        list(parse([body(restarted("restart"))]))
    assert "cannot take back" in caplog.text


# -- failures ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        (sk.StatusError(f"401: {INTERNAL}", status=401, body=INTERNAL), "http_status", "401"),
        (sk.ConnectError(INTERNAL, retryable=True), "connect", None),
        (sk.ApiError(INTERNAL, code="context_length_exceeded"), "api_error", "context_length_exceeded"),
        (sk.ApiError(INTERNAL, code=INTERNAL), "api_error", None),
        (sk.BrokenError(INTERNAL), "stream_broken", None),
        (sk.SinkError(INTERNAL), "relay", None),
        (RuntimeError(INTERNAL), "relay", None),
    ],
)
def test_a_failure_is_told_without_what_it_says(error, kind, code, caplog):
    stream = testing.script("so far").pipe(rxo.take(2), rxo.concat(rx.throw(error)))
    for format in FORMATS:
        data = body(stream, format=format)
        assert "canary" not in data.decode()
        assert b"10.0.0.7" not in data
        if format == "events":
            form = json.loads(blocks(data)[-1][1])
            assert (form["type"], form["kind"], form.get("code")) == ("error", kind, code)
        elif format == "text":
            assert blocks(data)[-1][0] == "error"
        else:
            with pytest.raises(sk.ApiError) as caught:
                list(parse([data]))
            assert (caught.value.error_type, caught.value.code, caught.value.partial.text) == (kind, code, "so far")
    assert caplog.text.count(INTERNAL) >= 3


def test_what_is_no_reply_cannot_be_relayed(caplog):
    data = body(testing.script("x").pipe(rxo.map(lambda event: 1)), format="events")
    assert [event for event, _ in blocks(data)] == ["error"]
    assert "not of int" in caplog.text


@pytest.mark.parametrize("wrong", [{"format": "xml"}, {"on_close": "wait"}, {"keepalive": 0}, {"max_wait": 0}])
def test_misuse_is_said_at_once(wrong):
    with pytest.raises(ValueError):
        sk.sse(testing.script("x"), **wrong)


# -- reading and leaving -----------------------------------------------------------------------------------------------


class Listener:
    """Notes how the reply ended."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.replies: list[sk.Reply] = []
        self.ended = asyncio.Event()
        self.branch = sk.on(text=self.texts.append, reply=self._reply)

    def _reply(self, reply: sk.Reply) -> None:
        self.replies.append(reply)
        self.ended.set()


def test_nothing_is_asked_before_somebody_reads():
    client = testing.client("Hello")
    relay = sk.sse(client.chat("hi"))
    assert relay.headers["content-type"].startswith("text/event-stream")
    assert (relay.headers["cache-control"], relay.headers["x-accel-buffering"]) == ("no-store", "no")
    del relay
    gc.collect()
    assert client.requests == []


@pytest.mark.parametrize("on_close", ["cancel", "drain"])
@pytest.mark.parametrize("how", ["aclose", "let go", "cancelled"])
def test_leaving_cancels_or_drains(how, on_close, reports):
    async def main():
        listener = Listener()
        client = testing.client(testing.Script("a b c d", every=1, usage=sk.Usage(1, 4, 5)))
        relay = sk.sse(client.chat("hi").pipe(ops.attach(listener.branch)), on_close=on_close)
        while b'"a"' not in await anext(relay):
            pass
        if how == "aclose":
            await relay.aclose()
            await relay.aclose()
            assert [block async for block in relay] == []
        elif how == "let go":
            del relay
            gc.collect()
        else:
            waiting = asyncio.ensure_future(anext(relay))
            await asyncio.sleep(0.5)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        await listener.ended.wait()
        await asyncio.sleep(0.1)
        return listener, client.requests, len(asyncio.all_tasks())

    listener, (request,), tasks = played(main)
    (reply,) = listener.replies
    assert tasks == 1
    assert reports.messages == []  # clients leave all the time
    if on_close == "cancel":
        assert (reply.outcome, reply.text, request.outcome) == ("cancelled", "a", "cancelled")
    else:
        assert (reply.outcome, reply.text, reply.usage) == ("complete", "a b c d", sk.Usage(1, 4, 5))
        assert "".join(listener.texts) == "a b c d"
        assert request.outcome == "done"


def test_listeners_hear_a_reply_that_is_read_to_its_end():
    async def main():
        listener = Listener()
        relay = sk.sse(testing.script("a", "b").pipe(ops.attach(listener.branch)))
        data = b"".join([block async for block in relay])
        await listener.ended.wait()
        return data, listener

    data, listener = played(main)
    assert data.endswith(b"data: [DONE]\n\n")
    assert (listener.texts, [reply.outcome for reply in listener.replies]) == (["a", "b"], ["complete"])


def test_silence_is_filled_with_comments():
    async def main():
        loop, relay = asyncio.get_running_loop(), sk.sse(testing.script("a", first=40), keepalive=15)
        return [(loop.time(), block) async for block in relay]

    seen = played(main)
    assert [(at, block) for at, block in seen if block.startswith(b":")] == [
        (15, b": keep-alive\n\n"), (30, b": keep-alive\n\n"),
    ]  # fmt: skip
    assert shown(b"".join(block for _, block in seen), "openai") == "a"


def test_without_a_keepalive_there_are_no_comments():
    assert body(testing.script("a", first=400), keepalive=None, format="text").startswith(b"data: a\n\n")


def endless(pulled: list[int], size: int = 1000, count: int = 100_000):
    async def pieces():
        for number in range(count):
            pulled.append(number)
            yield "x" * size

    return sk.from_text(pieces)


def test_a_slow_client_holds_the_source():
    async def main():
        pulled: list[int] = []
        relay, most = sk.sse(endless(pulled, count=500)), 0
        taken = 0
        async for block in relay:
            taken += block.count(b"xxx") and block.count(b'"content":"x')
            most = max(most, len(pulled) - taken)
            await asyncio.sleep(1)
        return most, len(pulled), taken

    most, pulled, taken = played(main)
    assert most <= 20  # 16 KiB of chunks that are a little more than 1 kB
    assert pulled == taken == 500


@pytest.mark.parametrize("on_close", ["cancel", "drain"])
def test_who_takes_nothing_for_too_long_has_left_and_is_told_so(on_close):
    async def main():
        listener, pulled = Listener(), list[int]()
        stream = endless(pulled, count=200).pipe(ops.attach(listener.branch))
        relay = sk.sse(stream, format="events", on_close=on_close, max_wait=30)
        data, loop = await anext(relay), asyncio.get_running_loop()
        await listener.ended.wait()
        ended = loop.time()
        data += b"".join([block async for block in relay])
        return data, ended, listener.replies[0], len(pulled)

    data, ended, reply, pulled = played(main)
    form = json.loads(blocks(data)[-1][1])
    assert (form["type"], form["kind"], ended) == ("error", "stalled", 30)
    assert (reply.outcome, pulled == 200) == (("cancelled", False) if on_close == "cancel" else ("complete", True))


def test_only_one_may_read():
    async def main():
        relay = sk.sse(testing.script("a", first=5))
        first = asyncio.ensure_future(anext(relay))
        await asyncio.sleep(1)
        with pytest.raises(RuntimeError, match="another task"):
            await anext(relay)
        return await first

    assert b"chat.completion.chunk" in played(main)


def test_relays_do_not_share_anything():
    async def read(number: int) -> str:
        relay = sk.sse(testing.script(*[f"{number} "] * 5, every=0.1))
        return shown(b"".join([block async for block in relay]), "openai")

    async def main():
        return await asyncio.gather(*map(read, range(50)))

    assert played(main) == [f"{number} " * 5 for number in range(50)]


def test_a_loop_that_ends_ends_its_relays():
    client = testing.client(testing.Script("a b c", every=1))

    async def main():
        relay = sk.sse(client.chat("hi"), on_close="drain")
        await anext(relay)
        await relay.aclose()

    asyncio.run(main())
    assert client.requests[0].outcome == "cancelled"
