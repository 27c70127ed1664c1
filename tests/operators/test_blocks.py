"""Blocks, citations, files and tools of the server on their way through operators."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import reactivex as rx

import streamkit as sk
from streamkit import operators as ops, sinks, testing
from streamkit.stages import Fold
from streamkit.turns import slot
from tests.operators.reach import everything

SECRET = "bob@example.org"
SIGNATURE = "c2lnbmVkIGJ5IGJvYkBleGFtcGxlLm9yZw"
FORM = {"type": "thinking", "thinking": slot("reasoning", "Hm.", sealed=True), "signature": SIGNATURE}


def blocks_of_messages(*texts: str) -> list[Any]:
    return [
        event
        for number, text in enumerate(texts)
        for event in (
            sk.BlockStart("message", f"m{number}"),
            sk.TextDelta(text),
            sk.BlockEnd("message", f"m{number}", form={"type": "message", "n": slot("text", text)}),
        )
    ]


def played(*events: Any) -> sk.Stream[Any]:
    """The events as a stream of their own, with the Reply that they make up."""
    fold = Fold()
    for event in events:
        fold.feed(event)
    return sk.stream(rx.of(*events, fold.reply(origin=sk.Origin("responses"))))


def test_two_messages_of_one_response_are_two_paragraphs():
    stream = played(*blocks_of_messages("I look.", "It rains."), sk.Finish("stop"))
    memory = sinks.memory()
    heard: list[str] = []
    reply = sk.run(stream, sk.branch(into=memory), sk.on(text=heard.append))
    assert list(stream.pipe(ops.text())) == ["I look.", "\n\nIt rains."]
    assert list(stream.pipe(ops.sentences())) == ["I look.", "It rains."]
    assert list(stream.pipe(ops.snapshots()))[-1] == memory.text == "".join(heard) == "I look.\n\nIt rains."
    assert reply.text == "I look.It rains."


def test_blocks_of_text_of_another_kind_are_one_text():
    parts = [
        sk.BlockStart("text"),
        sk.TextDelta("It rai"),
        sk.BlockEnd("text"),
        sk.BlockStart("text"),
        sk.TextDelta("ns."),
    ]
    assert list(played(*parts, sk.BlockEnd("text")).pipe(ops.sentences())) == ["It rains."]


def test_snapshots_of_whole_replies():
    call = sk.ToolCall("c1", "f", "{}")
    stream = played(sk.Start("r"), sk.TextDelta("Hi"), sk.ReasoningDelta("Hm"), call, sk.Finish("tool_calls"))
    snapshots = list(stream.pipe(ops.snapshots(whole=True)))
    assert [(one.text, one.reasoning, len(one.tool_calls), one.outcome) for one in snapshots] == [
        ("Hi", "", 0, "truncated"),
        ("Hi", "Hm", 0, "truncated"),
        ("Hi", "Hm", 1, "truncated"),
        ("Hi", "Hm", 1, "truncated"),
        ("Hi", "Hm", 1, "complete"),
    ]
    assert snapshots[-1] is list(stream)[-1]


def test_snapshots_of_whole_replies_have_what_the_answer_of_the_server_says():
    with testing.client(testing.Script("Hi there", headers={"x-request-id": "r-1"})) as client:
        snapshots = list(client.chat("?").pipe(ops.snapshots(whole=True)))
    assert [one.text for one in snapshots][:2] == ["Hi", "Hi there"]
    assert {one.headers.get("x-request-id") for one in snapshots} == {"r-1"}
    assert all(one.timing.first_content for one in snapshots)


def test_what_is_hidden_is_in_no_form_and_signatures_stay():
    quote = f"written to {SECRET}"
    events = [
        sk.BlockStart("thinking"),
        sk.ReasoningDelta("Hm."),
        sk.BlockEnd("thinking", form=FORM),
        sk.ServerTool(
            "web_search_call", "w", "search", "completed", {"@user": quote}, [quote], form={SECRET: quote, "id": "w"}
        ),
        sk.Citation("url_citation", f"https://x.org/?{SECRET}", quote, quote, 0, 3, form={"title": quote}),
        sk.File("file", "f", name=quote, url=quote, form={"text": quote, "data": SIGNATURE}),
        sk.ToolCall(
            "c1", "f", "{}", extra={"note": quote, "extra_content": {"google": {"thought_signature": SIGNATURE}}}
        ),
        sk.Finish("stop"),
    ]
    out = list(played(*events).pipe(ops.redact("email")))
    assert SECRET not in everything(out)
    assert Counter(map(type, out[:-1])) == Counter(map(type, events))
    (block,) = (event for event in out if isinstance(event, sk.BlockEnd))
    assert block.form == FORM
    reply = out[-1]
    assert reply.choices[0].parts[0].form == FORM
    assert reply.tool_calls[0].extra["extra_content"]["google"]["thought_signature"] == SIGNATURE


def test_a_secret_that_spans_two_blocks_of_text_is_hidden():
    ends = [sk.BlockEnd("text", form={"type": "text"}), sk.BlockStart("text", "2")]
    events = [sk.BlockStart("text"), sk.TextDelta("to bob@exa"), *ends, sk.TextDelta("mple.org ok"), sk.Finish("stop")]
    out = list(played(*events).pipe(ops.redact("email")))
    assert out[-1].text == "to [redacted] ok"
    assert "bob@" not in everything(out)


def test_a_thought_keeps_its_signature_though_its_last_word_was_held():
    thought = {"type": "thinking", "thinking": slot("reasoning", "Ask bob", sealed=True), "signature": "S"}
    events = [sk.BlockStart("thinking"), sk.ReasoningDelta("Ask bob"), sk.BlockEnd("thinking", form=thought)]
    events += [sk.BlockStart("text"), sk.TextDelta("Hi"), sk.BlockEnd("text"), sk.Finish("stop")]
    (part, *_) = list(played(*events).pipe(ops.redact("email")))[-1].choices[0].parts
    assert (part.kind, part.reasoning, part.form) == ("thinking", 7, thought)


BETWEEN: dict[str, list[Any]] = {
    "nothing": [],
    "a call": [sk.ToolCallDelta("{}", id="c", name="f"), sk.ToolCall("c", "f", "{}", call=0)],
    "a whole call": [sk.ToolCall("c", "f", "{}")],
    "a tool of the server": [sk.ServerTool("s", "1", form={"type": "s"})],
    "a file": [sk.File("image", "1", form={"type": "s"})],
    "a citation": [sk.Citation("page", form={"type": "page"})],
    "something else": [sk.Other("x")],
    "a block without text": [sk.BlockStart("x"), sk.BlockEnd("x", form={"type": "x"})],
    "a block and a call": [sk.BlockStart("x"), sk.BlockEnd("x"), sk.ToolCall("c", "f", "{}")],
}


@pytest.mark.parametrize("between", BETWEEN)
@pytest.mark.parametrize("delta", [sk.TextDelta, sk.ReasoningDelta, sk.RefusalDelta])
@pytest.mark.parametrize("kind", ["text", "message"])
def test_a_secret_that_goes_on_after_something_else_is_hidden(kind: str, delta: Any, between: str):
    def block(number: str, *texts: str) -> Iterator[Any]:
        yield sk.BlockStart(kind, number)
        yield from map(delta, texts)
        yield sk.BlockEnd(kind, number, form={"type": kind})

    for cut in range(1, len(SECRET)):
        first, second = block("1", "to " + SECRET[:cut]), block("2", SECRET[cut:], " ok.")
        out = list(played(*first, *BETWEEN[between], *second, sk.Finish("stop")).pipe(ops.redact("email")))
        shown = out[-1].choices[0]
        assert (shown.text or shown.reasoning or shown.refusal) == "to [redacted] ok."
        assert SECRET[:cut] not in [getattr(event, "text", "").strip() for event in out[:-1]]


@pytest.mark.parametrize("between", BETWEEN)
def test_forms_fit_though_the_last_word_before_them_was_held(between: str):
    form = {"type": "thinking", "thinking": slot("reasoning", "Ask bob", sealed=True), "signature": "S"}
    events = [sk.BlockStart("thinking"), sk.ReasoningDelta("Ask bob"), sk.BlockEnd("thinking", form=form)]
    events += [*BETWEEN[between], sk.BlockStart("text"), sk.TextDelta("Hi"), sk.BlockEnd("text"), sk.Finish("stop")]
    shown, plain = list(played(*events).pipe(ops.redact("email")))[-1], list(played(*events))[-1]
    assert shown.choices[0].parts == plain.choices[0].parts


def test_what_is_opaque_by_name_only_is_hidden_and_so_are_what_models_wrote_and_the_servers_words():
    spoof = (
        {"@type": "Person", "name": SECRET},
        {"@text": 3, "sum": SECRET},
        {"@text": SECRET},
        {"@text": 1, "x": SECRET},
    )
    form = {"id": SECRET, "data": f"to {SECRET}", "input": {"id": SECRET}, "output": [{SECRET: 1}], "x": list(spoof)}
    events = [
        sk.Start(SECRET, SECRET, SECRET),
        sk.BlockStart(SECRET, SECRET),
        sk.BlockEnd(SECRET, SECRET, form=form),
        sk.ServerTool(SECRET, SECRET, SECRET, SECRET, {"id": SECRET}, {"data": SECRET}, form=form),
        sk.File(SECRET, SECRET, SECRET, f"to {SECRET}", SECRET, SECRET, form=form),
        sk.Citation(SECRET, SECRET, SECRET, SECRET, form=form),
        sk.ToolCallDelta("{}", 0, SECRET, SECRET),
        sk.ToolCall(SECRET, SECRET, "{}", call=0, extra=form),
        sk.Other(SECRET),
        sk.Finish(SECRET),
    ]
    assert SECRET not in everything(list(played(*events).pipe(ops.redact("email"))))


def test_words_that_the_api_reads_stay_though_a_rule_matches_them():
    form = {"id": "rs_4111111111111111", "encrypted_content": "4111111111111111", "type": "reasoning"}
    events = [sk.BlockStart("reasoning", form["id"]), sk.BlockEnd("reasoning", form["id"], form=form)]
    out = list(
        played(*events, sk.TextDelta("4111 1111 1111 1111"), sk.Finish("stop")).pipe(ops.redact("card", "phone"))
    )
    assert [out[0].id, out[1].form, out[-1].text] == [form["id"], form, "[redacted]"]


@pytest.mark.parametrize("wrapped", [lambda form: form, lambda form: {"reasoning_details": [form]}])
def test_the_check_sum_of_what_was_hidden_is_not_shown(wrapped: Any):
    """It would show which of a few thousand possible numbers it was."""
    for thought, is_hidden in (("PIN 1234.", True), ("No PIN.", False)):
        sealed = slot("reasoning", thought, sealed=True)
        block = sk.BlockEnd("thinking", form=wrapped({"thinking": sealed, "signature": "S"}))
        events = [sk.BlockStart("thinking"), sk.ReasoningDelta(thought), block, sk.TextDelta("Hi"), sk.Finish("stop")]
        out = list(played(*events).pipe(ops.redact((r"\d{4}", "####"))))
        assert (sealed["sum"] in everything(out)) is not is_hidden
        assert sk.from_json(sk.to_json(out[-1])).messages == out[-1].messages


def test_a_citation_does_not_tell_the_text_that_was_not_approved():
    citation = sk.Citation("web", "https://x.org", "X", form={"groundingSupport": {"segment": {"text": "so bad"}}})
    stream = played(sk.TextDelta("so bad"), citation, sk.Finish("stop")).pipe(ops.guard(lambda _: "#"))
    *events, reply = testing.clock().run(stream).items
    assert "so bad" not in everything([*events, reply])
    assert reply.choices[0].citations == (sk.Citation("web", "https://x.org", "X"),)


def test_headers_and_what_a_cut_reply_says_of_itself_are_hidden():
    reply = sk.Reply(id=SECRET, model=SECRET, headers={"via": f"by {SECRET}", "x-request-id": "1"}, outcome="complete")
    (out,) = list(sk.stream(rx.of(reply)).pipe(ops.redact("email")))
    assert SECRET not in everything(out)
    assert out.headers["x-request-id"] == "1"


def test_a_reply_and_its_messages_survive_json():
    events = [*blocks_of_messages("I look."), sk.ToolCall("c1", "f", "{}", api="responses"), sk.Finish("stop")]
    reply = list(played(*events))[-1]
    again = sk.from_json(sk.to_json(reply))
    assert isinstance(again, sk.Reply)
    assert again.messages == reply.messages != []
    for event in events:
        assert sk.from_json(sk.to_json(event)) == event


def test_listeners_hear_of_citations_files_and_tools_of_the_server():
    heard: list[Any] = []
    tool, citation, file = sk.ServerTool("s"), sk.Citation("c"), sk.File("image")
    sk.run(
        played(tool, citation, file, sk.TextDelta("Hi")),
        sk.on(server_tool=heard.append, citation=heard.append, file=heard.append),
    )
    assert heard == [tool, citation, file]
