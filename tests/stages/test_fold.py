"""The reply that events amount to."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from streamkit.errors import TooLargeError
from streamkit.events import (
    BlockEnd,
    BlockStart,
    Choice,
    Finish,
    LogprobsDelta,
    Other,
    ReasoningDelta,
    RefusalDelta,
    Reply,
    Restart,
    Start,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    ToolResult,
    Usage,
    UsageUpdate,
)
from streamkit.stages import Fold
from streamkit.turns import Origin
from tests.costs import check_linear_time


def folded(*events: Any, **options: Any) -> Fold:
    fold = Fold(**options)
    for event in events:
        fold.feed(event)
    return fold


def test_a_fold_without_events_is_an_empty_reply():
    assert Fold().reply() == Reply()


def test_everything_finds_its_place():
    fold = folded(
        Start("r1", "m", "q1"),
        Start("r2", "n", "q2"),
        ReasoningDelta("h"),
        ReasoningDelta("m"),
        TextDelta("a"),
        TextDelta("x", 2),
        TextDelta("b"),
        RefusalDelta("n"),
        RefusalDelta("o"),
        LogprobsDelta({"content": [1]}),
        ToolCallDelta('{"a"', 0, "t", "f"),
        ToolCallDelta("[]", 1, "u", "g"),
        ToolCallDelta(":1}", 0),
        UsageUpdate(Usage(1)),
        UsageUpdate(Usage(1, 2)),
        Finish("stop"),
        Finish("length"),
        Other("x"),
        ToolResult(ToolCall("t", "f", "")),
        Reply((Choice(text="other"),)),
    )
    calls = (ToolCall("t", "f", '{"a":1}'), ToolCall("u", "g", "[]"))
    first = Choice(0, "ab", "hm", "no", calls, "stop", ({"content": [1]},))
    known = {"id": "r1", "model": "m", "request_id": "q1"}
    answers = ({"role": "tool", "tool_call_id": "t", "content": "null"},)
    assert fold.reply() == Reply((first, Choice(2, "x")), Usage(1, 2), "refused", answers=answers, **known)


def test_after_the_results_of_tools_a_new_round_begins():
    call = ToolCall("t", "f", "{}")
    fold = folded(TextDelta("a"), call, Finish("tool_calls"), ToolResult(call, 5), ToolResult(call, error="no"))
    between = fold.reply("complete")
    assert (between.text, between.rounds, len(between.answers)) == ("a", 1, 2)
    fold.feed(TextDelta("b"))
    after = fold.reply("complete")
    assert (after.text, after.rounds, after.tool_calls, after.answers) == ("b", 2, (), ())
    assert after.messages == [*between.messages, {"role": "assistant", "content": "b"}]
    assert after.messages[-2]["content"] == "error: no"


def test_the_caller_may_know_better():
    reply = folded(Start("r1"), TextDelta("a")).reply("cancelled", id="x", attempts=3)
    assert (reply.outcome, reply.id, reply.attempts, reply.text) == ("cancelled", "x", 3, "a")


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [
        (None, "complete"),
        ("length", "length"),
        ("content_filter", "filtered"),
        ("refusal", "refused"),
        ("x", "complete"),
    ],
)
def test_the_outcome_is_that_of_the_lowest_choice(reason: str | None, outcome: str):
    ends = [Finish(reason)] if reason else []
    assert folded(TextDelta("a"), Finish("length", 1), *ends).reply().outcome == outcome
    assert folded(Finish("cancelled", 1)).reply().outcome == "cancelled"


def test_asking_again_and_again_changes_nothing():
    fold, text = Fold(), ""
    for i in range(100):
        fold.feed(TextDelta(f"{i} "))
        text += f"{i} "
        assert fold.reply().text == fold.reply().text == text


def test_announced_calls_count_once():
    streamed = ToolCallDelta("{}", 0, "t", "f")
    assert folded(streamed, ToolCall("t", "f", "{}")).reply().tool_calls == (ToolCall("t", "f", "{}"),)
    late = folded(ToolCallDelta("{}", 0), ToolCall("t", "f", "{}"), ToolCallDelta(" ", 0)).reply()
    assert late.tool_calls == (ToolCall("t", "f", "{} "),)
    changed = folded(streamed, ToolCall("t", "f", '{"hidden":1}')).reply()
    assert changed.tool_calls == (ToolCall("t", "f", '{"hidden":1}'),)


def test_calls_that_came_whole_count_in_their_own_right():
    calls = (ToolCall("a", "f", "1"), ToolCall("a", "f", "1"), ToolCall("b", "g", "2"))
    assert folded(*calls).reply().tool_calls == calls


def test_calls_of_one_name_without_ids_are_told_apart():
    fold = folded(ToolCallDelta("[1", 0, None, "f"), ToolCallDelta("[2]", 1, None, "f"))
    fold.feed(ToolCall("", "f", "[2]", call=1))
    fold.feed(ToolCallDelta("]", 0))
    fold.feed(ToolCall("", "f", "[1]", call=0))
    assert [call.arguments for call in fold.reply().tool_calls] == ["[1]", "[2]"]


def test_a_restart_voids_choices_but_for_what_it_kept():
    before = (Start("r1"), TextDelta("a"), TextDelta("x", 1), Finish("stop"), UsageUpdate(Usage(1)))
    fold = folded(*before, Restart("again"), TextDelta("b"))
    assert fold.reply() == Reply((Choice(text="b"),), Usage(1), id="r1")
    assert folded(*before, Restart("on", kept="a"), TextDelta("b")).reply().text == "ab"


@pytest.mark.parametrize(
    ("event", "weight"),
    [
        (TextDelta("x" * 60), 60),
        (ReasoningDelta("x" * 60), 60),
        (RefusalDelta("x" * 60), 60),
        (ToolCallDelta("x" * 60), 60),
        (ToolCall("", "f", "x" * 60), 160),
        (LogprobsDelta({"content": [1]}), 200),
        (Finish("x", 1), 0),
    ],
)
def test_a_reply_is_limited_and_what_is_too_much_is_not_taken(event: Any, weight: int):
    fold = folded(event, reply_bytes=260)
    many = iter([event] * 6 if weight else [Finish("x", index) for index in range(9)])
    before = [fold.reply()]

    def feed_all() -> None:
        for one in many:
            fold.feed(one)
            before.append(fold.reply())

    with pytest.raises(TooLargeError, match="exceeds 260 bytes"):
        feed_all()
    assert fold.reply() == before[-1]


def test_a_first_piece_that_is_too_large_is_not_taken():
    with pytest.raises(TooLargeError):
        folded(TextDelta("x" * 11), reply_bytes=10)


@pytest.mark.slow
def test_a_long_reply_takes_linear_time():
    def feed_all(count: int) -> None:
        fold = Fold()
        for _ in range(count):
            fold.feed(TextDelta("ten chars "))
        assert len(fold.reply().text) == 10 * count

    check_linear_time(feed_all, 10_000, 100_000)


def test_a_reply_may_be_asked_for_while_another_thread_feeds():
    fold, seen, over = Fold(), [], threading.Event()

    def ask() -> None:
        while not over.is_set():
            seen.append(fold.reply())
        seen.append(fold.reply())

    askers = [threading.Thread(target=ask) for _ in range(2)]
    for asker in askers:
        asker.start()
    for i in range(5_000):
        fold.feed(TextDelta("ab", i % 3))
        fold.feed(ToolCallDelta("{}", i % 7))
    over.set()
    for asker in askers:
        asker.join()
    assert len(fold.reply().text) == 2 * 1667
    assert all(set(reply.text) <= {"a", "b"} for reply in seen)
    assert seen[-1].tool_calls == fold.reply().tool_calls
    assert sum(len(call.arguments) for call in fold.reply().tool_calls) == 10_000


@pytest.mark.slow
@pytest.mark.parametrize("known", [True, False], ids=["with ids", "without ids"])
@pytest.mark.parametrize("at_the_end", [True, False], ids=["whole at the end", "whole at once"])
def test_many_calls_take_linear_time(known: bool, at_the_end: bool):
    def feed_all(count: int) -> None:
        fold = Fold()
        ids = [f"c{n}" if known else "" for n in range(count)]
        for n, id in enumerate(ids):
            fold.feed(ToolCallDelta(f"[{n}]", n, id, "f"))
            if not at_the_end:
                fold.feed(ToolCall(id, "f", f"[{n}]"))
        for n, id in enumerate(ids if at_the_end else ()):
            fold.feed(ToolCall(id, "f", f"[{n}]"))
        assert [call.arguments for call in fold.reply().tool_calls] == [f"[{n}]" for n in range(count)]

    check_linear_time(feed_all, 1_000, 10_000)


def test_a_round_has_the_origin_of_its_own_start_alone():
    call = ToolCall("c", "f", "{}", api="anthropic")
    begin = (Start(origin=Origin("anthropic", "a.example", "m")), call, ToolResult(call, "r"))
    reply = folded(*begin, Start(), TextDelta("x")).reply()
    assert reply.origin is None
    assert reply.messages[-1] == {"role": "assistant", "content": "x"}
    assert [type(message.get("content")) for message in reply.earlier] == [list, list]


@pytest.mark.slow
@pytest.mark.parametrize("at_once", [True, False], ids=["without a beginning", "all open at once"])
def test_many_blocks_take_linear_time(at_once: bool):
    form = {"type": "text", "text": {"@text": 1}}

    def feed_all(count: int) -> None:
        fold = folded(Start(origin=Origin("anthropic")))
        for n in range(count):
            for event in (TextDelta("x"), BlockEnd("text", str(n), form=form)) if at_once else ():
                fold.feed(event)
        for n in range(0 if at_once else count):
            fold.feed(BlockStart("text", str(n)))
            fold.feed(TextDelta("x"))
        for n in range(0 if at_once else count):
            fold.feed(BlockEnd("text", str(n), form=form))
        assert len(fold.reply().messages[0]["content"] or ()) == count

    check_linear_time(feed_all, 1_000, 10_000)


@pytest.mark.slow
@pytest.mark.parametrize("api", ["chat", "anthropic", "gemini"])
def test_many_results_take_linear_time(api: str):
    def feed_all(count: int) -> None:
        calls = [ToolCall(f"c{n}", "f", "{}", api=api) for n in range(count)]
        fold = folded(Start(origin=Origin(api)), *calls, *(ToolResult(call, "r") for call in calls))
        assert len(fold.reply().messages) == (1 + count if api == "chat" else 2)

    check_linear_time(feed_all, 500, 5_000)


def test_a_call_without_a_number_ends_the_oldest_pieces_of_its_id_and_name():
    def arguments(*events: Any) -> list[tuple[str, str, str]]:
        return [(call.id, call.name, call.arguments) for call in folded(*events).reply().tool_calls]

    two = [ToolCallDelta("[1]", 0, None, "f"), ToolCallDelta("[2]", 1, None, "f")]
    assert arguments(*two, ToolCall("", "f", "[1]"), ToolCall("", "f", "[2]")) == [("", "f", "[1]"), ("", "f", "[2]")]
    assert arguments(*two, ToolCall("a", "f", "[3]")) == [("a", "f", "[3]"), ("", "f", "[2]")]
    named = [ToolCallDelta("[1]", 0), ToolCallDelta("", 0, "a"), ToolCallDelta("", 0, None, "f")]
    assert arguments(*named, ToolCall("a", "f", "[1]"), ToolCallDelta("!", 0, "b", "g")) == [("a", "f", "[1]!")]
    assert arguments(*named, ToolCall("b", "f", "[1]")) == [("a", "f", "[1]"), ("b", "f", "[1]")]
