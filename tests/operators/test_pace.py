"""Rhythm and joining, on a virtual clock."""

from __future__ import annotations

from itertools import pairwise

import pytest
import reactivex as rx
from hypothesis import given, settings, strategies as st

import streamkit as sk
from streamkit import operators as ops, testing


def paced(stream):
    """Times (rounded to milliseconds) and texts of what came."""
    got = testing.clock().run(stream.pipe(ops.of_type(sk.TextDelta)))
    return [(round(time, 3), item.text) for time, item in zip(got.times, got.items, strict=True)]


def test_words_come_one_by_one_in_a_steady_rhythm():
    times = paced(testing.script("one two three", "", every=10).pipe(ops.smooth(every=0.1, lag=10)))
    assert [text for _, text in times] == ["one ", "two ", "three"]
    assert [round(b - a, 3) for (a, _), (b, _) in pairwise(times)] == [0.1, 0.1]


def test_a_burst_is_shown_within_the_lag():
    words = "w " * 500
    times = paced(testing.script(words, "late", every=60).pipe(ops.smooth(every=0.02, lag=0.5)))
    burst = [time for time, text in times if text == "w "]
    assert len(burst) == 500
    assert burst[-1] - burst[0] <= 0.52


def test_the_end_comes_at_once_with_all_that_is_left():
    got = testing.clock().run(testing.script("a b c d e f").pipe(ops.smooth(every=1, lag=60)))
    assert got.times[-1] == got.times[0]
    assert got.reply.text == "a b c d e f"


def test_chinese_comes_by_character_and_a_grapheme_stays_whole():
    assert [text for _, text in paced(testing.script("天空 is").pipe(ops.smooth()))] == ["天", "空", " ", "is"]
    family = "\N{MAN}\u200d\N{WOMAN}\u200d\N{GIRL}"
    pieces = [text for _, text in paced(testing.script(f"e\u0301{family}x").pipe(ops.smooth("char")))]
    assert pieces == ["e\u0301", family, "x"]


def test_other_events_do_not_overtake_and_an_error_loses_nothing():
    failing = testing.script("a b c", tool_calls=[("f", "{}")], fail=sk.ApiError("no"))
    got = testing.clock().run(failing.pipe(ops.smooth(every=5, lag=60)))
    kinds = [item.type for item in got.items]
    assert kinds.index("tool_call.delta") > max(i for i, kind in enumerate(kinds) if kind == "text.delta")
    assert isinstance(got.error, sk.ApiError)


def test_throttled_text_is_joined_and_never_late():
    source = testing.script(*"abcdefghij", every=0.1)
    times = paced(source.pipe(ops.throttle_text(0.35)))
    assert "".join(text for _, text in times) == "abcdefghij"
    assert times[0][1] == "a"
    assert all(b - a >= 0.349 for (a, _), (b, _) in pairwise(times[:-1]))
    assert len(times) == 4


def test_throttling_keeps_kinds_and_choices_apart():
    events = [sk.TextDelta("a"), sk.TextDelta("b"), sk.TextDelta("c"), sk.ReasoningDelta("r"), sk.TextDelta("x", 1)]
    got = testing.clock().run(sk.stream(rx.of(*events, sk.Finish("stop"))).pipe(ops.throttle_text(1))).items
    assert got == [
        sk.TextDelta("a"),
        sk.TextDelta("bc"),
        sk.ReasoningDelta("r"),
        sk.TextDelta("x", 1),
        sk.Finish("stop"),
    ]


@pytest.mark.parametrize("operator", [ops.smooth("char", every=0.05), ops.throttle_text(0.3)])
@given(pieces=st.lists(st.text(max_size=8), max_size=8), every=st.sampled_from([0, 0.04, 1]))
@settings(max_examples=25)
def test_nothing_is_lost(operator, pieces, every):
    got = testing.clock().run(testing.script(*pieces, every=every).pipe(operator))
    assert got.reply.text == "".join(item.text for item in got.items if isinstance(item, sk.TextDelta))
    assert got.reply.text == "".join(pieces)


def test_text_that_waits_for_its_time_holds_the_source():
    pulled = []

    async def body():
        for number in range(1000):
            pulled.append(number)
            yield "w " * 100

    got = testing.clock().run(sk.from_text(body).pipe(ops.smooth(every=1, lag=1e9)), until=5)
    assert got.cancelled_at == 5
    assert 40 < len(pulled) < 50


@pytest.mark.parametrize("options", [{"every": 0}, {"lag": -1}, {"unit": "sentence"}])
def test_options_that_make_no_sense_are_refused(options):
    with pytest.raises(ValueError, match=r"must|unit"):
        ops.smooth(**options)
    with pytest.raises(ValueError, match="positive"):
        ops.throttle_text(0)
