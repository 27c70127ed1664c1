"""Chunks of Gemini's own API."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, strategies as st

from streamkit.errors import ApiError, BrokenError, MalformedError, StreamkitError
from streamkit.events import (
    BlockEnd,
    BlockStart,
    Event,
    File,
    Finish,
    LogprobsDelta,
    Other,
    ReasoningDelta,
    Reply,
    ServerTool,
    Start,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    Usage,
    UsageUpdate,
)
from streamkit.testing import every_split
from streamkit.turns import slot
from streamkit.wire import APIS, Parser
from tests.wire.bodies import check_calls, error_of, read, sse


def chunk(*parts: Any, index: int | None = 0, finish: Any = None, beside: Any = None, **more: Any) -> dict[str, Any]:
    """A chunk with one candidate; ``beside`` are further fields of that."""
    candidate = {"content": {"role": "model", "parts": list(parts)}, "index": index, "finishReason": finish}
    return {"candidates": [{**candidate, **(beside or {})}], **more}


def text(words: Any, **more: Any) -> dict[str, Any]:
    return chunk({"text": words}, **more)


def call(name: str, arguments: Any = None, **more: Any) -> dict[str, Any]:
    return {"functionCall": {"name": name, "args": arguments, **more}}


END = chunk(finish="STOP")


def events_of(*chunks: Any) -> list[Event]:
    """All but Start and Reply, wherever the body is cut; its calls hold together."""
    events, error = read(sse(*chunks), "gemini")
    assert error is None, error
    check_calls(events)
    return [event for event in events if not isinstance(event, (Start, Reply))]


def reply_of(*chunks: Any) -> Reply:
    events, error = read(sse(*chunks), "gemini")
    assert error is None, error
    assert isinstance(events[-1], Reply)
    return events[-1]


def failure(*chunks: Any) -> StreamkitError:
    return error_of(sse(*chunks), "gemini")


def test_text_thoughts_and_an_end():
    thought = {"text": "Hm.", "thought": True}
    events, error = read(
        sse(chunk(thought, {"text": "Hel"}, responseId="r", modelVersion="m"), text("lo"), END), "gemini"
    )
    assert error is None
    assert events[:-1] == [Start("r", "m"), ReasoningDelta("Hm."), TextDelta("Hel"), TextDelta("lo"), Finish("STOP")]
    reply = events[-1]
    assert isinstance(reply, Reply)
    assert (reply.text, reply.reasoning, reply.outcome, reply.id, reply.model) == ("Hello", "Hm.", "complete", "r", "m")


def test_what_is_empty_or_null_is_no_event_and_no_doubt():
    silent = [{"candidates": []}, {"candidates": None, "usageMetadata": {}}, {"promptFeedback": {"safetyRatings": []}}]
    silent += [{"candidates": [{}]}, text(None), text(""), {"candidates": [{"content": None, "index": 0}]}, chunk({})]
    silent += [
        {"responseId": "r"},
        text("", beside={"groundingMetadata": {}, "safetyRatings": [{"probability": "LOW"}]}),
    ]
    assert events_of(*silent, text("a"), END) == [TextDelta("a"), Finish("STOP")]


def test_what_nobody_knows_is_other():
    assert events_of({"news": 1}, text("a"), END)[0] == Other("")


# -- calls -------------------------------------------------------------------------------------------------------------


def test_a_call_comes_whole():
    assert events_of(chunk(call("f", {"city": "Oslo"}, id="x"), finish="STOP")) == [
        ToolCallDelta('{"city":"Oslo"}', 0, "x", "f"),
        ToolCall("x", "f", '{"city":"Oslo"}', 0, 0),
        Finish("STOP"),
    ]


def test_calls_without_an_id_get_one_that_no_other_has():
    mixed = [call("f", {}), call("f", {}, id="r-2"), call("g", None), call("f", {"a": 1})]
    reply = reply_of(
        chunk(*mixed[:2], responseId="r"),
        chunk(*mixed[2:]),
        chunk(call("f"), index=1),
        END,
        chunk(finish="STOP", index=1),
    )
    calls = [one for choice in reply.choices for one in choice.tool_calls]
    assert [(one.name, one.arguments) for one in calls] == [
        ("f", "{}"),
        ("f", "{}"),
        ("g", "{}"),
        ("f", '{"a":1}'),
        ("f", "{}"),
    ]
    assert calls[1].id == "r-2"
    assert len({one.id for one in calls}) == 5
    assert all(calls[n].id for n in range(5))


def test_ids_differ_between_replies_that_have_one():
    one, other = (reply_of(chunk(call("f"), responseId=id, finish="STOP")).tool_calls[0].id for id in ("a", "b"))
    assert one != other


@pytest.mark.parametrize(
    "part",
    [
        {"functionCall": "f"},
        {"functionCall": {"name": 5}},
        {"functionCall": {"name": "f", "args": 5}},
        {"functionCall": {"name": "f", "willContinue": True}},
        {"functionCall": {"name": "f", "partialArgs": [{"jsonPath": "$.a", "stringValue": "x"}]}},
    ],
)
def test_a_call_of_another_shape_is_malformed(part: Any):
    assert isinstance(failure(chunk({"text": "a"}, part), END), MalformedError)


# -- content that has no event of its own ------------------------------------------------------------------------------


CODE = {"language": "PYTHON", "code": "1"}
SEARCH = {"id": "s1", "toolType": "GOOGLE_SEARCH_WEB", "args": {"queries": ["x"]}}


def block(part: dict[str, Any], *within: Event, kind: str = "text") -> list[Event]:
    """The events of a part without text that goes back as it is."""
    return [BlockStart(kind), *within, BlockEnd(kind, form=part)]


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ({"thoughtSignature": "c2ln"}, block({"thoughtSignature": "c2ln"})),
        ({"text": "", "thoughtSignature": "c2ln"}, block({"text": "", "thoughtSignature": "c2ln"})),
        ({"somethingNew": [1]}, block({"somethingNew": [1]}, Other("somethingNew"))),
        ({"inlineData": "odd"}, block({"inlineData": "odd"}, Other("inlineData"))),
        ({"inlineData": {"mimeType": "image/png", "data": "AA=="}}, File("image", media_type="image/png", data="AA==")),
        ({"inlineData": {"mimeType": "audio/wav", "data": "-_=="}, "thoughtSignature": "-_"},
         File("audio", media_type="audio/wav", data="+/==")),
        ({"fileData": {"mimeType": "application/pdf", "fileUri": "gs://a", "displayName": "a"}},
         File("file", media_type="application/pdf", url="gs://a", name="a")),
        ({"executableCode": CODE}, ServerTool("executableCode", "code-1", "code_execution", input=CODE)),
        ({"executableCode": {"id": "e", **CODE}}, ServerTool("executableCode", "e", "code_execution", input=CODE)),
        ({"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1"}},
         ServerTool("codeExecutionResult", "code-0", "code_execution", "OUTCOME_OK", output="1")),
        ({"toolCall": SEARCH, "thoughtSignature": "c2ln"},
         ServerTool("toolCall", "s1", "GOOGLE_SEARCH_WEB", input={"queries": ["x"]})),
        ({"toolResponse": {"id": "s1", "toolType": "GOOGLE_SEARCH_WEB", "response": {"a": 1}}},
         ServerTool("toolResponse", "s1", "GOOGLE_SEARCH_WEB", output={"a": 1})),
    ],
)  # fmt: skip
def test_a_part_of_another_kind_is_content_and_goes_back(part: dict[str, Any], expected: Any):
    first = chunk(part)
    events = events_of(first, END)
    standard = json.loads(json.dumps(part).replace("-_", "+/"))
    wanted = expected if isinstance(expected, list) else [replace(expected, form=standard)]
    assert events == [*wanted, Finish("STOP")]
    assert all(event.raw == first for event in events[:-1])
    says = any(name not in ("text", "thoughtSignature") for name in part)
    assert reply_of(first, END).messages == ([{"role": "model", "parts": [standard]}] if says else [])
    parser = Parser("gemini")
    list(parser.feed(sse(first)))
    with pytest.raises(BrokenError) as caught:
        list(parser.flush())
    assert not caught.value.retryable


def test_codes_without_an_id_are_numbered():
    run, ran = {"executableCode": CODE}, {"codeExecutionResult": {"outcome": "OUTCOME_OK"}}
    reply = reply_of(chunk(run, ran, run), chunk(ran), END)
    assert [(tool.kind[:4], tool.id) for tool in reply.choices[0].server_tools] == [
        ("exec", "code-1"), ("code", "code-1"), ("exec", "code-2"), ("code", "code-2"),
    ]  # fmt: skip
    assert reply.messages == [{"role": "model", "parts": [run, ran, run, ran]}]


def test_a_signature_stands_beside_what_it_signs():
    parts = [{"text": "a", "thoughtSignature": "c2ln"}, {**call("f", id="x"), "thoughtSignature": "c2ln"}]
    events = events_of(chunk(*parts, finish="STOP"))
    assert [type(event) for event in events] == [
        BlockStart, TextDelta, BlockEnd, ToolCallDelta, ToolCall, Finish,
    ]  # fmt: skip
    assert events[2] == BlockEnd("text", form={"text": slot("text"), "thoughtSignature": "c2ln"})
    assert isinstance(events[4], ToolCall)
    assert events[4].extra == {"thoughtSignature": "c2ln"}


def test_metadata_without_sources_is_other():
    grounds = {"groundingMetadata": {"searchEntryPoint": {"renderedContent": "<a>"}}, "citationMetadata": {"x": [1]}}
    empty = {"groundingMetadata": {"groundingChunks": []}, "citationMetadata": {"citationSources": [{}]}}
    assert events_of(text("a", beside=empty), text("b", beside=grounds), text("", beside=grounds, finish="STOP")) == [
        TextDelta("a"), TextDelta("b"), Other("groundingMetadata"), Other("citationMetadata"), Finish("STOP"),
    ]  # fmt: skip


def test_log_probabilities_keep_their_form():
    told = {"chosenCandidates": [{"token": "a", "logProbability": -0.1}]}
    events = events_of(text("a", beside={"logprobsResult": told, "avgLogprobs": -0.1}, finish="STOP"))
    assert events == [TextDelta("a"), LogprobsDelta(told), Finish("STOP")]


# -- the end -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "outcome"),
    [("STOP", "complete"), ("MAX_TOKENS", "length"), ("SAFETY", "filtered"), ("RECITATION", "filtered"),
     ("SPII", "filtered"), ("PROHIBITED_CONTENT", "filtered"), ("BLOCKLIST", "filtered"),
     ("ESCALATION", "filtered"), ("MODEL_ARMOR", "filtered"), ("IMAGE_SAFETY", "filtered"), ("CONTINUATION", "length")],
)  # fmt: skip
def test_finish_reasons(word: str, outcome: str):
    reply = reply_of(text("a"), chunk(finish=word))
    assert (reply.finish_reason, reply.outcome, reply.warnings) == (word, outcome, ())


def test_a_word_for_a_failure_is_an_error_with_what_came_before():
    beside = {"finishMessage": "Malformed function call: call:f{"}
    error = failure(text("a"), chunk(finish="MALFORMED_FUNCTION_CALL", beside=beside))
    assert isinstance(error, ApiError)
    assert "MALFORMED_FUNCTION_CALL: Malformed function call: call:f{" in str(error)
    assert (error.code, error.partial.text) == ("MALFORMED_FUNCTION_CALL", "a")


@pytest.mark.parametrize("word", ["UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "PUP_LIMITED_DISABLED"])
def test_further_words_for_failures(word: str):
    assert isinstance(failure(text("a", finish=word)), ApiError)


def test_a_word_that_says_nothing_is_a_whole_reply_with_a_warning():
    reply = reply_of(text("a", finish="OTHER"))
    assert reply.outcome == "complete"
    assert "OTHER" in reply.warnings[0]


def test_no_word_for_an_end_is_none():
    unspecified = text("a", finish="FINISH_REASON_UNSPECIFIED")
    assert isinstance(failure(unspecified), BrokenError)
    assert reply_of(unspecified, text("b", finish=""), END).text == "ab"


def test_without_a_finish_reason_it_is_cut():
    error = failure(text("a"))
    assert isinstance(error, BrokenError)
    assert error.partial.text == "a"
    assert isinstance(failure(text("a", finish="STOP"), text("b", index=1)), BrokenError)


def test_what_comes_behind_the_finish_reason_counts():
    later = {"usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 4, "totalTokenCount": 7}}
    reply = reply_of(text("a", finish="STOP"), text("b", finish="STOP"), later)
    assert (reply.text, reply.finish_reason, reply.warnings) == ("ab", "STOP", ())
    assert reply.usage == Usage(3, 4, 7)


def test_another_end_than_the_first_is_a_warning_or_an_error():
    (warning,) = reply_of(text("a", finish="SAFETY"), chunk(finish="STOP")).warnings
    assert "SAFETY, then STOP" in warning
    assert isinstance(failure(text("a", finish="STOP"), chunk(finish="MALFORMED_RESPONSE")), ApiError)


def test_the_last_word_for_an_end_counts_if_the_others_were_stop():
    for word, outcome in (("MAX_TOKENS", "length"), ("SAFETY", "filtered")):
        chunks = [text("a", finish="STOP"), text("\ud83d", finish="STOP"), text("\ude00", finish=word)]
        events, error = read(b"".join(b"data: " + json.dumps(one).encode() + b"\n\n" for one in chunks), "gemini")
        assert error is None
        assert [event.reason for event in events if isinstance(event, Finish)] == [word]
        reply = events[-1]
        assert isinstance(reply, Reply)
        assert (reply.text, reply.outcome, reply.finish_reason, reply.warnings) == ("a😀", outcome, word, ())
    assert isinstance(failure(chunk(finish="STOP"), chunk(finish="MAX_TOKENS")), ApiError)  # without a word


def test_a_document_without_an_end_is_cut():
    for document in (text("a"), [text("a"), text("b")]):
        with pytest.raises(BrokenError):
            list(Parser("gemini").body(json.dumps(document).encode()))
        assert list(Parser("gemini", lenient=True).body(json.dumps(document).encode()))


@pytest.mark.parametrize(
    ("form", "names"),
    [
        (chunk(beside={"newThing": {"x": 1}}), ["newThing"]),
        ({"candidates": [{"content": {"audio": "x"}}]}, ["audio"]),
        (chunk(beside={"safetyRatings": [{"category": "HARM", "probability": "HIGH", "blocked": True}]}), ["blocked"]),
        (chunk(beside={"safetyRatings": [{"category": "HARM", "blocked": False}], "avgLogprobs": -0.1}), []),
        (chunk(beside={"finishMessage": "So it is"}), ["finishMessage"]),
        ({"responseId": "r", "modelStatus": {"message": "old"}}, ["modelStatus"]),
        ({**chunk(), "promptFeedback": {"blockReason": "SAFETY"}}, ["blockReason"]),
        ({**chunk(), "modelVersion": "another"}, ["modelVersion"]),
    ],
)
def test_known_chunks_are_silent_unless_they_say_more(form: dict[str, Any], names: list[str]):
    events = events_of(text("a", modelVersion="m"), form, END)
    assert [event.name for event in events if isinstance(event, Other)] == names


def test_figures_before_all_else_begin_a_reply():
    events = read(sse({"usageMetadata": {"promptTokenCount": 3}}, text("a"), END), "gemini")[0]
    assert [type(event) for event in events[:2]] == [Start, UsageUpdate]


def test_details_of_figures_are_brought_up_to_date():
    report = {"promptTokenCount": 3}
    later = {**report, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 3}]}
    events = events_of(text("a", usageMetadata=report), text("b", usageMetadata=later), END)
    assert [event.usage.raw for event in events if isinstance(event, UsageUpdate)] == [report, later]


@pytest.mark.parametrize(
    ("word", "told"),
    [("SAFETY", "SAFETY"), ("PROHIBITED_CONTENT", "PROHIBITED_CONTENT"), ("OTHER", "BLOCKED_OTHER")],
)
def test_a_prompt_that_is_blocked_is_a_filtered_reply(word: str, told: str):
    reply = reply_of({"promptFeedback": {"blockReason": word}, "usageMetadata": {"promptTokenCount": 3}})
    assert (reply.outcome, reply.finish_reason, reply.text, reply.warnings) == ("filtered", told, "", ())
    assert reply.usage == Usage(3)


def test_a_reply_that_is_blocked_midway_is_filtered():
    reply = reply_of(text("a"), {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}})
    assert (reply.outcome, reply.text) == ("filtered", "a")
    assert isinstance(failure({"promptFeedback": {"blockReason": "BLOCKED_REASON_UNSPECIFIED"}}), BrokenError)


def test_candidates_are_choices_by_their_index():
    both = {
        "candidates": [{"content": {"parts": [{"text": "a"}]}}, {"content": {"parts": [{"text": "x"}]}, "index": 1}]
    }
    reply = reply_of(both, text("y", index=1, finish="MAX_TOKENS"), text("b", index=None, finish="STOP"))
    assert [(one.text, one.finish_reason) for one in reply.choices] == [("ab", "STOP"), ("xy", "MAX_TOKENS")]


# -- token figures -----------------------------------------------------------------------------------------------------


def test_figures_are_sums_of_what_was_told_so_far():
    first = {"promptTokenCount": 70, "toolUsePromptTokenCount": 30, "thoughtsTokenCount": 9, "totalTokenCount": 109}
    last = {"promptTokenCount": 70, "candidatesTokenCount": 5, "thoughtsTokenCount": 0, "cachedContentTokenCount": 64,
            "totalTokenCount": 114}  # fmt: skip
    events = events_of(
        text("a", usageMetadata=first), text("b", usageMetadata=first), chunk(finish="STOP", usageMetadata=last)
    )
    updates = [event for event in events if isinstance(event, UsageUpdate)]
    assert [one.usage for one in updates] == [Usage(100, 9, 109, None, 9), Usage(100, 14, 114, 64, 9)]
    assert updates[1].usage.raw == last


@pytest.mark.parametrize("odd", [-1, 1.5, 1e300, 10**400, float("nan")])
def test_what_cannot_be_a_figure_is_left_out_and_told(odd: Any):
    reply = reply_of(text("a", finish="STOP", usageMetadata={"promptTokenCount": odd, "toolUsePromptTokenCount": 1.5}))
    assert len(reply.warnings) == 1
    assert reply.usage is None
    assert reply_of(text("a", finish="STOP", usageMetadata={"promptTokenCount": "x"})).usage is None


# -- errors ------------------------------------------------------------------------------------------------------------

ERROR = {"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}}


@pytest.mark.parametrize("before", [(), (text("a"),), (text("a", finish="STOP"),)], ids=["first", "midway", "late"])
@pytest.mark.parametrize(
    "told",
    [
        sse(ERROR),
        sse([ERROR]),
        json.dumps(ERROR).encode() + b"\n",
        json.dumps(ERROR, indent=2).encode() + b"\n",
        json.dumps([ERROR], indent=2).encode(),
    ],
    ids=["chunk", "list", "line", "lines", "lines of a list"],
)
def test_errors_in_all_their_places(before: tuple[Any, ...], told: bytes):
    error = error_of(sse(*before) + told, "gemini")
    assert isinstance(error, ApiError)
    assert (error.code, error.error_type, error.retryable) == (503, "UNAVAILABLE", True)
    assert "The model is overloaded." in str(error)
    assert error.partial.text == ("a" if before else "")


@pytest.mark.parametrize(
    "form",
    [
        {"candidates": 5},
        {"candidates": [5]},
        {"candidates": [{"content": 5}]},
        {"candidates": [{"content": {"parts": {"text": "a"}}}]},
        {"candidates": [{"content": {"parts": ["a"]}}]},
        text(5),
        text("a", index=-1),
        chunk(index=True),
        text("a", finish=5),
        {"promptFeedback": {"blockReason": 5}},
    ],
)
def test_other_shapes_are_malformed(form: Any):
    error = failure(text("before"), form, END)
    assert isinstance(error, MalformedError)
    assert error.partial.text.startswith("before")


# -- whole answers -----------------------------------------------------------------------------------------------------


def test_a_whole_answer_and_a_list_of_chunks():
    for document in (text("ab", finish="STOP"), [text("a"), text("b", finish="STOP")], [text("ab", finish="STOP")]):
        *_, reply = Parser("gemini").body(json.dumps(document).encode())
        assert isinstance(reply, Reply)
        assert (reply.text, reply.outcome) == ("ab", "complete")


@pytest.mark.parametrize("document", [[], {}, [{}], [text("a"), 5], 5])
def test_a_document_that_is_no_reply(document: Any):
    with pytest.raises(MalformedError):
        list(Parser("gemini").body(json.dumps(document).encode()))


def test_an_error_in_a_list_has_what_came_before_it():
    with pytest.raises(ApiError) as caught:
        list(Parser("gemini").body(json.dumps([text("a"), ERROR]).encode()))
    assert caught.value.partial.text == "a"


def test_whose_chunks_are_whose():
    forms = [
        text("a"),
        {"promptFeedback": {}, "usageMetadata": {}},
        {"choices": [], "usageMetadata": {}},
        {"type": "ping"},
    ]
    assert [APIS["gemini"].owns(form) for form in forms] == [True, True, False, False]


# -- every cut ---------------------------------------------------------------------------------------------------------

WORDS = st.text(max_size=3)
PARTS = (
    st.fixed_dictionaries({"text": WORDS, "thought": st.booleans()})
    | st.builds(call, WORDS, st.dictionaries(WORDS, WORDS, max_size=2))
    | st.just({"thoughtSignature": "c2ln"})
)
CHUNKS = st.builds(
    lambda parts, index, finish: chunk(*parts, index=index, finish=finish),
    st.lists(PARTS, max_size=2), st.integers(0, 1), st.sampled_from([None, None, "STOP", "SAFETY"]),
)  # fmt: skip


def seen(found: tuple[list[Event], Exception | None]) -> tuple[Any, ...]:
    return found[0], repr(found[1])


@given(
    st.lists(CHUNKS, min_size=1, max_size=3),
    st.sampled_from([b"", json.dumps([ERROR], indent=1).encode()]),
    st.integers(1, 60),
)
def test_the_cuts_do_not_matter(chunks: list[Any], end: bytes, size: int):
    data = sse(*chunks) + end
    cut = [data[at : at + size] for at in range(0, len(data), size)]
    assert seen(read(cut, "gemini")) == seen(read(data, "gemini"))


def test_every_cut():
    signed = {**call("f", {"é": "😀"}), "thoughtSignature": "c2ln"}
    data = sse(chunk({"text": "Grüße 😀"}, signed, responseId="r", usageMetadata={"promptTokenCount": 1})).replace(
        b"\n", b"\r\n"
    )
    data += b'data: {"candidates": [{"content": {"parts": [{"text": "\\ud83d"}]}}]}\n\n'
    data += b'data: {"candidates": [{"content": {"parts": [{"text": "\\ude00"}]}, "finishReason": "STOP"}]}'
    whole = read(data, "gemini")
    assert whole[1] is None
    assert isinstance(whole[0][-1], Reply)
    assert whole[0][-1].text == "Grüße 😀😀"
    for pieces in every_split(data):
        assert seen(read(pieces, "gemini")) == seen(whole)


def test_an_event_with_the_name_error_is_one_whatever_is_in_it():
    events, error = read(b'event: error\ndata: {"message": "no more"}\n\n', "gemini")
    assert events == []
    assert isinstance(error, ApiError)
    assert "no more" in str(error)
