"""When a request is made again, and after how long."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as some

import streamkit as sk
from streamkit.sources.http.answers import status_error
from streamkit.sources.http.limits import CLOCKS
from tests.faults.bodies import DONE, START, data, reply, say
from tests.faults.server import RESET, head, serving

AGAIN = sk.BrokenError("cut", retryable=True)


def status(retry_after: float | None) -> sk.StatusError:
    return sk.StatusError("no", status=429, retryable=True, retry_after=retry_after)


@given(some.integers(1, 12), some.floats(0, 1), some.floats(0, 1), some.floats(0, 10), some.floats(0, 10))
def test_waits_grow_up_to_the_longest_and_vary_by_their_jitter(
    made: int, luck: float, jitter: float, first: float, longest: float
) -> None:
    policy = sk.Retry(attempts=12, first=first, longest=longest, jitter=jitter)
    whole = min(first * 2 ** (made - 1), longest)
    wait = policy.wait(made, AGAIN, lambda: luck)
    assert wait is not None
    assert whole * (1 - jitter) - 1e-9 <= wait <= whole


def test_default_waits_grow_whatever_the_luck() -> None:
    policy = sk.Retry(attempts=5)
    for made in range(1, 5):
        luckiest, unluckiest = policy.wait(made, AGAIN, lambda: 0.0), policy.wait(made + 1, AGAIN, lambda: 1.0)
        assert luckiest is not None
        assert unluckiest is not None
        assert luckiest < unluckiest


@pytest.mark.parametrize(("asked", "wait"), [(0.0, 0.0), (7.0, 7.0), (60.0, 60.0), (60.5, None), (3600.0, None)])
def test_what_the_server_asks_for_counts_up_to_a_cap(asked: float, wait: float | None) -> None:
    assert sk.Retry().wait(1, status(asked)) == wait


def test_no_more_than_allowed() -> None:
    assert sk.Retry(attempts=2).wait(2, AGAIN) is not None
    assert sk.Retry(attempts=2).wait(3, AGAIN) is None
    assert sk.Retry(attempts=0).wait(1, AGAIN) is None
    assert sk.Retry().wait(1, sk.BrokenError("cut")) is None


@given(some.text(max_size=40) | some.from_regex(r"(Mon|Xyz), [0-9]{1,9} [A-Z][a-z]{2} [0-9]{2,9} [0-9:+-]{1,20}"))
def test_no_retry_after_does_harm(text: str) -> None:
    seconds = status_error(503, "", {"retry-after": text, "retry-after-ms": text}, b"").retry_after
    assert seconds is None or seconds >= 0
    assert seconds is None or isinstance(sk.Retry().wait(1, status(seconds)), float | None)


def test_waiting_has_no_largest_number_of_attempts() -> None:
    assert sk.Retry(attempts=10**6, jitter=0).wait(10**6, AGAIN) == 8.0


@pytest.mark.parametrize("said", ["true", "True", " false ", "FALSE", "maybe", ""])
@pytest.mark.parametrize("code", [400, 503])
def test_the_server_says_whether_to_try_again(said: str, code: int) -> None:
    expected = {"true": True, "false": False}.get(said.strip().lower(), code == 503)
    assert status_error(code, "", {"x-should-retry": said}, b"").retryable is expected


def test_an_error_says_what_the_server_said() -> None:
    body = b'{"error": {"message": "no such model", "type": "invalid", "code": "model_not_found", "param": "model"}}'
    error = status_error(404, "Not Found", {}, body)
    assert (error.code, error.error_type, error.param) == ("model_not_found", "invalid", "model")
    error = status_error(400, "Bad Request", {}, b"no words of that kind")
    assert (error.code, error.error_type, error.param) == (None, None, None)
    error = status_error(429, "", {}, b'{"base_resp": {"status_code": 1002, "status_msg": "slow down"}}')
    assert (str(error), error.code) == ("HTTP 429: slow down", 1002)


def test_the_reason_of_a_status_is_fit_for_a_terminal_and_short() -> None:
    message = str(status_error(500, "Oops\x1b[2J\r\nx: y" + "z" * 9999, {}, b""))
    assert message.startswith("HTTP 500 Oops\\x1b[2J x: yzz")
    assert len(message) < 220


@pytest.mark.parametrize(
    "wrong",
    [{"attempts": -1}, {"first": float("nan")}, {"retry_after": -1}, {"first": -1}, {"longest": -0.1}, {"jitter": 1.5}],
)
def test_policies_that_make_no_sense(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        sk.Retry(**wrong)


@pytest.mark.parametrize("name", [*CLOCKS, "event_bytes", "reply_bytes"])
def test_limits_that_make_no_sense(name: str) -> None:
    with pytest.raises(ValueError):
        sk.Limits(**{name: 0})
    assert getattr(sk.Limits(**{name: None}), name) is None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "5"}, 5.0),
        ({"retry-after": " 0.25 "}, 0.25),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9.0),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({"retry-after": "Wed Oct 21 07:28:00 2015"}, 0.0),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "1e300"}, None),
        ({"retry-after": "9" * 5000}, 1e9),
        ({"retry-after": "99999999999"}, 1e9),
        ({"retry-after-ms": "-1", "retry-after": "2"}, 2.0),
        ({"retry-after-ms": "nan", "retry-after": "-2"}, None),
        ({"retry-after": "Fri, 31 Dec 9999 23:59:59 -9999"}, None),
        ({"retry-after": "tomorrow"}, None),
        ({"retry-after": ""}, None),
        ({}, None),
    ],
)
def test_retry_after_in_all_its_forms(headers: dict[str, str], seconds: float | None) -> None:
    assert status_error(429, "", headers, b"").retry_after == seconds


@pytest.mark.parametrize(
    ("code", "body", "retryable"),
    [
        (408, b"", True),
        (409, b"", True),
        (429, b"", True),
        (500, b"", True),
        (529, b"", True),
        (307, b"", False),
        (400, b"", False),
        (401, b"", False),
        (404, b"", False),
        (413, b"", False),
        (429, b'{"error": {"code": "insufficient_quota", "message": "pay"}}', False),
        (429, b'{"error": {"type": "insufficient_quota", "code": null}}', False),
        (429, b'{"error": {"code": "rate_limit_exceeded"}}', True),
    ],
)
def test_which_statuses_may_pass(code: int, body: bytes, retryable: bool) -> None:
    assert status_error(code, "", {}, body).retryable is retryable


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"error": {"message": "no such model"}}', "no such model"),
        (b'{"error": "no such model"}', "no such model"),
        (b'{"detail": "no such model"}', "no such model"),
        (b'{"detail": [{"msg": "no such model"}]}', "no such model"),
        (b'{"message": "no such model"}', "no such model"),
        (b'[{"error": {"message": "no such model"}}]', "no such model"),
        (b"<html><p>no such <b>model</b></p></html>", "no such model"),
        (b"no such model\x1b[2J\r\n", "no such model\\x1b[2J"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"[" * 100_000, "[[["),
        (b"", "HTTP 418 Teapot"),
    ],
)
def test_messages_say_what_the_server_said(body: bytes, said: str) -> None:
    message = str(status_error(418, "Teapot", {}, body))
    assert said in message
    assert len(message) < 300
    assert message.isprintable()


FIRST_ATTEMPTS = {
    "cut": [head(), START.replace(b"c-1", b"old"), RESET],
    "truncated by a reset after other things": [head(), b": x\n\n", data({"id": "old", "odd": 1}), RESET],
    "overloaded": [head(), data({"id": "old", "error": {"type": "overloaded_error", "message": "busy"}})],
    "a status": [head("500 Oops", "text/plain"), b"old"],
    "a clean end": [head(), START.replace(b"c-1", b"old")],
    "an end before anything": [head(), START.replace(b"c-1", b"old"), DONE],
    "an empty body": [head(content_length="0", connection="close")],
    "an empty document": [head(type="application/json", content_length="0", connection="close")],
}


@pytest.mark.parametrize("first", FIRST_ATTEMPTS.values(), ids=FIRST_ATTEMPTS)
def test_an_attempt_before_content_leaves_no_trace(first: Any) -> None:
    with serving(first, [head(), reply("new")]) as server:
        with sk.Client(server.url, model="m", retry=sk.Retry(first=0.01)) as client:
            seen: list[Any] = []
            answer = sk.run(client.chat("hi"), seen.append)
        assert len(server.requests) == 2
    assert answer.attempts == 2
    assert "old" not in repr(seen) + repr([event.raw for event in seen])
    with serving([head(), reply("new")]) as server, sk.Client(server.url, model="m") as client:
        direct: list[Any] = []
        sk.run(client.chat("hi"), direct.append)
    assert seen[:-1] == direct[:-1]


@pytest.mark.parametrize(
    "content",
    [
        say("a"),
        data({"choices": [{"index": 0, "delta": {"reasoning_content": "a"}}]}),
        data({"choices": [{"index": 0, "delta": {"refusal": "a"}}]}),
        data({"choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0, "function": {"name": "f"}}]}}]}),
    ],
)
def test_no_attempt_after_content(content: bytes) -> None:
    with serving([head(), content, 0.02, RESET]) as server:
        client = sk.Client(server.url, model="m", retry=sk.Retry(first=0.01))
        with client, pytest.raises(sk.BrokenError) as caught:
            sk.run(client.chat("hi"))
        assert len(server.requests) == 1
    assert caught.value.partial.attempts == 1
