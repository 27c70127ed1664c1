"""Many prompts, one stream: order, bounds, failures, cancelling."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import reactivex
from reactivex import operators as rxo

import streamkit as sk
from streamkit import ops, sinks, testing

SLOW_TO_FAST = {f"p{n}": testing.Script(f"answer {n}", first=10.0 - n) for n in range(10)}


def client(**models: Any) -> testing.ScriptedClient:
    """A client whose server answers to the name of the model: answers do not depend on the order of requests."""
    server = testing.Server(testing.Script("an answer"), models=models)
    return testing.ScriptedClient(server, retry=sk.Retry(attempts=0))


def asks(one: sk.Client) -> Callable[[str], sk.Stream[sk.Event]]:
    return lambda prompt: one.chat(prompt, model=prompt)


def items(stream: sk.Stream[sk.BatchItem], **options: Any) -> list[sk.BatchItem]:
    """All items in virtual time; an error is raised."""
    recorded = testing.clock().run(stream, **options)
    if recorded.error is not None:
        raise recorded.error
    return recorded.items


def test_every_prompt_gives_one_item_with_its_reply():
    with client() as one:
        (item,) = list(sk.batch(["Hi"], one.chat))
    assert isinstance(item, sk.BatchItem)
    assert item.reply is not None
    assert (item.prompt, item.text, item.outcome, item.error) == ("Hi", "an answer", "complete", None)
    assert (item.index, item.from_ledger, item.cost) == (0, False, None)
    assert item.usage == item.reply.usage
    assert len(item.key) == 32


def test_results_come_as_they_come_or_in_the_order_of_the_prompts():
    with client(**SLOW_TO_FAST) as one:
        as_they_come = items(sk.batch(list(SLOW_TO_FAST), asks(one)))
        in_order = items(sk.batch(list(SLOW_TO_FAST), asks(one), ordered=True))
    assert [item.prompt for item in in_order] == list(SLOW_TO_FAST)
    assert [item.prompt for item in as_they_come] == list(SLOW_TO_FAST)[::-1]
    assert all(item.text == f"answer {item.index}" for item in as_they_come + in_order)


class Crowd:
    """A play that counts how many requests are open whenever one comes."""

    def __init__(self, script: testing.Script) -> None:
        self.script, self.most = script, 0
        self.client = testing.client(self)

    def answer(self, api: str, body: Any) -> Any:
        self.most = max(self.most, sum(request.outcome == "open" for request in self.client.requests))
        return self.script.answer(api, body)


@pytest.mark.slow
@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("concurrency", [1, 3, 16, 100])
def test_so_many_requests_are_open_at_a_time_and_no_more(concurrency: int, ordered: bool):
    crowd = Crowd(testing.Script("a b", first=1.0, jitter=0.5, every=1.0))
    with crowd.client as one:
        found = items(sk.batch(range(40), lambda n: one.chat(str(n)), concurrency=concurrency, ordered=ordered))
    assert crowd.most == min(concurrency, 40)
    assert len(found) == len(one.requests) == 40


def test_a_prompt_that_fails_is_an_item_and_the_others_go_on():
    def ask(prompt: str) -> sk.Stream[sk.Event]:
        if prompt == "raises":
            raise KeyError("no such template")
        return one.chat(prompt, model=prompt)

    broken, refused = testing.Script(["half ", "of it"], drop_after=1), sk.StatusError("no", status=400)
    with client(broken=broken, refused=refused) as one:
        found = {item.prompt: item for item in items(sk.batch(["broken", "a", "raises", "refused", "b"], ask))}
    assert [item.outcome for item in found.values() if item.prompt in "ab"] == ["complete"] * 2
    assert (found["broken"].outcome, found["refused"].outcome, found["raises"].outcome) == (
        "truncated",
        "failed",
        "failed",
    )
    error = found["broken"].error
    assert isinstance(error, sk.BrokenError)
    assert (error.partial.text, found["broken"].reply, found["broken"].text) == ("half ", None, "")
    assert isinstance(found["refused"].error, sk.StatusError)
    assert isinstance(found["raises"].error, KeyError)


def test_a_reply_cut_by_an_operator_is_the_answer():
    with testing.client("one two three") as one:
        (item,) = items(sk.batch(["a"], lambda prompt: one.chat(prompt).pipe(ops.stop_at(" two"))))
    assert (item.outcome, item.text) == ("stopped", "one")


def test_a_view_of_the_reply_serves_as_well():
    with testing.client("one two three") as one:
        (item,) = items(sk.batch(["a"], lambda prompt: one.chat(prompt).pipe(ops.text())))
    assert (item.outcome, item.text) == ("complete", "one two three")


# -- where prompts come from ---------------------------------------------------------------------------------------


def texts(stream: sk.Stream[sk.BatchItem]) -> list[Any]:
    return [item.prompt for item in stream]


def test_prompts_are_pulled_only_as_far_as_they_are_asked():
    pulled = 0

    def prompts() -> Iterator[str]:
        nonlocal pulled
        for pulled in range(1, 10_000):  # how far it got is what counts
            yield f"p{pulled}"

    with testing.client("Hi") as one:
        batch = iter(sk.batch(prompts, one.chat, concurrency=4))
        for _ in range(3):
            next(batch)
        batch.close()
    assert 3 <= pulled <= 1024 + 3 + 4 + 1  # what was read, the reader's own bound, and the workers


def test_async_iterables_and_callables_serve_and_a_callable_is_cold():
    async def prompts() -> AsyncIterator[str]:
        for n in range(3):
            await asyncio.sleep(1)
            yield f"p{n}"

    with testing.client("Hi") as one:
        batch = sk.batch(prompts, one.chat)
        assert [item.prompt for item in items(batch)] == ["p0", "p1", "p2"]
        assert [item.prompt for item in items(batch)] == ["p0", "p1", "p2"]


def test_a_file_of_lines_is_a_prompt_each_and_a_bad_line_is_one_failure(tmp_path: Path):
    path = tmp_path / "prompts.jsonl"
    path.write_bytes(b'\xef\xbb\xbf"first"\n\n{"q": "second"}\r\n{"q": \n[1, 2]')
    with testing.client("Hi") as one:
        found = list(sk.batch(str(path), lambda prompt: one.chat(json.dumps(prompt)), ordered=True))
        assert texts(sk.batch(path, lambda prompt: one.chat("x"), ordered=True)) == [item.prompt for item in found]
    assert [item.prompt for item in found] == ["first", {"q": "second"}, '{"q":', [1, 2]]
    assert [item.outcome for item in found] == ["complete", "complete", "failed", "complete"]
    assert isinstance(found[2].error, sk.MalformedError)
    assert "line 4" in str(found[2].error)


def test_when_the_prompts_fail_what_is_under_way_is_delivered_first():
    def prompts() -> Iterator[str]:
        yield "a"
        raise OSError("the disk is gone")

    with testing.client("Hi") as one:
        batch = iter(sk.batch(prompts(), one.chat))
        assert next(batch).text == "Hi"
        with pytest.raises(sk.BrokenError, match="the disk is gone") as caught:
            next(batch)
    assert isinstance(caught.value.__cause__, OSError)
    with pytest.raises(sk.BrokenError, match="FileNotFoundError"):
        list(sk.batch("no such file.jsonl", one.chat))


def test_a_batch_that_fails_does_not_wait_for_the_next_prompt():
    async def prompts() -> AsyncIterator[str]:
        yield "a"
        await asyncio.sleep(1000)
        yield "b"

    with testing.client(testing.Script("Hi", first=1.0)) as one:
        recorded = testing.clock().run(sk.batch(prompts, one.chat, prices={}, budget=1.0))
    assert isinstance(recorded.error, ValueError)
    assert [item.text for item in recorded.items] == ["Hi"]
    assert recorded.ended_at == 1.0


def test_a_batch_that_fails_does_not_wait_for_limits():
    def key(prompt: str) -> str:
        if prompt == "d":
            raise KeyError(prompt)
        return prompt

    with testing.client("Hi") as one:
        recorded = testing.clock().run(sk.batch(list("abcd"), one.chat, key=key, requests_per_minute=1))
    assert isinstance(recorded.error, KeyError)
    assert [item.prompt for item in recorded.items] == ["a"]
    assert recorded.ended_at < 1.0


def test_no_prompts_no_items():
    assert list(sk.batch([], sk.chat)) == []


# -- flow and end --------------------------------------------------------------------------------------------------


def test_a_slow_reader_holds_the_batch():
    """With a mailbox of one item: what is under way is finished, nothing new is started."""
    asked: list[float] = []

    async def slowly(item: sk.BatchItem) -> None:
        await asyncio.sleep(10)

    def ask(prompt: int) -> sk.Stream[sk.Event]:
        asked.append(asyncio.get_running_loop().time())
        return one.chat(str(prompt))

    with testing.client("Hi") as one:
        testing.clock().run(sk.batch(range(20), ask, concurrency=2), sk.branch(into=slowly, capacity=1))
    ahead = [n - sum(10 * (k + 1) <= at for k in range(20)) for n, at in enumerate(asked)]
    assert max(ahead) <= 1 + 1 + 2  # being written, waiting, and what two workers hold
    assert asked[-1] > 100


def test_cancelling_closes_every_request_and_leaves_nothing(loop_complaints: list[str]):
    before = threading.active_count()
    with testing.client(testing.Script("a b c", first=1.0, every=100.0)) as one:
        with testing.clock() as clock:
            recorded = clock.run(sk.batch(range(100), lambda n: one.chat(str(n)), concurrency=5), until=50.0)
            assert clock.run_coroutine(others()) == set()
        assert recorded.cancelled_at == 50.0
        assert recorded.items == []
        assert [request.outcome for request in one.requests] == ["cancelled"] * 5
    assert threading.active_count() <= before


async def others() -> set[str]:
    return {task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()}


@pytest.mark.slow
@pytest.mark.parametrize("ordered", [False, True])
def test_it_may_be_cancelled_at_any_moment(ordered: bool):
    scripts = [testing.Script("a b", head_after=0.3, first=0.5, every=0.7), sk.StatusError("no", status=400)]
    for tenths in range(0, 40, 3):
        with testing.client(*scripts * 3) as one, testing.clock() as clock:
            batch = sk.batch(range(9), lambda n: one.chat(str(n)), concurrency=3, ordered=ordered)
            clock.run(batch, until=tenths / 10 + 0.05)
            assert clock.run_coroutine(others()) == set()
            assert {request.outcome for request in one.requests} <= {"cancelled", "done"}


def test_leaving_the_loop_cancels():
    with testing.client("Hi", testing.Script("a b", every=1000.0)) as one:
        for item in sk.batch(range(50), lambda n: one.chat(str(n)), concurrency=3):
            assert item.text == "Hi"
            break
        sk.shutdown()
        outcomes = [request.outcome for request in one.requests]
        assert outcomes.count("done") == 1
        assert outcomes.count("cancelled") == len(outcomes) - 1 in (2, 3)  # the first one's place may be taken again


def test_it_can_be_iterated_awaited_and_piped():
    with testing.client("Hi") as one:
        batch = sk.batch(["a", "b"], one.chat, ordered=True)
        assert asyncio.run(last_of(batch)).prompt == "b"
        assert batch.pipe(rxo.map(lambda item: item.prompt), rxo.to_list()).run() == ["a", "b"]
        seen: list[sk.BatchItem] = []
        assert sk.run(batch, seen.append).outcome == "complete"
        assert [item.prompt for item in seen] == ["a", "b"]


async def last_of(stream: sk.Stream[sk.BatchItem]) -> sk.BatchItem:
    return await stream


def meant_for_the_caller(prompt: str) -> sk.Stream[sk.Event]:
    def interrupt(item: sk.Event) -> None:
        raise KeyboardInterrupt(prompt)

    if prompt == "exit":
        raise SystemExit(prompt)
    return testing.script("Hi", first=60 if prompt == "slow" else 0).pipe(ops.attach(interrupt))


@pytest.mark.parametrize("prompt", ["exit", "interrupt"])
@pytest.mark.parametrize("way", [sk.run, lambda *args: sk.start(*args).result()], ids=["in place", "in the background"])
def test_what_is_meant_for_the_caller_reaches_it_at_once(way: Callable[..., sk.Reply], prompt: str):
    memory = sinks.memory()
    with pytest.raises((KeyboardInterrupt, SystemExit), match=prompt):
        way(sk.batch(["slow", prompt, "slow"], meant_for_the_caller), memory)
    assert memory.reply is not None
    assert memory.reply.outcome == "cancelled"
    assert sk.run(testing.script("Hi")).text == sk.start(testing.script("Hi")).result().text == "Hi"


def test_an_ask_that_raises_what_looks_like_being_cancelled_fails_alone():
    def ask(prompt: str) -> sk.Stream[sk.Event]:
        if prompt == "a":
            raise asyncio.CancelledError
        return testing.script("Hi")

    found = items(sk.batch(["a", "b"], ask, ordered=True))
    assert [item.outcome for item in found] == ["failed", "complete"]


# -- misuse --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"concurrency": 0}, ValueError),
        ({"requests_per_minute": 0}, ValueError),
        ({"tokens_per_minute": -1}, ValueError),
        ({"budget": 1.0}, ValueError),
        ({"ledger": 3}, TypeError),
        ({"key": "id"}, TypeError),
        ({"prompts": {"a": 1}}, TypeError),
        ({"prompts": 3}, TypeError),
        ({"ask": "not a function"}, TypeError),
    ],
)
def test_options_that_make_no_sense_are_told_at_once(options: dict[str, Any], error: type[Exception]):
    with pytest.raises(error):
        sk.batch(**{"prompts": ["a"], "ask": sk.chat, **options})


async def no_stream(prompt: str) -> str:
    return prompt


@pytest.mark.parametrize("ask", [str, lambda prompt: no_stream(prompt)])
def test_an_ask_that_gives_no_stream_ends_the_batch(ask: Any):
    recorded = testing.clock().run(sk.batch(["a", "b", "c"], ask, concurrency=1))
    assert isinstance(recorded.error, TypeError)
    assert [item.outcome for item in recorded.items] == ["failed"]


def test_a_key_that_is_no_str_ends_the_batch():
    recorded = testing.clock().run(sk.batch(["a"], lambda _: reactivex.never(), key=len))  # type: ignore[arg-type]
    assert isinstance(recorded.error, TypeError)
