"""How replies end: by the server's word, by what was said, by nothing at all."""

from __future__ import annotations

from typing import Any

import pytest

from streamkit.errors import ApiError, BrokenError
from streamkit.events import Reply, Usage
from tests.wire.bodies import DONE, chunk, delta, error_of, finish, read, reply_of, say, sse

ROLE = delta(role="assistant", content="")


def responses(kind: str, *, said: str = "", **response: Any) -> bytes:
    deltas = (
        [{"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": said}] if said else []
    )
    end = {"type": f"response.{kind}", "response": {"id": "r", "output": [], **response}}
    return sse(*deltas, end)


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [
        ("MAX_TOKENS", "length"),
        ("model_context_window_exceeded", "length"),
        ("SAFETY", "filtered"),
        ("eos", "complete"),
        ("refusal", "refused"),
        ("userStopped", "cancelled"),
    ],
)
def test_the_servers_word_decides(reason: str, outcome: str):
    reply = reply_of(say("Hi"), finish(reason))
    assert (reply.outcome, reply.finish_reason, reply.warnings) == (outcome, reason, ())
    details = {"status": "incomplete", "incomplete_details": {"reason": reason}}
    if outcome not in ("complete", "refused"):
        events, error = read(responses("incomplete", said="Hi", **details), "responses")
        assert error is None
        assert events[-1].outcome == outcome  # type: ignore[union-attr]  # a Reply


@pytest.mark.parametrize(
    ("reason", "retryable"), [("network_error", True), ("abort", False), ("MALFORMED_OUTPUT", False)]
)
def test_a_failure_of_the_server_is_an_error_with_what_came_before(reason: str, retryable: bool):
    error = error_of(sse(say("Half"), finish(reason), DONE))
    assert isinstance(error, ApiError)
    assert (error.code, error.retryable, error.partial.text) == (reason, retryable, "Half")
    assert reason in str(error)


@pytest.mark.parametrize("word", ["None", "NONE", "FINISH_REASON_UNSPECIFIED", "in_progress"])
def test_a_word_for_no_end_is_no_end(word: str):
    halves = [say("Ha", finish_reason=word), say("lf", finish_reason=word)]
    assert isinstance(error_of(sse(*halves)), BrokenError)
    assert reply_of(*halves, finish("length")).outcome == "length"


def test_the_first_word_counts():
    assert reply_of(say("Hi"), finish("stop"), finish("malformed_response")).outcome == "complete"


def test_an_unknown_word_is_a_whole_reply_with_a_warning():
    reply = reply_of(say("Hi"), finish("wombat"), finish("wombat"))
    assert (reply.outcome, reply.finish_reason) == ("complete", "wombat")
    (warning,) = reply.warnings
    assert "wombat" in warning


def test_an_incomplete_response_is_never_complete_whatever_its_reason():
    for details in ({"reason": "wombat"}, {"reason": "stop"}, {}, None):
        events, error = read(responses("incomplete", said="Hi", incomplete_details=details), "responses")
        assert error is None
        assert events[-1].outcome == "length"  # type: ignore[union-attr]  # a Reply
    assert "wombat" in str(
        read(responses("incomplete", said="a", incomplete_details={"reason": "wombat"}), "responses")
    )


def test_a_reply_that_was_cut_before_its_first_word_is_an_error():
    error = error_of(sse(ROLE, finish("context_length_exceeded"), DONE))
    assert isinstance(error, ApiError)
    assert (error.code, error.retryable) == ("context_length_exceeded", False)
    error = error_of(responses("incomplete", incomplete_details={"reason": "max_output_tokens"}), "responses")
    assert isinstance(error, ApiError)


@pytest.mark.parametrize("content", [{"reasoning": "hm"}, {"refusal": "no"}, {"audio": {"data": "x"}}, {"new": 1}])
def test_any_content_counts_as_said(content: dict[str, Any]):
    assert reply_of(delta(**content), finish("length")).outcome == "length"
    assert reply_of(delta(**content)).outcome in ("complete", "refused")


def test_thinking_that_is_not_shown_was_said_if_it_was_billed():
    usage = {"prompt_tokens": 1, "completion_tokens": 500}
    reply = reply_of(ROLE, finish("length"), chunk(usage=usage))
    assert (reply.outcome, reply.usage) == ("length", Usage(1, 500))


EMPTY: dict[str, tuple[str, bytes]] = {
    "nothing but the end": ("chat", DONE),
    "a role": ("chat", sse(ROLE, DONE)),
    "empty fields": ("chat", sse(delta(content="", tool_calls=[], audio={}, refusal=None), DONE)),
    "usage": ("chat", sse(chunk(usage={"prompt_tokens": 1}), DONE)),
    "comments": ("chat", b": wait\n\n" * 3 + DONE),
    "no text": ("completions", sse(chunk({"index": 0, "text": ""}), DONE)),
    "a response that never began": ("responses", sse({"type": "response.created", "response": {"id": "r"}}) + DONE),
}


@pytest.mark.parametrize("lenient", [False, True], ids=["strict", "lenient"])
@pytest.mark.parametrize("done", [True, False], ids=["done", "the end"])
@pytest.mark.parametrize("name", EMPTY)
def test_a_reply_that_never_began_is_an_error_that_may_pass(name: str, done: bool, lenient: bool):
    api, data = EMPTY[name]
    _, error = read(data if done else data.removesuffix(DONE), api, lenient=lenient)
    assert isinstance(error, BrokenError)
    assert error.retryable


@pytest.mark.parametrize("reason", ["stop", "tool_calls", "content_filter"])
def test_a_finish_reason_makes_an_empty_reply_a_reply(reason: str):
    assert reply_of(ROLE, finish(reason)).text == ""


def test_a_reply_that_broke_off_later_is_not_retried_by_itself():
    _, error = read(sse(say("Hi")))
    assert isinstance(error, BrokenError)
    assert not error.retryable


def test_doubts_without_end_are_not_all_told():
    reply = reply_of(*(say("a", n, finish_reason=f"word{n}") for n in range(100)))
    assert len(reply.warnings) == 16


# figures


@pytest.mark.parametrize("figure", [-1, 2**53 + 1, 10**308, float(2**60), 1.5, float("inf"), float("nan")])
def test_a_number_that_is_no_figure_is_left_out_with_a_warning(figure: Any):
    reply = reply_of(say("Hi"), finish(usage={"prompt_tokens": figure, "completion_tokens": 2}))
    assert reply.usage == Usage(None, 2)
    (warning,) = reply.warnings
    assert "prompt_tokens" in warning


def test_the_largest_figure_is_one():
    reply = reply_of(say("Hi"), finish(usage={"prompt_tokens": 2**53, "completion_tokens": 0}))
    assert (reply.usage, reply.warnings) == (Usage(2**53, 0), ())


@pytest.mark.parametrize("index", [-1, 2**31, 10**300])
def test_an_index_that_is_none_is_malformed(index: int):
    _, error = read(sse(say("a", index)))
    assert error is not None
    assert error.kind == "malformed"


def test_warnings_survive_the_trip_through_json():
    from streamkit.json_form import from_json, to_json

    reply = reply_of(say("Hi"), finish("wombat"))
    again = from_json(to_json(reply))
    assert isinstance(again, Reply)
    assert again.warnings == reply.warnings
