"""Bodies of event streams, and what is read out of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from streamkit import wire
from streamkit.errors import StreamkitError
from streamkit.events import Event, Other, Reply, Start, ToolCall, ToolCallDelta

DONE = b"data: [DONE]\n\n"


def sse(*chunks: Any, event: str | None = None) -> bytes:
    """Each chunk as one event; bytes and texts as they are."""
    head = f"event: {event}\n".encode() if event else b""
    blocks = [c if isinstance(c, bytes) else head + b"data: " + _text(c) + b"\n\n" for c in chunks]
    return b"".join(blocks)


def _text(chunk: Any) -> bytes:
    return chunk.encode() if isinstance(chunk, str) else json.dumps(chunk, ensure_ascii=False).encode()


def choice(delta: Any = None, index: int = 0, **more: Any) -> dict[str, Any]:
    return {"index": index, "delta": delta if delta is not None else {}, **more}


def chunk(*choices: Any, **more: Any) -> dict[str, Any]:
    return {"id": "c1", "model": "m", "choices": list(choices), **more}


def say(text: str | None, index: int = 0, **more: Any) -> dict[str, Any]:
    return chunk(choice({"content": text}, index, **more))


def delta(**fields: Any) -> dict[str, Any]:
    return chunk(choice(fields))


def finish(reason: Any = "stop", index: int = 0, **more: Any) -> dict[str, Any]:
    return chunk(choice({}, index, finish_reason=reason), **more)


def tool(arguments: Any = None, *, index: Any = 0, id: Any = None, name: Any = None) -> dict[str, Any]:
    """One entry of tool_calls; what is None is left out."""
    function = {key: value for key, value in (("name", name), ("arguments", arguments)) if value is not None}
    entry = {"index": index, "id": id, "function": function}
    return {key: value for key, value in entry.items() if value is not None}


def tools(*entries: Any) -> dict[str, Any]:
    return delta(tool_calls=list(entries))


def read(data: bytes | Iterable[bytes], api: str = "chat", **options: Any) -> tuple[list[Event], StreamkitError | None]:
    """All events, and the error that ended them."""
    events: list[Event] = []
    try:
        events.extend(wire.parse([data] if isinstance(data, bytes) else data, api, **options))
    except StreamkitError as exc:
        return events, exc
    return events, None


def events_of(*chunks: Any, api: str = "chat") -> list[Event]:
    """What whole chunks amount to, without Start, Other and the Reply."""
    events, error = read(sse(*chunks, DONE), api)
    assert error is None, error
    return [event for event in events if not isinstance(event, (Start, Other, Reply))]


def reply_of(*chunks: Any, api: str = "chat", end: bytes = DONE) -> Reply:
    events, error = read(sse(*chunks, end), api)
    assert error is None, error
    reply = events[-1]
    assert isinstance(reply, Reply)
    return reply


def check_calls(events: list[Event]) -> None:
    """What holds for every reply that ended without an error: its calls are the `ToolCall` events, each with an id of
    its own, and the pieces of a call are its arguments, its name, and its id unless the server gave it none."""
    reply = events[-1]
    assert isinstance(reply, Reply)
    for choice in reply.choices:
        told = [event for event in events if isinstance(event, ToolCall) and event.index == choice.index]
        assert sorted(map(repr, told)) == sorted(map(repr, choice.tool_calls))
        assert all(call.id for call in told)
        assert len({call.id for call in told}) == len(told)
        for call in told:
            pieces = [
                e for e in events if isinstance(e, ToolCallDelta) and (e.index, e.call) == (call.index, call.call)
            ]
            assert "".join(piece.arguments for piece in pieces) == call.arguments
            assert "".join(piece.id or "" for piece in pieces) in ("", call.id)
            assert "".join(piece.name or "" for piece in pieces) == call.name


def error_of(data: bytes, api: str = "chat") -> StreamkitError:
    """The error of a body; the same wherever it is cut."""
    whole = read(data, api)
    assert whole[1] is not None, whole[0]
    for chunks in splits(data):
        events, error = read(chunks, api)
        assert events == whole[0], chunks
        assert (type(error), str(error)) == (type(whole[1]), str(whole[1])), chunks
    return whole[1]


def splits(data: bytes) -> Iterator[list[bytes]]:
    yield [data[i : i + 1] for i in range(len(data))]
    for i in range(0, len(data), max(1, len(data) // 60)):
        yield [data[:i], data[i:]]
