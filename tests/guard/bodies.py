"""Texts and bodies of replies as servers send them: one event is about one token."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["BLOCKS", "body", "chat", "word"]

PROSE = ("The", " sky", " is", " blue", " because", " of", " Rayleigh", " scattering", ".", " Why", "?")


def word(number: int) -> str:
    return PROSE[number % len(PROSE)]


# -- bytes -------------------------------------------------------------------------------------------------------------


def block(data: dict[str, Any], name: str = "") -> bytes:
    return (f"event: {name}\n" if name else "").encode() + b"data: " + json.dumps(data).encode() + b"\n\n"


def chat(text: str) -> bytes:
    choice = {"index": 0, "delta": {"content": text}, "logprobs": None, "finish_reason": None}
    chunk = {"id": "chatcmpl-9f1c2b", "object": "chat.completion.chunk", "created": 1_760_000_000, "model": "m"}
    return block({**chunk, "system_fingerprint": "fp_1", "choices": [choice], "usage": None, "obfuscation": "aB3dE5"})


def responses(text: str) -> bytes:
    name = "response.output_text.delta"
    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    return block({"type": name, "sequence_number": 7, **place, "delta": text, "obfuscation": "aB3dE5"}, name)


def anthropic(text: str) -> bytes:
    name = "content_block_delta"
    return block({"type": name, "index": 0, "delta": {"type": "text_delta", "text": text}}, name)


BLOCKS = {"chat": chat, "responses": responses, "anthropic": anthropic}
STOP = b'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\n' + b"data: [DONE]\n\n"


def body(number: int) -> list[bytes]:
    return [*(chat(word(at)) for at in range(number - 1)), STOP]
