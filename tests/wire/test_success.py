"""What looks like an error and is none, what is one though it says little, and where one counts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from streamkit.errors import ApiError
from streamkit.wire import Parser
from streamkit.wire.complaints import is_hopeless
from streamkit.wire.problems import BESIDE_NAMES, SIGNS, api_error, may_report
from tests.wire.bodies import DONE, chunk, error_of, finish, read, reply_of, say, sse

HI = sse(say("Hi"))

WELL: list[Any] = [
    {"error": error}
    for error in (
        {"code": 0, "message": "success"}, {"code": None, "message": None}, {"message": "", "type": None}, "none",
        "null", "ok", " OK ", "No error", "0", 0, {"status": 200, "message": "OK"}, {"code": "Success", "details": "x"},
        {"error": {"code": "0", "msg": "request successful"}, "request_id": "r"}, [{"code": 0}],
        {"message": "操作成功"},
    )
]  # fmt: skip
WELL += [
    {"ErrorMsg": {"Code": 0, "Msg": "ok"}}, {"error_code": "no_error"}, {"errorCode": "NoError", "message": "hm"},
    {"errors": [None]}, {"Response": {"Error": {"Code": "", "Message": ""}}}, {"code": 10000, "msg": "操作成功"},
    {"code": 1, "message": "The request was successful."}, {"status": 1000, "msg": "streaming"}, {"success": "true"},
]  # fmt: skip
USAGE = {"usage": {"prompt_tokens": 1, "completion_tokens": 2}}


@pytest.mark.parametrize("well", WELL, ids=str)
def test_success_in_the_place_of_an_error_is_none(well: dict[str, Any]) -> None:
    assert reply_of({**say("a"), **well}, say("b", **well)).text == "ab"
    assert reply_of(well, say("a"), {**finish(), **well}, well).text == "a"
    assert reply_of(say("a"), well, finish(), {**chunk(), **USAGE, **well}, {**USAGE, **well}).text == "a"


@pytest.mark.parametrize(
    "more",
    [
        {"error": {}}, {"error": []}, {"code": 10000, "msg": "all is told"}, {"code": 42, "message": "bye"},
        {"__type": "Example#Chunk", "message": "bye"}, {"status": 444, "message": "bye"}, {"__type": "Example#Chunk"},
    ],
)  # fmt: skip
def test_what_may_be_anything_is_no_error_with_usage_or_after_the_end(more: dict[str, Any]) -> None:
    assert reply_of(say("a"), {**chunk(), **USAGE, **more}, finish()).text == "a"
    assert reply_of(say("a"), finish(), more, {**USAGE, **more}).text == "a"


@pytest.mark.parametrize(
    "error", [{"message": "x", "code": 0}, {"code": 500, "message": "ok"}, {"type": "overload"}, 1]
)
def test_half_a_success_is_an_error(error: Any) -> None:
    assert isinstance(error_of(HI + sse(finish(), {**chunk(), **USAGE, "error": error}) + DONE), ApiError)


@pytest.mark.parametrize(
    "greeting",
    [
        {"message": "connected"}, {"msg": "start"}, {"title": "Trip to Rome"}, {"status": 1, "message": "under way"},
        {"detail": "Reading the file"}, {"code": 7}, {"status": "QUEUED", "message": "soon"},
    ],
)  # fmt: skip
def test_words_before_a_reply_are_no_error(greeting: dict[str, Any]) -> None:
    assert reply_of(greeting, greeting, say("a")).text == "a"
    assert not isinstance(error_of(sse(greeting, say("a"))), ApiError)  # but cut


@pytest.mark.parametrize(
    ("form", "code", "words"),
    [
        ({"status": 1, "msg": "bad"}, 1, "bad"), ({"status": -1, "msg": "bad"}, -1, "bad"),
        ({"status": "BAD_REQUEST", "msg": "bad"}, "BAD_REQUEST", "bad"), ({"ret": -1, "msg": "bad"}, -1, "bad"),
        ({"retCode": "17", "retMsg": "bad"}, "17", "bad"), ({"code": 500}, 500, ""),
        ({"success": "False", "message": "bad"}, None, "bad"), ({"ok": "false", "message": "bad"}, None, "bad"),
        ({"code": "E-17", "data": None, "timestamp": 1}, "E-17", ""),
    ],
)  # fmt: skip
@pytest.mark.parametrize("api", ["chat", "completions", "responses"])
def test_a_complaint_instead_of_a_reply(api: str, form: dict[str, Any], code: Any, words: str) -> None:
    for data in (sse(form), sse(form) + DONE, sse(form, form)):
        error = error_of(data, api)
        assert isinstance(error, ApiError), error
        assert (error.code, words in str(error)) == (code, True)
    with pytest.raises(ApiError) as caught:
        list(Parser(api).body(json.dumps(form).encode()))
    assert (caught.value.code, words in str(caught.value)) == (code, True)


GOOD_WORDS = [{"title": "Trip to Rome"}, {"message": "stream finished"}, {"status": "DONE", "detail": "3 s"}]
BAD_WORDS = [
    {"message": "Internal server error"}, {"detail": "Not authenticated"}, {"msg": "模型调用失败"}, {"code": 500},
    {"code": "E-17", "timestamp": 1}, {"message": {"text": "model crashed"}}, {"status": 1, "msg": "request timed out"},
]  # fmt: skip


@pytest.mark.parametrize("api", ["chat", "responses"])
@pytest.mark.parametrize("form", BAD_WORDS)
def test_a_complaint_that_ends_a_reply_is_an_error(api: str, form: dict[str, Any]) -> None:
    for end in (b"", DONE):
        error = error_of(begun(api) + sse(form) + end, api)
        assert isinstance(error, ApiError), error
        assert error.partial.text == "a"


@pytest.mark.parametrize("api", ["chat", "responses"])
@pytest.mark.parametrize("form", BAD_WORDS + GOOD_WORDS)
def test_words_amid_a_reply_that_goes_on_are_no_error(api: str, form: dict[str, Any]) -> None:
    events, error = read([begun(api) + sse(form) + begun(api) + DONE], api)
    assert error is None
    assert events[-1].text == "aa"  # type: ignore[union-attr]  # the last event is the Reply


@pytest.mark.parametrize("form", BAD_WORDS + GOOD_WORDS)
def test_words_behind_the_end_of_a_reply_are_no_error(form: dict[str, Any]) -> None:
    assert reply_of(say("a"), finish(), form).text == "a"


@pytest.mark.parametrize("form", GOOD_WORDS)
def test_words_that_speak_of_no_failure_may_end_a_reply(form: dict[str, Any]) -> None:
    assert reply_of(say("a"), form).text == "a"


def begun(api: str) -> bytes:
    """A piece of a reply, without an end."""
    piece = {"type": "response.output_text.delta", "delta": "a", "output_index": 0, "content_index": 0}
    return sse(piece if api == "responses" else say("a"))


FAILS: dict[str, Any] = {
    "error": "busy", "base_resp": {"status_code": 1013, "status_msg": "busy"}, "error_code": 17, "success": False,
}  # fmt: skip


@pytest.mark.parametrize("sign", sorted({sign.name for sign in SIGNS if sign.beside}))
def test_what_counts_beside_content_counts_in_every_delta(sign: str) -> None:
    assert sign in BESIDE_NAMES
    for data in (sse({**say("a"), sign: FAILS[sign]}), sse(say("a", **{sign: FAILS[sign]}))):
        error = error_of(HI + data + DONE)
        assert isinstance(error, ApiError)
        assert error.partial.text == "Hia"
    piece = {"type": "response.output_text.delta", "delta": "a", "output_index": 0, "content_index": 0}
    error = error_of(sse(piece, {**piece, sign: FAILS[sign]}), "responses")
    assert isinstance(error, ApiError)
    assert error.partial.text.startswith("a")


def test_a_response_whose_error_says_success() -> None:
    response = {"id": "r", "status": "completed", "output": [], "error": {"code": None, "message": ""}}
    text = {"type": "response.output_text.delta", "delta": "a", "output_index": 0, "content_index": 0}
    assert reply_of(text, {"type": "response.completed", "response": response}, api="responses").text == "a"


@pytest.mark.parametrize(
    ("name", "hopeless"),
    [
        ("billing_service_unavailable", False), ("billing_rate_limit", False), ("BillingServerError", False),
        ("billing_hard_limit_reached", True), ("billing_not_active", True), ("billing_error", True), ("billing", True),
        ("insufficient_quota", True),
    ],
)  # fmt: skip
def test_an_open_bill_is_hopeless_and_a_broken_office_is_not(name: str, hopeless: bool) -> None:
    assert is_hopeless(name, None) is is_hopeless(None, name) is hopeless
    assert api_error({"code": name, "message": "sorry"}).retryable is not hopeless


def test_the_short_way_of_text_looks_for_every_form_that_may_stand_beside_it():
    assert all(may_report({"id": "c", name: 1}) for name in BESIDE_NAMES)
    assert not may_report({"id": "c", "choices": [], "usage": None})
