"""The turn of a reply made of its pieces: what goes back in each API, and what does not."""

from __future__ import annotations

from typing import Any

import pytest

from streamkit.events import ToolCall
from streamkit.turns import (
    UNREADABLE,
    Piece,
    answered_by,
    answered_ids,
    arguments_object,
    assemble,
    fill,
    joined_results,
    request_fields,
    slot,
    slot_kind,
    without_seals,
)

Json = dict[str, Any]


def block(kind: str, **fields: Any) -> Piece:
    """A block that came whole."""
    return Piece(kind, form={"type": kind, **fields})


def said(text: str) -> Piece:
    return Piece("text", text, form={"type": "text", "text": {"@text": None}})


def content_of(*pieces: Piece) -> list[Json]:
    """The blocks of the turn in Anthropic's API."""
    return [one for message in assemble("anthropic", pieces) for one in message["content"]]


THOUGHT = block("thinking", thinking="Hm", signature="S")
FALLBACK = block("fallback", to={"model": "m"})


def test_where_several_models_declined_only_the_last_one_thinks() -> None:
    narration = block("connector_text", connector_text="Now b.", signature="S")
    turn = content_of(THOUGHT, FALLBACK, THOUGHT, narration, said("a"), FALLBACK, THOUGHT, said("b"))
    assert [one["type"] for one in turn] == ["fallback", "text", "fallback", "thinking", "text"]


def test_a_turn_of_anthropic_does_not_end_with_thoughts() -> None:
    assert content_of(said("a"), THOUGHT, block("redacted_thinking", data="D")) == [{"type": "text", "text": "a"}]
    assert content_of(THOUGHT) == []


def test_white_space_alone_is_not_a_block() -> None:
    assert content_of(Piece(text="\n"), said("a"), said(" "), Piece(text="b")) == [
        {"type": "text", "text": "a"},
        {"type": "text", "text": "b"},
    ]


def test_the_container_of_code_is_a_field_of_the_request_and_not_a_block() -> None:
    pieces = [Piece("container", form={"container": "c1"}), said("a"), Piece("container", form={"container": "c2"})]
    assert content_of(*pieces) == [{"type": "text", "text": "a"}]
    assert request_fields(pieces) == {"container": "c2"}
    assert request_fields([said("a"), Piece("container", form={})]) is None


@pytest.mark.parametrize(("api", "field"), [("anthropic", "content"), ("gemini", "parts")])
def test_adjacent_results_are_one_message_and_nothing_else_is_joined(api: str, field: str) -> None:
    first, second = (ToolCall(id, "w", "{}", api=api).result("r") for id in ("a", "b"))
    question, empty = {"role": "user", field: [{"text": "q"}]}, {"role": "user", field: []}
    both = {"role": "user", field: [*first[field], *second[field]]}  # type: ignore[literal-required]
    assert joined_results([first, second]) == [both]
    assert joined_results([empty, first, question]) == [empty, first, question]
    assert joined_results([first])[0] is first


def test_a_call_of_a_tool_that_takes_a_text_is_one_in_chat_completions() -> None:
    call = ToolCall("a", "w", "go", api="responses", extra={"type": "custom_tool_call", "id": "ctc_1"})
    assert call.as_part() == {"id": "a", "type": "custom", "custom": {"name": "w", "input": "go"}}


def test_a_thought_of_gemini_at_the_end_goes_back_if_it_is_signed() -> None:
    text, thought = Piece(text="a"), {"text": {"@reasoning": None}, "thought": True}
    signed = Piece(reasoning="Hm", form={**thought, "thoughtSignature": "S"})
    (turn,) = assemble("gemini", [text, signed, Piece(reasoning="cut", form=thought)])
    assert turn["parts"] == [{"text": "a"}, {"text": "Hm", "thought": True, "thoughtSignature": "S"}]


def test_a_thought_of_gemini_that_was_changed_is_left_out() -> None:
    changed = Piece(reasoning="***", form={"text": {"@reasoning": 2}, "thought": True, "thoughtSignature": "S"})
    assert assemble("gemini", [changed, Piece(text="a")]) == [{"role": "model", "parts": [{"text": "a"}]}]


def test_a_refusal_is_text_in_apis_without_refusals() -> None:
    refused = [Piece(refusal="No.")]
    assert assemble("gemini", refused) == [{"role": "model", "parts": [{"text": "No."}]}]
    assert assemble("ollama", refused) == [{"role": "assistant", "content": "No."}]


def test_arguments_that_are_not_an_object_are_wrapped_in_one() -> None:
    deep = "[" * 100_000
    assert arguments_object(None) == arguments_object(" \n") == {}
    assert arguments_object('{"a": 1}') == arguments_object({"a": 1}) == {"a": 1}
    assert arguments_object(deep) == {UNREADABLE: deep}
    assert arguments_object([1]) == {UNREADABLE: "[1]"}


@pytest.mark.parametrize(
    ("node", "answered"),
    [
        ({"functionResponse": {"id": "a", "name": "w", "response": {}}}, ["a"]),
        ({"function_response": {"id": "", "name": "w"}}, [None]),
        ({"functionResponse": "no object"}, []),
        ({"type": "function_call_output", "call_id": "a", "output": "r"}, ["a"]),
        ({"type": "function_call", "call_id": "a"}, []),
        ({"tool_call_id": 7, "role": "tool"}, [None]),
    ],
)
def test_the_calls_that_a_message_or_a_part_of_it_answers(node: Json, answered: list[str | None]) -> None:
    assert list(answered_by(node)) == answered


def test_a_call_in_the_form_before_tool_calls_is_answered_by_its_name() -> None:
    assert list(answered_ids([{"role": "function", "name": "w", "content": "r"}, {"role": "user", "name": "x"}])) == [
        "w"
    ]


@pytest.mark.parametrize("text", ["ab", "abcd", "abx"])
def test_a_form_fits_the_text_that_it_was_made_for(text: str) -> None:
    piece = Piece("text", text, form={"type": "text", "text": slot("text", "abc", sealed=True)})
    assert fill(piece) is None
    assert fill(Piece("text", "abc", form=piece.form)) == {"type": "text", "text": "abc"}
    unsealed = Piece("text", text, form={"type": "text", "text": slot("text", "abc")})
    assert (fill(unsealed) is None) == (len(text) != 3)


@pytest.mark.parametrize(
    "value", [{"@text": True}, {"@text": "3"}, {"@text": 3, "sum": "no sum"}, {"@text": 3, "x": 1}]
)
def test_an_object_of_a_server_is_not_a_slot(value: Json) -> None:
    assert slot_kind(value) is None


def test_only_what_is_sealed_gets_a_broken_seal() -> None:
    sealed, open_slot = slot("reasoning", "ab", sealed=True), slot("reasoning", "cd")
    form = {"details": [{"text": sealed, "data": "D"}, {"text": open_slot}], "name": "w"}
    broken = [{"text": {**sealed, "sum": "changed"}, "data": "D"}, {"text": open_slot}]
    assert without_seals(form, Piece(reasoning="**cd")) == {"details": broken, "name": "w"}
    assert without_seals(form, Piece(reasoning="**cd"), Piece(reasoning="abcd")) == form
