"""Text that is shown only when it was approved, on a virtual clock."""

from __future__ import annotations

import asyncio

import pytest
import reactivex as rx
from hypothesis import given, settings, strategies as st
from reactivex.scheduler import VirtualTimeScheduler
from reactivex.subject import Subject

import streamkit as sk
from streamkit import operators as ops, testing
from streamkit.stages import Segments
from streamkit.stages.rewriting.guarded import GuardCutter
from tests.costs import check_linear_time
from tests.reports import caught_up

TEXT = "First one. Second bad one! Third one? And the rest"


def guarded(check, *pieces, **options):
    return testing.clock().run(testing.script(*pieces).pipe(ops.guard(check, **options)))


@pytest.mark.parametrize("wait", [False, True])
def test_pieces_are_approved_and_replaced_in_order(wait):
    seen = []

    async def later(text):
        seen.append(text)
        await asyncio.sleep(5 - len(seen))  # the first takes longest
        return "[…]" if "bad" in text else True

    def at_once(text):
        return "[…]" if "bad" in text else True

    got = guarded(later if wait else at_once, TEXT, concurrency=4)
    assert got.reply.text == "First one. […] Third one? And the rest"
    assert got.reply.text == "".join(item.text for item in got.items if isinstance(item, sk.TextDelta))


def test_a_refused_piece_ends_the_reply():
    got = guarded(lambda text: "bad" not in text, TEXT, " and more")
    assert got.reply.text == "First one."
    assert (got.reply.outcome, got.reply.stopped_by) == ("stopped", "guard")
    assert b"bad" not in b"".join(map(sk.to_json, got.items))


def test_a_check_that_raises_fails_closed():
    def check(text):
        if "bad" in text:
            raise OSError("no line")
        return True

    got = guarded(check, TEXT)
    assert isinstance(got.error, sk.StreamkitError)
    assert "OSError: no line" in str(got.error)
    assert got.error.partial.text == "First one."
    assert b"bad" not in b"".join(map(sk.to_json, got.items))


def test_a_piece_that_is_replaced_by_nothing_takes_its_space_along():
    assert guarded(lambda text: "" if "bad" in text else True, TEXT).reply.text == "First one. Third one? And the rest"


@pytest.mark.parametrize("wait", [False, True])
@pytest.mark.parametrize(("verdict", "told"), [(None, "None"), (5, "int"), (b"no", "bytes"), (["First"], "list")])
def test_a_check_that_gives_anything_else_fails_closed(verdict, told, wait):
    async def later(text):
        return True if text.startswith("First") else verdict

    def at_once(text):
        return True if text.startswith("First") else verdict

    got = guarded(later if wait else at_once, TEXT)
    assert type(got.error) is sk.StreamkitError
    assert str(got.error) == f"a check gives True, False or a str, not {told}"
    assert got.error.partial.text == "First one."
    assert b"bad" not in b"".join([*map(sk.to_json, got.items), repr(got.error).encode()])


def test_nothing_is_shown_before_its_check_is_done():
    async def check(text):
        await asyncio.sleep(10)
        return True

    got = guarded(check, TEXT, concurrency=1)
    shown = [round(time) for time, item in zip(got.times, got.items, strict=True) if isinstance(item, sk.TextDelta)]
    assert shown == [10, 20, 30, 40]


def test_what_was_said_before_an_error_is_still_checked():
    failing = testing.script("One. Two. Thr", fail=sk.BrokenError("cut"))
    got = testing.clock().run(failing.pipe(ops.guard(lambda text: text.upper())))
    assert got.error.partial.text == "ONE. TWO. THR"


def test_bare_text_and_other_events_pass():
    got = testing.clock().run(sk.stream(rx.of("One. ", "Two.")).pipe(ops.guard(lambda text: True)))
    assert "".join(got.items) == "One. Two."
    got = testing.clock().run(testing.script("Hi.", tool_calls=[("f", "{}")]).pipe(ops.guard(lambda text: True)))
    assert got.reply.tool_calls[0].name == "f"


@given(st.lists(st.integers(1, 9), max_size=20))
@settings(max_examples=30, deadline=None)
def test_the_result_does_not_depend_on_the_cutting(sizes):
    pieces, rest = [], TEXT
    for size in sizes:
        pieces.append(rest[:size])
        rest = rest[size:]
    got = guarded(lambda text: text.replace("bad", "good"), *(piece for piece in [*pieces, rest] if piece))
    assert got.reply.text == TEXT.replace("bad", "good")


@pytest.mark.parametrize("wait", [False, True])
def test_checks_run_side_by_side_but_not_more_than_asked_for(wait):
    under_way, most = 0, 0

    async def check(text):
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        if wait:
            await asyncio.sleep(1)
        under_way -= 1
        return text.upper()

    text = "One is first. Two comes next. Three is third. Four is fourth. Five is last."
    got = guarded(check, *text, concurrency=3)
    assert got.reply.text == text.upper()
    assert most == (3 if wait else 1)


def test_nothing_of_a_refused_piece_is_anywhere():
    secret = "bad"
    events = [
        sk.TextDelta("First. A b", raw={"x": secret}),
        sk.LogprobsDelta({"content": [{"token": secret}]}),
        sk.TextDelta("ad one. ", 0, raw={"x": secret}),
        sk.UsageUpdate(sk.Usage(1, raw={"x": secret}), raw={"x": secret}),
        sk.Finish("stop", raw={"x": secret}),
        sk.Reply((sk.Choice(0, secret),), sk.Usage(1, raw={"x": secret}), raw={"x": secret}),
    ]
    for refuse in (False, "[cut]"):
        stream = sk.stream(rx.of(*events)).pipe(ops.guard(lambda text, to=refuse: to if secret in text else True))
        got = testing.clock().run(stream)
        raws = [(event, event.raw, getattr(getattr(event, "usage", None), "raw", None)) for event in got.items]
        assert secret not in str(raws)
        assert got.items[-1].text == ("First." if refuse is False else "First. [cut] ")


@pytest.mark.parametrize("failure", [ValueError("no"), asyncio.CancelledError(), KeyError("x")])
@pytest.mark.parametrize("wait", [False, True])
def test_whatever_a_check_raises_nothing_gets_out(failure, wait):
    async def later(text):
        await asyncio.sleep(1)
        raise failure

    def at_once(text):
        raise failure

    got = guarded(later if wait else at_once, TEXT)
    assert isinstance(got.error, sk.StreamkitError)
    assert got.error.partial.text == ""
    assert not [event for event in got.items if isinstance(event, sk.TextDelta)]


class Mine(BaseException):
    """Of the user's own making, and meant for the caller."""


@pytest.mark.parametrize(("failure", "told"), [(Mine(), Mine), (GeneratorExit(), sk.SinkError)])
@pytest.mark.parametrize("wait", [False, True])
def test_a_check_that_raises_what_is_no_exception_ends_the_run(failure, told, wait):
    async def later(text):
        await asyncio.sleep(0)
        raise failure

    def at_once(text):
        raise failure

    shown = []
    run = sk.start(sk.from_text(["One. ", "Two. "]).pipe(ops.guard(later if wait else at_once)), shown.append)
    with pytest.raises(told):
        run.result(10)
    assert not [event for event in shown if isinstance(event, sk.TextDelta)]


def test_each_choice_is_checked_by_itself_and_one_refusal_ends_all():
    events = [sk.TextDelta("On", 0), sk.TextDelta("Tw", 1), sk.TextDelta("e. Mo", 0), sk.TextDelta("o bad. ", 1)]
    events += [sk.TextDelta("re. ", 0), sk.TextDelta("Y", 1), sk.Finish("stop", 0), sk.Finish("stop", 1), sk.Reply()]
    seen = []
    got = testing.clock().run(sk.stream(rx.of(*events)).pipe(ops.guard(lambda text: seen.append(text) or True)))
    assert [choice.text for choice in got.items[-1].choices] == ["One. More. ", "Two bad. Y"]
    assert set(seen) == {"One.", "More.", "Two bad.", "Y"}
    got = testing.clock().run(sk.stream(rx.of(*events)).pipe(ops.guard(lambda text: "bad" not in text)))
    assert [choice.text for choice in got.items[-1].choices] == ["One. More. "]  # the second one had come no further
    assert got.items[-1].stopped_by == "guard"


def test_a_refusal_cancels_the_request():
    with testing.client(testing.Script("Good one. Bad one. And so on.", stall_after=6)) as client:
        reply = sk.run(client.chat("?").pipe(ops.guard(lambda text: "Bad" not in text)))
        assert (reply.text, reply.stopped_by) == ("Good one.", "guard")
        assert client.requests[0].outcome == "cancelled"


def test_a_run_that_is_cancelled_tells_only_what_was_approved():
    async def main():
        checking = asyncio.Event()

        async def check(text):
            if "bad" in text:
                checking.set()
                await asyncio.sleep(3600)
            return True

        run = sk.start(testing.script(TEXT, every=1).pipe(ops.guard(check)), lambda event: None)
        await checking.wait()
        run.cancel()
        return await run

    reply = testing.clock().run_coroutine(main())
    assert (reply.text, reply.outcome) == ("First one.", "cancelled")


def test_what_a_continued_reply_keeps_is_asked_about_again():
    asked = []

    def check(text):
        asked.append(text)
        return text.replace("bad", "good")

    broken = testing.script("One bad. Two", fail=sk.BrokenError("lost"))
    went_on = broken.pipe(ops.continue_with(lambda partial: testing.script(" bad. End"), mode="prefill"))
    got = testing.clock().run(went_on.pipe(ops.guard(check)))
    assert got.reply.text == "One good. Two good. End"
    assert "Two bad." in asked
    assert b"bad" not in b"".join(map(sk.to_json, got.items))


def test_rounds_of_a_conversation_with_tools_are_told_as_approved():
    rounds = [testing.script("A bad idea.", tool_calls=[("f", "{}")]), testing.script("Also bad.")]
    asked = sk.tool_loop(lambda messages: rounds[len(messages) > 1], "?", {"f": lambda: 1})
    reply = testing.clock().run(asked.pipe(ops.guard(lambda text: text.replace("bad", "good")))).reply
    assert [message["content"] for message in reply.messages] == ["A good idea.", "1", "Also good."]


@pytest.mark.parametrize("options", [{"unit": "page"}, {"concurrency": 0}])
def test_options_that_make_no_sense_are_refused(options):
    with pytest.raises(ValueError, match=r"unit|concurrency"):
        ops.guard(lambda text: True, **options)


@pytest.mark.parametrize("wait", [float("inf"), float("nan"), -1, 0])
def test_a_wait_is_a_number_of_seconds(wait):
    for make in (lambda: ops.guard(lambda text: True, max_wait=wait), lambda: ops.segments("line", max_wait=wait)):
        with pytest.raises(ValueError, match="max_wait"):
            make()


def test_a_refused_piece_ends_bare_text_without_a_word():
    got = testing.clock().run(sk.stream(rx.of("One. ", "Two. ", "Three.")).pipe(ops.guard(lambda text: text != "Two.")))
    assert ("".join(got.items), got.error) == ("One.", None)


def test_what_a_tool_sent_is_passed_without_what_the_server_sent_besides():
    call = sk.ToolCall("1", "f", "{}", raw={"x": "bad"})
    stream = sk.stream(rx.of(sk.ToolResult(call, 5), sk.Reply()))
    got = testing.clock().run(stream.pipe(ops.guard(lambda text: True)))
    assert got.items[0] == sk.ToolResult(call, 5)
    assert got.items[0].call.raw is None


@pytest.mark.parametrize("finish", [[], [sk.Finish("tool_calls")]])
def test_text_before_a_call_is_asked_about_and_shown_before_it(finish):
    call = sk.ToolCall("1", "f", "{}")
    events = [sk.TextDelta("Let me look"), *finish, call, sk.ToolResult(call, 5), sk.TextDelta("ok. Fine."), sk.Reply()]
    seen = []
    got = testing.clock().run(sk.stream(rx.of(*events)).pipe(ops.guard(lambda text: seen.append(text) or True)))
    assert seen == ["Let me look", "ok.", "Fine."]
    assert [getattr(event, "text", event.type) for event in got.items] == [
        "Let me look", *(event.type for event in finish), "tool_call", "tool.result", "ok.", " Fine.", "ok. Fine."
    ]  # fmt: skip


@pytest.mark.parametrize("event", [sk.ToolResult(sk.ToolCall("1", "f", "{}"), 5), sk.ToolCall("1", "f", "{}", 1)])
def test_a_result_begins_another_message_and_a_call_belongs_to_its_choice(event):
    events = [sk.TextDelta("Let me look"), event, sk.TextDelta(" ok."), sk.Reply()]
    seen = []
    testing.clock().run(sk.stream(rx.of(*events)).pipe(ops.guard(lambda text: seen.append(text) or True)))
    assert seen == (["Let me look", "ok."] if isinstance(event, sk.ToolResult) else ["Let me look ok."])


def test_reasoning_does_not_cut_a_sentence():
    events = [sk.TextDelta("Two "), sk.ReasoningDelta("hm"), sk.TextDelta("words."), sk.Reply()]
    got = testing.clock().run(sk.stream(rx.of(*events)).pipe(ops.guard(lambda text: text == "Two words.")))
    assert [event.type for event in got.items] == ["reasoning.delta", "text.delta", "reply"]


# -- text that waits ---------------------------------------------------------------------------------------------------


def timed(pieces, check=lambda text: True, **options):
    """What is shown of ``pieces``, each ``(seconds, event)``, and when."""

    async def body():
        for seconds, event in pieces:
            await asyncio.sleep(seconds)
            yield event
        yield sk.Reply()

    got = testing.clock().run(sk.stream(body()).pipe(ops.guard(check, **options)))
    texts = [
        (round(time, 2), item.index, item.text)
        for time, item in zip(got.times, got.items, strict=True)
        if isinstance(item, sk.TextDelta)
    ]
    return texts, got


def test_text_that_gets_no_more_of_it_is_cut_asked_about_and_shown():
    asked = []

    def check(text):
        asked.append(text)
        return True

    pieces = [(0, sk.TextDelta("One. Two words, and thr")), (10, sk.TextDelta("ee. ")), (10, sk.TextDelta("Four."))]
    texts, got = timed(pieces, check, max_wait=2)
    assert texts == [(0, 0, "One."), (2, 0, " Two words,"), (12, 0, " and three."), (20, 0, " Four.")]
    assert asked == ["One.", "Two words,", "and three.", "Four."]
    assert got.items[-1].text == "One. Two words, and three. Four."


def test_without_max_wait_it_waits_for_the_end_of_its_sentence():
    texts, _ = timed([(0, sk.TextDelta("Two words, and thr")), (10, sk.TextDelta("ee. ")), (1, sk.TextDelta("E"))])
    assert texts == [(11, 0, "Two words, and three."), (11, 0, " E")]


def test_each_choice_waits_by_itself():
    pieces = [(0, sk.TextDelta("a b c", 0)), (0, sk.TextDelta("x y", 1))]
    pieces += [(1, sk.TextDelta(" z", 1)) for _ in range(5)] + [(1, sk.ReasoningDelta("hm", 0)) for _ in range(5)]
    texts, got = timed(pieces, max_wait=3)
    assert texts[0] == (3, 0, "a b")  # though the other goes on
    assert [text for text in texts if text[1] == 1] == [(8, 1, "x y z z z z"), (10, 1, " z")]
    assert [choice.text for choice in got.items[-1].choices] == ["a b c", "x y z z z z z"]


def test_what_waits_is_let_out_in_time_whatever_else_comes():
    besides = [sk.ReasoningDelta("hm"), sk.UsageUpdate(sk.Usage(1, 2)), sk.ToolCallDelta("1", 0), sk.TextDelta("")]
    pieces = [(0, sk.ToolCallDelta("{", 0, "id", "now")), (0, sk.TextDelta("a b c", 0)), (1, sk.TextDelta("x y", 1))]
    texts, got = timed(pieces + [(0.4, event) for event in besides * 5], max_wait=2)
    assert texts == [(2, 0, "a b"), (3, 1, "x"), (9, 0, " c"), (9, 1, " y")]
    assert [choice.text for choice in got.items[-1].choices] == ["a b c", "x y"]


@pytest.mark.parametrize("max_wait", [None, 50])
@pytest.mark.parametrize("call", [sk.ToolCallDelta("{", 0, "id", "now"), sk.ToolCall("id", "now", "{}")], ids=str)
def test_a_call_that_begins_lets_out_the_text_of_its_choice_before_it(call, max_wait):
    asked = []

    async def check(text):
        asked.append(text)
        await asyncio.sleep(1)
        return True

    pieces = [(0, sk.TextDelta("Two wo")), (0, sk.TextDelta("other", 1)), (5, call), (3, sk.ToolCallDelta("}", 0))]
    texts, got = timed([*pieces, (1, sk.TextDelta("rds. End"))], check, max_wait=max_wait)
    assert texts[0] == (6, 0, "Two wo")
    assert [type(item) for item in got.items[:2]] == [sk.TextDelta, type(call)]
    assert asked == ["Two wo", "rds.", "End", "other"]
    assert got.items[-1].choices[0].text == "Two words. End"


def test_the_time_is_that_of_the_scheduler_it_is_subscribed_to_on():
    async def main():
        virtual, source, shown = VirtualTimeScheduler(), Subject(), []
        guarded_stream = sk.stream(source).pipe(ops.guard(lambda text: True, max_wait=2))
        guarded_stream.subscribe(lambda event: shown.append(event.text), scheduler=virtual)
        source.on_next(sk.TextDelta("Two words, and thr"))
        at = []
        for _ in range(3):
            await settle()
            at.append(list(shown))
            virtual.advance_by(1.5)
        await settle()
        return at, shown

    async def settle():
        for _ in range(20):
            await asyncio.to_thread(caught_up)

    assert asyncio.run(main()) == ([[], [], ["Two words,"]], ["Two words,"])


def test_a_piece_that_waited_is_refused_or_replaced_like_any_other():
    pieces = [(0, sk.TextDelta("One. A bad so")), (9, sk.TextDelta("rt."))]
    texts, got = timed(pieces, lambda text: "bad" not in text, max_wait=2)
    assert texts == [(0, 0, "One.")]
    assert (got.items[-1].stopped_by, round(got.times[-1])) == ("guard", 2)
    texts, _ = timed(pieces, lambda text: text.upper(), max_wait=2)
    assert texts == [(0, 0, "ONE."), (2, 0, " A BAD"), (9, 0, " SORT.")]


def test_what_waited_comes_in_its_place_whatever_its_check_takes():
    async def check(text):
        await asyncio.sleep(7 if text == "One." else 0.5)
        return True

    pieces = [(0, sk.TextDelta("One. A b c")), (9, sk.ReasoningDelta("hm"))]
    texts, got = timed(pieces, check, max_wait=2, concurrency=3)
    assert [text for _, _, text in texts] == ["One.", " A b", " c"]
    assert [time for time, _, _ in texts] == [7, 7, 9.5]
    assert got.items[-1].text == "One. A b c"


def test_time_in_which_checks_hold_the_source_back_does_not_count():
    async def check(text):
        await asyncio.sleep(5)
        return True

    pieces = [(0, sk.TextDelta("One is. Two a")), (1, sk.TextDelta("nd on. "))]
    texts, _ = timed(pieces, check, max_wait=2, concurrency=1)
    assert [text for _, _, text in texts] == ["One is.", " Two and on.", " "]


def test_a_block_of_code_is_asked_about_as_a_whole():
    code = "```python\nx = 1\n\ny = 2\n"
    for end in ("```\nDone.", ""):
        asked = []
        pieces = [code[at : at + 4] for at in range(0, len(code), 4)] + [end][: bool(end)]
        got = guarded(lambda text, to=asked: to.append(text) or True, *pieces, max_wait=2)
        assert got.reply.text == code + end
        assert asked[0].strip() == (code + "```" if end else code.strip())


@pytest.mark.slow
def test_the_text_of_a_long_block_of_code_is_not_joined_before_its_end():
    """That would cost the square of its length."""

    def cut(pieces: int):
        cutter = GuardCutter(Segments)
        for piece in ["```\n", *["code" * 10] * pieces]:
            assert cutter.feed(sk.TextDelta(piece)) == []
        (asked,) = cutter.flush()
        assert asked.text == "```\n" + "code" * 10 * pieces

    check_linear_time(cut, 4_000, 64_000)


@given(st.lists(st.integers(1, 9), max_size=20), st.sampled_from(["sentence", "word", "line", "paragraph"]))
@settings(max_examples=30, deadline=None)
def test_nothing_is_lost_whatever_waits_where(sizes, unit):
    text, pieces, at = TEXT + "\n\n- a list\n```\ncode()\n```\nthe end", [], 0
    for number, size in enumerate([*sizes, len(TEXT) * 9]):
        if text[at : at + size]:
            pieces.append((number % 4, sk.TextDelta(text[at : at + size])))
        at += size
    texts, _ = timed(pieces, unit=unit, max_wait=1.5)
    assert "".join(shown for _, _, shown in texts) == text


def test_the_message_of_an_error_does_not_quote_what_nobody_approved():
    async def body():
        yield b'data: {"choices":[{"index":0,"delta":{"content":"Fine. "}}]}\n\n'
        yield b'data: {"choices":[{"index":0,"delta":{"content":"bad\n\n'

    got = testing.clock().run(sk.from_bytes(body).pipe(ops.guard(lambda text: "bad" not in text)))
    assert isinstance(got.error, sk.MalformedError)
    assert "bad" not in str(got.error)
    assert got.error.__cause__ is None
    assert got.error.partial.text == "Fine. "
