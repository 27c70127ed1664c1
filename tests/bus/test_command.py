"""The command ``follow``: what is on stdout and on stderr, and the exit code."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest

import streamkit as sk
from streamkit import bus, sinks, testing
from streamkit.edges.cli import main
from streamkit.engine.upstream import new_id

from .servers import StorageServer

TEXT = "Hello there, on the bus."


@pytest.fixture(scope="module")
def prefix(valkey: StorageServer) -> str:
    """The prefix of a bus with a reply and one that broke off."""
    prefix, broken = new_id(), testing.Script(["So far", " so good"], drop_after=1)
    with (
        bus.redis(valkey.url, prefix=prefix) as replies,
        testing.client(TEXT, broken, retry=sk.Retry(attempts=0)) as client,
    ):
        for name in ("whole", "broken"):
            with suppress(sk.BrokenError):
                sk.run(client.chat("Hi"), sinks.bus(replies, name))
    return prefix


def follow(prefix: str, valkey: StorageServer, *args: str) -> int:
    return main(["follow", "--bus", valkey.url, "--prefix", prefix, *args])


def test_the_text_is_printed(prefix: str, valkey: StorageServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert follow(prefix, valkey, "whole", "-v") == 0
    out, err = capsys.readouterr()
    assert out == TEXT + "\n"
    assert err.startswith("complete, ")


def test_what_broke_off_fails(prefix: str, valkey: StorageServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert follow(prefix, valkey, "broken") == 1
    out, err = capsys.readouterr()
    assert out == "So far\n"
    assert "the connection" in err


def test_events_with_positions_and_the_rest_after_each(
    prefix: str, valkey: StorageServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert follow(prefix, valkey, "whole", "--positions") == 0
    placed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert placed[-1]["event"]["type"] == "reply"
    for number, line in enumerate(placed[:-1]):
        assert follow(prefix, valkey, "whole", "--json", "--after", line["position"]) == 0
        rest = [json.loads(event) for event in capsys.readouterr().out.splitlines()]
        assert rest == [other["event"] for other in placed[number + 1 :]]


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["nobody"], 1, "there is no reply nobody"),
        (["whole", "--after", "1-1.0"], 1, "has no position 1-1.0"),
        (["whole", "--after", "x"], 2, "not a position"),
        (["a b"], 2, "reply_id"),
        (["whole", "--wait", "-1"], 2, "wait"),
        (["whole", "--bus", "http://localhost"], 2, "redis://"),
        (["whole", "--bus", "redis://127.0.0.1:1", "--positions"], 1, "cannot be reached"),
        (["whole", "--bus", "redis://127.0.0.1:1", "--cluster"], 1, "cannot be reached"),
    ],
)
def test_what_cannot_be_followed_is_said(
    prefix: str,
    valkey: StorageServer,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    args: list[str],
    code: int,
    said: str,
) -> None:
    assert follow(prefix, valkey, *args) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err


def test_the_server_may_be_named_by_the_environment(
    prefix: str, valkey: StorageServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["follow", "whole"]) == 2
    assert "STREAMKIT_BUS" in capsys.readouterr().err
    monkeypatch.setenv("STREAMKIT_BUS", valkey.url)
    assert main(["follow", "whole", "--prefix", prefix]) == 0
