"""The matrix: whatever is raised anywhere, of whatever kind, comes out of every door, and disturbs nobody else.

Each case makes a stream with a fault in one place, reads it through one door on virtual time, beside a sibling sink and
another run of the same loop, and asks who heard of the fault and what was left. See `matrix` for the places, the kinds
and the doors.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from streamkit import testing
from streamkit.engine.loops.loop import live
from streamkit.errors import described
from tests.engine.matrix.doors import DOORS, Outcome, virtual_time
from tests.engine.matrix.kinds import KINDS, PASSING, Fault, behind
from tests.engine.matrix.places import PLACES, Place
from tests.reports import reported
from tests.waiting import until

LIKE_AN_END = (asyncio.CancelledError, GeneratorExit, StopIteration, StopAsyncIteration)
SEEN_OFF = ("sse", "batch")
"""Doors that tell of a failure and go on."""


@pytest.fixture(autouse=True)
def jumping(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with virtual_time(monkeypatch):
        yield


def doors_of(place: Place) -> list[str]:
    return [door for door in DOORS if place.events or door not in ("tool_loop", "sse")]


@pytest.mark.parametrize(("kind", "door"), [("Exception", "start, on a loop"), ("SystemExit", "for")])
@pytest.mark.parametrize("place", PLACES)
def test_it_comes_out_of_one_door(place: str, kind: str, door: str):
    check(PLACES[place], kind, door)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", PLACES)
def test_it_comes_out_of_every_door(place: str, kind: str):
    for door in doors_of(PLACES[place]):
        check(PLACES[place], kind, door)


def check(place: Place, kind: str, door: str) -> None:
    fault, outcome = Fault(KINDS[kind]), Outcome()
    setup = place.make(fault)
    with reported() as reports:
        DOORS[door](setup, outcome)
    outcome.told = reports.errors
    case = f"{place.name}, {kind}, {door}: raised {outcome.raised!r}, told {outcome.told}"

    assert outcome.left == [], case
    assert until(lambda: not live), f"{case}: {live} would hold up the exit"
    assert outcome.other == "on on on " or outcome.lost_loop, f"{case}: the other run gave {outcome.other!r}"
    assert outcome.sibling.closed == 1 or place.unopened, (
        f"{case}: the sibling was closed {outcome.sibling.closed} times"
    )
    if place.in_branch and kind == "Exception":
        assert len(outcome.sibling.items) == len(testing.clock().run(setup.stream()).items), f"{case}: the sibling"
    check_heard(fault, outcome, place, door, case)


def check_heard(fault: Fault, outcome: Outcome, place: Place, door: str, case: str) -> None:
    raised, error = outcome.raised, fault.error
    assert fault.raised or place.ends_silently(error), case
    assert not isinstance(raised, LIKE_AN_END), case
    if place.told and not isinstance(error, PASSING):  # the model is told, and the conversation goes on
        assert raised is None or isinstance(error, GeneratorExit), case
        return
    if isinstance(error, PASSING) and door != "sse":
        assert raised is error, case
    elif place.ends_silently(error):
        return
    else:
        assert any(heard_in(error, one) for one in heard(outcome)), case
    assert raised is not None or door in SEEN_OFF or place.name.startswith("batch"), case


def heard(outcome: Outcome) -> list[BaseException]:
    told = [outcome.raised, *outcome.told]
    told += [getattr(item, "error", None) for item in (*outcome.items, *outcome.sibling.items)]
    return [one for one in told if isinstance(one, BaseException)]


def heard_in(error: BaseException, told: BaseException) -> bool:
    """Whether ``told`` was made of ``error``, or, as there was other news, names it in a note."""
    if any(one is error for one in behind(told)):
        return True
    notes: list[Any] = [note for one in behind(told) for note in getattr(one, "__notes__", ())]
    return any(described(error) in note or f"raised {type(error).__name__}" in note for note in notes)
