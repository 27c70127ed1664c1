"""Every example runs as a newcomer would run it: without a key, and against an API with one."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from streamkit import testing

pytestmark = pytest.mark.slow  # each starts a program

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
ENV = {
    **os.environ,
    "PATH": "",  # no voice is found: without a sound card it would complain
    "PYTHONPATH": str(ROOT),
    "PYTHONASYNCIODEBUG": "",  # debug mode complains on a busy machine
}
STRICT = [sys.executable, "-W", "error"]

EXPECTED = {
    "01_hello": r"Hello! .*",
    "02_callbacks": r"Let me look. \n\[the model wants weather with .*\]\n\[complete, 8 tokens\]",
    "03_sse_and_sdk": r"(It was played in Arlington, Texas.)\n\1",
    "04_plain_rx": r"(Once.*)?A fox ran home. The end.",
    "05_own_stage": r"1 An old .*\n2 A frog .*\n3 Splash! .*",
    "06_own_sink": r"A small reply.\ncomplete; the longest piece was 'reply.'",
    "07_cancel": r"Once upon .*\n\[complete: 2 messages, .*\]",
    "08_tested_pipeline": r"both tests passed",
    "09_speech": r"In the very beginning, at 5 a\.m\.,\nthere was one word\.\nIt was long!\ncode\(\) came later\.",
    "10_live_meter": r"13 \+  0 tokens .* exact\n(.* exact\n)+13 \+  7 .* provider\nBecause .* \(complete\)",
    "11_redaction": r"Write to \[redacted\], pay with card …4242 --/--, ask for project \[redacted\]\.",
    "12_stop_pattern": r"1\. Peel them\.\n2\. Slice them\.\n3\. Fry them\.\n\[stopped, by stop_at\]",
    "13_json_items": r"Tokyo +37,000,000\nDelhi .*\nShanghai .*\n\[stopped after \d+ characters: .*\]",
    "14_chinese": r"  0-10  天空为什么是蓝色的？\n(.*\n){3} 38-43  天就红了！",
    "15_code_to_files": r"First:\n[^\[]*Done\.\n\[block-1\.py: 28 bytes\]\n\[block-2\.txt: 5 bytes\]",
    "16_fan_out": r"It rained .* out\.\n\[\d+ lines in .*\]\n\[console: (\d+) .*\n\[log: \1 .*\n\[speech: 3 items\]",
    "17_slow_sink": r"The words .* slowly\.\n\[13 pieces came, \d+ were written, \d+ joined to the one before\]",
    "18_race_with_fallback": r"The spare model answers\.\n\[complete; requests: 3, not finished: 2\]",
    "19_side_by_side": r"broken failed: .*\nquick: A berry, even\.\nslow: Yes, botanically\.",
    "20_tool_loop": r"Let me look. \n\[weather: done\]\n\n\[remind: .* full\]\n21 .*\n\[rounds: 2, messages: 5\]",
    "21_voice_bot": r"bot: +Well, that is a long story\.\nuser: .*\nkept: Well, that is a long story\.",
    "22_edited_message": r"A …\n(A reply .*…\n){1,2}\[77 characters in [23] edits\]",
    "23_fastapi_relay": r"Relayed, word by word\.\n\[served: complete, 22 characters\]",
    "24_batch_with_ledger": r"(.*\? A scripted answer\.\n){3}(.*\? A scripted answer\. \(from the ledger\)\n){3}",
    "25_record_and_replay": r"(It was recorded once\..*again\.)\n\1\n\[11 pieces over 0\.\d+ s of virtual time\]",
    "26_claude": r"\[thinks: Bern\?\]\nLet me look\. Clear, with 21 degrees\.\n\[complete, 2 rounds, 2 requests\]",
    "27_two_apis": r"user How is Bern today\?\nassistant .*'tool_use'\]\n(.*\n){4}Then take a hat\.",
    "28_approval": r"May I run delete\(.*\)\? No\.\nThen I leave it there\.",
    "29_long_conversation": r"2 messages .*\n[24] messages .*\n[24] messages .*\n\d kept, 0\.00\d+ USD",
    "30_outlives_its_reader": r"It is .*\n\[the tab .*\]\n .*now\.\n\[complete, and the same for both: True\]",
}

NO_REQUEST = {"08_tested_pipeline"}
LOGGED = {"20_tool_loop": r"tool remind raised RuntimeError in 20_tool_loop\.py, line \d+; the model is told, .*\n"}
"""What is on the log, where something is: a tool failed."""


def run(path: Path, **env: str) -> str:
    done = subprocess.run([*STRICT, str(path)], capture_output=True, text=True, env=ENV | env)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(f"({LOGGED[path.stem]})?" if path.stem in LOGGED else "", done.stderr), done.stderr
    return done.stdout


def test_examples_are_numbered_and_short():
    assert [path.stem for path in EXAMPLES] == list(EXPECTED)
    assert [int(path.name[:2]) for path in EXAMPLES] == list(range(1, len(EXAMPLES) + 1))
    lengths = {path.name: len(path.read_text("utf-8").splitlines()) for path in EXAMPLES}
    assert {name: length for name, length in lengths.items() if length > 50} == {}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_runs_without_a_key(path: Path):
    assert re.fullmatch(EXPECTED[path.stem] + r"\s*", run(path))


@pytest.mark.slow  # a process each
@pytest.mark.parametrize("path", [path for path in EXAMPLES if path.stem not in NO_REQUEST], ids=lambda path: path.stem)
def test_with_a_key_it_asks_the_api(path: Path):
    server = testing.Server("A scripted answer.")
    with server.running() as url:
        providers = ("OPENAI", "ANTHROPIC")
        keys = {f"{name}_API_KEY": "key" for name in providers} | {f"{name}_BASE_URL": url for name in providers}
        out = run(path, **keys)
    assert server.requests
    assert "scripted answer." in out


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_ctrl_c_keeps_the_partial_turn():
    (path,) = (path for path in EXAMPLES if "cancel" in path.name)
    process = subprocess.Popen([*STRICT, str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENV)
    assert process.stdout is not None
    seen = process.stdout.read(len("Once upon a time there was"))  # by then the main thread waits for the reply
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=10)
    assert (process.returncode, err) == (0, "")
    text, _, told = (seen + out).partition("\n")
    assert text.startswith("Once upon")
    assert told == f"[cancelled: 2 messages, the last of {len(text)} characters]\n"
