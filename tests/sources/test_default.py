"""The client behind `sk.chat`, and a key that is set after a client was made."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

import streamkit as sk
from streamkit.sources.http import shared_client as default
from tests.faults.bodies import reply
from tests.faults.server import Heard, Server, head, serving

FINE = [head(), reply("fine")]


pytestmark = pytest.mark.usefixtures("no_default_client")


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(FINE, FINE, FINE) as server:
        yield server


def keys(server: Server) -> list[str | None]:
    return [key(heard) for heard in server.requests]


def key(heard: Heard) -> str | None:
    return heard.headers.get("authorization")


def test_the_default_client_does_not_keep_a_missing_key(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(sk.ConnectError, match=r"^There is no API key: set OPENAI_API_KEY or pass api_key=\.$"):
        sk.run(sk.chat("hi", model="m"))
    monkeypatch.setenv("OPENAI_API_KEY", "late-key")
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    assert sk.run(sk.chat("hi", model="m")).text == "fine"
    assert keys(server) == ["Bearer late-key"]


def test_nor_does_it_from_other_threads(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(sk.ConnectError):
        sk.run(sk.chat("hi", model="m"))
    monkeypatch.setenv("OPENAI_API_KEY", "late-key")
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    texts: list[str] = []
    threads = [threading.Thread(target=lambda: texts.append(sk.run(sk.chat("hi", model="m")).text)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert texts == ["fine"] * 3
    assert keys(server) == ["Bearer late-key"] * 3


def test_a_server_that_needed_none_until_now_gets_the_key_as_soon_as_there_is_one(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[sk.Client] = []
    monkeypatch.setattr(default, "Client", lambda: made.append(sk.Client()) or made[-1])
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    stream = sk.chat("hi", model="m")
    sk.run(stream)
    sk.chat("hi", model="m")
    assert len(made) == 1  # its connections are used again
    monkeypatch.setenv("OPENAI_API_KEY", "late-key")
    sk.run(stream)
    sk.run(sk.chat("hi", model="m"))
    assert keys(server) == [None, "Bearer late-key", "Bearer late-key"]


def test_what_was_found_whole_stays(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "first-key")
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    sk.run(sk.chat("hi", model="m"))
    monkeypatch.setenv("OPENAI_API_KEY", "other-key")
    monkeypatch.setenv("OPENAI_BASE_URL", "https://elsewhere.invalid/v1")
    sk.run(sk.chat("hi", model="m"))
    assert keys(server) == ["Bearer first-key"] * 2


def test_a_client_without_a_key_finds_it_at_the_next_request(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    with sk.Client(model="m") as found, sk.Client(api_key="", model="m") as without:
        stream = found.chat("hi")
        monkeypatch.setenv("OPENAI_API_KEY", "late-key")
        sk.run(stream)
        sk.run(without.chat("hi"))  # that was said to have none
    assert keys(server) == ["Bearer late-key", None]


def test_an_address_of_the_environment_gets_no_key_that_came_with_another(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    with sk.Client(model="m") as client, sk.Client(server.url, model="m") as named:
        monkeypatch.setenv("OPENAI_BASE_URL", "https://elsewhere.invalid/v1")
        monkeypatch.setenv("OPENAI_API_KEY", "for-elsewhere")
        sk.run(client.chat("hi"))
        sk.run(named.chat("hi"))
    assert keys(server) == [None, "Bearer for-elsewhere"]


def test_a_late_key_that_no_header_may_hold_is_told_when_it_is_found(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    stream = sk.chat("hi", model="m")
    monkeypatch.setenv("OPENAI_API_KEY", "two\nlines")
    with pytest.raises(ValueError, match="the api key contains a control character"):
        sk.chat("hi", model="m")
    with pytest.raises(sk.ConnectError, match="the api key contains a control character"):
        sk.run(stream)  # made when there was no mistake yet
