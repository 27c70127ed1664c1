"""Work that takes no time: it moves the clock by which, within `timed`, the package times plain sinks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from streamkit.engine.branches import rounds, sink_calls

__all__ = ["timed", "work"]


class _Clock:
    now = 0.0


def work(seconds: float) -> None:
    _Clock.now += seconds


@contextmanager
def timed() -> Iterator[None]:
    """A clock that begins at 0: sums of fractions of 2 are exact."""
    _Clock.now = 0.0
    with pytest.MonkeyPatch.context() as patch:
        for module in (rounds, sink_calls):
            patch.setattr(module, "perf_counter", lambda: _Clock.now)
        yield
