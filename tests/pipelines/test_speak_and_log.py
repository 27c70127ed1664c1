from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import streamkit as sk
from pipelines import speak_and_log
from streamkit import sinks, testing

pytestmark = pytest.mark.slow  # each starts a program

HERE = Path(__file__).resolve().parents[2]


def test_sentences_are_spoken_while_the_reply_is_written_and_all_is_logged():
    clock, events = testing.clock(), sinks.memory()
    spoken: list[tuple[float, str]] = []

    async def speak(sentence: str) -> None:
        spoken.append((clock.now, sentence))

    async def go() -> sk.Reply:
        stream = testing.script(
            "In the very beginning of all, there ", "was **nothing.** Th", "en:\n```\nx\n```\n", "Bye", every=1
        )
        return await speak_and_log.build(stream, speech=speak, log=events)

    reply = clock.run_coroutine(go())
    assert spoken == [(0, "In the very beginning of all,"), (1, "there was nothing."), (2, "Then:"), (3, "Bye")]
    assert events.items[-1] == reply
    assert events.text == reply.text


def test_speech_does_not_wait_for_a_reply_that_stands_still():
    clock = testing.clock()
    spoken: list[tuple[float, str]] = []

    async def go() -> None:
        stream = testing.script("Let me think, hm", "m.", every=30)
        await speak_and_log.build(stream, speech=lambda text: spoken.append((clock.now, text)), log=sinks.memory())

    clock.run_coroutine(go())
    assert spoken == [(2, "Let me think,"), (30, "hmm.")]


def test_a_voice_that_breaks_leaves_the_log_whole():
    events = sinks.memory()

    async def mute(sentence: str) -> None:
        raise OSError("no device")

    run = speak_and_log.build(testing.script("One. ", "Two. ", "Three."), speech=mute, log=events)
    with pytest.raises(sk.SinkError, match="no device"):
        run.result()
    assert events.text == "One. Two. Three."


def run(folder: Path, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONASYNCIODEBUG": "", "PATH": str(folder), "PYTHONPATH": str(HERE), **env}
    command = [sys.executable, "-m", "pipelines.speak_and_log", *args]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=env)


def test_without_a_voice_it_prints(tmp_path: Path):
    assert run(tmp_path).returncode == 0
    done = run(tmp_path)
    assert done.returncode == 0
    assert done.stdout.splitlines()[1:] == [
        "and air scatters blue most.",
        "So blue reaches us from everywhere!",
        "In code:",
        "At 7 p.m. the way is long, and red is what is left.",
    ]
    logged = [sk.from_json(line) for line in (tmp_path / "answer.jsonl").read_bytes().splitlines()]
    assert isinstance(logged[-1], sk.Reply)
    assert logged[: len(logged) // 2] == logged[len(logged) // 2 :]


@pytest.mark.skipif(os.name != "posix", reason="a script as the voice")
def test_with_a_voice_it_speaks_what_the_api_says(tmp_path: Path):
    voice = tmp_path / "espeak-ng"
    voice.write_text(f"#!{sys.executable}\nimport sys\nfor line in sys.stdin: print(sys.argv[1:], line, end='')\n")
    voice.chmod(0o700)
    server = testing.Server("One. Two.")
    with server.running() as url:
        done = run(tmp_path, "Hi", "--lang", "de", OPENAI_API_KEY="key", OPENAI_BASE_URL=url)
    assert (done.returncode, done.stdout) == (0, "['-v', 'de'] One.\n['-v', 'de'] Two.\n")
    assert server.requests[0].body["messages"][-1] == sk.user("Hi")


def test_an_error_is_told_in_one_line(tmp_path: Path):
    server: Any = testing.Server(testing.Script(status=400))
    with server.running() as url:
        done = run(tmp_path, OPENAI_API_KEY="key", OPENAI_BASE_URL=url)
    assert done.returncode == 1
    assert done.stderr.startswith("[")
    assert done.stderr.count("\n") == 1
