"""Replies that fail after they began: errors inside the stream, cuts, stalls, bad JSON, sizes without end."""

# ruff: noqa: E501  # the rows of a table are easier to read in one line

from __future__ import annotations

import tracemalloc
import zlib
from collections.abc import Iterator
from itertools import chain, repeat

import pytest

import streamkit as sk
from tests.faults.bodies import DONE, END, START, data, every, say
from tests.faults.harness import Fault, Outcome, cases, check
from tests.faults.server import HANG, RESET, chunked, head, serving

pytestmark = pytest.mark.slow  # every fault through every door, with real waits

OK, CHUNKED = head(), head(transfer_encoding="chunked")
BEGUN = [OK, START, say("kept"), say(" text")]
KEPT = "kept text"
ERROR = {"error": {"message": "the engine died", "type": "server_error", "code": 500}}


def told(seen: Outcome) -> bool:
    return isinstance(seen.error, sk.ApiError) and "died" in str(seen.error)


def fully_told(seen: Outcome) -> bool:
    return told(seen) and (seen.error.code, seen.error.error_type) == (500, "server_error")


def ends(*last: bytes | float | str) -> list[list[bytes | float | str]]:
    return [[*BEGUN, *last]]


def reported(id: str, *last: bytes | str) -> Fault:
    return Fault(id, ends(*last), "api_error", KEPT, check=told)


IN_STREAM = [
    Fault("F38 first", [[OK, data({"error": {**ERROR["error"], "code": "invalid_request"}})]], "api_error"),
    Fault("F38 in the middle", ends(data(ERROR), say("lost"), END, DONE), "api_error", KEPT, check=fully_told),
    Fault("F38 before [DONE]", ends(data(ERROR), DONE), "api_error", KEPT, check=fully_told),
    Fault("F38 after the finish, before [DONE]", ends(END, data(ERROR), DONE), "api_error", KEPT, check=fully_told),
    reported("F39 flat", data({"message": "it died", "code": 1}, event="error"), DONE),
    reported("F40 plain text", data("it died", event="error"), DONE),
    reported("F41 a string", data({"error": "it died"}), DONE),
    reported("F42 beside choices", say(None, error={"message": "it died"}), DONE),
    reported("F42 in the choice", data({"choices": [{"index": 0, "delta": {}, "error": {"message": "it died"},
                                                     "finish_reason": "error"}]}), DONE),
    Fault("F43 finish_reason error", ends(say(None, finish="error"), DONE), "api_error", KEPT),
    reported("F44 bare JSON line", b'{"error": {"message": "it died"}}\n\n'),
    reported("F44 without a line end", b'{"error": {"message": "it died"}}'),
    reported("F44 error as a field", b'error: {"message": "it died"}\n\n'),
    reported("F45 then silence", data(ERROR), HANG),
    reported("F45 in plain text, then silence", data("it died", event="error"), HANG),
]  # fmt: skip

SHORT = head(content_length="100000")
CUT = [
    Fault("F46 reset", ends(0.05, RESET), "stream_broken", KEPT),
    Fault("F46 no last chunk", [[CHUNKED, chunked(START), chunked(say("kept text"))]], "stream_broken", KEPT),
    Fault("F46 half a chunk", [[CHUNKED, chunked(START), chunked(say("kept text")), chunked(say("lost"))[:-9]]],
          "stream_broken", KEPT),
    Fault("F47 half an event", ends(say("lost")[:-20]), "stream_broken", KEPT),
    Fault("F47 an event without its blank line", ends(say("lost")[:-40] + b"\n"), "stream_broken", KEPT),
    Fault("F47 half a character", ends('data: {"choices": [{"delta": {"content": "ö'.encode()[:-1]), "stream_broken", KEPT),
    Fault("F48 short content-length", [[SHORT, START, say("kept text")]], "stream_broken", KEPT),
    Fault("F48 the whole reply, short content-length", [[SHORT, START, say("kept text"), END, DONE]], text=KEPT),
    Fault("F48 finished, short content-length", [[SHORT, START, say("kept text"), END]], text=KEPT),
    Fault("F49 clean end", ends(), "stream_broken", KEPT),
    Fault("F49 lenient", ends(), text=KEPT, lenient=True),
    Fault("F49 lenient is no excuse for a cut", ends(0.05, RESET), "stream_broken", KEPT, lenient=True),
    Fault("F52 silence", ends(HANG), "stalled", KEPT, clock="byte_idle", limits={"byte_idle": 0.3}, at_least=0.29,
          within=0.9),
    Fault("F55 comments for ever", [lambda _: chain(BEGUN, every(0.02, repeat(b": ping\n\n")))], "stalled", KEPT,
          clock="event_idle", limits={"byte_idle": 0.3, "event_idle": 0.5}, at_least=0.49, within=1.2),
    Fault("F55 comments from the start", [lambda _: chain([OK], every(0.02, repeat(b": ping\n\n")))], "stalled",
          clock="event_idle", limits={"event_idle": 0.3}, retry=sk.Retry(attempts=0), within=0.9),
    Fault("F55 blank lines from the start", [lambda _: chain([OK], every(0.02, repeat(b"\n")))], "stalled",
          clock="event_idle", limits={"event_idle": 0.3}, retry=sk.Retry(attempts=0), within=0.9),
    Fault("F55 unknown events for ever", [lambda _: chain(BEGUN, every(0.02, repeat(data({"ping": 1}))))], "stalled", KEPT,
          clock="event_idle", limits={"event_idle": 0.3}, within=0.9),
    Fault("F55 usage for ever",
          [lambda _: chain(BEGUN, every(0.02, (data({"choices": [], "usage": {"completion_tokens": n}}) for n in range(1, 999))))],
          "stalled", KEPT, clock="event_idle", limits={"event_idle": 0.3}, within=0.9),
    Fault("F56 one event drips", [lambda _: chain(BEGUN, [b"data: "], every(0.02, repeat(b" ")))], "stalled", KEPT,
          clock="event_idle", limits={"byte_idle": 0.3, "event_idle": 0.4}, within=1.0),
    Fault("F57 empty deltas for ever", [lambda _: chain(BEGUN, every(0.02, repeat(say(""))))], "stalled", KEPT,
          clock="event_idle", limits={"event_idle": 0.3}, within=0.9),
    Fault("F57 text for ever", [lambda _: chain(BEGUN, every(0.05, repeat(say("!"))))], "stalled", clock="total",
          limits={"total": 0.4}, within=1.0, text="*"),
    Fault("JSON without an end", [[head(type="application/json"), b'{"choices": [', HANG]], "stalled",
          clock="byte_idle", limits={"byte_idle": 0.3}, retry=sk.Retry(attempts=0), within=0.9),
]  # fmt: skip

DEEP = b'data: {"choices": ' + b"[" * 200_000 + b"]" * 200_000 + b"}\n\n"
BAD = [
    *(Fault(id, ends(bad, say("lost"), END, DONE), "malformed", KEPT, check=lambda seen: len(str(seen.error)) < 400)
      for id, bad in {
          "F58 bad JSON": b"data: {oops\n\n",
          "F59 JSON over two events": b'data: {"choices": \n\ndata: []}\n\n',
          "F60 bad UTF-8": b'data: {"choices": [{"delta": {"content": "\xff\xfe"}}]}\n\n',
          "F61 a list": b"data: [1]\n\n",
          "F61 a number": b"data: 7\n\n",
          "F61 choices are text": data({"choices": "x"}),
          "F61 a choice is a number": data({"choices": [1]}),
          "F61 a delta is a list": data({"choices": [{"delta": [1]}]}),
          "F61 content is a number": data({"choices": [{"index": 0, "delta": {"content": 1}}]}),
          "F61 the index is text": data({"choices": [{"index": "x", "delta": {"content": "a"}}]}),
          "F61 calls are a number": data({"choices": [{"index": 0, "delta": {"tool_calls": 5}}]}),
          "F61 a function is text": data({"choices": [{"index": 0, "delta": {"tool_calls": [{"function": "x"}]}}]}),
          "F61 a reason is a list": data({"choices": [{"index": 0, "delta": {}, "finish_reason": [1]}]}),
          "S09 deep nesting": DEEP,
          "S09 a giant integer": b'data: {"choices": [{"index": ' + b"9" * 5000 + b"}]}\n\n",
      }.items()),
    Fault("F58 bad JSON after the finish", ends(END, b"data: {oops\n\n", DONE), "malformed", KEPT),
]  # fmt: skip


def zeros(pieces: int) -> Iterator[bytes]:
    """Comment lines, a thousand times smaller on the wire."""
    squeeze = zlib.compressobj(9, wbits=31)
    line = b":" + b"0" * 65534 + b"\n"
    for _ in range(pieces):
        yield squeeze.compress(line * 16) + squeeze.flush(zlib.Z_SYNC_FLUSH)


def bomb() -> bytes:
    squeeze = zlib.compressobj(9, wbits=31)
    return b"".join(squeeze.compress(b"\0" * 2**20) for _ in range(256)) + squeeze.flush()


SMALL = {"event_bytes": 2**18, "reply_bytes": 2**20}
LARGE = [
    Fault("S08 a line without end", [lambda _: chain(BEGUN, [b"data: "], repeat(b"x" * 4096))], "too_large", KEPT, limits=SMALL,
          sent=2**22),
    Fault("S08 an event without end", [lambda _: chain(BEGUN, repeat(b"data: " + b"x" * 4096 + b"\n"))], "too_large", KEPT,
          limits=SMALL, sent=2**22),
    Fault("S08 a comment without end", [lambda _: chain(BEGUN, [b": "], repeat(b"x" * 4096))], "too_large", KEPT, limits=SMALL,
          sent=2**22),
    Fault("S08 JSON without end", [lambda _: chain([head(type="application/json"), b'{"a": "'], repeat(b"x" * 4096))],
          "too_large", limits=SMALL, sent=2**22),
    Fault("S08 a reply without end", [lambda _: chain(BEGUN, repeat(say("x" * 4096)))], "too_large", "*", limits=SMALL,
          sent=2**23),
    Fault("S08 calls without end",
          [lambda _: chain(BEGUN, (data({"choices": [{"index": 0, "delta": {"tool_calls": [{"index": n, "id": str(n)}]}}]})
                         for n in range(10**6)))],
          "too_large", KEPT, limits={**SMALL, "reply_bytes": 2**18}, sent=2**23),
    Fault("S08 choices without end", [lambda _: chain(BEGUN, (say("x", index=n) for n in range(1, 10**6)))], "too_large", KEPT,
          limits={**SMALL, "reply_bytes": 2**18}, sent=2**23),
    Fault("S07 one read of a bomb", [[head(content_encoding="gzip"), bomb()]], "too_large", limits=SMALL),
    Fault("S07 a bomb of many reads", [lambda _: chain([head(content_encoding="gzip")], every(0.002, zeros(10_000)))], "too_large",
          limits={"event_bytes": 2**23, "reply_bytes": 2**24}, within=5.0),
    Fault("S07 broken gzip", [[head(content_encoding="gzip"), b"no gzip at all"]], "malformed"),
]  # fmt: skip


@pytest.mark.parametrize(("fault", "way"), cases([*IN_STREAM, *CUT, *BAD, *LARGE]))
def test_replies_that_fail(fault: Fault, way: str, capfd: pytest.CaptureFixture[str]) -> None:
    check(fault, way, capfd)


def test_a_bomb_takes_little_memory() -> None:
    """256 MB on 256 KB of wire; F33 and the S08 rows bound what is read, this one what is made of it."""
    limits = sk.Limits(event_bytes=2**20)
    with (
        serving([head(content_encoding="gzip"), bomb()]) as server,
        sk.Client(server.url, model="m", limits=limits, retry=sk.Retry(attempts=0)) as client,
    ):
        tracemalloc.start()
        with pytest.raises(sk.TooLargeError):
            sk.run(client.chat("hi"))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 16 * 2**20
