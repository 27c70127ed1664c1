"""Rows of the table: figures with their goals, and how sure they are."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")

__all__ = ["Figure", "Plan", "Row", "column", "in_turn", "number", "ratios", "spread"]


@dataclass(frozen=True)
class Plan:
    """How much is measured: ``quick`` takes two minutes in all, and is less sure."""

    quick: bool = False
    rounds: int | None = None

    def of(self, full: int, quick: int) -> int:
        return quick if self.quick else full

    def rounds_of(self, full: int, quick: int) -> int:
        return self.of(full, quick) if self.rounds is None else self.rounds


@dataclass(frozen=True)
class Figure:
    """A number that is to be at most (or, ``at_least``) the goal; one value for each round."""

    unit: str
    values: Sequence[float]
    goal: float | None = None
    at_least: bool = False

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def aim(self) -> str:
        return "" if self.goal is None else f"{'>=' if self.at_least else '<='} {self.goal:g}"

    @property
    def verdict(self) -> str:
        if self.goal is None:
            return ""
        met = self.median >= self.goal if self.at_least else self.median <= self.goal
        sure = abs(self.median - self.goal) > spread(self.values)
        return ("met" if met else "missed") + ("" if sure else ", within the spread")

    @property
    def shown(self) -> str:
        noise = f" ± {number(spread(self.values))}" if len(self.values) > 1 else ""
        return number(self.median) + noise


@dataclass(frozen=True)
class Row:
    key: str
    title: str
    figures: Sequence[Figure] = ()
    left_out: str = field(default="", kw_only=True)
    """Why there are no more figures."""


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}" if value >= 0.001 else "0"


def spread(values: Sequence[float]) -> float:
    """Half the distance between the quartiles; between the ends, if there are fewer than four values."""
    if len(values) < 4:
        return (max(values) - min(values)) / 2
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return (high - low) / 2


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """Round by round, as both were measured in each."""
    return [own / other for own, other in zip(ours, theirs, strict=True)]


def column(rounds: Sequence[dict[str, Any]], key: str) -> list[float]:
    return [one[key] for one in rounds]


def in_turn(names: Sequence[T], rounds: int, measure: Callable[[T], Any]) -> dict[T, list[Any]]:
    """The values of each: A B C, then C B A, and so on, so that what changes with time hits all of them."""
    found: dict[T, list[Any]] = {name: [] for name in names}
    for number in range(rounds):
        for name in names if number % 2 == 0 else reversed(names):
            found[name].append(measure(name))
    return found
