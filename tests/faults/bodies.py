"""Bodies of chat completions, piece by piece."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

__all__ = ["DONE", "END", "START", "data", "every", "reply", "say"]


def data(value: Any, *, event: str | None = None) -> bytes:
    """A server-sent event; what is no text goes as JSON."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    name = f"event: {event}\n" if event else ""
    return f"{name}data: {text}\n\n".encode("utf-8", "surrogatepass")


def say(text: str | None, *, index: int = 0, finish: str | None = None, **more: Any) -> bytes:
    """A chunk with a piece of text; ``more`` are further keys of the chunk."""
    delta = {} if text is None else {"content": text}
    choice = {"index": index, "delta": delta, "finish_reason": finish}
    return data({"id": "c-1", "object": "chat.completion.chunk", "model": "m", "choices": [choice], **more})


START = data({"id": "c-1", "model": "m", "choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]})
END = say(None, finish="stop")
DONE = b"data: [DONE]\n\n"


def reply(*pieces: str) -> bytes:
    """A whole body."""
    return b"".join([START, *map(say, pieces), END, DONE])


def every(seconds: float, steps: Iterable[bytes]) -> Iterator[bytes | float]:
    """``steps`` with a wait before each."""
    for step in steps:
        yield seconds
        yield step
