"""The doubles that tests are built on: scripts and clients that say what they are told to, and time that jumps."""

from __future__ import annotations

import asyncio
import functools
import gc
import re
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import httpx2
import pytest
import reactivex
from hypothesis import given, strategies as st
from reactivex import operators as rxo

import streamkit as sk
from streamkit import ops, testing


def texts(items: list[object]) -> list[str]:
    return [item.text for item in items if isinstance(item, sk.TextDelta)]


# -- script --------------------------------------------------------------------------------------------------------


def test_a_script_says_its_pieces_at_their_times():
    recorded = testing.clock().run(testing.script("a", "b", "c", first=2.0, every=0.1).pipe(ops.text()))
    assert recorded.items == ["a", "b", "c"]
    assert recorded.times == [2.0, 2.1, 2.2]
    assert (recorded.reply.text, recorded.reply.outcome, recorded.error) == ("abc", "complete", None)


def test_a_script_went_through_the_wire():
    recorded = testing.clock().run(testing.script("a"))
    assert [type(item).__name__ for item in recorded.items] == ["Start", "TextDelta", "Finish", "Reply"]
    assert recorded.items[1].raw["choices"][0]["delta"]["content"] == "a"


def test_a_script_has_tool_calls_and_usage():
    script = testing.script(tool_calls=[("add", {"a": 1})], usage=sk.Usage(1, 2, 3))
    reply = testing.clock().run(script).reply
    assert reply.tool_calls[0].args() == {"a": 1}
    assert reply.usage == sk.Usage(1, 2, 3)


def test_a_script_that_is_cut_keeps_what_came():
    recorded = testing.clock().run(testing.script("a", "b", "c", drop_after=2))
    assert (recorded.error.kind, recorded.reply.text, recorded.reply.outcome) == ("stream_broken", "ab", "truncated")


def test_a_script_takes_whatever_else_scripts_can_do():
    recorded = testing.clock().run(testing.script("a", reasoning="Hm.", finish="length", split=1))
    assert (recorded.reply.reasoning, recorded.reply.outcome) == ("Hm.", "length")


def test_each_subscription_plays_a_script_anew_with_an_error_of_its_own():
    stream = testing.script("a", fail=sk.ConnectError("no"))
    first, second = (testing.clock().run(stream).error for _ in range(2))
    assert first is not second
    assert str(first) == str(second) == "no"


def test_a_script_can_be_recorded(tmp_path):
    clock = testing.clock()
    clock.run(testing.script("a", "b", every=1.0).pipe(ops.record(tmp_path / "r")))
    assert clock.run(sk.replay(tmp_path / "r")).times == [0.0, 0.0, 1.0, 1.0, 1.0]


# -- client --------------------------------------------------------------------------------------------------------


def test_a_client_gets_its_answers_in_turn_and_keeps_what_it_asked():
    client = testing.client("Hello there", ["wh", "at"])
    clock = testing.clock()
    assert [clock.run(client.chat(f"{n}")).reply.text for n in range(3)] == ["Hello there", "what", "what"]
    assert [request.body["messages"][0]["content"] for request in client.requests] == ["0", "1", "2"]
    assert client.requests[0].headers["authorization"] == "Bearer ***"


def test_a_client_retries_like_a_real_one():
    busy = sk.StatusError("busy", status=429, retry_after=7.0)
    recorded = testing.clock().run(testing.client(busy, "fine").chat("hi"))
    assert (recorded.reply.text, recorded.reply.attempts, recorded.ended_at) == ("fine", 2, 7.0)


def test_a_client_speaks_every_api():
    client, clock = testing.client("Hi"), testing.clock()
    for stream in (client.chat("hi"), client.complete("hi"), client.respond("hi")):
        assert clock.run(stream).reply.text == "Hi"
    assert [request.path for request in client.requests] == ["/v1/chat/completions", "/v1/completions", "/v1/responses"]


def test_a_client_of_an_api_whose_replies_are_only_read_is_refused_where_it_is_made():
    with pytest.raises(ValueError, match="not written in the form of 'gemini': only in those of chat, "):
        testing.client("Hi", api="gemini")


def test_a_client_takes_the_options_of_clients():
    client = testing.client("Hi", model="own", headers={"x-a": "b"})
    testing.clock().run(client.chat("hi"))
    assert (client.requests[0].body["model"], client.requests[0].headers["x-a"]) == ("own", "b")


def test_half_an_hour_of_limits_takes_no_time():
    limits = sk.Limits(first_byte=1800, byte_idle=1800, event_idle=1800, total=7200)
    quick = sk.Retry(attempts=0)
    clock = testing.clock()
    for script, seconds, which in (
        (testing.Script("a", first=9999), 1800, "first_byte"),
        (testing.Script("a b", every=9999), 1800, "byte_idle"),
        (testing.Script("a b", every=9999, keepalive=60), 1800, "event_idle"),
    ):
        recorded = clock.run(testing.client(script, limits=limits, retry=quick).chat("hi"))
        assert (recorded.error.kind, recorded.error.clock) == ("stalled", which)
        assert recorded.ended_at == pytest.approx(seconds)
    assert clock.now >= 5400


# -- clock ---------------------------------------------------------------------------------------------------------


def test_stock_operators_use_the_same_time():
    def run(*operators) -> list[float]:
        return testing.clock().run(testing.script("a", "b", every=1.0).pipe(ops.text(), *operators)).times

    assert run(rxo.delay(5.0)) == [5.0, 6.0]
    assert run(rxo.debounce(0.5)) == [0.5, 1.0]
    assert run(rxo.debounce(3.0)) == [1.0]
    assert run(rxo.sample(0.4)) == [0.4, 1.2]
    assert run(rxo.buffer_with_time(0.7)) == [0.7, 1.0]
    assert run(rxo.timeout(0.5, reactivex.just("late"))) == [0.0, 0.5]


def test_any_observable_can_be_run():
    recorded = testing.clock().run(reactivex.interval(0.25).pipe(rxo.take(4)))
    assert (recorded.items, recorded.times) == ([0, 1, 2, 3], [0.25, 0.5, 0.75, 1.0])


def test_dates_of_stock_operators_go_with_the_time():
    recorded = testing.clock().run(testing.script("a", "b", first=60.0, every=60.0).pipe(ops.text(), rxo.timestamp()))
    assert [item.timestamp for item in recorded.items] == [datetime(1970, 1, 1, 0, n, tzinfo=UTC) for n in (1, 2)]


def test_until_cancels_at_that_moment():
    recorded = testing.clock().run(testing.script("a", "b", "c", every=10.0), until=15.0)
    assert (recorded.cancelled_at, recorded.ended_at, recorded.error) == (15.0, 15.0, None)
    assert (recorded.reply.text, recorded.reply.outcome) == ("ab", "cancelled")


def test_until_does_nothing_once_it_is_over():
    clock = testing.clock()
    recorded = clock.run(testing.script("a"), until=15.0)
    assert (recorded.cancelled_at, clock.now) == (None, 0.0)


def test_time_goes_on_from_run_to_run_and_each_counts_from_0():
    clock = testing.clock()
    runs = [clock.run(testing.script("a", first=3.0)) for _ in range(3)]
    assert [run.times[-1] for run in runs] == [3.0, 3.0, 3.0]
    assert clock.now == 9.0


def test_times_are_exact():
    recorded = testing.clock().run(testing.script(*"abcdefghij", every=0.1).pipe(ops.text()))
    assert recorded.times == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]


def test_branches_run_beside_it():
    heard: list[str] = []

    async def slowly(piece: str) -> None:
        await asyncio.sleep(10.0)
        heard.append(piece)

    recorded = testing.clock().run(testing.script("a", "b"), sk.branch(ops.text(), into=slowly))
    assert heard == ["a", "b"]
    assert recorded.ended_at == 20.0


def test_an_error_of_a_sink_is_recorded():
    def refuse(piece: str) -> None:
        raise ValueError(piece)

    recorded = testing.clock().run(testing.script("a", "b"), sk.branch(ops.text(), into=refuse))
    assert recorded.error.kind == "sink"
    assert recorded.reply.text == "ab"


def test_coroutines_run_in_virtual_time():
    async def main() -> float:
        loop = asyncio.get_running_loop()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3600):
                await asyncio.Event().wait()
        await asyncio.gather(asyncio.sleep(5), asyncio.sleep(7))
        return loop.time()

    assert testing.clock().run_coroutine(main()) == 3607


def test_an_error_of_a_coroutine_is_raised():
    async def main() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        testing.clock().run_coroutine(main())


def test_work_in_threads_takes_no_virtual_time():
    def work() -> str:
        threading.Event().wait(0.05)
        return "done"

    async def main() -> tuple[str, float]:
        async with asyncio.timeout(0.001):
            return await asyncio.to_thread(work), asyncio.get_running_loop().time()

    with testing.clock() as clock:
        assert clock.run_coroutine(main()) == ("done", 0.0)


def test_what_waits_for_ever_is_told_with_its_place():
    async def stuck() -> None:
        await asyncio.Event().wait()

    with pytest.raises(testing.DeadlockError, match=r"after second 0; waiting: .*test_testing.py:\d+"):
        testing.clock().run_coroutine(stuck())


def test_another_thread_may_still_wake_it():
    async def main() -> str:
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        loop = asyncio.get_running_loop()
        timer = threading.Timer(0.05, lambda: loop.call_soon_threadsafe(future.set_result, "woken"))
        timer.start()
        return await future

    assert testing.clock().run_coroutine(main()) == "woken"


def test_what_never_ends_is_told_too():
    with pytest.raises(testing.DeadlockError, match="1000 virtual seconds"):
        testing.clock(limit=1000).run(reactivex.interval(1.0))


def test_a_clock_that_gave_up_is_closed():
    clock = testing.clock(limit=10)
    with pytest.raises(testing.DeadlockError):
        clock.run(testing.script("a", first=20.0))
    with pytest.raises(RuntimeError, match="closed"):
        clock.run(testing.script("a"))


def test_a_forgotten_clock_leaves_no_warning():
    testing.clock().run(testing.script("a"))
    gc.collect()


def test_under_a_running_loop_it_says_no():
    async def main() -> None:
        with pytest.raises(RuntimeError, match="plain function"):
            testing.clock().run(testing.script("a"))

    asyncio.run(main())


def test_a_clock_runs_coroutine_functions_and_coroutines_too():
    clock = testing.clock()

    async def main(seconds: float = 2.0) -> float:
        await asyncio.sleep(seconds)
        return asyncio.get_running_loop().time()

    assert clock.run(main) == 2
    assert clock.run(main(3)) == 5
    assert clock.run(lambda: main(1)) == 6
    assert clock.run(functools.partial(main, seconds=4)) == 10

    async def fails() -> None:
        raise LookupError("no")

    with pytest.raises(LookupError):
        clock.run(fails)


def test_a_clock_says_what_it_runs():
    clock = testing.clock()

    async def main() -> None: ...

    for wrong in (lambda: clock.run(main, print), lambda: clock.run(main(), until=2), lambda: clock.run(main, until=2)):
        with pytest.raises(TypeError, match="branches and until= are for streams"):
            wrong()
    for what in (5, ops.text(), lambda: 5, sk.start(testing.script("a"))):
        with pytest.raises(TypeError):
            clock.run(what)
    with pytest.raises(TypeError, match=r"clock.run takes a stream \(or any Observable\), not 5"):
        clock.run(5)


async def counted() -> AsyncIterator[int]:
    yield 1


@pytest.mark.parametrize(
    ("what", "told"),
    [
        (ops.text(), "write clock.run(stream.pipe(ops.text()), ...)"),
        (ops.text, "write clock.run(stream.pipe(ops.text), ...)"),
        (testing.client("Hi").chat, "it needs messages: write Client.chat(...)"),
        (testing.client("Hi"), "write clock.run(client.chat(...))"),
        (lambda: 5, "calls the lambda for a stream or a coroutine, and it gave 5"),
        (lambda n: n, "it needs n"),
        ([1, 2], "write clock.run(sk.stream(items))"),
        ("Hi", "write clock.run(sk.chat('Hi'))"),
        (counted, "write clock.run(sk.stream(counted()))"),
        (counted(), "write clock.run(sk.stream(counted()))"),
        (None, "not None"),
    ],
)
def test_a_clock_says_what_to_write(what: Any, told: str):
    with pytest.raises(TypeError, match=re.escape(told)):
        testing.clock().run(what)


def test_a_clock_runs_what_a_function_gives():
    clock, client, seen = testing.clock(), testing.client("Hi", "Ho"), []
    assert clock.run(lambda: client.chat("x")).reply.text == "Hi"
    recorded = clock.run(functools.partial(client.chat, "x"), sk.branch(ops.text(), into=seen.append), until=9)
    assert (recorded.reply.text, "".join(seen)) == ("Ho", "Ho")
    assert clock.run(sk.stream(counted())).items == [1]


# -- splits --------------------------------------------------------------------------------------------------------


@given(st.one_of(st.binary(max_size=30), st.text(max_size=30)))
def test_every_split_joins_to_the_whole(data):
    splits = list(testing.every_split(data))
    assert all(type(data)().join(pieces) == data for pieces in splits)
    assert [data] in splits
    assert [data[n : n + 1] for n in range(len(data))] in splits
    for place in range(1, len(data)):
        assert [data[:place], data[place:]] in splits
    assert splits == list(testing.every_split(data))


def test_random_cuts_differ_with_their_seed():
    data = bytes(range(200))
    assert list(testing.every_split(data, seed=1))[-5:] != list(testing.every_split(data, seed=2))[-5:]
    assert len(list(testing.every_split(data, random_cuts=0))) == 1 + 199 + 1


# -- the rest ------------------------------------------------------------------------------------------------------


def test_it_needs_no_test_framework():
    code = "import sys, streamkit.testing; sys.exit(bool({'pytest', '_pytest', 'hypothesis'} & set(sys.modules)))"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=15)


def test_the_servers_transport_serves_any_httpx_client():
    async def main() -> int:
        transport = testing.Server("Hi").transport()
        async with httpx.AsyncClient(transport=transport, base_url="http://scripted/v1") as client:
            return (await client.get("/models")).status_code

    assert testing.clock().run_coroutine(main()) == 200


def test_the_servers_transport_serves_the_client_of_openai():
    async def main() -> list[str]:
        server = testing.Server(sk.StatusError("slow down", status=429), "Hello there")
        client = openai.AsyncOpenAI(
            base_url="http://test/v1",
            api_key="none",
            max_retries=0,
            http_client=httpx2.AsyncClient(transport=server.transport()),
        )
        async with client:
            ask = functools.partial(
                client.chat.completions.create, model="m", messages=[{"role": "user", "content": "Hi"}], stream=True
            )
            with pytest.raises(openai.RateLimitError, match="slow down"):
                await ask()
            return [chunk.choices[0].delta.content or "" async for chunk in await ask() if chunk.choices]

    openai = pytest.importorskip("openai")
    assert "".join(asyncio.run(main())) == "Hello there"


def test_a_clock_that_is_forgotten_leaves_nothing_unfinished(caplog):
    ended = []

    async def sleeper():
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(True)

    async def main():
        tasks.append(asyncio.create_task(sleeper()))
        await asyncio.sleep(1)

    tasks = []
    testing.clock().run_coroutine(main())
    gc.collect()
    assert ended == [True]
    assert tasks.pop().cancelled()
    assert caplog.text == ""


@pytest.mark.parametrize("api", ["chat", "responses", "anthropic", "ollama"])
def test_a_scripted_client_speaks_any_api_that_is_served(api):
    client = testing.client("Hi there", api=api)
    assert client.chat("Hello").run().text == "Hi there"
    assert client.requests[0].path.endswith(sk.wire.APIS[api].path)
