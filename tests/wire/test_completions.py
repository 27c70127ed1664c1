"""Chunks of legacy completions."""

from __future__ import annotations

from typing import Any

import pytest

from streamkit.errors import MalformedError
from streamkit.events import Finish, LogprobsDelta, TextDelta, Usage, UsageUpdate
from tests.wire.bodies import DONE, choice, chunk, events_of, read, reply_of, sse


def text(piece: Any, index: int = 0, **more: Any) -> dict[str, Any]:
    return chunk({"index": index, "text": piece, **more})


def test_text_stands_where_chat_has_a_delta():
    events = events_of(
        text("Hi"),
        text(" you", logprobs={"tokens": [" you"], "token_logprobs": [-0.1]}, finish_reason="stop"),
        text("", finish_reason="stop"),
        chunk(usage={"prompt_tokens": 1}),
        api="completions",
    )
    assert events == [
        TextDelta("Hi"),
        TextDelta(" you"),
        LogprobsDelta({"tokens": [" you"], "token_logprobs": [-0.1]}),
        Finish("stop"),
        UsageUpdate(Usage(1)),
    ]


def test_choices_are_kept_apart():
    reply = reply_of(text("a"), text("x", 1), text("b"), text(None, 1), api="completions")
    assert [one.text for one in reply.choices] == ["ab", "x"]


@pytest.mark.parametrize("beside", [{}, {"text": None}, {"text": ""}])
def test_a_server_that_answers_in_the_form_of_chat_is_understood(beside: dict[str, Any]):
    assert reply_of(chunk({**choice({"content": "a"}), **beside}), api="completions").text == "a"


@pytest.mark.parametrize("delta", [None, {}])
def test_an_empty_delta_hides_no_text(delta: Any):
    assert reply_of(text("a", delta=delta), api="completions").text == "a"


def test_other_shapes_are_malformed():
    _, error = read(sse(text(5), DONE), "completions")
    assert isinstance(error, MalformedError)


@pytest.mark.parametrize("reason", ["", None])
def test_no_finish_reason_is_none(reason: str | None):
    assert reply_of(text("a", finish_reason=reason), api="completions").finish_reason is None
