"""Answers that are no reply: statuses, redirects, other media types, and connections that never get that far."""

# ruff: noqa: E501  # the rows of a table are easier to read in one line

from __future__ import annotations

import email.utils
import time
from itertools import chain, repeat
from typing import Any

import pytest

import streamkit as sk
from tests.faults.bodies import START, data, every, reply, say
from tests.faults.harness import EAGER, Fault, Outcome, cases, check
from tests.faults.server import HANG, RESET, Heard, chunked, head

pytestmark = pytest.mark.slow  # every fault through every door, with real waits

OK = head()
FINE = [OK, reply("fine")]
PAGE = (
    b"<!doctype html><html><head><title>Bad gateway</title></head><body>\x1b[31mthe <b>proxy</b> says no</body></html>"
)


def refusal(status: str, body: bytes = b'{"error": {"message": "no", "code": "x"}}', **headers: str) -> list[bytes]:
    """A whole answer; the server closes, else the connection might stay in the pool, in good order."""
    return [head(status, "application/json", content_length=str(len(body)), connection="close", **headers), body]


def waited(least: float, most: float) -> Any:
    """Seconds between the first two requests."""

    def right(seen: Outcome) -> bool:
        first, second = seen.server.requests[:2]
        return least <= second.at - first.at <= most

    return right


def page_in_few_words(seen: Outcome) -> bool:
    assert seen.error is not None
    message = str(seen.error)
    waits = [b.at - a.at for a, b in zip(seen.server.requests, seen.server.requests[1:], strict=False)]
    return "\x1b" not in message and "<" not in message and len(message) < 300 and waits[0] < waits[1]


def asked_to_wait(seen: Outcome) -> bool:
    return isinstance(seen.error, sk.StatusError) and seen.error.retry_after == 3600


def slow_start(request: Heard) -> Any:
    return chain([OK[:20]], every(0.05, repeat(b"x-drip: 1\r\n")))


def no_request_twice(seen: Outcome) -> bool:
    return seen.server.requests[0].headers["authorization"].endswith("canary-0123456789")


BACKOFF = sk.Retry(attempts=2, first=0.1, jitter=0.5)
HTTP = [
    Fault("F25 429 then fine", [refusal("429 Too Many", retry_after="1"), FINE], text="fine", requests=2,
          check=waited(0.95, 1.5)),
    Fault("F25 503, milliseconds", [refusal("503 No", retry_after_ms="200"), FINE], text="fine", requests=2,
          check=waited(0.19, 0.6)),
    Fault("F25 a date", [lambda _: refusal("429 No", retry_after=email.utils.formatdate(time.time() + 2, usegmt=True)),
                         FINE], text="fine", requests=2, within=4.0, check=waited(0.9, 2.2)),
    Fault("F25 a date that has passed", [refusal("429 No", retry_after="Wed, 21 Oct 2015 07:28:00 GMT"), FINE],
          text="fine", requests=2),
    *(Fault(f"F25 {odd[:9]}", [refusal("429 No", retry_after=odd), FINE], text="fine", requests=2, within=1.0)
      for odd in ("soon", "-5", "nan", "-inf", "Mon, 99 Foo 99999 99:99:99 GMT")),
    Fault("F25 digits without end", [refusal("429 No", retry_after="9" * 400)], "http_status",
          check=lambda seen: seen.error.retry_after == 1e9 and seen.error.given_up),
    *(Fault(f"F30 {status}", [refusal(f"{status} No")], "http_status",
            check=lambda seen, status=status: seen.error.status == status and seen.error.retryable is False)
      for status in (400, 401, 403, 404, 422)),
    Fault("x-should-retry: false", [refusal("503 No", x_should_retry="false"), FINE], "http_status"),
    Fault("x-should-retry: true", [refusal("400 No", x_should_retry="True"), FINE], text="fine", requests=2),
    Fault("F30 no money left", [refusal("429 No", b'{"error": {"code": "insufficient_quota"}}')], "http_status"),
    Fault("F31 503 for ever, HTML", [[head("503 Busy", "text/html"), PAGE]], "http_status", requests=3,
          retry=BACKOFF, check=page_in_few_words),
    Fault("F32 an hour", [refusal("429 No", retry_after="3600")], "http_status", check=asked_to_wait),
    Fault("F33 endless error body", [lambda _: chain([head("500 Oops", "text/plain")], repeat(b"x" * 4096))], "http_status",
          retry=sk.Retry(attempts=0), sent=2**22, check=lambda seen: len(seen.error.body) == 64 * 1024),
    Fault("F33 dripping error body", [lambda _: chain([head("500 Oops", "text/plain"), b"sorry"], every(0.05, repeat(b".")))],
          "http_status", retry=sk.Retry(attempts=0), within=4.0, check=lambda seen: seen.error.body.startswith("sorry")),
    Fault("F33 error body that never comes", [[head("400 Oops", "text/plain", content_length="5"), HANG]],
          "http_status", within=4.0),
    Fault("F34 HTML", [[head(type="text/html; charset=utf-8"), PAGE]], "malformed",
          check=lambda seen: "proxy says no" in str(seen.error) and "\x1b" not in str(seen.error)),
    Fault("F34 HTML without a type", [[head(type=None), b"\n ", PAGE]], "malformed"),
    Fault("F35 error JSON", [refusal("200 OK")], "api_error",
          check=lambda seen: seen.error.code == "x" and "no" in str(seen.error)),
    Fault("F35 error JSON as an event stream", [[OK, b'{"error": {"message": "no"}}']], "api_error"),
    Fault("F36 JSON that is no reply", [refusal("200 OK", b'{"hello": "world"}')], "malformed"),
    Fault("F36 JSON cut", [refusal("200 OK", b'{"choices": [{"mess')], "malformed"),
    Fault("F37 empty body", [[head(content_length="0", connection="close")]], "stream_broken", requests=3),
    Fault("F37 empty body, lenient", [[head(content_length="0", connection="close")]], "stream_broken", lenient=True,
          requests=3),
    Fault("F37 white space", [[OK, b"\n\n \n"]], "stream_broken", requests=3),
    *(Fault(f"F62 {status}", [refusal(f"{status} Elsewhere", b"", location="http://127.0.0.1:9/v1/chat/completions")],
            "http_status", check=lambda seen: "redirect" in str(seen.error)) for status in (301, 302, 303, 307, 308)),
    Fault("F63 a loop", [refusal("307 Here", b"", location="/v1/chat/completions")], "http_status"),
    Fault("F64 closed before headers", [[]], "stream_broken", requests=3),
    Fault("F64 closed in the headers", [[OK[:30]]], "stream_broken", requests=3),
    Fault("F64 reset before headers", [[RESET]], "stream_broken", requests=3),
    Fault("F64 closed once", [[], FINE], text="fine", requests=2),
    Fault("F66 not HTTP", [[b"SSH-2.0-OpenSSH_9.6\r\n"]], "stream_broken", requests=3),
    Fault("F67 broken chunk size", [[head(transfer_encoding="chunked"), chunked(START + say("a")), b"zz\r\n"]],
          "stream_broken", "a"),
    Fault("F67 broken chunk size at once", [[head(transfer_encoding="chunked"), b"zz\r\n"]], "stream_broken", requests=3),
    Fault("F53 no answer", [[HANG], FINE], "stalled", clock="first_byte", limits={"first_byte": 0.3},
          check=lambda seen: seen.error.retryable and not seen.error.given_up),
    Fault("F53 headers, no body", [[OK, HANG]], "stalled", clock="first_byte", limits={"first_byte": 0.3}),
    Fault("F53 keep-alives, no content", [[OK, b": hi\n\n", HANG], FINE], "stalled", clock="byte_idle",
          limits={"byte_idle": 0.3}),
    Fault("F54 headers drip", [slow_start], "stalled", clock="first_byte", limits={"first_byte": 0.3}),
    Fault("F54 status line drips", [lambda _: every(0.05, [bytes([byte]) for byte in OK * 9])], "stalled",
          clock="first_byte", limits={"first_byte": 0.3}, retry=sk.Retry(attempts=0)),
    Fault("first attempt leaves no trace", [[OK, START.replace(b"c-1", b"old"), RESET], FINE], text="fine", requests=2,
          check=lambda seen: "old" not in repr(seen.events) and seen.reply.id == "c-1"),
    Fault("overloaded, then fine", [[OK, data({"id": "old", "model": "old", "choices": []}),
                                     data({"error": {"message": "overloaded", "code": 529}}), HANG], FINE],
          text="fine", requests=2, check=lambda seen: "old" not in repr(seen.events)),
    Fault("F76 no retry after text", [[OK, START, say("a"), data({"error": {"message": "overloaded", "code": 529}})]],
          "api_error", "a"),
    Fault("S07 brotli", [[head(content_encoding="br"), b"\x1b\x07\x00"]], "malformed"),
    Fault("S10 header flood", [lambda _: chain([b"HTTP/1.1 200 OK\r\n"], (b"x-%d: y\r\n" % n for n in range(2**24)))],
          "stream_broken", retry=sk.Retry(attempts=0), sent=2**22),
    Fault("S10 one endless header", [lambda _: chain([b"HTTP/1.1 200 OK\r\nx: "], repeat(b"y" * 4096))], "stream_broken",
          retry=sk.Retry(attempts=0), sent=2**22),
    Fault("total over all attempts", [refusal("503 No")], "stalled", clock="total", requests=1,
          limits={"total": 0.3}, retry=sk.Retry(attempts=9, first=5), at_least=0.29, within=1.0),
]  # fmt: skip


@pytest.mark.parametrize(("fault", "way"), cases(HTTP))
def test_answers_that_are_no_reply(fault: Fault, way: str, capfd: pytest.CaptureFixture[str]) -> None:
    check(fault, way, capfd)


def test_nobody_listens(unused_url: str) -> None:
    """F65."""
    with sk.Client(unused_url, retry=EAGER) as client, pytest.raises(sk.ConnectError) as caught:
        sk.run(client.chat("hi", model="m"))
    assert caught.value.partial.attempts == 3
    assert caught.value.retryable


@pytest.fixture
def unused_url() -> Any:
    import socket

    with socket.socket() as taken:  # bound, but nobody listens
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
