"""Which chunks are no event because they say nothing new, and what the others are called."""

from __future__ import annotations

from typing import Any

import pytest

from streamkit.errors import ApiError
from streamkit.events import (
    BlockEnd,
    BlockStart,
    Citation,
    Event,
    File,
    Finish,
    Other,
    Reply,
    ServerTool,
    UsageUpdate,
)
from streamkit.wire import Parser
from tests.costs import memory
from tests.wire.bodies import DONE, choice, chunk, delta, finish, read, say, sse, tool, tools
from tests.wire.test_corpus import CASES, CORPUS

CALL = tools(tool('{"a": 1}', id="t", name="f"))
USAGE = {"prompt_tokens": 1, "completion_tokens": 2, "cost": 3}
ENDED = chunk(choice({}, finish_reason="stop", native_finish_reason="END"))


def heard(before: list[Any], one: dict[str, Any], api: str) -> list[Any]:
    """The events of ``one`` after some chunks ``before`` it."""
    parser = Parser(api)
    for earlier in before:
        list(parser.feed(sse(earlier)))
    return list(parser.feed(sse(one)))


def named(before: list[Any], one: dict[str, Any], api: str) -> str:
    """The name of the only event of ``one``, which is an `Other` that keeps it whole."""
    (event,) = heard(before, one, api)
    assert type(event) is Other
    assert event.raw == one
    return event.name


SILENT_CHAT = {
    "a role": ([say("a")], delta(role="assistant")),
    "empty text": ([say("a")], say("")),
    "null": ([say("a")], say(None)),
    "no delta": ([say("a")], chunk({"index": 0, "delta": None})),
    "no choices": ([say("a")], chunk(usage=None, obfuscation="xyz", service_tier="default")),
    "choices left out": ([say("a")], {"id": "c1", "object": "chat.completion.chunk", "usage": None, "p": "abc"}),
    "what a provider adds": ([say("a")], chunk(choice({}, native_finish_reason=None), provider="P", created=1)),
    "the model once more": ([{**say("a"), "model": "m"}], {**chunk(choice({})), "model": "m"}),
    "nothing of everything": ([say("a")], delta(tool_calls=[], reasoning_details=[{}], audio=None, annotations=[])),
    "an empty call": ([say("a"), CALL], tools({"index": 0, "id": "t", "type": "function", "function": {"name": "f"}})),
    "reasoning of no text": ([say("a")], delta(reasoning_details=[{"type": "reasoning.text", "text": "", "index": 0}])),
    "usage once more": ([say("a"), chunk(usage=USAGE)], chunk(usage=USAGE)),
    "fewer figures": ([say("a"), chunk(usage=USAGE)], chunk(usage={"prompt_tokens": 0, "cost": None, "details": {}})),
    "a second end": ([say("a"), finish()], finish()),
    "a second end of a provider": ([say("a"), ENDED], ENDED),
    "no end yet": ([say("a")], finish("null")),
    "what is no error": ([say("a")], chunk(choice({}), error=None, base_resp={"status_code": 0, "status_msg": "ok"})),
    "results of nothing": ([say("a")], chunk(prompt_filter_results=[{"prompt_index": 0, "hate": {}}])),
}  # fmt: skip

NAMED_CHAT = {
    "prompt_filter_results": ([], {"choices": [], "prompt_filter_results": [{"prompt_index": 0, "hate": False}]}),
    "content_filter_results": ([say("a")], chunk({"index": 0, "content_filter_results": {"hate": False}})),
    "citations": ([say("a")], chunk(citations=["https://example.com"])),
    "tool_calls": ([CALL], tools(tool('{"b": 2}'))),
    "message": ([say("a")], chunk({"index": 0, "message": "all of it"})),
    "content": ([say("a")], chunk({"index": 0, "message": {"content": "all of it"}})),
    "usage": ([say("a")], chunk(usage={"credits": 1})),
    "finish_reason": ([say("a"), finish()], finish("length")),
    "native_finish_reason": ([say("a"), ENDED], chunk(choice({}, native_finish_reason="MAX_TOKENS"))),
    "finish_details": ([say("a"), finish()], chunk(choice({}, finish_details={"type": "max_tokens"}))),
    "model": ([{**say("a"), "model": "m"}], {**chunk(choice({})), "model": "another"}),
    "provider": ([say("a")], delta(provider={"note": "switched"})),
    "created": ([say("a")], delta(created={"text": "hm"})),
    "error": ([say("a")], chunk(choice({}), error={"message": "ok", "code": 0, "data": "secret"})),
    "base_resp": ([say("a")], chunk(base_resp={"status_code": 0, "status_msg": "ok", "trace": ["x"]})),
    "progress": ([say("a")], chunk(progress=0)),
    "status": ([say("a")], {"choices": [], "type": "status"}),
    "tool.progress": ([say("a")], {"type": "tool.progress"}),
    "": ([say("a")], {"x": 1}),
}  # fmt: skip


EVENTS_OF_CHAT: list[tuple[dict[str, Any], list[type[Event]]]] = [
    (delta(content="", annotations=[{"type": "url_citation", "url": "u"}]), [Citation]),
    (delta(audio={"id": "a1"}), [File]),
    (delta(images=[{"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}]), [File]),
    (delta(reasoning_details=[{"type": "reasoning.encrypted", "data": "x"}]), []),  # it comes with the end
]


def test_citations_and_files_have_events_of_their_own():
    for one, kinds in EVENTS_OF_CHAT:
        assert [type(event) for event in heard([say("a")], one, "chat")] == kinds
    end = heard([say("a"), EVENTS_OF_CHAT[-1][0]], finish(), "chat")
    assert [type(event) for event in end] == [BlockEnd, Finish]


def test_a_silent_chunk_of_chat_is_no_event():
    for case, (before, one) in SILENT_CHAT.items():
        assert heard(before, one, "chat") == [], case


def test_what_chat_does_not_read_is_named_after_its_field():
    for name, (before, one) in NAMED_CHAT.items():
        assert named(before, one, "chat") == name


def test_more_of_usage_is_not_lost():
    first = {**USAGE, "prompt_tokens_details": {"audio_tokens": 1}}
    for more, told in (
        ({"energy": 4}, {"energy": 4}),
        ({"cost": 3.5, "prompt_tokens": None}, {"cost": 3.5}),
        ({"cost": 0, "byok": False}, {"byok": False}),
        ({"prompt_tokens_details": {"audio_tokens": 7}}, {"prompt_tokens_details": {"audio_tokens": 7}}),
    ):
        (event,) = heard([say("a"), chunk(usage=first)], chunk(usage=more), "chat")
        assert type(event) is UsageUpdate
        assert event.usage.raw == {**first, **told}
        assert event.usage.completion_tokens == 2


def test_a_second_end_that_means_another_thing_is_a_doubt():
    for reason, doubts in ("end_turn", 0), ("null", 0), ("length", 1), ("error", 1):
        events, error = read(sse(say("a"), finish(), finish(reason), DONE))
        assert error is None
        reply = events[-1]
        assert isinstance(reply, Reply)
        assert (reply.finish_reason, len(reply.warnings)) == ("stop", doubts)


def test_fields_of_a_chunk_with_an_event_stay_in_it():
    events = heard([say("a")], delta(content="b", annotations=["x"]), "chat")
    assert [event.raw["choices"][0]["delta"]["annotations"] for event in events] == [["x"]]


@pytest.mark.parametrize("inner", ["delta", "x"])
def test_a_field_may_be_nested_as_deeply_as_json_may(inner: str):
    value: Any = "deep"
    for _ in range(500):
        value = {inner: value}
    assert type(heard([say("a")], chunk(choice({"annotations": value})), "chat")[-1]) is Other
    assert type(heard([say("a")], chunk({"index": 0, "delta": value}), "chat")[-1]) is Other
    event = ev("output_item.done", item=item("message", content=[{"type": "output_text", "text": "", "x": value}]))
    assert type(heard([CREATED], event, "responses")[-1]) is Other


# the Responses API


def ev(name: str, **fields: Any) -> dict[str, Any]:
    return {"type": f"response.{name}", "output_index": 0, "sequence_number": 7, **fields}


CREATED = ev("created", response={"id": "r1", "model": "m"})
SPOKEN = [
    CREATED,
    ev("output_text.delta", delta="Hello", content_index=0, logprobs=[{"token": "Hello", "logprob": -1}]),
]
WORD = ev("output_text.delta", delta="Hello", content_index=0)
CITED = {"type": "url_citation", "url": "u", "start_index": 0}
CITATION = ev("output_text.annotation.added", annotation=CITED, annotation_index=0)
PART = {"type": "output_text", "text": "Hello", "annotations": [CITED], "logprobs": [{"token": "Hello", "logprob": -1}]}
THINKING = {"id": "rs", "type": "reasoning", "summary": [], "encrypted_content": "gAAA"}
CALLED = [
    ev("output_item.added", item={"type": "function_call", "id": "i", "call_id": "c", "name": "f", "arguments": ""}),
    ev("function_call_arguments.delta", item_id="i", delta='{"a": 1}'),
    ev("function_call_arguments.done", item_id="i", arguments='{"a": 1}'),
]


BEGUN = ev("created", response={"id": "r1", "x": {"queue": 1}, "output": [], "error": None, "usage": {"input": 0}})
ASIDE = {"annotations": [], "logprobs": []}


def item(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": kind, "id": "i", "status": "completed", **fields}


SILENT_RESPONSES = {
    "progress": (SPOKEN, ev("in_progress", response={"id": "r1", "status": "in_progress", "tools": ["x"]})),
    "an item begins": ([CREATED], ev("output_item.added", item=item("message", role="assistant", content=[]))),
    "a part begins": (SPOKEN, ev("content_part.added", part={"type": "output_text", "text": "", "annotations": []})),
    "an empty piece": (SPOKEN, ev("output_text.delta", delta="", logprobs=[], obfuscation="xx")),
    "the text is whole": (SPOKEN, ev("output_text.done", text="Hello", logprobs=PART["logprobs"])),
    "the text is whole, in other blanks": (SPOKEN, ev("output_text.done", text=" Hello\n")),
    "the part is whole": ([*SPOKEN, CITATION], ev("content_part.done", part=PART)),
    "the item is whole": ([*SPOKEN, CITATION], ev("output_item.done", item=item("message", content=[PART]))),
    "the call is whole": (
        [CREATED, *CALLED],
        ev("output_item.done", item={**CALLED[0]["item"], "arguments": '{"a":1}', "status": "completed"}),
    ),
    "what was asked": ([CREATED], ev("output_item.done", item=item("message", role="user", content="Hi"))),
    "encrypted reasoning once more": (
        [CREATED, ev("output_item.added", item=THINKING)],
        ev("output_item.done", item=THINKING),
    ),
    "nothing": ([CREATED], ev("output_item.added")),
    "the same announced again": ([BEGUN], {**BEGUN, "type": "response.in_progress"}),
    "text of before": (SPOKEN, ev("in_progress", response={"output": [item("message", content=[PART | ASIDE])]})),
}  # fmt: skip

NAMED_RESPONSES = {
    "logprobs": ([CREATED, WORD], ev("output_text.done", text="Hello", logprobs=[{"token": "Hell"}])),
    "position": ([CREATED], ev("queued", response={"id": "r1", "status": "queued"}, position=5)),
    "warnings": ([CREATED], ev("in_progress", response={"id": "r1", "warnings": ["old model"]})),
    "usage": ([BEGUN], ev("in_progress", response={"usage": {"input": 5}})),
    "response.error": ([CREATED], ev("in_progress", response={"error": {"message": "try later"}})),
    "response.in_progress": ([CREATED], ev("in_progress", response={"output": [item("message", content=[PART])]})),
    "file_search_call": ([CREATED], ev("in_progress", response={"output": [item("file_search_call", queries=["q"])]})),
    "output_audio": (SPOKEN, ev("content_part.added", part={"type": "output_audio", "transcript": "Hello"})),
    "output_image": (SPOKEN, ev("output_item.done", item=item("message", content=[{"type": "output_image", "u": 1}]))),
    "response.output_text.done": (SPOKEN, ev("output_text.done", text="Good bye")),
    "response.function_call_arguments.done": (
        [CREATED, *CALLED],
        ev("function_call_arguments.done", item_id="i", arguments='{"a": 2}'),
    ),
    "response.reasoning_text.delta": (
        [CREATED, ev("reasoning_summary_text.delta", delta="short")],
        ev("reasoning_text.delta", delta="long"),
    ),
    "y": ([CREATED], ev("content_part.done", output_index=[], part={"type": "output_text", "y": 1})),
    "x": ([CREATED], ev("output_item.done", item=item("x", content=5))),
}  # fmt: skip

TYPED_RESPONSES: dict[type, tuple[list[Any], Any]] = {
    ServerTool: ([CREATED], ev("output_item.added", item=item("web_search_call", action={"type": "search"}))),
    File: ([CREATED], ev("output_item.done", item=item("image_generation_call", result="iVBO"))),
    Citation: (SPOKEN, CITATION),
}
"""What has an event of a type of its own."""
BLOCKS = (BlockStart, BlockEnd)


def test_a_silent_event_of_a_response_is_none():
    for case, (before, one) in SILENT_RESPONSES.items():
        assert [event for event in heard(before, one, "responses") if not isinstance(event, BLOCKS)] == [], case


def test_what_is_not_read_of_a_response_is_named():
    for name, (before, one) in NAMED_RESPONSES.items():
        others = [event for event in heard(before, one, "responses") if not isinstance(event, BLOCKS)]
        assert others == [Other(name)]
        assert others[0].raw == one


def test_what_has_an_event_of_a_type_of_its_own():
    for kind, (before, one) in TYPED_RESPONSES.items():
        events = heard(before, one, "responses")
        assert [type(event) for event in events][-1] is kind
        assert all(event.raw == one and not isinstance(event, Other) for event in events)
    cited = heard(SPOKEN, ev("output_item.done", item=item("message", content=[PART])), "responses")
    assert [type(event) for event in cited] == [Citation, BlockEnd]
    cited = heard(SPOKEN, ev("content_part.done", part=PART), "responses")
    assert [type(event) for event in cited] == [Citation]


def test_an_aside_is_told_once_for_each_item():
    second = {**SPOKEN[1], "output_index": 1}
    whole = [ev("content_part.done", part=PART, output_index=at, content_index=0) for at in (0, 1, 0)]
    events, _ = read(sse(*SPOKEN, second, *whole), "responses")
    assert [event.raw["output_index"] for event in events if type(event) is Citation] == [0, 1]


def test_an_item_of_another_kind_counts_as_content():
    image = ev("output_item.done", item=item("image_generation_call", result="iVBO"))
    end = ev("incomplete", response={"incomplete_details": {"reason": "max_output_tokens"}})
    events, error = read(sse(CREATED, image, end), "responses")
    assert error is None
    assert events[-1].outcome == "length"  # type: ignore[union-attr]


def test_what_the_caller_told_is_no_content():
    answer = ev("output_item.done", item=item("function_call_output", output="42"))
    end = ev("incomplete", response={"incomplete_details": {"reason": "max_output_tokens"}})
    events, error = read(sse(CREATED, answer, end), "responses")
    assert isinstance(error, ApiError)
    assert [event.name for event in events if type(event) is Other] == ["function_call_output"]


def test_asides_take_no_more_room_in_a_long_reply():
    """Neither log probabilities of a long text nor the asides of many items are kept."""
    parser = Parser("responses", keep_text=False)
    list(parser.feed(sse(*SPOKEN)))

    def feed(numbers: range) -> None:
        for number in numbers:
            odds = [{"token": f"t{number}", "logprob": -number}]
            thought = {**THINKING, "encrypted_content": f"{number}" * 20}
            list(parser.feed(sse(ev("output_text.delta", delta="x", content_index=0, logprobs=odds))))
            list(parser.feed(sse(ev("output_item.done", output_index=number + 1, item=thought))))

    feed(range(100))
    _, kept = memory(lambda: feed(range(100, 400)))
    assert kept < 100_000


# recorded streams

OTHERS = {
    "chat": {
        "content_filter_offsets", "executed_tools", "moderation", "prompt_filter_results",
    },
    "completions": set(),
    "responses": {
        "response.code_interpreter_call_code.delta", "response.mcp_call_arguments.delta",
    },
}  # fmt: skip


@pytest.mark.skipif(not CASES, reason="the recorded streams are kept elsewhere")
@pytest.mark.parametrize("api", OTHERS)
def test_what_of_the_recorded_streams_has_no_event_of_its_own(api: str):
    names = set()
    for case in CASES:
        if case["api"] == api:
            events, _ = read((CORPUS / case["file"]).read_bytes(), api)
            names |= {event.name for event in events if type(event) is Other}
    assert names == OTHERS[api]


def test_details_that_are_kept_do_not_hide_another_field():
    details = delta(reasoning_details=[{"type": "reasoning.encrypted", "data": "D", "index": 0}])
    assert heard([say("a")], details, "chat") == []
    assert named([say("a")], {**details, "x": "<1>"}, "chat") == "x"
