"""What a Reply gives back to the conversation."""

from __future__ import annotations

import json

import pytest

import streamkit as sk
from streamkit import testing
from streamkit.wire import Encoder

CALL = sk.ToolCall("c1", "f", "{}")


def reply(text="", outcome="complete", calls=(), reasoning="", **more):
    return sk.Reply((sk.Choice(0, text, reasoning, tool_calls=tuple(calls)),), outcome=outcome, **more)


@pytest.mark.parametrize(
    ("given", "messages"),
    [
        (reply("Hi"), [sk.assistant("Hi")]),
        (reply("Hi", "cancelled"), [sk.assistant("Hi")]),
        (reply("", "cancelled"), []),
        (reply("Hi", reasoning="Hm."), [sk.assistant("Hi")]),
        (reply("Hi", "length", [CALL], "Hm."), [sk.assistant("Hi")]),
        (
            reply("", "complete", [CALL], "Hm."),
            [{"role": "assistant", "content": None, "tool_calls": [CALL.as_part()], "reasoning_content": "Hm."}],
        ),
        (reply("", "cancelled", [CALL], earlier=(sk.assistant("before"),)), [sk.assistant("before")]),
        (
            reply("", "cancelled", [CALL, sk.ToolCall("c2", "g", "{}")], answers=(CALL.result("x"),)),
            [{"role": "assistant", "content": None, "tool_calls": [CALL.as_part()]}, CALL.result("x")],
        ),
    ],
)
def test_messages_are_what_to_append(given, messages):
    assert given.messages == messages
    assert sk.from_json(sk.to_json(given)) == given


def test_upto_ends_where_it_was_heard():
    script = testing.script(
        "One. ", "Two. ", "Three.", reasoning="Hm.", tool_calls=[("f", "{}")], usage=sk.Usage(1, 2, 3)
    )
    whole = testing.clock().run(script).reply
    heard = whole.upto(len("One. Two."))
    assert (heard.text, heard.outcome, heard.tool_calls) == ("One. Two.", "stopped", ())
    assert heard.messages == [sk.assistant("One. Two.")]
    assert (heard.usage, heard.finish_reason) == (whole.usage, None)
    assert whole.upto(0).messages == []
    assert whole.upto(999).text == whole.text
    assert whole.text == "One. Two. Three."
    with pytest.raises(ValueError, match="from the beginning"):
        whole.upto(-1)


def test_upto_of_a_tool_loop_keeps_the_rounds_before():
    earlier = (sk.assistant("Let me see."), CALL.result("x"))
    assert reply("It is fine.", earlier=earlier).upto(5).messages == [*earlier, sk.assistant("It is")]


def test_json_has_no_numbers_that_json_does_not_know():
    event = sk.LogprobsDelta({"content": [{"logprob": float("-inf"), "top": [float("nan"), 0.5]}]})
    line = sk.to_json(event)
    told = json.loads(line, parse_constant=pytest.fail)["logprobs"]
    assert told == {"content": [{"logprob": None, "top": [None, 0.5]}]}
    (block,) = Encoder().feed(event)
    json.loads(block.removeprefix(b"data: "), parse_constant=pytest.fail)
