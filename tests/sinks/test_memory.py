from __future__ import annotations

import pytest

import streamkit as sk
from streamkit import ops, sinks, testing


def test_keeps_items_text_and_reply():
    kept = sinks.memory()
    assert "open" in repr(kept)
    reply = sk.run(testing.script("Hi", " there"), kept)
    assert kept.reply == kept.items[-1] == reply
    assert kept.text == "Hi there"
    assert kept.error is None
    assert "complete" in repr(kept)


def test_text_is_that_of_the_first_choice_or_of_str():
    kept = sinks.memory()
    sk.run(testing.script(sk.TextDelta("a"), sk.TextDelta("x", 1), sk.TextDelta("b")), kept)
    assert kept.text == "ab"
    pieces = sinks.memory()
    sk.run(testing.script("a", "b"), sk.branch(ops.text(), into=pieces))
    assert (pieces.items, pieces.text) == (["a", "b"], "ab")


def test_keeps_what_broke_the_stream_and_what_had_come():
    kept = sinks.memory()
    with pytest.raises(sk.BrokenError) as caught:
        sk.run(testing.script("Hi", " there", drop_after=1), kept)
    assert kept.error is caught.value
    assert kept.reply is not None
    assert (kept.reply.outcome, kept.reply.text) == ("truncated", "Hi")


def test_its_text_is_the_one_that_counts_after_a_restart():
    memory = sinks.memory()
    for item in (sk.TextDelta("a"), sk.Restart(), sk.TextDelta("b"), sk.Restart("stalled", "b"), sk.TextDelta("c")):
        memory.write(item)
    assert (memory.text, len(memory.items)) == ("bc", 5)
