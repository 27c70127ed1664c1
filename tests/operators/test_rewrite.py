"""Rewriters over events: what is let through, what the run's Reply and errors tell, what is cancelled."""

from __future__ import annotations

import asyncio

import pytest
import reactivex as rx
from hypothesis import given, strategies as st
from reactivex.subject import Subject

import streamkit as sk
from streamkit import operators as ops, testing

MASK = "[redacted]"


def events_of(*events: sk.Event) -> sk.Stream[sk.Event]:
    return sk.stream(rx.of(*events))


def collected(stream):
    return testing.clock().run(stream)


def test_what_is_redacted_is_nowhere():
    secret = "bob@example.org"
    script = testing.script("Mail b", "ob@exa", "mple.org", " today", usage=sk.Usage(1, 2, 3))
    got = collected(script.pipe(ops.redact("email")))
    assert got.reply.text == f"Mail {MASK} today"
    assert not [event for event in got.items if secret in repr(event) or getattr(event, "raw", None)]
    assert got.reply == got.items[-1]
    assert got.reply.outcome == "complete"


@given(st.lists(st.integers(1, 5), max_size=12))
def test_every_choice_and_part_is_rewritten_by_itself(sizes):
    text, events, places = "my bob@example.org it is", [], [0, 0, 0]
    kinds = (lambda t: sk.TextDelta(t, 0), lambda t: sk.TextDelta(t, 1), lambda t: sk.ReasoningDelta(t, 0))
    for turn, size in enumerate([*sizes, 99, 99, 99]):
        which = turn % 3
        piece = text[places[which] : places[which] + size]
        places[which] += size
        if piece:
            events.append(kinds[which](piece))
    events += [sk.Finish("stop", 0), sk.Finish("stop", 1)]
    reply = collected(events_of(*events, sk.Reply()).pipe(ops.redact("email"))).items[-1]
    wanted = [text[:end].replace("bob@example.org", MASK) for end in places]
    if all(end >= len(text) for end in places):
        assert [c.text for c in reply.choices] == wanted[:2]
        assert reply.reasoning == wanted[2]


def test_held_text_comes_before_the_end_of_its_choice_and_other_events_keep_their_order():
    other = sk.Other("ping")
    got = collected(
        events_of(sk.TextDelta("a se"), other, sk.TextDelta("cr"), sk.Finish("stop"), sk.Reply()).pipe(
            ops.redact(["secret"])
        )
    ).items
    assert got[:3] == [sk.TextDelta("a "), other, sk.TextDelta("secr")]
    assert [event.type for event in got[3:]] == ["finish", "reply"]


def test_log_probabilities_tell_tokens_and_go():
    got = collected(events_of(sk.LogprobsDelta({"content": []}), sk.Reply()).pipe(ops.redact("email"))).items
    assert [event.type for event in got] == ["reply"]


def test_tool_arguments_are_rewritten_in_pieces_and_whole():
    script = testing.script(tool_calls=[("send", '{"to":"bob@example.org"}')])
    got = collected(script.pipe(ops.redact("email")))
    assert got.reply.tool_calls[0].arguments == f'{{"to":"{MASK}"}}'
    assert "bob@" not in "".join(map(repr, got.items))


def test_an_error_carries_only_what_was_let_through():
    failing = testing.script("my key is sk-abcdefghij", "klmnopqrst uv", fail=sk.ApiError("no"))
    got = collected(failing.pipe(ops.redact("key")))
    assert isinstance(got.error, sk.ApiError)
    assert got.error.partial.text == f"my key is {MASK} uv"
    assert got.error.partial.outcome == "failed"


def test_a_cancelled_run_tells_only_what_was_let_through():
    async def main():
        hold = asyncio.Event()

        async def slow(event):
            if isinstance(event, sk.TextDelta) and event.text.startswith("now"):
                hold.set()
                await asyncio.sleep(3600)

        run = sk.start(testing.script("my bob@example.org ", "now, ", "and", every=1).pipe(ops.redact("email")), slow)
        await asyncio.wait_for(hold.wait(), 30)
        assert run.reply.text == f"my {MASK} now, "
        run.cancel()
        return await run

    reply = testing.clock().run_coroutine(main())
    assert (reply.outcome, reply.text) == ("cancelled", f"my {MASK} now, ")


def test_a_branch_that_redacts_shows_its_sink_a_redacted_reply_and_leaves_the_run_alone():
    seen = []

    class Keep:
        def write(self, event):
            seen.append(event)

        def close(self, reply):
            seen.append(reply)

    async def main():
        return await sk.start(testing.script("a@b.co"), sk.branch(ops.redact("email"), into=Keep()))

    reply = testing.clock().run_coroutine(main())
    assert reply.text == "a@b.co"
    assert seen[-1].text == MASK
    assert "a@b.co" not in "".join(map(repr, seen))


def test_stop_at_ends_the_reply_and_cancels_the_request():
    pulled = []

    async def body():
        for number in range(100):
            pulled.append(number)
            await asyncio.sleep(1)
            yield f"{number} "

    got = collected(sk.from_text(body).pipe(ops.stop_at("5 ")))
    assert got.reply.text == "0 1 2 3 4 "
    assert (got.reply.outcome, got.reply.stopped_by) == ("stopped", "stop_at")
    assert got.items[-1] is got.reply
    assert len(pulled) <= 7


def test_the_run_of_a_stopped_reply_says_so_below_a_view():
    async def main():
        return await sk.start(testing.script("one ", "two ", "three").pipe(ops.stop_at("two"), ops.text()), print)

    reply = testing.clock().run_coroutine(main())
    assert (reply.text, reply.outcome, reply.stopped_by) == ("one ", "stopped", "stop_at")


@pytest.mark.parametrize("trigger", ["predicate", "observable"])
def test_stop_when(trigger):
    signal: Subject[int] = Subject()

    def stop(event):
        hit = isinstance(event, sk.TextDelta) and event.text == "b"
        if trigger == "predicate":
            return hit
        return signal.on_next(1) if hit else False

    if trigger == "predicate":
        stream = testing.script("a", "b", "c").pipe(ops.stop_when(stop))
    else:
        noted = testing.script("a", "b", "c", every=1).map(lambda event: (stop(event), event)[1])
        stream = sk.stream(noted).pipe(ops.stop_when(signal))
    reply = collected(stream).reply
    assert reply.text in ("ab", "a")  # the signal comes while "b" is on its way
    assert (reply.outcome, reply.stopped_by) == ("stopped", "stop_when")


def test_think_tags_over_deltas():
    got = collected(testing.script("<th", "ink>why", "</thi", "nk>", "because").pipe(ops.think_tags()))
    assert (got.reply.text, got.reply.reasoning) == ("because", "why")


def test_rewriters_work_on_bare_text_too():
    assert "".join(collected(sk.stream(rx.of("a@b", ".co x")).pipe(ops.redact("email"))).items) == f"{MASK} x"
    assert collected(sk.stream(rx.of("one EN", "D two")).pipe(ops.stop_at("END"))).items == ["one "]


def test_rewriters_chain_and_the_last_one_counts():
    got = collected(testing.script("<think>a@b.co</think>c@d.co").pipe(ops.think_tags(), ops.redact("email")))
    assert (got.reply.text, got.reply.reasoning) == (MASK, MASK)
