"""The interpreter's exit waits for what makes progress, and says what it gives up."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time

import pytest

from tests.ctrl_c import MAIN_WAITS
from tests.faults.bodies import DONE, END, START, every, say
from tests.faults.server import HANG, Server, head, serving

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]  # each is a process of its own, and some wait for 10 s

PREFACE = """
import asyncio, logging, os, sys, threading, time
import streamkit as sk
from streamkit import operators as ops, sinks
from streamkit import patience
patience.EXIT_WITHOUT_PROGRESS, patience.LOOP_WITHOUT_ANSWER = 2.0, 30.0
logging.getLogger("asyncio").setLevel(logging.ERROR)  # its debug mode would print what a busy machine makes slow
client = sk.Client(sys.argv[1], "sk-canary-0123456789", model="m", headers={"x-canary": "sk-canary"})
"""
WHOLE = [head(), START, *map(say, "abc"), END, DONE]
BEGUN = [head(), START, say("kept"), HANG]
GIVEN_UP = "the exit waits no longer for "


def script(server: Server, code: str, requests: int = 1) -> subprocess.Popen[str]:
    """A program that comes to its exit when the server has got so many requests: what it takes to begin is no part of
    the time without progress."""
    source = f"{PREFACE}{code}\nsys.stdin.read()"
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", source, server.url]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
    begun, stdin, process.stdin = server.heard(requests, 30), process.stdin, None
    assert stdin is not None
    stdin.close()
    if not begun:
        process.kill()
        raise AssertionError(finish(process))
    return process


def finish(process: subprocess.Popen[str]) -> tuple[str, list[str], int]:
    """Output, lines on stderr, exit code."""
    with process:
        try:
            out, err = process.communicate(timeout=45)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    return out, err.splitlines(), process.returncode


STOOD = "no progress for 2 s"
ITEMS = """
async def never():
    await asyncio.Event().wait()
    yield
sk.stream(never{call}).subscribe(print)
"""
SINK = """
async def stuck(event):
    await asyncio.Event().wait()
sk.start(client.chat("a secret question"), sk.branch(into=stuck, capacity={capacity}))
"""
CLOSING = """
class Stuck:
    def write(self, event): pass
    async def close(self, reply): await asyncio.Event().wait()
sk.start(client.chat("hi"), Stuck())
"""
MANY = 300
STANDING = {
    "a server that never answers": (
        [HANG],
        'client.chat("a secret question").subscribe(print)',
        ["the reply of m at 127.0.0.1"],
    ),
    "a sink with a name like a terminal's command": (
        [HANG],
        'sk.start(client.chat("hi"), sk.branch(into=print, name="\\x1b[2Jm\\u202e"))',
        ["the reply of m at 127.0.0.1", "the run with sinks \\x1b[2Jm\\u202e"],
    ),
    "a server that stops in the middle": (
        BEGUN,
        'sk.start(client.chat("a secret question"), lambda _: None, sk.branch(into=lambda _: None, name="other"))',
        ["the reply of m at 127.0.0.1", "the run with sinks <lambda>, other"],
    ),
    "a run that was forgotten": (
        [HANG],
        'sk.start(client.chat("hi"))',
        ["the reply of m at 127.0.0.1", "a run without sinks"],
    ),
    "an async iterator that never yields": ([HANG], ITEMS.format(call=""), ["the stream of items from never"]),
    "one that is given as it is": ([HANG], ITEMS.format(call="()"), ["the stream of items from never"]),
    "an iterator that never yields, in a thread": (
        [HANG],
        "sk.stream(iter(threading.Event().wait, None)).subscribe(print)",
        ["the stream of items from callable_iterator"],
    ),
    "a sink that never ends": (WHOLE, SINK.format(capacity=99), ["the run with sinks stuck"]),
    "a sink that never ends and holds the source": (
        WHOLE,
        SINK.format(capacity=1),
        ["the run with sinks stuck", "the reply of m at 127.0.0.1"],
    ),
    "a sink that does not close": (WHOLE, CLOSING, ["the run with sinks Stuck"]),
    "a threaded sink that never ends": (
        WHOLE,
        'sk.start(client.chat("hi"), sk.branch(into=sinks.threaded(lambda _: threading.Event().wait()), name="slow"))',
        ["the run with sinks slow"],
    ),
    "a shared stream": (
        [HANG],
        'sk.start(sk.share(client.chat("hi"), replay=9), print)',
        ["the reply of m at 127.0.0.1", "the run with sinks print"],
    ),
    "three hundred": (
        [HANG],
        f'for _ in range({MANY}): client.chat("hi").subscribe(print)',
        ["the reply of m at 127.0.0.1"] * 10 + [f"{MANY - 10} more, without progress either"],
    ),
}


@pytest.mark.parametrize(("answer", "code", "told"), STANDING.values(), ids=STANDING)
def test_what_stands_still_is_given_up_and_named_once(answer: list[bytes], code: str, told: list[str]) -> None:
    requests = MANY if "range" in code else code.count("client.chat")
    with serving(answer) as server:
        out, err, exit_code = finish(script(server, code, requests))
        assert (out, exit_code) == ("", 0)
        named = [line.removeprefix(GIVEN_UP).partition(":")[0] for line in err]
        assert sorted(named) == sorted(told)
        assert all(line.startswith(GIVEN_UP) for line in err)
        assert "canary" not in str(err)
        assert "secret" not in str(err)
        assert server.all_closed()


def test_whoever_blocks_the_background_loop_is_named() -> None:
    code = """
patience.LOOP_WITHOUT_ANSWER = 1.0
blocked = threading.Event()
def block(event):
    blocked.set()
    time.sleep(60)
client.chat("hi").subscribe(block)
blocked.wait(30)
"""
    with serving(BEGUN) as server:
        out, err, exit_code = finish(script(server, code))
        assert (out, exit_code) == ("", 0)
        assert re.fullmatch(
            GIVEN_UP + r"the background loop: block \(<string>, line \d+\) did not return for 1 s", err[0]
        )
        assert err[1:] == [GIVEN_UP + "the reply of m at 127.0.0.1: no progress for 1 s"]


PROGRESS = {
    "a slow reply": 'client.chat("hi").subscribe(lambda e: None, print, lambda: print("over"))',
    "an operator that gathers": """
sk.start(client.chat("hi").pipe(ops.text()).pipe(ops.stage(Gather)), lambda text: print("over", end="\\n"))
""",
    "a shared stream that is gathered": """
sk.start(sk.share(client.chat("hi").pipe(ops.text()), replay=9).pipe(ops.stage(Gather)), lambda text: print("over"))
""",
    "an iterator that reads a run": """
async def pieces():
    reply = await sk.start(client.chat("hi"))
    yield reply.text
sk.stream(pieces).subscribe(lambda text: print("over"))
""",
    "a slow sink": """
async def slow(event):
    await asyncio.sleep(0.8)
    if isinstance(event, sk.Reply): print("over")
sk.start(client.chat("hi"), sk.branch(into=slow, capacity=1))
""",
}
GATHER = """
class Gather:
    def __init__(self): self.text = ""
    def feed(self, piece):
        self.text += piece
        return ()
    def flush(self, end=None): return (self.text,)
"""


@pytest.mark.parametrize("code", PROGRESS.values(), ids=PROGRESS)
def test_what_makes_progress_is_waited_for(code: str) -> None:
    """Each takes twice as long as anything may stand still."""
    slowly = [head(), *every(0.8, [START, *map(say, "abc"), END, DONE])]
    with serving(slowly) as server:
        began = time.monotonic()
        assert finish(script(server, GATHER + code)) == ("over\n", [], 0)
        assert time.monotonic() - began > 4
        assert server.all_closed()


def test_a_reply_that_stands_still_is_not_kept_alive_by_others() -> None:
    code = """
for question in ("slow", "silent"):
    client.chat(question).subscribe(lambda _: None, print, lambda: print("over"))
"""

    def answer(heard: object) -> object:
        return slowly if heard.json["messages"][0]["content"] == "slow" else [HANG]  # type: ignore[attr-defined]

    slowly = [head(), *every(0.8, [START, *map(say, "abcdef"), END, DONE])]
    with serving(answer) as server:  # type: ignore[arg-type]
        process = script(server, code, requests=2)
        assert process.stderr is not None
        began = time.monotonic()
        line = process.stderr.readline()
        at = time.monotonic() - began
        out, err, exit_code = finish(process)
        assert line == f"{GIVEN_UP}the reply of m at 127.0.0.1: {STOOD}\n"
        assert (out.splitlines()[-1], err, exit_code) == ("over", [], 0)
        assert time.monotonic() - began - at > 1


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to a child there")
@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_while_the_exit_waits_ends_it_without_a_word(times: int) -> None:
    code = """
patience.EXIT_WITHOUT_PROGRESS = 60.0
client.chat("hi").subscribe(lambda _: None)
def tell():
    while not main_waits():
        time.sleep(0.001)
    os.write(1, b"waits\\n")
threading.Thread(target=tell, daemon=True).start()
"""
    with serving(BEGUN) as server:
        process = script(server, MAIN_WAITS + code)
        assert process.stdout is not None
        assert process.stdout.readline() == "waits\n"
        for _ in range(times):
            process.send_signal(signal.SIGINT)
            time.sleep(0.01)
        assert server.all_closed()
        out, err, exit_code = finish(process)
        assert (out, err) == ("", [])
        assert exit_code == 0 or (times == 2 and exit_code == -signal.SIGINT)  # when Python no longer looks


def test_a_logger_of_the_program_gets_it() -> None:
    code = """
logging.basicConfig(format="%(name)s %(levelname)s", stream=sys.stdout)
client.chat("hi").subscribe(print)
"""
    with serving([HANG]) as server:
        assert finish(script(server, code)) == ("streamkit WARNING\n", [], 0)
