"""Policies, limits and ends of mailboxes, one by one, on a virtual clock. What sinks can do wrong: the matrix."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
import reactivex as rx
from reactivex import operators as rxo

import streamkit as sk
from streamkit import ops, sinks, testing
from tests.work import timed, work

WORDS = [f"{number} " for number in range(20)]


class Slow:
    """Takes ``delay`` virtual seconds over each item, and writes down what comes when."""

    def __init__(self, delay: float = 0.96) -> None:
        self.delay = delay
        self.items: list[Any] = []
        self.times: list[float] = []
        self.gaps: list[tuple[int, int, int]] = []
        self.ends: list[str] = []

    async def write(self, item: Any) -> None:
        self.items.append(item)
        self.times.append(round(asyncio.get_running_loop().time(), 3))
        await asyncio.sleep(self.delay)

    def close(self, reply: sk.Reply) -> None:
        self.ends.append(reply.outcome)


class Watchful(Slow):
    async def dropped(self, count: int, first: int, last: int) -> None:
        self.gaps.append((count, first, last))


async def stuck(item: Any) -> None:
    await asyncio.Event().wait()


def played(*branches: Any, stream: Any = None, until: float | None = None) -> testing.Recorded:
    return testing.clock().run(stream or testing.script(*WORDS, every=0.1), *branches, until=until)


async def counted(stream: Any, *branches: Any) -> dict[str, Any]:
    run = sk.start(stream, *branches)
    try:
        await run
    except sk.SinkError:
        pass
    return run.stats


# -- policies ------------------------------------------------------------------------------------------------------


def test_a_full_mailbox_holds_the_source():
    slow = Slow()
    got = played(sk.branch(ops.text(), into=slow, capacity=2))
    assert slow.items == WORDS
    assert got.times[-2] > 17, "the source was held"


def test_conflated_text_loses_nothing_and_holds_nobody():
    slow = Slow()
    got = played(sk.branch(ops.text(), into=slow, capacity=2, overflow="conflate"))
    assert slow.items == ["0 ", "".join(WORDS[1:10]), "".join(WORDS[10:])]
    assert max(got.times) < 2.1, "the source went on"


def test_a_conflated_delta_is_no_longer_what_the_server_sent():
    slow = Slow()
    played(sk.branch(into=slow, overflow="conflate"))
    deltas = [item for item in slow.items if isinstance(item, sk.TextDelta)]
    assert "".join(item.text for item in deltas) == "".join(WORDS)
    assert all((item.raw is None) == (item.text not in WORDS) for item in deltas)


def test_nothing_is_merged_across_other_events_or_choices():
    events = [
        sk.TextDelta("a"), sk.TextDelta("b"), sk.TextDelta("x", 1), sk.TextDelta("c"), sk.ReasoningDelta("h"),
        sk.ReasoningDelta("m"), sk.TextDelta("d"), sk.Other(name="ping"), sk.TextDelta("e"), sk.TextDelta("f"),
    ]  # fmt: skip
    slow = Slow()
    played(sk.branch(into=slow, overflow="conflate"), stream=sk.stream(rx.of(sk.Start(), *events)))
    assert slow.items[1:] == [
        sk.TextDelta("ab"), sk.TextDelta("x", 1), sk.TextDelta("c"), sk.ReasoningDelta("hm"), sk.TextDelta("d"),
        sk.Other(name="ping"), sk.TextDelta("ef"),
    ]  # fmt: skip


def test_dropping_tells_how_many_and_which_before_what_follows():
    slow = Watchful()
    played(sk.branch(ops.text(), into=slow, capacity=2, overflow="drop_oldest"))
    numbers = [int(item) for item in slow.items]
    assert numbers == [0, 8, 18, 19]
    assert slow.gaps == [(7, 1, 7), (9, 9, 17)]


def test_the_latest_state_and_always_the_last_one():
    slow = Slow(0.45)
    played(sk.branch(ops.snapshots(), into=slow, overflow="latest"))
    assert slow.items[-1] == "".join(WORDS)
    assert len(slow.items) == 6
    assert all("".join(WORDS).startswith(item) for item in slow.items)


def test_a_sink_that_must_not_fall_behind_fails_when_it_does():
    slow, kept = Slow(), sinks.memory()
    got = played(sk.branch(ops.text(), into=slow, capacity=3, overflow="fail", name="strict"), kept)
    assert str(got.error) == "sink strict fell behind: 3 items wait"
    assert slow.ends == ["complete"]
    assert kept.text == "".join(WORDS)
    assert max(got.times) < 2.1


def test_bytes_are_a_bound_too():
    big = ["x" * 1000] * 20
    slow = Slow()
    got = played(sk.branch(ops.text(), into=slow, max_bytes=3000), stream=testing.script(*big, every=0.01))
    assert slow.items == big
    assert max(got.times) > 10


def test_what_is_never_dropped_holds_the_source_in_the_end():
    """A bound must hold: a mailbox full of tool calls waits, whatever its policy."""
    calls = [sk.ToolCallDelta("{}", call=number) for number in range(500)]
    sent: list[Any] = []
    stream = sk.stream(testing.script(*calls).pipe(rxo.do_action(sent.append)))

    async def main() -> tuple[int, int]:
        run = sk.start(stream, sk.branch(into=stuck, capacity=2, overflow="drop_oldest", name="stuck"))
        await asyncio.sleep(1)
        before, high = len(sent), run.stats["stuck"].high_water
        run.cancel()
        await run
        return before, high

    before, high = testing.clock().run_coroutine(main())
    assert before < 100
    assert high <= 65


def test_labels_and_failures_among_labels_are_kept_as_what_they_wear():
    slow = Slow()
    both = sk.side_by_side({"a": testing.script(*"abc"), "b": testing.script(*"xyz", fail=sk.BrokenError("cut"))})
    played(sk.branch(into=slow, overflow="latest"), stream=both)
    kinds = {(item.label, type(item.item).__name__) for item in slow.items}
    assert {("a", "Reply"), ("a", "Finish"), ("b", "Failure")} <= kinds


def test_the_sink_has_a_wish_and_the_branch_the_last_word():
    class Wishing(Slow):
        overflow, on_cancel = "latest", "drain"

    assert (sk.branch(into=Wishing()).overflow, sk.branch(into=Wishing()).on_cancel) == ("latest", "drain")
    overruled = sk.branch(into=Wishing(), overflow="wait", on_cancel="discard")
    assert (overruled.overflow, overruled.on_cancel) == ("wait", "discard")
    assert sk.branch(into=print).overflow == "wait"
    assert sk.branch(into=sinks.console()).overflow == "conflate"


def test_what_only_looks_like_a_sink_is_refused():
    def forgets(item):
        yield item

    async def forgets_too(item):
        yield item

    class Written:
        def write(self, item):
            yield item

    for wrong, told in [
        (forgets, "yield"),
        (forgets_too, "yield"),
        (Written(), "yield"),
        (sinks.Console, "one of its instances"),
        ("out.jsonl", "not 'out.jsonl'"),
    ]:
        with pytest.raises(TypeError, match=told):
            sk.branch(into=wrong)


def test_an_unknown_policy_is_refused_wherever_it_comes_from():
    class Odd(Slow):
        overflow = "fold"

    for wrong in ({"into": print, "overflow": "block"}, {"into": Odd()}, {"into": print, "on_cancel": "stop"}):
        with pytest.raises(ValueError, match=r"is one of|is 'discard'"):
            sk.branch(**wrong)


# -- limits --------------------------------------------------------------------------------------------------------


def test_a_slow_sink_is_not_given_up_as_long_as_it_moves():
    slow = Slow(50)
    got = played(sk.branch(ops.text(), into=slow, capacity=1))
    assert got.error is None
    assert slow.items == WORDS


def test_a_stuck_sink_is_given_up_and_the_source_goes_on():
    kept = sinks.memory()
    got = played(sk.branch(into=stuck, capacity=3, max_wait=20, name="stuck"), kept)
    assert str(got.error) == "sink stuck took longer than 20 s over one item"
    assert kept.text == "".join(WORDS)
    assert got.ended_at == pytest.approx(20.2)


def test_at_the_end_of_the_stream_the_limit_counts_for_what_is_left():
    slow = Slow(30)
    assert played(sk.branch(into=slow)).error is None
    assert len(slow.items) > len(WORDS)
    got = played(sk.branch(into=stuck, overflow="conflate", name="stuck"))
    assert str(got.error) == "sink stuck took longer than 60 s over one item"
    assert got.ended_at == pytest.approx(62, abs=0.2)


def test_a_sink_that_does_not_let_itself_be_interrupted_is_left_behind():
    finished: list[bool] = []

    async def deaf(item: Any) -> None:
        for _ in range(100):
            try:
                await asyncio.sleep(1)
            except asyncio.CancelledError:
                continue
        finished.append(True)

    with testing.clock() as clock:
        got = clock.run(testing.script("a"), sk.branch(into=deaf, max_wait=10))
        assert isinstance(got.error, sk.SinkError)
        assert got.ended_at == pytest.approx(11)
        assert not finished


def test_calls_and_timers_of_a_branch_finish_after_the_stream():
    async def shouted(text: str) -> str:
        await asyncio.sleep(30)
        return text.upper()

    mapped, late = sinks.memory(), sinks.memory()
    got = played(
        sk.branch(ops.text(), ops.map_async(shouted, concurrency=50), into=mapped),
        sk.branch(ops.text(), rxo.delay(40.0), into=late),
        stream=testing.script(*"abc"),
    )
    assert (mapped.text, late.text) == ("ABC", "abc")
    assert got.ended_at == pytest.approx(40)


def test_a_branch_that_never_ends_is_given_up():
    got = played(sk.branch(ops.text(), rxo.concat(rx.never()), into=sinks.memory(), name="endless"))
    assert str(got.error) == "branch endless did not end: nothing came from it for 60 s"


def test_a_cancelled_run_discards_or_drains():
    gone, drained = Slow(), Slow(0.2)
    drained.on_cancel = "drain"  # type: ignore[attr-defined]
    got = played(gone, sk.branch(ops.text(), into=drained), until=1.05)
    assert (gone.items[1:], gone.ends) == ([sk.TextDelta("0 ")], ["cancelled"])
    assert drained.items == WORDS[:11]
    assert drained.ends == ["cancelled"]
    assert got.ended_at == pytest.approx(2.2, abs=0.3)


def test_draining_a_cancelled_run_has_an_end():
    slow = Slow(3)
    got = played(sk.branch(into=slow, on_cancel="drain", name="slow"), until=1.0)
    assert str(got.error) == "sink slow did not end within 5 s"
    assert slow.ends == ["cancelled"]
    assert got.ended_at == pytest.approx(6.0)


def test_a_run_may_be_cancelled_while_it_drains():
    async def main() -> float:
        loop = asyncio.get_running_loop()
        run = sk.start(testing.script("a"), sk.branch(into=stuck, name="stuck"))
        await asyncio.sleep(10)
        run.cancel()
        reply = await run
        assert reply.outcome == "complete"
        return loop.time()

    assert testing.clock().run_coroutine(main()) == pytest.approx(10)


# -- closing -------------------------------------------------------------------------------------------------------


class Closing:
    def __init__(self, seconds: float, patience: Any = ...) -> None:
        self.seconds, self.closed = seconds, 0
        if patience is not ...:
            self.patience = patience

    def write(self, item: Any) -> None: ...

    async def close(self, reply: sk.Reply) -> None:
        await asyncio.sleep(self.seconds)
        self.closed += 1


def test_sinks_close_side_by_side():
    one, two = Closing(30), Closing(40)
    got = played(one, two, stream=testing.script("a"))
    assert (got.error, got.ended_at) == (None, 40)
    assert (one.closed, two.closed) == (1, 1)


@pytest.mark.parametrize(("patience", "ended"), [(..., 60), (7, 7), (None, 1000)])
def test_closing_has_a_limit_of_its_own(patience: Any, ended: float):
    sink = Closing(1000, patience)
    got = played(sk.branch(into=sink, name="lazy"), stream=testing.script("a"))
    assert got.ended_at == pytest.approx(ended)
    assert sink.closed == (patience is None)
    if not sink.closed:
        assert str(got.error) == f"sink lazy did not close within {ended} s"


def test_a_cancelled_run_does_not_wait_for_long():
    got = played(sk.branch(into=Closing(1000, None)), until=1.0)
    assert isinstance(got.error, sk.SinkError)
    assert got.ended_at == pytest.approx(6.0)


def test_a_run_that_is_cancelled_while_a_sink_closes_is_over_soon():
    got = played(sk.branch(into=Closing(1000, None)), stream=testing.script("a"), until=10.0)
    assert got.ended_at == pytest.approx(15.0)


def test_a_coroutine_that_never_began_is_no_complaint():
    async def main() -> None:
        run = sk.start(testing.script(*"abc"), into := Slow())
        run.cancel()
        await run
        started = sk.start(sk.stream(rx.of(1, 2).pipe(rxo.do_action(lambda _: started.cancel()))), into)
        await started

    testing.clock().run_coroutine(main())


# -- what is told --------------------------------------------------------------------------------------------------


def test_counters_say_what_became_of_each_item():
    stream = testing.script(*WORDS, every=0.1)
    slow = sk.branch(ops.text(), into=Slow(), capacity=4, overflow="drop_oldest", name="dropping")
    glued = sk.branch(ops.text(), into=Slow(), overflow="conflate", name="glued")
    stats = testing.clock().run_coroutine(counted(stream, slow, glued, sk.branch(ops.text(), into=len, name="quick")))
    dropping, glued_stats, quick = stats["dropping"], stats["glued"], stats["quick"]
    assert dropping.delivered + dropping.dropped == 20
    assert (dropping.high_water, dropping.queued, dropping.failed) == (4, 0, False)
    assert glued_stats.delivered + glued_stats.merged == 20
    assert (quick.delivered, quick.high_water, quick.lag) == (20, 0, 0.0)


def test_lag_is_how_far_the_sink_is_behind():
    async def main() -> list[float]:
        run = sk.start(testing.script("a"), sk.branch(ops.text(), into=Slow(8), name="slow"))
        lags = []
        for _ in range(3):
            await asyncio.sleep(3)
            lags.append(run.stats["slow"].lag)
        await run
        return [*lags, run.stats["slow"].lag]

    assert testing.clock().run_coroutine(main()) == pytest.approx([3, 6, 8, 8])


def test_figures_while_it_runs_and_names_that_repeat():
    seen: list[int] = []

    async def main() -> dict[str, Any]:
        run = sk.start(testing.script(*"abc"), seen.append, lambda _: seen.append(run.stats["list.append"].delivered))
        await run
        return run.stats

    stats = asyncio.run(main())
    assert [count for count in seen if isinstance(count, int)] == list(range(1, len(seen) // 2 + 1))
    assert len(testing.clock().run_coroutine(counted(testing.script("a"), print, print))) == 2
    assert {one.delivered for one in stats.values()} == {len(seen) // 2}


def block(_: Any) -> None:
    work(0.11)


def test_a_callable_that_blocks_is_named_once(caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.WARNING, "streamkit"), timed():
        sk.run(testing.script(*"abcd"), sk.branch(ops.text(), into=block, name="painter"), sinks.memory())
    (record,) = [record for record in caplog.records if record.name == "streamkit"]
    assert record.getMessage().startswith("sink painter blocks: 0.1")


def test_among_sinks_in_place_the_one_that_blocks_is_found(caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.WARNING, "streamkit"), timed():
        sk.run(testing.script(*"abcd"), id, sk.branch(into=block, name="painter"), sinks.memory())
    (record,) = [record for record in caplog.records if record.name == "streamkit"]
    assert record.getMessage().startswith("sink painter blocks: 0.1")


def test_one_hiccup_is_no_news(caplog: pytest.LogCaptureFixture):
    once = iter([block])
    with caplog.at_level(logging.WARNING, "streamkit"), timed():
        sk.run(testing.script(*"abcd"), lambda item: next(once, bool)(item))
    assert [record for record in caplog.records if record.name == "streamkit"] == []


# -- what no boundary holds ----------------------------------------------------------------------------------------


class Leaving:
    def __init__(self, raised: type[BaseException], where: str) -> None:
        self.raised, self.where = raised, where

    def write(self, item: Any) -> Any:
        if self.where == "callable" and isinstance(item, sk.TextDelta):
            raise self.raised
        return self._later(item) if self.where == "coroutine" else None

    async def _later(self, item: Any) -> None:
        if isinstance(item, sk.TextDelta):
            raise self.raised

    def close(self, reply: sk.Reply) -> None:
        if self.where == "close":
            raise self.raised


@pytest.mark.parametrize(
    ("raised", "told"),
    [(KeyboardInterrupt, KeyboardInterrupt), (SystemExit, SystemExit), (asyncio.CancelledError, sk.SinkError)],
)
@pytest.mark.parametrize("where", ["callable", "coroutine", "close"])
@pytest.mark.parametrize("attached", [False, True])
def test_interrupts_pass_through_and_sinks_are_closed(
    raised: type[BaseException], told: type[BaseException], where: str, attached: bool
):
    kept, odd = sinks.memory(), Leaving(raised, where)
    stream = testing.script(*"ab", every=0.01)
    branches: list[Any] = [kept] if attached else [odd, kept]
    with pytest.raises(told) as caught:
        sk.run(stream.pipe(ops.attach(odd)) if attached else stream, *branches)
    assert raised in (type(caught.value), type(caught.value.__cause__))
    assert kept.reply is not None
    assert kept.reply.outcome == ("complete" if where == "close" else "cancelled")


def test_whoever_iterates_gets_the_interrupt_of_an_attached_sink():
    with pytest.raises(SystemExit):
        list(testing.script(*"ab").pipe(ops.attach(Leaving(SystemExit, "callable"))))


def test_when_the_loop_ends_first_sinks_are_closed_all_the_same():
    kept, slow = sinks.memory(), Slow()

    async def main() -> None:
        sk.start(testing.script("a", "b", every=50.0), kept, slow)
        await asyncio.sleep(1)

    clock = testing.clock()
    clock.run_coroutine(main())
    clock.close()
    assert kept.reply is not None
    assert kept.reply.outcome == "cancelled"
    assert slow.ends == ["cancelled"]


def test_cancelling_twice_does_not_interrupt_how_a_sink_takes_it():
    tidy: list[str] = []

    async def careful(item: Any) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.5)
            tidy.append("tidied up")

    async def main() -> None:
        run = sk.start(testing.script("a"), careful)
        await asyncio.sleep(1)
        for _ in range(3):
            run.cancel()
            await asyncio.sleep(0.1)
        await run

    testing.clock().run_coroutine(main())
    assert tidy == ["tidied up"]
