"""A `ReplyStream` is one at run time just where the type checkers say so: its last item is the Reply."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest
import reactivex as rx
from reactivex import Observable, operators as rxo
from reactivex.observable import mixins

import streamkit as sk
from streamkit import ops, sinks, testing
from streamkit.engine.streams import Keeps, Operator
from streamkit.engine.streams.kinds import TABLE
from tests.operators.made import MADE

TEXT = "One two. Write to ann@example.com. Three four."
PRICES = sk.Prices(input=1, output=1)


def reply_of(stream: Any) -> Any:
    """What ``await`` gives, in virtual time."""

    async def awaited() -> Any:
        return await stream

    return testing.clock().run_coroutine(awaited())


def said() -> sk.ReplyStream:
    return testing.script(*TEXT.split(" "), every=0.1)


def cut() -> sk.Stream[sk.Event]:
    return said().pipe(rxo.take(2))


KEEPING: dict[str, Any] = {
    **{name: lambda folder, make=make: make() for name, make in MADE.items() if TABLE[name][1] in ("same", "events")},
    "attach to a sink": lambda folder: ops.attach(sinks.memory()),
    "budget that is spent": lambda folder: ops.budget(3),
    "budget drained": lambda folder: ops.budget(3, drain=True),
    "choice that is not there": lambda folder: ops.choice(3),
    "guard that refuses": lambda folder: ops.guard(lambda piece: False),
    "rewrite to other words": lambda folder: ops.rewrite(Shouted),
    "smooth that keeps pace": lambda folder: ops.smooth(finish="keep_pace"),
    "stop_at what is there": lambda folder: ops.stop_at("ann"),
    "stop_when there is text": lambda folder: ops.stop_when(lambda event: isinstance(event, sk.TextDelta)),
    "stop_when in time": lambda folder: ops.stop_when(rx.timer(0.25)),
    "stop_when at once": lambda folder: ops.stop_when(rx.of(1)),
    "throttle_text for longer": lambda folder: ops.throttle_text(0.2),
    "record": lambda folder: ops.record(folder / "reply.jsonl"),
}
"""Every operator behind which events stay what they are, by the table of kinds; and some of them once more."""


BODY = [b'data: {"choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n']


class Shouted:
    def feed(self, text: str) -> list[str]:
        return [text.upper()]

    def flush(self) -> tuple[()]:
        return ()


@pytest.mark.parametrize("name", KEEPING)
def test_an_operator_that_keeps_events_gives_a_reply_stream_and_its_await_is_the_reply(name, tmp_path):
    operator = KEEPING[name](tmp_path)
    stream = said().pipe(operator)
    assert isinstance(operator, Keeps)
    assert type(stream) is sk.ReplyStream
    reply = reply_of(stream)
    assert type(reply) is sk.Reply


@pytest.mark.parametrize("name", sorted(KEEPING.keys() - {"record", "stop_when at once"}))
def test_the_reply_is_the_last_item_behind_it(name, tmp_path):
    recorded = testing.clock().run(said().pipe(KEEPING[name](tmp_path)))
    assert recorded.items[-1] == recorded.reply
    assert [item for item in recorded.items if isinstance(item, sk.Reply)] == recorded.items[-1:]


@pytest.mark.parametrize("name", sorted(MADE.keys() - KEEPING.keys()))
def test_every_other_operator_gives_a_plain_stream(name):
    assert type(said().pipe(MADE[name]())) is sk.Stream


def test_they_keep_it_in_any_number_and_mixed(tmp_path):
    every = [make(tmp_path) for name, make in KEEPING.items() if " " not in name]
    assert type(said().pipe(*every)) is type(said().pipe(*every[::-1])) is sk.ReplyStream
    assert type(said().pipe()) is sk.ReplyStream
    reply = reply_of(said().pipe(ops.redact("email"), ops.smooth(), ops.meter(), ops.guard(lambda piece: True)))
    assert "ann@example.com" not in reply.text
    assert reply.text.endswith("Threefour.")


def test_called_by_hand_it_keeps_the_kind_of_stream_too():
    assert type(ops.note("a")(said())) is sk.ReplyStream
    assert type(ops.redact("email")(said().pipe(ops.text()))) is sk.Stream
    assert reply_of(ops.note("a")(said())).outcome == "complete"


@pytest.mark.parametrize("operator", [ops.text(), ops.of_type(sk.Reply), rxo.take(2), rxo.map(str), ops.tool_calls()])
def test_behind_any_other_operator_it_is_a_plain_stream(operator):
    for stream in (said().pipe(operator), said().pipe(ops.note("a"), operator), said().pipe(operator, ops.note("a"))):
        assert type(stream) is sk.Stream
    assert type(said().take(2)) is sk.Stream


def test_all_that_gives_a_reply_gives_a_reply_stream(tmp_path):
    with testing.client("hello", api_key="key") as one:
        made = {
            "chat": one.chat("Hi"),
            "complete": one.complete("Hi"),
            "respond": one.respond("Hi"),
            "from_bytes": sk.from_bytes(BODY),
            "from_text": sk.from_text(["a", "b"]),
            "script": said(),
            "tool_loop": sk.tool_loop(one.chat, "Hi", []),
            "race": sk.race(said(), one.chat("Hi"), after=0.5),
            "share": sk.share(said(), 100),
            "stream": sk.stream(said()),
            "replay": sk.replay(recorded(tmp_path)),
        }
        for name, stream in made.items():
            assert type(stream) is sk.ReplyStream, name
            assert type(reply_of(stream)) is sk.Reply, name


def recorded(folder: Path) -> Path:
    path = folder / "hello.jsonl"
    sk.run(testing.script("hello").pipe(ops.record(path)))
    return path


def test_a_policy_over_streams_that_are_no_whole_replies_gives_none():
    assert type(sk.race(said(), cut())) is sk.Stream
    assert type(sk.share(cut(), 100)) is sk.Stream
    assert type(said().pipe(ops.fallback(cut()))) is sk.Stream
    assert type(cut().pipe(ops.fallback(said()))) is sk.Stream


def test_a_reply_that_goes_on_with_one_that_is_cut_has_a_reply_all_the_same():
    broken = testing.script("One ", "two ", drop_after=1)
    stream = broken.pipe(ops.continue_with(lambda partial: said().pipe(rxo.take(3)), mode="prefill"))
    reply = reply_of(stream)
    assert (reply.outcome, reply.text[:4]) == ("stopped", "One ")
    assert testing.clock().run(stream).items[-1] == reply


def test_run_gives_the_reply_and_a_stream_that_lost_it_says_so():
    assert testing.script("hello").run().text == "hello"
    losing: Any = Keeps("losing", lambda source: source.pipe(rxo.take(2)))
    with pytest.raises(RuntimeError, match="without its Reply"):
        testing.script("hello").pipe(losing).run()


# -- fluent methods ------------------------------------------------------------------------------------------------

STUBS = Path(sk.__file__).parent / "engine" / "streams" / "fluent"
NO_STREAM = {"multicast", "partition", "partition_indexed", "publish", "publish_value", "ref_count", "replay"}
NO_STREAM |= {"to_future"}
GIVEN: dict[str, tuple[Any, ...]] = {
    "buffer_toggle": (rx.never(), lambda _: rx.never()),
    "buffer_with_time_or_count": (1.0, 2),
    "group_by_until": (str, None, lambda _: rx.never()),
    "group_join": (rx.never(), lambda _: rx.never(), lambda _: rx.never()),
    "join": (rx.never(), lambda _: rx.never(), lambda _: rx.never()),
    "slice": (0, 2, 1),
    "window_toggle": (rx.never(), lambda _: rx.never()),
    "start_with": (1,),
    "timeout_with_mapper": (rx.never(),),
}
BY_NAME: dict[str, Any] = {
    "count": 2, "index": 1, "attr": "text", "key": "text", "retry_count": 1, "repeat_count": 1, "value": 1,
    "scheduler": testing.clock, "sampler": 1.0, "args": 1,
}  # fmt: skip


def argument(name: str, text: str) -> Any:
    if name in BY_NAME:
        return BY_NAME[name]
    if "Observable" in text and "Callable" not in text and "Mapper" not in text:
        return rx.never()
    return 1.0 if "Time" in text else ([1] if "Iterable" in text else lambda *_: rx.never())


def fluent() -> dict[str, Any]:
    kinds = [kind for _, kind in inspect.getmembers(mixins, inspect.isclass)]
    return {name: member for kind in kinds for name, member in vars(kind).items() if not name.startswith("_")}


def test_every_fluent_method_is_declared_for_type_checkers():
    declared = set(re.findall(r"^    def (\w+)\(", "".join(p.read_text() for p in STUBS.glob("*.pyi")), re.MULTILINE))
    assert declared - {"pipe", "__call__", "__code__"} == set(fluent()) - NO_STREAM


@pytest.mark.parametrize("name", sorted(set(fluent()) - NO_STREAM))
def test_every_fluent_method_gives_a_stream(name):
    needed = [
        argument(parameter.name, str(parameter.annotation))
        for parameter in list(inspect.signature(fluent()[name]).parameters.values())[1:]
        if parameter.default is inspect.Parameter.empty and parameter.kind is not inspect.Parameter.VAR_POSITIONAL
    ]
    stream = getattr(said(), name)(*GIVEN.get(name, needed))
    assert type(stream) is sk.Stream
    assert isinstance(stream, Observable)


def test_an_operator_says_what_it_keeps():
    assert ops.redact("email").gives == "same"
    assert isinstance(ops.text(), Operator)
