"""A typewriter: units of every kind, what comes between the pieces, and a rhythm that goes on after the end."""

from __future__ import annotations

import asyncio
import math
import re
from collections import Counter
from itertools import pairwise

import pytest
import reactivex as rx
import regex
from hypothesis import given, settings, strategies as st
from reactivex import operators as rxo
from reactivex.subject import Subject

import streamkit as sk
from streamkit import operators as ops, testing
from streamkit.engine.upstream import RunScheduler


def events_of(*events):
    return sk.stream(rx.of(*events))


def recorded(stream, **options):
    return testing.clock().run(stream, **options)


def texts(got):
    """Times (rounded to milliseconds) and texts of the answer."""
    return [
        (round(time, 3), item.text)
        for time, item in zip(got.times, got.items, strict=True)
        if isinstance(item, sk.TextDelta)
    ]


def typewriter(**options):
    return ops.smooth(finish="keep_pace", **options)


# -- the end -----------------------------------------------------------------------------------------------------------


def test_the_rhythm_goes_on_after_the_end_which_then_comes_late():
    got = recorded(testing.script("a b c d e f").pipe(typewriter(every=0.1, lag=10)))
    assert texts(got) == [(0, "a "), (0.1, "b "), (0.2, "c "), (0.3, "d "), (0.4, "e "), (0.5, "f")]
    assert [item.type for item in got.items[-2:]] == ["finish", "reply"]
    assert (got.times[-1], got.ended_at) == (0.5, 0.5)
    assert (got.reply.text, got.reply.outcome) == ("a b c d e f", "complete")


def test_an_error_comes_when_all_before_it_was_shown():
    for fail in (sk.ApiError("no"), sk.BrokenError("lost")):
        got = recorded(testing.script("a b c", fail=fail).pipe(typewriter(every=1, lag=10)))
        assert texts(got) == [(0, "a "), (1, "b "), (2, "c")]
        assert type(got.error) is type(fail)
        assert (got.ended_at, got.error.partial.text) == (2, "a b c")


@pytest.mark.parametrize(("lag", "most", "last"), [(0.5, 8, 0.48), (2, 2, 1.98), (math.inf, 1, 3.98), (0, 199, 0.02)])
def test_a_burst_with_the_end_is_spread_so_many_at_a_time(lag, most, last):
    got = recorded(testing.script("w " * 200).pipe(typewriter(lag=lag)))
    times = Counter(time for time, _ in texts(got))
    assert max(times.values()) == most
    assert round(got.ended_at, 2) == last
    assert {round(after - before, 3) for before, after in pairwise(times)} <= {0.02}


@pytest.mark.parametrize("words", [1, 24, 25])
def test_up_to_lag_by_every_pieces_are_never_shown_several_at_once(words):
    burst = testing.script("first ", "w " * words, "later", every=3)
    for operator in (ops.smooth(), typewriter()):
        shown = Counter(time for time, text in texts(recorded(burst.pipe(operator))) if text == "w ")
        assert set(shown.values()) == {1}


def test_what_passes_after_the_end_is_cancelled_with_the_run():
    got = recorded(testing.script("a b c d e f").pipe(typewriter(every=1, lag=60)), until=2.5)
    assert [text for _, text in texts(got)] == ["a ", "b ", "c "]
    assert (got.cancelled_at, got.ended_at) == (2.5, 2.5)
    taken = recorded(testing.script("a b c d e f").pipe(typewriter(every=1, lag=60), ops.text(), rxo.take(2)))
    assert (taken.items, taken.ended_at) == (["a ", "b "], 1)


def test_the_request_is_over_when_the_server_ends_not_when_the_rhythm_does():
    async def main():
        with testing.client("a b c d e f", limits=sk.Limits(total=2)) as client:
            run = sk.start(client.chat("?").pipe(ops.time_limits(total=2), typewriter(every=1, lag=60)), sk.on())
            await asyncio.sleep(1)
            assert client.requests[0].outcome == "done"
            assert run.reply.text == "a b c d e f"
            return await run

    assert testing.clock().run_coroutine(main()).outcome == "complete"


def test_loops_and_branches_see_all_of_it():
    async def main():
        loop, shown = asyncio.get_running_loop(), []
        stream = testing.script("a b c").pipe(typewriter(every=1, lag=60))
        began = loop.time()
        items = [item async for item in stream]
        assert (loop.time() - began, items[-1].text) == (2, "a b c")
        reply = await sk.start(stream, sk.branch(ops.text(), into=shown.append))
        assert (reply.text, shown) == ("a b c", ["a ", "b ", "c"])
        assert (await stream).text == "a b c"

    testing.clock().run_coroutine(main())


def test_in_real_time_it_ends_too():
    pieces = []
    reply = sk.run(testing.script("a b c").pipe(typewriter(every=0.001)), sk.on(text=pieces.append))
    assert (pieces, reply.text) == (["a ", "b ", "c"], "a b c")
    assert [item.type for item in testing.script("a b c").pipe(typewriter(every=0.001))][-1] == "reply"


@pytest.mark.slow
def test_what_waits_holds_the_source_and_is_all_shown():
    pulled = []

    def body():
        for number in range(60):
            pulled.append(number)
            yield "w " * 100

    async def main():
        run = sk.start(sk.from_text(list_of(body)).pipe(typewriter(every=1, lag=math.inf)), sk.on())
        await asyncio.sleep(10)
        assert 40 < len(pulled) < 50
        return await run

    async def list_of_async(make):
        for piece in make():
            yield piece

    def list_of(make):
        return lambda: list_of_async(make)

    assert len(testing.clock().run_coroutine(main()).text) == 12_000
    assert len(pulled) == 60


# -- what is not text --------------------------------------------------------------------------------------------------

USAGE = sk.UsageUpdate(sk.Usage(1, 2, 3))


@pytest.mark.parametrize("operator", [ops.smooth(every=1, lag=60), typewriter(every=1, lag=60)])
def test_what_is_not_text_stays_in_its_place_and_lets_nothing_out(operator):
    call = sk.ToolCallDelta("{}", 0, "x", "f")
    got = recorded(
        events_of(sk.Start(), sk.TextDelta("a b c"), call, sk.TextDelta("d e "), USAGE, sk.TextDelta("f g")).pipe(
            operator
        )
    )
    assert got.items == [
        sk.Start(),
        *map(sk.TextDelta, ("a ", "b ", "c")),
        call,
        *map(sk.TextDelta, ("d ", "e ")),
        USAGE,
        *map(sk.TextDelta, ("f ", "g")),
    ]
    assert got.times[:5] in ([0, 0, 0, 0, 0], [0, 0, 1, 2, 2])


@pytest.mark.parametrize("beside", [USAGE, sk.LogprobsDelta({"content": []}), sk.Other("x")])
def test_usage_and_the_like_in_the_midst_of_a_word_do_not_cut_it(beside):
    pieces = [item for letter in "one two three" for item in (sk.TextDelta(letter), beside)]
    got = recorded(events_of(*pieces, sk.Finish("stop")).pipe(typewriter(every=0.1, lag=60)))
    assert [text for _, text in texts(got)] == ["one ", "two ", "three"]
    assert got.items.count(beside) == 13
    shown = 0
    for number, item in enumerate(got.items):  # each comes after the text that it came after
        if item == beside:
            text = "".join(one.text for one in got.items[:number] if isinstance(one, sk.TextDelta))
            shown += 1
            assert len(text) >= shown


@pytest.mark.parametrize("empty", [sk.TextDelta(""), sk.ReasoningDelta(""), sk.TextDelta("", 1)])
@pytest.mark.parametrize("unit", ["word", "line", re.compile(r"\s"), lambda waiting: waiting[:2]])
def test_empty_deltas_take_no_time_and_keep_their_place(empty, unit):
    events = [sk.TextDelta("a\nb\n"), *[empty] * 5, sk.TextDelta("c\nd"), empty, sk.Finish("stop")]
    got = recorded(events_of(empty, *events).pipe(ops.smooth(unit, every=1, lag=math.inf, finish="keep_pace")))
    assert [
        (time, item.text) for time, item in zip(got.times, got.items, strict=True) if getattr(item, "text", "")
    ] == [
        (0, "a\n"),
        (1, "b\n"),
        (2, "c\n"),
        (3, "d"),
    ]
    assert [number for number, item in enumerate(got.items) if item == empty] == [0, 3, 4, 5, 6, 7, 10]
    assert recorded(events_of(*[empty] * 50).pipe(typewriter(every=1))).ended_at == 0


@pytest.mark.parametrize("beside", ["", USAGE, sk.Other("x")])
@pytest.mark.parametrize("unit", ["word", "line", re.compile(r"(?<=\n)\n|(?<=b)c"), "char"])
def test_what_comes_beside_the_text_ends_no_piece_of_it(beside, unit):
    text = "a\n\nbc bc\r\nd"
    wanted = recorded(sk.stream(rx.of(text)).pipe(typewriter(unit=unit))).items
    source = sk.stream(rx.of(*[item for letter in text for item in (letter, beside)]))
    assert [item for item in recorded(source.pipe(typewriter(unit=unit))).items if item != beside] == wanted


def test_a_meter_above_leaves_the_rhythm_alone():
    stream = testing.script(*["one two ", "three four ", "five "]).pipe(ops.meter(), typewriter(every=1, lag=60))
    assert [time for time, _ in texts(recorded(stream))] == [0, 1, 2, 3, 4]


def test_no_number_of_other_events_waits_for_the_end_of_a_line():
    events = [sk.TextDelta("x"), *[sk.Other(str(number)) for number in range(10_000)]]
    source = rx.concat(rx.from_iterable(events), rx.timer(50), rx.of(sk.TextDelta("y\n")))
    got = recorded(sk.stream(source).pipe(ops.of_type(object), typewriter(unit="line")))
    assert [item.name for item in got.items if isinstance(item, sk.Other)] == [str(number) for number in range(10_000)]
    assert [text for _, text in texts(got)] == ["x", "y\n"]


def test_text_and_reasoning_of_several_choices_are_cut_each_by_itself_and_stay_in_order():
    events = [
        sk.ReasoningDelta("hm"),
        sk.TextDelta("Wo", 1),
        sk.ReasoningDelta("m, so"),
        sk.TextDelta("rd one", 1),
        sk.TextDelta("An ans"),
        sk.TextDelta(" more", 1),
        sk.TextDelta("wer"),
        sk.Finish("stop", 0),
        sk.TextDelta("over", 1),
        sk.Finish("stop", 1),
    ]
    got = recorded(events_of(*events).pipe(typewriter(every=1, lag=60)))
    assert [item for item in got.items if item.type != "finish" and item.index == 0] == [
        sk.ReasoningDelta("hmm, "),
        sk.ReasoningDelta("so"),
        sk.TextDelta("An "),
        sk.TextDelta("answer"),
    ]
    assert [item.text for item in got.items if item.type == "text.delta" and item.index == 1] == [
        "Word ",
        "one ",
        "moreover",
    ]
    assert got.items.index(events[7]) > got.items.index(sk.TextDelta("answer"))
    assert got.items[-1] == events[-1]


def test_a_word_that_stalls_in_one_choice_is_shown_while_another_goes_on():
    def body():
        return rx.concat(
            rx.of(sk.TextDelta("stal", 1)),
            rx.interval(0.05).pipe(rxo.take(200), rxo.map(lambda number: sk.TextDelta("w w w w ", 0))),
        )

    got = recorded(sk.stream(body()).pipe(ops.smooth(every=0.02, lag=0.5)))
    first = next(time for time, item in zip(got.times, got.items, strict=True) if item.index == 1)
    assert first <= 0.5 + 2 * 0.02


@pytest.mark.parametrize("finish", ["at_once", "keep_pace"])
def test_what_an_observer_pushes_into_its_own_source_comes_after_what_is_being_shown(finish):
    async def main():
        source, seen = Subject(), []

        def see(item):
            seen.append(item)
            if item == "b ":
                source.on_next(5)
                source.on_completed()

        done = asyncio.get_running_loop().create_future()
        source.pipe(ops.smooth(every=0.1, lag=0, finish=finish)).subscribe(
            see, on_completed=lambda: done.set_result(None), scheduler=RunScheduler(asyncio.get_running_loop())
        )
        source.on_next("a b c d")
        await done
        return seen

    assert testing.clock().run_coroutine(main()) == ["a ", "b ", "c ", "d", 5]


def test_a_restart_ends_what_was_begun():
    events = [sk.TextDelta("a b"), sk.Restart("lost"), sk.TextDelta("c d")]
    got = recorded(events_of(*events).pipe(typewriter(every=1)))
    assert got.items == [sk.TextDelta("a "), sk.TextDelta("b"), events[1], sk.TextDelta("c "), sk.TextDelta("d")]


# -- units -------------------------------------------------------------------------------------------------------------

TEXT = "One. Two?\r\n\r\nthree\rfour\u2028\nDrei... und 天空。 vier!\n\nend\ud83d \N{MAN}\u200d\N{WOMAN}\x00 "


def by_four(waiting):
    return waiting[:4] if len(waiting) >= 4 else None


UNITS = {
    "line": ("line", ["One. Two?\r\n", "\r\n", "three\r", "four\u2028\n", None]),
    "a pattern": (re.compile(r"[.!?。]+\s*"), ["One. ", "Two?\r\n\r\n", "three\rfour\u2028\nDrei... ", None]),
    "a pattern that looks ahead": (regex.compile(r"\s(?=[A-Z])"), ["One. ", "Two?\r\n\r\nthree\rfour\u2028\n", None]),
    "a pattern that looks behind": (re.compile(r"(?<=\n)\n"), [TEXT[: TEXT.index("end")], None]),
    "a pattern that is not there": (re.compile("xyz"), [TEXT]),
    "a function": (by_four, ["One.", " Two", "?\r\n\r", None]),
    "char": ("char", [*"One. Two?", "\r\n", "\r\n", None]),
}


@pytest.mark.slow
@pytest.mark.parametrize(("unit", "wanted"), UNITS.values(), ids=UNITS)
def test_pieces_are_those_of_the_text_at_every_split(unit, wanted):
    results = []
    for pieces in testing.every_split(TEXT):
        source = sk.stream(rx.from_iterable(filter(None, pieces)))
        results.append(recorded(source.pipe(ops.smooth(unit, finish="keep_pace", lag=math.inf))).items)
    assert "".join(results[0]) == TEXT
    assert results[0][: len(wanted)] == wanted or results[0][: len(wanted) - 1] == wanted[:-1]
    assert all(items == results[0] for items in results)


@pytest.mark.slow
@given(st.text("ab \r\n.天\u0301\u3099\U0001f1e9\u200d\ud83d", max_size=400), st.randoms(use_true_random=False))
@settings(max_examples=60)
@pytest.mark.parametrize("unit", ["word", "char", "line", re.compile(r"\.+ ?|a(?!b)")])
def test_pieces_do_not_depend_on_the_cuts(unit, text, rng):
    def cut(most):
        pieces, at = [], 0
        while at < len(text):
            pieces.append(text[at : at + rng.randint(1, most)])
            at += len(pieces[-1])
        return recorded(sk.stream(rx.from_iterable(pieces)).pipe(ops.smooth(unit, finish="keep_pace"))).items

    assert cut(1) == cut(9) == cut(400)


def test_a_line_waits_until_it_is_whole_and_is_shown_at_once_then():
    got = recorded(testing.script("one", " line\ntwo", " lines\n", "rest", every=1).pipe(ops.smooth("line")))
    assert texts(got) == [(1, "one line\n"), (2, "two lines\n"), (3, "rest")]


def test_what_a_pattern_matches_waits_while_it_may_still_grow():
    got = recorded(testing.script("a.", ".", ".b", every=1).pipe(ops.smooth(re.compile(r"\.+"))))
    assert texts(got) == [(2, "a..."), (2, "b")]


def test_pieces_without_an_end_are_cut_at_a_length():
    text = "x" * 20_000
    for unit in ("line", re.compile("y"), lambda waiting: None):
        for pieces in ([text], [text[at : at + 7] for at in range(0, len(text), 7)]):
            got = recorded(sk.stream(rx.from_iterable(pieces)).pipe(ops.smooth(unit, finish="keep_pace")))
            assert [len(piece) for piece in got.items] == [8192, 8192, 3616]


async def cannot_wait(waiting):
    return waiting


def failing(waiting):
    if len(waiting) > 3:
        raise KeyError("mine")
    return waiting


@pytest.mark.parametrize(
    ("unit", "error", "before"),
    [
        (lambda waiting: "no", ValueError, []),
        (lambda waiting: "", ValueError, []),
        (lambda waiting: 5, TypeError, []),
        (lambda waiting: next(iter(())), sk.SinkError, []),
        (failing, KeyError, ["a b"]),
    ],
)
@pytest.mark.parametrize("finish", ["at_once", "keep_pace"])
def test_a_function_that_gives_something_else_ends_the_stream_and_the_request(unit, error, before, finish):
    async def main():
        with testing.client(testing.Script(["a b", "cdefg", "h"], stall_after=2)) as client:
            shown = []
            run = sk.start(client.chat("?").pipe(ops.smooth(unit, finish=finish)), sk.on(text=shown.append))
            with pytest.raises(error, match=r"unit|mine"):
                await run
            assert run.reply.text.startswith("".join(shown))
            assert shown == [*before, "a b" if not before else "cdefg"]
            await asyncio.sleep(1)
            assert client.requests[0].outcome == "cancelled"

    testing.clock().run_coroutine(main())


def test_a_pattern_that_takes_too_long_ends_the_stream_and_loses_no_text(monkeypatch):
    monkeypatch.setattr("streamkit.stages.rewriting.matching.SECONDS", 0.01)
    text = "so " + "a" * 60
    got = recorded(testing.script(text, "b", every=1).pipe(typewriter(unit=re.compile(r"(a|aa)+$"))))
    assert isinstance(got.error, sk.StreamkitError)
    assert "takes too long" in str(got.error)
    assert got.error.partial.text.startswith("so a")
    assert "".join(piece for _, piece in texts(got)).startswith("so a")


class Failing:
    """A cutter that cannot decide at the end, and then gives what it holds."""

    patient = True

    def __init__(self):
        self._text, self._asked = "", False

    @property
    def holds(self):
        return self._text != ""

    def feed(self, text):
        self._text += text
        return []

    def flush(self):
        if not self._asked:
            self._asked = True
            raise KeyError("takes too long")
        text, self._text = self._text, ""
        return [text]


@pytest.mark.parametrize("finish", ["at_once", "keep_pace"])
@pytest.mark.parametrize("end", [[], [sk.Finish("stop", 1), sk.TextDelta("more")], [sk.Restart("lost")]])
def test_what_fails_at_the_end_loses_no_text_of_any_choice(monkeypatch, finish, end):
    monkeypatch.setattr("streamkit.operators.timing.cutters", lambda unit: Failing)
    events = [sk.TextDelta("one"), sk.TextDelta("two", 1), sk.ReasoningDelta("three", 2)]
    got = recorded(events_of(*events, *end).pipe(ops.smooth(every=0.1, finish=finish)))
    assert isinstance(got.error, KeyError)
    assert sorted(item.text for item in got.items) == ["one", "three", "two"]


def test_a_piece_that_a_function_gives_is_plain_text():
    class Own(str):
        def __str__(self):
            return "other"

    got = recorded(sk.stream(rx.of("a b c")).pipe(typewriter(unit=lambda waiting: Own(waiting[:2]), every=1, lag=9)))
    assert ([*map(type, got.items)], got.items, got.times) == ([str] * 3, ["a ", "b ", "c"], [0, 1, 2])


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"unit": "sentence"}, ValueError),
        ({"unit": re.compile("x*")}, ValueError),
        ({"unit": re.compile(b"x")}, TypeError),
        ({"unit": 5}, TypeError),
        ({"finish": "late"}, ValueError),
        ({"every": math.nan}, ValueError),
        ({"every": math.inf}, ValueError),
        ({"every": 0}, ValueError),
        ({"every": -1}, ValueError),
        ({"lag": math.nan}, ValueError),
        ({"lag": -0.1}, ValueError),
        ({"lag": -math.inf}, ValueError),
        ({"unit": cannot_wait}, TypeError),
    ],
)
def test_mistakes_are_told_when_the_operator_is_made(options, error):
    with pytest.raises(error):
        ops.smooth(**options)


def test_a_piece_that_is_a_delta_keeps_what_the_server_sent():
    event = sk.TextDelta("天", raw={"id": 1})
    last = sk.TextDelta("end", raw={"id": 2})
    got = recorded(events_of(event, last, sk.Finish("stop")).pipe(typewriter()))
    assert [item.raw for item in got.items[:2]] == [{"id": 1}, {"id": 2}]
    assert recorded(events_of("", "a", "").pipe(typewriter())).items == ["", "a", ""]
