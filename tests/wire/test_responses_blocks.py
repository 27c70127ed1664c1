"""What of a response goes back to the model, whatever servers do to ids, positions and ends of items: each form has its
own texts, or the text goes back without it."""

from __future__ import annotations

import json
import random
from collections import Counter
from copy import deepcopy
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

import streamkit as sk
from streamkit.events import BlockEnd, BlockStart, Citation, File, Reply, ServerTool
from streamkit.wire import APIS, Encoder, Parser
from tests.wire.bodies import sse
from tests.wire.test_responses_habits import (
    DICE,
    ENDS,
    IDS,
    ITEMS,
    LISTS,
    PARTS,
    PLACES,
    POSITIONS,
    Events,
    Form,
    Item,
    ev,
    forms,
    spoilt,
    standard,
)

ORIGIN = sk.Origin("responses", "api.openai.com", "m")


def events_of(*chunks: Form) -> list[Any]:
    parser = Parser("responses", origin=ORIGIN)
    return [*parser.feed(sse(*chunks)), *parser.flush()]


def reply_of(*chunks: Form) -> Reply:
    reply = events_of(*chunks)[-1]
    assert isinstance(reply, Reply)
    return reply


def end(*output: Form, **fields: Any) -> Form:
    return ev("completed", response={"id": "r1", "status": "completed", "output": list(output), **fields})


def texts_in(form: Form) -> str:
    content = form.get("content") or []
    parts = [] if isinstance(content, str) else [*content, *form.get("summary", [])]
    return content if isinstance(content, str) else "".join(part.get("text") or part.get("refusal") for part in parts)


def marked(form: Form, *, is_whole: bool) -> Form:
    """An item with fields that say which texts it has; what is encrypted is not whole in an announcement."""
    if form["type"] == "reasoning":
        return {**form, "encrypted_content": f"E:{texts_in(form)}" if is_whole else "E0", "status": "completed"}
    return {**form, "phase": texts_in(form)} if form["type"] == "message" and is_whole else form


def with_marks(events: Events) -> Events:
    for event in events:
        if "item" in event:
            event["item"] = marked(event["item"], is_whole=event["type"].endswith(".done"))
    return events


def check(items: list[Item], events: Events, output: list[Form]) -> None:
    reply = reply_of(*events, end(*(marked(form, is_whole=True) for form in output)))
    sent: list[Any] = reply.messages
    said = Counter("".join(texts_in(one) for one in sent if one.get("role") == "assistant"))
    assert said == Counter(reply.text + reply.refusal)
    calls = [call.id for call in reply.tool_calls] if reply.outcome == "complete" else []
    assert [one["call_id"] for one in sent if "call_id" in one] == calls
    original = [texts_in(form) if "call_id" not in form else form["arguments"] for form in forms(items)]
    follows = set(pairwise(original))
    for item, after in pairwise([*sent, {}]):
        if item.get("type") == "reasoning":
            assert item["encrypted_content"] == f"E:{texts_in(item)}"
            assert "status" not in item
            assert "type" in after
            assert (texts_in(item), after["arguments"] if "call_id" in after else texts_in(after)) in follows or (
                after.get("type") == "reasoning"
            )
        elif item.get("type") == "message":
            assert item["phase"] == texts_in(item)


@settings(max_examples=120)
@given(
    ITEMS,
    PLACES,
    st.sampled_from(sorted(PARTS)),
    st.sampled_from(sorted(ENDS)),
    st.sampled_from(sorted(LISTS)),
    st.sampled_from([0.0, 0.5, 1.0]),
    DICE,
)
def test_forms_have_their_own_texts(
    items: list[Item],
    places: tuple[str, str],
    parts: str,
    ends: str,
    output: str,
    silent: float,
    dice: random.Random,
):
    events = with_marks(standard(items, dice, silent))
    check(
        items,
        spoilt(events, ENDS[ends], IDS[places[0]], POSITIONS[places[1]], PARTS[parts]),
        LISTS[output](forms(items)),
    )


@given(ITEMS, DICE)
def test_all_of_a_response_in_its_standard_form_goes_back(items: list[Item], dice: random.Random):
    """But reasoning that nothing follows."""
    items = [item for item in items if isinstance(item, tuple) or item[0].type != "refusal"]  # it would drop the calls
    wanted = [marked(form, is_whole=True) for form in forms(items)]
    events = with_marks(standard(items, dice))
    reply = reply_of(*events, end(*deepcopy(wanted)))
    while wanted and wanted[-1]["type"] == "reasoning":
        wanted.pop()
    sent: list[Any] = reply.messages
    if reply.outcome == "complete":
        assert list(map(mark_of, sent)) == list(map(mark_of, wanted))


def mark_of(form: Form) -> Any:
    return form.get("encrypted_content", form.get("phase", form.get("call_id")))


WHOLE_ITEMS: list[Form] = [
    {"type": "compaction", "id": "cmp_1", "encrypted_content": "C"},
    {"type": "mcp_list_tools", "id": "mcpl_1", "server_label": "s", "tools": [{"name": "roll", "input_schema": {}}]},
    {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "hm"}], "encrypted_content": "E"},
    {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search", "query": "q"}},
    {"type": "reasoning", "id": "rs_2", "summary": [], "encrypted_content": "F"},
    {
        "type": "message", "id": "m_1", "role": "assistant", "status": "completed", "phase": "commentary",
        "content": [
            {"type": "output_text", "text": "Rain", "annotations": [
                {"type": "url_citation", "url": "https://e.org", "title": "E", "start_index": 0, "end_index": 4}]},
            {"type": "output_text", "text": " in Oslo", "annotations": []},
            {"type": "refusal", "refusal": "No more"},
        ],
    },
    {"type": "code_interpreter_call", "id": "ci_1", "status": "completed", "code": "1+1", "container_id": "c",
     "outputs": None},
    {"type": "image_generation_call", "id": "ig_1", "status": "completed", "result": "iVBO", "output_format": "webp"},
    {"type": "function_call", "id": "fc_1", "status": "completed", "call_id": "c1", "name": "f", "arguments": "{}",
     "namespace": "n"},
    {"type": "custom_tool_call", "id": "ctc_1", "call_id": "c2", "name": "run", "input": "ls -l"},
    {"type": "mcp_approval_request", "id": "mcpr_1", "server_label": "s", "name": "roll", "arguments": "{}"},
    {"type": "computer_call", "id": "cu_1", "call_id": "c3", "action": {"type": "click", "x": 1, "y": 2},
     "pending_safety_checks": [], "status": "completed"},
    {"type": "new_item", "id": "n_1", "value": {"deep": [1, None]}},
    {"type": "message", "id": "m_2", "role": "assistant", "status": "completed",
     "content": [{"type": "output_text", "text": "Bye", "annotations": []}]},
]  # fmt: skip
CREATED = ev("created", response={"id": "r1", "model": "m"})


def in_pieces(form: Form, number: int) -> Events:
    """The events of an item as they are sent, without those that repeat its texts."""
    place, kind = {"item_id": form["id"], "output_index": number}, form["type"]
    head = {name: value for name, value in form.items() if name not in ("content", "summary", "status")}
    begins = {**head, **{name: "" for name in ("arguments", "input") if name in form and kind.endswith("tool_call")}}
    events = [ev("output_item.added", output_index=number, item=begins)]
    for index, part in enumerate(form.get("content", ())):
        field = "refusal" if part["type"] == "refusal" else "text"
        name = "refusal" if field == "refusal" else "output_text"
        events.append(
            ev("content_part.added", **place, content_index=index, part={**part, field: "", "annotations": []})
        )
        events += [ev(f"{name}.delta", **place, content_index=index, delta=letter) for letter in part[field]]
    for index, part in enumerate(form.get("summary", ())):
        events += [ev("reasoning_summary_text.delta", **place, summary_index=index, delta=one) for one in part["text"]]
    return [*events, ev("output_item.done", output_index=number, item=form)]


WAYS: dict[str, list[Form]] = {
    "in pieces": [event for number, form in enumerate(WHOLE_ITEMS) for event in in_pieces(form, number)],
    "whole": [ev("output_item.done", output_index=number, item=form) for number, form in enumerate(WHOLE_ITEMS)],
    "at the end": [],
}


def answered(reply: Reply) -> Reply:
    """The reply as if it were complete: its refusal alone would not send its calls back."""
    return replace(reply, outcome="complete")


@pytest.mark.parametrize("way", WAYS)
def test_items_of_every_kind_go_back(way: str):
    chunks = [CREATED, *WAYS[way], end(*deepcopy(WHOLE_ITEMS))]
    reply = answered(reply_of(*chunks))
    assert reply.messages == WHOLE_ITEMS
    assert sk.from_json(sk.to_json(reply)).messages == WHOLE_ITEMS  # type: ignore[union-attr]
    kinds = {type(event).__name__ for event in events_of(*chunks)}
    assert {"BlockStart", "BlockEnd", "ServerTool", "File", "Citation", "ToolCall"} <= kinds


@pytest.mark.parametrize("way", WAYS)
def test_what_is_written_reads_as_the_same_items(way: str):
    events = events_of(CREATED, *WAYS[way], end(*deepcopy(WHOLE_ITEMS)))
    encoder = Encoder("responses")
    body = b"".join([*(block for event in events for block in encoder.feed(event)), *encoder.flush()])
    parser = Parser("responses", origin=ORIGIN)
    *_, again = [*parser.feed(body), *parser.flush()]
    document = json.dumps(APIS["responses"].whole(events[-1])).encode()  # type: ignore[misc]
    *_, once_more = Parser("responses", origin=ORIGIN).body(document)
    for reply in (again, once_more):
        assert isinstance(reply, Reply)
        sent: list[Any] = answered(reply).messages
        assert list(map(without_fields_of_a_call, sent)) == list(map(without_fields_of_a_call, WHOLE_ITEMS))


def without_fields_of_a_call(item: Form) -> Form:
    """A call without what is only known at its end, when a stream has begun to write it."""
    return {name: value for name, value in item.items() if "call_id" not in item or name not in ("id", "namespace")}


IMAGE: Form = {"type": "image_generation_call", "id": "ig_1", "status": "completed", "result": "iVBO", "size": "1x1"}
PROGRESS = [
    CREATED,
    ev("output_item.added", output_index=0, item={"type": "web_search_call", "id": "ws_1", "status": "in_progress"}),
    *(ev(f"web_search_call.{word}", output_index=0, item_id="ws_1") for word in ("in_progress", "searching")),
    ev("output_item.done", output_index=0, item={"type": "web_search_call", "id": "ws_1", "status": "completed",
                                                 "action": {"type": "search", "query": "q"}}),
    ev("code_interpreter_call.in_progress", output_index=1, item_id="ci_1"),
    ev("code_interpreter_call_code.delta", output_index=1, item_id="ci_1", delta="1"),
    ev("code_interpreter_call_code.done", output_index=1, item_id="ci_1", code="1+1"),
    ev("image_generation_call.generating", output_index=2, item_id="ig_1"),
    ev("image_generation_call.partial_image", output_index=2, item_id="ig_1", partial_image_b64="iV",
       output_format="webp"),
    ev("image_generation_call.partial_image", output_index=2, item_id="ig_1", partial_image_b64=""),
    ev("output_item.done", output_index=2, item=IMAGE),
]  # fmt: skip


def test_the_progress_of_tools():
    events = [one for one in events_of(*PROGRESS, end()) if isinstance(one, (ServerTool, File))]
    search, code, image = "web_search_call", "code_interpreter_call", "image_generation_call"
    done: Form = PROGRESS[4]["item"]
    assert events == [
        ServerTool(search, "ws_1", status="in_progress"),
        ServerTool(search, "ws_1", status="searching"),
        ServerTool(search, "ws_1", status="completed", input=done["action"], form=done),
        ServerTool(code, "ci_1", status="in_progress"),
        ServerTool(code, "ci_1", status="in_progress", input="1+1"),
        ServerTool(image, "ig_1", status="generating"),
        File("image", "ig_1", "image/webp", "iV", last=False),
        ServerTool(image, "ig_1", status="completed"),
        File("image", "ig_1", "image/png", "iVBO", form=IMAGE),
    ]


def test_the_progress_of_tools_is_written():
    """A tool that has not come to its end is not in the final list."""
    events = events_of(*PROGRESS, end())
    encoder = Encoder("responses")
    body = b"".join([*(block for event in events for block in encoder.feed(event)), *encoder.flush()])
    parser = Parser("responses", origin=ORIGIN)
    again = [*parser.feed(body), *parser.flush()]
    kinds = (ServerTool, File)
    assert [one for one in again if isinstance(one, kinds)] == [one for one in events if isinstance(one, kinds)]
    assert b'"code_interpreter_call"' in body
    assert [item["type"] for item in again[-1].messages] == ["web_search_call", "image_generation_call"]


def test_events_of_other_apis_are_written_as_far_as_there_are_words_for_them():
    events = [
        sk.Start("r1", "m"),
        BlockStart("thinking"),
        sk.ReasoningDelta("hm"),
        BlockEnd("thinking", form={"type": "thinking", "thinking": "hm", "signature": "S"}),
        ServerTool("server_tool_use", "st_1", "web_search", form={"type": "server_tool_use", "id": "st_1"}),
        sk.TextDelta("Rain"),
        Citation("web_search_result_location", "https://e.org", "E", start=0, end=4, form={"type": "x"}),
        Citation("char_location", title="a document"),
        File("image", media_type="image/webp", data="iVBO"),
        File("image", "i2", data="iV", last=False),
        File("audio", "a", data="SUQz"),
        BlockEnd("message", form={"reasoning_content": "hm"}),
        sk.Finish("stop"),
    ]
    encoder = Encoder("responses")
    body = b"".join([*(block for event in events for block in encoder.feed(event)), *encoder.flush()])
    parser = Parser("responses", origin=ORIGIN)
    *_, reply = [*parser.feed(body), *parser.flush()]
    assert isinstance(reply, Reply)
    url = {"type": "url_citation", "url": "https://e.org", "title": "E", "start_index": 0, "end_index": 4}
    assert [(one.url, one.start, one.end) for one in reply.choices[0].citations] == [("https://e.org", 0, 4)]
    assert (reply.text, reply.reasoning) == ("Rain", "hm")
    sent: list[Any] = reply.messages
    assert [one["type"] for one in sent] == ["reasoning", "message", "image_generation_call"]
    assert sent[1]["content"] == [{"type": "output_text", "text": "Rain", "annotations": [url]}]
    assert sent[2]["output_format"] == "webp"


def test_repeated_reasoning_is_not_text_of_the_message_after_it():
    """Some servers end the items of reasoning after the text that follows."""
    reasoning, message = WHOLE_ITEMS[2], WHOLE_ITEMS[-1]
    (*thinking, thought), text = in_pieces(reasoning, 0), in_pieces(message, 1)
    whole = ev("reasoning_summary_text.done", item_id="rs_1", output_index=0, summary_index=0, text="hm")
    for chunks in ([*thinking, *text[:3], whole, thought, *text[3:]], [*thinking, *text, whole, thought]):
        assert reply_of(CREATED, *chunks, end(reasoning, message)).messages == [reasoning, message]


def test_an_annotation_has_its_place_in_all_text():
    second = {"type": "url_citation", "url": "https://e.org", "title": "E", "start_index": 1, "end_index": 3}
    first = WHOLE_ITEMS[5]
    message = {**first, "id": "m_9", "content": [
        {"type": "output_text", "text": "abc", "annotations": []},
        {"type": "output_text", "text": "wxyz", "annotations": [second]},
    ]}  # fmt: skip
    added = ev("output_text.annotation.added", item_id="m_9", output_index=1, content_index=1, annotation=second)
    before = len("Rain in Oslo") + len("abc")
    *pieces, done = in_pieces(message, 1)
    for chunks in ([*pieces, added, done], [*pieces, done], [done], []):
        events = events_of(CREATED, *in_pieces(first, 0), *chunks, end(first, message))
        cited = [(one.url, one.start, one.end) for one in events if isinstance(one, Citation)]
        assert cited == [("https://e.org", 0, 4), ("https://e.org", before + 1, before + 3)]
