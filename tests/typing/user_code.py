"""What users write, for type checkers only: nothing here is run. ``assert_type`` holds the inferred types."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterator, Mapping
from typing import Any, TypeVar, assert_never, assert_type

import httpx
import httpx2
from openai import AsyncOpenAI, DefaultAsyncHttpxClient, OpenAI
from openai.types.chat import ChatCompletionMessage
from pydantic import BaseModel
from reactivex import operators as rxo
from reactivex.subject import Subject

import streamkit as sk
from streamkit import operators as ops, sinks, testing
from streamkit.batch import Ledger, progress, run_shard
from streamkit.tokens import Count, prompt_tokens

T = TypeVar("T")
client = sk.Client(model="small")
history: list[sk.Message] = [sk.system("Be brief."), sk.user("Hi")]


def show(text: str) -> None: ...
def call(tool: sk.ToolCall) -> None: ...
async def speak(piece: str) -> None: ...
async def edit_message(text: str) -> None: ...


def the_first_thing_a_newcomer_types() -> None:
    for piece in sk.chat("Why is the sky blue?", model="small").pipe(ops.text()):
        assert_type(piece, str)
        print(piece, end="", flush=True)
    reply = sk.run(sk.chat("Hi", model="small"))
    assert_type(reply, sk.Reply)
    print(reply, reply.text, reply.usage and reply.usage.total_tokens)


def callbacks() -> None:
    reply = sk.run(client.chat(history), sk.on(text=show, tool_call=call, reply=lambda reply: show(reply.text)))
    history.extend(reply.messages)
    sk.run(client.chat(history), sk.on(text=speak, error=lambda error: show(str(error))), show, sinks.console())


async def one_request_three_branches() -> None:
    reply = await sk.start(
        sk.chat("Tell me a story.", model="small"),
        sk.branch(ops.text(), into=speak, overflow="conflate"),
        sk.branch(into=sinks.jsonl("story.jsonl", mode="append")),
        sk.branch(ops.snapshots(every=1.0), into=edit_message, max_wait=5.0, on_cancel="drain", name="edit"),
    )
    assert_type(reply, sk.Reply)


def plain_rx() -> None:
    def shout(text: str) -> str:
        return text.upper()

    def answer(question: str) -> sk.Stream[str]:
        return client.chat(question).pipe(ops.text())

    stream = sk.chat("Hi", model="small").pipe(ops.text(), rxo.map(shout))
    assert_type(stream, sk.Stream[str])
    stream.subscribe(print)
    client.chat("Hi").pipe(ops.text(), rxo.map(str.upper)).subscribe(print, print, print)
    questions: Subject[str] = Subject()
    questions.pipe(rxo.map(answer), rxo.switch_latest()).subscribe(show)
    sk.stream(questions).pipe(rxo.map(answer), rxo.switch_latest()).subscribe(show)


def policies(near: sk.Stream[sk.Event], far: sk.Stream[sk.Event], spare: sk.Stream[sk.Event]) -> None:
    answer = sk.race(near, far, after=0.5).pipe(ops.time_limits(first=5.0, between=2.0), ops.fallback(spare))
    assert_type(sk.race(near, far), sk.Stream[sk.Event])
    assert_type(sk.share(near, replay=10), sk.Stream[sk.Event])
    clean = client.chat("Hi").pipe(ops.redact("email", "card")).pipe(ops.stop_at("END"))
    assert_type(clean, sk.ReplyStream)
    sk.run(answer, sk.on(text=show))
    assert_type(answer, sk.Stream[sk.Event])
    for labelled in sk.side_by_side({"near": near.pipe(ops.text()), "far": far.pipe(ops.text())}):
        assert_type(labelled, sk.Labelled[str])
        assert_type(labelled.item, str | sk.Failure)


async def both_ways(numbers: AsyncIterator[int], near: sk.Stream[sk.Event]) -> None:
    assert_type(sk.stream(numbers), sk.Stream[int])
    assert_type(sk.stream([1, 2]), sk.Stream[int])
    assert_type(sk.stream(lambda: iter([1, 2])), sk.Stream[int])
    assert_type(sk.stream(near), sk.Stream[sk.Event])
    async for number in sk.stream(numbers).pipe(rxo.map(str)):
        print(number)


def conversations(history: list[sk.Message]) -> None:
    async def clock(zone: str) -> str:
        return zone

    loop = sk.tool_loop(lambda messages: client.chat(messages), history, [clock], rounds=3)
    assert_type(loop, sk.ReplyStream)
    reply = sk.run(loop, sk.on(text=show))
    history += reply.messages
    assert_type(reply.upto(7), sk.Reply)
    theirs = ChatCompletionMessage(role="assistant", content="Hello")
    assert_type(sk.tool_loop(client.chat, [sk.user("Hi"), theirs], []), sk.ReplyStream)
    assert_type(prompt_tokens([theirs], "small"), Count)


async def to_the_web(respond: Callable[[AsyncIterable[bytes], Mapping[str, str]], None]) -> None:
    relay = sk.sse(client.chat("Hi").pipe(ops.attach(sk.on(text=show))), format="events", on_close="drain")
    respond(relay, relay.headers)
    async for block in relay:
        assert_type(block, bytes)


class EveryNth:
    def __init__(self, n: int) -> None:
        self.n, self.seen = n, 0

    def feed(self, item: T) -> Iterator[T]:
        self.seen += 1
        if self.seen % self.n == 0:
            yield item

    def flush(self) -> tuple[()]:
        return ()


class Words:
    def feed(self, text: str) -> list[int]:
        return [len(text.split())]

    def flush(self) -> list[int]:
        return []


def own_stages() -> None:
    counts = client.chat("Hi").pipe(ops.text(), ops.stage(Words))
    assert_type(counts, sk.Stream[int])
    stage: sk.Stage[str, int] = Words()
    nth: sk.Stage[Any, Any] = EveryNth(2)
    print(stage, nth)
    for piece in client.chat("Hi").pipe(ops.text(), ops.stage(lambda: EveryNth(2))):
        print(piece)


class Sheet:
    async def write(self, item: sk.Event, /) -> None: ...
    def close(self, reply: sk.Reply) -> None: ...


def own_sinks() -> None:
    sink: sk.Sink[sk.Event] = Sheet()
    sk.run(client.chat("Hi"), sink, sk.branch(into=Sheet()), print, sk.branch(ops.text(), into=show))
    kept = sinks.memory()
    lines: sk.Sink[sk.Event | str] = sinks.console(reasoning=True)
    sk.run(client.chat("Hi").pipe(ops.attach(kept, lines), ops.note("here"), ops.record("reply.jsonl")))
    assert_type(kept.text, str)


async def publish(items: list[sk.Event], *, key: str) -> None: ...


def durable_sinks() -> None:
    lines = sinks.jsonl("a.jsonl", folder="replies", mode="append", sync=1.0)
    rows = sinks.sqlite("replies.db", table="replies", stream="conversation 7", sync="close")
    batches: sk.Sink[sk.Event] = sinks.batched(publish, size=50, retry=(1, 2), spool="unsent.jsonl")
    aloud = sk.branch(ops.text(), into=sinks.process(["say", "-v", "Anna"], on_cancel="drain"))
    sk.run(client.chat("Hi"), lines, rows, batches, aloud, sinks.threaded(print), sinks.notebook(show="markdown"))
    assert_type(lines.stream, str)


async def iterating_and_awaiting() -> None:
    async for event in client.chat("Hi"):
        assert_type(event, sk.Event)
    assert_type(await client.chat("Hi").pipe(ops.text()), str)
    run = sk.start(client.chat("Hi"))
    assert_type(run, sk.Run[sk.Event])
    async with run:
        assert_type(run.reply, sk.Reply)
    run.cancel()
    assert_type(run.stats["sink"].delivered, int)
    await asyncio.gather(sk.start(client.chat("a")), sk.start(client.chat("b")))


def what_an_event_is(event: sk.Event) -> str:
    match event:
        case sk.TextDelta(text=text) | sk.ReasoningDelta(text=text) | sk.RefusalDelta(text=text):
            return text
        case sk.ToolCall():
            return event.name
        case sk.UsageUpdate(usage=usage):
            return str(usage.total_tokens)
        case sk.Reply():
            return event.text
        case sk.Start() | sk.ToolCallDelta() | sk.ToolResult() | sk.LogprobsDelta() | sk.Finish():
            return event.type
        case (
            sk.Restart()
            | sk.RoundEnd()
            | sk.Other()
            | sk.BlockStart()
            | sk.BlockEnd()
            | sk.Citation()
            | sk.File()
            | sk.ServerTool()
        ):
            return ""
        case _:
            assert_never(event)


def tokens_and_money() -> None:
    events, dear = client.chat("Hi"), sk.Prices(input=2.5, output=10, cached=1.25)
    assert_type(events.pipe(ops.count_tokens("small")), sk.Stream[int])
    assert_type(events.pipe(ops.text(), ops.count_tokens("small")), sk.Stream[int])
    assert_type(events.pipe(ops.meter({"small": dear, "large": dear})), sk.ReplyStream)
    listed = sk.price_list("prices.json", own={"small": dear}, provider="azure")
    assert_type(events.pipe(ops.meter(listed)).pipe(ops.budget(cost=0.1, prices=listed)), sk.ReplyStream)
    metered = events.pipe(ops.meter(dear, prompt=history)).pipe(ops.budget(2_000, cost=0.01, prices=dear, drain=True))
    assert_type(metered, sk.ReplyStream)
    reply = sk.run(metered, sk.on(usage=lambda usage: print(usage.cost)))
    assert_type(reply.usage.cost if reply.usage else None, float | None)


class City(BaseModel):
    name: str


def many_prompts() -> None:
    prompts = [{"id": 1, "text": "Why?"}]
    batch = sk.batch(prompts, lambda prompt: client.chat(prompt["text"]), key=lambda prompt: str(prompt["id"]))
    assert_type(batch, sk.Stream[sk.BatchItem])
    prices = sk.Prices(input=0.15, output=0.6)
    for item in sk.batch(
        ["Why?"], client.chat, ledger="done.jsonl", budget=2.0, prices={"small": prices}, ordered=True
    ):
        assert_type(item.reply, sk.Reply | None)
        assert_type(item.text, str)
    ledger = Ledger("done.jsonl", sync="every")
    sk.run(sk.batch("prompts.jsonl", ask, ledger=ledger, requests_per_minute=60), progress(), print)
    tally = run_shard(["Why?"], lambda: client.chat, ledger=ledger, tokens_per_minute=10_000)
    assert_type(tally.failed, list[str])


def ask(prompt: Any) -> sk.Stream[sk.Event]:
    return client.chat(prompt["text"])


def structured(tool: sk.ToolCall, reply: sk.Reply) -> None:
    assert_type(tool.args(City), City)
    assert_type(reply.parse(City), City)
    message: sk.Message = tool.result({"temperature": 20})
    history.append(message)
    history.extend(reply.messages)


def a_key() -> str:
    return "key"


async def an_async_key() -> str:
    return "key"


def what_the_answer_said() -> None:
    reply = sk.run(client.chat("Hi"))
    assert_type(reply.headers, dict[str, str])
    assert_type(reply.timing, sk.Timing | None)
    if reply.rate_limits is not None:
        assert_type(reply.rate_limits.tokens.remaining, int | None)
        assert_type(reply.rate_limits.requests.reset, float | None)
    with sk.start(client.chat("Hi")) as run:
        assert_type(run.timing.tokens_per_second, float | None)


def parameters() -> None:
    client.chat(
        [{"role": "user", "content": "Hi"}],
        model="small",
        temperature=0.2,
        max_tokens=100,
        stop=["\n"],
        tools=[{"type": "function", "function": {"name": "now"}}],
        response_format={"type": "json_object"},
        extra={"min_p": 0.1},
    )
    client.complete("Once", max_tokens=5)
    client.respond("Hi", instructions="Be brief.", max_output_tokens=5)
    sk.Client("https://example.com/v1", "key", limits=sk.Limits(total=60), retry=sk.Retry(attempts=0))
    sk.Client(api_key=lambda: "key")
    sk.Client(api_key=a_key)
    sk.Client(api_key=an_async_key, azure="2024-10-21", base_url="https://example.com")
    sk.Client(transport=httpx.AsyncHTTPTransport(retries=0))
    sk.Client(transport=httpx.AsyncClient(transport=testing.Server("Hi").transport()))
    sk.Client(transport=httpx2.AsyncHTTPTransport(retries=0))
    sk.Client(transport=httpx2.AsyncClient(transport=testing.Server("Hi").transport()))
    sk.Client(transport=httpx2.MockTransport(lambda _: httpx2.Response(200)))
    sk.Client(transport=DefaultAsyncHttpxClient())


async def sources() -> None:
    library, async_library = OpenAI(), AsyncOpenAI()
    asked: list[Any] = list(history)
    assert_type(sk.from_sdk(library.chat.completions.create(model="m", messages=asked, stream=True)), sk.ReplyStream)
    sk.from_sdk(lambda: async_library.chat.completions.create(model="m", messages=asked, stream=True))
    assert_type(sk.from_bytes([b"data: [DONE]\n\n"]), sk.ReplyStream)
    assert_type(sk.from_text(["a", "b"], model="m"), sk.ReplyStream)
    assert_type(sk.replay("hello", speed=2.0), sk.ReplyStream)
    assert_type(sk.from_json(sk.to_json(sk.TextDelta("a"))), sk.Event)


def errors() -> None:
    try:
        sk.run(client.chat("Hi"))
    except sk.StatusError as error:
        assert_type(error.retry_after, float | None)
    except sk.StreamkitError as error:
        assert_type(error.partial, sk.Reply)
        assert_type(error.kind, str)


def tests_of_users() -> None:
    assert_type(testing.script("a", "b", every=0.1, usage=sk.Usage(1, 2)), sk.ReplyStream)
    recorded = testing.clock().run(testing.script("a").pipe(ops.text()), until=5.0)
    assert_type(recorded.reply, sk.Reply)
    assert_type(recorded.times, list[float])
    scripted: sk.Client = testing.client("one", testing.Script("two", drop_after=1), sk.StatusError("no", status=500))
    pieces: list[list[str]] = list(testing.every_split("text"))
    print(scripted, pieces)


handler: Callable[[str], Awaitable[None]] = speak
