"""What an operator hides is nowhere: not in what a run gives, whatever the sources above it are and however it ends."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import reactivex as rx
from reactivex import compose, operators as rxo
from reactivex.scheduler.eventloop import AsyncIOScheduler

import streamkit as sk
from streamkit import operators as ops, sinks, testing
from streamkit.stages import Redactor
from tests.operators.hiding_servers import STREAMS, secret_stream
from tests.operators.reach import everything

SECRET = "bob@example.org"
HIDDEN = "bob@"
MASK = "[redacted]"
PARTS = ("text", "reasoning", "refusal", "tool_calls")

Streams = sk.Stream[Any]


def data(parsed: Any) -> bytes:
    return f"data: {json.dumps(parsed)}\n\n".encode()


def chunk(**delta: Any) -> bytes:
    """One piece of a reply, with the secret wherever a server may put it besides."""
    choice = {"index": 0, "delta": delta, "logprobs": {"content": [{"token": SECRET, "logprob": -1.0}]}, "x": SECRET}
    return data({"id": "r", "model": "m", "choices": [choice], "note": SECRET})


def called(arguments: str, **begin: Any) -> dict[str, Any]:
    return {"tool_calls": [{"index": 0, **begin, "function": {"name": "f", "arguments": arguments}, "x": SECRET}]}


def said(text: str) -> list[bytes]:
    """``text`` in every part, cut in the middle of the secret."""
    head, tail = text[: len(text) // 2], text[len(text) // 2 :]
    arguments = json.dumps({"to": text})
    return [
        *(chunk(**{name: piece}) for name in ("reasoning_content", "content", "refusal") for piece in (head, tail)),
        chunk(**called(arguments[:9], id="c1")),
        chunk(**called(arguments[9:])),
        b"event: ping\n" + data({"echo": SECRET}),
    ]


USAGE = {"prompt_tokens": 1, "completion_tokens": 2, "note": SECRET}
ENDS: dict[str, list[bytes]] = {
    "ends": [
        data({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop", "x": SECRET}]}),
        data({"choices": [], "usage": USAGE, "x": SECRET}),
        b"data: [DONE]\n\n",
    ],
    "breaks": [],
    "error": [
        data({"error": {"message": f"no {SECRET}", "code": SECRET, "param": SECRET, "type": SECRET}}),
    ],
    "malformed": [f'data: {{"choices": [{{"delta": {{"content": "{SECRET}\n\n'.encode()],
}
QUICK = ("ends", "breaks")  # the others are slow tests


def dirty(end: str = "ends", every: float = 1.0, text: str = f"to {SECRET}, and {SECRET} once more.") -> Streams:
    """A reply that is full of the secret, by way of the real parser."""

    async def body():
        for piece in [*said(text), *ENDS[end]]:
            await asyncio.sleep(every)
            yield piece

    return sk.from_bytes(body)


def raising(error: Exception) -> Streams:
    async def body():
        yield said(f"to {SECRET}.")[2]
        raise error

    return sk.from_bytes(body)


def refused() -> Streams:
    return testing.script(fail=sk.StatusError(f"no {SECRET}", body=f'{{"x": "{SECRET}"}}', code=SECRET, param=SECRET))


def tool(**arguments: Any) -> Any:
    return {"sent": SECRET, **arguments}


def bad_sink(item: Any) -> None:
    raise LookupError(f"cannot take {item} or {item.raw}")


Ask: TypeAlias = "Callable[..., Streams]"


def chain(*operators: Any) -> Callable[[Ask, str], Streams]:
    return lambda ask, end: ask(end).pipe(*operators)


ABOVE: dict[str, Callable[[Ask, str], Streams]] = {
    "a source": chain(),
    "a cause": lambda ask, end: raising(ValueError(f"lost at {SECRET}")),
    "a refusal": lambda ask, end: refused(),
    "race": lambda ask, end: sk.race(ask(end), ask("ends", every=1.5)),
    "race, staggered": lambda ask, end: sk.race(ask(end, every=3), ask(end, every=2), after=1),
    "race, all fail": lambda ask, end: sk.race(refused(), refused()),
    "fallback": lambda ask, end: refused().pipe(ops.fallback(ask(end))),
    "fallback, all fail": lambda ask, end: refused().pipe(ops.fallback(refused())),
    "retry_unstarted": lambda ask, end: refused().pipe(ops.retry_unstarted()),
    "restart": lambda ask, end: ask("breaks").pipe(ops.continue_with(lambda partial: ask(end))),
    "prefill": lambda ask, end: ask("breaks").pipe(ops.continue_with(lambda partial: ask(end), mode="prefill")),
    "map_async": lambda ask, end: sk.stream(rx.of(1)).pipe(ops.map_async(lambda _: ask(end))),
    "map_async, side by side": lambda ask, end: sk.stream(rx.of(1, 2, 3)).pipe(
        ops.map_async(lambda _: ask(end), concurrency=2, ordered=False)
    ),
    "map_async after a reply": lambda ask, end: ask("ends").pipe(ops.sentences(), ops.map_async(lambda _: ask(end))),
    "map_async of a race": lambda ask, end: sk.stream(rx.of(1)).pipe(
        ops.map_async(lambda _: sk.race(ask(end), ask(end, every=2)))
    ),
    "map_async in a race": lambda ask, end: sk.race(sk.stream(rx.of(1)).pipe(ops.map_async(lambda _: ask(end)))),
    "map_async of text": chain(ops.sentences(), ops.map_async(lambda text: sk.stream(rx.of(text)))),
    "tool loop": lambda ask, end: sk.tool_loop(lambda messages: ask(end), "?", {"f": tool}, rounds=2),
    "share": lambda ask, end: sk.share(ask(end), replay=1000),
    "share of a race": lambda ask, end: sk.share(sk.race(ask(end), ask(end, every=2)), replay=1000),
    "flat_map": lambda ask, end: sk.stream(rx.of(1, 2)).pipe(rxo.flat_map(lambda _: ask(end))),
    "concat": lambda ask, end: ask("ends").pipe(rxo.concat(ask(end))),
    "merge": lambda ask, end: ask(end).pipe(rxo.merge(ask(end, every=0.7))),
    "switch_latest": lambda ask, end: sk.stream(rx.of(ask(end), ask(end))).pipe(rxo.switch_latest()),
    "retry": lambda ask, end: ask(end).pipe(rxo.retry(2)),
    "catch": lambda ask, end: ask("error").pipe(rxo.catch(lambda error, source: ask(end))),
    "take_until": lambda ask, end: ask(end).pipe(rxo.take_until(ask(end, every=9))),
    "stop_when": lambda ask, end: ask(end).pipe(ops.stop_when(ask(end, every=9))),
    "stop_at": chain(ops.stop_at("once")),
    "time_limits": chain(ops.time_limits(total=5)),
    "smooth": chain(ops.smooth()),
    "throttle_text": chain(ops.throttle_text(2)),
    "meter": chain(ops.meter()),
    "budget": chain(ops.budget(12)),
    "think_tags": chain(ops.think_tags()),
    "note": chain(ops.note("above")),
    "note of a failure": lambda ask, end: refused().pipe(ops.note("above")),
    "attach": chain(ops.attach(lambda item: None)),
    "attach, a sink fails": chain(ops.attach(sk.branch(into=bad_sink))),
    "attach, a chain fails": chain(ops.attach(sk.branch(rxo.map(bad_sink), into=lambda item: None))),
    "attach, a branch asks": lambda ask, end: ask(end).pipe(
        ops.attach(sk.branch(ops.sentences(), ops.map_async(lambda _: ask("ends", every=0.1)), into=lambda item: None))
    ),
    "attach, a branch notes": lambda ask, end: ask(end).pipe(
        ops.attach(sk.branch(ops.note("branch"), into=lambda item: None))
    ),
    "side by side": lambda ask, end: sk.side_by_side({"a": ask(end), "b": ask(end)}).pipe(
        rxo.filter(lambda labelled: not isinstance(labelled.item, sk.Failure)), rxo.map(lambda labelled: labelled.item)
    ),
    "delay and start_with": lambda ask, end: ask(end).pipe(rxo.delay(1.0), rxo.start_with(sk.TextDelta("so "))),
}


class Failing:
    """A stage that fails when it is over."""

    def feed(self, item: Any) -> list[Any]:
        return [item]

    def flush(self) -> list[Any]:
        raise LookupError("a mistake")


def careless(source: Any) -> Any:
    """An operator that raises where it must not: when it is told of the end."""

    def subscribe(observer: Any, scheduler: Any = None) -> Any:
        def ended(*_: Any) -> None:
            raise LookupError("a mistake")

        return source.subscribe(observer.on_next, ended, ended, scheduler=scheduler)

    return rx.create(subscribe)


HIDE: dict[str, Any] = {
    "redact": ops.redact("email"),
    "rewrite": ops.rewrite(lambda: Redactor("email"), parts=PARTS, hides=True),
}
BELOW: dict[str, Any] = {
    **HIDE,
    "redact, then a mistake": compose(ops.redact("email"), ops.stage(Failing)),
    "redact, then rhythm": compose(ops.redact("email"), ops.smooth(), ops.meter(), ops.time_limits(total=50)),
}


class Watched:
    """A sink that looks at its run with every item."""

    def __init__(self) -> None:
        self.run: sk.Run | None = None
        self.told: list[str] = []

    def write(self, item: Any) -> None:
        self.look(item)

    def fail(self, error: Exception) -> None:
        self.look(error)

    def close(self, reply: sk.Reply) -> None:
        self.look(reply)

    def look(self, what: Any) -> None:
        self.told.append(everything(what))
        run = self.run
        if run is not None:
            told = [run.reply, run.replies, run.usage, run.last, run.notes, run.stats, repr(run), run.reply.messages]
            self.told.append(everything(told))


def result_of(stream: Streams, *branches: Any, until: float | None = None) -> str:
    """Everything that a run of ``stream`` tells, at each of its items and at its end."""
    watched = Watched()

    async def main() -> None:
        watched.run = run = sk.start(stream, watched, *branches)
        timer = asyncio.get_running_loop().call_later(until, run.cancel) if until is not None else None
        try:
            watched.look(await run)
        except Exception as exc:
            watched.look(exc)
        if timer is not None:
            timer.cancel()
        watched.look(None)

    testing.clock().run_coroutine(main())
    return "\n".join(watched.told)


@pytest.mark.parametrize("above", ABOVE)
@pytest.mark.parametrize(
    ("below", "end"),
    [
        *(pytest.param("redact", end, marks=[] if end in QUICK else pytest.mark.slow) for end in ENDS),
        pytest.param("rewrite", "ends", marks=pytest.mark.slow),
        pytest.param("redact, then a mistake", "breaks", marks=pytest.mark.slow),
        pytest.param("rewrite", "malformed", marks=pytest.mark.slow),
        pytest.param("redact, then a mistake", "error", marks=pytest.mark.slow),
        pytest.param("redact, then rhythm", "ends", marks=pytest.mark.slow),
    ],
)
def test_nothing_hidden_is_told_by_a_run(below: str, above: str, end: str) -> None:
    assert HIDDEN not in result_of(ABOVE[above](dirty, end).pipe(BELOW[below]))


@pytest.mark.parametrize("above", ABOVE)
@pytest.mark.parametrize("until", [6.5, *(pytest.param(time, marks=pytest.mark.slow) for time in (1.5, 11.5))])
def test_nothing_hidden_is_told_by_a_run_that_is_cancelled(until: float, above: str) -> None:
    assert HIDDEN not in result_of(ABOVE[above](dirty, "ends").pipe(HIDE["redact"]), until=until)


@pytest.mark.slow
def test_the_secret_is_found_where_nothing_hides_it() -> None:
    """So that the tests above can fail: every one of these places told it."""
    told = {above: result_of(ABOVE[above](dirty, end)) for above in ABOVE for end in ("ends", "error")}
    assert [above for above, text in told.items() if HIDDEN not in text] == []
    first = next(event for event in testing.clock().run(dirty()).items if isinstance(event, sk.TextDelta))
    assert everything(first.raw).count(SECRET) == 4


# -- other APIs --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("below", HIDE)
@pytest.mark.parametrize("api", STREAMS)
def test_nothing_hidden_is_told_of_what_other_apis_send(api: Any, below: str) -> None:
    """At each of its items, and wherever it breaks off."""
    pieces = secret_stream(api, SECRET)
    for end in range(len(pieces) + 1) if below == "redact" else [len(pieces)]:
        told = result_of(sk.from_bytes(pieces[:end], api=api).pipe(HIDE[below]))
        assert (HIDDEN in told, "example.org" in told) == (False, False), end


@pytest.mark.parametrize("api", STREAMS)
def test_other_apis_tell_the_secret_where_nothing_hides_it(api: Any) -> None:
    items = list(sk.from_bytes(secret_stream(api, SECRET), api=api))
    clean = [type(item) for item in items if HIDDEN not in everything(item)]
    assert set(clean) <= {sk.TextDelta, sk.ReasoningDelta, sk.BlockStart, sk.BlockEnd, sk.ToolCallDelta}
    assert HIDDEN in everything(items[-1].messages)


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("above", ["a source", "a cause", "race", "map_async", "map_async, side by side", "attach"])
def test_nothing_hidden_is_told_past_an_operator_that_breaks_the_rules(above: str, end: str) -> None:
    """The error goes to the run directly then, by no chain."""
    told = result_of(ABOVE[above](dirty, end).pipe(HIDE["redact"], careless))
    assert HIDDEN not in told
    assert "<Run " in told


STARTS: dict[str, Callable[[], list[Any]]] = {
    "at once": list,
    "later": lambda: [rxo.delay_subscription(0.5)],
    "after another": lambda: [rxo.start_with(sk.TextDelta("so "))],
    "elsewhere": lambda: [rxo.subscribe_on(AsyncIOScheduler(asyncio.get_running_loop()))],
    "never": lambda: [rxo.take(0)],
}


@pytest.mark.parametrize("begins", STARTS)
@pytest.mark.parametrize("below", HIDE)
def test_nothing_hidden_is_told_to_a_sink_however_its_branch_begins(below: str, begins: str) -> None:
    async def main() -> None:
        await sk.start(dirty(), sk.branch(*STARTS[begins](), HIDE[below], into=watched))

    watched = Watched()
    testing.clock().run_coroutine(main())
    assert HIDDEN not in "".join(watched.told)
    assert watched.told


# -- what is told all the same -----------------------------------------------------------------------------------------


def replies_of(stream: Streams) -> list[tuple[str, int]]:
    """Text and tokens of each reply in ``run.replies``."""

    async def main() -> list[tuple[str, int]]:
        run = sk.start(stream, lambda item: None)
        await run
        return [(reply.text, reply.usage.completion_tokens if reply.usage else 0) for reply in run.replies]

    return testing.clock().run_coroutine(main())


def counted(text: str, tokens: int, **options: Any) -> Streams:
    return testing.script(text, usage=sk.Usage(1, tokens, 1 + tokens), **options)


def test_parts_of_what_is_hidden_in_tell_their_figures_and_what_was_let_through() -> None:
    redacted = f"to {MASK}"
    asked = sk.stream(rx.of(1)).pipe(ops.map_async(lambda _: counted(f"to {SECRET}", 7)), ops.redact("email"))
    assert replies_of(asked) == [(redacted, 7)]
    failing = testing.script(fail=sk.StatusError("no", retryable=True))
    assert replies_of(failing.pipe(ops.fallback(counted(f"to {SECRET}", 7)), ops.redact("email"))) == [
        (redacted, 0),
        (redacted, 7),
    ]


def test_what_a_branch_above_asks_tells_its_figures_only() -> None:
    asking = sk.branch(ops.sentences(), ops.map_async(lambda _: counted(SECRET, 9)), into=lambda item: None)
    assert replies_of(counted(f"to {SECRET}", 7).pipe(ops.attach(asking), ops.redact("email"))) == [
        (f"to {MASK}", 7),
        ("", 9),
    ]


@pytest.mark.parametrize("below", [ops.stop_at("never"), ops.meter(), ops.think_tags(), ops.smooth()])
def test_without_hiding_each_tells_its_own_text(below: Any) -> None:
    asking = sk.branch(ops.sentences(), ops.map_async(lambda _: counted("other", 9)), into=lambda item: None)
    assert replies_of(counted("text", 7).pipe(ops.attach(asking), below)) == [("text", 7), ("other", 9)]
    asked = sk.stream(rx.of("one", "two")).pipe(ops.map_async(lambda text: counted(text, 5)), below)
    assert replies_of(asked) == [("one", 5), ("two", 5)]


# -- guard -------------------------------------------------------------------------------------------------------------


def spoken(end: str = "ends", every: float = 1.0) -> Streams:
    """The secret in the text and in what the server sends besides, which is all that `ops.guard` looks at."""

    async def body():
        ending = [] if end == "error" else ENDS[end]
        for piece in [*(chunk(content=text) for text in ("To bob@exa", "mple.org. And fine", ". ")), *ending]:
            await asyncio.sleep(every)
            yield piece

    return sk.from_bytes(body)


SPEAKS_OTHERWISE = {"a cause", "a refusal", "race, all fail", "fallback, all fail", "note of a failure", "tool loop"}
SPEAKS_OTHERWISE |= {"retry_unstarted", "attach, a sink fails", "attach, a chain fails"}
"""Here the secret is in what others say of the reply, which `ops.guard` does not rewrite."""


@pytest.mark.parametrize("check", [lambda text: "#" if "bob" in text else True, lambda text: "bob" not in text])
@pytest.mark.parametrize(
    "end", ["ends", *(pytest.param(end, marks=pytest.mark.slow) for end in ("breaks", "malformed"))]
)
@pytest.mark.parametrize("above", [name for name in ABOVE if name not in SPEAKS_OTHERWISE])
def test_nothing_that_was_not_approved_is_told_by_a_run(above: str, end: str, check: Any) -> None:
    assert HIDDEN not in result_of(ABOVE[above](spoken, end).pipe(ops.guard(check)))


# -- what is written and served ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("above", ["a source", "race", "map_async", "tool loop", "restart", "note of a failure"])
def test_nothing_hidden_is_in_files_or_callbacks(above: str, end: str, tmp_path: Path) -> None:
    heard: list[Any] = []
    listener = sk.on(event=heard.append, error=heard.append, reply=heard.append)
    files = [sinks.jsonl(tmp_path / "a.jsonl"), sinks.sqlite(tmp_path / "a.db"), sinks.memory()]
    shown = io.StringIO()
    told = result_of(
        ABOVE[above](dirty, end).pipe(HIDE["redact"]), *files, listener, sinks.console(shown, reasoning=True)
    )
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert HIDDEN not in told + shown.getvalue() + everything(heard)
    assert HIDDEN.encode() not in kept
    assert (tmp_path / "a.jsonl").stat().st_size


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("above", ["a source", "race", "map_async", "tool loop", "restart", "note of a failure"])
@pytest.mark.parametrize("form", ["openai", "events", "text"])
def test_nothing_hidden_is_served(form: Any, above: str, end: str, capsys: Any, caplog: Any) -> None:
    async def main() -> bytes:
        clean = ABOVE[above](dirty, end).pipe(HIDE["redact"])
        return b"".join([block async for block in sk.sse(clean, format=form)])

    with caplog.at_level(logging.DEBUG):
        body = testing.clock().run_coroutine(main())
    assert body
    assert HIDDEN.encode() not in body
    assert HIDDEN not in "".join(capsys.readouterr()) + caplog.text


def test_an_error_that_nobody_listens_for_is_logged_without_what_is_hidden(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        ABOVE["a cause"](dirty, "ends").pipe(HIDE["redact"]).subscribe(lambda item: None)
        await asyncio.sleep(60)

    testing.clock().run_coroutine(main())
    assert "[redacted]" in caplog.text
    assert HIDDEN not in caplog.text
