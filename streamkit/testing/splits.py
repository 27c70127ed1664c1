"""Input cut in every way: for code that keeps state between items the cuts must make no difference."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import pairwise
from typing import TypeVar

__all__ = ["every_split"]

S = TypeVar("S", bytes, str)


def every_split(data: S, *, seed: int = 0, random_cuts: int = 5) -> Iterator[list[S]]:
    """Lists of pieces that each join to ``data``: whole; cut in two at every position; one byte (character of a str) at
    a time; and ``random_cuts`` seeded random cuts, with empty pieces among them.

    Cost: ``len(data)`` lists, so the work on each should be quick or ``data`` short.
    """
    yield [data]
    for position in range(1, len(data)):
        yield [data[:position], data[position:]]
    yield [data[position : position + 1] for position in range(len(data))]
    dice = random.Random(seed)
    for _ in range(random_cuts):
        cuts: list[int] = sorted(dice.choices(range(len(data) + 1), k=dice.randint(2, 12)))
        yield [data[start:end] for start, end in pairwise((0, *cuts, len(data)))]
