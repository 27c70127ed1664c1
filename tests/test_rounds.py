"""A tool loop of two rounds in every view, sink and form: the rounds are told apart, however their text is cut."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import reactivex as rx
from hypothesis import given, settings, strategies as st

import streamkit as sk
from streamkit import operators as ops, sinks, testing
from streamkit.stages import Fold
from streamkit.stages.rounds import JoinedRounds
from streamkit.wire import decode, parse

FIRST, SECOND = "Let me look. ", "It is *noon*. Really."
CALLS = [("clock", '{"zone": "UTC"}'), ("clock", '{"zone": "CET"}')]


async def clock(zone: str) -> str:
    return f"noon in {zone}"


def loop(first: Any = FIRST, second: Any = SECOND, *, rounds: int = 8, **options: Any) -> sk.Stream[sk.Event]:
    """Two replies, the first of which asks for tools."""
    client = testing.client(testing.Script(first, tool_calls=CALLS, **options), testing.Script(second, usage=TWO))
    return sk.tool_loop(client.chat, "What time is it?", [clock], rounds=rounds)


ONE, TWO = sk.Usage(10, 5, 15), sk.Usage(30, 2, 32)


def items(stream: Any) -> list[Any]:
    return testing.clock().run(stream).items


# -- the events --------------------------------------------------------------------------------------------------------


def test_every_round_begins_with_a_start_and_ends_with_a_round_end():
    stream = loop()
    kinds = (sk.Start, sk.ToolResult, sk.RoundEnd, sk.Reply)
    told = [item for item in items(stream) if isinstance(item, kinds)]
    assert [item.round for item in told if isinstance(item, sk.Start)] == [1, 2]
    assert [item.type for item in told] == [
        "start", "tool.result", "tool.result", "round.end", "start", "round.end", "reply",
    ]  # fmt: skip
    assert [item for item in told if isinstance(item, sk.RoundEnd)] == [sk.RoundEnd(1), sk.RoundEnd(2, last=True)]
    assert told[-1].rounds == 2


def test_a_loop_that_is_stopped_after_its_rounds_ends_its_last_round_too():
    told = items(loop(rounds=1))
    assert told[-2:] == [sk.RoundEnd(1, last=True), told[-1]]
    assert told[-1].stopped_by == "tool_loop"


def test_a_stream_without_rounds_has_none():
    plain = items(testing.script("Hello"))
    assert [item.round for item in plain if isinstance(item, sk.Start)] == [None]
    assert not [item for item in plain if isinstance(item, sk.RoundEnd)]


def test_a_round_whose_stream_tells_no_start_gets_one():
    call = sk.ToolCall("1", "clock", '{"zone": "UTC"}')
    replies = [
        [sk.TextDelta("See"), call, sk.Finish("tool_calls"), sk.Reply((sk.Choice(tool_calls=(call,)),))],
        [sk.UsageUpdate(ONE), sk.Finish("stop"), sk.Reply()],
    ]
    told = items(sk.tool_loop(lambda messages: sk.stream(replies[len(messages) > 1]), "?", [clock]))
    assert [item.type for item in told if item.type != "tool.result"] == [
        "start", "text.delta", "tool_call", "finish", "round.end", "usage", "start", "finish", "round.end", "reply",
    ]  # fmt: skip


def test_round_ends_go_through_json_and_are_never_dropped():
    for event in (sk.RoundEnd(1), sk.RoundEnd(3, last=True), sk.Start("a", "m", round=2)):
        assert sk.from_json(sk.to_json(event)) == event
    sink = sinks.memory()
    testing.clock().run(loop(list("abcdefgh" * 40)), sk.branch(into=sink, overflow="drop_oldest", capacity=8))
    assert [item.round for item in sink.items if isinstance(item, sk.RoundEnd)] == [1, 2]


def test_whoever_leaves_at_the_end_of_a_round_pays_for_no_other():
    client = testing.client(testing.Script(FIRST, tool_calls=CALLS, usage=ONE), testing.Script(SECOND))
    stream = sk.tool_loop(client.chat, "?", [clock]).pipe(ops.stop_when(lambda event: event.type == "round.end"))
    reply = testing.clock().run(stream).reply
    assert len(client.requests) == reply.attempts == 1
    assert (reply.outcome, reply.text, reply.rounds) == ("stopped", "", 1)  # nothing was said after the round
    assert reply.usage.total_tokens == 15
    assert [message["role"] for message in reply.messages] == ["assistant", "tool", "tool"]


def test_a_reply_that_is_cut_between_two_rounds_says_nothing_twice():
    """After the results, before the second round has said anything, also below what keeps a reply of its own."""
    client = testing.client(testing.Script(FIRST, tool_calls=CALLS), testing.Script(SECOND, first=60))
    stream = sk.tool_loop(client.chat, "?", [clock]).pipe(ops.redact(["nothing"]))
    reply = testing.clock().run(stream, until=30).reply
    assert [message["role"] for message in reply.messages] == ["assistant", "tool", "tool"]
    assert (reply.text, reply.rounds) == ("", 2)


def test_what_ask_raises_later_leaves_what_the_rounds_before_came_to():
    client = testing.client(testing.Script(FIRST, tool_calls=CALLS, usage=ONE))

    def ask(messages: Any) -> sk.Stream[sk.Event]:
        if len(messages) > 1:
            raise OSError("no more")
        return client.chat(messages)

    got = testing.clock().run(sk.tool_loop(ask, "?", [clock]))
    assert isinstance(got.error, OSError)
    assert (got.reply.rounds, got.reply.usage, len(got.reply.messages)) == (1, ONE, 3)


def test_rounds_of_a_loop_within_a_round_count():
    """An ask that gives a tool loop, which answers all calls by itself."""
    client = testing.client(*[testing.Script(FIRST, tool_calls=CALLS)] * 2, testing.Script(SECOND))
    events = items(sk.tool_loop(lambda messages: sk.tool_loop(client.chat, messages, [clock]), "?", [clock]))
    marks = [event for event in events if isinstance(event, (sk.Start, sk.RoundEnd))]
    assert [(mark.type, mark.round) for mark in marks] == [
        (kind, number) for number in (1, 2, 3) for kind in ("start", "round.end")
    ]  # fmt: skip
    assert [mark.last for mark in marks if isinstance(mark, sk.RoundEnd)] == [False, False, True]
    fold = Fold()
    for event in events:
        fold.feed(event)
    reply = events[-1]
    assert (reply.rounds, fold.reply().rounds, reply.attempts) == (3, 3, 3)
    assert reply.messages == fold.reply().messages
    assert len(reply.messages) == 7


def test_a_reply_without_any_event_has_its_start_and_its_end():
    told = items(sk.tool_loop(lambda messages: sk.stream([sk.Reply()]), "?", []))
    assert [event.type for event in told] == ["start", "round.end", "reply"]


def test_the_reply_so_far_is_that_of_the_round_at_hand():
    fold = Fold()
    for event in items(loop()):
        fold.feed(event)
        if event == sk.RoundEnd(1):
            assert (fold.reply().text, fold.reply().rounds, len(fold.reply().messages)) == ("", 1, 3)
    assert fold.reply().text == SECOND


# -- text --------------------------------------------------------------------------------------------------------------

TEXTS = ["a", "a ", "a\n", "a\r\n", "a\n\n", "\na", "\r\na", "\n\n\na", "\n", "a\n\nb"]


@pytest.mark.parametrize("second", TEXTS)
@pytest.mark.parametrize("first", TEXTS)
def test_a_break_is_no_larger_than_needed_and_the_same_for_every_cut(first: str, second: str):
    def shown(one: list[str], other: list[str]) -> str:
        paragraphs = JoinedRounds()
        told = [paragraphs.feed(piece) for piece in one]
        paragraphs.end()
        return "".join(told + [paragraphs.feed(piece) for piece in other])

    whole = shown([first], [second])
    assert whole.replace("\r", "").replace("\n", "") == (first + second).replace("\r", "").replace("\n", "")
    if first.strip() and second.strip():
        end = first.rstrip("\r\n") + "|" + second.lstrip("\r\n")
        between = whole[len(end.split("|", 1)[0]) : len(whole) - len(end.split("|", 1)[1])]
        written = (first + second).count("\n") - sum(part.count("\n") for part in end.split("|", 1))
        assert between.count("\n") == max(2, written)
    for one in testing.every_split(first):
        for other in testing.every_split(second):
            assert shown(one, other) == whole


def test_a_round_that_says_nothing_leaves_no_break():
    assert "".join(items(loop(first=()).pipe(ops.text()))) == SECOND
    assert "".join(items(loop(second=()).pipe(ops.text()))) == FIRST


# How each view, sink and form shows the rounds: what is given is a function of the events.


def console(stream: sk.Stream[Any]) -> Any:
    out = io.StringIO()
    testing.clock().run(stream, sinks.console(out))
    return out.getvalue()


def listened(stream: sk.Stream[Any]) -> Any:
    heard: list[str] = []
    testing.clock().run(stream, sk.on(text=heard.append))
    return "".join(heard)


def noted(stream: sk.Stream[Any]) -> Any:
    sink = sinks.memory()
    testing.clock().run(stream, sink)
    return sink.text


def relayed(format: Any) -> Callable[[sk.Stream[Any]], bytes]:
    def body(stream: sk.Stream[Any]) -> bytes:
        async def main() -> bytes:
            return b"".join([block async for block in sk.sse(stream, format=format)])

        return testing.clock().run_coroutine(main())

    return body


def text_form(stream: sk.Stream[Any]) -> Any:
    shown = ""
    for block in decode([relayed("text")(stream)]):
        shown = {"restart": block.data, "end": shown}.get(block.event, shown + block.data)
    return shown


def chunks(stream: sk.Stream[Any]) -> sk.Reply:
    *_, reply = parse([relayed("openai")(stream)])
    assert isinstance(reply, sk.Reply)
    return reply


def joined(*operators: Any) -> Callable[[sk.Stream[Any]], Any]:
    return lambda stream: "".join(items(stream.pipe(*operators)))


def listed(*operators: Any) -> Callable[[sk.Stream[Any]], Any]:
    return lambda stream: items(stream.pipe(*operators))


def last(*operators: Any) -> Callable[[sk.Stream[Any]], Any]:
    return lambda stream: items(stream.pipe(*operators))[-1]


BOTH = f"{FIRST}\n\n{SECOND}"
SHOWN: dict[str, tuple[Callable[[sk.Stream[Any]], Any], Any]] = {
    "text": (joined(ops.text()), BOTH),
    "text of choice 0": (joined(ops.choice(0), ops.text()), BOTH),
    "text, smoothed": (joined(ops.smooth("char", every=0.01), ops.text()), BOTH),
    "text, throttled": (joined(ops.throttle_text(0.1), ops.text()), BOTH),
    "text, redacted": (joined(ops.redact(["noon"]), ops.text()), BOTH.replace("noon", "[redacted]")),
    "text, approved": (joined(ops.guard(lambda text: True), ops.text()), BOTH),
    "the last snapshot": (last(ops.snapshots()), SECOND),
    "the last snapshot in a while": (last(ops.snapshots(every=5)), SECOND),
    "sentences": (listed(ops.sentences()), ["Let me look.", "It is *noon*.", "Really."]),
    "lines": (lambda stream: [line.text for line in items(stream.pipe(ops.segments("line")))], BOTH.split("\n\n")),
    "tokens of the last round": (last(ops.count_tokens("o200k_base")), 8),
    "console": (console, f"{BOTH}\n"),
    "memory": (noted, BOTH),
    "listener": (listened, BOTH),
    "text form": (text_form, BOTH),
    "chunks": (lambda stream: chunks(stream).text, BOTH),
    "reply": (lambda stream: testing.clock().run(stream).reply.text, SECOND),
}


CUTS: dict[str, Callable[[str], list[str]]] = {
    "whole": lambda text: [text],
    "halves": lambda text: [text[: len(text) // 2], text[len(text) // 2 :]],
    "characters": list,
}


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("name", SHOWN)
def test_no_view_glues_two_rounds_together(name: str, cut: str):
    show, expected = SHOWN[name]
    assert show(loop(CUTS[cut](FIRST), CUTS[cut](SECOND))) == expected


@pytest.mark.slow
@pytest.mark.timeout(120)
@settings(max_examples=40, deadline=None, derandomize=True)
@given(data=st.data())
@pytest.mark.parametrize("name", SHOWN)
def test_no_view_depends_on_the_cut_of_two_rounds(name: str, data: st.DataObject):
    show, expected = SHOWN[name]
    first = data.draw(st.sampled_from(list(testing.every_split(FIRST))))
    second = data.draw(st.sampled_from(list(testing.every_split(SECOND))))
    assert show(loop([piece for piece in first if piece], [piece for piece in second if piece])) == expected


def test_whatever_is_a_str_is_text():
    class Word(str):
        __slots__ = ()

    assert noted(sk.stream([Word("Hello "), "you"])) == "Hello you"


def test_reasoning_is_told_apart_as_well():
    client = testing.client(
        testing.Script("a", reasoning="Which clock?", tool_calls=CALLS), testing.Script("b", reasoning="That one.")
    )
    stream = sk.tool_loop(client.chat, "?", [clock])
    assert "".join(items(stream.pipe(ops.reasoning()))) == "Which clock?\n\nThat one."


def test_a_program_reads_the_rounds_as_paragraphs(tmp_path: Any):
    path = tmp_path / "out"
    code = "import sys; open(sys.argv[1], 'w').write(sys.stdin.read())"
    sk.run(loop(), sinks.process([sys.executable, "-c", code, str(path)]))
    assert path.read_text() == BOTH


def test_one_listener_hears_several_streams_without_mixing_them_up():
    heard: list[str] = []
    listener = sk.on(text=heard.append)
    plain = testing.script(*"abcdefgh", every=0.5)
    both = {"loop": loop("One.", "Two.").pipe(ops.attach(listener)), "plain": plain.pipe(ops.attach(listener))}
    testing.clock().run(sk.side_by_side(both))
    assert [piece for piece in heard if len(piece) == 1] == list("abcdefgh")
    assert "".join(piece for piece in heard if len(piece) > 1) == "One.\n\nTwo."


@pytest.mark.parametrize("finish", ["", None])
def test_the_end_of_the_last_round_comes_after_its_text(finish: str | None):
    client = testing.client(testing.Script("a", tool_calls=CALLS), testing.Script("My pass is secr", finish=finish))
    got = items(sk.tool_loop(client.chat, "?", [clock]).pipe(ops.redact(["secret"])))
    assert [event.type for event in got[-2:]] == ["round.end", "reply"]
    assert got[-1].text == "".join(
        event.text for event in got[got.index(sk.RoundEnd(1)) :] if event.type == "text.delta"
    )


# -- a reply that begins anew within its round -------------------------------------------------------------------------


def restarted() -> list[sk.Event]:
    return [
        sk.Start(round=1), sk.TextDelta("One."), sk.RoundEnd(1),
        sk.Start(round=2), sk.TextDelta("Tw"), sk.Restart("cut"), sk.Start(round=2), sk.TextDelta("Two."),
        sk.RoundEnd(2, last=True), sk.Reply((sk.Choice(text="Two."),), rounds=2),
    ]  # fmt: skip


def test_a_restart_makes_only_its_own_round_void():
    stream = sk.stream(rx.of(*restarted()))
    assert noted(stream) == "One.\n\nTwo."
    assert last(ops.snapshots())(stream) == "Two."
    assert listed(ops.sentences())(stream) == ["One.", "Two."]
    assert joined(ops.text())(stream) == listened(stream) == "One.\n\nTw\n\nTwo."  # nothing is taken back there
    assert text_form(stream) == "One.\n\nTwo."


@pytest.mark.parametrize(
    "show",
    [lambda stream: chunks(stream).text, joined(ops.text()), listened, noted, text_form, lambda s: console(s).rstrip()],
    ids=["chunks", "text", "listener", "memory", "text form", "console"],
)
def test_text_goes_on_where_a_restart_keeps_what_its_round_has_said(show: Callable[[sk.Stream[Any]], str]):
    events = restarted()
    events[5] = sk.Restart("cut", "Tw")
    events[7] = sk.TextDelta("o.")
    assert show(sk.stream(rx.of(*events))) == "One.\n\nTwo."


# -- JSON --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["Let me look.", "Let me [look] {here}.", '{"a": [1, ', "[0]", ""])
def test_json_begins_anew_with_each_round(first: str):
    for cut in CUTS.values():
        stream = loop([piece for piece in cut(first) if piece], "Here:\n[1, 2, 3]")
        assert items(stream.pipe(ops.json_items()))[-3:] == [1, 2, 3]
        assert items(stream.pipe(ops.json_values()))[-1] == [1, 2, 3]


def test_a_round_gives_what_is_whole_at_its_end():
    assert items(loop("42", "[1]").pipe(ops.json_values())) == [42, [1]]


def test_items_that_were_given_stay_given():
    assert items(loop("[0, 1, ", "[2]").pipe(ops.json_items())) == [0, 1, 2]


@pytest.mark.parametrize("second", ["no JSON", '{"a": ', "{here}"])
def test_what_is_wrong_in_the_last_round_is_an_error(second: str):
    got = testing.clock().run(loop("[0]", second).pipe(ops.json_values()))
    assert isinstance(got.error, sk.MalformedError)
    assert got.error.partial.text == second
    assert got.items[0] in ([], [0])  # of the first round


def test_arguments_of_each_round_are_its_own():
    scripts = [testing.Script(tool_calls=[call]) for call in CALLS]
    stream = sk.tool_loop(testing.client(*scripts, testing.Script(SECOND)).chat, "?", [clock])
    values = items(stream.pipe(ops.json_values(tool="clock")))
    assert [value for value in values if value.get("zone") in ("UTC", "CET")] == [{"zone": "UTC"}, {"zone": "CET"}]


# -- chunks: one reply for a client that knows nothing of rounds -------------------------------------------------------


def reasons(data: bytes) -> list[str]:
    told = [json.loads(block.data) for block in decode([data]) if block.data != "[DONE]"]
    return [choice["finish_reason"] for one in told for choice in one["choices"] if choice["finish_reason"]]


def usages(data: bytes) -> list[int]:
    told = [json.loads(block.data) for block in decode([data]) if block.data != "[DONE]"]
    return [one["usage"]["total_tokens"] for one in told if one.get("usage")]


def test_a_client_sees_no_call_that_was_answered_one_reason_and_the_usage_of_all():
    data = relayed("openai")(loop(usage=ONE))
    *_, reply = parse([data])
    assert isinstance(reply, sk.Reply)
    assert (reply.text, reply.tool_calls, reply.outcome) == (BOTH, (), "complete")
    assert reasons(data) == ["stop"]
    assert usages(data) == [47]


def test_calls_that_nobody_answered_are_shown_when_their_round_is_over():
    data = relayed("openai")(loop(rounds=1))
    *events, reply = parse([data])
    assert isinstance(reply, sk.Reply)
    assert [(call.name, call.arguments) for call in reply.tool_calls] == CALLS
    assert reasons(data) == ["tool_calls"]
    kinds = [event.type for event in events if event.type in ("text.delta", "tool_call.delta")]
    assert kinds == sorted(kinds)


@pytest.mark.parametrize("numbers", [(0, 1), (None, None)])
@pytest.mark.parametrize("ids", [("1", "2"), ("", "")])
def test_only_the_calls_without_an_answer_are_shown(ids: tuple[str, str], numbers: tuple[Any, Any]):
    one = sk.ToolCall(ids[0], "mine", "{}", call=numbers[0])
    other = sk.ToolCall(ids[1], "yours", '{"a": 1}', call=numbers[1])
    deltas = [sk.ToolCallDelta("{}", 0, ids[0], "mine"), sk.ToolCallDelta('{"a": 1}', 1, ids[1], "yours")]
    reply = sk.Reply((sk.Choice(tool_calls=(one, other), finish_reason="tool_calls"),))
    for calls in ([*deltas, one, other], [one, other], deltas):
        end = [sk.Finish("tool_calls"), sk.ToolResult(one, "done"), sk.RoundEnd(1, last=True), reply]
        shown = chunks(sk.stream(rx.of(sk.Start(round=1), *calls, *end)))
        assert [(call.name, call.arguments) for call in shown.tool_calls] == [("yours", '{"a": 1}')]
        assert shown.finish_reason == "tool_calls"


def test_a_reply_whose_calls_were_all_answered_does_not_end_for_them():
    stream = loop().pipe(ops.stop_when(lambda event: event.type == "tool.result" and "CET" in str(event.value)))
    shown = chunks(stream)
    assert (shown.tool_calls, shown.finish_reason) == ((), "stop")


def test_a_call_that_was_cut_is_not_shown_as_one():
    stream = loop().pipe(ops.stop_when(lambda event: event.type == "tool_call.delta"))
    shown = chunks(stream)
    assert (shown.tool_calls, shown.finish_reason) == ((), "stop")


def test_a_client_that_comes_late_sees_no_call_that_was_answered():
    for skipped in range(1, 8):
        shown = chunks(sk.stream(rx.of(*items(loop())[skipped:])))
        assert (shown.tool_calls, shown.finish_reason) == ((), "stop")


def test_choices_that_only_an_earlier_round_had_end_as_they_did_there():
    call, other = sk.ToolCall("1", "clock", '{"zone": "UTC"}'), sk.ToolCall("2", "theirs", "{}", 1)
    ended = [sk.Finish("tool_calls"), sk.Finish("tool_calls", 1)]
    first = [call, sk.TextDelta("other", 1), other, *ended, sk.Reply((sk.Choice(tool_calls=(call,)), sk.Choice(1)))]
    second = [sk.TextDelta("Noon."), sk.Finish("stop"), sk.Reply((sk.Choice(text="Noon.", finish_reason="stop"),))]
    shown = chunks(sk.tool_loop(lambda messages: sk.stream([first, second][len(messages) > 1]), "?", [clock]))
    assert [(one.text, one.finish_reason) for one in shown.choices] == [("Noon.", "stop"), ("other", "tool_calls")]
    assert [call.name for one in shown.choices for call in one.tool_calls] == ["theirs"]


def test_without_a_tool_loop_calls_are_shown_as_they_come():
    def deltas(stream: sk.Stream[Any]) -> Iterator[str]:
        return (event.arguments for event in parse([relayed("openai")(stream)]) if isinstance(event, sk.ToolCallDelta))

    own = [event.arguments for event in items(testing.script(tool_calls=CALLS)) if event.type == "tool_call.delta"]
    assert list(deltas(testing.script(tool_calls=CALLS))) == own


def test_a_tool_loop_over_a_relayed_tool_loop_runs_no_tool_again():
    """A client of the relay that has the same tools: it used to run them all again, and to ask again each time."""
    ran: list[str] = []

    async def counted(zone: str) -> str:
        ran.append(zone)
        return "noon"

    asked = testing.client(*[testing.Script(FIRST, tool_calls=[("counted", CALLS[0][1])]), testing.Script(SECOND)] * 4)

    def relay(messages: Any) -> sk.Stream[sk.Event]:
        body = sk.sse(sk.tool_loop(asked.chat, messages, [counted]))
        return sk.from_bytes(body)

    reply = testing.clock().run(sk.tool_loop(relay, "What time is it?", [counted])).reply
    assert (len(asked.requests), ran, reply.text) == (2, ["UTC"], BOTH)
