"""Items held back until the first content of a stream."""

from __future__ import annotations

import streamkit as sk
from streamkit.events import CONTENT, PRELUDE
from streamkit.prelude import HELD, Prelude, commits

START, TEXT = sk.Start(model="m"), sk.TextDelta("hi")


def test_items_are_held_until_the_first_content_and_pass_after_it():
    prelude = Prelude()
    assert list(prelude.feed(START)) == []
    assert not prelude.decided
    assert list(prelude.feed(TEXT)) == [START, TEXT]
    assert prelude.decided
    assert list(prelude.feed(START)) == [START]
    assert list(prelude.flush()) == []


def test_no_more_than_the_limit_is_held():
    prelude = Prelude()
    events = [sk.Other(str(number)) for number in range(HELD + 1)]
    assert [item for event in events[:-1] for item in prelude.feed(event)] == []
    assert list(prelude.feed(events[-1])) == events


def test_the_end_gives_what_is_held():
    prelude = Prelude()
    prelude.feed(START)
    assert list(prelude.flush()) == [START]
    assert prelude.decided


def test_content_commits_and_so_do_items_that_are_not_events():
    assert not CONTENT & PRELUDE
    assert commits(TEXT)
    assert commits("text")
    assert not commits(START)
