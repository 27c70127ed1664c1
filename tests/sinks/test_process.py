"""Text into the standard input of real programs, good and bad ones."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import reactivex as rx

import streamkit as sk
from streamkit import operators as ops, patience, sinks, testing

posix = pytest.mark.skipif(os.name != "posix", reason="signals and programs of POSIX")


def python(code: str, *args: str) -> list[str]:
    return [sys.executable, "-ISc", f"import os, sys, time\n{code}", *args]


COPY = "open(sys.argv[1], 'wb').write(sys.stdin.buffer.read())"


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    yield
    names = [thread.name for thread in threading.enumerate()]
    assert [name for name in names if name.startswith("streamkit P") or name.endswith("stderr")] == []
    for line in Path("/proc/self/task").glob("*/children") if os.path.exists("/proc/self/task") else ():
        for child in line.read_text().split():
            assert "Z" not in Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[0]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def test_a_str_is_a_line(out: Path):
    sentences = sk.stream(rx.of("One.", "Two\nlines here.", "", "三。"))
    sk.run(sentences, sinks.process(python(COPY, str(out))))
    assert out.read_text("utf-8").splitlines() == ["One.", "Two lines here.", "三。"]


def test_deltas_of_the_first_choice_are_written_as_they_are(out: Path):
    pieces = sk.TextDelta("a\n"), sk.TextDelta("x", 1), sk.ReasoningDelta("hm"), sk.TextDelta("b"), sk.RefusalDelta("c")
    sk.run(testing.script(*pieces), sinks.process(python(COPY, str(out))))
    assert out.read_bytes() == b"a\nbc"


def test_newline_and_encoding_are_what_was_asked(out: Path):
    texts = sk.stream(rx.of("a\0b", "ü\0"))
    sk.run(texts, sinks.process(python(COPY, str(out)), newline="\0", encoding="utf-16"))
    assert out.read_bytes().decode("utf-16") == "a b\0ü \0"  # with one byte order mark
    sk.run(texts, sinks.process(python(COPY, str(out)), newline="", encoding="ascii"))
    assert out.read_bytes() == b"a\0b?\0"


def test_half_a_character_pair_is_no_failure(out: Path):
    sk.run(testing.script("a\ud83d"), sinks.process(python(COPY, str(out))))
    assert out.read_bytes() == b"a?"


def test_no_shell_takes_the_arguments_apart(out: Path):
    evil = f"; touch {out} $(touch {out}) `touch {out}`"
    sk.run(testing.script("Hi"), sinks.process([*python("sys.stdin.read(); assert sys.argv[1][0] == ';'"), evil]))
    assert not out.exists()


def test_it_starts_with_the_first_text_and_anew_for_each_reply(out: Path):
    sink = sinks.process(python("open(sys.argv[1], 'a').write(f'<{sys.stdin.read()}>')", str(out)))
    for text in ("one", "", "two"):
        sk.run(testing.script(text), sink)
    assert out.read_text() == "<one><two>"


def test_output_and_environment_are_those_that_were_given(out: Path):
    with out.open("wb") as file:
        env = {"VOICE": "low"} | {key: os.environ[key] for key in ("SYSTEMROOT",) if key in os.environ}
        program = python("sys.stdin.read(); print(os.environ['VOICE'], 'HOME' in os.environ)")
        sk.run(testing.script("Hi"), sinks.process(program, env=env, stdout=file))
    assert out.read_text().split() == ["low", "False"]


def test_everything_is_written_before_the_run_is_over(out: Path):
    """Far more than a pipe holds, to a program that takes its time."""
    slowly = "time.sleep(0.1); " + COPY
    sk.run(testing.script(*["x" * 10_000] * 100), sinks.process(python(slowly, str(out))))
    assert out.stat().st_size == 1_000_000


def failure(sink: Any, *pieces: str) -> str:
    """What the run raised; nobody else noticed."""
    kept = sinks.memory()
    with pytest.raises(sk.SinkError) as caught:
        sk.run(testing.script(*pieces), sink, kept)
    assert kept.text == "".join(pieces)
    assert caught.value.partial.text == kept.text
    return str(caught.value)


def test_a_missing_program_is_a_sink_error():
    assert failure(sinks.process(["no-such-program"]), "Hi").startswith("no-such-program could not be started: ")


def test_a_program_that_may_not_be_run_is_a_sink_error(out: Path):
    out.write_text("text")
    assert "could not be started" in failure(sinks.process([out]), "Hi")


def test_a_program_that_fails_says_why():
    said = failure(sinks.process(python("sys.stdin.read(); sys.exit('no voice\\x1b[2J today')")), "Hi")
    assert said.endswith(r"ended with status 1: no voice\x1b[2J today")


@posix
def test_a_program_that_dies_by_a_signal_says_which():
    said = failure(sinks.process(python("sys.stdin.read(1); os.kill(os.getpid(), 9)")), "Hi")
    assert "was ended by signal 9 (Killed)" in said


@posix
def test_a_program_that_ends_early_is_a_sink_error():
    said = failure(sinks.process(python("os.read(0, 1); os.write(2, b'enough')")), *["x" * 50_000] * 20)
    assert said.endswith("ended with status 0 before it had read everything: enough")


@pytest.mark.slow
@posix
def test_a_program_that_closes_its_input_is_a_sink_error(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(patience, "TERMINATED_PROGRAM", 0.1)
    said = failure(sinks.process(python("os.close(0); time.sleep(1.5)")), *["x" * 50_000] * 20)
    assert "closed its input before it had read everything" in said


def test_a_program_that_reads_nothing_is_ended():
    """The text is more than a pipe holds, and less than the mailbox does: nobody else would end this."""
    said = failure(sk.branch(into=sinks.process(python("time.sleep(60)")), max_wait=0.2), "x" * 200_000)
    assert "took longer than 0.2 s over one item" in said


def test_a_program_that_does_not_end_is_killed():
    said = failure(sinks.process(python("sys.stdin.read(); time.sleep(60)"), patience=0.2), "Hi")
    assert said.endswith("did not end within 0.2 s and was killed")


def test_much_complaining_blocks_nobody_and_the_end_of_it_is_told():
    said = failure(sinks.process(python("sys.stderr.write('x' * 1_000_000 + 'last words'); sys.exit(3)")), "Hi")
    assert said.endswith("last words")
    assert len(said) < 600


def cancelled(code: str, *args: str, **more: Any) -> sk.Reply:
    """The reply of a run that is cancelled as soon as the program has begun with ``code``."""
    ready, tell = os.pipe()
    program = python(code, *args)
    run = sk.start(testing.script("Hello", "never", every=60), sinks.process(program, stdout=tell, **more))
    assert os.read(ready, 1) == b"."
    run.cancel()
    for fd in (ready, tell):
        os.close(fd)
    return run.result(10)


def test_a_cancelled_run_stops_the_program_at_once():
    assert cancelled("os.write(1, b'.'); time.sleep(60)").outcome == "cancelled"


@posix
def test_a_program_that_does_not_listen_is_killed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(patience, "TERMINATED_PROGRAM", 0.1)
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); os.write(1, b'.'); time.sleep(60)"
    assert cancelled(deaf).outcome == "cancelled"


def test_a_cancelled_run_lets_it_finish_if_it_should(out: Path):
    assert cancelled(f"os.write(1, b'.'); {COPY}", str(out), on_cancel="drain").outcome == "cancelled"
    assert out.read_bytes() == b"Hello"


@pytest.mark.slow
@posix
def test_an_orphan_that_holds_the_pipe_is_left_behind(monkeypatch: pytest.MonkeyPatch):
    """`sh` is ended, its child keeps reading nothing: a thread waits with it, the run does not."""
    monkeypatch.setattr(patience, "CANCELLED_CLOSE", 0.2)
    said = failure(sk.branch(into=sinks.process(["sh", "-c", "sleep 1; :"]), max_wait=0.1), "x" * 200_000)
    assert "took longer than 0.1 s over one item" in said
    for thread in threading.enumerate():
        if thread.name.startswith("streamkit "):
            thread.join(5)


@pytest.mark.parametrize(
    ("argv", "more", "problem"),
    [
        ("say hello", {}, TypeError),
        (Path("say"), {}, TypeError),
        ([], {}, ValueError),
        (["say"], {"stdout": subprocess.PIPE}, ValueError),
        (["say"], {"on_cancel": "wait"}, ValueError),
        (["say"], {"encoding": "no-such-encoding"}, ValueError),
    ],
)
def test_misuse_is_told_at_once(argv: Any, more: dict[str, Any], problem: type[Exception]):
    with pytest.raises(problem):
        sinks.process(argv, **more)


def test_repr_tells_the_program():
    assert repr(sinks.process(["say", "-v", "Anna"])) == "<process ['say', '-v', 'Anna']>"


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed (.ci/run does that)")
def test_a_real_voice_says_every_sentence(tmp_path: Path):
    def seconds(name: str, *pieces: str) -> float:
        voice = sinks.process(["espeak-ng", "--stdin", "-w", str(tmp_path / name)])
        sk.run(testing.script(*pieces), sk.branch(ops.sentences(), into=voice))
        with wave.open(str(tmp_path / name)) as sound:
            return sound.getnframes() / sound.getframerate()

    one = seconds("one.wav", "Once upon ", "a time.")
    assert seconds("two.wav", "Once upon a ti", "me. There was another sentence.") > 1.5 * one > 0.5
