"""Nothing a server sends gets anything but our own errors out of the wire."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from streamkit.errors import StreamkitError
from streamkit.events import Event, Reply
from streamkit.json_form import to_json
from streamkit.wire import APIS, Parser
from tests.wire.bodies import read

KEYS = st.sampled_from(
    [
        "arguments", "call_id", "choices", "code", "content", "content_index", "custom", "delta", "error", "event",
        "annotations", "finish_reason", "function", "function_call", "id", "incomplete_details", "index", "item",
        "item_id",
        "logprobs", "message", "model", "name", "object", "output", "output_index", "part", "reason", "reasoning",
        "reasoning_content", "reasoning_details", "refusal", "response", "role", "status", "summary", "text",
        "thinking", "tool_calls", "type", "usage", "x_groq",
        "caller", "citation", "citations", "completion", "container", "content_block", "file_id", "input",
        "partial_json", "signature", "stop_details", "stop_reason",
        "args", "blockReason", "candidates", "finishReason",
        "functionCall", "groundingMetadata", "logprobsResult", "parts", "promptFeedback", "promptTokenCount",
        "responseId", "thought", "thoughtSignature", "thoughtsTokenCount", "usageMetadata",
        "citationSources", "data", "endIndex", "groundingChunkIndices", "groundingChunks", "groundingSupports",
        "images", "mimeType", "segment", "startIndex", "uri", "urlMetadata", "web",
    ]
)  # fmt: skip
WORDS = st.sampled_from(
    ["", "a", "null", "error", "stop", "{}", "\ud83d", "\ude00", "message", "function_call", "reasoning", "output_text"]
    + ["response." + kind for kind in ("created", "completed", "failed", "output_text.delta", "output_item.done")]
    + ["response." + kind for kind in ("content_part.done", "output_item.added", "reasoning_text.done")]
    + ["response." + kind for kind in ("function_call_arguments.delta", "function_call_arguments.done", "refusal.done")]
    + ["message_start", "content_block_start", "content_block_delta", "content_block_stop", "message_delta"]
    + ["message_stop", "completion", "tool_use", "thinking", "text_delta", "thinking_delta", "input_json_delta"]
    + ["server_tool_use", "web_search_tool_result", "redacted_thinking", "container_upload", "compaction"]
    + ["signature_delta", "citations_delta", "compaction_delta"]
)
LEAVES = st.none() | st.booleans() | st.integers(-1, 2) | st.floats() | WORDS | st.integers()
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=8
)
CHOICE = st.fixed_dictionaries({"delta": VALUES | st.dictionaries(KEYS, VALUES, max_size=3)}, optional={
    "index": VALUES, "finish_reason": VALUES, "message": VALUES, "logprobs": VALUES, "text": VALUES, "error": VALUES,
})  # fmt: skip
ITEM = st.dictionaries(KEYS, VALUES, max_size=5)
PART = st.dictionaries(
    st.sampled_from([
        "text", "thought", "functionCall", "thoughtSignature", "inlineData", "executableCode", "codeExecutionResult",
        "toolCall", "new",
    ]),
    VALUES | ITEM, max_size=3,
)  # fmt: skip
CONTENT = VALUES | st.fixed_dictionaries({"parts": st.lists(PART, max_size=2)})
CANDIDATE = st.fixed_dictionaries({"content": CONTENT}, optional={
    "index": VALUES, "finishReason": VALUES | st.just("STOP"), "groundingMetadata": VALUES, "logprobsResult": VALUES,
    "citationMetadata": VALUES, "urlContextMetadata": VALUES,
})  # fmt: skip
CHUNK = (
    st.fixed_dictionaries({"choices": st.lists(CHOICE, max_size=2)}, optional={"usage": VALUES, "error": VALUES})
    | st.fixed_dictionaries({"type": WORDS}, optional={
        "delta": VALUES, "text": VALUES, "item": ITEM | VALUES, "response": ITEM | VALUES, "output_index": VALUES,
        "content_index": VALUES, "arguments": VALUES, "logprobs": VALUES, "error": VALUES,
    })
    | st.fixed_dictionaries({"type": WORDS}, optional={
        "message": ITEM | VALUES, "content_block": ITEM | VALUES, "delta": ITEM | VALUES, "index": VALUES,
        "usage": VALUES, "content": VALUES, "stop_reason": WORDS, "completion": VALUES,
    })
    | st.fixed_dictionaries({"candidates": st.lists(CANDIDATE, max_size=2) | VALUES}, optional={
        "usageMetadata": VALUES | st.dictionaries(KEYS, VALUES, max_size=3), "promptFeedback": VALUES, "error": VALUES,
        "responseId": VALUES, "modelVersion": VALUES,
    })
    | VALUES
)  # fmt: skip
APIS_ = st.sampled_from(list(APIS))


def check(events: list[Event], error: StreamkitError | None) -> None:
    replies = [event for event in events if type(event) is Reply]
    assert len(replies) == (error is None)
    assert error is not None or events[-1] is replies[0]
    reply = replies[0] if error is None else error.partial
    assert isinstance(reply.messages, list)  # nothing that a server sends can break them


@pytest.mark.slow
@given(APIS_, st.lists(CHUNK, max_size=5), st.booleans(), st.booleans())
def test_any_chunks(api: str, chunks: list[Any], ends: bool, named: bool):
    block = APIS[api].framing.block
    data = b"".join(block(json.dumps(chunk).encode(), "error" if named else None) for chunk in chunks)
    data += block(b"[DONE]", None) if ends else b""
    whole = read(data, api)
    check(*whole)
    events, error = read([data[i : i + 1] for i in range(len(data))], api)
    assert ([*map(to_json, events)], repr(error)) == ([*map(to_json, whole[0])], repr(whole[1]))


@given(APIS_, st.lists(st.binary() | st.sampled_from([b"data: ", b"\n", b"\r", b'{"error":', b"{}", b"event: x\n"])))
def test_any_bytes(api: str, chunks: list[bytes]):
    check(*read(chunks, api))


@pytest.mark.slow
@pytest.mark.parametrize("api", APIS)
@given(CHUNK)
def test_any_document(api: str, value: Any):
    events: list[Event] = []
    try:
        events.extend(Parser(api).body(json.dumps(value).encode()))
    except StreamkitError as exc:
        check(events, exc)
    else:
        check(events, None)
