"""Views of the text."""

from __future__ import annotations

import pytest

import streamkit as sk
from streamkit import operators as ops, testing


def shown(stream: sk.Stream[sk.Event], every: float | None = None) -> list[tuple[float, str]]:
    got = testing.clock().run(stream.pipe(ops.snapshots(every)))
    return list(zip(got.times, got.items, strict=True))


def test_snapshots_are_the_text_so_far():
    assert shown(testing.script("a", "b", "c")) == [(0, "a"), (0, "ab"), (0, "abc")]


def test_snapshots_come_at_most_so_often_and_the_last_one_always():
    stream = testing.script(*"abcdefgh", every=0.3)
    assert shown(stream, every=1.0) == [(0, "a"), (1.0, "abcd"), (2.0, "abcdefg"), (2.1, "abcdefgh")]
    assert shown(testing.script("a", "b", every=0.4, fail=sk.BrokenError("cut")), every=9) == [(0, "a"), (0.4, "ab")]


@pytest.mark.parametrize("every", [None, 1.0])
def test_snapshots_of_a_reply_that_began_anew_are_of_the_new_one(every: float | None):
    """A message that is edited must not keep what is void."""
    broken = testing.script("One ", "two", every=1, drop_after=1)
    anew = broken.pipe(ops.continue_with(lambda partial: testing.script("1 ", "2", first=3, every=2)))
    on = broken.pipe(ops.continue_with(lambda partial: testing.script("1 ", first=3), mode="prefill"))
    assert [text for _, text in shown(anew, every)] == ["One ", "1 ", "1 2"]
    assert [text for _, text in shown(on, every)] == ["One ", "One 1 "]


def test_the_last_snapshot_is_what_is_left_after_a_restart():
    broken = testing.script("One", " two", drop_after=1)
    nothing = broken.pipe(ops.continue_with(lambda partial: testing.script(fail=sk.BrokenError("cut"))))
    assert [text for _, text in shown(nothing)] == ["One", ""]
    kept = broken.pipe(ops.continue_with(lambda partial: testing.script(fail=sk.BrokenError("cut")), mode="prefill"))
    assert [text for _, text in shown(kept)] == ["One"]
