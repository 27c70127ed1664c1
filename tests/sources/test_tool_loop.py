"""Conversations with tools."""

from __future__ import annotations

import asyncio
import threading

import pytest

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
        (("weather", '{"town":"Oslo"}'), "TypeError"),
        (("weather", '{"city":'), "MalformedError"),
        (("weather", "[1]"), "no object"),
        (("nothing", "{}"), "no tool 'nothing'"),
    ],
)
def test_what_goes_wrong_with_a_tool_is_told_to_the_model(call, told):
    client, stream = conversation(testing.Script(tool_calls=[call]), testing.Script(("Sorry.",)))
    assert testing.clock().run(stream).reply.text == "Sorry."
    assert told in client.requests[1].body["messages"][-1]["content"]


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


def test_cancelling_while_a_tool_runs_ends_it():
    ended = []

    async def clock() -> str:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(True)
        return ""

    async def main():
        _, stream = conversation(testing.Script(tool_calls=[("clock", "{}")]), tools=[clock])
        run = sk.start(stream, lambda event: None)
        await asyncio.sleep(5)
        run.cancel()
        reply = await run
        return reply.outcome, len(asyncio.all_tasks())

    outcome, tasks = testing.clock().run_coroutine(main())
    assert ended == [True]
    assert tasks == 1
    assert outcome in ("cancelled", "complete")


def test_the_result_below_a_view_is_that_of_the_whole():
    async def main():
        _, stream = conversation(testing.Script(tool_calls=CALLS), testing.Script(("Fine.",)))
        return await sk.start(stream.pipe(ops.text()), lambda piece: None)

    reply = testing.clock().run_coroutine(main())
    assert (reply.rounds, reply.text) == (2, "Fine.")
