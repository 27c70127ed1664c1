"""A reply that ends where somebody says so."""

from __future__ import annotations

from types import SimpleNamespace

import streamkit as sk
from streamkit.stages.rewriting.early_end import EarlyEnd


def test_events_up_to_the_first_that_is_right_and_a_reply_that_says_so():
    stage = EarlyEnd(lambda event: getattr(event, "text", "") == "stop", "mine")
    assert stage.feed(sk.TextDelta("go, ")) == [sk.TextDelta("go, ")]
    delta, reply = stage.feed(sk.TextDelta("stop"))
    assert delta == sk.TextDelta("stop")
    assert (reply.text, reply.outcome, reply.stopped_by) == ("go, stop", "stopped", "mine")
    assert stage.done
    assert stage.reply(sk.Reply()) == reply


def test_it_ends_once():
    stage = EarlyEnd(lambda event: False, "mine")
    stage.feed(sk.TextDelta("a"))
    (reply,) = stage.finish()
    assert reply.text == "a"
    assert list(stage.finish()) == list(stage.flush()) == []


def test_a_reply_that_came_is_the_reply():
    stage, reply = EarlyEnd(lambda event: True, "mine"), sk.Reply((sk.Choice(0, "whole"),))
    assert stage.reply(reply) is reply
    assert stage.feed(reply) == [reply]
    assert stage.finish() == []
    assert stage.reply(sk.Reply()) is reply


def test_what_is_no_event_just_ends():
    stage = EarlyEnd(lambda number: number == 2, "mine")
    assert [stage.feed(1), stage.done, stage.feed(2), stage.done] == [[1], False, [2], True]


def test_items_of_another_library_are_no_events_even_if_they_have_a_type():
    stage = EarlyEnd(lambda item: item.type == "end", "mine")
    item, end = SimpleNamespace(type="part"), SimpleNamespace(type="end")
    assert [stage.feed(item), stage.feed(end), stage.done] == [[item], [end], True]
