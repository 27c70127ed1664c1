"""What a script's user sees: Ctrl-C, the end of the script, a stuck sink, an exception; F72 and P20."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from tests.ctrl_c import MAIN_WAITS
from tests.faults.bodies import DONE, END, START, every, say
from tests.faults.server import HANG, Server, head, serving

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]  # each is a process of its own, and some wait for 10 s

PREFACE = """
import asyncio, os, sys, threading, time
import streamkit as sk
client = sk.Client(sys.argv[1], "key", model="m")
shown = threading.Event()
def show(event):
    if isinstance(event, sk.TextDelta):
        print(event.text, end="", flush=True)
        shown.set()
"""
SLOWLY = [head(), *every(0.1, [START, *map(say, ["slowly ", "but ", "surely"]), END, DONE])]
STUCK = [head(), START, say("kept"), HANG]


def script(server: Server, code: str, *, url: str | None = None, debug: bool = False) -> subprocess.Popen[str]:
    command = [sys.executable, "-W", "error", "-c", PREFACE + code, url or server.url]
    env = {**os.environ, "PYTHONASYNCIODEBUG": "1" if debug else ""}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)


def finish(process: subprocess.Popen[str]) -> tuple[str, str, int]:
    """Output, errors, exit code."""
    with process:
        try:
            out, err = process.communicate(timeout=45)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    return out, err, process.returncode


LAST_LINES = {
    "subscribe": 'client.chat("hi").subscribe(show)',
    "start": 'run = sk.start(client.chat("hi"), show)',
    "start, forgotten": 'sk.start(client.chat("hi"), show)',
    "start with a listener": 'sk.start(client.chat("hi"), sk.on(text=lambda text: print(text, end="")))',
    "subscribe, then sys.exit": 'client.chat("hi").subscribe(show); sys.exit()',
}


@pytest.mark.parametrize("host", [pytest.param("127.0.0.1", marks=pytest.mark.slow), "localhost"])
@pytest.mark.parametrize("line", LAST_LINES.values(), ids=LAST_LINES)
def test_a_script_that_ends_prints_the_whole_reply(line: str, host: str) -> None:
    with serving(SLOWLY) as server:
        url = server.url.replace("127.0.0.1", host)
        assert finish(script(server, line, url=url)) == ("slowly but surely", "", 0)
        assert server.all_closed()


def test_a_script_that_failed_does_not_wait_for_its_replies() -> None:
    with serving(STUCK) as server:
        code = 'client.chat("hi").subscribe(show)\nshown.wait(30)\n1 / 0'
        out, err, exit_code = finish(script(server, code))
        assert (out, exit_code) == ("kept", 1)
        assert err.count("Traceback") == 1
        assert err.endswith("ZeroDivisionError: division by zero\n")
        assert server.all_closed()


@pytest.mark.slow
def test_a_sink_that_is_stuck_does_not_hold_the_exit_for_ever() -> None:
    """The background thread sleeps in a user's callable: nothing can wake it, and nobody waits for it."""
    with serving(STUCK) as server:
        code = 'client.chat("hi").subscribe(lambda event: time.sleep(60))\nraise SystemExit(3)'
        out, err, exit_code = finish(script(server, code))
        assert (out, exit_code) == ("", 3)
        assert "did not return for 5 s" in err


@pytest.mark.slow
def test_an_async_sink_that_is_stuck_is_given_up() -> None:
    code = """
async def stuck(event):
    await asyncio.sleep(60)
sk.start(client.chat("hi"), sk.branch(into=stuck, capacity=1))
"""
    with serving([head(), START, *map(say, "abc"), END, DONE]) as server:
        out, err, exit_code = finish(script(server, code))
        assert (out, exit_code) == ("", 0)
        told = ["the reply of m at 127.0.0.1", "the run with sinks stuck"]
        assert sorted(err.splitlines()) == [f"the exit waits no longer for {one}: no progress for 10 s" for one in told]


WHEN_MAIN_WAITS = """
def show(event, show=show):
    while threading.current_thread() is not threading.main_thread() and not main_waits():
        time.sleep(0.001)
    show(event)
"""


def interrupt(code: str, server: Server) -> tuple[str, str, int]:
    """Ctrl-C once the text is there. Another thread shows it only when the main thread has come to wait."""
    process = script(server, MAIN_WAITS + WHEN_MAIN_WAITS + code)
    assert process.stdout is not None
    seen = process.stdout.read(4)
    process.send_signal(signal.SIGINT)
    closed = server.all_closed()
    out, err, exit_code = finish(process)
    assert closed
    return seen + out, err, exit_code


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to a child there")
@pytest.mark.parametrize(
    "asking",
    [
        "sk.run(client.chat('hi'), show)",
        "run = sk.start(client.chat('hi'), show); run.result()",
        "for event in client.chat('hi'): show(event)",
        "asyncio.run(main())",
        "with sk.start(client.chat('hi'), show): pass",
    ],
)
def test_ctrl_c_closes_the_request_and_goes_on_as_keyboard_interrupt(asking: str) -> None:
    code = f"""
async def main():
    async for event in client.chat("hi"):
        show(event)
try:
    {asking}
except KeyboardInterrupt:
    print(" interrupted", end="")
    if "run" in globals():
        print("", run.reply.outcome, run.reply.text, end="")
"""
    with serving(STUCK) as server:
        out, err, exit_code = interrupt(code, server)
        kept = " cancelled kept" if asking.startswith("run =") else ""
        assert (out, err, exit_code) == ("kept interrupted" + kept, "", 0)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to a child there")
def test_ctrl_c_that_nobody_catches() -> None:
    with serving(STUCK) as server:
        out, err, exit_code = interrupt("sk.run(client.chat('hi'), show)", server)
        assert out == "kept"
        assert err.count("KeyboardInterrupt") >= 1
        assert "never retrieved" not in err
        assert exit_code == -signal.SIGINT


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to a child there")
def test_ctrl_c_while_the_exit_waits() -> None:
    with serving(STUCK) as server:
        out, err, _ = interrupt("client.chat('hi').subscribe(show)", server)
        assert out == "kept"
        assert "Traceback" not in err


AT_EXIT = {
    "an unclosed client after asyncio.run": """
async def main():
    print((await client.chat("hi")).text)
asyncio.run(main())
""",
    "a task that still reads": """
async def main():
    global task
    task = asyncio.ensure_future(sk.start(client.chat("hi")))
    await asyncio.sleep(0.15)
    print("slowly but surely")
asyncio.run(main())
""",
    "an async for that was left in a global": """
async def main():
    global events
    events = aiter(client.chat("hi"))
    await anext(events)
    print("slowly but surely")
asyncio.run(main())
""",
    "a for that was left in a global": """
events = iter(client.chat("hi"))
next(events)
print("slowly but surely")
""",
    "run and a client never closed": 'print(sk.run(client.chat("hi")))',
}


@pytest.mark.parametrize("debug", [False, True], ids=["plain", "debug"])
@pytest.mark.parametrize("code", AT_EXIT.values(), ids=AT_EXIT)
def test_exits_are_silent(code: str, debug: bool) -> None:
    with serving(SLOWLY) as server:
        out, err, exit_code = finish(script(server, code, debug=debug))
        noise = [line for line in err.splitlines() if not (debug and line.startswith("Executing <"))]  # a slow machine
        assert (out, noise, exit_code) == ("slowly but surely\n", [], 0)
        assert server.all_closed()


def test_shutdown_leaves_no_thread_and_no_open_file() -> None:
    code = """
def open_files():
    for name in os.listdir("/proc/self/fd"):
        try:
            yield os.readlink(f"/proc/self/fd/{name}")
        except OSError:
            pass
client.chat("hi").subscribe(show)
sk.start(client.chat("hi")).result()
client.close()
sk.shutdown()
left = [name for name in open_files() if name[:6] in ("socket", "anon_i")]
print([thread.name for thread in threading.enumerate()], left)
"""
    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("no list of open files here")
    with serving(SLOWLY) as server:
        out, err, _ = finish(script(server, code))
        assert err == ""
        assert out.endswith("['MainThread'] []\n")
