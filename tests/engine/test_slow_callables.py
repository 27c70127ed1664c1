"""A plain callable is called in place: one that is slow holds up everything, and the figures of the run say which."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

import streamkit as sk
from streamkit import ops, sinks, testing
from tests.work import timed, work


def quick(item: Any) -> None: ...


def slow(item: Any) -> None:
    work(0.125)


def often(item: Any) -> None:
    work(0.03125)


def once(item: Any) -> None:
    if isinstance(item, sk.Start):
        work(0.125)


def stats_of(*branches: Any) -> dict[str, Any]:
    with timed():
        run = sk.start(testing.script(*"abcdefghij"), *branches)
        run.result()
    return run.stats


def test_a_slow_plain_callable_is_named_in_the_stats(caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.WARNING, "streamkit"):
        stats = stats_of(quick, slow, sinks.memory())
    assert stats["slow"].blocked >= 0.125 * 12  # not the first: it is not known yet whose it was
    assert stats["quick"].blocked == stats["Memory"].blocked == 0
    assert "blocked=1." in repr(stats["slow"])
    assert "sink slow blocks" in caplog.text
    assert "sinks.threaded()" in caplog.text


@pytest.mark.parametrize(
    ("branches", "least"),
    [
        ([often], 0.03125 * 13),
        ([often, quick], 0.03125 * 12),
        ([sk.branch(ops.text(), into=often), quick], 0.03125 * 10),
        ([once], 0.125),
    ],
    ids=["alone", "beside another", "behind operators", "once"],
)
def test_many_short_waits_come_to_as_much_as_a_long_one(branches: list[Any], least: float):
    assert stats_of(*branches)["once" if branches == [once] else "often"].blocked >= least


@pytest.mark.parametrize("wrap", [sinks.threaded, lambda sink: sk.on(event=quick)], ids=["threaded", "quick"])
def test_what_holds_up_nothing_has_blocked_nothing(wrap: Callable[[Any], Any]):
    (figures,) = stats_of(wrap(often)).values()
    assert figures.blocked == 0
    assert figures.delivered == 13


def test_the_figures_stay_when_the_run_is_over_and_when_the_sink_becomes_async():
    class Both:
        """Blocks first, and answers with something to await later."""

        def write(self, item: Any) -> Any:
            if isinstance(item, sk.Reply):
                return _nothing()
            return work(0.03125)

    assert stats_of(Both())["Both"].blocked >= 0.03125 * 12


async def _nothing() -> None: ...
