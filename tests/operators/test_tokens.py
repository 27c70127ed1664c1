"""Meter, budget and running counts: right figures for every way a reply can end, each with its origin."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
import reactivex as rx
from reactivex import operators as rxo

import streamkit as sk
from streamkit import operators as ops, testing
from streamkit.tokens import TokenCounter, encodings, prompt_tokens

TEXT = "Once upon a time, there was a stream."
PRICES = sk.Prices(input=2, output=10)
TOOLS = [("weather", {"city": "Bern"})]


def size(text: str) -> int:
    return TokenCounter("gpt-4o").feed(text)


def events_of(*events: Any) -> sk.Stream[Any]:
    return sk.stream(rx.of(*events))


def said(*events: Any, model: str = "gpt-4o") -> sk.Stream[Any]:
    return events_of(sk.Start("1", model), *events)


def collected(stream: Any, *branches: Any) -> Any:
    return testing.clock().run(stream, *branches)


def usages(items: list[Any]) -> list[sk.Usage]:
    return [item.usage for item in items if isinstance(item, sk.UsageUpdate)]


def own(completion: int, prompt: int | None = None, **more: Any) -> sk.Usage:
    """A count of ours."""
    total = None if prompt is None else prompt + completion
    return sk.Usage(prompt, completion, total, **{"origin": "exact", **more})


def client(*answers: Any, **options: Any) -> testing.ScriptedClient:
    return testing.client(*answers, **{"model": "gpt-4o", **options})


# -- count_tokens --------------------------------------------------------------------------------------------------


def test_count_tokens_tells_the_total_after_each_piece():
    script = testing.script("Once", " upon", " a time", reasoning="let me think")
    assert collected(script.pipe(ops.count_tokens("gpt-4o"))).items == [1, 2, 4]


def test_count_tokens_looks_at_the_first_choice_and_begins_anew_after_a_restart():
    events = (sk.TextDelta("one two"), sk.TextDelta("other", 1), sk.Restart("broke", "one"), sk.TextDelta(" three"))
    assert collected(events_of(*events).pipe(ops.count_tokens("gpt-4o"))).items == [2, 2]


def test_count_tokens_corrects_an_inexact_total_at_the_end():
    class Pairs:
        def encode_ordinary(self, text: str, /) -> list[int]:
            return [0] * ((len(text) + 1) // 2)

    counts = collected(events_of(*["abc"] * 500).pipe(ops.count_tokens(Pairs()))).items
    assert counts[-1] == 750
    assert counts[-2] != 750


# -- meter: complete replies ---------------------------------------------------------------------------------------


def test_a_meter_passes_everything_on_and_tells_the_usage_after_what_costs():
    events = [
        sk.Start("1", "gpt-4o"),
        sk.TextDelta("Hello"),
        sk.Other("ping"),
        sk.TextDelta(" world"),
        sk.Finish("stop"),
    ]
    got = collected(events_of(*events, sk.Reply()).pipe(ops.meter())).items
    assert [item for item in got if not isinstance(item, sk.UsageUpdate)][:-1] == events
    assert [item.type for item in got] == [
        "start",
        "text.delta",
        "usage",
        "other",
        "text.delta",
        "usage",
        "finish",
        "reply",
    ]
    assert usages(got) == [own(1), own(2)]
    assert got[-1].usage == own(2)


def test_the_prompt_is_that_of_the_request():
    history = [sk.system("Be brief."), sk.user("A story!")]
    with client(TEXT) as asked:
        got = collected(asked.chat(history).pipe(ops.meter())).items
    prompt = prompt_tokens(history, "gpt-4o").tokens
    first, *_, last = usages(got)
    assert first == own(0, prompt)
    assert [item.type for item in got[:3]] == ["start", "usage", "text.delta"]
    assert usages(got)[-2] == own(size(TEXT), prompt)
    assert last.origin == "provider"


def test_what_the_server_reports_wins_and_gets_its_cost():
    usage = sk.Usage(100, 20, 120, cached_tokens=50, reasoning_tokens=7)
    got = collected(testing.script(TEXT, usage=usage).pipe(ops.meter(sk.Prices(input=2, output=10, cached=1))))
    told = usages(got.items)[-1]
    assert told == got.reply.usage == sk.Usage(100, 20, 120, 50, 7, cost=(50 * 2 + 50 * 1 + 20 * 10) / 1e6)
    assert got.items[-1] is got.reply


def test_a_request_that_cannot_be_seen_may_be_given():
    got = collected(testing.script("Hi", model="gpt-4o").pipe(ops.meter(prompt="Hello?", tools=None)))
    assert got.reply.usage == own(1, prompt_tokens("Hello?", "gpt-4o").tokens)


@pytest.mark.parametrize("ask", ["complete", "respond"])
def test_the_other_apis_tell_their_prompts_too(ask: str):
    with client(testing.Script(TEXT, stall_after=3)) as asked:
        recorded = testing.clock().run(getattr(asked, ask)("Hello, world!").pipe(ops.meter()), until=5)
    usage = recorded.reply.usage
    assert (usage.prompt_tokens, usage.origin) == ((4, "partial") if ask == "complete" else (11, "estimate"))


def test_prompts_that_nobody_can_count_are_unknown():
    with client("Hi") as asked:
        got = collected(asked.chat("x", extra={"messages": [{"role": "user", "content": 5}]}).pipe(ops.meter()))
    assert usages(got.items)[0] == own(1)


def test_all_choices_count_and_the_prompt_counts_once():
    events = (sk.TextDelta("one two", 0), sk.TextDelta("three", 1), sk.TextDelta(" four", 1))
    assert collected(said(*events, sk.Reply()).pipe(ops.meter())).reply.usage == own(4)


def test_thinking_counts_as_an_estimate():
    events = (sk.ReasoningDelta("let me think"), sk.TextDelta("Hi"), sk.RefusalDelta("no"))
    got = collected(said(*events, sk.Reply()).pipe(ops.meter()))
    assert got.reply.usage == own(5, reasoning_tokens=3, origin="estimate")


def test_tool_calls_count_once_in_pieces_or_whole():
    pieces = collected(testing.script(tool_calls=TOOLS * 2, model="gpt-4o").pipe(ops.meter()))
    call = size("weather") + size('{"city": "Bern"}') + 7
    assert pieces.reply.usage == own(2 * call, origin="estimate")
    whole = said(sk.ToolCall("1", "weather", '{"city": "Bern"}'), sk.Reply())
    assert collected(whole.pipe(ops.meter())).reply.usage == own(call, origin="estimate")


@pytest.mark.parametrize(
    ("model", "origin"),
    [("gpt-4o", "exact"), ("o3-mini", "partial"), ("", "estimate"), ("claude-sonnet-4-5", "estimate")],
)
def test_the_origin_depends_on_what_is_known_of_the_model(model: str, origin: str):
    got = collected(said(sk.TextDelta("Hi"), sk.Reply(), model=model).pipe(ops.meter()))
    assert got.reply.usage == own(1, origin=origin)


def test_the_encoding_may_be_given_where_the_server_has_other_names():
    got = collected(said(sk.TextDelta("Hi"), sk.Reply(), model="my-deployment").pipe(ops.meter(encoding="gpt-4o")))
    assert got.reply.usage == own(1)


def test_prices_of_each_model():
    prices = {"gpt-4o": PRICES}
    meter = ops.meter(prices)

    def cost(model: str) -> float | None:
        return collected(said(sk.TextDelta("Hi"), sk.Reply(), model=model).pipe(meter)).reply.usage.cost

    assert (cost("gpt-4o-2024-08-06"), cost("gpt-4o-mini")) == (1e-05, None)


def test_a_line_of_json_keeps_the_cost():
    update = sk.UsageUpdate(own(2, 3, cost=0.25))
    assert sk.from_json(sk.to_json(update)) == update


def test_a_meter_where_only_text_comes_says_so():
    with pytest.raises(TypeError, match=r"meter\(\) works on events, but stands behind text\(\)"):
        testing.script("a").pipe(ops.text(), ops.meter())
    got = collected(events_of("a", "b").pipe(ops.meter()))
    assert isinstance(got.error, TypeError)
    assert "put it before" in str(got.error)


# -- meter: the server's figures and what comes after them ---------------------------------------------------------


def test_running_reports_stand_and_what_follows_is_added():
    events = (
        sk.TextDelta("one two"),
        sk.UsageUpdate(sk.Usage(10, 5, 15)),
        sk.TextDelta(" three"),
        sk.UsageUpdate(sk.Usage(10, 8, 18)),
        sk.Reply(usage=sk.Usage(10, 8, 18)),
    )
    got = collected(said(*events).pipe(ops.meter()))
    assert usages(got.items) == [own(2), sk.Usage(10, 5, 15), own(6, 10, origin="partial"), sk.Usage(10, 8, 18)]
    assert got.reply.usage == sk.Usage(10, 8, 18)


def test_a_report_that_lacks_figures_is_completed():
    only_prompt = (sk.UsageUpdate(sk.Usage(10)), sk.TextDelta("one two"), sk.Reply())
    assert collected(said(*only_prompt).pipe(ops.meter())).reply.usage == own(2, 10, origin="partial")
    only_completion = (sk.TextDelta("one two"), sk.UsageUpdate(sk.Usage(None, 2)), sk.Reply())
    got = collected(said(*only_completion).pipe(ops.meter(prompt="Hello?")))
    assert got.reply.usage == own(2, prompt_tokens("Hello?", "gpt-4o").tokens, origin="partial")


def test_a_report_to_which_nothing_can_be_added_stands():
    lacking = sk.Usage(None, 2)
    assert (
        collected(said(sk.TextDelta("one"), sk.UsageUpdate(lacking), sk.Reply()).pipe(ops.meter())).reply.usage
        == lacking
    )


def test_figures_that_only_the_reply_has_count():
    got = collected(said(sk.TextDelta("Hi"), sk.Reply(usage=sk.Usage(1, 2, 3))).pipe(ops.meter(PRICES)))
    assert got.reply.usage == usages(got.items)[-1] == sk.Usage(1, 2, 3, cost=22e-6)


# -- meter: replies that end before their time ---------------------------------------------------------------------


def test_a_broken_reply():
    got = collected(testing.script("Once", " upon", " a", model="gpt-4o", drop_after=2).pipe(ops.meter()))
    assert isinstance(got.error, sk.BrokenError)
    assert got.error.partial.usage == own(2, origin="partial")
    assert usages(got.items)[-1] == own(2)


def test_a_truncated_reply():
    got = collected(testing.script("Once", model="gpt-4o", finish="", done=False).pipe(ops.meter()))
    assert got.error.partial.outcome == "truncated"
    assert got.error.partial.usage == own(1, origin="partial")


@pytest.mark.parametrize("after", [(), (ops.redact("email"),), (ops.text(),)], ids=["meter", "redact", "text"])
def test_a_cancelled_reply(after: Any):
    async def main() -> Any:
        with client(testing.Script("Once upon a time", every=1)) as asked:
            run = sk.start(asked.chat("A story!").pipe(ops.meter(PRICES), *after), lambda item: None)
            await asyncio.sleep(1.5)
            running = run.usage
            run.cancel()
            return running, await run, run.usage

    running, reply, usage = testing.clock().run_coroutine(main())
    prompt = prompt_tokens("A story!", "gpt-4o").tokens
    assert reply.outcome == "cancelled"
    assert "Once upon".startswith(reply.text)  # a part may have been held back
    assert reply.usage == usage == own(2, prompt, origin="partial", cost=(prompt * 2 + 2 * 10) / 1e6)
    assert running == usage


def test_a_reply_that_is_cancelled_before_its_first_word_has_cost_its_prompt():
    with client(testing.Script("Once", stall_after=0)) as asked:
        got = testing.clock().run(asked.chat("A story!").pipe(ops.meter()), until=5)
    assert got.reply.usage == own(0, prompt_tokens("A story!", "gpt-4o").tokens, origin="partial")


def test_a_request_that_no_server_took_has_cost_nothing():
    with client(sk.StatusError("no", status=400)) as asked:
        got = collected(asked.chat("A story!").pipe(ops.meter()))
    assert isinstance(got.error, sk.StatusError)
    assert got.error.partial.usage is None


@pytest.mark.parametrize(
    "stop", [ops.stop_at("END"), ops.stop_when(lambda event: getattr(event, "text", "") == " two")]
)
def test_a_reply_that_is_stopped_further_down(stop: Any):
    got = collected(testing.script("one", " two", " END", " more", model="gpt-4o").pipe(ops.meter(), stop))
    assert (got.reply.outcome, got.reply.text.strip()) == ("stopped", "one two")
    assert got.reply.usage.origin == "partial"
    assert 1 <= got.reply.usage.completion_tokens <= 3


def test_a_reply_whose_reader_leaves():
    async def main() -> Any:
        run = sk.start(
            testing.script("one", " two", " three", model="gpt-4o").pipe(ops.meter(), ops.text(), rxo.take(2))
        )
        return await run

    reply = testing.clock().run_coroutine(main())
    assert (reply.outcome, reply.usage) == ("stopped", own(2, origin="partial"))


# -- meter: several requests ---------------------------------------------------------------------------------------


def test_a_reply_that_is_continued_was_paid_for_twice():
    def more(partial: sk.Reply) -> sk.Stream[sk.Event]:
        return testing.script(" upon a time", usage=sk.Usage(10, 4, 14), model="gpt-4o")

    broken = testing.script("Once", " up", model="gpt-4o", drop_after=1)
    got = collected(broken.pipe(ops.continue_with(more), ops.meter(prompt="A story!")))
    prompt = prompt_tokens("A story!", "gpt-4o").tokens
    assert got.reply.usage == own(1 + 4, prompt + 10, origin="partial", requests=2)


@pytest.mark.parametrize("usage", [None, sk.Usage(30, 5, 35)])
def test_the_rounds_of_a_tool_loop_are_added_up(usage: sk.Usage | None):
    answers = [testing.Script(tool_calls=TOOLS, usage=usage), testing.Script("Rain.", usage=usage)]
    with client(*answers) as asked:
        loop = sk.tool_loop(asked.chat, "Weather?", {"weather": lambda city: "rain"})
        got = collected(loop.pipe(ops.meter()))
    found = usages(got.items)
    assert got.reply.usage == found[-1]
    if usage is not None:
        assert got.reply.usage == sk.Usage(60, 10, 70, requests=2)
    totals = [one.total_tokens for one in found if one.origin != "provider"]
    assert totals == sorted(totals)


def test_side_by_side_every_meter_has_its_own_request():
    with client("One.") as asked:
        streams = {name: asked.chat(name).pipe(ops.meter()) for name in ("Hi", "Hello over there, all of you!")}
        got = collected(sk.side_by_side(streams)).items
    first = {
        item.label: item.item.usage.prompt_tokens for item in reversed(got) if isinstance(item.item, sk.UsageUpdate)
    }
    assert first == {name: prompt_tokens(name, "gpt-4o").tokens for name in streams}


def test_the_loser_of_a_race_is_metered_too():
    async def main() -> Any:
        near = testing.script("fast", first=1, model="gpt-4o").pipe(ops.meter())
        with client(testing.Script("slow", first=5)) as asked:
            run = sk.start(sk.race(near, asked.chat("Hi").pipe(ops.meter())), print)
            await run
            return run.replies

    winner, loser = testing.clock().run_coroutine(main())
    assert winner.usage == own(1)
    assert loser.usage == own(0, prompt_tokens("Hi", "gpt-4o").tokens, origin="partial")


def test_a_meter_in_a_branch_knows_the_request_of_the_run():
    seen: list[sk.Usage] = []
    with client("Hi") as asked:
        collected(asked.chat("Hello?"), sk.branch(ops.meter(), into=sk.on(usage=seen.append)))
    assert seen[0] == own(0, prompt_tokens("Hello?", "gpt-4o").tokens)


# -- meter: nothing goes wrong because of it -----------------------------------------------------------------------


def test_nothing_is_loaded_while_a_stream_runs(monkeypatch: pytest.MonkeyPatch):
    meter = ops.meter()
    monkeypatch.setattr(encodings, "_loaded", {"o200k_base": encodings.load_encoding("o200k_base")})
    monkeypatch.setattr(encodings, "_load", pytest.fail)
    with client("Hi", model="gpt-4") as asked:
        got = collected(asked.chat("Hello?").pipe(meter))
    assert {usage.origin for usage in usages(got.items)[:-1]} == {"estimate"}


def test_a_tokenizer_that_fails_makes_an_estimate():
    class Fails:
        def encode_ordinary(self, text: str, /) -> list[int]:
            if "8" in text:
                raise KeyError("no eights")
            return [0] * len(text)

    got = collected(testing.script("abc", "8" * 40, "abcd").pipe(ops.meter(encoding=Fails(), prompt="88")))
    assert got.error is None
    assert got.reply.usage == own(3 + 10 + 1, origin="estimate")


def test_an_observable_of_somebody_else_can_be_metered():
    events = (sk.UsageUpdate(sk.Usage(10, 0, 10)), sk.Start("1", "gpt-4o"), sk.TextDelta("Hi"))
    got = collected(events_of(*events).pipe(ops.meter()))
    assert usages(got.items)[-1] == own(1, 10, origin="partial")


# -- budget --------------------------------------------------------------------------------------------------------


def test_a_budget_ends_the_reply_and_cancels_the_request():
    with client(testing.Script(TEXT, every=1)) as asked:
        prompt = prompt_tokens("A story!", "gpt-4o").tokens
        got = collected(asked.chat("A story!").pipe(ops.budget(prompt + 4)))
        assert asked.requests[0].outcome == "cancelled"
    assert (got.reply.outcome, got.reply.stopped_by, got.reply.text) == ("stopped", "budget", "Once upon a time")
    assert got.reply.usage == own(4, prompt, origin="partial")
    assert got.items[-1] == got.reply


def test_a_reply_that_just_fits_is_complete():
    for tokens in (size(TEXT), 10**9):
        got = collected(testing.script(TEXT, model="gpt-4o").pipe(ops.budget(tokens)))
        assert (got.reply.outcome, got.reply.text, got.reply.usage) == ("complete", TEXT, own(size(TEXT)))


def test_one_huge_piece_is_cut_as_well():
    got = collected(said(sk.TextDelta("word " * 100_000), sk.Reply()).pipe(ops.budget(50_000)))
    assert got.reply.text == ("word " * 50_000)[:-1]
    assert got.reply.usage.completion_tokens == 50_000


def test_a_prompt_that_exceeds_the_budget_ends_it_before_the_first_word():
    with client("Hi") as asked:
        got = collected(asked.chat("A long question!").pipe(ops.budget(3)))
    assert [item.type for item in got.items] == ["start", "reply"]
    assert (got.reply.text, got.reply.outcome) == ("", "stopped")


def test_money():
    stream = testing.script(TEXT, model="gpt-4o").pipe(ops.budget(cost=30e-6, prices={"gpt-4o": PRICES}))
    reply = collected(stream).reply
    assert (reply.text, reply.usage.cost) == ("Once upon a", pytest.approx(30e-6))
    for prices, cost in ((sk.Prices(input=1, output=0), 0), (PRICES, 1.0)):
        assert collected(testing.script(TEXT).pipe(ops.budget(cost=cost, prices=prices))).reply.text == TEXT


def test_money_without_a_price_is_an_error_before_anything_is_shown():
    stream = testing.script(TEXT, model="other").pipe(ops.budget(cost=1, prices={"gpt-4o": PRICES}))
    got = collected(stream)
    assert isinstance(got.error, sk.BudgetError)
    assert "'other'" in str(got.error)
    assert got.error.partial.text == ""
    assert got.items == []


def test_money_without_a_price_for_a_second_model_keeps_what_was_shown():
    broken = testing.script("Once", " up", model="gpt-4o", drop_after=1)
    more = broken.pipe(ops.continue_with(lambda partial: testing.script("more", model="other")))
    got = collected(more.pipe(ops.budget(cost=1, prices={"gpt-4o": PRICES}), ops.note("end")))
    assert isinstance(got.error, sk.BudgetError)
    assert [item.type for item in got.items] == ["start", "text.delta", "restart"]


@pytest.mark.parametrize("given", [{}, {"tokens": -1}, {"cost": -1.0, "prices": PRICES}, {"cost": 1.0}])
def test_a_budget_that_is_none_is_told_at_once(given: Any):
    with pytest.raises(ValueError, match="budget"):
        ops.budget(**given)


def test_a_tool_call_is_let_through_as_far_as_it_fits():
    args = '{"city": "Bern", "days": 3}'
    begin = size("weather") + 7
    pieces = [sk.ToolCallDelta("", 0, "1", "weather"), sk.ToolCallDelta(args), sk.ToolCall("1", "weather", args)]
    for tokens, shown in ((begin - 1, 0), (begin, 1), (begin + 2, 2), (begin + size(args), 3)):
        got = collected(said(*pieces, sk.Reply()).pipe(ops.budget(tokens))).items
        assert len(got) == 1 + shown + 1
    assert collected(said(pieces[2], sk.Reply()).pipe(ops.budget(begin + 1))).items[1].outcome == "stopped"


@pytest.mark.parametrize("usage", [sk.Usage(10, 9, 19), None])
def test_a_drained_budget_shows_nothing_more_and_waits_for_the_figures(usage: sk.Usage | None):
    shown: list[str] = []
    with client(testing.Script(TEXT, every=1, usage=usage)) as asked:
        got = collected(asked.chat("Hi").pipe(ops.budget(12, drain=True)), sk.branch(ops.text(), into=shown.append))
        assert asked.requests[0].outcome == "done"
    assert (got.reply.text, got.reply.outcome, got.reply.stopped_by) == ("".join(shown), "stopped", "budget")
    assert TEXT.startswith(got.reply.text)
    assert got.reply.text != TEXT
    assert got.reply.usage.origin == "provider"
    if usage is not None:
        assert got.reply.usage == usage


def test_what_breaks_while_a_budget_drains_is_no_error():
    script = testing.script("one", " two", " three", " four", model="gpt-4o", drop_after=3)
    got = collected(script.pipe(ops.budget(1, drain=True)))
    assert got.error is None
    assert (got.reply.text, got.reply.usage) == ("one", own(3, origin="partial"))


def test_a_budget_tells_the_usage_of_replies_that_break_or_are_cancelled():
    broken = collected(testing.script("one", " two", model="gpt-4o", drop_after=1).pipe(ops.budget(100)))
    assert broken.error.partial.usage == own(1, origin="partial")
    cancelled = testing.clock().run(
        testing.script("one", " two", every=1, model="gpt-4o").pipe(ops.budget(9)), until=0.5
    )
    assert (cancelled.reply.outcome, cancelled.reply.usage) == ("cancelled", own(1, origin="partial"))


def test_a_budget_below_a_view_still_tells_the_run():
    async def main() -> Any:
        return await sk.start(testing.script("one", " two", model="gpt-4o").pipe(ops.budget(1), ops.text()), print)

    reply = testing.clock().run_coroutine(main())
    assert (reply.text, reply.outcome, reply.stopped_by) == ("one", "stopped", "budget")


@pytest.mark.parametrize("usage", [None, sk.Usage(40, 5, 45)])
def test_a_budget_takes_the_figures_of_a_meter_wherever_that_is(usage: sk.Usage | None):
    def ended(inner: Any, *outer: Any) -> sk.Reply:
        with client(testing.Script(tool_calls=TOOLS, usage=usage), "rain " * 80) as asked:
            loop = sk.tool_loop(lambda asks: inner(asked.chat(asks)), "Weather?", {"weather": lambda city: "rain"})
            return collected(loop.pipe(*outer)).reply

    def plain(stream: Any) -> Any:
        return stream

    def metered(stream: Any) -> Any:
        return stream.pipe(ops.meter(PRICES))

    found = [ended(plain, ops.budget(100)), ended(metered, ops.budget(100))]
    found += [ended(plain, ops.meter(), ops.budget(100)), ended(metered, ops.meter(), ops.budget(100))]
    assert {reply.outcome for reply in found} == {"stopped"}
    assert {reply.text for reply in found} == {found[0].text}
    assert {(reply.usage.total_tokens, reply.usage.requests) for reply in found} == {(100, 2)}


def test_a_cost_is_never_that_of_less_text():
    def usage(*operators: Any) -> Any:
        return collected(testing.script(TEXT, model="gpt-4o").pipe(*operators)).reply.usage

    assert usage(ops.meter(PRICES), ops.budget(5)) == own(5, origin="partial")
    for operators in ((ops.meter(PRICES), ops.budget(5, prices=PRICES)), (ops.budget(5), ops.meter(PRICES))):
        assert usage(*operators) == own(5, origin="partial", cost=5 * 10 / 1e6)


@pytest.mark.parametrize("operator", [ops.meter, lambda prices: ops.budget(5, prices=prices)])
def test_what_are_no_prices_is_told_before_a_stream_runs(operator: Any):
    with pytest.raises(TypeError, match="prices"):
        operator({"gpt-4o": 5})


def test_rounds_without_words_count_too():
    first = (sk.Start("1", "gpt-4o"), sk.Other("function_call"), sk.UsageUpdate(sk.Usage(10, 5, 15)))
    second = (sk.Start("2", "gpt-4o"), sk.UsageUpdate(sk.Usage(20, 5, 25)), sk.Reply())
    got = collected(events_of(*first, *second).pipe(ops.meter()))
    assert got.reply.usage == sk.Usage(30, 10, 40, requests=2)


@pytest.mark.parametrize("figure", [10**308, -1, 2.0**80])
def test_a_figure_without_sense_costs_nothing_and_is_named(figure: float):
    usage = {"prompt_tokens": 5, "completion_tokens": figure}
    chunk = {
        "id": "r",
        "model": "gpt-4o",
        "choices": [{"index": 0, "delta": {"content": TEXT}, "finish_reason": "stop"}],
    }
    body = b"data: " + json.dumps({**chunk, "usage": usage}).encode() + b"\n\ndata: [DONE]\n\n"
    reply = sk.run(sk.from_bytes([body]).pipe(ops.meter(PRICES)))
    assert reply.usage.prompt_tokens == 5
    assert 0 < reply.usage.completion_tokens < 2 * len(TEXT)
    assert reply.usage.cost < 1
    assert "completion_tokens" in reply.warnings[0]


# -- a price list without the model --------------------------------------------------------------------------------


@pytest.mark.parametrize("usage", [None, sk.Usage(3, 2, 5)])
def test_a_price_list_without_the_model_is_told(usage: sk.Usage | None, caplog: pytest.LogCaptureFixture):
    stream = testing.script("one", " two", usage=usage, model="gpt-x").pipe(
        ops.meter({"other": PRICES, "more": PRICES})
    )
    text = "there is no price for the model 'gpt-x', so its cost is not known either: there are prices for other, more"
    for _ in range(3):
        reply = collected(stream).reply
        assert reply.usage.cost is None
        assert reply.warnings == (text,)
    assert [record.getMessage() for record in caplog.records if record.name == "streamkit"] == [text]


def test_a_price_list_without_the_model_is_told_of_a_reply_that_broke(caplog: pytest.LogCaptureFixture):
    got = collected(testing.script("one", model="gpt-x", drop_after=1).pipe(ops.meter({"other": PRICES})))
    assert len(got.error.partial.warnings) == len([one for one in caplog.records if one.name == "streamkit"]) == 1


def test_a_price_list_with_the_model_says_nothing(caplog: pytest.LogCaptureFixture):
    for prices in (None, PRICES, {"gpt-x": PRICES}):
        reply = collected(testing.script("one", model="gpt-x-2024-05-06").pipe(ops.meter(prices))).reply
        assert (reply.warnings, reply.usage.cost is None) == ((), prices is None)
    assert not [record for record in caplog.records if record.name == "streamkit"]


def test_a_price_list_without_the_model_of_a_round_is_told(caplog: pytest.LogCaptureFixture):
    rounds = [testing.script(tool_calls=TOOLS, model="gpt-a"), testing.script("Rain.", model="gpt-b")]
    loop = sk.tool_loop(lambda messages: rounds[len(messages) > 1], "?", {"weather": lambda city: "rain"})
    reply = collected(loop.pipe(ops.meter({"gpt-b": PRICES}))).reply
    assert [warning.partition(",")[0] for warning in reply.warnings] == ["there is no price for the model 'gpt-a'"]


def test_a_reply_that_names_no_model_has_no_price_by_model(caplog: pytest.LogCaptureFixture):
    reply = collected(events_of(sk.TextDelta("a"), sk.Reply()).pipe(ops.meter({"other": PRICES}))).reply
    assert [warning.partition(",")[0] for warning in reply.warnings] == ["the model of the reply is not known"]


def test_a_budget_of_tokens_tells_of_a_price_that_is_missing(caplog: pytest.LogCaptureFixture):
    reply = collected(testing.script("one", model="gpt-x").pipe(ops.budget(99, prices={"other": PRICES}))).reply
    assert reply.warnings[0].startswith("there is no price for the model 'gpt-x'")
    got = collected(testing.script("one", model="gpt-x").pipe(ops.budget(cost=1, prices={"other": PRICES})))
    assert isinstance(got.error, sk.BudgetError)
    assert len([record for record in caplog.records if record.name == "streamkit"]) == 1


def test_a_batch_tells_of_a_price_that_is_missing(caplog: pytest.LogCaptureFixture):
    with client("One.") as asked:
        items = list(sk.batch(["a", "b"], asked.chat, prices={"other": PRICES}))
    assert [item.cost for item in items] == [None, None]
    told = [record.getMessage() for record in caplog.records if record.name == "streamkit"]
    assert [text.partition(",")[0] for text in told] == ["there is no price for the model 'gpt-4o'"]
