"""Streams, chains of operators and runs, for type checkers only: nothing here is run."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any, TypeVar, assert_type

import reactivex as rx
from pydantic import BaseModel
from reactivex import Observable, operators as rxo
from reactivex.operators import to_future

import streamkit as sk
from streamkit import operators as ops
from streamkit.protocols import Op
from streamkit.stages import CallValue, Segment

S = TypeVar("S")
T = TypeVar("T")
client = sk.Client(model="small")


class City(BaseModel):
    name: str


def show(text: str) -> None: ...


def shout() -> sk.Op[str, str]:
    """An own operator made of others."""

    def operator(source: Observable[str]) -> Observable[str]:
        return source.pipe(rxo.map(str.upper))

    return operator


def views() -> None:
    events = client.chat("Hi")
    assert_type(events, sk.ReplyStream)
    assert_type(events.pipe(ops.text()), sk.Stream[str])
    assert_type(events.pipe(ops.text(), shout()), sk.Stream[str])
    assert_type(events.pipe(ops.reasoning()), sk.Stream[str])
    assert_type(events.pipe(ops.snapshots()), sk.Stream[str])
    assert_type(events.pipe(ops.tool_calls()), sk.Stream[sk.ToolCall])
    assert_type(events.pipe(ops.of_type(sk.UsageUpdate)), sk.Stream[sk.UsageUpdate])
    assert_type(events.pipe(ops.choice(1)), sk.ReplyStream)
    assert_type(events.pipe(ops.choice(1), ops.text()), sk.Stream[str])
    assert_type(events.pipe(ops.text(), ops.snapshots()), sk.Stream[str])
    assert_type(events.pipe(ops.sentences(lang="ja", max_wait=2.0)), sk.Stream[str])
    assert_type(events.pipe(ops.text(), ops.sentences(first_fast=True, code="drop")), sk.Stream[str])
    assert_type(events.pipe(ops.segments("paragraph", strip=False)), sk.Stream[Segment])
    assert_type(events.pipe(ops.smooth("line", finish="keep_pace")), sk.ReplyStream)
    assert_type(events.pipe(ops.smooth(re.compile(r"\W"))), sk.ReplyStream)
    assert_type(events.pipe(ops.smooth(lambda waiting: waiting[:4])), sk.ReplyStream)
    values: Op[sk.Event | str, CallValue[Any]] = ops.json_values(tool="*")
    client.chat("Hi").pipe(values)
    assert_type(events.pipe(ops.json_values(City, tool=["f", "g"])), sk.Stream[CallValue[City]])
    assert_type(events.pipe(ops.json_values(City, tool="f")), sk.Stream[City])
    assert_type(events.pipe(ops.json_items("lines", City, tool="*")), sk.Stream[CallValue[City]])
    for block in events.pipe(ops.code_blocks()):
        assert_type(block.lang + block.code, str)


def in_the_middle() -> None:
    """Operators that pass every item on keep its type, and the stream of a reply, wherever they stand."""
    events = client.chat("Hi")
    assert_type(events.pipe(ops.note("a")), sk.ReplyStream)
    assert_type(events.pipe(ops.attach(print)), sk.ReplyStream)
    assert_type(events.pipe(ops.text()).pipe(ops.note("b")), sk.Stream[str])
    assert_type(events.pipe(ops.record("x.jsonl"), ops.text()).pipe(ops.attach(show)), sk.Stream[str])
    assert_type(events.pipe(ops.note("a"), ops.text(), ops.note("b"), rxo.map(len), ops.note("c")), sk.Stream[int])


async def translate(sentence: str) -> int:
    return len(sentence)


def explain(word: str) -> sk.Stream[sk.Event]:
    return client.chat(f"Explain {word}.")


def asynchronous_maps() -> None:
    text = client.chat("Hi").pipe(ops.text())
    assert_type(text.pipe(ops.map_async(translate, concurrency=4)), sk.Stream[int])
    assert_type(text.pipe(ops.map_async(explain, ordered=False)), sk.Stream[sk.Event])


def replies_keep_their_kind() -> None:
    events = client.chat("Hi")
    assert_type(events.pipe(ops.redact("email"), ops.stop_at("END"), ops.smooth()), sk.ReplyStream)
    assert_type(events.pipe(ops.meter()).pipe(ops.budget(100)).pipe(ops.guard(bool)), sk.ReplyStream)
    assert_type(events.pipe(ops.fallback(events), ops.record("a.jsonl"), ops.choice(1)), sk.ReplyStream)
    assert_type(events.pipe(ops.continue_with(lambda partial: client.chat(partial.messages))), sk.ReplyStream)
    assert_type(events.pipe(*[ops.retry_unstarted()] * 12), sk.ReplyStream)
    assert_type(sk.race(events, events.pipe(ops.think_tags())), sk.ReplyStream)
    assert_type(sk.share(events, 10), sk.ReplyStream)
    assert_type(sk.stream(events), sk.ReplyStream)
    assert_type(events.run(), sk.Reply)


def stock_operators_lose_it() -> None:
    events = client.chat("Hi")
    cut = events.pipe(rxo.take(3))
    assert_type(cut, sk.Stream[sk.Event])
    assert_type(events.take(3), sk.Stream[sk.Event])
    assert_type(events.pipe(ops.note("a"), rxo.take(3), ops.note("b")), sk.Stream[sk.Event])
    assert_type(sk.race(events, cut), sk.Stream[sk.Event])
    assert_type(sk.share(cut, 10), sk.Stream[sk.Event])
    assert_type(events.pipe(ops.fallback(cut)), sk.Stream[sk.Event])
    assert_type(cut.run(), sk.Event)


async def awaited(stream: sk.ReplyStream) -> None:
    assert_type(await stream, sk.Reply)
    assert_type(await stream.pipe(ops.redact("email")), sk.Reply)
    assert_type(await stream.take(3), sk.Event)
    one, other = await asyncio.gather(stream, stream.pipe(ops.text()))
    assert_type(one, sk.Reply)
    assert_type(other, str)


async def runs_of_anything(stream: sk.ReplyStream) -> None:
    run = sk.start(stream.pipe(ops.text()))
    assert_type(run, sk.Run[str])
    for piece in run:
        assert_type(piece, str)
    async for piece in run:
        assert_type(piece, str)
    assert_type(run.last, str | None)
    assert_type(run.result(), sk.Reply)
    assert_type(await run, sk.Reply)
    async with sk.start(stream) as started:
        assert_type(started, sk.Run[sk.Event])
    anything: list[sk.Run] = [run, started]
    objects: list[sk.Run[object]] = [run, started]
    print(anything, objects)


def fluent_methods() -> None:
    text = client.chat("Hi").pipe(ops.text())
    assert_type(text.map(len), sk.Stream[int])
    assert_type(text.map(lambda piece: piece.upper()), sk.Stream[str])
    assert_type(text.filter(lambda piece: piece.isalpha()).take(3).skip(1).first().last(), sk.Stream[str])
    assert_type(text.scan(lambda total, piece: total + len(piece), 0), sk.Stream[int])
    assert_type(text.reduce(lambda one, other: one + other), sk.Stream[str])
    assert_type(text.flat_map(explain), sk.Stream[sk.Event])
    assert_type(text.switch_map(lambda word: client.chat(word).pipe(ops.text())), sk.Stream[str])
    assert_type(text.buffer_with_count(3).map(lambda pieces: "".join(pieces)), sk.Stream[str])
    assert_type(text.pairwise(), sk.Stream[tuple[str, str]])
    assert_type(text.merge(text).concat(text).amb(text).start_with("a").distinct(), sk.Stream[str])
    assert_type(text.debounce(0.1).sample(1.0).delay(1.0).timeout(5.0).throttle_first(1.0), sk.Stream[str])
    assert_type(text.to_list(), sk.Stream[list[str]])
    assert_type(text.do_action(show).finally_action(lambda: None).retry(2).share(), sk.Stream[str])
    assert_type(text.catch(lambda error, source: source), sk.Stream[str])
    assert_type(text.take_until(rx.timer(1.0)).default_if_empty("none"), sk.Stream[str])
    assert_type(text.count(), sk.Stream[int])
    assert_type(text.contains("a"), sk.Stream[bool])


def ten_operators(upper: sk.Op[str, str]) -> None:
    events = client.chat("Hi")
    nine = events.pipe(ops.text(), upper, upper, upper, upper, upper, upper, upper, ops.note("a"))
    ten = events.pipe(ops.text(), upper, upper, upper, upper, upper, upper, upper, upper, rxo.map(len))
    assert_type(nine, sk.Stream[str])
    assert_type(ten, sk.Stream[int])
    assert_type(events.pipe(to_future()), "asyncio.Future[sk.Event]")


def mine(name: str) -> Callable[[S], S]:
    """An operator of a user's own that keeps the kind of stream, as it is one of ours."""
    return ops.note(name)


def the_same_operator_twice_around_another() -> None:
    events = client.chat("Hi")
    assert_type(events.pipe(mine("a"), mine("b"), ops.record("a.jsonl")), sk.ReplyStream)
    assert_type(events.pipe(mine("a"), ops.text(), mine("b"), rxo.map(len), mine("c")), sk.Stream[int])
    assert_type(events.pipe(ops.note("a"), ops.sentences(), ops.note("b"), ops.attach(show)), sk.Stream[str])
    assert_type(ops.note("a")(events), sk.ReplyStream)


def annotated_functions_and_lambdas() -> None:
    def length(piece: str) -> int:
        return len(piece)

    events = client.chat("Hi")
    assert_type(events.pipe(ops.text(), rxo.map(length)), sk.Stream[int])
    assert_type(events.pipe(ops.text(), rxo.map(str.upper), rxo.filter(str.isalpha)), sk.Stream[str])
    assert_type(events.pipe(lambda source: source.pipe(ops.text())), sk.Stream[str])
    chain: Callable[[Observable[sk.Event]], Observable[str]] = ops.sentences()
    assert_type(events.pipe(chain), sk.Stream[str])


def whole(source: Observable[sk.Event]) -> sk.Stream[str]:
    return sk.stream(source).pipe(ops.text())


def events_to_text(stream: sk.Stream[sk.Event]) -> sk.Stream[str]:
    return stream.pipe(ops.text())


def private(reply: sk.ReplyStream) -> sk.ReplyStream:
    return reply.pipe(ops.redact("email"))


def answer(reply: sk.ReplyStream) -> sk.Stream[str]:
    return reply.pipe(ops.text())


def loud(text: sk.Stream[str]) -> sk.Stream[str]:
    return text.map(str.upper)


def same(stream: S) -> S:
    return stream


def logged(stream: sk.Stream[T]) -> sk.Stream[T]:
    return stream


def functions_over_streams() -> None:
    events = client.chat("Hi")
    assert_type(events.pipe(whole), sk.Stream[str])
    assert_type(events.pipe(events_to_text), sk.Stream[str])
    assert_type(events.pipe(answer), sk.Stream[str])
    assert_type(events.pipe(private), sk.ReplyStream)
    assert_type(events.pipe(ops.meter(), private, ops.note("a"), private), sk.ReplyStream)
    assert_type(events.pipe(ops.redact("email"), answer), sk.Stream[str])
    assert_type(events.pipe(ops.meter(), answer, loud), sk.Stream[str])
    assert_type(events.pipe(private, ops.text(), loud, rxo.map(len)), sk.Stream[int])
    assert_type(events.pipe(ops.text(), loud, ops.note("a"), loud), sk.Stream[str])
    assert_type(events.pipe(same), sk.ReplyStream)
    assert_type(events.pipe(ops.text(), same), sk.Stream[str])
    assert_type(events.pipe(logged), sk.Stream[sk.Event])
    assert_type(events.pipe(ops.text(), logged), sk.Stream[str])
    assert_type(events.pipe(lambda stream: stream.take(3)), sk.Stream[sk.Event])
    assert_type(events.pipe(ops.text(), list), list[str])
    assert_type(events.pipe(ops.text(), ops.record("a.jsonl")), sk.Stream[str])


def one_after_another(texts: sk.Stream[str]) -> None:
    events = client.chat("x")
    events += client.chat("y")
    assert_type(events, sk.ReplyStream)
    assert_type(events + client.chat("z"), sk.ReplyStream)
    assert_type(events + texts, sk.Stream[sk.Event | str])
    assert_type(texts + events, sk.Stream[str | sk.Event])
