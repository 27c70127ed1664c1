"""Plays that fail: the client is told no more than that, who runs the server hears of it once, and others go on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx
import pytest

from streamkit.scripted.answer import Answer, Write
from streamkit.scripted.script import Script
from streamkit.scripted.server import Server

ASK = {"messages": [{"role": "user", "content": "Hi"}]}


class Play:
    """Answers with what ``make`` gives."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make

    def answer(self, api: str, body: Mapping[str, Any]) -> Answer:
        return self._make()


def raising(error: BaseException) -> Callable[[], Any]:
    def make() -> Any:
        raise error

    return make


def breaking(error: BaseException) -> Callable[[], Any]:
    def writes() -> Iterator[Write]:
        yield Write(0.0, b"data: one\n\n")
        raise error

    return lambda: Answer(200, (), writes())


@pytest.fixture
def told(reports) -> list[BaseException]:
    return reports.errors


class Mine(BaseException):
    """Of somebody's own making."""


FAILURES = [
    ValueError("no"),
    SystemExit(3),
    asyncio.CancelledError(),
    OSError("no file"),
    StopIteration(),
    GeneratorExit(),
    Mine(),
]


@pytest.mark.parametrize("error", FAILURES, ids=lambda error: type(error).__name__)
def test_a_play_that_raises_is_a_500_told_once_and_others_go_on(error, told, capfd):
    server = Server(Play(raising(error)), "Hi")
    with server.running() as url, httpx.Client(timeout=5) as client:
        answer = client.post(f"{url}/chat/completions", json=ASK)
        assert (answer.status_code, "failed" in answer.json()["error"]["message"]) == (500, True)
        assert type(error).__name__ not in answer.text
        assert told == [error]
        assert client.post(f"{url}/chat/completions", json=ASK).status_code == 200
    assert [request.outcome for request in server.requests] == ["dropped", "done"]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("error", FAILURES, ids=lambda error: type(error).__name__)
def test_one_that_breaks_while_it_is_sent_is_a_cut_told_once(error, told, capfd):
    server = Server(Play(breaking(error)), "Hi")
    with server.running() as url, httpx.Client(timeout=5) as client:
        with pytest.raises(httpx.RemoteProtocolError, match="incomplete chunked read"):
            client.post(f"{url}/chat/completions", json=ASK)
        assert client.post(f"{url}/chat/completions", json=ASK).status_code == 200
    (one,) = told
    assert one is error or one.__cause__ is error  # Python itself wraps StopIteration
    assert server.requests[0].outcome == "dropped"
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "make",
    [
        lambda: None,
        lambda: Answer(200, (("x", "a\r\nset-cookie: b"),)),
        lambda: Answer(200, (("x\n", "a"),)),
        lambda: Answer(200, (("x", "€"),)),
        lambda: Answer(200, (("content-length", "many"),)),
        lambda: Answer(200, (("transfer-encoding", "gzip"),)),
        lambda: Answer(100),
        lambda: Answer(5000),
        lambda: Answer(200, (), (), "soon"),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_sent_is_a_500_too(make, told):
    with Server(Play(make), "Hi").running() as url, httpx.Client(timeout=5) as client:
        assert client.post(f"{url}/chat/completions", json=ASK).status_code == 500
        assert client.post(f"{url}/chat/completions", json=ASK).status_code == 200
    assert len(told) == 1


@pytest.mark.parametrize(
    "make",
    [
        lambda: Answer(200, (("content-length", "2"),), [Write(0.0, b"more")]),
        lambda: Answer(200, (("content-length", "20"),), [Write(0.0, b"less")]),
        lambda: Answer(200, (), [b"no write"]),
        lambda: Answer(200, (), [Write(0.0, "no bytes")]),
        lambda: Answer(200, (), 5),
    ],
)
def test_what_cannot_be_sent_after_the_head_is_a_cut(make, told):
    with Server(Play(make), "Hi").running() as url, httpx.Client(timeout=5) as client:
        with pytest.raises(httpx.RemoteProtocolError):
            client.post(f"{url}/chat/completions", json=ASK)
        assert client.post(f"{url}/chat/completions", json=ASK).status_code == 200
    assert len(told) == 1


@pytest.mark.parametrize("script", [Script("Hi", status=204), Script("Hi", status=304), Script(body="", status=200)])
def test_an_answer_without_a_body_is_one(script, told):
    with Server(script, "Hi").running() as url, httpx.Client(timeout=5) as client:
        assert client.post(f"{url}/chat/completions", json=ASK).content == b""
        assert client.post(f"{url}/chat/completions", json=ASK).status_code == 200
    assert told == []


@pytest.mark.parametrize("values", [{"status": 100}, {"status": 0}, {"first": float("nan")}, {"jitter": -1}])
def test_a_script_that_nobody_could_act_out_is_refused(values):
    with pytest.raises(ValueError):
        Script("Hi", **values)


def test_in_process_the_client_gets_what_the_play_raised():
    async def main() -> None:
        server = Server(Play(raising(ValueError("no"))))
        async with httpx.AsyncClient(transport=server.transport(), base_url="http://scripted") as client:
            with pytest.raises(ValueError, match="no"):
                await client.post("/v1/chat/completions", json=ASK)
        assert server.requests[0].outcome == "dropped"

    asyncio.run(main())


def test_a_thread_that_ends_before_its_time_is_told_to_who_waits_for_the_server(told):
    """A KeyboardInterrupt is not taken from whoever presses Ctrl-C; in this thread nobody does."""
    server = Server(Play(raising(KeyboardInterrupt())))
    caught = pytest.raises(RuntimeError, match="before its time")
    with caught as raised, server.running() as url, pytest.raises(httpx.HTTPError):
        httpx.post(f"{url}/chat/completions", json=ASK, timeout=5)
    assert isinstance(raised.value.__cause__, KeyboardInterrupt)
    with pytest.raises(httpx.HTTPError) as failed, server.running() as url:
        httpx.post(f"{url}/chat/completions", json=ASK, timeout=5)
    assert "KeyboardInterrupt" in failed.value.__notes__[0]


def test_an_error_of_the_body_goes_before_one_of_the_thread():
    with pytest.raises(KeyError), Server("Hi").running():
        raise KeyError
