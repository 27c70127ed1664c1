"""Places in a JSON document: ``"orders.0.lines"``, ``"groups.*.items"``, ``""`` for the whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

__all__ = ["JsonPath", "Steps"]

Steps: TypeAlias = "str | Sequence[str | int]"


class JsonPath:
    """Steps from the root: names of keys, numbers of list items (also as digits), ``*`` for any of them.

    A sequence of steps serves for keys that hold a dot; there only an int is a number and ``"*"`` is still any.
    """

    __slots__ = ("_steps",)

    def __init__(self, steps: Steps = "") -> None:
        if isinstance(steps, bytes) or not isinstance(steps, Sequence):
            raise TypeError(f"path is a str with dots, or a list of keys and numbers, not {steps!r}")
        parts = steps.split(".") if steps and isinstance(steps, str) else list(steps)
        for step in parts:
            if isinstance(step, bool) or not isinstance(step, (str, int)):
                raise TypeError(f"a step of a path is a key or a number, not {step!r}")
            if isinstance(steps, str) and not step:
                raise ValueError(f"the path {steps!r} has an empty step; for such keys pass a list of steps")
        self._steps: tuple[str | int, ...] = tuple(parts)
        if isinstance(steps, str):
            self._steps = tuple(_number(step) for step in self._steps)

    def __len__(self) -> int:
        return len(self._steps)

    def fits(self, level: int, key: str | int) -> bool:
        """True if ``key`` (an int in a list) may be the step at ``level``."""
        step = self._steps[level]
        return step in ("*", key) or (isinstance(step, int) and str(step) == key)

    def __str__(self) -> str:
        return ".".join(map(str, self._steps))


def _number(step: str | int) -> str | int:
    return int(step) if isinstance(step, str) and step.isascii() and step.isdigit() and str(int(step)) == step else step
