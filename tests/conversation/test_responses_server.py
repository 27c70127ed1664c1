"""The Responses API as a strict server, under the official client: right requests and each wrong one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from .asking import changed, openai_of, refusing, without
from .strict import StrictServer, strict

pytestmark = pytest.mark.slow  # its types alone take half a second to load
pytest.importorskip("openai")

USER = {"role": "user", "content": "q"}


def reasoning(number: str, text: str, encrypted: str) -> dict[str, Any]:
    summary = [{"type": "summary_text", "text": text}]
    return {"type": "reasoning", "id": f"rs_{number}", "summary": summary, "encrypted_content": encrypted}


def call(number: str, id: str) -> dict[str, Any]:
    form = {"call_id": id, "name": "w", "arguments": "{}", "status": "completed"}
    return {"type": "function_call", "id": f"fc_{number}", **form}


def output(id: str) -> dict[str, Any]:
    return {"type": "function_call_output", "call_id": id, "output": "r"}


FIRST, SECOND = reasoning("1_0", "First a.", "S1"), reasoning("1_2", "Then b.", "S2")
GOOD: list[Any] = [USER, FIRST, call("1_1", "a"), SECOND, call("1_3", "b"), output("a"), output("b")]
"""The second request after ``reasoning between``, without a stored reply."""

NO_OUTPUT = "No tool output found for function call b."
NO_CALL = "No tool call found for function call output with call_id b."
NO_FOLLOWER = "Item 'rs_1_2' of type 'reasoning' was provided without its required following item."
NO_REASONING = "Item 'fc_1_3' of type 'function_call' was provided without its required 'reasoning' item: 'rs_1_2'."
UNVERIFIED = "could not be verified. Reason: Encrypted content could not be decrypted or parsed."

WRONG: dict[str, tuple[Any, str]] = {
    "no output": (GOOD[:6], NO_OUTPUT),
    "no call": ([*GOOD[:3], *GOOD[5:]], NO_CALL),
    "an output twice": ([*GOOD, {**output("b")}], "Duplicate item found with call_id b."),
    "a message between": ([*GOOD[:6], USER, GOOD[6]], NO_OUTPUT),
    "the output before the call": ([*GOOD[:3], GOOD[6], *GOOD[3:6]], NO_CALL),
    "the id of the item instead of the call": (changed(GOOD, 6, "call_id", to="fc_1_3"), "with call_id fc_1_3."),
    "reasoning without its follower": (without(without(GOOD, 6), 4), NO_FOLLOWER),
    "reasoning at the end": ([*GOOD[:3], *GOOD[4:], SECOND], NO_REASONING),
    "a follower without its reasoning": (without(GOOD, 3), NO_REASONING),
    "reasoning first, then all calls": (
        [USER, FIRST, SECOND, call("1_1", "a"), call("1_3", "b"), *GOOD[5:]],
        "Item 'rs_1_0' of type 'reasoning' was provided without its required following item.",
    ),
    "reasoning in another order": (
        [USER, SECOND, call("1_1", "a"), FIRST, call("1_3", "b"), *GOOD[5:]],
        NO_FOLLOWER,
    ),
    "the content of the first event": (changed(GOOD, 3, "encrypted_content", to="S2-added"), UNVERIFIED),
    "contents joined": (changed(GOOD, 3, "encrypted_content", to="S1S2"), UNVERIFIED),
    "contents exchanged": (changed(GOOD, 3, "encrypted_content", to="S1"), UNVERIFIED),
    "an item twice": ([*GOOD, FIRST], "Duplicate item found with id rs_1_0."),
    "status of reasoning": (changed(GOOD, 1, "status", to="completed"), "Unknown parameter: 'input[1].status'."),
    "null in reasoning": (
        changed(GOOD, 1, "content", to=None),
        "Invalid type for 'input[1].content': expected an array, but got null instead.",
    ),
    "an unknown key": (changed(GOOD, 2, "index", to=0), "Unknown parameter: 'input[2].index'."),
    "an unknown key of null": (changed(GOOD, 2, "parsed_arguments", to=None), "'input[2].parsed_arguments'."),
    "reasoning without summary": (without(GOOD, 1, "summary"), "Missing required parameter: 'input[1].summary'."),
    "a message of a tool": (
        [*GOOD[:6], {"role": "tool", "tool_call_id": "b", "content": "r"}],
        "Invalid value: 'tool'. Supported values are: ",
    ),
    "calls of chat completions": (
        [USER, {"role": "assistant", "content": "", "tool_calls": []}],
        "Unknown parameter: 'input[1].tool_calls'.",
    ),
    "content of null": ([USER, {"role": "assistant", "content": None}], "Invalid type for 'input[1].content'"),
}


@pytest.fixture
def server() -> Iterator[StrictServer]:
    with strict("responses", "reasoning between") as server:
        yield server


def ask(server: StrictServer, input: Any, **fields: Any) -> Any:
    """The response at the end of the stream, as a dict."""
    stream = openai_of(server).responses.create(**{"model": server.model, "stream": True, **fields, "input": input})
    return list(stream)[-1].response


def ask_unstored(server: StrictServer, input: Any, **fields: Any) -> Any:
    return ask(server, input, **{"store": False, "include": ["reasoning.encrypted_content"], **fields})


def test_the_right_next_request_is_accepted(server):
    ask_unstored(server, [USER])
    ask_unstored(server, GOOD)
    assert [request.body["input"] for request in server.requests] == [[USER], GOOD]
    assert (server.refused, server.losses) == ([], [])


def test_what_the_official_client_puts_together_is_accepted(server):
    """With the encrypted content of the last event, which differs from that of the item's own event."""
    with openai_of(server).responses.stream(model=server.model, input="q", store=False) as stream:
        response = stream.get_final_response()
    assert [item.type for item in response.output] == ["reasoning", "function_call"] * 2
    ask_unstored(server, [USER, *response.output, output("a"), output("b")])
    assert (server.refused, server.losses) == ([], [])


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_next_request_is_refused(server, name):
    items, text = WRONG[name]
    ask_unstored(server, [USER])
    with refusing(server, text):
        ask_unstored(server, items)
    ask_unstored(server, GOOD)
    assert server.losses == []


def test_reasoning_of_another_model_is_refused(server):
    ask_unstored(server, [USER])
    with refusing(server, UNVERIFIED):
        ask_unstored(server, GOOD, model="gpt-5.4-mini")


def test_an_item_that_is_not_stored_needs_its_content(server):
    ask_unstored(server, [USER])
    text = "Item with id 'rs_1_0' not found. Items are not persisted when `store` is set to false."
    with refusing(server, text, 404):
        ask_unstored(server, without(GOOD, 1, "encrypted_content"))
    with refusing(server, text, 404):
        ask_unstored(server, [USER, {"type": "item_reference", "id": "rs_1_0"}])


def test_stored_items_may_come_back_without_their_content(server):
    ask(server, [USER])
    ask(server, without(without(GOOD, 3, "encrypted_content"), 1, "encrypted_content"))
    assert server.refused == []


def test_ids_and_reasoning_may_be_dropped_together_with_a_loss(server):
    ask_unstored(server, [USER])
    ask_unstored(server, [USER, without(GOOD[2], "id"), without(GOOD[4], "id"), *GOOD[5:]])
    assert server.losses == ["reasoning rs_1_0 is missing", "reasoning rs_1_2 is missing"]


def test_a_chain_takes_only_what_is_new(server):
    first = ask(server, [USER])
    chained = {"previous_response_id": first.id}
    with refusing(server, "Duplicate item found with id rs_1_0. Remove duplicate items from your input and try again."):
        ask(server, GOOD[1:], **chained)
    with refusing(server, "Duplicate item found with call_id a."):
        ask(server, [without(GOOD[2], "id"), *GOOD[5:]], **chained)
    with refusing(server, "No tool output found for function call a."):
        ask(server, [USER], **chained)
    with refusing(server, "No tool output found for function call b."):
        ask(server, GOOD[5:6], **chained)
    with refusing(server, "Previous response with id 'resp_9' not found."):
        ask(server, GOOD[5:], previous_response_id="resp_9")
    with refusing(server, "Mutually exclusive parameters"):
        ask(server, GOOD[5:], conversation="conv_1", **chained)
    second = ask(server, GOOD[5:], **chained)
    ask(server, [USER], previous_response_id=second.id)
    with refusing(server, "Duplicate item found with call_id a."):
        ask(server, GOOD[5:], previous_response_id=second.id)
    assert server.losses == []


def test_a_reply_that_is_not_stored_cannot_be_continued_by_its_id(server):
    first = ask_unstored(server, [USER])
    with refusing(server, "Previous response with id 'resp_1' not found."):
        ask(server, GOOD[5:], previous_response_id=first.id)


def test_a_conversation_keeps_its_items(server):
    ask(server, [USER], conversation="conv_1")
    with refusing(server, "Duplicate item found with id rs_1_0."):
        ask(server, GOOD[1:], conversation={"id": "conv_1"})
    with refusing(server, "No tool call found for function call output with call_id a."):
        ask(server, GOOD[5:], conversation="conv_2")
    ask(server, GOOD[5:], conversation="conv_1")


def test_the_phase_of_a_message_is_missed():
    with strict("responses", "commentary") as server:
        first = ask(server, [USER])
        message, called = (item.model_dump(exclude_unset=True) for item in first.output)
        items = [USER, message, called, output("a")]
        ask(server, items)
        assert (message["phase"], server.losses) == ("commentary", [])
    with strict("responses", "commentary") as server:
        ask(server, [USER])
        ask(server, without(items, 1, "phase"))
        assert server.losses[0].startswith("input[1] is ")


@pytest.mark.parametrize("script", ["search", "refusal", "redacted", "three rounds", "text before calls"])
def test_the_output_of_every_script_comes_back_unchanged(script):
    with strict("responses", script) as server:
        items: list[Any] = [USER]
        for _ in server.rounds:
            found = [item.model_dump(exclude_unset=True) for item in ask_unstored(server, items).output]
            items += found
            items += [output(item["call_id"]) for item in found if item["type"] == "function_call"] or [USER]
        assert (server.refused, server.losses) == ([], [])


def test_the_error_has_the_form_of_openai(server):
    ask_unstored(server, [USER])
    with pytest.raises(Exception, match="400") as raised:
        ask_unstored(server, changed(GOOD, 3, "encrypted_content", to="gAAAAABxyzDQ=="))
    text = f"The encrypted content gAAA...DQ== {UNVERIFIED}"
    error = {"message": text, "type": "invalid_request_error", "param": None, "code": "invalid_encrypted_content"}
    assert raised.value.response.json() == {"error": error}
