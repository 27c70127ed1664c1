"""A key that a function gives: asked for before each request, checked like any key, and shown nowhere."""

from __future__ import annotations

import asyncio
import logging
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import streamkit as sk
from streamkit import operators as ops, testing
from tests.faults.bodies import reply
from tests.faults.server import head, serving
from tests.waiting import soon, until

FINE = [head(), reply("Hi")]
BUSY = [head("503 No", "text/plain", retry_after="0", content_length="0", connection="close")]


def keys(*values: Any) -> Callable[[], Any]:
    """A function that gives these values in turn."""
    left = iter(values)
    return lambda: next(left)


def async_keys(*values: Any) -> Callable[[], Any]:
    left = iter(values)

    async def key() -> Any:
        await asyncio.sleep(0)
        return next(left)

    return key


def awaitable_keys(*values: Any) -> Callable[[], Any]:
    key = async_keys(*values)
    return lambda: key()


@pytest.mark.parametrize("make", [keys, async_keys, awaitable_keys])
def test_each_request_has_a_key_of_its_own(make: Callable[..., Any]) -> None:
    with serving(BUSY, FINE, FINE) as server:
        with sk.Client(server.url, make("key-one", "key-two", "key-three")) as client:
            sk.run(client.chat("hi", model="m"))
            sk.run(client.chat("hi", model="m"))
        sent = [heard.headers["authorization"] for heard in server.requests]
    assert sent == ["Bearer key-one", "Bearer key-two", "Bearer key-three"]


def test_nothing_is_asked_before_a_subscription() -> None:
    def refuse() -> str:
        raise AssertionError("not yet")

    client = sk.Client("http://127.0.0.1:9/v1", refuse)
    client.chat("hi", model="m")


def test_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "from-env")
    with serving(FINE) as server, sk.Client(server.url, keys("")) as client:
        sk.run(client.chat("hi", model="m"))
        assert "authorization" not in server.requests[0].headers


def test_on_azure_it_is_a_token_and_a_plain_key_stays_a_key() -> None:
    with serving(FINE) as server:
        for key in (keys("token"), "plain"):
            with sk.Client(server.url.removesuffix("/v1"), key, azure="2024-10-21") as client:
                sk.run(client.chat("hi", model="m"))
        token, plain = (heard.headers for heard in server.requests)
    assert (token["authorization"], token.get("api-key")) == ("Bearer token", None)
    assert (plain["api-key"], plain.get("authorization")) == ("plain", None)


def test_the_header_is_that_of_the_provider() -> None:
    with (
        serving([head("401 No", content_length="0")]) as server,
        sk.Client(server.url, keys("k-1"), api="anthropic") as client,
        pytest.raises(sk.StatusError),
    ):
        sk.run(client.chat("hi", model="m", max_tokens=9))
    assert server.requests[0].headers["x-api-key"] == "k-1"


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (None, "api_key() gave NoneType, not the key as a str"),
        (b"sk-secret", "api_key() gave bytes, not the key as a str"),
        ("sk-secret\r\nx: 1", "the api key contains a control character"),
        ("schlüssel", "the api key holds characters, or white space around it, that no header may hold"),
        ("sk-secret\t", "the api key contains a control character"),
        ("sk-secret ", "the api key holds characters, or white space"),
    ],
)
def test_what_it_gives_is_checked_like_a_key(key: Any, words: str) -> None:
    with serving(FINE) as server, sk.Client(server.url, keys(key)) as client:
        with pytest.raises(sk.ConnectError) as caught:
            sk.run(client.chat("hi", model="m"))
        assert server.requests == []
    assert words in str(caught.value)
    assert "secret" not in "".join(traceback.format_exception(caught.value))
    assert not caught.value.retryable


@pytest.mark.parametrize("thing", [12345, b"sk-secret", object()])
def test_what_is_neither_key_nor_function_is_refused_at_once(thing: Any) -> None:
    with pytest.raises(TypeError, match="api_key is a str, or a function that gives one, not ") as caught:
        sk.Client("http://127.0.0.1:9/v1", thing)
    assert "secret" not in str(caught.value)


def test_a_coroutine_is_not_the_function() -> None:
    async def token() -> str:
        return "t"

    with pytest.raises(TypeError, match=r"Pass .*token itself, without calling it"):
        sk.Client("http://127.0.0.1:9/v1", token())  # type: ignore[arg-type]  # the mistake


def failing(error: BaseException) -> Callable[[], Any]:
    def key() -> str:
        raise error

    return key


def async_failing(error: BaseException) -> Callable[[], Any]:
    async def key() -> str:
        raise error

    return key


@pytest.mark.parametrize("make", [failing, async_failing])
@pytest.mark.parametrize("error", [OSError("the vault is closed"), asyncio.CancelledError(), StopIteration()])
def test_its_failure_is_a_connect_error_that_is_not_tried_again(make: Callable[..., Any], error: BaseException) -> None:
    calls: list[None] = []

    def counted() -> Any:
        calls.append(None)
        return make(error)()

    with serving(FINE) as server, sk.Client(server.url, counted) as client:
        with pytest.raises(sk.ConnectError, match=r"^api_key raised ") as caught:
            sk.run(client.chat("hi", model="m"))
        assert server.requests == []
    assert caught.value.__cause__ is not None
    assert len(calls) == 1


def test_it_says_itself_that_asking_again_may_help() -> None:
    answers = iter([sk.ConnectError("the vault is busy", retryable=True), "key"])

    def key() -> str:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    with serving(FINE) as server, sk.Client(server.url, key, retry=sk.Retry(first=0)) as client:
        assert sk.run(client.chat("hi", model="m")).attempts == 2
        assert server.requests[0].headers["authorization"] == "Bearer key"


def test_an_interrupt_in_it_is_no_failure() -> None:
    async def key() -> str:
        raise KeyboardInterrupt

    with sk.Client("http://127.0.0.1:9/v1", key) as client, pytest.raises(KeyboardInterrupt):
        sk.run(client.chat("hi", model="m"))


def test_no_key_of_a_call_is_shown_though_the_server_repeats_them(tmp_path: Path) -> None:
    first, second = "sk-first-canary-0123456789", "sk-second-canary-0123456789"
    echo = [head(server=f"{first} {second}"), reply(f"{first} and {second}")]
    refusal = [head("401 No", "text/plain", connection="close"), f"{first} {second}".encode()]
    with serving(BUSY, echo, BUSY, refusal) as server:
        with sk.Client(server.url, keys(first, second, first, second), retry=sk.Retry(first=0)) as client:
            got = sk.run(client.chat("hi", model="m").pipe(ops.record(tmp_path / "r")))
            with pytest.raises(sk.StatusError) as caught:
                sk.run(client.chat("hi", model="m"))
        assert "canary" not in repr(client)
    assert got.headers["server"] == "*** ***"
    assert "canary" not in (tmp_path / "r").read_text()
    assert "canary" not in "".join(traceback.format_exception(caught.value)) + caught.value.body


def test_a_cancel_ends_the_wait_for_a_key() -> None:
    async def program() -> None:
        began, left = asyncio.Event(), asyncio.Event()

        async def key() -> str:
            began.set()
            try:
                await asyncio.Event().wait()
            finally:
                left.set()
            return ""

        async with sk.Client("http://127.0.0.1:9/v1", key) as client:
            run = sk.start(client.chat("hi", model="m"))
            await began.wait()
            run.cancel()
            assert (await run).outcome == "cancelled"
            assert left.is_set()

    asyncio.run(program())


def test_the_limit_of_the_whole_reply_holds_for_it() -> None:
    async def key() -> str:
        await asyncio.sleep(1000)
        return "k"

    client = sk.Client("http://127.0.0.1:9/v1", key, limits=sk.Limits(total=5))
    recorded = testing.clock().run(client.chat("hi", model="m"))
    assert isinstance(recorded.error, sk.StalledError)
    assert recorded.ended_at == 5.0


def test_a_blocking_one_does_not_hold_up_the_loop() -> None:
    release = threading.Event()
    threads: list[int] = []

    def key() -> str:
        threads.append(threading.get_ident())
        assert release.wait(10)
        return "k"

    async def program(url: str) -> sk.Reply:
        async with sk.Client(url, key) as client:
            run = sk.start(client.chat("hi", model="m"))
            await soon(lambda: threads)  # the loop goes on meanwhile
            release.set()
            return await run

    with serving(FINE) as server:
        assert asyncio.run(program(server.url)).text == "Hi"
    assert threads != [threading.get_ident()]


def test_a_cancel_does_not_wait_for_a_blocking_one() -> None:
    release, began = threading.Event(), threading.Event()

    def key() -> str:
        began.set()
        release.wait(10)
        return "k"

    with sk.Client("http://127.0.0.1:9/v1", key) as client:
        run = sk.start(client.chat("hi", model="m"))
        assert until(began.is_set)
        run.cancel()
        assert run.result(5).outcome == "cancelled"
        release.set()


@pytest.mark.parametrize("make", [keys, async_keys, awaitable_keys])
def test_no_log_of_the_loop_or_the_transport_shows_it(
    make: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    async def program(url: str) -> None:
        asyncio.get_running_loop().slow_callback_duration = 0.0  # each callback is logged, with its arguments
        async with sk.Client(url, make("sk-canary-0123456789")) as client:
            await sk.start(client.chat("hi", model="m"))

    with serving(FINE) as server:
        asyncio.run(program(server.url), debug=True)
    assert "Executing" in caplog.text
    assert "canary" not in caplog.text
