"""A client that is closed under a reply: the reply's error says so, at once, wherever the reply stands."""

# ruff: noqa: ASYNC110  # what is waited for happens where no event of ours can be set

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from reactivex import operators as rxo

import streamkit as sk
from streamkit import ops
from tests.faults.bodies import DONE, END, START, reply, say
from tests.faults.server import HANG, Server, head, serving
from tests.libraries import LIBRARIES, class_of, with_both

BEGUN = [head(), START, say("kept"), HANG]
BUSY = [head("503 Busy", "text/plain", retry_after="50", content_length="0", connection="close")]
STANDS: dict[str, Any] = {
    "before the headers": ([HANG], ""),
    "before the body": ([head(), HANG], ""),
    "before any text": ([head(), START, HANG], ""),
    "in the text": (BEGUN, "kept"),
    "in an error's body": ([head("400 No", content_length="9"), b"a", HANG], ""),
    "waiting to ask again": (BUSY, ""),
}
CLOSED = "the client was closed"


def client(server: Server, **options: Any) -> sk.Client:
    return sk.Client(server.url, "key", model="m", **options)


async def stands(server: Server, run: sk.Run[Any], text: str) -> None:
    """Until the reply has come so far."""
    await asyncio.to_thread(server.heard, 1)
    while run.reply.text != text:
        await asyncio.sleep(0)
    for _ in range(50):  # the answer's headers are read
        await asyncio.sleep(0)


def check(error: sk.StreamkitError, text: str) -> None:
    assert CLOSED in str(error)
    assert isinstance(error, sk.BrokenError)
    assert not error.retryable
    assert (error.partial.text, error.partial.outcome) == (text, "truncated")


@pytest.mark.parametrize("library", [None, *LIBRARIES], ids=["ours", "httpx", "httpx2"])
@pytest.mark.parametrize(("script", "text"), STANDS.values(), ids=STANDS.keys())
def test_closing_ends_a_reply_wherever_it_stands(script: Any, text: str, library: Any) -> None:
    async def main(server: Server) -> None:
        async with (library or httpx).AsyncClient() as own:
            one = client(server, transport=own if library else None)
            run = sk.start(one.chat("hi"))
            await stands(server, run, text)
            await one.aclose()
            with pytest.raises(sk.StreamkitError) as caught:
                await run
            check(caught.value, text)
            assert not own.is_closed
        assert await asyncio.to_thread(server.all_closed)
        assert len(server.requests) == 1

    with serving(script) as server:
        asyncio.run(main(server))


def _close_here(one: sk.Client) -> None:
    one.close()


def _close_elsewhere(one: sk.Client) -> None:
    thread = threading.Thread(target=one.close)
    thread.start()
    thread.join()


CLOSINGS = [_close_here, _close_elsewhere]


def _read_closing(one: sk.Client, close: Callable[[sk.Client], None]) -> None:
    for event in one.chat("hi"):
        if isinstance(event, sk.TextDelta):
            close(one)


@pytest.mark.parametrize("close", CLOSINGS)
def test_in_the_body_of_for(close: Callable[[sk.Client], None]) -> None:
    with serving(BEGUN) as server:
        with pytest.raises(sk.StreamkitError) as caught:
            _read_closing(client(server), close)
        check(caught.value, "kept")
        assert server.all_closed()


@pytest.mark.parametrize("close", CLOSINGS)
@pytest.mark.parametrize("ask", [sk.run, lambda stream, sink: sk.start(stream, sink).result(5)], ids=["run", "start"])
def test_in_a_sink(ask: Any, close: Callable[[sk.Client], None]) -> None:
    with serving(BEGUN) as server:
        one = client(server)
        with pytest.raises(sk.StreamkitError) as caught:
            ask(one.chat("hi"), lambda event: close(one) if isinstance(event, sk.TextDelta) else None)
        check(caught.value, "kept")
        assert server.all_closed()


def test_in_a_sink_that_the_source_waits_for() -> None:
    async def main(server: Server) -> None:
        one = client(server)

        async def slow(event: Any) -> None:
            if isinstance(event, sk.TextDelta):
                await one.aclose()

        with pytest.raises(sk.StreamkitError) as caught:
            await sk.start(one.chat("hi"), slow)
        check(caught.value, "kept")
        assert await asyncio.to_thread(server.all_closed)

    with serving(BEGUN) as server:
        asyncio.run(main(server))


def test_what_was_read_whole_stays_whole() -> None:
    """All of the reply is there when a sink closes the client."""
    whole = [head(), reply("fine")]
    cut = [head(), START, say("fi"), 0.1, say("ne") + END + DONE]
    with serving(whole, cut, cut) as server:
        for last in ("fine", "ne"):
            one = client(server)
            seen: list[Any] = []

            def close(event: Any, one: sk.Client = one, last: str = last) -> None:
                if isinstance(event, sk.TextDelta) and event.text == last:
                    one.close()

            assert sk.run(one.chat("hi"), seen.append, close).text == "fine"
            assert isinstance(seen[-1], sk.Reply)
            assert server.all_closed()


def test_other_clients_go_on() -> None:
    async def main(server: Server) -> None:
        async with client(server) as other:
            one = client(server)
            runs = [sk.start(which.chat("hi")) for which in (one, other)]
            for run in runs:
                await stands(server, run, "one")
            await one.aclose()
            with pytest.raises(sk.BrokenError, match=CLOSED):
                await runs[0]
            assert (await runs[1]).text == "onetwo"

    with serving([head(), START, say("one"), 0.5, say("two"), END, DONE]) as server:
        asyncio.run(main(server))


class _Body:
    closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield START + say("a") + b"data: x-api"

    async def aclose(self) -> None:
        self.closed = True


@with_both
def test_an_answer_is_closed_even_if_its_recorder_fails_at_the_end(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, library: Any
) -> None:
    def fail(_: Any) -> bytes:
        raise MemoryError

    async def main() -> None:
        body = class_of(library, _Body)()
        transport = library.MockTransport(
            lambda _: library.Response(200, stream=body, headers={"content-type": "text/event-stream"})
        )
        async with sk.Client("http://127.0.0.1:1/v1", "key", model="m", transport=transport) as one:
            observed = one.chat("hi").pipe(ops.record(tmp_path / "reply.jsonl"), rxo.map(lambda _: 1 // 0))
            with pytest.raises(ZeroDivisionError):
                await sk.start(observed)
        assert body.closed

    monkeypatch.setattr("streamkit.sources.http.secrets.Scrubber.flush", fail)
    asyncio.run(main())
