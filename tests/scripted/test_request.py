"""How many requests a server remembers: as many as a test looks at, and never more than were agreed on."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest

from streamkit.edges.cli import make_parser, serve
from streamkit.scripted import request_log
from streamkit.scripted.script import Script
from streamkit.scripted.server import Server

ASK = {"messages": [{"role": "user", "content": "Hi"}]}


def ask(server: Server, user: str = "") -> None:
    server.handle("POST", "/v1/chat/completions", (), json.dumps({**ASK, "user": user}).encode())


def users(server: Server) -> list[str]:
    return [request.body["user"] for request in server.requests]


def test_the_latest_are_kept():
    server = Server("Hi", keep=3)
    for number in range(5):
        ask(server, str(number))
    assert users(server) == ["2", "3", "4"]


def test_as_many_as_their_bodies_may_be_large(monkeypatch):
    monkeypatch.setattr(request_log, "KEPT_BYTES", 1000)
    server = Server("Hi")
    for number in range(5):
        ask(server, str(number) * 300)
    assert [user[0] for user in users(server)] == ["3", "4"][-len(server.requests) :]
    assert 1 <= len(server.requests) <= 2
    ask(server, "5" * 5000)
    assert users(server) == ["5" * 5000]  # the latest one is always there
    server.requests.clear()
    for number in range(3):
        ask(server, str(number))
    assert users(server) == ["0", "1", "2"]


def test_by_default_no_test_misses_one():
    server = Server("Hi")
    for _ in range(2000):
        server.handle("GET", "/v1/models", (), b"")
    assert len(server.requests) == 2000


@pytest.mark.parametrize("args", [[], ["hello"], ["--text", "Hi"]])
def test_the_command_keeps_none(args):
    server = serve.make_server(make_parser().parse_args(["serve", *args]))
    for _ in range(3):
        ask(server)
    assert server.requests == []


def test_a_number_below_zero_is_a_mistake():
    with pytest.raises(ValueError, match="0 requests or more"):
        Server("Hi", keep=-1)


@pytest.mark.parametrize("keep", [0, 1, 100])
def test_all_who_left_are_counted_whatever_is_kept(keep):
    async def main() -> None:
        server = Server(Script("a b", stall_after=1), keep=keep)
        async with httpx.AsyncClient(transport=server.transport(), base_url="http://scripted") as client:
            for _ in range(5):
                async with client.stream("POST", "/v1/chat/completions", json={**ASK, "stream": True}) as response:
                    async for _ in response.aiter_raw():
                        break
        assert (server.cancelled, len(server.requests)) == (5, min(keep, 5))

    asyncio.run(main())


def test_each_is_counted_once():
    server = Server("Hi")
    ask(server)
    for outcome in ("cancelled", "done", "dropped", "cancelled"):
        server.requests[0].end(outcome)
    assert (server.requests[0].outcome, server.cancelled) == ("cancelled", 1)
