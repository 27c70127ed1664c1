"""The Messages API as a strict server, under the official client: right requests and each wrong one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from .asking import anthropic_of, changed, refusing, without
from .strict import StrictServer, strict

pytestmark = pytest.mark.slow  # its types alone take half a second to load
pytest.importorskip("anthropic")

USER = {"role": "user", "content": "q"}
CALLS = [{"type": "tool_use", "id": id, "name": "w", "input": {}} for id in ("a", "b")]
THOUGHTS = [
    {"type": "thinking", "thinking": "First a.", "signature": "S1"},
    {"type": "thinking", "thinking": "Then b.", "signature": "S2"},
]
RESULTS = [{"type": "tool_result", "tool_use_id": id, "content": "r"} for id in ("a", "b")]
ASSISTANT = {"role": "assistant", "content": [THOUGHTS[0], CALLS[0], THOUGHTS[1], CALLS[1]]}
GOOD: list[Any] = [USER, ASSISTANT, {"role": "user", "content": RESULTS}]
"""The second request after ``reasoning between``."""

UNANSWERED = "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: "
UNEXPECTED = "unexpected `tool_use_id` found in `tool_result` blocks: "
MODIFIED = "`thinking` or `redacted_thinking` blocks in the latest assistant message cannot be modified."
EXPECTED = "messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found `tool_use`."
SIGNATURE = "Invalid `signature` in `thinking` block"


def blocks(*found: Any) -> list[Any]:
    """The request with other blocks of the model."""
    return changed(GOOD, 1, "content", to=list(found))


WRONG: dict[str, tuple[Any, str]] = {
    "no result": (changed(GOOD, 2, "content", to=RESULTS[:1]), f"{UNANSWERED}b. Each `tool_use` block must have"),
    "no results": ([*GOOD[:2], USER], f"{UNANSWERED}a, b."),
    "no message of results": (GOOD[:2], f"{UNANSWERED}a, b."),
    "text before results": (
        changed(GOOD, 2, "content", to=[{"type": "text", "text": "x"}, *RESULTS]),
        f"{UNANSWERED}a, b.",
    ),
    "results in two messages": (
        [*GOOD[:2], {"role": "user", "content": RESULTS[:1]}, {"role": "user", "content": RESULTS[1:]}],
        f"{UNANSWERED}b.",
    ),
    "no calls": ([USER, GOOD[2]], f"messages.1.content.0: {UNEXPECTED}a. Each `tool_result` block must have"),
    "no call": (blocks(*ASSISTANT["content"][:2]), f"messages.2.content.1: {UNEXPECTED}b."),
    "a result twice": (changed(GOOD, 2, "content", 2, to=RESULTS[1]), "each tool_use must have a single result."),
    "two calls with one id": (blocks(*THOUGHTS[:1], CALLS[0], CALLS[0]), "`tool_use` ids must be unique"),
    "the message of a tool": (changed(GOOD, 2, "role", to="tool"), "messages.2.role: Input should be 'user' or"),
    "no thinking": (blocks(*CALLS), EXPECTED),
    "the first thinking only": (blocks(THOUGHTS[0], *CALLS), MODIFIED),
    "the second thinking only": (blocks(CALLS[0], THOUGHTS[1], CALLS[1]), EXPECTED),
    "thinking first, then all calls": (blocks(*THOUGHTS, *CALLS), MODIFIED),
    "thinking exchanged": (blocks(THOUGHTS[1], CALLS[0], THOUGHTS[0], CALLS[1]), MODIFIED),
    "calls exchanged": (blocks(THOUGHTS[0], CALLS[1], THOUGHTS[1], CALLS[0]), MODIFIED),
    "thinking altered": (changed(GOOD, 1, "content", 2, "thinking", to="Then b"), f"messages.1.content.2: {SIGNATURE}"),
    "thinking emptied": (changed(GOOD, 1, "content", 0, "thinking", to=""), f"messages.1.content.0: {SIGNATURE}"),
    "thinking merged": (
        blocks({"type": "thinking", "thinking": "First a.Then b.", "signature": "S1S2"}, *CALLS),
        f"messages.1.content.0: {SIGNATURE}",
    ),
    "a signature altered": (changed(GOOD, 1, "content", 0, "signature", to="S1 "), SIGNATURE),
    "a signature missing": (
        without(GOOD, 1, "content", 0, "signature"),
        "messages.1.content.0.thinking.signature: Field required",
    ),
    "a signature of null": (
        changed(GOOD, 1, "content", 0, "signature", to=None),
        "messages.1.content.0.thinking.signature: Input should be a valid string",
    ),
    "hidden thinking that is made up": (
        blocks({"type": "redacted_thinking", "data": "x"}, *CALLS),
        "messages.1.content.0: Invalid `data` in `redacted_thinking` block",
    ),
    "an unknown key": (
        changed(GOOD, 1, "content", 1, "index", to=0),
        "messages.1.content.1.tool_use.index: Extra inputs are not permitted",
    ),
    "an unknown key of a message": (changed(GOOD, 1, "id", to=None), "messages.1.id: Extra inputs are not permitted"),
    "an unknown block": (
        blocks({"type": "reasoning", "text": "x"}, *CALLS),
        "messages.1.content.0.type: Input should be 'text' or ",
    ),
    "input as text": (
        changed(GOOD, 1, "content", 1, "input", to="{}"),
        "messages.1.content.1.tool_use.input: Input should be a valid dictionary",
    ),
    "an error flag as text": (
        changed(GOOD, 2, "content", 0, "is_error", to="true"),
        "messages.2.content.0.tool_result.is_error: Input should be a valid boolean",
    ),
    "an error flag of null": (
        changed(GOOD, 2, "content", 0, "is_error", to=None),
        "messages.2.content.0.tool_result.is_error: Input should be a valid boolean",
    ),
    "the content of null": (changed(GOOD, 1, "content", to=None), "messages.1.content: Input should be a valid string"),
    "an empty text": (
        blocks({"type": "text", "text": ""}, *ASSISTANT["content"]),
        "messages: text content blocks must be non-empty",
    ),
    "an empty text in a result": (
        changed(GOOD, 2, "content", 0, "content", to=[{"type": "text", "text": ""}]),
        "messages: text content blocks must be non-empty",
    ),
    "a blank text": (
        blocks(THOUGHTS[0], {"type": "text", "text": "\n\n"}, *ASSISTANT["content"][1:]),
        "messages: text content blocks must contain non-whitespace text",
    ),
    "a beginning with a space at its end": (
        [USER, {"role": "assistant", "content": "The answer is "}],
        "messages: final assistant content cannot end with trailing whitespace",
    ),
    "a message without blocks": (
        [USER, {"role": "assistant", "content": []}, USER],
        "messages.1: all messages must have non-empty content except for the optional final assistant message",
    ),
}


@pytest.fixture
def server() -> Iterator[StrictServer]:
    with strict("anthropic", "reasoning between") as server:
        yield server


def ask(server: StrictServer, messages: Any, **fields: Any) -> Any:
    """The message that the official client puts together."""
    request = {"model": server.model, "max_tokens": 100, "messages": messages, **fields}
    with anthropic_of(server).messages.stream(**request) as stream:
        return stream.get_final_message()


def test_the_right_next_request_is_accepted(server):
    message = ask(server, [USER])
    assert (message.stop_reason, message.to_dict()["content"]) == ("tool_use", ASSISTANT["content"])
    assert ask(server, GOOD).content[-1].text == "Done."
    assert [request.body["messages"] for request in server.requests] == [[USER], GOOD]
    assert (server.refused, server.losses) == ([], [])


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_next_request_is_refused(server, name):
    messages, text = WRONG[name]
    ask(server, [USER])
    with refusing(server, text):
        ask(server, messages)
    ask(server, GOOD)
    assert server.losses == []


def test_there_is_no_request_without_a_limit(server):
    with refusing(server, "max_tokens: Field required"):
        anthropic_of(server).post("/v1/messages", body={"model": "m", "messages": [USER]}, cast_to=object)


@pytest.mark.parametrize("script", ["search", "refusal", "redacted", "silent reasoning", "three rounds", "one call"])
def test_the_content_of_every_script_comes_back_unchanged(script):
    with strict("anthropic", script) as server:
        messages: list[Any] = [USER]
        for _ in server.rounds:
            content = ask(server, messages).to_dict()["content"]
            results = [{**RESULTS[0], "tool_use_id": one["id"]} for one in content if one["type"] == "tool_use"]
            messages += [{"role": "assistant", "content": content}, {"role": "user", "content": results or "more"}]
        ask(server, messages)
        assert (server.refused, server.losses) == ([], [])


def test_another_model_takes_the_conversation_without_thinking_only(server):
    ask(server, [USER])
    with refusing(server, f"messages.1.content.0: {SIGNATURE}"):
        ask(server, GOOD, model="claude-sonnet-5")
    ask(server, blocks(*CALLS), model="claude-sonnet-5")
    assert server.losses == []


def test_thinking_of_earlier_turns_may_be_left_out(server):
    ask(server, [USER])
    ask(server, GOOD)
    final = {"role": "assistant", "content": [{"type": "text", "text": "Done."}]}
    ask(server, [*blocks(*CALLS), final, USER])
    assert (server.refused, server.losses) == ([], [])
    with refusing(server, SIGNATURE):  # but what is sent is still checked
        ask(server, [*blocks({**THOUGHTS[0], "signature": "x"}, *CALLS), final, USER])


def test_a_text_that_was_changed_is_a_loss():
    with strict("anthropic", "text before calls") as server:
        content = ask(server, [USER]).to_dict()["content"]
        ask(server, changed(GOOD, 1, "content", to=changed(content, 0, "text", to="I ***. ")))
        assert server.losses[0].startswith("messages[1].content is ")


SEARCH = {
    "a search without its result": (1, "`web_search` tool use with id `srvtoolu_0_0` was found without"),
    "a result without its search": (
        0,
        "unexpected `tool_use_id` found in `web_search_tool_result` blocks: srvtoolu_0_0.",
    ),
}


@pytest.mark.parametrize("name", SEARCH)
def test_half_of_a_search_is_refused(name):
    place, text = SEARCH[name]
    with strict("anthropic", "search") as server:
        content = ask(server, [USER]).to_dict()["content"]
        good = [USER, {"role": "assistant", "content": content}, {"role": "user", "content": RESULTS[:1]}]
        with refusing(server, text):
            ask(server, without(good, 1, "content", place))
        with refusing(server, "Invalid `encrypted_content` in `search_result` block"):
            ask(server, changed(good, 1, "content", 1, "content", 0, "encrypted_content", to="H2"))
        ask(server, good)
        ask(server, changed(good, 1, "content", to=content[2:]))  # both halves: a loss, and not an error
        assert [loss[:22] for loss in server.losses] == ["2 replies were given, "]


def test_thinking_may_be_bound_to_the_conversation_before_it():
    with strict("anthropic", "reasoning between", bound=True) as server:
        ask(server, [USER], system="Be kind.")
        bound = "The block is bound to a different conversation."
        with refusing(server, f"{SIGNATURE}. {bound}"):
            ask(server, GOOD, system="Be short.")
        with refusing(server, "The `tools` list differs from the one this block was created with."):
            ask(server, GOOD, system="Be kind.", tools=[{"name": "w", "input_schema": {"type": "object"}}])
        with refusing(server, "The conversation differs"):
            ask(server, changed(GOOD, 0, "content", to="Q"), system="Be kind.")
        ask(server, GOOD, system="Be kind.")
        dropping = {"type": "adaptive", "block_binding": {"prefix_mismatch_behavior": "drop_block"}}
        headers = {"anthropic-beta": "thinking-binding-controls-2026-08-01"}
        ask(server, GOOD, system="Be short.", thinking=dropping, extra_headers=headers)


def test_the_error_has_the_form_of_anthropic(server):
    with pytest.raises(Exception, match="400") as raised:
        ask(server, GOOD[:2])
    text = f"{UNANSWERED}a, b. Each `tool_use` block must have a corresponding `tool_result` block in the next message."
    error = {"type": "invalid_request_error", "message": text}
    assert raised.value.response.json() == {"type": "error", "error": error, "request_id": "req_strict"}
