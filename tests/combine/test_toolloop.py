"""Conversations with tools."""

from __future__ import annotations

import asyncio
import functools
import json
import threading
from dataclasses import dataclass
from datetime import date
from typing import Literal

import pytest
from pydantic import BaseModel
from reactivex import operators as rxo

import streamkit as sk
from streamkit import operators as ops, testing

CALLS = [("weather", '{"city":"Oslo"}'), ("clock", "{}")]


def weather(city: str) -> dict[str, object]:
    return {"city": city, "thread": threading.current_thread() is threading.main_thread()}


async def clock() -> str:
    await asyncio.sleep(1)
    return "noon"


def conversation(*scripts, tools=(weather, clock), **options):
    client = testing.client(*scripts)
    return client, sk.tool_loop(lambda messages: client.chat(messages), "How is it in Oslo?", tools, **options)


def test_a_whole_conversation_is_one_stream_with_one_reply():
    client, stream = conversation(
        testing.Script(("Let me see. ",), tool_calls=CALLS, usage=sk.Usage(10, 5, 15)),
        testing.Script(("Fine.",), usage=sk.Usage(30, 2, 32)),
    )
    got = testing.clock().run(stream)
    kinds = [item.type for item in got.items]
    assert kinds.count("reply") == 1
    assert kinds[-1] == "reply"
    results = [item for item in got.items if isinstance(item, sk.ToolResult)]
    assert [(r.call.name, r.value) for r in results] == [
        ("weather", {"city": "Oslo", "thread": False}),
        ("clock", "noon"),
    ]
    reply = got.reply
    assert (reply.text, reply.rounds, reply.usage.total_tokens) == ("Fine.", 2, 47)
    assert [message["role"] for message in reply.messages] == ["assistant", "tool", "tool", "assistant"]
    sent = client.requests[1].body["messages"]
    assert sent == [{"role": "user", "content": "How is it in Oslo?"}, *reply.messages[:3]]


def test_tools_run_at_the_same_time_but_answer_in_order():
    async def slow() -> str:
        await asyncio.sleep(5)
        return "slow"

    async def quick() -> str:
        return "quick"

    _, stream = conversation(
        testing.Script(tool_calls=[("slow", "{}"), ("quick", "{}")]), testing.Script(("ok",)), tools=(slow, quick)
    )
    got = testing.clock().run(stream)
    assert [item.value for item in got.items if isinstance(item, sk.ToolResult)] == ["slow", "quick"]
    assert got.ended_at == pytest.approx(5, abs=0.1)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (("weather", '{"town":"Oslo"}'), "do not fit: city: Missing"),
        (("due", '{"day":"soon"}'), "do not fit: day: Input should be a valid date"),
        (("weather", '{"city":'), "MalformedError"),
        (("weather", "[1]"), "not an object"),
        (("nothing", "{}"), "no tool 'nothing'"),
        (("endless", "{}"), "Circular"),
        (("gives_up", "{}"), "raised CancelledError"),
    ],
)
def test_what_goes_wrong_with_a_tool_is_told_to_the_model(call, told):
    def endless():
        ring = []
        ring.append(ring)
        return ring

    async def gives_up():
        raise asyncio.CancelledError

    def due(day: date):
        return day

    client, stream = conversation(
        testing.Script(tool_calls=[call]), testing.Script(("Sorry.",)), tools=(weather, endless, gives_up, due)
    )
    got = testing.clock().run(stream)
    assert got.reply.text == "Sorry."
    (result,) = (item for item in got.items if isinstance(item, sk.ToolResult))
    assert told in result.error
    assert client.requests[1].body["messages"][-1] == result.message
    assert result.message["content"] == f"error: {result.error}"


class Trip(BaseModel):
    to: str
    stops: tuple[str, ...] = ()


def test_a_tool_gets_what_its_annotations_say():
    got = []

    def day(when: date, kind: Literal["work", "rest"] = "work") -> None:
        got.append((when, kind))

    async def book(trip: Trip, seats: set[int]) -> None:
        got.append((trip, seats))

    def loose(thing, odd: threading.Event | None = None):  # which pydantic does not understand
        got.append(thing)

    calls = [
        ("day", '{"when": "2024-05-06"}'),
        ("book", '{"trip": {"to": "Oslo", "stops": ["Rome"]}, "seats": [1, 1]}'),
        ("loose", '{"thing": [1]}'),
        ("Trip", '{"to": "Oslo"}'),
        ("day", '{"when": "2024-05-07"}'),
    ]
    tools = (functools.partial(day, kind="work"), book, loose, Trip)
    _, stream = conversation(testing.Script(tool_calls=calls), testing.Script(("ok",)), tools=tools)
    results = [item for item in testing.clock().run(stream).items if isinstance(item, sk.ToolResult)]
    assert [result.error for result in results] == [None] * 5
    assert results[3].value == Trip(to="Oslo")
    for given in ((date(2024, 5, 6), "work"), (Trip(to="Oslo", stops=("Rome",)), {1}), [1]):  # at the same time
        assert given in got


def test_results_are_sent_as_json_whatever_they_are():
    @dataclass
    class Seat:
        row: int = 1

    values = [Trip(to="Oslo"), [Seat(), Trip(to="Rome")], date(2024, 5, 6), {"seats": {"a": Seat(2)}}]
    call = sk.ToolCall("c", "f", "{}")
    sent = [json.loads(call.result(value)["content"]) for value in values]
    assert sent == [
        {"to": "Oslo", "stops": []},
        [{"row": 1}, {"to": "Rome", "stops": []}],
        "2024-05-06",
        {"seats": {"a": {"row": 2}}},
    ]
    for value, form in zip(values[::2], sent[::2], strict=True):
        assert json.loads(sk.to_json(sk.ToolResult(call, value)))["value"] == form


def test_of_a_reply_of_another_model_its_text_is_sent():
    def expert(question: str) -> sk.ReplyStream:
        """Ask somebody who knows."""
        return testing.script(f"{question} I know.")

    call = ("expert", {"question": "Why?"})
    client, stream = conversation(testing.Script(tool_calls=[call]), testing.Script(("ok",)), tools=[expert])
    results = [item for item in testing.clock().run(stream).items if isinstance(item, sk.ToolResult)]
    assert results[0].value == "Why? I know."  # a relay shows it to strangers: nothing else of the reply is in it
    assert client.requests[1].body["messages"][-1] == results[0].message
    reply = sk.run(testing.script("No."))
    call = sk.ToolCall("c", "f", "{}")
    assert [call.result(value)["content"] for value in (reply, {"said": [reply]})] == ["No.", '{"said": ["No."]}']


def test_rounds_are_bounded():
    client, stream = conversation(testing.Script(tool_calls=CALLS[:1]), rounds=3)
    reply = testing.clock().run(stream).reply
    assert (reply.outcome, reply.stopped_by, reply.rounds) == ("stopped", "tool_loop", 3)
    assert len(client.requests) == 3
    assert "tool_calls" not in reply.messages[-1]


def test_calls_of_a_reply_that_was_cut_are_not_run():
    _, stream = conversation(testing.Script(tool_calls=CALLS, finish="length"))
    got = testing.clock().run(stream)
    assert not [item for item in got.items if isinstance(item, sk.ToolResult)]
    assert got.reply.outcome == "length"


def test_a_later_round_that_fails_keeps_what_was_said():
    _, stream = conversation(testing.Script(tool_calls=CALLS), testing.Script(("half",), drop_after=1))
    got = testing.clock().run(stream)
    assert isinstance(got.error, sk.BrokenError)
    partial = got.error.partial
    assert (partial.text, partial.rounds) == ("half", 2)
    assert [message["role"] for message in partial.messages] == ["assistant", "tool", "tool", "assistant"]


def half_way(**script):
    """A conversation that stands still in the second of two tools."""
    started, ended = asyncio.Event(), []

    async def quick() -> str:
        return "done"

    async def stuck() -> str:
        started.set()
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(True)
        return ""

    calls = [("quick", "{}"), ("stuck", "{}")]
    client, stream = conversation(
        testing.Script(("Let me see.",), tool_calls=calls, usage=sk.Usage(1, 2, 3), **script), tools=[quick, stuck]
    )
    return client, stream, started, ended


def test_cancelling_while_a_tool_runs_ends_it_and_keeps_what_was_answered():
    async def main():
        _, stream, started, ended = half_way(reasoning="Hm.")
        run = sk.start(stream, lambda event: None)
        await started.wait()
        await asyncio.sleep(5)
        so_far = run.reply
        run.cancel()
        reply = await run
        return so_far, reply, ended, len(asyncio.all_tasks())

    so_far, reply, ended, tasks = testing.clock().run_coroutine(main())
    assert (ended, tasks) == ([True], 1)
    assert (so_far.outcome, reply.outcome) == ("truncated", "cancelled")
    assert (reply.text, reply.rounds, reply.attempts, reply.usage) == ("Let me see.", 1, 1, sk.Usage(1, 2, 3))
    turn, told = reply.messages
    assert (turn["content"], turn["reasoning_content"]) == ("Let me see.", "Hm.")
    assert [call["function"]["name"] for call in turn["tool_calls"]] == ["quick"]
    assert told == {"role": "tool", "tool_call_id": turn["tool_calls"][0]["id"], "content": "done"}
    assert so_far.messages == reply.messages
    assert sk.from_json(sk.to_json(reply)).messages == reply.messages


def test_leaving_while_a_tool_runs_ends_it():
    async def main():
        _, stream, started, ended = half_way()
        async for event in stream:
            if isinstance(event, sk.ToolResult):
                await started.wait()
                break
        await asyncio.sleep(1)
        return ended, len(asyncio.all_tasks())

    assert testing.clock().run_coroutine(main()) == ([True], 1)


def test_what_downstream_ended_says_so():
    async def main():
        _, stream, _, _ = half_way()
        return await sk.start(stream.pipe(ops.of_type(sk.ToolResult), rxo.take(1)), lambda result: None)

    reply = testing.clock().run_coroutine(main())
    assert (reply.outcome, len(reply.messages)) == ("stopped", 2)


def test_not_more_tools_run_than_allowed():
    running, most = 0, 0

    async def tool(number: int) -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(1 + number % 3)
        running -= 1
        return number

    calls = [("tool", {"number": number}) for number in range(9)]
    _, stream = conversation(testing.Script(tool_calls=calls), testing.Script(("ok",)), tools=[tool], concurrency=3)
    got = testing.clock().run(stream)
    assert [item.value for item in got.items if isinstance(item, sk.ToolResult)] == list(range(9))
    assert most == 3


@pytest.mark.parametrize("below", [None, ops.meter(), ops.redact("email")], ids=["alone", "metered", "redacted"])
def test_the_run_tells_each_request_by_itself(below):
    async def main():
        _, stream = conversation(
            testing.Script(("Let me see. ",), tool_calls=CALLS, usage=sk.Usage(10, 5, 15)),
            testing.Script(("Fine.",), usage=sk.Usage(30, 2, 32)),
        )
        run = sk.start(stream if below is None else stream.pipe(below), lambda event: None)
        return await run, run.replies, run.reply

    whole, (first, second), last = testing.clock().run_coroutine(main())
    assert second.text == "Fine."
    assert (first.rounds, second.rounds) == (1, 1)
    assert (first.usage.total_tokens, second.usage.total_tokens) == (15, 32)
    assert whole == last
    assert whole.usage.total_tokens == 47


def test_reasoning_that_must_return_is_sent_back():
    client, stream = conversation(
        testing.Script(reasoning="I need the time.", tool_calls=CALLS[1:]), testing.Script(("Noon.",))
    )
    reply = testing.clock().run(stream).reply
    sent = client.requests[1].body["messages"]
    assert sent[1]["reasoning_content"] == "I need the time."
    assert "reasoning_content" not in reply.messages[-1]


def test_a_round_without_a_reply_of_its_own_is_the_last():
    client = testing.client(testing.Script(("a", "b"), tool_calls=CALLS))
    stream = sk.tool_loop(lambda messages: client.chat(messages).pipe(rxo.take(2)), "hi", [clock])
    got = testing.clock().run(stream)
    assert (got.reply.text, got.reply.outcome, len(client.requests)) == ("a", "stopped", 1)
    assert [item.type for item in got.items].count("reply") == 1


def test_a_limit_in_a_round_counts_nothing_twice():
    client = testing.client(
        testing.Script(tool_calls=CALLS, usage=sk.Usage(1, 2, 3)), testing.Script(("a", "b"), every=9)
    )
    limits = ops.time_limits(first=5, between=2)
    got = testing.clock().run(sk.tool_loop(lambda messages: client.chat(messages).pipe(limits), "hi", [weather, clock]))
    assert isinstance(got.error, sk.StalledError)
    partial = got.error.partial
    assert (partial.text, partial.rounds, partial.attempts) == ("a", 2, 2)
    assert [message["role"] for message in partial.messages] == ["assistant", "tool", "tool", "assistant"]


@pytest.mark.parametrize("ask", [lambda messages: "text", lambda messages: 1 / 0])
def test_an_ask_that_is_wrong_is_an_error(ask):
    got = testing.clock().run(sk.tool_loop(ask, "hi", []))
    assert isinstance(got.error, (TypeError, ZeroDivisionError))


def test_tools_need_names_of_their_own():
    with pytest.raises(ValueError, match="same name"):
        sk.tool_loop(testing.client("x").chat, "hi", [clock, clock])
    with pytest.raises(TypeError, match="needs a name"):
        sk.tool_loop(testing.client("x").chat, "hi", [lambda: 1])
    with pytest.raises(TypeError, match="not callable"):
        sk.tool_loop(testing.client("x").chat, "hi", {"clock": "noon"})
    with pytest.raises(ValueError, match="at least 1"):
        sk.tool_loop(testing.client("x").chat, "hi", [], rounds=0)


def test_the_result_below_a_view_is_that_of_the_whole():
    async def main():
        _, stream = conversation(testing.Script(tool_calls=CALLS), testing.Script(("Fine.",)))
        return await sk.start(stream.pipe(ops.text()), lambda piece: None)

    reply = testing.clock().run_coroutine(main())
    assert (reply.rounds, reply.text) == (2, "Fine.")
