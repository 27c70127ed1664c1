"""Where something can be raised: each place makes a stream, and the branches of its run, with a fault in it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import reactivex as rx
from reactivex import Observable, abc, operators as rxo
from reactivex.disposable import CompositeDisposable, Disposable

import streamkit as sk
from streamkit import operators as ops, sinks, testing
from tests.engine.matrix.kinds import Fault

__all__ = ["PLACES", "Place", "Setup"]

ERROR = [b'data: {"choices": [{"delta": {"content": "One. "}}]}\n\n', b'data: {"error": {"message": "no"}}\n\n']
TEXT = ["One. ", "Two. ", "Three."]


@dataclass
class Setup:
    stream: Callable[[], Observable[Any]]
    branches: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Place:
    """``told``: an Exception is told to the model and not raised. ``events``: what comes out are events, so that it can
    be relayed and be a round of a tool loop."""

    name: str
    make: Callable[[Fault], Setup]
    told: bool = False
    events: bool = True

    @property
    def in_branch(self) -> bool:
        return self.name.startswith(("sink", "branch", "listener"))

    @property
    def unopened(self) -> bool:
        """It fails before there is anything to be subscribed to, so no branch of it has begun."""
        return self.name == "stage: factory"

    def ends_silently(self, error: BaseException) -> bool:
        """What an iterator raises at its end, and nothing else."""
        return self.name == "source: next" and isinstance(error, StopIteration)


PLACES: dict[str, Place] = {}


def place(name: str, **more: Any) -> Callable[[Callable[[Fault], Any]], Callable[[Fault], Any]]:
    def enter(make: Callable[[Fault], Any]) -> Callable[[Fault], Any]:
        def setup(fault: Fault) -> Setup:
            made = make(fault)
            return made if isinstance(made, Setup) else Setup(made)

        PLACES[name] = Place(name, setup, **more)
        return make

    return enter


def piped(*operators: Any, source: Any = None) -> Setup:
    return Setup(lambda: (source() if source else sk.from_text(TEXT)).pipe(*operators))


def broken() -> Any:
    return sk.from_bytes(ERROR)


# -- sources ---------------------------------------------------------------------------------------------------------


@place("source: iterator", events=False)
def _(fault: Fault) -> Any:
    def items() -> Iterator[str]:
        yield "One."
        fault()

    return lambda: sk.stream(items)


@place("source: next", events=False)
def _(fault: Fault) -> Any:
    class Items:
        def __iter__(self) -> Any:
            return self

        def __next__(self) -> Any:
            if isinstance(fault.error, StopIteration):
                raise ZeroDivisionError from fault.error  # that is how an iterator ends
            fault()

    return lambda: sk.stream(Items)


@place("source: async iterator", events=False)
def _(fault: Fault) -> Any:
    async def items() -> AsyncIterator[str]:
        yield "One."
        await fault.later()

    return lambda: sk.stream(items)


@place("source: async next", events=False)
def _(fault: Fault) -> Any:
    class Items:
        def __aiter__(self) -> Any:
            return self

        async def __anext__(self) -> Any:
            await fault.later()

    return lambda: sk.stream(Items)


@place("source: callable", events=False)
def _(fault: Fault) -> Any:
    return lambda: sk.stream(fault)


@place("source: async callable", events=False)
def _(fault: Fault) -> Any:
    return lambda: sk.stream(fault.later)


@place("source: aclose", events=False)
def _(fault: Fault) -> Any:
    class Items:
        async def __anext__(self) -> Any:
            raise StopAsyncIteration

        def __aiter__(self) -> Any:
            return self

        async def aclose(self) -> None:
            await fault.later()

    return lambda: sk.stream(Items)


@place("source: text")
def _(fault: Fault) -> Any:
    def pieces() -> Iterator[str]:
        yield "One."
        fault()

    return lambda: sk.from_text(pieces)


@place("source: async text")
def _(fault: Fault) -> Any:
    async def pieces() -> AsyncIterator[str]:
        yield "One."
        await fault.later()

    return lambda: sk.from_text(pieces)


@place("source: bytes")
def _(fault: Fault) -> Any:
    async def chunks() -> AsyncIterator[bytes]:
        yield ERROR[0]
        await fault.later()

    return lambda: sk.from_bytes(chunks)


@place("source: transport")
def _(fault: Fault) -> Any:
    class Transport(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await fault.later()
            raise AssertionError

    return lambda: asked(Transport())


@place("source: body")
def _(fault: Fault) -> Any:
    class Body(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield ERROR[0]
            await fault.later()

    class Transport(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            return httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=Body())

    return lambda: asked(Transport())


def asked(transport: httpx.AsyncBaseTransport) -> Any:
    client = httpx.AsyncClient(transport=transport)
    return sk.Client("http://localhost/v1", "key", model="m", transport=client, retry=sk.Retry(attempts=0)).chat("Hi")


@place("source: sdk")
def _(fault: Fault) -> Any:
    async def chunks() -> AsyncIterator[Any]:
        yield {"choices": [{"delta": {"content": "One. "}, "index": 0}], "object": "chat.completion.chunk"}
        await fault.later()

    return lambda: sk.from_sdk(chunks)


@place("source: subscribe", events=False)
def _(fault: Fault) -> Any:
    return lambda: sk.stream(rx.create(fault))


@place("source: stock operator", events=False)
def _(fault: Fault) -> Any:
    return lambda: sk.stream(rx.of("One.", "Two.").pipe(rxo.map(fault)))


@place("source: stock timer", events=False)
def _(fault: Fault) -> Any:
    return lambda: sk.stream(["One."]).pipe(rxo.delay(1.0), rxo.do_action(fault))


# -- stages ----------------------------------------------------------------------------------------------------------


def stage(fault: Fault, *names: str, **fields: Any) -> Any:
    class Faulty(sk.StageBase):
        def feed(self, item: Any) -> Any:
            return [item]

        def flush(self) -> Any:
            return []

    for name in names:
        setattr(Faulty, name, lambda self, *args: fault())
    for name, value in fields.items():
        setattr(Faulty, name, value)
    return ops.stage(Faulty)


@place("stage: factory")
def _(fault: Fault) -> Any:
    return piped(ops.stage(fault))


@place("stage: feed")
def _(fault: Fault) -> Any:
    return piped(stage(fault, "feed"))


@place("stage: feed, in mid-generator")
def _(fault: Fault) -> Any:
    def feed(self: Any, item: Any) -> Any:
        yield item
        fault()

    return piped(stage(fault, feed=feed))


@place("stage: flush")
def _(fault: Fault) -> Any:
    return piped(stage(fault, "flush"))


@place("stage: flush of a broken stream")
def _(fault: Fault) -> Any:
    return piped(stage(fault, "flush"), source=broken)


@place("stage: expire")
def _(fault: Fault) -> Any:
    return piped(stage(fault, "expire", due=1.0), source=lambda: testing.script("One. ", "Two.", every=5.0))


@place("stage: due")
def _(fault: Fault) -> Any:
    return piped(stage(fault, expire=lambda self: (), due=property(fault)))


@place("stage: reply of a cut stream")
def _(fault: Fault) -> Any:
    return piped(rxo.take(2), stage(fault, "reply"))


@place("stage: reply of a broken stream")
def _(fault: Fault) -> Any:
    return piped(stage(fault, "reply"), source=broken)


@place("stage: reply, hiding")
def _(fault: Fault) -> Any:
    return piped(stage(fault, "reply", hides=True), source=broken)


@place("stage: failure")
def _(fault: Fault) -> Any:
    return piped(stage(fault, "failure", reply=lambda self, reply: reply), source=broken)


@place("stage: failure, hiding")
def _(fault: Fault) -> Any:
    return piped(stage(fault, "failure", reply=lambda self, reply: reply, hides=True), source=broken)


@place("stage: done")
def _(fault: Fault) -> Any:
    return piped(stage(fault, done=property(fault)))


# -- operators -------------------------------------------------------------------------------------------------------


def operator(dispose: Any = None, subscribe: Any = None, **bad: Any) -> Any:
    """Passes everything on, but for the signals named in ``bad``."""

    def lifted(source: Observable[Any]) -> Observable[Any]:
        def subscribed(observer: abc.ObserverBase[Any], scheduler: Any = None) -> abc.DisposableBase:
            if subscribe is not None:
                subscribe()
            names = ("on_next", "on_error", "on_completed")
            upstream = source.subscribe(
                *(bad[name] if name in bad else getattr(observer, name) for name in names), scheduler=scheduler
            )
            return CompositeDisposable(upstream, Disposable(dispose)) if dispose is not None else upstream

        return Observable(subscribed)

    return lifted


@place("operator: subscribe")
def _(fault: Fault) -> Any:
    return piped(operator(subscribe=fault))


@place("operator: on_next")
def _(fault: Fault) -> Any:
    return piped(operator(on_next=fault))


@place("operator: on_completed")
def _(fault: Fault) -> Any:
    return piped(operator(on_completed=fault))


@place("operator: on_error")
def _(fault: Fault) -> Any:
    return piped(operator(on_error=fault), source=broken)


@place("operator: dispose")
def _(fault: Fault) -> Any:
    return piped(operator(dispose=fault))


@place("operator: dispose of a broken stream")
def _(fault: Fault) -> Any:
    return piped(operator(dispose=fault), source=broken)


@place("operator: dispose above take")
def _(fault: Fault) -> Any:
    return piped(operator(dispose=fault), rxo.take(2))


@place("operator: finally_action")
def _(fault: Fault) -> Any:
    return piped(rxo.finally_action(fault))


@place("operator: on_next below a call")
def _(fault: Fault) -> Any:
    async def given(item: Any) -> Any:
        return item

    return piped(ops.map_async(given), operator(on_next=fault))


@place("operator: on_next below a timer")
def _(fault: Fault) -> Any:
    return piped(rxo.delay(1.0), operator(on_next=fault))


@place("operator: on_next below smooth")
def _(fault: Fault) -> Any:
    return piped(ops.smooth(finish="keep_pace"), operator(on_next=fault))


@place("operator: on_next below a stage's expiry")
def _(fault: Fault) -> Any:
    def expire(self: Any) -> Any:
        return ["late"]

    patient = stage(fault, feed=lambda self, item: [], expire=expire, due=1.0)
    return piped(patient, operator(on_next=fault), source=lambda: testing.script("One. ", "Two.", every=5.0))


@place("operator: on_error below time_limits")
def _(fault: Fault) -> Any:
    slow = lambda: testing.script("One. ", "Two.", every=50.0)  # noqa: E731
    return piped(ops.time_limits(between=1.0), operator(on_error=fault), source=slow)


@place("operator: on_next below attach")
def _(fault: Fault) -> Any:
    return piped(ops.attach(lambda item: None), operator(on_next=fault))


@place("operator: on_completed below attach")
def _(fault: Fault) -> Any:
    return piped(ops.attach(lambda item: None), operator(on_completed=fault))


@place("operator: on_next below a race")
def _(fault: Fault) -> Any:
    return lambda: sk.race(sk.from_text(TEXT), sk.from_text(TEXT)).pipe(operator(on_next=fault))


@place("operator: within a race")
def _(fault: Fault) -> Any:
    bad = sk.from_text(TEXT).pipe(operator(on_next=fault))
    return lambda: sk.race(bad, bad)


@place("operator: below share")
def _(fault: Fault) -> Any:
    return lambda: sk.share(sk.from_text(TEXT), 9).pipe(operator(on_next=fault))


@place("operator: within share")
def _(fault: Fault) -> Any:
    return lambda: sk.share(sk.from_text(TEXT).pipe(operator(on_next=fault)), 9)


@place("operator: below side_by_side", events=False)
def _(fault: Fault) -> Any:
    return lambda: sk.side_by_side({"a": sk.from_text(TEXT)}).pipe(operator(on_next=fault))


@place("operator: below retry")
def _(fault: Fault) -> Any:
    return piped(ops.retry_unstarted(), operator(on_next=fault))


@place("operator: after a retry")
def _(fault: Fault) -> Any:
    def once() -> Any:
        state = iter([broken_at_once, fault_within])
        return rx.defer(lambda _: next(state)())

    def broken_at_once() -> Any:
        return rx.throw(sk.BrokenError("cut", retryable=True))

    def fault_within() -> Any:
        return sk.from_text(TEXT).pipe(operator(subscribe=fault))

    return lambda: sk.stream(once()).pipe(ops.retry_unstarted())


@place("operator: in a fallback")
def _(fault: Fault) -> Any:
    failing = sk.stream(rx.throw(sk.BrokenError("cut", retryable=True)))
    return lambda: failing.pipe(ops.fallback(sk.from_text(TEXT).pipe(operator(on_next=fault))))


@place("operator: predicate of stop_when")
def _(fault: Fault) -> Any:
    return piped(ops.stop_when(fault))


@place("operator: trigger of stop_when")
def _(fault: Fault) -> Any:
    return piped(ops.stop_when(rx.create(fault)))


@place("operator: replacement of redact")
def _(fault: Fault) -> Any:
    return piped(ops.redact((["One"], fault)))


# -- calls -----------------------------------------------------------------------------------------------------------


@place("map_async: call")
def _(fault: Fault) -> Any:
    return piped(ops.map_async(fault))


@place("map_async: await")
def _(fault: Fault) -> Any:
    return piped(ops.map_async(fault.later))


@place("map_async: unordered")
def _(fault: Fault) -> Any:
    return piped(ops.map_async(fault.later, concurrency=3, ordered=False))


@place("map_async: stream within")
def _(fault: Fault) -> Any:
    return piped(ops.map_async(lambda item: sk.from_text(TEXT).pipe(operator(on_next=fault))))


@place("guard: check")
def _(fault: Fault) -> Any:
    return piped(ops.guard(fault))


@place("guard: async check")
def _(fault: Fault) -> Any:
    return piped(ops.guard(fault.later))


CALL = ("act", {})


def conversation(tool: Any) -> Any:
    def ask(messages: Any) -> Any:
        again = any(message.get("role") == "tool" for message in messages)
        script = testing.Script("Done.") if again else testing.Script(tool_calls=[CALL])
        return testing.client(script).chat(messages)

    return lambda: sk.tool_loop(ask, "Hi", {"act": tool})


@place("tool", told=True)
def _(fault: Fault) -> Any:
    def act() -> Any:
        return fault()

    return conversation(act)


@place("tool, async", told=True)
def _(fault: Fault) -> Any:
    async def act() -> Any:
        return await fault.later()

    return conversation(act)


@place("tool_loop: ask")
def _(fault: Fault) -> Any:
    return lambda: sk.tool_loop(fault, "Hi", {})


@place("tool_loop: second ask")
def _(fault: Fault) -> Any:
    def ask(messages: Any) -> Any:
        if any(message.get("role") == "tool" for message in messages):
            fault()
        return testing.client(testing.Script(tool_calls=[CALL])).chat(messages)

    return lambda: sk.tool_loop(ask, "Hi", {"act": lambda: 1})


# -- batches ---------------------------------------------------------------------------------------------------------


@place("batch: prompts", events=False)
def _(fault: Fault) -> Any:
    def prompts() -> Iterator[str]:
        yield "a"
        fault()

    return lambda: sk.batch(prompts, lambda prompt: sk.from_text(TEXT))


@place("batch: async prompts", events=False)
def _(fault: Fault) -> Any:
    async def prompts() -> AsyncIterator[str]:
        yield "a"
        await fault.later()

    return lambda: sk.batch(prompts, lambda prompt: sk.from_text(TEXT))


@place("batch: key", events=False)
def _(fault: Fault) -> Any:
    return lambda: sk.batch(["a", "b"], lambda prompt: sk.from_text(TEXT), key=fault)


@place("batch: ask", events=False)
def _(fault: Fault) -> Any:
    return lambda: sk.batch(["a", "b"], fault)


@place("batch: stream", events=False)
def _(fault: Fault) -> Any:
    return lambda: sk.batch(["a", "b"], lambda prompt: sk.from_text(TEXT).pipe(operator(on_next=fault)))


# -- sinks and listeners ---------------------------------------------------------------------------------------------


def sink(fault: Fault, name: str, *, later: bool, stream: Any = None, **options: Any) -> Setup:
    class Faulty:
        def write(self, item: Any) -> Any: ...

    method = fault.later if later else fault
    setattr(Faulty, name, lambda self, *args: method())
    return Setup(stream or (lambda: sk.from_text(TEXT)), (sk.branch(into=Faulty(), **options),))


@place("sink: write")
def _(fault: Fault) -> Any:
    return sink(fault, "write", later=False)


@place("sink: async write")
def _(fault: Fault) -> Any:
    return sink(fault, "write", later=True)


@place("sink: fail")
def _(fault: Fault) -> Any:
    return sink(fault, "fail", later=False, stream=broken)


@place("sink: async fail")
def _(fault: Fault) -> Any:
    return sink(fault, "fail", later=True, stream=broken)


@place("sink: close")
def _(fault: Fault) -> Any:
    return sink(fault, "close", later=False)


@place("sink: async close")
def _(fault: Fault) -> Any:
    return sink(fault, "close", later=True)


@place("sink: dropped")
def _(fault: Fault) -> Any:
    import asyncio

    class Faulty:
        async def write(self, item: Any) -> None:
            await asyncio.sleep(1)

        def dropped(self, *gap: int) -> None:
            fault()

    text = [str(number) for number in range(20)]
    return Setup(lambda: sk.from_text(text), (sk.branch(into=Faulty(), capacity=1, overflow="drop_oldest"),))


@place("sink: threaded")
def _(fault: Fault) -> Any:
    return Setup(lambda: sk.from_text(TEXT), (sinks.threaded(fault),))


@place("sink: batched")
def _(fault: Fault) -> Any:
    return Setup(lambda: sk.from_text(TEXT), (sinks.batched(fault, size=2, retry=()),))


@place("sink: awaitable that raises at once")
def _(fault: Fault) -> Any:
    class Odd:
        def __await__(self) -> Any:
            return fault()

    return Setup(lambda: sk.from_text(TEXT), (lambda item: Odd(),))


@place("branch: operator")
def _(fault: Fault) -> Any:
    return Setup(lambda: sk.from_text(TEXT), (sk.branch(operator(on_next=fault), into=lambda item: None),))


@place("branch: end of an operator")
def _(fault: Fault) -> Any:
    return Setup(lambda: sk.from_text(TEXT), (sk.branch(operator(on_completed=fault), into=lambda item: None),))


@place("branch: dispose of an operator")
def _(fault: Fault) -> Any:
    return Setup(lambda: sk.from_text(TEXT), (sk.branch(operator(dispose=fault), into=lambda item: None),))


@place("branch: subscribe of an operator")
def _(fault: Fault) -> Any:
    return Setup(lambda: sk.from_text(TEXT), (sk.branch(operator(subscribe=fault), into=lambda item: None),))


@place("branch: making an operator")
def _(fault: Fault) -> Any:
    return Setup(lambda: sk.from_text(TEXT), (sk.branch(fault, into=lambda item: None),))


@place("branch: timer of an operator")
def _(fault: Fault) -> Any:
    slow = sk.branch(rxo.delay(1.0), operator(on_next=fault), into=lambda item: None)
    return Setup(lambda: sk.from_text(TEXT), (slow,))


@place("branch: reply of a stage")
def _(fault: Fault) -> Any:
    return Setup(lambda: sk.from_text(TEXT), (sk.branch(stage(fault, "reply"), into=lambda item: None),))


@place("branch: stage")
def _(fault: Fault) -> Any:
    return Setup(lambda: sk.from_text(TEXT), (sk.branch(stage(fault, "feed"), into=lambda item: None),))


@place("branch: call")
def _(fault: Fault) -> Any:
    return Setup(lambda: sk.from_text(TEXT), (sk.branch(ops.map_async(fault.later), into=lambda item: None),))


@place("listener: text")
def _(fault: Fault) -> Any:
    return Setup(lambda: sk.from_text(TEXT), (sk.on(text=fault),))


@place("listener: async text")
def _(fault: Fault) -> Any:
    return Setup(lambda: sk.from_text(TEXT), (sk.on(text=fault.later),))


@place("listener: error")
def _(fault: Fault) -> Any:
    return Setup(broken, (sk.on(error=fault),))


@place("listener: async error")
def _(fault: Fault) -> Any:
    return Setup(broken, (sk.on(error=fault.later),))


@place("listener: reply")
def _(fault: Fault) -> Any:
    return Setup(lambda: sk.from_text(TEXT), (sk.on(reply=fault),))


@place("listener: async reply")
def _(fault: Fault) -> Any:
    return Setup(lambda: sk.from_text(TEXT), (sk.on(reply=fault.later),))
