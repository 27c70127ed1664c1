"""Nanoseconds per character of `Segments`, fed in pieces of four, next to sentencex on the whole text at once.

Run it by hand: ``python tests/benchmarks/bench_segments.py``. Read the ratios and whether a row stays flat, not the
figures: they are of one run.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

from streamkit.stages import Segments
from streamkit.stages.segments.boundary import RuleJudge

SIZES = (2_000, 20_000, 200_000)
ROUNDS = 5
PIECE = 4  # characters, about a token

TEXTS = {
    "English": (
        "The kettle on the stove began to sing, and nobody minded. Dr. Novak paid 3.50 for it at 5 p.m. on Friday (see"
        ' fig. 2). "Is it hot?" she asked. It was, so they waited for a while and talked of other things. '
    ),
    "Chinese": "水壶开始唱歌，谁也不在意。为什么呢？因为大家都在等茶！他说：“快好了。”然后就去拿杯子了。",
    "Markdown": (
        "## Tea\n\n- Boil the *water*, all of it.\n- Wait. Then `pour(water)`, slowly.\n\n| cup | size |\n|---|---|\n\n"
        "```python\nfor cup in cups:\n    cup.fill(0.25)\n```\n\nSee [more](https://tea.example/a.b) for **more**.\n\n"
    ),
    "no boundary": "word ",
    "open bracket": "a. b ",
    "open fence": "x = 1\n",
    "all marks": "A. ",
}
OPENING = {"open bracket": "(", "open fence": "```\n"}


def fed(text: str, **options: Any) -> None:
    stage = Segments(**options)
    for at in range(0, len(text), PIECE):
        stage.feed(text[at : at + PIECE])
    stage.flush()


def candidates() -> dict[str, Callable[[str], object]]:
    made: dict[str, Callable[[str], object]] = {
        "sentence": fed,
        "sentence, rules": lambda text: fed(text, judge=RuleJudge()),
        "word": lambda text: fed(text, unit="word"),
        "paragraph": lambda text: fed(text, unit="paragraph"),
    }
    try:
        from sentencex import segment
    except ImportError:
        return made
    return {**made, "sentencex, whole": lambda text: segment("en", text)}


def measure(work: Callable[[str], object], text: str) -> float:
    """Median CPU nanoseconds per character."""
    times = []
    for _ in range(ROUNDS if len(text) < 100_000 else 1):
        begin = time.process_time_ns()
        work(text)
        times.append((time.process_time_ns() - begin) / len(text))
    return statistics.median(times)


def main() -> None:
    print(f"{'ns per character at':30}", *(f"{size:>9,}" for size in SIZES))
    for name, unit in TEXTS.items():
        for title, work in candidates().items():
            texts = [(OPENING.get(name, "") + unit * (size // len(unit) + 1))[:size] for size in SIZES]
            print(f"{name:13} {title:16}", *(f"{measure(work, text):9,.0f}" for text in texts), flush=True)


if __name__ == "__main__":
    main()
