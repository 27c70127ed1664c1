"""Rewriters over events: what is let through, what the run's Reply and errors tell, what is cancelled."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import reactivex as rx
from hypothesis import given, strategies as st
from pydantic import BaseModel
from reactivex import operators as rxo
from reactivex.subject import Subject

import streamkit as sk
from streamkit import operators as ops, sinks, testing
from tests.operators.reach import everything

MASK = "[redacted]"


def events_of(*events: sk.Event) -> sk.Stream[sk.Event]:
    return sk.stream(rx.of(*events))


def collected(stream):
    return testing.clock().run(stream)


def test_what_is_redacted_is_nowhere():
    secret = "bob@example.org"
    script = testing.script("Mail b", "ob@exa", "mple.org", " today", usage=sk.Usage(1, 2, 3))
    got = collected(script.pipe(ops.redact("email")))
    assert got.reply.text == f"Mail {MASK} today"
    assert not [event for event in got.items if secret.encode() in sk.to_json(event) or getattr(event, "raw", None)]
    assert got.reply == got.items[-1]
    assert got.reply.outcome == "complete"


@given(st.lists(st.integers(1, 5), max_size=12))
def test_every_choice_and_part_is_rewritten_by_itself(sizes):
    text, events, places = "my bob@example.org it is", [], [0, 0, 0]
    kinds = (lambda t: sk.TextDelta(t, 0), lambda t: sk.TextDelta(t, 1), lambda t: sk.ReasoningDelta(t, 0))
    for turn, size in enumerate([*sizes, 99, 99, 99]):
        which = turn % 3
        piece = text[places[which] : places[which] + size]
        places[which] += size
        if piece:
            events.append(kinds[which](piece))
    events += [sk.Finish("stop", 0), sk.Finish("stop", 1)]
    reply = collected(events_of(*events, sk.Reply()).pipe(ops.redact("email"))).items[-1]
    wanted = [text[:end].replace("bob@example.org", MASK) for end in places]
    if all(end >= len(text) for end in places):
        assert [c.text for c in reply.choices] == wanted[:2]
        assert reply.reasoning == wanted[2]


def test_held_text_comes_before_the_end_of_its_choice_and_other_events_keep_their_order():
    other = sk.Other("ping")
    got = collected(
        events_of(sk.TextDelta("a se"), other, sk.TextDelta("cr"), sk.Finish("stop"), sk.Reply()).pipe(
            ops.redact(["secret"])
        )
    ).items
    assert got[:3] == [sk.TextDelta("a "), other, sk.TextDelta("secr")]
    assert [event.type for event in got[3:]] == ["finish", "reply"]


def test_log_probabilities_tell_tokens_and_go():
    got = collected(events_of(sk.LogprobsDelta({"content": []}), sk.Reply()).pipe(ops.redact("email"))).items
    assert [event.type for event in got] == ["reply"]


def test_tool_arguments_are_rewritten_in_pieces_and_whole():
    script = testing.script(tool_calls=[("send", '{"to":"bob@example.org"}')])
    got = collected(script.pipe(ops.redact("email")))
    assert got.reply.tool_calls[0].arguments == f'{{"to":"{MASK}"}}'
    assert b"bob@" not in b"".join(map(sk.to_json, got.items))


def test_an_error_carries_only_what_was_let_through():
    failing = testing.script("my key is sk-abcdefghij", "klmnopqrst uv", fail=sk.ApiError("no"))
    got = collected(failing.pipe(ops.redact("key")))
    assert isinstance(got.error, sk.ApiError)
    assert got.error.partial.text == f"my key is {MASK} uv"
    assert got.error.partial.outcome == "failed"


def test_a_cancelled_run_tells_only_what_was_let_through():
    async def main():
        hold = asyncio.Event()

        async def slow(event):
            if isinstance(event, sk.TextDelta) and event.text.startswith("now"):
                hold.set()
                await asyncio.sleep(3600)

        run = sk.start(testing.script("my bob@example.org ", "now, ", "and", every=1).pipe(ops.redact("email")), slow)
        await asyncio.wait_for(hold.wait(), 30)
        assert run.reply.text == f"my {MASK} now, "
        run.cancel()
        return await run

    reply = testing.clock().run_coroutine(main())
    assert (reply.outcome, reply.text) == ("cancelled", f"my {MASK} now, ")


def test_a_branch_that_redacts_shows_its_sink_a_redacted_reply_and_leaves_the_run_alone():
    seen = []

    class Keep:
        def write(self, event):
            seen.append(event)

        def close(self, reply):
            seen.append(reply)

    async def main():
        return await sk.start(testing.script("a@b.co"), sk.branch(ops.redact("email"), into=Keep()))

    reply = testing.clock().run_coroutine(main())
    assert reply.text == "a@b.co"
    assert seen[-1].text == MASK
    assert b"a@b.co" not in b"".join(map(sk.to_json, seen))


def test_stop_at_ends_the_reply_and_cancels_the_request():
    pulled = []

    async def body():
        for number in range(100):
            pulled.append(number)
            await asyncio.sleep(1)
            yield f"{number} "

    got = collected(sk.from_text(body).pipe(ops.stop_at("5 ")))
    assert got.reply.text == "0 1 2 3 4 "
    assert (got.reply.outcome, got.reply.stopped_by) == ("stopped", "stop_at")
    assert got.items[-1] is got.reply
    assert len(pulled) <= 7


def test_the_run_of_a_stopped_reply_says_so_below_a_view():
    async def main():
        return await sk.start(testing.script("one ", "two ", "three").pipe(ops.stop_at("two"), ops.text()), print)

    reply = testing.clock().run_coroutine(main())
    assert (reply.text, reply.outcome, reply.stopped_by) == ("one ", "stopped", "stop_at")


@pytest.mark.parametrize("trigger", ["predicate", "observable"])
def test_stop_when(trigger):
    signal: Subject[int] = Subject()

    def stop(event):
        hit = isinstance(event, sk.TextDelta) and event.text == "b"
        if trigger == "predicate":
            return hit
        return signal.on_next(1) if hit else False

    if trigger == "predicate":
        stream = testing.script("a", "b", "c").pipe(ops.stop_when(stop))
    else:
        noted = testing.script("a", "b", "c", every=1).map(lambda event: (stop(event), event)[1])
        stream = sk.stream(noted).pipe(ops.stop_when(signal))
    reply = collected(stream).reply
    assert reply.text in ("ab", "a")  # the signal comes while "b" is on its way
    assert (reply.outcome, reply.stopped_by) == ("stopped", "stop_when")


def test_think_tags_over_deltas():
    got = collected(testing.script("<th", "ink>why", "</thi", "nk>", "because").pipe(ops.think_tags()))
    assert (got.reply.text, got.reply.reasoning) == ("because", "why")


@pytest.mark.parametrize("call", [sk.ToolCallDelta("{", 0, "id", "now"), sk.ToolCall("id", "now", "{}")], ids=str)
def test_a_call_of_a_tool_does_not_let_out_what_may_have_to_be_hidden(call):
    events = [sk.TextDelta("to bob@exa"), call, sk.TextDelta("mple.org now"), sk.Reply()]
    got = collected(events_of(*events).pipe(ops.redact("email")))
    assert "bob" not in str(got.items)
    assert got.reply.text == f"to {MASK} now"


def test_rewriters_work_on_bare_text_too():
    assert "".join(collected(sk.stream(rx.of("a@b", ".co x")).pipe(ops.redact("email"))).items) == f"{MASK} x"
    assert collected(sk.stream(rx.of("one EN", "D two")).pipe(ops.stop_at("END"))).items == ["one "]


@pytest.mark.parametrize("rewriter", [ops.redact("email"), ops.stop_at("END"), ops.think_tags()])
def test_what_needs_no_change_passes_bare_or_kept_by_a_restart(rewriter: Any):
    for pieces in testing.every_split("one < two"):
        assert "".join(collected(sk.stream(rx.of(*pieces)).pipe(rewriter)).items) == "one < two"
    events = (sk.TextDelta("one "), sk.Restart("broke", kept="one "), sk.TextDelta("two"), sk.Reply())
    got = collected(events_of(*events).pipe(rewriter))
    assert (got.items[1].kept, got.items[-1].text) == ("one ", "one two")


def test_rewriters_chain_and_the_last_one_counts():
    got = collected(testing.script("<think>a@b.co</think>c@d.co").pipe(ops.think_tags(), ops.redact("email")))
    assert (got.reply.text, got.reply.reasoning) == (MASK, MASK)


# -- nothing hidden is anywhere ----------------------------------------------------------------------------------------

SECRET = "bob@example.org"
KINDS = {"text": sk.TextDelta, "reasoning": sk.ReasoningDelta, "refusal": sk.RefusalDelta}


@pytest.mark.parametrize("part", KINDS)
def test_a_secret_in_any_part_is_nowhere_in_events_files_and_the_reply(part, tmp_path):
    def event(text):
        return KINDS[part](text, raw={"choices": [{"delta": {"content": text}}]})

    usage = sk.Usage(1, 2, raw={"note": SECRET})
    reply = sk.Reply((sk.Choice(0, SECRET),), usage, raw={"said": SECRET})
    for pieces in testing.every_split(SECRET):
        events = [
            sk.Start("r1", raw={"id": SECRET}),
            *map(event, filter(None, ["to ", *pieces, " ok"])),
            sk.LogprobsDelta({"content": [{"token": SECRET}]}, raw={"x": SECRET}),
            sk.Other("ping", raw={"echo": SECRET}),
            sk.UsageUpdate(usage, raw={"usage": SECRET}),
            sk.Finish("stop", raw={"x": SECRET}),
            reply,
        ]
        path = tmp_path / "log.jsonl"
        path.unlink(missing_ok=True)
        redacted = events_of(*events).pipe(ops.redact("email"))
        got = testing.clock().run(redacted, sk.branch(into=sinks.jsonl(path)))
        shown = everything([got.items, got.reply, path.read_bytes(), [sk.to_json(event) for event in got.items]])
        assert SECRET not in shown
        assert SECRET[:5] not in shown
        assert getattr(got.reply.choices[0], part) == f"to {MASK} ok"


class OwnReport(sk.UsageUpdate):
    """An event of a user's own class."""


@dataclass
class OwnPiece(sk.RefusalDelta):
    """One with a place of its own for its raw data."""

    raw: Any = field(default=None, kw_only=True)


def test_a_secret_is_nowhere_in_events_of_own_classes():
    events = [OwnReport(sk.Usage(1, 2, raw={"note": SECRET})), OwnPiece("no", raw={"x": SECRET}), sk.Reply()]
    got = collected(events_of(*events).pipe(ops.redact("email")))
    assert [type(event) for event in got.items] == [OwnReport, OwnPiece, sk.Reply]
    assert SECRET not in everything(got.items)


def test_parts_that_are_not_meant_stay():
    events = [sk.TextDelta(SECRET), sk.ReasoningDelta(SECRET), sk.Reply()]
    reply = collected(events_of(*events).pipe(ops.redact("email", parts=["reasoning"]))).items[-1]
    assert (reply.text, reply.reasoning) == (SECRET, MASK)
    with pytest.raises(ValueError, match="parts"):
        ops.redact("email", parts="text")
    with pytest.raises(ValueError, match="parts"):
        ops.redact("email", parts=["words"])


ESCAPED = (
    r'{"to": "bob\u0040ex\u0061mple.org", "card": 4242424242424242, "say": "\"hush\/\ud83e\udd2b\"", "n\u00e9": "\n"}'
)


def test_arguments_of_tools_are_searched_as_what_they_mean_and_stay_json():
    for pieces in testing.every_split(ESCAPED, random_cuts=20):
        deltas = [sk.ToolCallDelta(piece, 0, "id" if not n else None, "f") for n, piece in enumerate(pieces)]
        events = [*deltas, sk.ToolCall("id", "f", ESCAPED, raw={"x": ESCAPED}), sk.Finish("tool_calls"), sk.Reply()]
        got = collected(events_of(*events).pipe(ops.redact("email", "card", ['"hush/\U0001f92b"', "né"], mask="#")))
        wanted = {"to": "#", "card": "#", "say": "#", "#": "\n"}
        assert got.items[-1].tool_calls[0].args() == wanted
        grown = "".join(event.arguments for event in got.items if isinstance(event, sk.ToolCallDelta))
        assert json.loads(grown) == wanted
        assert [call.args() for call in got.items if isinstance(call, sk.ToolCall)] == [wanted]


def test_calls_side_by_side_do_not_let_each_other_out():
    events = [sk.ToolCallDelta('{"a":"bob@ex', 0, name="f"), sk.ToolCallDelta('{"b":"bob@ex', 1, name="g")]
    events += [sk.ToolCallDelta('ample.org"}', 0), sk.ToolCall("", "f", f'{{"a":"{SECRET}"}}')]
    events += [sk.ToolCallDelta('ample.org"}', 1), sk.ToolCall("", "g", f'{{"b":"{SECRET}"}}'), sk.Reply()]
    got = collected(events_of(*events).pipe(ops.redact("email")))
    assert [call.args() for call in got.items[-1].tool_calls] == [{"a": MASK}, {"b": MASK}]
    for number, key in enumerate("ab"):
        mine = [e.arguments for e in got.items if isinstance(e, sk.ToolCallDelta) and e.call == number]
        assert json.loads("".join(mine)) == {key: MASK}


def test_a_conversation_with_tools_is_redacted_round_by_round():
    async def lookup(who):
        raise ValueError(f"{who} is unknown")

    rounds = [
        testing.script(f"I ask {SECRET}.", tool_calls=[sk.ToolCall("1", "lookup", json.dumps({"who": SECRET}))]),
        testing.script(f"No {SECRET}."),
    ]
    asked = sk.tool_loop(lambda messages: rounds[len(messages) > 1], "Who?", [lookup])
    got = collected(asked.pipe(ops.redact("email")))
    assert (got.reply.text, got.reply.rounds, got.reply.tool_calls) == (f"No {MASK}.", 2, ())
    assert [message["content"] for message in got.reply.messages] == [
        f"I ask {MASK}.",
        f"error: ValueError: {MASK} is unknown",
        f"No {MASK}.",
    ]
    assert SECRET not in everything([got.items, got.reply])
    stopped = collected(asked.pipe(ops.stop_at("No"))).reply
    assert (stopped.rounds, len(stopped.messages)) == (2, 2)


@pytest.mark.parametrize("end", ["error", "length", "cut"])
def test_the_beginning_of_a_secret_that_was_cut_off_is_hidden(end):
    if end == "error":
        stream = testing.script("my hunter", "2-pass", fail=sk.ApiError(f"cannot say {SECRET}", code=SECRET))
    elif end == "length":
        stream = testing.script("my hunter", "2-pass", finish="length")
    else:
        stream = testing.script("my hunter", "2-pass", " and").pipe(ops.stop_when(lambda e: "pass" in repr(e)))
    got = collected(stream.pipe(ops.redact(["hunter2-password"], "email")))
    assert got.reply.text == f"my {MASK}"
    assert "hunter" not in everything([got.items, got.reply, got.error])
    assert SECRET not in everything([got.error])


def test_the_message_of_an_error_does_not_quote_what_is_hidden():
    async def body():
        yield b'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n'
        yield b'data: {"choices":[{"index":0,"delta":{"content":"bob@exam\n\n'

    got = collected(sk.from_bytes(body).pipe(ops.redact("email")))
    assert isinstance(got.error, sk.MalformedError)
    assert "bob" not in everything([got.error])


def test_when_all_failed_none_of_the_failures_tells():
    def failing() -> sk.Stream[sk.Event]:
        return testing.script(fail=sk.ApiError(f"cannot say {SECRET}", partial=sk.Reply((sk.Choice(0, SECRET),))))

    got = collected(failing().pipe(ops.fallback(failing()), ops.redact("email")))
    assert isinstance(got.error, sk.AllFailedError)
    assert [str(part) for part in got.error.exceptions] == [f"cannot say {MASK}"] * 2
    assert SECRET not in everything([got.error, got.error.exceptions, got.error.message])


def test_text_after_the_end_of_its_choice_completes_no_secret():
    events = [sk.TextDelta("a sec"), sk.Finish("stop"), sk.TextDelta("ret!"), sk.Reply()]
    got = collected(events_of(*events).pipe(ops.redact(["secret"])))
    assert got.items[-1].text == f"a sec{MASK}!"


def test_what_a_continued_reply_keeps_is_redacted():
    broken = testing.script(f"to {SECRET} an", fail=sk.BrokenError(f"lost at {SECRET}"))
    went_on = broken.pipe(ops.continue_with(lambda partial: testing.script("d so on"), mode="prefill"))
    got = collected(went_on.pipe(ops.redact("email")))
    assert got.reply.text == f"to {MASK} and so on"
    assert [event.kept for event in got.items if isinstance(event, sk.Restart)] == [f"to {MASK} "]
    assert SECRET not in everything([got.items, got.reply])


@given(st.lists(st.text("sec ret", min_size=1, max_size=4), max_size=12), st.sampled_from(["ends", "breaks", "stops"]))
def test_no_secret_leaks_whatever_the_surroundings(pieces, how):
    fail = sk.ApiError("no") if how == "breaks" else None
    stream = testing.script(*pieces, usage=sk.Usage(1, 2, 3), fail=fail)
    if how == "stops":
        stream = stream.pipe(ops.stop_at(" r"))
    secrets = ["se", "tcr", "secret", "c es"]
    got = collected(stream.pipe(ops.redact(secrets)))
    told = everything([got.items, got.reply, got.error])
    assert not [secret for secret in secrets if secret in got.reply.text]
    assert got.reply.text == "".join(e.text for e in got.items if isinstance(e, sk.TextDelta))
    assert "raw" not in told


# -- cancelling --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "stop", [ops.stop_at("two"), ops.stop_at(re.compile("t.o")), ops.stop_when(lambda e: "two" in str(e))]
)
def test_stopping_cancels_the_request_and_delivers_a_reply(stop):
    with testing.client(testing.Script("one two three four", stall_after=3)) as client:
        reply = sk.run(client.chat("?").pipe(stop))
        assert (reply.outcome, reply.stopped_by in ("stop_at", "stop_when")) == ("stopped", True)
        assert reply.text.startswith("one ")
        assert client.requests[0].outcome == "cancelled"


def test_a_pattern_that_ends_with_the_text_stops_it_too():
    for stream in (testing.script("one", "\n\n"), events_of(sk.TextDelta("one\n\n"), sk.Reply())):
        reply = collected(stream.pipe(ops.stop_at(re.compile(r"\n\n+")))).items[-1]
        assert (reply.text, reply.outcome, reply.stopped_by) == ("one", "stopped", "stop_at")


def test_stop_at_stops_the_whole_reply_when_one_choice_matches():
    events = [
        sk.TextDelta("a", 0),
        sk.TextDelta("b EN", 1),
        sk.TextDelta("c", 0),
        sk.TextDelta("D", 1),
        sk.TextDelta("x"),
    ]
    reply = collected(events_of(*events).pipe(ops.stop_at("END"))).items[-1]
    assert [choice.text for choice in reply.choices] == ["ac", "b "]
    assert reply.stopped_by == "stop_at"


def test_stock_operators_work_on_rewriters():
    words = testing.script("a@b.co ", "<think>no</think>", "yes STOP never").pipe(
        ops.redact("email"), ops.think_tags(), ops.stop_at("STOP"), ops.guard(lambda text: True), ops.throttle_text(1)
    )
    shown = collected(words.pipe(rxo.filter(lambda event: isinstance(event, sk.TextDelta)), rxo.map(lambda e: e.text)))
    assert "".join(shown.items) == f"{MASK} yes "
    assert (shown.reply.text, shown.reply.reasoning, shown.reply.outcome) == (f"{MASK} yes ", "no", "stopped")


def test_think_tags_over_bare_text_leave_the_reasoning_out_to_the_end():
    assert collected(sk.stream(rx.of("a<think>b", "c</thi")).pipe(ops.think_tags())).items == ["a"]


def test_an_error_of_a_stage_takes_the_place_of_the_failure_it_was_to_tell():
    class Clumsy(sk.StageBase):
        def feed(self, event):
            return [event]

        def flush(self):
            return ()

        def failure(self, error):
            raise LookupError("clumsy")

    got = collected(testing.script(fail=sk.ApiError(SECRET)).pipe(ops.stage(Clumsy)))
    assert SECRET not in str(got.error)
    assert "clumsy" in str(got.error)


@pytest.mark.parametrize("operator", [ops.redact("email"), ops.guard(lambda text: True)])
def test_what_nobody_can_look_into_is_refused_and_not_let_through(operator):
    labelled = sk.side_by_side({"a": testing.script(SECRET)})
    segments = testing.script(f"{SECRET}. And.").pipe(ops.segments())
    for stream in (labelled, segments):
        with pytest.raises(TypeError, match="put it before"):
            stream.pipe(operator)
    for stream in (labelled, segments, sk.stream(rx.of(SECRET.encode()))):
        got = collected(stream.pipe(rxo.filter(lambda item: True), operator))  # of which nothing is known
        assert got.items == []
        assert "put it before" in str(got.error)


@pytest.mark.parametrize("form", ["openai", "events", "text"])
def test_nothing_hidden_is_served(form):
    async def main():
        clean = testing.script("to b", "ob@exa", "mple.org").pipe(ops.redact("email"))
        return b"".join([chunk async for chunk in sk.sse(clean, format=form)])

    body = testing.clock().run_coroutine(main())
    assert b"bob" not in body
    assert b"[redacted]" in body


def test_results_of_tools_are_searched_as_deep_as_they_are():
    secret = "bob@example.com"
    result = sk.ToolResult(sk.ToolCall("1", "f", "{}"), {"who": [secret, 5], secret: (secret, None)})
    got = list(sk.stream(rx.of(result, sk.Reply())).pipe(ops.redact("email")))
    mask = "[redacted]"
    assert got[0].value == {"who": [mask, 5], mask: [mask, None]}


@dataclass
class Person:
    name: str
    mails: list[str]
    age: float | None = None


class Account(BaseModel):
    owner: str
    open: bool = True


def test_results_of_tools_are_searched_whatever_they_are_made_of():
    people = {
        "a": Person("Bob", ["bob@example.com"], 1.5),
        "b": Account(owner="bob@example.com"),
        "c": Path("bob@b.co"),
    }
    result = sk.ToolResult(sk.ToolCall("1", "f", "{}"), people)
    got = list(sk.stream(rx.of(result, sk.Reply())).pipe(ops.redact("email")))
    assert got[0].value == {
        "a": {"name": "Bob", "mails": [MASK], "age": 1.5},
        "b": {"owner": MASK, "open": True},
        "c": MASK,
    }
    assert "bob" not in everything([got, got[0].message, got[-1].messages])


def test_a_restart_that_keeps_nothing_and_a_call_without_pieces_pass():
    call = sk.ToolCall("1", "f", '{"to": "bob@example.com"}')
    events = [sk.ToolCallDelta("{", 3, "x", "g"), sk.Restart("lost"), call, sk.Reply()]
    got = list(sk.stream(rx.of(*events)).pipe(ops.redact("email")))
    assert sk.Restart("lost") in got
    assert sk.ToolCall("1", "f", '{"to": "[redacted]"}') in got


def test_whole_calls_find_their_own_pieces():
    pieces = [sk.ToolCallDelta('{"a": "b', 0, "x", "f"), sk.ToolCallDelta('{"c": "d', 1, "y", "g")]
    whole = [sk.ToolCall("y", "g", '{"c": "d"}'), sk.ToolCall("z", "h", "{}"), sk.ToolCall("x", "f", '{"a": "b"}')]
    got = list(sk.stream(rx.of(*pieces, *whole, sk.Reply())).pipe(ops.redact("email")))
    assert [event for event in got if isinstance(event, sk.ToolCall)] == whole
    for call in (0, 1):
        assert "".join(e.arguments for e in got if isinstance(e, sk.ToolCallDelta) and e.call == call) == (
            pieces[call].arguments
        )


def test_arguments_that_were_cut_off_hide_what_they_might_have_become():
    broken = testing.script("", tool_calls=[("f", '{"to": "write to bob@exam')], fail=sk.BrokenError("lost"))
    got = testing.clock().run(broken.pipe(ops.redact("email")))
    assert isinstance(got.error, sk.StreamkitError)
    assert b"bob" not in b"".join(map(sk.to_json, [*got.items, got.error.partial]))


def test_nothing_follows_the_end():
    events = [sk.TextDelta("a. stop b"), sk.TextDelta("c"), sk.Reply()]
    subject, seen = Subject[Any](), list[Any]()
    sk.stream(subject).pipe(ops.stop_at("stop")).subscribe(seen.append)
    for event in events:
        subject.on_next(event)
    assert [type(event) for event in seen] == [sk.TextDelta, sk.Reply]
    assert seen[-1].text == "a. "


def test_text_that_is_held_at_a_result_is_not_lost():
    """Servers that have no finish reason before it."""
    call = sk.ToolCall("1", "f", "{}")
    events = [sk.TextDelta("ask bob@"), sk.ToolResult(call, 5), sk.TextDelta("example.org"), sk.Reply()]
    got = testing.clock().run(sk.stream(rx.of(*events)).pipe(ops.redact("email")))
    assert [getattr(event, "text", event.type) for event in got.items[:-1]] == [
        "ask ", "bob@", "tool.result", "example.org"
    ]  # fmt: skip
