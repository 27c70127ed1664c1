"""An operator where nothing comes for it says so: at once if the chain is known, else at the end."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, get_args

import pytest
import reactivex as rx
from reactivex import compose, operators as rxo

import streamkit as sk
from streamkit import operators as ops, testing
from streamkit.engine.streams.kinds import TABLE
from tests.operators.made import MADE, Same, reply

EVENTS = get_args(sk.Event)


def items(stream: sk.Stream[Any]) -> list[Any]:
    got = testing.clock().run(stream)
    assert got.error is None, got
    return got.items


def kind(item: Any) -> str:
    return "str" if isinstance(item, str) else "events" if isinstance(item, EVENTS) else "values"


def test_every_operator_stands_in_the_table() -> None:
    assert {*TABLE} - {"side_by_side"} == {*ops.__all__} - {"StageBase"}


def test_the_page_has_the_same_table() -> None:
    page = Path(sk.__file__).parents[1] / "docs" / "several-streams.md"
    if not page.exists():
        pytest.skip("an installed wheel has no documents around it")
    rows = re.findall(r"^\| (`\w+`.*?) \| (.*?) \| (.*?) \|$", page.read_text(), re.MULTILINE)
    takes = {"events": "events", "events or text": "text", "anything": "any"}
    gives = {"text": "str", "neither": "values", "calls": "calls", "events": "events", "the same": "same"}
    told = {
        name: (takes[first.partition(";")[0]], gives.get(then, "any"))
        for names, first, then in rows
        for name in re.findall(r"`(\w+)`", names)
    }
    assert told == {name: row for name, row in TABLE.items() if name != "side_by_side"}


@pytest.mark.parametrize("name", [name for name in MADE if not name.startswith("json")])
def test_what_comes_out_is_what_the_table_says(name: str) -> None:
    gives = TABLE[name][1]
    kinds = {kind(item) for item in items(reply().pipe(MADE[name]()))}
    assert kinds == {{"same": "events", "any": "events", "calls": "events"}.get(gives, gives)}
    if gives == "calls":
        assert [type(item) for item in items(reply().pipe(MADE[name]()))] == [sk.ToolCall]


@pytest.mark.parametrize("name", MADE)
def test_what_works_on_text_gives_something_of_it_and_the_others_say_that_they_do_not(name: str) -> None:
    text = "```\n[1]\n```\n" if name == "code_blocks" else "[1]"
    if TABLE[name][0] != "events":
        assert items(sk.stream([text]).pipe(MADE[name]()))
        assert items(testing.script(text).pipe(ops.text(), MADE[name]()))
        return
    with pytest.raises(TypeError, match=rf"^{name}\(\) works on events, but stands behind text\(\), .* put it before"):
        testing.script(text).pipe(ops.text(), MADE[name]())


@pytest.mark.parametrize("name", [name for name in MADE if TABLE[name][0] != "any"])
def test_what_reads_events_or_text_says_that_neither_comes(name: str) -> None:
    for stream in (
        reply().pipe(ops.segments()),
        sk.side_by_side({"a": reply()}),
        sk.batch(["?"], lambda prompt: reply()),
    ):
        with pytest.raises(TypeError, match="leaves neither events nor text"):
            stream.pipe(MADE[name]())


@pytest.mark.parametrize("name", ["tool_calls", "choice", "meter"])
@pytest.mark.parametrize(
    "source", [sk.stream(["a", "b"]), sk.stream(rx.of("a")), reply().pipe(ops.text(), rxo.take(1))]
)
def test_where_the_chain_is_not_known_it_is_told_at_the_end_that_only_text_came(
    name: str, source: sk.Stream[Any]
) -> None:
    got = testing.clock().run(source.pipe(MADE[name]()))
    assert isinstance(got.error, TypeError)
    assert str(got.error).startswith(f"{name}() works on events, and only text came")
    assert {type(item) for item in got.items} <= {str}


def shouted(item: Any) -> Any:
    return item.text.upper() if isinstance(item, sk.TextDelta) else item


def test_text_among_events_passes_or_is_left_out_but_breaks_nothing() -> None:
    mixed = reply().pipe(rxo.map(shouted))
    assert [item for item in items(mixed.pipe(ops.meter())) if type(item) is str] == [
        "ONE. ",
        "```\nCODE\n```\n",
        "[1]",
    ]
    assert [call.name for call in items(mixed.pipe(rxo.start_with("> "), ops.tool_calls()))] == ["look"]
    assert items(mixed.pipe(ops.json_values(tool="look")))[-1] == {"at": ["a"]}
    assert "str" not in {kind(item) for item in items(mixed.pipe(ops.choice(0)))}
    heard: list[Any] = []
    sk.run(mixed, sk.on(tool_call=heard.append, finish=heard.append, reply=heard.append))
    assert [type(item) for item in heard] == [sk.ToolCall, sk.Finish, sk.Reply]
    for events in (["a", sk.TextDelta("b")], [sk.TextDelta("b"), "a"]):
        heard.clear()
        sk.run(sk.stream(events), sk.on(text=heard.append))
        assert heard == ["b"]
        assert items(sk.stream(events).pipe(ops.tool_calls())) == []


def test_that_only_text_came_is_no_news_where_the_stream_broke_or_was_left() -> None:
    async def broken() -> AsyncIterator[str]:
        yield "a"
        raise OSError("gone")

    for operator in (ops.tool_calls(), ops.choice(0), ops.meter(), ops.json_values(tool="look")):
        assert isinstance(testing.clock().run(sk.stream(broken).pipe(operator)).error, OSError)
    with pytest.raises(OSError, match="gone") as caught:
        sk.run(sk.stream(broken), sk.on(text=print))
    assert not getattr(caught.value, "__notes__", [])

    async def cancelled() -> sk.Reply:
        came = asyncio.Event()
        endless = sk.stream(["a"]).pipe(rxo.concat(rx.never()))
        run = sk.start(endless, sk.on(text=print), lambda item: came.set())
        await came.wait()
        run.cancel()
        return await run

    assert asyncio.run(cancelled()).outcome == "cancelled"


def test_what_falls_back_is_of_the_kind_that_all_are_of() -> None:
    calls = reply().pipe(ops.tool_calls())
    sorry = sk.stream(["sorry"])
    assert items(calls.pipe(ops.fallback(sorry), ops.text())) == []
    assert items(calls.pipe(ops.fallback(reply(), sorry), ops.sentences())) == []
    with pytest.raises(TypeError, match=r"stands behind tool_calls\(\)"):
        calls.pipe(ops.fallback(calls), ops.text())
    with pytest.raises(TypeError, match=r"stands behind text\(\)"):
        reply().pipe(ops.text(), ops.fallback(reply().pipe(ops.text())), ops.tool_calls())


def test_arguments_of_a_tool_are_not_looked_for_in_text() -> None:
    for operator in (ops.json_values(tool="look"), ops.json_items(tool="*")):
        with pytest.raises(TypeError, match="stands behind text"):
            reply().pipe(ops.text(), operator)
        got = testing.clock().run(sk.stream(["[1]"]).pipe(operator))
        assert isinstance(got.error, TypeError)
    assert items(reply().pipe(ops.tool_calls(), ops.json_values(tool="look"))) == [{"at": ["a"]}]


@pytest.mark.parametrize("view", [ops.text(), ops.sentences(), ops.snapshots(), ops.count_tokens("gpt-4o")])
def test_calls_alone_have_no_text(view: Any) -> None:
    with pytest.raises(TypeError, match=r"stands behind tool_calls\(\), which leaves only calls"):
        reply().pipe(ops.tool_calls(), view)


def test_types_of_events_are_not_looked_for_among_text() -> None:
    with pytest.raises(TypeError, match=r"of_type\(\) works on events"):
        reply().pipe(ops.text(), ops.of_type(sk.TextDelta, sk.ToolCall))
    assert items(testing.script("a").pipe(ops.text(), ops.of_type(str, sk.ToolCall))) == ["a"]


def test_a_chain_is_known_however_it_is_put_together() -> None:
    source, wrong = reply(), ops.tool_calls()
    for chain in (
        lambda: source.pipe(ops.text()).pipe(ops.redact("email"), ops.smooth()).pipe(wrong),
        lambda: source.pipe(compose(ops.text(), wrong)),
        lambda: wrong(ops.text()(source)),
        lambda: rx.of(1).pipe(ops.sentences(), wrong),
        lambda: sk.race(source, source).pipe(ops.text(), wrong),
        lambda: sk.share(source.pipe(ops.text()), replay=9).pipe(wrong),
        lambda: sk.stream(ops.text()(source)).pipe(wrong),
        lambda: (source.pipe(ops.text()) + source.pipe(ops.text())).pipe(wrong),
        lambda: source.pipe(ops.text())[1:].pipe(wrong),
    ):
        with pytest.raises(TypeError, match=r"tool_calls\(\) works on events"):
            chain()


def test_a_stage_or_a_rewriter_of_the_users_own_is_not_taken_for_ours_by_its_name() -> None:
    class tool_calls(Same):  # as ours is called
        pass

    assert items(sk.stream(["a"]).pipe(ops.stage(tool_calls), ops.rewrite(tool_calls, name="tool_calls"))) == ["a"]


def test_operators_of_a_branch_are_looked_at_too() -> None:
    into: list[Any] = []
    with pytest.raises(TypeError, match=r"tool_calls\(\) works on events, but stands behind text\(\)"):
        sk.branch(ops.text(), ops.tool_calls(), into=into.append)
    branch = sk.branch(ops.tool_calls(), into=into.append)
    text = reply().pipe(ops.text())
    for wrong in (lambda: sk.start(text, branch), lambda: sk.run(text, branch), lambda: text.pipe(ops.attach(branch))):
        with pytest.raises(TypeError, match=r"tool_calls\(\) works on events"):
            wrong()
    sk.run(reply(), branch)
    assert [call.name for call in into] == ["look"]


def test_a_listener_behind_text_says_that_it_hears_nothing() -> None:
    listener = sk.on(text=print, tool_call=print)
    for wrong in (
        lambda: sk.branch(ops.text(), into=listener),
        lambda: sk.run(reply().pipe(ops.text()), listener),
        lambda: reply().pipe(ops.text(), ops.attach(listener)),
    ):
        with pytest.raises(TypeError, match=r"sk.on\(text=, tool_call=\) works on events, but stands behind text"):
            wrong()
    with pytest.raises(sk.SinkError, match=r"sk.on\(text=, tool_call=\) works on events, and only text came"):
        sk.run(sk.stream(["a"]), listener)
    with pytest.raises(sk.SinkError, match=r"sk.on\(text=\) works on events, and only text came"):
        list(sk.stream(["a"]).pipe(ops.attach(sk.on(text=print))))
    heard: list[Any] = []
    for stream in (testing.script("a").pipe(ops.text()), sk.stream(["a"])):
        heard.clear()
        sk.run(stream, sk.on(event=heard.append, text=print, reply=lambda reply: heard.append("over")))
        assert heard == ["a", "over"]
        sk.run(stream, sk.on(reply=heard.append, error=print))
        assert len(heard) == 3


@pytest.mark.parametrize("view", [ops.text(), ops.segments()])
def test_what_asks_again_needs_the_events(view: Any) -> None:
    loop = sk.tool_loop(lambda messages: reply().pipe(view), "?", [])
    broken = testing.script("a", drop_after=1).pipe(ops.continue_with(lambda part: reply().pipe(view), mode="restart"))
    for stream in (loop, broken):
        got = testing.clock().run(stream)
        assert isinstance(got.error, TypeError)
        assert f"what ask gives is a stream of events, not what {view.__name__}() makes" in str(got.error)


def test_a_sink_of_a_user_may_have_any_attribute_of_a_listener() -> None:
    class Wishes:
        wants = "everything"

        def __init__(self) -> None:
            self.got: list[Any] = []

        def write(self, item: Any) -> None:
            self.got.append(item)

    sink = Wishes()
    sk.run(testing.script("a").pipe(ops.text()), sink)
    assert sink.got == ["a"]
