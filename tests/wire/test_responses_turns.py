"""Which items of a reply go back together: reasoning with what it led to, calls with their answers."""

from __future__ import annotations

from typing import Any

import pytest

from streamkit.events import ToolCall
from streamkit.turns import FromModel, Origin, Piece, assemble, slot
from streamkit.wire import APIS
from streamkit.wire.openai.response_history import new_items, readable_items
from tests.wire.test_responses_blocks import CREATED, end, ev, reply_of

assert APIS["responses"].own is not None
MESSAGES = APIS["responses"].own
CALL = Piece(call=ToolCall("c1", "w", "{}", api="responses", extra={"id": "fc_1", "status": "completed"}))
CALL_ITEM = {
    "type": "function_call", "id": "fc_1", "status": "completed", "call_id": "c1", "name": "w", "arguments": "{}",
}  # fmt: skip
PLAIN_CALL = {name: value for name, value in CALL_ITEM.items() if name != "id"}
DROPPED = Piece()
COMPACTION = {"type": "compaction", "id": "cmp_1", "encrypted_content": "C"}


def thought(number: int = 1, **fields: Any) -> Piece:
    return Piece("reasoning", form={"type": "reasoning", "id": f"rs_{number}", "summary": [], **fields})


def item(number: int = 1) -> dict[str, Any]:
    return {"type": "reasoning", "id": f"rs_{number}", "summary": []}


def tool(kind: str, **fields: Any) -> Piece:
    return Piece(kind, form={"type": kind, "id": f"{kind}_1", **fields})


def said(text: str, **fields: Any) -> Piece:
    form = {
        "type": "message",
        "id": "m_1",
        "role": "assistant",
        "content": [{"type": "output_text", "text": slot("text")}],
    }
    return Piece("message", text, form={**form, **fields})


def message(text: Any, **fields: Any) -> dict[str, Any]:
    form = {"type": "message", "id": "m_1", "role": "assistant", "content": [{"type": "output_text", "text": text}]}
    return {**form, **fields}


def part(text: Any) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": []}


SEARCH = tool("web_search_call", status="completed")
TURNS: dict[str, tuple[list[Piece], list[dict[str, Any]]]] = {
    "reasoning and its call": ([thought(), CALL], [item(), CALL_ITEM]),
    "reasoning alone": ([thought()], []),
    "reasoning that did not end": ([Piece("reasoning", reasoning="hm"), CALL], [PLAIN_CALL]),
    "a call that does not go back": ([thought(), DROPPED], []),
    "the first of two calls does not go back": ([thought(), DROPPED, CALL], [PLAIN_CALL]),
    "the second of two calls does not go back": ([thought(), CALL, DROPPED], [item(), CALL_ITEM]),
    "a message that did not end": ([thought(), Piece("message", "Hi")], [{"role": "assistant", "content": "Hi"}]),
    "a message that was changed": (
        [thought(), said("Hi", phase="commentary"), CALL], [item(), message("Hi", phase="commentary"), CALL_ITEM],
    ),
    "a message of several parts that was changed": (
        [said("a***b", content=[part(slot("text", "a")), {"type": "new"}, part(slot("text", "b"))])],
        [message("", content=[part("a***b"), {"type": "new"}])],
    ),
    "reasoning of several parts that was changed": (
        [Piece("reasoning", reasoning="***", form={
            **item(), "encrypted_content": "E",
            "summary": [{"text": slot("reasoning", "a")}, {"text": slot("reasoning", "b")}],
        }), CALL],
        [{**item(), "encrypted_content": "E", "summary": [{"text": "***"}]}, CALL_ITEM],
    ),
    "an empty message": ([thought(), said("")], []),
    "two groups, one of them broken": (
        [thought(1), CALL, Piece("reasoning"), said("Hi")],
        [item(1), CALL_ITEM, {"role": "assistant", "content": "Hi"}],
    ),
    "two thoughts in a row": ([thought(1), thought(2), CALL], [item(1), item(2), CALL_ITEM]),
    "a tool of the server": ([thought(), SEARCH, said("Hi")], [item(), SEARCH.form, message("Hi")]),
    "a tool of the server without its reasoning": (
        [Piece("reasoning"), SEARCH, said("Hi")], [{"role": "assistant", "content": "Hi"}],
    ),
    "a call of the shell without its reasoning": (
        [Piece("reasoning"), tool("shell_call", call_id="c")], [{"type": "shell_call", "call_id": "c"}],
    ),
    "a call of the computer without its reasoning": (
        [Piece("reasoning"), tool("computer_call", call_id="c")], [tool("computer_call", call_id="c").form],
    ),
    "a message with a citation that was changed": (
        [said("a***b", content=[{**part(slot("text", "a")), "annotations": [{"index": 0}]}, part(slot("text", "b"))])],
        [message("", content=[part("a***b")])],
    ),
    "what no reasoning leads to": ([Piece("reasoning"), tool("compaction")], [tool("compaction").form]),
    "reasoning whose place is not known": (
        [thought(1), CALL, Piece("reasoning", form={})], [PLAIN_CALL],
    ),
    "blocks that were lost": (
        [Piece("", "Hi", "hm", lost=True), CALL], [{"role": "assistant", "content": "Hi"}, PLAIN_CALL],
    ),
    "only calls": ([Piece(), CALL], [CALL_ITEM]),
}  # fmt: skip


@pytest.mark.parametrize("case", TURNS)
def test_both_halves_go_back_or_neither(case: str):
    pieces, wanted = TURNS[case]
    assert assemble("responses", pieces) == wanted


@pytest.mark.parametrize("kind", ["computer_call", "local_shell_call", "shell_call", "apply_patch_call"])
def test_an_item_that_needs_an_answer_does_not_go_back_from_a_reply_that_was_cut(kind: str):
    call, output = tool(kind, call_id="c"), tool(f"{kind}_output", call_id="c")
    assert assemble("responses", [call]) == [call.form]
    for piece in (call, output):
        piece.cut = True
    assert assemble("responses", [call]) == []
    assert assemble("responses", [call, output]) == [call.form, output.form]


def test_reasoning_that_only_the_end_has_is_not_out_of_place():
    """What it led to was streamed before, so it goes back without its id; else it goes back in its place."""
    reasoning = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "E"}
    call = {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "w", "arguments": "{}"}
    streamed = ev("output_item.done", output_index=1, item=call)
    assert reply_of(CREATED, streamed, end(reasoning, call)).messages == [
        {name: value for name, value in call.items() if name != "id"}
    ]
    assert reply_of(CREATED, end(reasoning, call)).messages == [reasoning, call]


def test_what_is_not_stored_must_be_encrypted_or_plain():
    for fields, goes_back in (
        ({}, False),
        ({"encrypted_content": "E"}, True),
        ({"content": [{"type": "reasoning_text", "text": "hm"}]}, True),
    ):
        done = [
            ev("output_item.done", output_index=0, item={**item(), **fields}),
            ev("output_item.done", output_index=1, item={"type": "function_call", "id": "fc_1", "call_id": "c1",
                                                         "name": "w", "arguments": "{}"}),
        ]  # fmt: skip
        for created in (CREATED, ev("created", response={"id": "r1", "store": False})):
            is_stored = created is CREATED
            sent: list[Any] = reply_of(created, *done, end()).messages
            assert [one.get("id") for one in sent] == (["rs_1", "fc_1"] if goes_back or is_stored else [None])


OWN: list[dict[str, Any]] = [
    {"role": "user", "content": [{"type": "input_text", "text": "q"}, {"type": "input_image", "image_url": "u"}]},
    {**item(), "encrypted_content": "E"},
    message("I look", phase="commentary"),
    CALL_ITEM,
    {"type": "custom_tool_call", "id": "ctc_1", "call_id": "c2", "name": "run", "input": "ls"},
    {"type": "function_call_output", "call_id": "c1", "output": "r"},
    {"type": "custom_tool_call_output", "call_id": "c2", "output": [{"type": "input_text", "text": "s"}]},
    SEARCH.form or {},
    message("Done"),
    {"role": "user", "content": "and?"},
]


def test_items_as_messages_of_chat_completions():
    assert list(MESSAGES.to_chat(OWN)) == [
        {"role": "user", "content": [{"type": "text", "text": "q"}, {"type": "image_url", "image_url": {"url": "u"}}]},
        {
            "role": "assistant",
            "content": "I look",
            "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "w", "arguments": "{}"}},
                {"id": "c2", "type": "custom", "custom": {"name": "run", "input": "ls"}},
            ],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "r"},
        {"role": "tool", "tool_call_id": "c2", "content": "s"},
        {"role": "assistant", "content": "Done"},
        {"role": "user", "content": "and?"},
    ]


def test_messages_of_chat_completions_among_items_keep_their_calls_and_fields():
    call = {"id": "c", "type": "function", "function": {"name": "w", "arguments": "{}"}}
    turn = {"role": "assistant", "content": "I look", "name": "n", "tool_calls": [call]}
    assert list(MESSAGES.to_chat([turn])) == [turn]
    assert list(MESSAGES.to_chat([message("a"), turn])) == [{**turn, "content": "a\n\nI look"}]
    assert turn["tool_calls"] == [call]


def test_what_reasoning_that_cannot_be_read_led_to_goes_back_without_it():
    result = {"type": "function_call_output", "call_id": "c1", "output": "r"}
    items = [item(), message("I look"), CALL_ITEM, result, message("Done")]
    plain = {"role": "assistant", "content": "I look"}
    assert list(readable_items(items)) == [plain, PLAIN_CALL, result, message("Done")]


def test_items_of_a_response_without_an_id_are_new_to_every_server():
    items = [FromModel({"role": "assistant", "content": "a"}, Origin("responses", "h"), reply) for reply in ("r", "")]
    for going_on in ({"previous_response_id": "r"}, {"conversation": "c"}):
        assert new_items(items, going_on, "h") == items[1:]
    assert new_items(items, {}, "h") == items


def test_items_for_another_model():
    called = {**CALL_ITEM, "caller": {"type": "program"}}
    assert MESSAGES.plain(called) == PLAIN_CALL
    assert [one for form in OWN if (one := MESSAGES.plain(form)) is not None] == [
        OWN[0],
        {"role": "assistant", "content": "I look", "phase": "commentary"},
        PLAIN_CALL,
        {"type": "custom_tool_call", "call_id": "c2", "name": "run", "input": "ls"},
        *OWN[5:7],
        {"role": "assistant", "content": "Done"},
        OWN[9],
    ]
    assert (
        MESSAGES.plain({"id": "m_1"})
        is MESSAGES.plain(COMPACTION)
        is MESSAGES.plain({"type": "item_reference", "id": "m"})
        is None
    )


@pytest.mark.parametrize("form", [*OWN[:9], {"id": "m_1"}])
def test_what_is_of_this_api(form: dict[str, Any]):
    assert MESSAGES.is_own(form)
    assert not MESSAGES.is_own({"role": "user", "content": "q"})
    assert not MESSAGES.is_own({"role": "user", "content": [{"type": "text", "text": "q"}]})
