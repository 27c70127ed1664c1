"""Rhythm and joining, on a virtual clock."""

from __future__ import annotations

import asyncio
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


TEXT = "Ein Wort,  dann 天空。 e\u0301a \N{MAN}\u200d\N{WOMAN} 🇩🇪🇫🇷\r\ndone"


@pytest.mark.parametrize("unit", ["char", "word"])
def test_pieces_are_those_of_the_text_not_of_its_deltas(unit):
    wanted = [text for _, text in paced(testing.script(TEXT).pipe(ops.smooth(unit)))]
    for pieces in testing.every_split(TEXT):
        assert [text for _, text in paced(testing.script(*filter(None, pieces)).pipe(ops.smooth(unit)))] == wanted


def test_what_has_no_end_is_shown_in_pieces_too():
    for unit, text in (("word", "x" * 5_000), ("char", "e" + "\u0301" * 2_000), ("word", "a" + " " * 500)):
        pieces = paced(testing.script(*text).pipe(ops.smooth(unit)))
        assert "".join(piece for _, piece in pieces) == text
        assert max(len(piece) for _, piece in pieces) <= 128


def arriving(moments, came):
    """Text that comes at moments, which are noted in ``came`` for each character."""

    async def body():
        for wait, text in moments:
            await asyncio.sleep(wait)
            came.extend([asyncio.get_running_loop().time()] * len(text))
            yield text

    return sk.from_text(body)


MOMENTS = st.lists(
    st.tuples(st.sampled_from([0, 0.001, 0.01, 0.05, 0.7, 3]), st.text("ab 天", max_size=60)), max_size=25
)


@given(MOMENTS, st.sampled_from(["char", "word"]), st.sampled_from([0.02, 0.3]), st.sampled_from([0.0, 0.5]))
@settings(max_examples=60)
def test_nobody_waits_longer_than_the_lag_and_the_order_stays(moments, unit, every, lag):
    """Bursts are drained, and a stall does not keep back what came before it."""
    came, shown = [], []

    async def main():
        loop = asyncio.get_running_loop()
        stream = arriving(moments, came).pipe(ops.smooth(unit, every=every, lag=lag))
        return await sk.start(stream, sk.on(text=lambda text: shown.append((loop.time(), text))))

    reply = testing.clock().run_coroutine(main())
    assert reply.text == "".join(text for _, text in shown) == "".join(text for _, text in moments)
    times = [time for time, text in shown for _ in text]
    assert all(-1e-6 <= time - then <= lag + 2 * every + 1e-6 for then, time in zip(came, times, strict=True))


def test_in_a_steady_stream_the_rhythm_is_that_of_the_pieces():
    """Words come in threes every 0.3 s and go out one every 0.1 s, without a gap."""
    times = paced(testing.script(*["one two three "] * 20, every=0.3).pipe(ops.smooth(every=0.1, lag=1)))
    gaps = [round(after - before, 3) for (before, _), (after, _) in pairwise(times[:-3])]
    assert set(gaps) == {0.1}


@pytest.mark.slow
@pytest.mark.parametrize("every", [0.001, 0.2])
def test_throttled_text_starves_neither_when_the_stream_is_fast_nor_when_it_stalls(every):
    pieces = ["x"] * 2000
    times = paced(testing.script(*pieces, every=every).pipe(ops.throttle_text(0.5)))
    gaps = [after - before for (before, _), (after, _) in pairwise(times)]
    assert max(gaps) <= 0.501 + every
    assert min(gaps[:-1]) >= 0.499
    assert "".join(text for _, text in times) == "x" * 2000


@given(MOMENTS, st.sampled_from([0.02, 0.5]))
@settings(max_examples=40)
def test_throttled_text_is_never_later_than_its_window(moments, every):
    came, shown = [], []

    async def main():
        loop = asyncio.get_running_loop()
        stream = arriving(moments, came).pipe(ops.throttle_text(every))
        return await sk.start(stream, sk.on(text=lambda text: shown.append((loop.time(), text))))

    reply = testing.clock().run_coroutine(main())
    assert reply.text == "".join(text for _, text in shown) == "".join(text for _, text in moments)
    times = [time for time, text in shown for _ in text]
    assert all(-1e-6 <= time - then <= every + 1e-6 for then, time in zip(came, times, strict=True))


@pytest.mark.parametrize("operator", [ops.smooth(every=5, lag=1e6), ops.throttle_text(1000)])
def test_completion_and_errors_come_at_once_with_all_that_is_left(operator):
    for fail in (None, sk.ApiError("no")):
        got = testing.clock().run(testing.script("a ", "b ", "c", fail=fail).pipe(operator))
        assert "".join(item.text for item in got.items if isinstance(item, sk.TextDelta)) == "a b c"
        assert got.ended_at == 0


@pytest.mark.parametrize("operator", [ops.smooth(every=5, lag=1e6), ops.throttle_text(1000)])
def test_a_cancelled_run_leaves_no_timer_and_shows_no_more(operator):
    got = testing.clock().run(testing.script("a ", "b ", "c ", "d", every=1).pipe(operator), until=2.5)
    assert got.cancelled_at == 2.5
    assert got.ended_at == 2.5
    assert len([item for item in got.items if isinstance(item, sk.TextDelta)]) == 1


def test_reasoning_has_the_rhythm_too_and_both_work_over_bare_text():
    events = [sk.ReasoningDelta("a b"), sk.TextDelta("c d"), sk.Finish("stop")]
    got = testing.clock().run(sk.stream(rx.of(*events)).pipe(ops.smooth(every=1)))
    assert got.items == [
        sk.ReasoningDelta("a "),
        sk.ReasoningDelta("b"),
        sk.TextDelta("c "),
        sk.TextDelta("d"),
        events[-1],
    ]
    assert testing.clock().run(sk.stream(rx.of("a b", "c d")).pipe(ops.smooth())).items == ["a ", "bc ", "d"]
    assert testing.clock().run(sk.stream(rx.of("a", "b", "c")).pipe(ops.throttle_text(1))).items == ["a", "bc"]


@pytest.mark.parametrize("options", [{"every": 0}, {"lag": -1}, {"unit": "sentence"}])
def test_options_that_make_no_sense_are_refused(options):
    with pytest.raises(ValueError, match=r"must|unit"):
        ops.smooth(**options)
    for every in (0, -1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="positive"):
            ops.throttle_text(every)
