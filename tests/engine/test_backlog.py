"""What waits in front of a slow sink."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from streamkit.engine.branches.backlog import KEPT, Backlog, Gap
from streamkit.engine.upstream import weight
from streamkit.events import Finish, ReasoningDelta, Reply, TextDelta, ToolCall, Usage, UsageUpdate

EVENTS = st.one_of(
    st.builds(TextDelta, st.text(min_size=1, max_size=3), st.integers(0, 1)),
    st.builds(ReasoningDelta, st.text(min_size=1, max_size=3), st.just(0)),
    st.text(min_size=1, max_size=3),
    st.just(ToolCall("a", "f", "{}")),
    st.just(UsageUpdate(Usage(1))),
    st.just(Finish("stop")),
    st.integers(),
)


def emptied(backlog):
    out = []
    while len(backlog):
        out.append(backlog.take()[0])
    return out


def spread(items):
    """Every character with its kind and choice, every other item as it is."""
    out = []
    for item in items:
        if isinstance(item, str):
            out += [(str, 0, char) for char in item]
        elif isinstance(item, (TextDelta, ReasoningDelta)):
            out += [(type(item), item.index, char) for char in item.text]
        else:
            out.append(item)
    return out


@pytest.mark.slow
@given(st.lists(EVENTS, max_size=30), st.integers(1, 5))
def test_conflating_loses_and_moves_nothing(items, capacity):
    backlog = Backlog("conflate", capacity, 10**6)
    for item in items:
        backlog.put(item, 0.0)
    count = len(backlog)
    out = emptied(backlog)
    assert spread(out) == spread(items)
    assert count == len(items) - backlog.merged


@given(st.lists(EVENTS, max_size=30), st.integers(1, 5))
def test_dropping_keeps_the_newest_and_what_must_never_go(items, capacity):
    backlog = Backlog("drop_oldest", capacity, 10**6)
    for item in items:
        backlog.put(item, 0.0)
    out = emptied(backlog)
    assert [item for item in out if type(item) in KEPT] == [item for item in items if type(item) in KEPT]
    assert len(out) == len(items) - backlog.dropped
    if items:
        assert out[-1] == items[-1]
    assert backlog.dropped == 0 or len(items) > capacity


def test_a_gap_tells_what_is_missing_once():
    backlog = Backlog("drop_oldest", 2, 10**6)
    for number in range(5):
        backlog.put(number, 0.0)
    assert [backlog.take()[::2] for _ in range(2)] == [(3, Gap(3, 0, 2)), (4, None)]


def test_latest_keeps_one_and_always_the_last():
    backlog = Backlog("latest", 1024, 10**6)
    for text in ("a", "ab", "abc"):
        backlog.put(text, 0.0)
    assert emptied(backlog) == ["abc"]


def test_full_is_told_by_items_and_by_bytes():
    by_items, by_bytes = Backlog("wait", 2, 10**6), Backlog("conflate", 10, 200)
    for backlog, item in ((by_items, 1), (by_bytes, "x" * 50)):
        backlog.put(item, 0.0)
        assert not backlog.full
        for _ in range(3):
            backlog.put(item, 0.0)
        assert backlog.full
    assert (len(by_bytes), by_bytes.merged) == (1, 3)
    by_bytes.take()
    assert not by_bytes.full
    by_items.clear()
    assert not by_items.full


def test_the_reply_is_never_dropped():
    backlog = Backlog("latest", 1, 10**6)
    backlog.put(Reply(), 0.0)
    backlog.put("later", 0.0)
    assert emptied(backlog) == [Reply(), "later"]


def running(count):
    return UsageUpdate(Usage(1, count, origin="exact"))


@given(st.lists(st.one_of(EVENTS, st.builds(running, st.integers(1, 9))), max_size=30))
def test_conflating_lets_go_of_running_counts_only_for_later_ones(items):
    backlog = Backlog("conflate", 5, 10**6)
    for item in items:
        backlog.put(item, 0.0)
    count = len(backlog)
    out = emptied(backlog)
    backlog.put("last", 0.0)
    for room, full in ((weight("last"), True), (weight("last") + 1, False)):  # there are no other bytes than these
        backlog.max_bytes = room
        assert backlog.full is full
    assert count == len(items) - backlog.merged
    plain = [item for item in spread(items) if type(item) is not UsageUpdate or item.usage.origin == "provider"]
    assert [item for item in spread(out) if item in plain] == plain
    counts = [item for item in items if type(item) is UsageUpdate and item.usage.origin == "exact"]
    assert [item for item in out if item in counts][-1:] == counts[-1:]


def test_a_metered_reply_needs_no_more_room_than_another():
    conflating, dropping = Backlog("conflate", 100, 10**6), Backlog("drop_oldest", 10, 10**6)
    for count in range(1, 500):
        for item in (TextDelta("word "), running(count)):
            conflating.put(item, 0.0)
            dropping.put(item, 0.0)
    assert not dropping.full
    assert emptied(conflating) == [TextDelta("word " * 499), running(499)]
    assert emptied(dropping)[-1] == running(499)
