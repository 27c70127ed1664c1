"""Streams of Anthropic's Messages API, block by block, and what goes back of them."""

from __future__ import annotations

from typing import Any

import streamkit as sk
from streamkit.errors import BrokenError
from streamkit.events import Reply
from streamkit.wire import APIS, parse

from .provider import named_event
from .strict import StrictServer

__all__ = [
    "CITED", "FOUND", "HIT", "QUERY", "asked", "block", "called", "content_of", "grown", "joined", "reply_of",
    "request", "said", "stream", "thought", "w",
]  # fmt: skip

Json = dict[str, Any]
CITED = [{"type": "page_location", "cited_text": "x"}]
QUERY = {"type": "input_json_delta", "partial_json": '{"query": "x"}'}
HIT = {
    "type": "web_search_result",
    "url": "https://example.org/",
    "title": "E",
    "encrypted_content": "H1",
    "page_age": None,
}
FOUND = {"type": "content_block_start", "index": 2, "content_block": {
    "type": "web_search_tool_result", "tool_use_id": "s1", "caller": None, "content": [HIT]}}  # fmt: skip


def grown(index: int, delta: Json) -> Json:
    return {"type": "content_block_delta", "index": index, "delta": delta}


def block(index: int, start: Json, *deltas: Json) -> list[Json]:
    begun = {"type": "content_block_start", "index": index, "content_block": start}
    return [begun, *(grown(index, delta) for delta in deltas), {"type": "content_block_stop", "index": index}]


def said(index: int, text: str) -> list[Json]:
    return block(index, {"type": "text", "text": ""}, *({"type": "text_delta", "text": one} for one in text))


def thought(index: int, text: str, signature: str | None) -> list[Json]:
    signed = [] if signature is None else [{"type": "signature_delta", "signature": signature}]
    pieces = ({"type": "thinking_delta", "thinking": one} for one in text)
    return block(index, {"type": "thinking", "thinking": "", "signature": ""}, *pieces, *signed)


def called(index: int, id: str, **more: Any) -> list[Json]:
    return block(index, {"type": "tool_use", "id": id, "name": "w", "input": {}, **more})


def stream(*events: Json, reason: str | None = "end_turn", model: str = "claude-opus-5", **more: Any) -> bytes:
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": model, "content": []}
    delta = {"type": "message_delta", "delta": {"stop_reason": reason, **more}, "usage": {"output_tokens": 5}}
    last = [delta, {"type": "message_stop"}] if reason else []
    return b"".join(map(named_event, [{"type": "message_start", "message": message}, *events, *last]))


def content_of(data: bytes) -> list[Json]:
    (message,) = reply_of(data).messages
    assert message["role"] == "assistant"
    return message["content"]  # type: ignore[return-value]


def w(city: str = "", days: list[int] | None = None) -> str:
    return "r"


def asked(server: StrictServer, tools: Any = (w,)) -> Reply:
    """The Reply of a loop of tools, after which the server has refused nothing and lost nothing."""
    with server.client() as client:
        reply = sk.run(sk.tool_loop(client.chat, "q", tools))
        sk.run(client.chat([sk.user("q"), *reply.messages, sk.user("more")]))
    assert (server.refused, server.losses) == ([], [])
    return reply


def reply_of(data: bytes, **options: Any) -> Reply:
    try:
        *_, reply = parse([data], "anthropic", **options)
    except BrokenError as cut:
        return cut.partial
    assert isinstance(reply, Reply)
    return reply


def request(messages: Any, **params: Any) -> Json:
    """The request for a conversation."""
    body = APIS["anthropic"].body
    assert body is not None
    return body(messages, params)


def joined(messages: list[Any]) -> list[Any]:
    """The messages of the request for a conversation."""
    found: list[Any] = request(messages)["messages"]
    return found
