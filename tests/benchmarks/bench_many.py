"""Prints what one of many replies costs that are read at once: memory, CPU to open it, CPU for each piece, latency.

Run it by hand: ``python tests/benchmarks/bench_many.py [replies] [rounds]``. Plain httpx is the least that is possible
on that transport, the official library (if it is installed) what others pay; read the ratios. The server is a process
of its own, and so is each measurement. It answers at once, and goes on when all replies are open.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
from pydantic_core import from_json

import streamkit as sk

GAP = 0.5
"""Seconds between two pieces of a reply."""
PIECES = 10
MESSAGES = [{"role": "user", "content": "Say something long."}]
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n"
HEAD += b"".join(b"x-header-%d: %s\r\n" % (number, b"v" * 40) for number in range(20)) + b"\r\n"

Reply = Callable[[str, Callable[[str], None]], Awaitable[None]]


# -- the server --------------------------------------------------------------------------------------------------------


def frame(delta: dict[str, str], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    chunk = {"id": "chatcmpl-9f1c2b", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return framed(b"data: " + json.dumps({**chunk, "choices": [choice], "usage": None}).encode() + b"\n\n")


def framed(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


async def serve() -> None:
    waiting: list[asyncio.Future[int]] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                body = await reader.readexactly(int(head.split(b"content-length:")[1].split(b"\r\n")[0]))
                writer.write(HEAD + frame({"role": "assistant", "content": "0"}))
                await play(writer, int(json.loads(body)["model"]))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def play(writer: asyncio.StreamWriter, replies: int) -> None:
        loop = asyncio.get_running_loop()
        waiting.append(loop.create_future())
        mine = waiting[-1]
        if len(waiting) == replies:
            for number, waiter in enumerate(waiting):
                waiter.set_result(number)
            waiting.clear()
        due = loop.time() + GAP * (1 + await mine / replies)
        for _ in range(PIECES):
            await asyncio.sleep(due - loop.time())
            due += GAP
            writer.write(frame({"content": str(time.monotonic_ns())}))
        writer.write(frame({}, "stop") + framed(b"data: [DONE]\n\n") + framed(b""))

    server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


# -- the clients: each reads one reply and tells its pieces; the model is the number of replies at once ----------------


def plain_httpx(url: str) -> Reply:
    client = httpx.AsyncClient(timeout=None, limits=httpx.Limits(max_connections=None, max_keepalive_connections=100))

    async def read(model: str, told: Callable[[str], None]) -> None:
        rest, body = b"", {"model": model, "stream": True, "messages": MESSAGES}
        async with client.stream("POST", f"{url}/chat/completions", json=body) as response:
            async for data in response.aiter_raw():
                *blocks, rest = (rest + data).split(b"\n\n")
                for block in blocks:
                    if block != b"data: [DONE]":
                        text = from_json(block[6:])["choices"][0]["delta"].get("content")
                        if text:
                            told(text)

    return read


def a_run(url: str) -> Reply:
    client = sk.Client(url, "key")

    async def read(model: str, told: Callable[[str], None]) -> None:
        await sk.start(client.chat(MESSAGES, model=model), sk.on(text=told))

    return read


def async_for(url: str) -> Reply:
    client = sk.Client(url, "key")

    async def read(model: str, told: Callable[[str], None]) -> None:
        async for event in client.chat(MESSAGES, model=model):
            if isinstance(event, sk.TextDelta):
                told(event.text)

    return read


def official_library(url: str) -> Reply:
    import openai

    client = openai.AsyncOpenAI(api_key="key", base_url=url)

    async def read(model: str, told: Callable[[str], None]) -> None:
        messages: Any = MESSAGES
        async for chunk in await client.chat.completions.create(model=model, messages=messages, stream=True):
            if chunk.choices and chunk.choices[0].delta.content:
                told(chunk.choices[0].delta.content)

    return read


CLIENTS: dict[str, Callable[[str], Reply]] = {"httpx": plain_httpx}
CLIENTS |= {"streamkit, a sink": a_run, "streamkit, async for": async_for}
if importlib.util.find_spec("openai") is not None:
    CLIENTS["openai"] = official_library


# -- the measurement ---------------------------------------------------------------------------------------------------


def peak() -> float:
    """KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "darwin" else 1)


async def measure(name: str, replies: int, port: str) -> dict[str, float]:
    read, late, opened = CLIENTS[name](f"http://127.0.0.1:{port}/v1"), list[float](), [0, 0.0, 0.0]

    def told(text: str) -> None:
        if text != "0":
            late.append((time.monotonic_ns() - int(text)) / 1e6)
            return
        opened[0] += 1
        if opened[0] == replies:
            opened[1:] = time.process_time(), peak()

    await read("1", lambda text: None)
    before, began = peak(), time.process_time()
    await asyncio.gather(*(read(str(replies), told) for _ in range(replies)))
    late.sort()
    return {
        "KiB open": (opened[2] - before) / replies,
        "KiB at most": (peak() - before) / replies,
        "us to open": (opened[1] - began) / replies * 1e6,
        "us a piece": (time.process_time() - opened[1]) / len(late) * 1e6,
        "p50 ms": late[len(late) // 2],
        "p99 ms": late[int(len(late) * 0.99)],
    }


def main(replies: int = 1000, rounds: int = 3) -> None:
    with subprocess.Popen([sys.executable, __file__, "serve"], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        port = server.stdout.readline().strip()
        found: dict[str, list[dict[str, float]]] = {name: [] for name in CLIENTS}
        for name in [*CLIENTS] * rounds:
            command = [sys.executable, __file__, "measure", name, str(replies), port]
            found[name].append(json.loads(subprocess.run(command, capture_output=True, check=True).stdout))
        server.terminate()
    medians = {name: {key: statistics.median(one[key] for one in all) for key in all[0]} for name, all in found.items()}
    print(f"{replies} replies at once, {PIECES} pieces each, {1 / GAP:g} a second; (x httpx)")
    for name, figures in medians.items():
        told = (f"{key} {value:.1f} ({value / medians['httpx'][key]:.2f})" for key, value in figures.items())
        print(f"{name:20} " + ", ".join(told))


if __name__ == "__main__":
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    match sys.argv[1:]:
        case ["serve"]:
            asyncio.run(serve())
        case ["measure", name, replies, port]:
            print(json.dumps(asyncio.run(measure(name, int(replies), port))))
        case numbers:
            main(*map(int, numbers))
