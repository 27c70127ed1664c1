"""Message objects of the official library, alone and among dicts."""

from __future__ import annotations

import json
from typing import Any, Literal

import pytest
from pydantic import BaseModel

import streamkit as sk
from streamkit import operators as ops, testing
from streamkit.batch import Ledger
from streamkit.messages import messages_of
from streamkit.tokens import prompt_tokens

openai = pytest.importorskip("openai")
from openai.types.chat import (  # noqa: E402  # once it is known to be there
    ChatCompletionMessage,
    ChatCompletionMessageToolCall,
    ParsedChatCompletionMessage,
)
from openai.types.responses import ResponseFunctionToolCall, ResponseOutputMessage, ResponseReasoningItem  # noqa: E402


class Turn(BaseModel):
    """A message as somebody might model it; the role is a default."""

    role: Literal["user"] = "user"
    content: str


class City(BaseModel):
    city: str


ASKED = {"role": "user", "content": "How is it in Oslo?"}
CALL = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Oslo"}'}}
PARSED_CALL = {**CALL, "function": {**CALL["function"], "parsed_arguments": {"city": "Oslo"}}}
RESULT = {"role": "tool", "tool_call_id": "c1", "content": "fine"}

MESSAGES: dict[str, tuple[Any, Any]] = {
    "text": (
        ChatCompletionMessage(role="assistant", content="Fine."),
        {"role": "assistant", "content": "Fine."},
    ),
    "what a server leaves empty": (
        ChatCompletionMessage(role="assistant", content="Fine.", refusal=None, tool_calls=None, audio=None),
        {"role": "assistant", "content": "Fine."},
    ),
    "keys the library does not know": (
        ChatCompletionMessage.model_validate({"role": "assistant", "content": "a", "reasoning_content": "hm"}),
        {"role": "assistant", "content": "a", "reasoning_content": "hm"},
    ),
    "calls alone": (
        ChatCompletionMessage.model_validate({"role": "assistant", "content": None, "tool_calls": [CALL]}),
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
    ),
    "what a helper has parsed": (
        ParsedChatCompletionMessage[City].model_validate(
            {
                "role": "assistant",
                "content": '{"city":"Oslo"}',
                "parsed": City(city="Oslo"),
                "tool_calls": [PARSED_CALL],
            }
        ),
        {"role": "assistant", "content": '{"city":"Oslo"}', "tool_calls": [CALL]},
    ),
    "a model of one's own": (Turn(content="Hi"), {"role": "user", "content": "Hi"}),
    "a dict that holds models": (
        {"role": "assistant", "content": None, "tool_calls": [ChatCompletionMessageToolCall.model_validate(CALL)]},
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
    ),
}


@pytest.mark.parametrize(("given", "sent"), MESSAGES.values(), ids=MESSAGES)
@pytest.mark.parametrize("around", [((), ()), ((ASKED,), (RESULT,))], ids=["alone", "among dicts"])
def test_a_message_object_is_sent_as_the_dict_it_stands_for(given: Any, sent: Any, around: Any):
    before, after = around
    client = testing.client("Fine.")
    sk.run(client.chat([*before, given, *after]))
    assert client.requests[0].body["messages"] == [*before, sent, *after]


@pytest.mark.parametrize(("given", "sent"), MESSAGES.values(), ids=MESSAGES)
def test_a_message_object_has_as_many_tokens_as_its_dict(given: Any, sent: Any):
    assert prompt_tokens([ASKED, given], "gpt-4o") == prompt_tokens([ASKED, sent], "gpt-4o")
    metered = [list(testing.script("Hi").pipe(ops.meter(prompt=[ASKED, one]))) for one in (given, sent)]
    assert metered[0] == metered[1]
    assert metered[0][-1].usage.prompt_tokens


def test_a_tool_loop_takes_message_objects():
    client = testing.client("Fine.")
    history = [ASKED, MESSAGES["calls alone"][0], RESULT]
    sk.run(sk.tool_loop(client.chat, history, []))
    assert client.requests[0].body["messages"] == [ASKED, MESSAGES["calls alone"][1], RESULT]


def test_a_batch_takes_conversations_of_message_objects(tmp_path: Any):
    asking = [MESSAGES[name] for name in MESSAGES if name != "text"]  # equal prompts are asked once
    prompts = [[ASKED, given] for given, _ in asking]
    for answers in (["Fine."] * len(prompts), []):  # the second time all is in the ledger
        client = testing.client(*answers or ["never asked"])
        asked = sk.batch(prompts, client.chat, ledger=Ledger(tmp_path / "ledger"), concurrency=1, tokens_per_minute=1e6)
        assert [item.text for item in asked] == ["Fine."] * len(prompts)
        sent = [request.body["messages"] for request in client.requests]
        assert sent == [[ASKED, form] for _, form in asking][: len(answers)]


def test_items_of_a_response_are_asked_on():
    given = [
        ASKED,
        ResponseReasoningItem(type="reasoning", id="r1", summary=[], encrypted_content="x"),
        ResponseFunctionToolCall(type="function_call", call_id="c1", name="weather", arguments="{}"),
        ResponseOutputMessage.model_validate(
            {"type": "message", "id": "m1", "role": "assistant", "status": "completed", "content": []}
        ),
    ]
    client = testing.client("Fine.")
    sk.run(client.respond(given))
    assert client.requests[0].body["input"] == [
        ASKED,
        {"type": "reasoning", "id": "r1", "summary": [], "encrypted_content": "x"},
        {"type": "function_call", "call_id": "c1", "name": "weather", "arguments": "{}"},
        {"type": "message", "id": "m1", "role": "assistant", "status": "completed", "content": []},
    ]


def test_what_was_sent_is_a_copy():
    history = [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]
    client = testing.client("Fine.")
    asked = client.chat(history)
    history[0]["content"].clear()
    sk.run(asked)
    assert client.requests[0].body["messages"] == [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]


@pytest.mark.parametrize("odd", [Turn(content="Hi"), [Turn], ["Hi"], [None], 5, [json]])
def test_what_is_no_conversation_is_told(odd: Any):
    for take in (testing.client("Fine.").chat, lambda given: prompt_tokens(given, "gpt-4o")):
        with pytest.raises(TypeError, match="a str or a list of dicts"):
            take(odd)


def test_parts_may_be_a_tuple_and_a_turn_of_calls_has_no_text():
    part = {"type": "text", "text": "Hi"}
    assert sk.user(({"type": "text", "text": "Hi"},))["content"] == (part,)  # type: ignore[arg-type]
    assert sk.assistant(None) == {"role": "assistant", "content": None}
    client = testing.client("Fine.")
    sk.run(client.chat([sk.user((part,)), {**sk.assistant(None), "tool_calls": [CALL]}]))  # type: ignore[arg-type]
    assert client.requests[0].body["messages"][0] == {"role": "user", "content": [part]}
    with pytest.raises(TypeError, match="the text of a message is a str"):
        sk.user(None)  # type: ignore[arg-type]


@pytest.mark.parametrize("api", ["chat", "responses", "anthropic"])
def test_a_type_that_is_no_name_is_told(api: str):
    client = testing.client("Fine.", api=api)
    with pytest.raises(TypeError, match=r"the type of a part of a message is a str, such as 'text', not dict"):
        client.chat([{"role": "user", "content": [{"type": {}}]}])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="the type of a message is a str"):
        client.chat([{"role": "user", "content": "Hi", "type": ["message"]}])  # type: ignore[list-item]
    assert client.requests == []


def test_an_id_alone_refers_to_an_item():
    client = testing.client("Fine.")
    sk.run(client.respond([{"id": "msg_1"}, ASKED]))
    assert client.requests[0].body["input"] == [{"id": "msg_1"}, ASKED]
    with pytest.raises(TypeError, match="a dict with a role"):
        client.respond([{"id": "msg_1", "content": "Hi"}])


def test_a_stream_or_a_run_where_text_belongs_is_told_and_asks_for_nothing():
    client = testing.client("Fine.")
    for take in (client.chat, client.respond, client.complete):
        given: Any = client.chat("Hi")
        with pytest.raises(TypeError, match=r"not a ReplyStream: sk.run\(stream\) gives its reply, and reply.text"):
            take(given)
    assert client.requests == []
    with sk.start(client.chat("Hi")) as run:
        for take in (client.chat, client.complete):
            with pytest.raises(TypeError, match=r"not a Run: its result\(\) is a reply"):
                take(run)  # type: ignore[operator]
        assert run.result().text == "Fine."


@pytest.mark.parametrize(
    "prompt", ["Once", ["Once", "Twice"], [1, 2], [[1, 2], [3]], ("Once",), {"a": "Once"}.values()]
)
def test_what_a_completion_continues(prompt: Any):
    client = testing.client("Fine.")
    sk.run(client.complete(prompt))
    assert client.requests[0].body["prompt"] == (prompt if isinstance(prompt, str) else list(prompt))


@pytest.mark.parametrize(
    ("prompt", "told"),
    [
        (sk.user("Hi"), r"not dict: a conversation is for client.chat"),
        ([sk.user("Hi")], r"not of dict: a conversation is for client.chat"),
        (["a", 3], "not of several kinds"),
        ([None], "not of NoneType"),
        ([True], "not of bool"),
        (3, "not int"),
        (None, "not NoneType"),
        (b"Hi", "not bytes"),
    ],
)
def test_what_no_completion_continues_is_told(prompt: Any, told: str):
    with pytest.raises(TypeError, match=f"a prompt is a str, or a list of str, .*{told}"):
        testing.client("Fine.").complete(prompt)


def test_a_message_that_holds_itself_is_told():
    odd: dict[str, Any] = {"role": "user"}
    odd["content"] = [odd]
    with pytest.raises(ValueError, match="holds itself"):
        testing.client("Fine.").chat([odd])


def test_only_what_the_library_parsed_is_left_out():
    class Own(BaseModel):
        role: str = "user"
        content: str = "hi"
        extra: dict[str, int] = {"parsed": 1}

    (message,) = messages_of([Own()])
    assert message == {"role": "user", "content": "hi", "extra": {"parsed": 1}}
