"""What must simply work, over a real socket: odd framing, keep-alives, odd shapes, slow servers, large events."""

# ruff: noqa: E501  # the rows of a table are easier to read in one line

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from itertools import chain, repeat

import pytest

import streamkit as sk
from tests.faults.bodies import DONE, END, START, data, every, reply, say
from tests.faults.harness import Fault, Outcome, cases, check
from tests.faults.server import HANG, chunked, head

pytestmark = pytest.mark.slow  # every fault through every door, with real waits

OK = head()
WHOLE = reply("Hello", ", wörld 😀")
TEXT = "Hello, wörld 😀"
CALLS = [
    {"index": 0, "id": "a", "function": {"name": "f", "arguments": '{"x":'}},
    {"index": 1, "id": "b", "function": {"name": "g", "arguments": "{"}},
    {"index": 0, "function": {"arguments": "1}"}},
    {"index": 1, "function": {"arguments": "}"}},
]


def bytewise(body: bytes) -> Iterator[bytes]:
    return (bytes((byte,)) for byte in body)


def cr_split(body: bytes) -> Iterator[bytes | float]:
    """CR LF line ends, a read between the two."""
    for part in body.replace(b"\n", b"\r\n").split(b"\r\n")[:-1]:
        yield part + b"\r"
        yield 0.005
        yield b"\n"


def gzipped(parts: list[bytes], *, at_once: bool = False) -> Iterator[bytes]:
    squeeze = zlib.compressobj(wbits=31)
    for part in parts:
        yield squeeze.compress(part) + squeeze.flush(zlib.Z_SYNC_FLUSH)
    yield squeeze.flush()


def calls(*deltas: dict[str, object] | list[object]) -> list[bytes]:
    parts = [say(None) if not delta else _call(delta) for delta in deltas]
    return [OK, START, *parts, say(None, finish="tool_calls"), DONE]


def _call(entries: object) -> bytes:
    entries = entries if isinstance(entries, list) else [entries]
    return data({"choices": [{"index": 0, "delta": {"tool_calls": entries}, "finish_reason": None}]})


def called(*expected: tuple[str, str, str]) -> object:
    def right(seen: Outcome) -> bool:
        return [(call.id, call.name, call.arguments) for call in seen.reply.tool_calls] == list(expected)

    return right


def parts(choice: object, **more: object) -> list[bytes]:
    return [OK, START, say("a"), data({"choices": choice, **more}), say("b"), END, DONE]


BIG = "x" * 2**21
DECODING = [
    Fault("F01 CR LF over two reads", [[OK, *cr_split(WHOLE)]], text=TEXT),
    Fault("F01 CR", [[OK, WHOLE.replace(b"\n", b"\r")]], text=TEXT),
    Fault("F01 mixed", [[OK, START.replace(b"\n", b"\r\n"), say("a").replace(b"\n", b"\r"), END, DONE]], text="a"),
    Fault("F02 one byte a read", [[OK, *bytewise(WHOLE)]], text=TEXT),
    Fault("F03 comments after an id", [[OK, b"id: 7\n" + START, b": ping\n\n" * 3, say("a"), b":\n\n", END, DONE]],
          text="a"),
    Fault("F04 blocks without data", [[OK, b"retry: 5\n\nid: 1\n\nevent: x\n\n", WHOLE]], text=TEXT),
    Fault("F05 data with nothing", [[OK, b"data:\n\n", START, b"data\n\ndata: \n\n", say("a"), END, DONE]], text="a"),
    Fault("F06 BOM", [[OK, b"\xef\xbb\xbf", WHOLE]], text=TEXT),
    Fault("F06 BOM cut", [[OK, b"\xef", 0.02, b"\xbb\xbf" + WHOLE]], text=TEXT),
    Fault("F07 other line ends", [[OK, reply("a\u2028b\u2029c\u0085d")]], text="a\u2028b\u2029c\u0085d"),
    Fault("F08 JSON over lines", [[OK, b'data: {"choices": [\ndata: {"index": 0, "delta":\ndata: {"content": "a"}}]}\n\n',
                                   END, DONE]], text="a"),
    Fault("F09 no space", [[OK, WHOLE.replace(b"data: ", b"data:")]], text=TEXT),
    Fault("F10 no choices first, usage last",
          [[OK, data({"choices": [], "prompt_filter_results": [1]}), say("a"), END,
            data({"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 1}}), DONE]],
          text="a", check=lambda seen: seen.reply.usage.prompt_tokens == 3),
    Fault("F11 nulls", [parts([{"index": 0, "delta": {"content": None, "tool_calls": None}, "finish_reason": ""}])],
          text="ab"),
    Fault("F11 no delta", [parts([{"index": 0, "finish_reason": None}])], text="ab"),
    Fault("F11 empty calls", [parts([{"index": 0, "delta": {"tool_calls": []}}])], text="ab"),
    Fault("F12 unknown keys", [parts([{"index": 0, "delta": {"content": "x", "odd": [1, {"y": None}]}, "odd": 1e400}],
                                     created="yesterday", system_fingerprint=3)], text="axb",
          check=lambda seen: any(e.raw.get("created") == "yesterday" for e in seen.events if e.raw)),
    Fault("F13 things after [DONE]", [[OK, WHOLE, say("more"), b"data: {bad\n\n", data({"error": {"message": "no"}})]],
          text=TEXT),
    Fault("F13 text that starts like [DONE]", [[OK, START, say("a"), b"data: [DONE]x\n\n", END, DONE]], "malformed", "a"),
    Fault("F14 open after [DONE]", [[OK, WHOLE, HANG]], text=TEXT, within=0.4, closes=True),
    Fault("F14 comments after [DONE]", [lambda _: chain([OK, WHOLE], every(0.01, repeat(b": x\n\n")))], text=TEXT, within=0.4,
          closes=True),
    Fault("F14 flood after [DONE]", [lambda _: chain([OK, WHOLE], repeat(b":" * 4096 + b"\n\n"))], text=TEXT, within=0.4,
          closes=True, sent=2**24),
    Fault("F15 finish and [DONE] twice", [[OK, START, say("a"), END, END, DONE, DONE]], text="a",
          check=lambda seen: sum(isinstance(e, sk.Finish) for e in seen.events) == 1),
    Fault("F16 no [DONE]", [[OK, START, say("a"), END]], text="a"),
    Fault("F16 no [DONE], connection stays", [[OK, START, say("a"), END, HANG]], text="a", limits={"byte_idle": 0.3},
          closes=True),
    Fault("F16 no [DONE], cut", [[head(transfer_encoding="chunked"), chunked(START + say("a") + END)]], text="a"),
    Fault("F17 [DONE] without line end", [[OK, START, say("a"), END, b"data: [DONE]"]], text="a"),
    Fault("F17 [DONE] with one line end", [[OK, START, say("a"), b"data: [DONE]\n"]], text="a"),
    Fault("F18 gzip flushed per event", [[head(content_encoding="gzip"), *gzipped([START, say("a"), END, DONE])]], text="a"),
    Fault("F18 each event at once", [[head(content_encoding="gzip"), *list(gzipped([START, say("a")]))[:-1], HANG]],
          "stalled", "a", clock="byte_idle", limits={"byte_idle": 0.3}),
    Fault("F18 one gzip member an event",
          [[head(content_encoding="gzip"), *(b"".join(gzipped([part])) for part in (START, say("a"), END, DONE))]],
          text="a"),
    Fault("F19 slow but alive", [lambda _: chain([OK], every(0.1, [START, *map(say, "abcdef"), END, DONE]))], text="abcdef",
          limits={"byte_idle": 0.4, "event_idle": 0.5, "first_byte": 0.5}, at_least=0.8),
    Fault("F20 long thinking", [lambda _: chain([OK], every(0.1, [b": thinking\n\n"] * 8), [START, say("a"), END, DONE])],
          text="a", limits={"byte_idle": 0.4, "first_byte": 0.4}, at_least=0.7),
    Fault("F20 blank lines", [lambda _: chain([OK], every(0.1, [b"\n"] * 8), [START, say("a"), END, DONE])],
          text="a", limits={"byte_idle": 0.4, "first_byte": 0.4}, at_least=0.7),
    Fault("F21 2 MB in one event", [[OK, reply(BIG)]], text=BIG),
    Fault("F22 20,000 events", [[OK, START, say("x") * 20_000, END, DONE]], text="x" * 20_000, within=5.0),
    Fault("F23 text like protocol", [[OK, reply("[DONE]", "data: x\n\n", '{"error": {"message": "no"}}')]],
          text='[DONE]data: x\n\n{"error": {"message": "no"}}'),
    Fault("F24 two choices", [[OK, say("a"), say("X", index=1), say("b"), say("Y", index=1), END,
                               say(None, index=1, finish="length"), DONE]], text="ab",
          check=lambda seen: [choice.text for choice in seen.reply.choices] == ["ab", "XY"]),
    Fault("F26 calls interleaved", [calls(*CALLS)], check=called(("a", "f", '{"x":1}'), ("b", "g", "{}"))),
    Fault("F27 no index", [calls({"id": "a", "function": {"name": "f", "arguments": "{"}},
                                 {"function": {"arguments": "}"}},
                                 {"id": "b", "function": {"name": "g", "arguments": "{}"}})],
          check=called(("a", "f", "{}"), ("b", "g", "{}"))),
    Fault("F28 two ids at one index", [calls({"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}},
                                             {"index": 0, "id": "b", "function": {"name": "g", "arguments": "{}"}})],
          check=called(("a", "f", "{}"), ("b", "g", "{}"))),
    Fault("F29 two fragments in one chunk", [calls(CALLS[:1] + CALLS[2:3])], check=called(("a", "f", '{"x":1}'))),
    Fault("F50 [DONE] without a reason", [[OK, START, say("a"), DONE]], text="a",
          check=lambda seen: seen.reply.finish_reason is None),
    Fault("F51 length", [[OK, START, say("a"), say(None, finish="length"), DONE]], text="a",
          check=lambda seen: seen.reply.outcome == "length"),
    Fault("F78 text beside a call", [[OK, data({"choices": [{"index": 0, "delta": {"content": "a", "tool_calls": [
        {"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}}]}}]}), END, DONE]],
          text="a", check=called(("a", "f", "{}"))),
    Fault("S09 lone surrogates", [[OK, START, b'data: {"choices":[{"delta":{"content":"a\\ud83d"}}]}\n\n', END, DONE]],
          text="a\ud83d"),
    Fault("S09 halves of a character", [[OK, b'data: {"choices":[{"delta":{"content":"a\\ud83d"}}]}\n\n',
                                         b'data: {"choices":[{"delta":{"content":"\\ude00"}}]}\n\n', END, DONE]],
          text="a😀"),
    Fault("S09 doubled keys, NaN", [[OK, b'data: {"x":NaN,"choices":[{"delta":{"content":"no","content":"a"}}]}\n\n',
                                     END, DONE]], text="a"),
]  # fmt: skip


@pytest.mark.parametrize(("fault", "way"), cases(DECODING))
def test_odd_bodies_are_read(fault: Fault, way: str, capfd: pytest.CaptureFixture[str]) -> None:
    check(fault, way, capfd)


@pytest.mark.parametrize("status", ["201 Created", "206 Partial Content"])
def test_other_statuses_of_success_count(status: str, capfd: pytest.CaptureFixture[str]) -> None:
    check(Fault(status, [[head(status), WHOLE]], text=TEXT), "async for", capfd)


def test_whole_json_is_a_reply_too(capfd: pytest.CaptureFixture[str]) -> None:
    """F36."""
    message = {"role": "assistant", "content": "whole"}
    body = json.dumps({"id": "x", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}).encode()
    half = len(body) // 2
    script = [head(type="application/json", content_length=str(len(body))), body[:half], 0.02, body[half:]]
    check(Fault("F36", [script], text="whole"), "async for", capfd)
