"""The command as a process: signals, pipes, and a server that others can reach."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

import streamkit as sk
from streamkit import testing

pytestmark = pytest.mark.slow  # each starts a program

HERE = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "streamkit"]
posix = pytest.mark.skipif(os.name != "posix", reason="signals and pipes of POSIX")


@contextmanager
def started(*args: str) -> Iterator[subprocess.Popen[str]]:
    pipe = subprocess.PIPE
    quiet = {**os.environ, "PYTHONASYNCIODEBUG": ""}  # it complains on stderr when the machine is busy
    process = subprocess.Popen([*COMMAND, *args], stdin=pipe, stdout=pipe, stderr=pipe, text=True, cwd=HERE, env=quiet)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_it_runs_as_a_module():
    done = subprocess.run([*COMMAND, "--version"], capture_output=True, text=True, cwd=HERE)
    assert done.stdout == f"streamkit {sk.__version__}\n"


@posix
def test_ctrl_c_keeps_what_is_there_and_closes_the_request():
    server = testing.Server(testing.Script("Hello there", stall_after=1))
    with server.running() as url, started("chat", "Hi", "--base-url", url) as process:
        assert process.stdout is not None
        assert process.stdout.read(5) == "Hello"
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=10) == ("\n", "")
    assert process.returncode == 130
    assert server.requests[0].outcome == "cancelled"


@posix
def test_ctrl_c_leaves_whole_events_and_the_reply_so_far():
    server = testing.Server(testing.Script("Hello there", stall_after=1))
    with server.running() as url, started("chat", "Hi", "--base-url", url, "--json") as process:
        assert process.stdout is not None
        while "Hello" not in process.stdout.readline():
            pass
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=10)
    reply = sk.from_json(out)
    assert isinstance(reply, sk.Reply)
    assert (reply.outcome, reply.text) == ("cancelled", "Hello")


@posix
def test_a_reader_that_goes_away_ends_the_request_in_silence():
    server = testing.Server(testing.Script("word " * 1000, every=0.01))
    with server.running() as url, started("chat", "Hi", "--base-url", url) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(4) == "word"
        process.stdout.close()
        assert process.wait(timeout=10) == 141
        assert process.stderr.read() == ""
        process.stdout = None
    assert server.requests[0].outcome == "cancelled"


@posix
def test_serve_prints_its_address_and_answers_until_ctrl_c():
    with started("serve", "--port", "0", "--text", "one two", "--text", "three", "--split", "1") as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        with sk.Client(url) as client:
            assert [str(sk.run(client.chat("Hi"))) for _ in range(3)] == ["one two", "three", "three"]
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=10)
    assert process.returncode == 0
    assert "recorded or scripted" in err
    assert "Traceback" not in err


@posix
def test_serve_answers_whom_it_is_told_to():
    flags = ["--allow-host", "box.test", "--allow-origin", "http://localhost:3000", "--max-clients", "1"]
    with started("serve", "--port", "0", *flags) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        with httpx.Client() as client:
            for headers, status in (
                ({"host": "box.test", "origin": "http://localhost:3000"}, 200),
                ({"host": "other.test"}, 403),
                ({"origin": "http://localhost:4000"}, 403),
            ):
                assert client.get(f"{url}/models", headers=headers).status_code == status
            assert httpx.get(f"{url}/models").status_code == 503


@posix
@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (["--status", "429", "--retry-after", "3600"], "http_status"),
        (["--cut-after", "2"], "stream_broken"),
        (["--bad-json-at", "1"], "malformed"),
    ],
)
def test_serve_acts_out_faults(flags: list[str], expected: str):
    with started("serve", "--port", "0", "--text", "one two three", *flags) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        with sk.Client(url) as client, pytest.raises(sk.StreamkitError) as caught:
            sk.run(client.chat("Hi"))
    assert caught.value.kind == expected
    assert getattr(caught.value, "retry_after", None) == (3600 if expected == "http_status" else None)


@posix
def test_serve_without_arguments_plays_the_shipped_recordings():
    with started("serve", "--port", "0", "--speed", "0") as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        names = {model["id"] for model in httpx.get(f"{url}/models").json()["data"]}
        with sk.Client(url, model="hello") as client:
            assert str(sk.run(client.chat("Hi"))).startswith("Hello")
    assert {"hello", "demo"} <= names


@posix
def test_progress_is_shown_on_a_terminal_while_the_text_goes_elsewhere():
    import pty

    ours, theirs = pty.openpty()
    quiet = {**os.environ, "PYTHONASYNCIODEBUG": ""}
    command = [*COMMAND, "replay", "hello", "--speed", "2"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=theirs, text=True, cwd=HERE, env=quiet)
    os.close(theirs)
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        shown = terminal.read(65536).decode()
    assert done.stdout.startswith("Hello")
    progress, _, figures = shown.rpartition("\r        ")
    assert "characters" in progress
    assert figures.strip().startswith("complete, ")
