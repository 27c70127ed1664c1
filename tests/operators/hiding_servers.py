"""Streams of the APIs other than chat completions, with a secret in every place where a server can put one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

__all__ = ["STREAMS", "secret_stream"]

STREAMS = ("anthropic", "responses", "gemini", "ollama")


def secret_stream(api: str, secret: str) -> list[bytes]:
    """The pieces of a stream; the secret is cut in two wherever text comes in pieces."""
    events = {"anthropic": _anthropic, "responses": _responses, "gemini": _gemini, "ollama": _ollama}[api](secret)
    if api == "ollama":
        return [json.dumps(event).encode() + b"\n" for event in events]
    return [f"event: {event.get('type', 'message')}\ndata: {json.dumps(event)}\n\n".encode() for event in events]


def _halves(secret: str) -> tuple[str, str]:
    text = f"to {secret}."
    return text[: len(text) // 2], text[len(text) // 2 :]


# -- Anthropic ---------------------------------------------------------------------------------------------------------


def _anthropic(secret: str) -> Iterator[dict[str, Any]]:
    head, tail = _halves(secret)
    usage = {"input_tokens": 1, "output_tokens": 1, "note": secret}
    message = {"id": secret, "model": secret, "content": [], "usage": usage, "container": {"id": secret}, "x": secret}
    yield {"type": "message_start", "message": message}
    cited = {"type": "char_location", "cited_text": secret, "document_title": secret, "note": secret}
    for number, (block, deltas) in enumerate(
        [
            ({"type": "thinking", "thinking": ""}, [{"thinking": head}, {"signature": "c2lnbmVk"}]),
            ({"type": "thinking", "thinking": ""}, [{"thinking": tail}, {"signature": "c2lnbmVk"}]),
            ({"type": "redacted_thinking", "data": f"to {secret}"}, []),
            ({"type": "text", "text": ""}, [{"text": head}]),
            ({"type": "text", "text": "", "citations": [cited]}, [{"text": tail}, {"citation": cited}]),
            ({"type": "text", "text": ""}, [{"text": f" More {head}"}]),
            ({"type": "server_tool_use", "id": secret, "name": secret, "input": {}}, _json(secret)),
            (_found(secret), []),
            ({"type": "text", "text": ""}, [{"text": tail}]),
            ({"type": "tool_use", "id": "c1", "name": "f", "input": {}, "caller": {"note": secret}}, _json(secret)),
            ({"type": "compaction", "content": secret}, []),
            ({"type": "container_upload", "file_id": secret}, []),
            ({"type": "unheard_of", "note": secret, secret: 1}, [{"note": secret}]),
        ]
    ):
        yield {"type": "content_block_start", "index": number, "content_block": block, "x": secret}
        for delta in deltas:
            (kind,) = delta
            name = {"partial_json": "input_json", "citation": "citations"}.get(kind, kind)
            yield {"type": "content_block_delta", "index": number, "delta": {"type": f"{name}_delta", **delta}}
        yield {"type": "content_block_stop", "index": number}
    yield {"type": "message_delta", "delta": {"stop_reason": secret, "stop_sequence": secret}, "usage": usage}
    yield {"type": "message_stop"}


def _json(secret: str) -> list[dict[str, Any]]:
    text = json.dumps({"id": secret, secret: {"data": secret}})
    return [{"partial_json": text[:12]}, {"partial_json": text[12:]}]


def _found(secret: str) -> dict[str, Any]:
    page = {"type": "web_search_result", "url": secret, "title": secret, "encrypted_content": f"to {secret}"}
    return {"type": "web_search_tool_result", "tool_use_id": secret, "content": [page, {secret: [secret]}]}


# -- Responses ---------------------------------------------------------------------------------------------------------


def _responses(secret: str) -> Iterator[dict[str, Any]]:
    response = {
        "id": secret,
        "model": secret,
        "output": [],
        "error": None,
        "note": secret,
        "metadata": {secret: secret},
    }
    yield {"type": "response.created", "response": {**response, "status": "in_progress"}}
    done: list[Any] = []
    for item, pieces in _items(secret):
        number = len(done)
        place = {"output_index": number, "item_id": item["id"], "content_index": 0, "summary_index": 0}
        empty = {name: [] if isinstance(value, list) else value for name, value in item.items()}
        yield {"type": "response.output_item.added", "item": {**empty, "status": "in_progress"}, **place}
        for kind, text in pieces:
            yield {"type": kind, "delta": text, **place}
        if item["type"] == "message":
            for annotation in item["content"][0]["annotations"]:
                yield {"type": "response.output_text.annotation.added", "annotation": annotation, **place}
        if item["type"] == "image_generation_call":
            image = {"partial_image_b64": f"to {secret}", "partial_image_index": 0}
            yield {"type": "response.image_generation_call.partial_image", **image, **place}
        yield {"type": "response.output_item.done", "item": item, **place}
        done.append(item)
    usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2, "note": secret}
    yield {
        "type": "response.completed",
        "response": {**response, "status": "completed", "output": done, "usage": usage},
    }


def _items(secret: str) -> Iterator[tuple[dict[str, Any], list[tuple[str, str]]]]:
    head, tail = _halves(secret)
    cited = [
        {"type": "url_citation", "url": secret, "title": secret, "start_index": 0, "end_index": 2},
        {"type": "file_citation", "file_id": secret, "filename": secret, "index": 0},
    ]
    for number, text in enumerate((head, tail)):
        thought = {"type": "reasoning", "id": f"rs{number}", "summary": [{"type": "summary_text", "text": text}]}
        thought |= {"encrypted_content": f"to {secret}"}
        yield thought, [("response.reasoning_summary_text.delta", text)]
    for number, text in enumerate((head, tail)):
        part = {"type": "output_text", "text": text, "annotations": cited, "logprobs": [{"token": secret}]}
        message = {"type": "message", "id": f"{secret} {number}", "role": "assistant", "status": "completed"}
        yield {**message, "content": [part], "note": secret}, [("response.output_text.delta", text)]
    arguments = json.dumps({"id": secret})
    call = {"type": "function_call", "id": "fc", "call_id": "c1", "name": "f", "arguments": arguments, "note": secret}
    yield call, [("response.function_call_arguments.delta", part) for part in (arguments[:9], arguments[9:])]
    custom = {"type": "custom_tool_call", "id": "ct", "call_id": "c2", "name": "g", "input": head + tail, "x": secret}
    yield custom, [("response.custom_tool_call_input.delta", part) for part in (head, tail)]
    for kind, fields in {
        "web_search_call": {"action": {"type": "search", "query": secret, "sources": [{"url": secret}]}},
        "file_search_call": {"queries": [secret], "results": [{"file_id": secret, "text": secret}]},
        "code_interpreter_call": {
            "code": secret,
            "outputs": [{"type": "logs", "logs": secret}],
            "container_id": secret,
        },
        "mcp_call": {"name": secret, "arguments": json.dumps({"id": secret}), "output": secret, "server_label": secret},
        "mcp_list_tools": {"server_label": secret, "tools": [{"name": secret, "input_schema": {secret: secret}}]},
        "mcp_approval_request": {"name": secret, "arguments": json.dumps({"id": secret}), "server_label": secret},
        "image_generation_call": {"result": f"to {secret}", "revised_prompt": secret},
        "computer_call": {"call_id": "c3", "action": {"type": "type", "text": secret}},
        "local_shell_call": {"call_id": "c4", "action": {"type": "exec", "command": [secret], "env": {secret: secret}}},
        "unheard_of": {"note": secret, "data": {"id": secret}, secret: secret},
    }.items():
        yield {"type": kind, "id": f"{kind} of {secret}", "status": "completed", **fields}, []


# -- Gemini and Ollama -------------------------------------------------------------------------------------------------


def _gemini(secret: str) -> Iterator[dict[str, Any]]:
    head, tail = _halves(secret)
    parts: list[dict[str, Any]] = [
        {"text": head, "thought": True, "thoughtSignature": "c2lnbmVk"},
        {"text": tail, "thought": True},
        {"text": head},
        {"text": tail, "thoughtSignature": "c2lnbmVk", "x": secret},
        {"text": f" More {head}"},
        {"executableCode": {"language": "PYTHON", "code": secret, "id": secret}},
        {"codeExecutionResult": {"outcome": secret, "output": secret, "id": secret}},
        {"text": tail},
        {"inlineData": {"mimeType": secret, "data": f"to {secret}", "displayName": secret}},
        {"fileData": {"mimeType": secret, "fileUri": f"mailto:{secret}"}},
        {"functionCall": {"name": "f", "args": {"id": secret, secret: secret}}, "thoughtSignature": "c2lnbmVk"},
        {"toolCall": {"toolType": secret, "args": {"id": secret}, "id": secret}},
        {"toolResponse": {"toolType": secret, "response": {"id": secret}, "id": secret}},
        {"unheardOf": {secret: secret}},
    ]
    for part in parts:
        candidate = {"content": {"role": "model", "parts": [part]}, "index": 0, "x": secret}
        yield {"candidates": [candidate], "responseId": secret, "modelVersion": secret}
    web = {"web": {"uri": secret, "title": secret}}
    support = {"segment": {"startIndex": 0, "endIndex": 2, "text": secret}, "groundingChunkIndices": [0]}
    grounding = {"groundingChunks": [web], "groundingSupports": [support], "webSearchQueries": [secret]}
    last = {
        "finishReason": secret,
        "finishMessage": secret,
        "groundingMetadata": {**grounding, "searchEntryPoint": {"renderedContent": secret}},
        "citationMetadata": {"citationSources": [{"uri": secret, "title": secret}]},
        "urlContextMetadata": {"urlMetadata": [{"retrievedUrl": secret}]},
        "safetyRatings": [{"category": secret}],
        "index": 0,
    }
    usage = {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2, "note": secret}
    yield {"candidates": [last], "usageMetadata": usage, "promptFeedback": {"note": secret}}


def _ollama(secret: str) -> Iterator[dict[str, Any]]:
    head, tail = _halves(secret)
    call = {"function": {"name": "f", "arguments": {"id": secret, secret: secret}}, "id": secret}
    for message in (
        *({"thinking": text} for text in (head, tail)),
        *({"content": text} for text in (head, tail)),
        {"content": f" More {head}"},
        {"content": "", "tool_calls": [call], "images": [f"to {secret}"], "note": secret},
        {"content": tail},
    ):
        yield {"model": secret, "message": {"role": "assistant", **message}, "done": False, "x": secret}
    yield {"model": secret, "message": {"role": "assistant", "content": ""}, "done": True, "done_reason": secret}
