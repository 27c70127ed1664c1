"""Nanoseconds per character of what rewrites and reads text while it grows, next to doing it once with the whole text.

Run it by hand: ``python tests/benchmarks/bench_rewrite.py [name ...]``. Text comes in pieces of 4 characters. Read down
a column for the price of not waiting, along a row for what a longer text costs: a flat row is linear. The figures are
of one run.
"""

from __future__ import annotations

import json
import random
import re
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from streamkit.stages import JsonItems, JsonValues, Redactor, StopAt, ThinkTags
from streamkit.stages.rewriting.redact_json import JsonRedactor

SIZES = (2_000, 20_000, 200_000)
PIECE = 4
DICE = random.Random(1)
VOCABULARY = ["".join(DICE.choices("abcdefghijklmnopqrstuvwxyz", k=DICE.randint(2, 10))) for _ in range(500)]
WORDS = sorted({"".join(DICE.choices("abcdefghijklmnopqrstuvwxyz", k=8)) for _ in range(5_000)})
PATTERN = r"\b[A-Z]{2}\d{6}\b"
READY = ("email", "phone", "card", "key")

Task = tuple[str, Callable[[int], str], Callable[[str], Any], Callable[[str], Any]]


def prose(size: int) -> str:
    """Words, now and then an address, a number or a word from the list."""
    dice, out, length = random.Random(2), [], 0
    while length < size:
        rare = dice.random()
        word = dice.choice(WORDS) if rare < 0.005 else "bob@example.org" if rare < 0.01 else dice.choice(VOCABULARY)
        out.append("AB123456" if 0.01 < rare < 0.015 else word)
        length += len(out[-1]) + 1
    return " ".join(out)[:size]


def one_run(size: int) -> str:
    """The worst for what has to hold text back: one word without an end."""
    return "a" * size


def thoughts(size: int) -> str:
    return "<think>" + prose(size // 2) + "</think>" + prose(size // 2)


def records(size: int) -> str:
    return json.dumps([{"name": "Ada Lovelace", "n": n, "tags": ["a", "b"]} for n in range(size // 60)])


def wide(size: int) -> str:
    return json.dumps(list(range(size // 7)))


def fed(make: Callable[[], Any]) -> Callable[[str], None]:
    def run(text: str) -> None:
        stage = make()
        for at in range(0, len(text), PIECE):
            for _ in stage.feed(text[at : at + PIECE]):
                pass
        for _ in stage.flush():
            pass

    return run


def substituted(pattern: str) -> Callable[[str], Any]:
    compiled = re.compile(pattern)
    return lambda text: compiled.sub("-", text)


ROUGHLY_READY = (
    r"[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[\w-]{2,63}"
    r"|(?<!\w)\+?\(?\d{1,5}[ ./-](?:[ ./-]?\d){5,12}"
    r"|\d(?:[ -]?\d){12,18}"
    r"|\b(?:sk|pk|gh[pousr]|AKIA|eyJ)[\w-]{16,400}"
)
"""Expressions that find about the same as the ready rules."""


TASKS: list[Task] = [
    ("redact, 5,000 words", prose, fed(lambda: Redactor(WORDS)), substituted("|".join(WORDS))),
    ("redact, a pattern", prose, fed(lambda: Redactor(PATTERN)), substituted(PATTERN)),
    ("redact, ready rules", prose, fed(lambda: Redactor(*READY)), substituted(ROUGHLY_READY)),
    ("redact, one long run", one_run, fed(lambda: Redactor(r"a+b")), substituted(r"a++b")),
    ("redact, JSON records", records, fed(lambda: JsonRedactor(PATTERN)), json.loads),
    ("redact, JSON numbers", wide, fed(lambda: JsonRedactor(PATTERN)), json.loads),
    ("stop_at", prose, fed(lambda: StopAt("</answer>", re.compile(r"\n\n+"))), substituted(r"</answer>|\n\n+")),
    ("think_tags", thoughts, fed(ThinkTags), substituted(r"</?think>")),
    ("json_values", records, fed(JsonValues), json.loads),
    ("json_values, wide list", wide, fed(JsonValues), json.loads),
    ("json_items", records, fed(JsonItems), json.loads),
]


def cost(run: Callable[[str], Any], text: str) -> float:
    """Median CPU nanoseconds per character."""
    rounds = 5 if len(text) < 100_000 else 3
    times = []
    for _ in range(rounds):
        begin = time.process_time_ns()
        run(text)
        times.append((time.process_time_ns() - begin) / len(text))
    return statistics.median(times)


def main() -> None:
    print(f"{'ns per character':24}" + "".join(f"{size:>10,}" for size in SIZES) + f"{'whole text':>14} at once")
    for name, make, run, whole in TASKS:
        if sys.argv[1:] and not any(word in name for word in sys.argv[1:]):
            continue
        texts = [make(size) for size in SIZES]
        run(texts[0])  # warm
        print(f"{name:24}" + "".join(f"{cost(run, text):10.0f}" for text in texts), end="", flush=True)
        print(f"{cost(whole, texts[1]):14.1f}")


if __name__ == "__main__":
    main()
