"""Blocks, citations, files and tools of the server on their way through operators."""

from __future__ import annotations

from typing import Any

import streamkit as sk
from streamkit import operators as ops, sinks, testing
from streamkit.turns import slot
from tests.operators.reach import everything

SECRET = "bob@example.org"
SIGNATURE = "c2lnbmVkIGJ5IGJvYkBleGFtcGxlLm9yZw"
FORM = {"type": "thinking", "thinking": slot("reasoning", "Hm.", sealed=True), "signature": SIGNATURE}


def of(*events: Any) -> sk.Stream[Any]:
    return testing.script([*events], usage=None)


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
    from streamkit.stages import Fold

    fold = Fold()
    for event in events:
        fold.feed(event)
    return sk.stream(events_and(fold.reply(origin=sk.Origin("responses")), events))


def events_and(reply: sk.Reply, events: Any) -> Any:
    import reactivex as rx

    return rx.of(*events, reply)


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
    assert [type(event) for event in out[:-1]] == [type(event) for event in events]
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
