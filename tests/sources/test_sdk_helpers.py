"""What the official library gives besides plain chunks: helper streams, raw answers, and chunks of every make."""

from __future__ import annotations

import asyncio
import json
from collections import UserDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pydantic import BaseModel

import streamkit as sk
from streamkit import operators as ops
from tests.faults.bodies import DONE, END, data, reply, say
from tests.faults.server import HANG, Server, head, serving

openai = pytest.importorskip("openai")

HI: Any = [{"role": "user", "content": "Hi"}]
ARGUMENTS = '{"city": "Oslo"}'
PIECES = [{"index": 0, "id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city":'}},
          {"index": 0, "function": {"arguments": ' "Oslo"}'}}]  # fmt: skip
USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
CALLS = (
    b"".join(
        data({"id": "r1", "object": "chat.completion.chunk", "model": "m", "created": 1, **rest})
        for rest in [
            {"choices": [{"index": 0, "delta": {"role": "assistant", "content": "Let me see."}}]},
            *({"choices": [{"index": 0, "delta": {"tool_calls": [piece]}}]} for piece in PIECES),
            {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]},
            {"choices": [], "usage": USAGE},
        ]
    )
    + DONE
)


def response(kind: str, number: int, **rest: Any) -> bytes:
    return data({"type": f"response.{kind}", "sequence_number": number, **rest}, event=f"response.{kind}")


def whole(status: str, text: str | None = None, **rest: Any) -> dict[str, Any]:
    part = {"type": "output_text", "text": text, "annotations": []}
    item = {"type": "message", "id": "i", "role": "assistant", "status": "completed", "content": [part]}
    said = [] if text is None else [item]
    return {"id": "r1", "object": "response", "created_at": 1, "model": "m", "status": status, "output": said,
            "parallel_tool_calls": True, "tool_choice": "auto", "tools": [], **rest}  # fmt: skip


AT = {"output_index": 0, "content_index": 0, "item_id": "i"}
ITEM = {"type": "message", "id": "i", "role": "assistant", "status": "in_progress", "content": []}
PART = {"type": "output_text", "text": "", "annotations": []}
RESPONSE = b"".join([
    response("created", 0, response=whole("in_progress")),
    response("output_item.added", 1, output_index=0, item=ITEM),
    response("content_part.added", 2, **AT, part=PART),
    response("output_text.delta", 3, **AT, delta="Hel", logprobs=[]),
    response("output_text.delta", 4, **AT, delta="lo", logprobs=[]),
    response("output_text.done", 5, **AT, text="Hello", logprobs=[]),
    response("completed", 6, response=whole("completed", "Hello")),
])  # fmt: skip


class City(BaseModel):
    city: str


@contextmanager
def opened(*script: Any) -> Iterator[tuple[Server, Any]]:
    with serving(script) as server, openai.OpenAI(base_url=server.url, api_key="k", max_retries=0) as client:
        yield server, client


def by_sync(script: Any, ask: Callable[[Any], Any], *, cold: bool) -> list[Any]:
    with opened(*script) as (_, client):
        return list(sk.from_sdk((lambda: ask(client)) if cold else ask(client)))


def by_async(script: Any, ask: Callable[[Any], Any], *, cold: bool) -> list[Any]:
    async def main(server: Server) -> list[Any]:
        async with openai.AsyncOpenAI(base_url=server.url, api_key="k", max_retries=0) as client:
            return [event async for event in sk.from_sdk((lambda: ask(client)) if cold else ask(client))]

    with serving(script) as server:
        return asyncio.run(main(server))


def chat(client: Any, **rest: Any) -> Any:
    return client.chat.completions.create(model="m", messages=HI, stream=True, **rest)


HELPERS: dict[str, tuple[bytes, Callable[[Any], Any]]] = {
    "chat": (CALLS, lambda client: client.chat.completions.stream(model="m", messages=HI)),
    "chat, beta": (CALLS, lambda client: client.beta.chat.completions.stream(model="m", messages=HI)),
    "chat, parsing": (CALLS, lambda client: client.chat.completions.stream(
        model="m", messages=HI, tools=[openai.pydantic_function_tool(City, name="weather")])),
    "chat, raw": (CALLS, lambda client: client.chat.completions.with_raw_response.create(
        model="m", messages=HI, stream=True)),
    "chat, raw and streaming": (CALLS, lambda client: client.chat.completions.with_streaming_response.create(
        model="m", messages=HI, stream=True)),
    "responses": (RESPONSE, lambda client: client.responses.stream(model="m", input="Hi")),
    "responses, parsing": (RESPONSE, lambda client: client.responses.stream(model="m", input="Hi", tools=[])),
    "responses, raw": (RESPONSE, lambda client: client.responses.with_raw_response.create(
        model="m", input="Hi", stream=True)),
}  # fmt: skip


@pytest.mark.parametrize("cold", [True, False], ids=["callable", "opened"])
@pytest.mark.parametrize("library", [by_sync, by_async])
@pytest.mark.parametrize("name", HELPERS)
def test_a_helper_gives_the_same_events_as_a_plain_stream(name: str, library: Any, cold: bool):
    body, ask = HELPERS[name]
    api = "responses" if body is RESPONSE else "chat"
    direct = list(sk.from_bytes([body], api))
    assert library([head(), body], ask, cold=cold) == direct
    assert isinstance(direct[-1], sk.Reply)


def test_a_helper_stream_that_was_entered_already():
    with opened(head(), CALLS) as (_, client), client.chat.completions.stream(model="m", messages=HI) as stream:
        assert sk.run(sk.from_sdk(stream)).tool_calls == (sk.ToolCall("c1", "weather", ARGUMENTS),)


def test_events_of_a_helper_that_somebody_passes_on():
    def ask(client: Any) -> Iterator[Any]:
        with client.chat.completions.stream(model="m", messages=HI) as stream:
            yield from stream

    assert by_sync([head(), CALLS], ask, cold=True) == list(sk.from_bytes([CALLS]))


def test_what_a_helper_cannot_parse_is_a_reply_all_the_same():
    """It raises for a cut reply that it was to parse, where the Reply says how it ended."""
    body = say('{"city": "Os', id="r1", object="chat.completion.chunk") + say(None, finish="length") + DONE
    events = by_sync(
        [head(), body],
        lambda client: client.chat.completions.stream(model="m", messages=HI, response_format=City),
        cold=True,
    )
    assert (events[-1].text, events[-1].outcome) == ('{"city": "Os', "length")


@pytest.mark.parametrize("library", [by_sync, by_async])
def test_a_refused_helper_is_the_same_error(library: Any):
    refusal = [head("429 Slow", "application/json", retry_after="7"), b'{"error": {"message": "not today"}}']
    with pytest.raises(sk.StatusError, match="not today") as caught:
        library(refusal, HELPERS["chat"][1], cold=True)
    assert (caught.value.status, caught.value.retry_after) == (429, 7)


def test_leaving_a_helper_closes_its_connection():
    with opened(head(), say("a"), say("b"), HANG) as (server, client):
        for event in sk.from_sdk(lambda: client.chat.completions.stream(model="m", messages=HI)):
            if isinstance(event, sk.TextDelta):
                break
        assert server.all_closed()


class Manager:
    """A context manager of somebody's own around a stream."""

    def __init__(self, items: list[Any]) -> None:
        self.items, self.left = items, 0

    def __enter__(self) -> Iterator[Any]:
        return iter(self.items)

    def __exit__(self, *exc: object) -> None:
        self.left += 1
        raise RuntimeError("closing fails")


def test_a_manager_is_left_and_what_fails_then_is_nobodys_concern():
    manager = Manager([chunk(delta={"content": "Hi"}), chunk(delta={}, finish_reason="stop")])
    assert sk.run(sk.from_sdk(manager)).text == "Hi"
    assert manager.left == 1


# -- chunks of every make ----------------------------------------------------------------------------------------------


class Attributes(dict[str, Any]):
    """A dict whose keys are attributes too, as many wrappers make them."""

    __getattr__ = dict.get


class Chunk(BaseModel, extra="allow"):
    pass


def nested(make: Callable[[dict[str, Any]], Any], value: Any) -> Any:
    if isinstance(value, dict):
        return make({key: nested(make, item) for key, item in value.items()})
    return [nested(make, item) for item in value] if isinstance(value, list) else value


def chunk(object: str = "chat.completion.chunk", **choice: Any) -> dict[str, Any]:
    return {"id": "c1", "object": object, "model": "m", "choices": [{"index": 0, **choice}]}


@pytest.mark.parametrize("make", [dict, Attributes, UserDict, lambda form: Chunk(**form)])
def test_chunks_may_be_mappings_or_models(make: Callable[[Any], Any]):
    forms = [
        chunk(delta={"role": "assistant", "content": "Hel"}),
        chunk(delta={"content": "lo", "tool_calls": PIECES}),
        chunk(delta={}, finish_reason="stop"),
    ]
    seen = sk.run(sk.from_sdk([nested(make, form) for form in forms]))
    assert (seen.text, seen.id, seen.outcome) == ("Hello", "c1", "complete")
    assert seen.tool_calls == (sk.ToolCall("c1", "weather", ARGUMENTS),)


AZURE = {"id": "", "object": "", "model": "", "created": 0, "choices": [], "prompt_filter_results": []}
ENDS = [{"finish_reason": "stop", "text": ""}, {"finish_reason": "stop"}]


@pytest.mark.parametrize("first", [[], [AZURE], [AZURE, AZURE], [{"type": "ping"}], [chunk(delta={})], [{"id": "c1"}]])
@pytest.mark.parametrize("object", ["text_completion", "chat.completion.chunk", "chat.completion", "", None])
@pytest.mark.parametrize("end", ENDS)
def test_text_without_a_delta_is_a_completion_whatever_it_calls_itself(first: Any, object: Any, end: Any):
    body = [*first, chunk(object, text="Hel"), chunk(object, text="lo", delta=None), chunk(object, **end)]
    seen = sk.run(sk.from_sdk(lambda: body))
    assert (seen.text, seen.finish_reason, seen.outcome) == ("Hello", "stop", "complete")


@pytest.mark.parametrize("first", [[], [AZURE], [{"type": "ping"}], [chunk("text_completion", delta={})]])
@pytest.mark.parametrize("beside", [{}, {"text": ""}, {"text": None}])
def test_a_delta_is_chat_whatever_it_calls_itself(first: Any, beside: Any):
    body = [*first, *(chunk("text_completion", delta={"content": text}, **beside) for text in "ab"), chunk(**ENDS[1])]
    assert sk.run(sk.from_sdk(lambda: body)).text == "ab"


def test_responses_may_begin_with_what_is_none_of_its_events():
    events = [json.loads(line[6:]) for line in RESPONSE.splitlines() if line.startswith(b"data: ")]
    seen = list(sk.from_sdk(lambda: [{"type": "ping"}, {"type": "queue.joined"}, *events]))
    assert seen[0] == sk.Other("queue.joined")
    assert seen[-1].text == "Hello"


def test_nothing_of_a_late_chunk_is_lost():
    """The first chunk has nothing that tells chat from completions, but the filter's findings in its raw form."""
    found = {**AZURE, "prompt_filter_results": [{"prompt_index": 0, "hate": "safe"}]}
    first, *_ = sk.from_sdk(lambda: [found, chunk(text="a"), chunk(**ENDS[0])])
    assert first.raw == found


@pytest.mark.parametrize("whole", [dict, Attributes, lambda form: Chunk(**form)])
def test_a_whole_reply_of_any_make(whole: Callable[[Any], Any]):
    message = {"role": "assistant", "content": "Hi"}
    form = nested(whole, chunk("chat.completion", message=message, finish_reason="stop"))
    assert sk.run(sk.from_sdk(lambda: form)).text == "Hi"


# -- what is no stream -------------------------------------------------------------------------------------------------


class Event:
    def __init__(self, **values: Any) -> None:
        self.__dict__.update(values)


NO_STREAMS: dict[str, Any] = {
    "nothing": lambda: None,
    "a number": lambda: 5,
    "text": lambda: "Hi",
    "deltas of a helper without its chunks": lambda: [Event(type="content.delta", delta="H", snapshot="H")],
    "the same as dicts": lambda: [{"type": "content.done", "content": "Hi"}],
    "several streams, as of a tool runner": lambda: iter([iter([chunk(delta={"content": "Hi"})])]),
    "events of assistants": lambda: [Event(event="thread.message.delta", data={})],
}


@pytest.mark.parametrize("given", NO_STREAMS.values(), ids=NO_STREAMS)
def test_what_is_no_stream_says_what_to_pass_instead(given: Any):
    with pytest.raises(TypeError, match=r"pass what create\(\.\.\., stream=True\)"):
        sk.run(sk.from_sdk(given))


@pytest.mark.parametrize("given", [5, None, object()])
def test_what_can_be_no_stream_is_refused_at_once(given: Any):
    with pytest.raises(TypeError, match="events of the library"):
        sk.from_sdk(given)


# -- mistakes of the user's own code -----------------------------------------------------------------------------------


async def wait_for(stream: Any) -> Any:
    return await stream


async def iterate(stream: Any) -> Any:
    async for _ in stream:
        pass


async def waited_run(stream: Any) -> Any:
    return await sk.start(stream)


def subscribed(stream: Any) -> Any:
    async def main() -> Any:
        told = asyncio.get_running_loop().create_future()
        stream.subscribe(on_error=told.set_exception, on_completed=lambda: told.set_result(None))
        await told

    asyncio.run(main())


DOORS: dict[str, Callable[[Any], Any]] = {
    "run": sk.run,
    "run with a sink": lambda stream: sk.run(stream, print),
    "for": list,
    "async for": lambda stream: asyncio.run(iterate(stream)),
    "await": lambda stream: asyncio.run(wait_for(stream)),
    "await a run": lambda stream: asyncio.run(waited_run(stream)),
    "result": lambda stream: sk.start(stream).result(5),
    "subscribe": subscribed,
}


class Careless:
    """A callable with a mistake; counts how often it was called."""

    def __init__(self, mistake: Exception) -> None:
        self.mistake, self.calls = mistake, 0

    def __call__(self) -> Any:
        self.calls += 1
        raise self.mistake


class CarelessAsync(Careless):
    async def __call__(self) -> Any:
        super().__call__()


MISTAKES = [NameError("x"), TypeError("x"), AttributeError("x"), KeyError("OPENAI_API_KEY"), ImportError("x"), ValueError("x")]  # fmt: skip # noqa: E501


@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
@pytest.mark.parametrize("kind", [Careless, CarelessAsync])
def test_a_mistake_in_the_callable_comes_out_of_every_door_as_it_is(door: Callable[[Any], Any], kind: Any):
    careless = kind(NameError("name 'clinet' is not defined"))
    with pytest.raises(NameError) as caught:
        door(sk.from_sdk(careless))
    assert caught.value is careless.mistake
    assert careless.calls == 1


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: type(mistake).__name__)
def test_a_mistake_is_not_made_twice(mistake: Exception):
    careless = Careless(mistake)
    stream = sk.from_sdk(careless).pipe(ops.retry_unstarted(), ops.continue_with(lambda _: stream))
    with pytest.raises(type(mistake)):
        sk.run(stream)
    assert careless.calls == 1


def test_a_mistake_in_a_generator_around_the_library():
    def ask(client: Any) -> Iterator[Any]:
        for one in chat(client):
            yield one
            one.choices[0].delta.conten  # noqa: B018

    with opened(head(), reply("a")) as (_, client), pytest.raises(AttributeError, match="conten"):
        sk.run(sk.from_sdk(lambda: ask(client)))


def test_what_fails_after_content_keeps_what_was_said():
    def ask(client: Any) -> Iterator[Any]:
        for one in chat(client):
            yield one
            if one.choices[0].delta.content == "a":
                raise KeyError("mine")

    with (
        opened(head(), reply("a", "b")) as (_, client),
        pytest.raises(sk.BrokenError, match="KeyError: 'mine'") as caught,
    ):
        sk.run(sk.from_sdk(lambda: ask(client)))
    assert (caught.value.partial.text, type(caught.value.__cause__)) == ("a", KeyError)


def test_misuse_of_the_library_is_as_the_library_says_it():
    with opened(head(), END) as (_, client), pytest.raises(TypeError, match="Missing required arguments"):
        sk.run(sk.from_sdk(lambda: client.chat.completions.create(stream=True)))


def test_a_missing_key_is_no_connection_and_not_asked_again(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(sk.ConnectError, match="api_key") as caught:
        sk.run(sk.from_sdk(lambda: chat(openai.OpenAI())))
    assert not caught.value.retryable
