"""Text that is shown only when it was approved, on a virtual clock."""

from __future__ import annotations

import asyncio

import pytest
import reactivex as rx
from hypothesis import given, settings, strategies as st

import streamkit as sk
from streamkit import operators as ops, testing

TEXT = "First one. Second bad one! Third one? And the rest"


def guarded(check, *pieces, **options):
    return testing.clock().run(testing.script(*pieces).pipe(ops.guard(check, **options)))


@pytest.mark.parametrize("wait", [False, True])
def test_pieces_are_approved_and_replaced_in_order(wait):
    seen = []

    async def later(text):
        seen.append(text)
        await asyncio.sleep(5 - len(seen))  # the first takes longest
        return "[…]" if "bad" in text else True

    def at_once(text):
        return "[…]" if "bad" in text else None

    got = guarded(later if wait else at_once, TEXT, concurrency=4)
    assert got.reply.text == "First one.[…] Third one? And the rest"
    assert got.reply.text == "".join(item.text for item in got.items if isinstance(item, sk.TextDelta))


def test_a_refused_piece_ends_the_reply():
    got = guarded(lambda text: "bad" not in text, TEXT, " and more")
    assert got.reply.text == "First one."
    assert (got.reply.outcome, got.reply.stopped_by) == ("stopped", "guard")
    assert "bad" not in "".join(map(repr, got.items))


def test_a_check_that_raises_fails_closed():
    def check(text):
        if "bad" in text:
            raise OSError("no line")
        return True

    got = guarded(check, TEXT)
    assert isinstance(got.error, sk.StreamkitError)
    assert "OSError: no line" in str(got.error)
    assert got.error.partial.text == "First one."
    assert "bad" not in "".join(map(repr, got.items))


def test_a_check_that_gives_nonsense_fails_closed():
    assert "True, False, None or a str" in str(guarded(lambda text: 5, TEXT).error)


def test_nothing_is_shown_before_its_check_is_done():
    async def check(text):
        await asyncio.sleep(10)
        return True

    got = guarded(check, TEXT, concurrency=1)
    shown = [round(time) for time, item in zip(got.times, got.items, strict=True) if isinstance(item, sk.TextDelta)]
    assert shown == [10, 20, 30, 40]


def test_what_was_said_before_an_error_is_still_checked():
    failing = testing.script("One. Two. Thr", fail=sk.BrokenError("cut"))
    got = testing.clock().run(failing.pipe(ops.guard(lambda text: text.upper())))
    assert got.error.partial.text == "ONE. TWO. THR"


def test_bare_text_and_other_events_pass():
    got = testing.clock().run(sk.stream(rx.of("One. ", "Two.")).pipe(ops.guard(lambda text: True)))
    assert "".join(got.items) == "One. Two."
    got = testing.clock().run(testing.script("Hi.", tool_calls=[("f", "{}")]).pipe(ops.guard(lambda text: True)))
    assert got.reply.tool_calls[0].name == "f"


@given(st.lists(st.integers(1, 9), max_size=20))
@settings(max_examples=30, deadline=None)
def test_the_result_does_not_depend_on_the_cutting(sizes):
    pieces, rest = [], TEXT
    for size in sizes:
        pieces.append(rest[:size])
        rest = rest[size:]
    got = guarded(lambda text: text.replace("bad", "good"), *(piece for piece in [*pieces, rest] if piece))
    assert got.reply.text == TEXT.replace("bad", "good")
