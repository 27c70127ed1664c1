"""Microseconds per delta of counting a reply that grows, next to encoding all of it anew at each delta, and to encoding
it once at the end, which is the least there can be.

Run it by hand: ``python tests/benchmarks/bench_tokens.py``. Read the ratios, not the figures: they are of one run.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from pydoc_data.topics import topics
from typing import Any

import streamkit as sk
from streamkit.stages.usage.meter import Meter
from streamkit.tokens import ReplyTokens, TokenCounter
from streamkit.tokens.encodings import load_encoding

SIZES = (2_000, 20_000, 100_000, 200_000)
WINDOW = 2_000
"""Deltas that are timed at each size."""
ROUNDS = 5
CHARACTERS = 4
"""Of a delta, where one a token would make no difference to the count."""

PROSE = "\n".join(topics.values())
CODE = """
def each(items):
    return [item * 2 for item in items if item % 3 == 0]


class Thing:
    size = 1_000
"""
TEXTS = {
    "English": PROSE,
    "Chinese": "这是一个关于语言模型的长文本，我们要测试它的计数速度。天空为什么是蓝色的？",
    "code": CODE,
    "Thai run": "สวัสดีครับผมชื่อสมชายและผมทำงานที่กรุงเทพมหานครทุกวันยกเว้นวันอาทิตย์",
    "a run": "a",
    "emoji run": "👨‍👩‍👧❤️😀🏳️‍🌈",
}
ENCODING: Any = load_encoding("o200k_base")


def deltas_of(name: str, tokens: int) -> list[str]:
    """One delta a token as a model sends them, whole characters only; of runs, pieces of a few characters."""
    text = TEXTS[name]
    once = max(1, len(ENCODING.encode_ordinary(text * 8)) // 8)
    text *= tokens // once + 2
    if name.endswith("run"):
        return [text[at : at + CHARACTERS] for at in range(0, len(text), CHARACTERS)]
    out, held = [], b""
    for token in ENCODING.encode_ordinary(text)[:tokens]:
        held += ENCODING.decode_single_token_bytes(token)
        try:
            out.append(held.decode())
            held = b""
        except UnicodeDecodeError:
            continue
    return out


class Grown:
    """A counter at each of the sizes, and the deltas that come next."""

    def __init__(self, deltas: Sequence[str], size: int) -> None:
        counter, at = TokenCounter("o200k_base"), 0
        while counter.total < size and at + WINDOW < len(deltas):
            counter.feed(deltas[at])
            at += 1
        self.counter, self.text, self.next = counter, "".join(deltas[:at]), deltas[at : at + WINDOW]
        self.count = at

    def feed(self) -> float:
        """Goes on from where it was: a little further each round."""
        feed, begin = self.counter.feed, time.process_time_ns()
        for delta in self.next:
            feed(delta)
        return (time.process_time_ns() - begin) / len(self.next)

    def anew(self) -> float:
        begin = time.process_time_ns()
        ENCODING.encode_ordinary(self.text)
        return float(time.process_time_ns() - begin)

    def once(self) -> float:
        return self.anew() / self.count


def measured() -> dict[str, list[tuple[float, float, float]]]:
    """Medians in microseconds per delta: counted, all anew, once at the end; for each size."""
    found = {}
    for name in TEXTS:
        grown = [Grown(deltas_of(name, SIZES[-1] + ROUNDS * WINDOW), size) for size in SIZES]
        rounds = [[(one.feed(), one.anew(), one.once()) for one in grown] for _ in range(ROUNDS)]
        found[name] = [_medians([turn[place] for turn in rounds]) for place in range(len(SIZES))]
    return found


def _medians(rows: Sequence[tuple[float, float, float]]) -> tuple[float, float, float]:
    counted, anew, once = (statistics.median(column) / 1_000 for column in zip(*rows, strict=True))
    return counted, anew, once


def metered() -> float:
    """Microseconds per delta of the whole meter: count, usage, cost, event."""
    events = [sk.TextDelta(delta) for delta in deltas_of("English", 20_000)]
    meter = Meter(ReplyTokens("gpt-4o"), sk.Prices(input=1, output=1))
    begin = time.process_time_ns()
    for event in events:
        meter.feed(event)
    return (time.process_time_ns() - begin) / len(events) / 1_000


def main() -> None:
    print(
        "text      " + "".join(f"{size // 1_000:>7}k" for size in SIZES) + "   anew at 200k   once   x once   100k : 2k"
    )
    for name, rows in measured().items():
        counted = [row[0] for row in rows]
        _, anew, once = rows[-1]
        figures = "".join(f"{one:8.2f}" for one in counted)
        print(f"{name:10}{figures}{anew:15,.0f}{once:7.2f}{counted[2] / once:9.1f}{counted[2] / counted[0]:12.2f}")
    print(f"the whole meter, English: {metered():.2f}")


if __name__ == "__main__":
    main()
