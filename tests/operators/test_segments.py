"""Segments, sentences and blocks of code as views of a reply."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import reactivex as rx
from reactivex import operators as rxo

import streamkit as sk
from streamkit import operators as ops, testing
from streamkit.stages import Segment

TEXT = "It rains. Cats and dogs!\n\n```py\nx = 1. Y\n```\nSo it g"
SENTENCES = ["It rains.", "Cats and dogs!", "```py\nx = 1. Y\n```", "So it g"]


def record(stream: Any, **options: Any) -> testing.Recorded:
    return testing.clock().run(stream, **options)


def test_sentences_are_text_as_soon_as_they_are_certain():
    got = record(testing.script("It ra", "ins. Ca", "ts. Dogs ", "too", every=1).pipe(ops.sentences(lookahead="char")))
    assert list(zip(got.items, got.times, strict=True)) == [("It rains.", 1), ("Cats.", 2), ("Dogs too", 3)]


def test_segments_tell_where_they_stand():
    got = record(testing.script(TEXT).pipe(ops.segments()))
    assert [segment.text for segment in got.items] == SENTENCES
    assert all(TEXT[segment.start : segment.end] == segment.text for segment in got.items)
    assert got.reply.upto(got.items[1].end).text == "It rains. Cats and dogs!"


@pytest.mark.parametrize("unit", ["sentence", "word", "line", "paragraph"])
def test_no_cut_of_the_text_matters(unit: Any):
    expected = list(sk.stream(rx.of(TEXT)).pipe(ops.segments(unit)))
    for pieces in testing.every_split(TEXT, random_cuts=2):
        stream = rx.from_iterable(sk.TextDelta(piece) for piece in pieces)
        assert stream.pipe(ops.segments(unit), rxo.to_list()).run() == expected


def test_other_choices_reasoning_and_events_are_not_text():
    events = [
        sk.Start(),
        sk.ReasoningDelta("Hm. No. "),
        sk.TextDelta("One. "),
        sk.TextDelta("Two. ", 1),
        sk.TextDelta("Three."),
    ]
    assert list(sk.stream(rx.of(*events)).pipe(ops.sentences())) == ["One.", "Three."]
    assert list(sk.stream(rx.of(*events)).pipe(ops.choice(1), ops.sentences())) == ["Two."]


def test_what_is_left_comes_with_the_finish_of_the_choice_and_only_once():
    seen: list[Any] = []
    events = [sk.TextDelta("One. Two th"), sk.Finish("stop", 1), sk.Finish("stop"), sk.UsageUpdate(sk.Usage(1, 2))]
    stream = rx.of(*events).pipe(rxo.do_action(seen.append), ops.sentences(), rxo.do_action(seen.append))
    stream.subscribe()
    assert seen[1:] == ["One.", *events[1:3], "Two th", events[3]]


@pytest.mark.parametrize("operator", [ops.sentences(), ops.segments("word"), ops.code_blocks()])
def test_what_is_left_comes_before_an_error(operator: Any):
    got = record(testing.script("One.\n", "```\ntw", fail=sk.ApiError("no")).pipe(operator))
    assert isinstance(got.error, sk.ApiError)
    last = got.items[-1]
    assert (last if isinstance(last, str) else last.text).endswith("tw")


def test_nothing_comes_after_dispose():
    seen: list[str] = []
    source: rx.subject.Subject[str] = rx.subject.Subject()
    subscription = source.pipe(ops.sentences(max_wait=1)).subscribe(seen.append)
    source.on_next("One. Two th")
    subscription.dispose()
    source.on_next(". Three. ")
    source.on_completed()
    assert seen == ["One."]


def test_each_subscription_begins_anew():
    stream = sk.stream(rx.of("One. ", "Two")).pipe(ops.segments())
    assert list(stream) == list(stream)


def test_max_wait_cuts_on_the_clock_of_the_run():
    stream = testing.script("The sky, which is", " blue. ", "Now", every=10).pipe(ops.segments(max_wait=2.5))
    got = record(stream)
    assert [(one.text, one.forced) for one in got.items] == [
        ("The sky,", True), ("which is blue.", True), ("Now", False),
    ]  # fmt: skip
    assert got.times == [2.5, 12.5, 20]


def test_a_timer_moves_with_every_piece_and_ends_with_the_stream():
    got = record(testing.script(*"aaa bbb ccc", every=1).pipe(ops.segments(max_wait=1.5)))
    assert [one.forced for one in got.items] == [False]
    assert got.ended_at == got.times[-1]


BESIDES = {
    "reasoning": sk.ReasoningDelta("hm"),
    "another choice": sk.TextDelta("x", 1),
    "usage": sk.UsageUpdate(sk.Usage(1, 2)),
    "arguments": sk.ToolCallDelta("1", 0),
    "another's call": sk.ToolCallDelta("1", 0, "id", "name", index=1),
    "another's end": sk.Finish("stop", 1),
    "log probabilities": sk.LogprobsDelta({}),
    "anything": sk.Other("ping"),
    "nothing": sk.TextDelta(""),
    "nothing, as a str": "",
}


def paced(*pieces: tuple[float, Any]) -> Any:
    """A stream of events, each so many seconds after the one before."""

    async def body() -> Any:
        for seconds, event in pieces:
            await asyncio.sleep(seconds)
            yield event

    return sk.stream(body())


@pytest.mark.parametrize("besides", BESIDES)
def test_max_wait_counts_from_the_last_text_whatever_else_comes(besides: str):
    first = [(0, sk.ToolCallDelta("{", 0, "id", "now"))] if besides == "arguments" else []
    texts = [(0, sk.TextDelta("Two words, and ")), (1.5, sk.TextDelta("thr"))]
    others = [(0.5, BESIDES[besides])] * 20
    got = record(paced(*first, *texts, *others, (0, sk.TextDelta("ee. "))).pipe(ops.segments(max_wait=2)))
    assert [(one.text, one.forced) for one in got.items] == [("Two words,", True), ("and three.", False)]
    assert got.times == [3.5, 11.5]


def test_comments_of_the_server_are_no_text():
    stream = testing.script("Two words, and thr", "ee.", every=20, keepalive=0.5).pipe(ops.segments(max_wait=2))
    got = record(stream)
    assert list(zip([one.text for one in got.items], got.times, strict=True)) == [("Two words,", 2), ("and three.", 20)]


def test_a_restart_begins_the_count_of_max_wait_anew():
    events = [(0, sk.TextDelta("Two words, and thr")), (1.5, sk.Restart("cut")), (0, sk.TextDelta("Ten words, b"))]
    got = record(paced(*events, *[(0.5, sk.ReasoningDelta("hm"))] * 9).pipe(ops.sentences(max_wait=2)))
    assert got.items == ["Ten words,", "b"]
    assert got.times == [3.5, 6]


CALLS = {
    "pieces": [sk.ToolCallDelta("{", 0, "id", "now"), sk.ToolCallDelta("}", 0), sk.ToolCall("id", "now", "{}", 0, 0)],
    "whole": [sk.ToolCall("id", "now", "{}")],
}


@pytest.mark.parametrize("events", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("options", [{}, {"max_wait": 60}, {"strip": False}], ids=str)
def test_a_call_of_a_tool_lets_out_what_is_held_when_it_begins(events: Any, options: Any):
    before, after = "One. Let me loo", "king. Three, fo"
    whole = before + after
    for pieces in testing.every_split(before, random_cuts=2):
        deltas = [sk.TextDelta(piece) for piece in pieces if piece]
        stream = paced(*((0, event) for event in deltas), *((9, event) for event in events), (9, sk.TextDelta(after)))
        got = record(stream.pipe(ops.segments(**options)))
        assert [one.text.strip() for one in got.items] == ["One.", "Let me loo", "king.", "Three, fo"]
        assert [one.index for one in got.items] == [0, 1, 2, 3]
        assert all(whole[one.start : one.end] == one.text for one in got.items)
        assert got.times[1] == 9


def test_each_call_lets_out_what_came_before_it_and_its_other_pieces_do_not():
    first, second = sk.ToolCallDelta("{", 0, "a", "now"), sk.ToolCallDelta("{", 1, "b", "now")
    events = [first, sk.TextDelta("Two wo"), sk.ToolCallDelta("}", 0), sk.TextDelta("rds"), second, sk.TextDelta("End")]
    assert list(sk.stream(rx.of(*events)).pipe(ops.sentences())) == ["Two words", "End"]
    again = [first, sk.Restart("cut"), sk.TextDelta("Two wo"), first, sk.TextDelta("rds")]
    assert list(sk.stream(rx.of(*again)).pipe(ops.sentences())) == ["Two wo", "rds"]


def test_calls_of_other_choices_let_nothing_out():
    events = [sk.TextDelta("Two wo"), sk.ToolCall("id", "now", "{}", 1), sk.TextDelta("rds")]
    assert list(sk.stream(rx.of(*events)).pipe(ops.sentences())) == ["Two words"]


def test_a_block_of_code_that_a_call_broke_off_is_forced():
    events = [sk.TextDelta("```py\nx"), sk.ToolCall("id", "now", "{}"), sk.TextDelta("\nEnd.")]
    block, end = sk.stream(rx.of(*events)).pipe(ops.segments())
    assert (block.code, block.forced, end.text, end.start) == ("x", True, "End.", 8)


def test_the_first_sentence_for_a_voice_comes_early():
    text = "In the beginning of the long story, there was nothing. **Then** `x` came.\n```\ncode\n```\nEnd."
    voice = ops.sentences(first_fast=True, lookahead="char", code="drop", markdown="plain")
    got = record(testing.script(*text.split(" "), every=0).pipe(voice))
    assert got.reply.text == text.replace(" ", "")
    stream = sk.stream(rx.of(*(f"{word} " for word in text.split(" ")))).pipe(voice)
    assert list(stream) == [
        "In the beginning of the long story,", "there was nothing.", "Then x came.", "End.",
    ]  # fmt: skip


def test_a_restart_begins_anew_and_what_was_kept_is_not_said_twice():
    before = [sk.TextDelta("One. Two. Three f")]
    anew = [*before, sk.Restart("cut"), sk.TextDelta("Uno. Due.")]
    assert list(sk.stream(rx.of(*anew)).pipe(ops.sentences())) == ["One.", "Two.", "Uno.", "Due."]
    goes_on = [*before, sk.Restart("cut", "One. Two. Three f"), sk.TextDelta("our. Five.")]
    found = list(sk.stream(rx.of(*goes_on)).pipe(ops.segments()))
    assert [(one.text, one.index) for one in found] == [("One.", 0), ("Two.", 1), ("Three four.", 2), ("Five.", 3)]
    shorter = [*before, sk.Restart("cut", "One. Tw"), sk.TextDelta("enty. Four.")]
    assert list(sk.stream(rx.of(*shorter)).pipe(ops.sentences())) == ["One.", "Two.", "Twenty.", "Four."]


def test_rounds_of_a_tool_loop_are_not_glued_together():
    result = sk.ToolResult("1", "now", "12")
    events = [sk.TextDelta("Let me see"), result, sk.TextDelta("# It is noon\nBye")]
    found = list(sk.stream(rx.of(*events)).pipe(ops.segments()))
    assert [(one.text, one.start) for one in found] == [("Let me see", 0), ("# It is noon", 0), ("Bye", 13)]


def test_code_blocks_come_when_they_are_closed():
    text = (
        "Two:\n\n```python title\nif x:\n    y\n```\n\n1. in a list\n\n   ~~~\n   z\n   ~~~\nand ```inline``` ```\nrest"
    )
    got = record(testing.script(*text, every=1).pipe(ops.code_blocks()))
    assert [(one.index, one.lang, one.code, one.forced) for one in got.items] == [
        (0, "python", "if x:\n    y\n", False), (1, "", "z\n", False),
    ]  # fmt: skip
    assert [text[: int(time) + 1][-4:] for time in got.times] == ["```\n", "~~~\n"]


def test_a_block_that_nobody_closed_comes_at_the_end():
    (block,) = sk.stream(rx.of("```sh\nls\n")).pipe(ops.code_blocks())
    assert isinstance(block, Segment)
    assert (block.lang, block.code, block.forced) == ("sh", "ls", True)


def test_mistakes_are_told_when_the_operator_is_made():
    for make in (lambda: ops.segments("verse"), lambda: ops.sentences(max_chars=0), lambda: ops.sentences(code="x")):
        with pytest.raises(ValueError, match=r"unit|max_chars|code"):
            make()
    with pytest.raises(TypeError):
        ops.sentences(min_chars=5)
