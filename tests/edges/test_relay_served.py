"""The relay under a real server, with the frameworks people use and clients that stay, leave or dawdle."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

import streamkit as sk
from streamkit import operators as ops, testing
from streamkit.wire import parse
from tests.waiting import soon

fastapi = pytest.importorskip("fastapi")
uvicorn = pytest.importorskip("uvicorn")
openai = pytest.importorskip("openai")

Make = Callable[[], Any]
SAID = ["Hello ", "wörld ", "🌍"]


def starlette_app(make: Make) -> Any:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import StreamingResponse
    from starlette.routing import Route

    async def answer(request: Request) -> StreamingResponse:
        relay = make()
        return StreamingResponse(relay, headers=relay.headers)

    return Starlette(routes=[Route("/v1/chat/completions", answer, methods=["POST"])])


def fastapi_app(make: Make) -> Any:
    from fastapi.responses import StreamingResponse

    app = fastapi.FastAPI()

    @app.post("/v1/chat/completions")
    async def answer() -> StreamingResponse:
        relay = make()
        return StreamingResponse(relay, headers=relay.headers)

    return app


APPS = {"starlette": starlette_app, "fastapi": fastapi_app}
both = pytest.mark.parametrize("app", APPS.values(), ids=APPS)


@asynccontextmanager
async def served(app: Any) -> AsyncIterator[str]:
    """The base URL while uvicorn serves ``app`` on this loop."""
    ready = asyncio.Event()

    class Server(uvicorn.Server):
        async def startup(self, sockets: Any = None) -> None:
            await super().startup(sockets)
            ready.set()

    config = uvicorn.Config(app, log_config=None, lifespan="off", ws="none", timeout_graceful_shutdown=1)
    server = Server(config)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        task = asyncio.create_task(server.serve(sockets=[listening]))
        await ready.wait()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
        finally:
            server.should_exit = True
            await task


@asynccontextmanager
async def asked(url: str) -> AsyncIterator[httpx.Response]:
    async with (
        httpx.AsyncClient(trust_env=False) as client,
        client.stream("POST", f"{url}/chat/completions", json={}) as response,
    ):
        yield response


class Ended:
    """A listener that waits for the end of the reply."""

    def __init__(self) -> None:
        self.reply: asyncio.Future[sk.Reply] = asyncio.get_running_loop().create_future()
        self.branch = sk.on(reply=self.reply.set_result)

    async def wait(self) -> sk.Reply:
        return await asyncio.wait_for(asyncio.shield(self.reply), 5)


# -- clients that stay -------------------------------------------------------------------------------------------------


@both
def test_a_client_reads_to_the_end(app):
    async def main():
        async with served(app(lambda: sk.sse(testing.script(*SAID)))) as url, asked(url) as response:
            return response, await response.aread()

    response, data = asyncio.run(main())
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert (response.headers["cache-control"], response.headers["x-accel-buffering"]) == ("no-store", "no")
    *_, reply = parse([data])
    assert (reply.text, reply.outcome) == ("".join(SAID), "complete")


@both
def test_the_official_client_sees_text_calls_and_usage(app):
    script = testing.Script(SAID, tool_calls=[("f", {"a": 1}), ("g", "{}")], usage=sk.Usage(3, 4, 7))

    async def main():
        upstream = testing.client(script)
        async with (
            served(app(lambda: sk.sse(upstream.chat("hi")))) as url,
            openai.AsyncOpenAI(base_url=url, api_key="-", max_retries=0) as client,
            client.chat.completions.stream(model="m", messages=[{"role": "user", "content": "hi"}]) as stream,
        ):
            async for _ in stream:
                pass
            return await stream.get_final_completion()

    completion = asyncio.run(main())
    (choice,) = completion.choices
    assert (choice.message.content, choice.finish_reason) == ("".join(SAID), "tool_calls")
    calls = [(call.id, call.function.name, call.function.arguments) for call in choice.message.tool_calls]
    assert calls == [("call_0", "f", '{"a": 1}'), ("call_1", "g", "{}")]
    assert (completion.usage.prompt_tokens, completion.usage.total_tokens) == (3, 7)


@both
def test_our_own_client_reads_a_relay_too(app):
    async def main():
        upstream = testing.client(testing.Script(SAID, reasoning="Hm.", usage=sk.Usage(3, 4, 7)))
        async with served(app(lambda: sk.sse(upstream.chat("hi")))) as url, sk.Client(url, "-") as client:
            return await client.chat("hi", model="m")

    reply = asyncio.run(main())
    assert (reply.text, reply.reasoning, reply.usage) == ("".join(SAID), "Hm.", sk.Usage(3, 4, 7))


def test_clients_with_the_same_tools_run_none_that_ran_behind_the_relay():
    ran: list[str] = []

    async def clock(zone: str) -> str:
        ran.append(zone)
        return "noon"

    rounds = [testing.Script(("Let me look.",), tool_calls=[("clock", {"zone": "UTC"})]), testing.Script(("Noon.",))]
    asked = testing.client(*rounds, *rounds)

    async def main():
        async with (
            served(starlette_app(lambda: sk.sse(sk.tool_loop(asked.chat, "?", [clock])))) as url,
            openai.AsyncOpenAI(base_url=url, api_key="-", max_retries=0) as client,
            sk.Client(url, "-", model="m") as ours,
        ):
            async with client.chat.completions.stream(model="m", messages=[]) as stream:
                completion = await stream.get_final_completion()
            return completion, await sk.tool_loop(ours.chat, "What time is it?", [clock])

    completion, reply = asyncio.run(main())
    (choice,) = completion.choices
    assert (choice.message.content, choice.finish_reason) == ("Let me look.\n\nNoon.", "stop")
    assert not choice.message.tool_calls
    assert (reply.text, reply.rounds) == ("Let me look.\n\nNoon.", 1)
    assert (len(asked.requests), ran) == (4, ["UTC", "UTC"])


@both
def test_the_official_client_raises_what_went_wrong(app, caplog):
    failing = testing.script("so far", fail=sk.ApiError("at 10.0.0.7", code="overloaded"))

    async def main():
        async with (
            served(app(lambda: sk.sse(failing))) as url,
            openai.AsyncOpenAI(base_url=url, api_key="-", max_retries=0) as client,
        ):
            text = ""
            with pytest.raises(openai.APIError) as caught:  # noqa: PT012  # the text before the error counts
                async for chunk in await client.chat.completions.create(model="m", messages=[], stream=True):
                    text += chunk.choices[0].delta.content or ""
            return text, caught.value

    text, error = asyncio.run(main())
    assert (text, error.code) == ("so far", "overloaded")
    assert "10.0.0.7" not in str(error)
    assert "10.0.0.7" in caplog.text


@pytest.mark.slow
def test_many_clients_at_once():
    async def read(url: str) -> str:
        async with asked(url) as response:
            *_, reply = parse([await response.aread()])
            return reply.text

    async def main():
        upstream = testing.client(testing.Script([f"{n} " for n in range(20)], every=0.005))
        async with served(starlette_app(lambda: sk.sse(upstream.chat("hi")))) as url:
            return await asyncio.gather(*(read(url) for _ in range(20)))

    assert set(asyncio.run(main())) == {" ".join(map(str, range(20))) + " "}


# -- clients that leave ------------------------------------------------------------------------------------------------


@both
@pytest.mark.parametrize("silent", [False, True], ids=["between words", "in silence"])
def test_a_client_that_hangs_up_ends_the_request(app, silent):
    script = testing.Script("word " * 2000, every=0.01, stall_after=1 if silent else None)

    async def main():
        upstream = testing.Server(script)
        async with upstream.listen() as base, sk.Client(base, "-", model="m") as client:
            ended = Ended()
            async with served(app(lambda: sk.sse(client.chat("hi").pipe(ops.attach(ended.branch))))) as url:
                async with asked(url) as response:
                    async for part in response.aiter_bytes():
                        if b"word" in part:
                            break
                reply = await ended.wait()
                await soon(lambda: upstream.requests[0].outcome != "open")
        return reply, upstream.requests

    reply, (request,) = asyncio.run(main())
    assert request.outcome == "cancelled"
    assert reply.outcome == "cancelled"
    assert reply.text.startswith("word")


@both
def test_a_client_that_hangs_up_leaves_a_drained_reply_with_its_usage(app):
    script = testing.Script("word " * 50, every=0.005, usage=sk.Usage(2, 50, 52))

    async def main():
        upstream = testing.Server(script)
        async with upstream.listen() as base, sk.Client(base, "-", model="m") as client:
            ended = Ended()
            stream = client.chat("hi").pipe(ops.attach(ended.branch))
            async with served(app(lambda: sk.sse(stream, on_close="drain"))) as url:
                async with asked(url) as response:
                    async for part in response.aiter_bytes():
                        if b"word" in part:
                            break
                reply = await ended.wait()
        return reply, upstream.requests

    reply, (request,) = asyncio.run(main())
    assert (reply.outcome, reply.usage.completion_tokens, request.outcome) == ("complete", 50, "done")
    assert reply.text == ("word " * 50)


def test_a_client_that_left_is_noticed_by_the_next_comment():
    """Servers of the newer ASGI versions tell of a client that left only when something is sent."""

    async def main():
        ended = Ended()
        relay = sk.sse(testing.script("a", first=3600).pipe(ops.attach(ended.branch)), keepalive=0.01)

        async def send(message: dict[str, Any]) -> None:
            if message.get("body"):
                raise OSError("gone")

        from starlette.requests import ClientDisconnect
        from starlette.responses import StreamingResponse

        response = StreamingResponse(relay, headers=relay.headers)
        scope = {"type": "http", "asgi": {"spec_version": "2.4"}}
        with pytest.raises(ClientDisconnect):
            await response(scope, asyncio.Event().wait, send)
        del response, relay
        return await ended.wait()

    assert asyncio.run(main()).outcome == "cancelled"


@pytest.mark.slow
def test_a_client_that_does_not_read_holds_the_source_until_it_counts_as_gone():
    pulled = 0

    async def pieces() -> AsyncIterator[str]:
        nonlocal pulled
        for _ in range(4000):
            pulled += 1
            yield "x" * 10_000

    async def main():
        ended = Ended()
        stream = sk.from_text(pieces).pipe(ops.attach(ended.branch))
        async with served(starlette_app(lambda: sk.sse(stream, max_wait=0.5))) as url, asked(url) as response:
            assert response.status_code == 200
            return await ended.wait()

    assert asyncio.run(main()).outcome == "cancelled"
    assert 0 < pulled < 2000  # what the sockets of both ends take, then nothing
