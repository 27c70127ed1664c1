"""The command as its users know it: what is on stdout, what is on stderr, and the exit code."""

from __future__ import annotations

import io
import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

import streamkit as sk
from streamkit import testing
from streamkit.edges.cli import main


@dataclass
class Ran:
    code: int
    out: str
    err: str

    @property
    def events(self) -> list[sk.Event]:
        return [sk.from_json(line) for line in self.out.splitlines()]


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Run one command in this process."""

    def run(*args: str) -> Ran:
        try:
            code = main(args)
        except SystemExit as exc:  # argparse
            code = int(exc.code or 0)
        return Ran(code, *capsys.readouterr())

    return run


@contextmanager
def serving(*plays: object) -> Iterator[tuple[str, testing.Server]]:
    server = testing.Server(*plays)
    with server.running() as url:
        yield url, server


# -- demo and replay ---------------------------------------------------------------------------------------------------


def test_demo_streams_recorded_words_and_says_so(cli):
    ran = cli("demo", "--speed", "0")
    assert ran.code == 0
    assert "recorded" in ran.out
    assert "this is a recording" in ran.err
    assert "complete, 93 words, 108 tokens (provider), first text after 0." in ran.err
    assert re.search(r"a second branch .* found: 6\.\n.* counted, after every piece: 108\.\n$", ran.err)
    assert "\x1b" not in ran.out + ran.err


def test_demo_lists_and_plays_every_shipped_recording(cli):
    names = [line.split()[0] for line in cli("demo", "--list").out.splitlines()]
    assert {"demo", "chinese", "error", "refusal", "tools"} <= set(names)
    codes = {name: cli("demo", name, "--speed", "0").code for name in names}
    assert codes.items() >= {"demo": 0, "chinese": 0, "error": 1, "refusal": 3}.items()


@pytest.mark.slow
def test_demo_keeps_the_time_of_the_recording(cli):
    began = time.monotonic()
    cli("demo", "hello", "--speed", "2")
    assert time.monotonic() - began > 0.25


def test_replay_prints_text_or_events(cli):
    assert cli("replay", "hello", "--speed", "0").out.startswith("Hello")
    assert cli("replay", "hello", "--speed", "0").err == ""
    ran = cli("replay", "hello", "--speed", "0", "--json", "-v")
    assert isinstance(ran.events[0], sk.Start)
    assert isinstance(ran.events[-1], sk.Reply)
    assert ran.err.startswith("complete, ")


def test_a_reply_that_fails_shows_what_came_and_why(cli):
    ran = cli("replay", "error", "--speed", "0", "--json")
    assert ran.code == 1
    last = ran.events[-1]
    assert isinstance(last, sk.Reply)
    assert last.outcome == "failed"
    assert last.text
    assert ran.err.startswith("streamkit: ")
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "first line"), (b"\x00\xff", "not JSON"), (None, "no recording"), (b"{}\n", "not a head")],
)
def test_what_is_no_recording_is_one_sentence(cli, tmp_path: Path, content: bytes | None, said: str):
    path = tmp_path / "file"
    if content is not None:
        path.write_bytes(content)
    ran = cli("replay", str(path))
    assert (ran.code, ran.out) == (1, "")
    assert said in ran.err
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize("args", [["replay", "."], ["chat", "hi", "--base-url", "http://127.0.0.1:1/v1"]])
def test_other_expected_failures_are_one_sentence(cli, args: list[str]):
    ran = cli(*args)
    assert ran.code == 1
    assert ran.err.startswith("streamkit: ")
    assert ran.err.count("\n") == 1


# -- chat --------------------------------------------------------------------------------------------------------------


def test_chat_asks_and_prints_the_text(cli):
    with serving("Hello there.") as (url, server):
        options = ["--temperature", "0.5", "--max-tokens", "9", "--param", 'stop=["x"]', "--param", "user=me"]
        ran = cli("chat", "Say", "hello", "--base-url", url, "--model", "m", "--system", "Be brief.", "-v", *options)
    assert (ran.code, ran.out) == (0, "Hello there.\n")
    assert ran.err.startswith("complete, 2 words, 2 tokens (provider)")
    assert server.requests[0].body | {"stream_options": None} == {
        "model": "m",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Say hello"}],
        "temperature": 0.5,
        "max_tokens": 9,
        "stop": ["x"],
        "user": "me",
        "stream": True,
        "stream_options": None,
    }


def test_chat_says_nothing_on_a_stderr_that_is_no_terminal(cli):
    with serving("Hi") as (url, _):
        assert cli("chat", "Hi", "--base-url", url).err == ""


@pytest.mark.parametrize(
    ("api", "asked"),
    [
        ("completions", {"prompt": "Hi", "max_tokens": 3}),
        ("responses", {"input": [{"role": "user", "content": "Hi"}], "max_output_tokens": 3}),
    ],
)
def test_chat_speaks_the_other_apis(cli, api: str, asked: dict[str, object]):
    with serving("Well.") as (url, server):
        ran = cli("chat", "Hi", "--base-url", url, "--api", api, "--max-tokens", "3")
    assert (ran.code, ran.out) == (0, "Well.\n")
    assert server.requests[0].path.endswith(f"/{api}")
    assert server.requests[0].body == server.requests[0].body | asked


@pytest.mark.parametrize(
    ("words", "asked"),
    [([], "from stdin"), (["-"], "from stdin"), (["Sum", "up:", "-"], "Sum up:\n\nfrom stdin"), (["no"], "no")],
)
def test_the_prompt_may_come_from_stdin(cli, monkeypatch: pytest.MonkeyPatch, words: list[str], asked: str):
    stdin = io.TextIOWrapper(io.BytesIO("\ufefffrom stdin\n".encode()))
    monkeypatch.setattr(sys, "stdin", stdin)
    with closing(stdin), serving("ok") as (url, server):
        assert cli("chat", *words, "--base-url", url).code == 0
    assert server.requests[0].body["messages"] == [{"role": "user", "content": asked}]


def test_json_prints_one_event_a_line(cli):
    with serving("Hi 世界") as (url, _):
        ran = cli("chat", "Hi", "--base-url", url, "--json")
    assert [type(event).__name__ for event in ran.events][-2:] == ["UsageUpdate", "Reply"]
    assert str(ran.events[-1]) == "Hi 世界"


def test_escapes_of_a_model_are_shown_not_obeyed(cli):
    with serving(["a\x1b[2", "Jb"]) as (url, _):
        assert cli("chat", "Hi", "--base-url", url).out == "a\\x1b[2Jb\n"


@pytest.mark.parametrize(
    ("script", "code"),
    [
        (testing.Script("Hi", finish="length"), 3),
        (testing.Script("Hi", finish="content_filter"), 3),
        (testing.Script("Hi", refusal="No."), 3),
        (testing.Script("Hi there you", drop_after=2), 1),
        (testing.Script("Hi", fail="overloaded"), 1),
        (testing.Script(status=401), 1),
    ],
)
def test_the_exit_code_says_how_it_ended(cli, script: testing.Script, code: int):
    with serving(script) as (url, _):
        ran = cli("chat", "Hi", "--base-url", url)
    assert ran.code == code
    assert ran.out.startswith("Hi") or script.status == 401
    assert (ran.err != "") == (code == 1)


def test_a_message_of_a_server_is_cleaned(cli):
    with serving(testing.Script("x", fail="\x1b]0;title\x07bad\nnews")) as (url, _):
        ran = cli("chat", "Hi", "--base-url", url)
    assert ran.err.count("\n") == 1
    assert ran.err.strip().isprintable()


def test_timeout_ends_a_silent_server(cli):
    with serving(testing.Script("a b c", stall_after=1)) as (url, _):
        ran = cli("chat", "Hi", "--base-url", url, "--timeout", "0.3")
    assert (ran.code, ran.out) == (1, "a\n")


def test_without_a_key_one_sentence_says_what_to_do(cli):
    ran = cli("chat", "Hi")
    assert (ran.code, ran.out) == (2, "")
    assert "OPENAI_API_KEY" in ran.err
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize(
    "args",
    [
        ["chat", "--base-url", "ftp://x", "Hi"],
        ["chat", "--base-url", "http://example.com/v1", "Hi"],
        ["chat", "--base-url", "https://x/v1", " "],
        ["chat", "--base-url", "https://x/v1", "Hi", "--timeout", "0"],
        ["chat", "--base-url", "https://x/v1", "Hi", "--api", "completions", "--system", "x"],
        ["chat", "--base-url", "https://x/v1", "Hi", "--param", "nothing"],
        ["replay", "hello", "--speed", "-1"],
        ["serve", "hello", "--text", "x"],
        ["serve", "--split", "0"],
        ["serve", "--port", "99999"],
        ["serve", "--first", "nan"],
        ["serve", "--status", "99"],
        ["serve", "--max-clients", "0"],
        ["serve", "--allow-host", "http://x"],
        ["serve", "--allow-origin", "null"],
        ["nonsense"],
        [],
    ],
)
def test_misuse_is_exit_2_with_an_explanation(cli, args: list[str]):
    ran = cli(*args)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err
    assert "Traceback" not in ran.err


def test_the_key_is_never_shown(cli, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-123456")
    with serving(testing.Script(status=401, body={"error": {"message": "bad key sk-canary-123456"}})) as (url, _):
        ran = cli("chat", "Hi", "--base-url", url, "-v")
    assert ran.code == 1
    assert "canary" not in ran.out + ran.err


# -- record ------------------------------------------------------------------------------------------------------------


def test_record_keeps_what_replay_plays(cli, tmp_path: Path):
    path = str(tmp_path / "reply.jsonl")
    with serving("Hello 世界.") as (url, _):
        ran = cli("record", path, "Hi", "--base-url", url, "--note", "a test")
        assert (ran.code, ran.out) == (0, "Hello 世界.\n")
        again = cli("record", path, "Hi", "--base-url", url)
        assert (again.code, again.out) == (2, "")
        assert "--overwrite" in again.err
        assert cli("record", path, "Hi", "--base-url", url, "--overwrite").code == 0
    assert cli("replay", path, "--speed", "0").out == "Hello 世界.\n"
    assert json.loads(Path(path).read_text("utf-8").splitlines()[0])["api"] == "chat"


def test_serve_says_when_the_port_is_taken(cli):
    with serving("x") as (url, _):
        ran = cli("serve", "--port", str(httpx.URL(url).port))
    assert ran.code == 1
    assert ran.err.startswith("streamkit: ")
    assert ran.err.count("\n") == 1
