"""Blocks of a reply: the fold that notes them, and their places in text that a stage changes or holds back."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, strategies as st

import streamkit as sk
from streamkit.events import Choice, Part
from streamkit.stages import Fold, Redactor
from streamkit.stages.rewriting import JsonRedactor, Rewriter, StopAt, ThinkTags, parts_of
from streamkit.turns import slot

DELTAS = {"text": sk.TextDelta, "thinking": sk.ReasoningDelta}
WORDS = st.text("ab@. k\n<think>/", max_size=12)
BLOCKS = st.lists(st.tuples(st.sampled_from(["text", "thinking", "call", "bare"]), WORDS), max_size=6)


def events_of(blocks: list[tuple[str, str]], cut: int) -> list[Any]:
    """The events of blocks of these kinds and texts, in pieces of ``cut`` characters."""
    out: list[Any] = [sk.Start("r", "m")]
    for number, (kind, text) in enumerate(blocks):
        pieces = [text[at : at + cut] for at in range(0, len(text), cut)]
        if kind == "call":
            out.append(sk.ToolCall(f"c{number}", "f", "{}"))
        elif kind == "bare":
            out += map(sk.TextDelta, pieces)
        else:
            delta = DELTAS[kind]
            key = {"text": "text", "thinking": "reasoning"}[kind]
            form = {"type": kind, kind: slot(key, text, sealed=True), "n": number}  # type: ignore[arg-type]
            out += [sk.BlockStart(kind, str(number)), *map(delta, pieces), sk.BlockEnd(kind, str(number), 0, form)]
    return [*out, sk.Finish("stop")]


def folded(events: list[Any]) -> sk.Reply:
    fold = Fold()
    for event in events:
        fold.feed(event)
    return fold.reply()


def through(stage: Any, events: list[Any]) -> list[Any]:
    return [out for event in events for out in stage.feed(event)] + list(stage.flush())


def redactor() -> Rewriter:
    text, arguments = Redactor(re.compile("a+@b")), JsonRedactor(re.compile("a+@b"))
    return Rewriter(text.fresh, parts_of(["text", "reasoning"]), name="r", hides=True, make_json=arguments.fresh)


def stopper() -> Rewriter:
    return Rewriter(lambda: StopAt("zzz"), parts_of(["text"]), name="stop_at")


def tags() -> Rewriter:
    return Rewriter(lambda: ThinkTags(("think",)), parts_of(["text"]), name="think_tags")


@given(BLOCKS)
def test_parts_do_not_depend_on_the_pieces(blocks: list[tuple[str, str]]):
    whole = folded(events_of(blocks, 100)).choices[0]
    for cut in (1, 2, 5):
        choice = folded(events_of(blocks, cut)).choices[0]
        assert (choice, choice.parts) == (whole, whole.parts)


@given(BLOCKS)
def test_pieces_have_the_texts_and_forms_of_their_blocks(blocks: list[tuple[str, str]]):
    choice = folded(events_of(blocks, 3)).choices[0]
    pieces = choice.pieces(lambda call: True)
    if choice.parts:
        named = [(piece.kind, piece.text + piece.reasoning) for piece in pieces if piece.kind]
        assert named == [(kind, text) for kind, text in blocks if kind in DELTAS]
    assert "".join(piece.text for piece in pieces) == choice.text
    assert [piece.call for piece in pieces if piece.call is not None] == list(choice.tool_calls)


@given(BLOCKS, st.integers(1, 6), st.sampled_from([redactor, stopper, tags]))
def test_a_rewriter_gives_the_same_text_as_without_blocks(blocks: list[tuple[str, str]], cut: int, make: Any):
    """Above all, what begins in one block of text and ends in the next is hidden."""
    events = events_of(blocks, cut)
    plain = [event for event in events if not isinstance(event, (sk.BlockStart, sk.BlockEnd))]
    shown, expected = folded(through(make(), events)), folded(through(make(), plain))
    if all(kind in ("text", "bare") for kind, _ in blocks):
        assert (shown.text, shown.reasoning) == (expected.text, expected.reasoning)
    names = [(type(event), event.id) for event in through(make(), events) if hasattr(event, "kind")]
    assert names == [(type(event), event.id) for event in events if hasattr(event, "kind")]


@given(BLOCKS, st.integers(1, 6), st.sampled_from([redactor, stopper]))
def test_blocks_keep_their_exact_places_where_nothing_is_changed(blocks: list[tuple[str, str]], cut: int, make: Any):
    """So does text in no block, unless a call may overtake what is held back of it."""
    events = events_of(blocks, cut)
    before, after = folded(events), folded(through(make(), events))
    if (before.text, before.reasoning) == (after.text, after.reasoning):
        kinds = [kind for kind, _ in blocks]
        overtakes = "bare" in kinds and "call" in kinds[kinds.index("bare") :]
        places = [
            [(part.kind, part.text, part.reasoning) for part in reply.choices[0].parts if part.kind or not overtakes]
            for reply in (before, after)
        ]
        assert places[0] == places[1]
        assert before.tool_calls == after.tool_calls


def test_a_block_that_never_began_has_the_text_before_it():
    events = [sk.ReasoningDelta("Hm"), sk.TextDelta("Hi"), sk.BlockEnd("message", form={"a": slot("reasoning", "Hm")})]
    assert folded(events).choices[0].parts == (Part("message", "", 2, 2, form={"a": {"@reasoning": 2}}),)


def test_blocks_of_the_same_id_end_the_last_one_first():
    begin, ends = sk.BlockStart("text"), [sk.BlockEnd("text", form={"n": number}) for number in range(3)]
    events = [begin, sk.TextDelta("a"), begin, sk.TextDelta("bb"), *ends[:2], sk.TextDelta("ccc"), ends[2]]
    parts = folded(events).choices[0].parts
    assert [(part.text, part.form) for part in parts] == [(1, {"n": 1}), (2, {"n": 0}), (3, {"n": 2})]


def test_a_block_that_never_began_is_not_the_call_before_it():
    events = [sk.BlockStart("message", "m"), sk.TextDelta("a"), sk.ToolCall("c", "w", "{}")]
    ends = [sk.BlockEnd("reasoning", "r", form={"n": 1}), sk.BlockEnd("message", "m", form={"n": 2})]
    assert folded([*events, *ends]).choices[0].parts == (
        Part("message", "m", 1, form={"n": 2}), Part(call=0), Part("reasoning", "r", form={"n": 1}),
    )  # fmt: skip


def test_text_that_is_in_no_block_is_a_part_of_its_own():
    events = [sk.RefusalDelta("No"), *events_of([("text", "Hi")], 2), sk.ReasoningDelta("Hm")]
    pieces = folded(events).choices[0].pieces(lambda call: True)
    assert [(piece.kind, piece.refusal, piece.reasoning, piece.text, piece.lost) for piece in pieces] == [
        ("", "No", "", "", False), ("text", "", "", "Hi", False), ("", "", "Hm", "", False),
    ]  # fmt: skip


def test_a_reply_without_blocks_has_no_parts():
    assert folded([sk.TextDelta("Hi"), sk.ToolCall("c", "w", "{}")]).choices[0].parts == ()


def test_the_texts_that_an_end_may_be_about():
    fold = Fold()
    for event in (*events_of([("text", "Hi")], 2), sk.BlockStart("text", "1"), sk.TextDelta("a")):
        fold.feed(event)
    begun, unknown = fold.readings(sk.BlockEnd("text", "1")), fold.readings(sk.BlockEnd("text", "2"))
    assert [piece.text for piece in begun] == ["a"]
    assert [piece.text for piece in unknown] == ["", "Hia"]


def test_a_server_tool_counts_as_it_was_last():
    asked = sk.ServerTool("web_search_call", "w", status="in_progress")
    done = sk.ServerTool("web_search_call", "w", status="completed", form={"type": "web_search_call", "id": "w"})
    choice = folded([asked, done]).choices[0]
    assert choice.server_tools == (done,)
    assert choice.parts == (Part("web_search_call", "w", form={"type": "web_search_call", "id": "w"}),)


def test_a_choice_whose_text_was_changed_goes_back_plain():
    part = Part("text", "1", 5, form={"type": "text", "text": slot("text", "Hello")})
    assert [(p.kind, p.text) for p in Choice(text="Bye", parts=(part,)).pieces(lambda call: True)] == [("", "Bye")]


@pytest.mark.parametrize("whole", [True, False])
def test_texts_that_are_not_kept_leave_no_parts_behind(whole: bool):
    fold = Fold(keep_text=whole)
    for event in events_of([("text", "Hello"), ("thinking", "Hm")], 2):
        fold.feed(event)
    assert fold.reply().text == ("Hello" if whole else "")
