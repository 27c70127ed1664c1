"""Errors that servers report inside a reply, in all their forms, each at every split; and what is no reply at all."""

from __future__ import annotations

import json
from typing import Any, TypeAlias

import pytest

from streamkit.errors import ApiError, MalformedError
from streamkit.events import Reply
from streamkit.wire import Parser
from streamkit.wire.problems import api_error, is_fine
from tests.wire.bodies import DONE, choice, chunk, delta, error_of, finish, read, reply_of, say, sse, tools

FULL = {"message": "Slow down", "type": "rate_limit_error", "code": "rate_limit_exceeded", "param": "n"}
HI = sse(say("Hi"))

FORMS: dict[str, bytes] = {
    "object": sse({"error": FULL}),
    "text": sse({"error": "Slow down"}),
    "flat, by object": sse({"object": "error", **FULL}),
    "flat, by type": sse({**FULL, "type": "error"}),
    "flat, by code": sse({"code": 500, "message": "Slow down"}),
    "nested twice": sse({"error": {"error": FULL}}),
    "named, flat": sse(FULL, event="error"),
    "named, object": sse({"error": FULL}, event="error"),
    "named, type": sse({"type": "error", "error": FULL}, event="error"),
    "named, text": sse("Slow down", event="error"),
    "in a choice": sse(chunk(choice({}, error=FULL))),
    "beside choices": sse(chunk(choice({}), error=FULL)),
    "beside an empty choice": sse(chunk(error=FULL)),
    "with a finish reason": sse(finish("error", error=FULL)),
    "in a choice with a finish reason": sse(chunk(choice({}, error=FULL, finish_reason="error"))),
    "line without data": json.dumps({"error": FULL}).encode() + b"\n",
    "field of that name": b"error: " + json.dumps({"detail": "x", "error": FULL}).encode() + b"\n",
    "field of that name, text": b"error: Slow down\n",
    "a line in a block": b'data: {"id"\nerror: Slow down\n',
    "detail": sse({"error": {"detail": "Slow down"}}),
    "named, a JSON text": sse('"Slow down"', event="error"),
    "in a list": sse([{"error": FULL}]),
    "named, in a list": sse([{"error": FULL}], event="error"),
    "a list of them": sse({"success": False, "errors": [{"message": "Slow down"}]}),
    "flat, by status": sse({"status": "error", "message": "Slow down"}),
    "a flag and a message": sse({"error": True, "message": "Slow down"}),
    "a line with nothing but a message": b'{"message": "Slow down"}\n',
    "aside": sse(chunk(choice({}), x_groq={"id": "r", "error": "Slow down"})),
}


@pytest.mark.parametrize("after", [b"", DONE, sse(say("never seen"))], ids=["end", "done", "more"])
@pytest.mark.parametrize("before", [b"", HI], ids=["first", "later"])
@pytest.mark.parametrize("form", FORMS)
def test_an_error_is_raised_where_it_stands(form: str, before: bytes, after: bytes):
    error = error_of(before + FORMS[form] + after)
    assert isinstance(error, ApiError)
    assert str(error) == "Slow down"
    assert (error.partial.text, error.partial.outcome) == ("Hi" if before else "", "failed")


def test_what_the_server_says_about_an_error_is_kept():
    error = error_of(FORMS["object"])
    assert isinstance(error, ApiError)
    assert (error.code, error.error_type, error.param, error.retryable) == (
        "rate_limit_exceeded", "rate_limit_error", "n", True,
    )  # fmt: skip
    error = error_of(sse({"error": {"message": "x", "code": 502.0, "param": 3}}))
    assert isinstance(error, ApiError)
    assert (error.code, error.error_type, error.param) == (502, None, None)
    error = error_of(sse({"error": {"message": "x", "status_code": 404}}))
    assert isinstance(error, ApiError)
    assert error.code == 404
    error = error_of(sse({"error": "x", "error_type": "validation"}))
    assert isinstance(error, ApiError)
    assert error.error_type == "validation"
    error = error_of(sse({"error": 503}))
    assert isinstance(error, ApiError)
    assert (error.code, error.retryable) == (503, True)


@pytest.mark.parametrize("chunk", [{"message": "Slow down"}, {"detail": "Slow down"}, {"error_message": "Slow down"}])
def test_a_message_instead_of_a_reply_is_an_error(chunk: dict[str, Any]):
    for after in (b"", DONE):
        error = error_of(sse(chunk) + after)
        assert isinstance(error, ApiError)
        assert str(error) == "Slow down"
    assert reply_of(say("a"), chunk, say("b")).text == "ab"  # in a reply it may be anything


BUSY, POOR, ODD = "Please slow down", "no credit", "no such channel"
Told: TypeAlias = "tuple[dict[str, Any], str, str | int | None, str | None, bool]"
ELSEWHERE: dict[str, Told] = {
    # as the server sends it: message, code, error_type, retryable
    "base_resp": ({"base_resp": {"status_code": 1002, "status_msg": BUSY}}, BUSY, 1002, None, True),
    "base_resp, lasting": ({"base_resp": {"status_code": 1008, "status_msg": POOR}}, POOR, 1008, None, False),
    "base_resp, text": ({"base_resp": {"status_code": "1024", "status_msg": ODD}}, ODD, "1024", None, True),
    "error_code": ({"error_code": 18, "error_msg": BUSY, "id": "as-7"}, BUSY, 18, None, True),
    "error_code, lasting": ({"error_code": 336003, "error_msg": ODD, "id": "as-7"}, ODD, 336003, None, False),
    "error_code, a word": ({"error_code": "BAD_REQUEST", "message": ODD}, ODD, "BAD_REQUEST", None, False),
    "code and msg": ({"code": 336501, "msg": "Rate limit reached for RPM"}, "Rate limit reached for RPM", 336501,
                     None, True),
    "__type": ({"__type": "ThrottlingException", "message": BUSY}, BUSY, "ThrottlingException",
               "ThrottlingException", True),
    "__type, long": ({"__type": "com.example.x#ValidationException", "Message": ODD}, ODD, "ValidationException",
                     "ValidationException", False),
    "an exception by name": ({"internalServerException": {"message": ODD}}, ODD, "internalServerException",
                             "internalServerException", True),
    "success": ({"success": False, "message": ODD}, ODD, None, None, False),
    "success, errors": ({"success": False, "errors": [{"code": 7009, "message": ODD}], "messages": [],
                         "result": None}, ODD, 7009, None, False),
    "status and msg": ({"status": 500, "msg": ODD}, ODD, 500, None, True),
    "status text and msg": ({"status": "449", "msg": "You exceeded your rate limit", "body": None},
                            "You exceeded your rate limit", 449, None, True),
    "status, a float": ({"status": 503.0, "msg": ODD}, ODD, 503, None, True),
    "code, half a number": ({"code": 1.5, "type": "server_error", "msg": ODD}, ODD, None, "server_error", True),
    "status word": ({"status": "fail", "message": ODD, "data": {}}, ODD, None, None, False),
    "status flag": ({"code": 5, "error": "url.not_found", "message": ODD, "status": False}, ODD, 5, "url.not_found",
                    False),
    "statusCode": ({"statusCode": 429, "message": BUSY}, BUSY, 429, None, True),
    "problem+json": ({"type": "about:blank", "title": "Busy", "status": 503, "detail": BUSY}, BUSY, 503, "about:blank",
                     True),
    "code": ({"code": "Throttling.RateQuota", "message": BUSY, "request_id": "r"}, BUSY, "Throttling.RateQuota", None,
             True),
    "code, lasting": ({"code": "Arrearage", "message": ODD, "request_id": "r"}, ODD, "Arrearage", None, False),
    "header of its own": ({"header": {"code": 0}, "code": 10013, "message": ODD, "sid": "s"}, ODD, 10013, None, False),
    "capitals": ({"ErrorCode": "MODEL_TIMEOUT", "Message": ODD}, ODD, "MODEL_TIMEOUT", None, True),
    "ErrorMsg": ({"Note": "", "ErrorMsg": {"Msg": BUSY, "Code": 4001}, "Id": "1"}, BUSY, 4001, None, True),
    "Response": ({"Response": {"Error": {"Code": "RequestLimitExceeded", "Message": BUSY}, "RequestId": "r"}}, BUSY,
                 "RequestLimitExceeded", None, True),
    "status in capitals": ({"error": {"code": 503, "message": BUSY, "status": "UNAVAILABLE"}}, BUSY, 503,
                           "UNAVAILABLE", True),
    "errors, an object": ({"errors": {"message": ODD}, "request_id": "r"}, ODD, None, None, False),
    "errors within": ({"error": {"message": ODD, "errors": [{"message": "detail"}]}}, ODD, None, None, False),
    "error_description": ({"error": "invalid_grant", "error_description": ODD}, ODD, None, "invalid_grant", False),
    "event": ({"event": "error", "code": "provider_quota_exceeded", "message": ODD}, ODD, "provider_quota_exceeded",
              None, False),
    "type": ({"type": "overloaded_error", "message": BUSY}, BUSY, None, "overloaded_error", True),
    "money, whatever the code": ({"error": {"code": 429, "type": "insufficient_quota", "message": POOR}}, POOR, 429,
                                 "insufficient_quota", False),
}  # fmt: skip


@pytest.mark.parametrize("before", [b"", HI], ids=["first", "later"])
@pytest.mark.parametrize("name", ELSEWHERE)
def test_forms_that_servers_use_in_a_stream(name: str, before: bytes) -> None:
    form, message, code, error_type, retryable = ELSEWHERE[name]
    for data in (before + sse(form) + DONE, before + json.dumps(form).encode() + b"\n"):
        error = error_of(data)
        assert isinstance(error, ApiError), error
        assert (str(error), error.code, error.error_type, error.retryable) == (message, code, error_type, retryable)
        assert error.partial.text == ("Hi" if before else "")


@pytest.mark.parametrize("name", ELSEWHERE)
def test_forms_that_servers_use_instead_of_a_stream(name: str) -> None:
    form, message, code, error_type, retryable = ELSEWHERE[name]
    for body in (form, [form]):
        with pytest.raises(ApiError) as caught:
            list(Parser().body(json.dumps(body).encode()))
        error = caught.value
        assert (str(error), error.code, error.error_type, error.retryable) == (message, code, error_type, retryable)


@pytest.mark.parametrize(
    "failure",
    [
        {"base_resp": {"status_code": 1027, "status_msg": ODD}}, {"error_code": 336000, "error_msg": ODD},
        {"success": False, "message": ODD}, {"error": {"message": ODD}},
    ],
)  # fmt: skip
def test_a_form_that_can_mean_nothing_else_counts_beside_content(failure: dict[str, Any]) -> None:
    for data in (sse(finish("length", **failure)), sse(chunk(choice({"role": "assistant"}), **failure))):
        error = error_of(HI + data + DONE)
        assert isinstance(error, ApiError)
        assert (str(error), error.partial.text) == (ODD, "Hi")


@pytest.mark.parametrize(
    "fine",
    [
        {"base_resp": {"status_code": 0, "status_msg": "success"}}, {"base_resp": {"status_code": 0}},
        {"base_resp": None}, {"success": True, "message": "ok"}, {"success": None}, {"status": "ok", "message": "fine"},
        {"status": "success", "msg": "fine"}, {"status": 200, "msg": "fine"}, {"code": 0, "message": "Success"},
        {"code": "200", "msg": "fine"}, {"code": "0000", "message": "fine"}, {"code": 20000, "message": "OK"},
        {"code": "Success", "message": "fine"}, {"code": 1, "message": "成功"}, {"error_code": 0, "error_msg": ""},
        {"error_code": "", "error_msg": ""}, {"error_code": None}, {"errors": {}}, {"type": "status", "message": "hm"},
        {"status": 1, "message": "under way"}, {"event": "message", "message": "hm"}, {"code": 7}, {"ErrorMsg": None},
        {"Response": {"RequestId": "r"}}, {"statusCode": 200, "message": "fine"}, {"error": {}, "choices": [choice()]},
    ],
)  # fmt: skip
def test_what_means_success_is_no_error(fine: dict[str, Any]) -> None:
    for place in ({**say("a"), **fine}, {**chunk(), **fine}, {**finish(), **fine}):
        assert reply_of(say("x"), place).text in ("x", "xa")
        assert reply_of(place, say("x")).text in ("x", "ax")
    assert reply_of(fine, say("x")).text == "x"


@pytest.mark.parametrize("data", [b"", b"data\n", b"data: null\n", b"data: {}\n"])
def test_an_event_named_error_is_one_even_without_words(data: bytes):
    event = b"event: error\n" + (data or b"data:\n") + b"\n"
    error = error_of(HI + event + DONE)
    assert isinstance(error, ApiError)
    assert (str(error) != "", error.partial.text) == (True, "Hi")


@pytest.mark.parametrize(
    "chunk",
    [
        {"message": "fine", "code": 0}, {"message": "Searching", "type": "status"}, {"errors": []}, {"errors": None},
        {"message": {"role": "assistant"}, "done": False}, {"status": "queued", "message": "soon"}, {},
        {"request_id": "r"}, {"description": "x", "code": 200},
    ],
)  # fmt: skip
def test_other_metadata_is_no_error(chunk: dict[str, Any]):
    assert reply_of(say("a"), chunk, say("b")).text == "ab"
    assert reply_of(chunk, say("b")).text == "b"
    assert reply_of(sse({"message": "Searching"}, event="progress"), say("b")).text == "b"


def test_what_stands_beside_an_error_is_delivered_first():
    for data in (
        sse(say("Hi", error={"message": "x"})),
        sse({**say("Hi"), "error": {"message": "x"}, "usage": {"prompt_tokens": 5}}),
        sse(chunk(choice({"content": "Hi"}, finish_reason="error"))),
    ):
        assert error_of(data + DONE).partial.text == "Hi"


def test_a_finish_reason_error_alone_is_an_error():
    for word in ("error", "Error"):
        error = error_of(HI + sse(finish(word)) + DONE)
        assert isinstance(error, ApiError)
        assert error.partial.text == "Hi"


@pytest.mark.parametrize("value", [None, False, ""])
def test_no_error_is_no_error(value: Any):
    assert reply_of({**say("a"), "error": value}, say("b", error=value)).text == "ab"
    assert reply_of({**say("a"), "error": {}}).text == "a"


@pytest.mark.parametrize(
    "noise",
    [
        sse({"error": FULL}), sse("{bad"), DONE, DONE + sse({"error": FULL}), b"error: x\n", b'{"error": "x"}\n',
        b"x" * 100, sse(say("more"), finish("stop")),
    ],
)  # fmt: skip
def test_nothing_counts_after_done(noise: bytes):
    for chunks in ([HI + DONE + noise], [HI + DONE, noise]):
        events, error = read(chunks)
        assert error is None
        assert isinstance(events[-1], Reply)
        assert events[-1].text == "Hi"


@pytest.mark.parametrize("text", ["[DONE]x", '["DONE"]', "done", "[END]"])
def test_what_is_like_the_end_is_none(text: str):
    assert isinstance(error_of(HI + sse(text)), MalformedError)


def test_a_message_is_fit_for_a_terminal():
    assert str(error_of(sse({"error": {"message": "a\x1b[2J\nb" + "x" * 5000}}))).startswith("a\\x1b[2J b")
    assert len(str(error_of(sse({"error": "x" * 5000})))) == 1000


@pytest.mark.parametrize(
    ("error", "retryable"),
    [
        ({"code": 429}, True), ({"code": "503"}, True), ({"code": 400}, False), ({"code": 402}, False),
        ({"code": "rate_limit_exceeded"}, True), ({"type": "overloaded_error"}, True), ({"type": "server_error"}, True),
        ({"type": "invalid_request_error"}, False), ({"code": "insufficient_quota", "type": "server_error"}, False),
        ({"message": "Please try again later"}, True), ({"message": "bad tool"}, False), ({}, False), ("Timeout", True),
        (None, False), (17, False), ({"type": "ServiceUnavailableException"}, True),
        ("Total request limit reached", False),
        ({"type": "ProvisionedThroughputExceededException"}, True), ({"type": "AccessDeniedException"}, False),
        ({"type": "ServiceQuotaExceededException"}, False), ({"message": "请求过多，请稍后再试"}, True),
        ({"message": "余额不足，请稍后再试"}, False), ("a separate limit of the corporate plan", False),
    ],
)  # fmt: skip
def test_whether_trying_again_may_help(error: Any, retryable: bool):
    assert api_error(error).retryable is retryable


def test_an_error_without_words_still_has_some():
    deep: Any = []
    for _ in range(5000):
        deep = [deep]
    for odd in ({}, [], "", " ", {"message": ""}, {"message": 5}, deep):
        assert str(api_error(odd))


# what is no reply

MALFORMED: dict[str, bytes] = {
    "half json": sse('{"choices": ['),
    "json over two events": sse('{"choices":', " []}"),
    "no json": sse("hello there"),
    "a word about an error": sse("upstream_error"),
    "no object": sse([1]),
    "choices are no list": sse({"choices": {"0": {}}}),
    "a choice is no object": sse({"choices": ["a"]}),
    "an index is no number": sse(chunk({"index": "a", "delta": {}})),
    "an index is a list": sse(chunk({"index": [], "delta": {"content": "a"}})),
    "a delta is no object": sse(chunk({"index": 0, "delta": "a"})),
    "a message is no object": sse(chunk({"index": 1, "message": ["a"]})),
    "content is a number": sse(delta(content=5)),
    "content is an object": sse(delta(content={"text": "a"})),
    "content is a list of numbers": sse(delta(content=[1])),
    "a part's text is no text": sse(delta(content=[{"type": "text", "text": 5}])),
    "refusal is a number": sse(delta(refusal=5)),
    "finish_reason is a number": sse(finish(5)),
    "tool_calls are no list": sse(delta(tool_calls={"a": 1})),
    "a tool call is no object": sse(tools("a")),
    "a function is no object": sse(tools({"function": "a"})),
    "arguments are a number": sse(tools({"function": {"arguments": 5}})),
    "a name is a list": sse(tools({"function": {"name": ["a"]}})),
    "an id is a list": sse(tools({"id": ["a"]})),
    "not utf-8": b'data: {"choices": [{"delta": {"content": "\xff"}}]}\n\n',
    "half a character": b'data: {"choices": [{"delta": {"content": "\xe4\xb8"}}]}\n\n',
    "deep nesting": sse("[" * 100_000),
    "deep nesting in an object": sse('{"choices": ' + "[" * 5000 + "]" * 5000 + "}"),
    "endless number": sse('{"choices": ' + "9" * 5000 + "}"),
    "json line without data": json.dumps(say("a")).encode() + b"\n",
}


@pytest.mark.parametrize("before", [b"", HI], ids=["first", "later"])
@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_no_chunk_is_malformed(name: str, before: bytes):
    data = before + MALFORMED[name] + DONE
    error = error_of(data) if len(data) < 1000 else read(data)[1]
    assert isinstance(error, MalformedError)
    assert len(str(error)) < 400
    assert error.partial.text == ("Hi" if before else "")


def test_odd_json_that_is_fine():
    wide = '{"big": 123456789012345678901234567890, "n": NaN, "choices": [{"index": 0, "delta": {"content": "a"}}]}'
    nested = json.dumps({**say("b"), "extra": 0}).replace("0}", "[" * 300 + "]" * 300 + "}")
    doubled = '{"choices": [], "choices": [{"index": 0, "delta": {"content": "c"}}]}'
    assert reply_of(wide, nested, doubled).text == "abc"


def test_keep_alives_say_nothing():
    data = sse("", " ", event="ping") + sse("ok", event="ping") + sse({"type": "keepalive"}, event="keepalive")
    assert reply_of(b"data:\n\n", b": hi\n\n", say("a"), data, b"data\n\n").text == "a"


def test_arguments_nested_too_deeply_to_be_written_are_malformed():
    deep = "[" * 900 + "]" * 900
    events, error = read(sse(json.dumps(tools({"function": {"arguments": 0}})).replace('": 0', '": ' + deep), DONE))
    assert error is None or isinstance(error, MalformedError)
    assert events or error


def test_what_is_nested_deeply_is_not_looked_at_and_counts_as_an_error():
    assert is_fine([[[]]])
    assert not is_fine([[[[[]]]]])
