"""Rounds as the streams of chat completions, and as the message in which each comes back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from .parts import Call, Redacted, Refusal, Round, Search, Text, Thought, pieces
from .provider import Said, cut_of, event, parts_of

__all__ = ["write_chat"]

FORMAT = "anthropic-claude-v1"
"""The format that OpenRouter names in its details."""
THINK = ("<think>", "</think>")


def write_chat(said: Said, streams: str, returns: str, *, whole_calls: bool = False) -> None:
    """Set the events and the form of a reply. ``streams`` and ``returns`` say how thoughts are sent and come back: the
    name of a key, ``details`` (OpenRouter), ``parts`` (Mistral), ``tags`` (MiniMax), or not at all if empty.
    ``whole_calls``: each call in one piece and with its signature, as Gemini sends it."""
    said.id = f"chatcmpl-{said.number}"
    deltas = list(_deltas(said.round, streams, whole_calls))
    calls = [part for part in said.round if isinstance(part, Call)]
    cut = cut_of(said.round)
    if cut and cut.inside and len(deltas) > 1:
        deltas = deltas[:-1]
    deltas[0] = {"role": "assistant", **deltas[0]} if deltas else {"role": "assistant", "content": ""}
    said.events = [_chunk(said, [_choice(delta)]) for delta in deltas]
    if not cut:
        said.events.append(_chunk(said, [_choice({}, "tool_calls" if calls else "stop")]))
        if (said.body.get("stream_options") or {}).get("include_usage"):
            said.events.append(_chunk(said, [], usage=USAGE))
        said.events.append(event("[DONE]"))
    message = _message(said.round, returns, signed=whole_calls)
    said.form = [message] if message["content"] or "tool_calls" in message else []  # an empty one is refused


USAGE = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}


def _chunk(said: Said, choices: list[Any], **more: Any) -> bytes:
    head = {"id": said.id, "object": "chat.completion.chunk", "created": 1, "model": said.model}
    return event({**head, "choices": choices, **more})


def _choice(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "finish_reason": reason}


# -- the stream --------------------------------------------------------------------------------------------------------


def _deltas(round: Round, streams: str, whole_calls: bool) -> Iterator[dict[str, Any]]:
    parts, thoughts, calls = parts_of(round), 0, 0
    yield {"content": "" if any(isinstance(part, Text) for part in parts) else None}
    for part in parts:
        match part:
            case Thought() | Redacted():
                yield from _thought(part, thoughts, streams)
                thoughts += 1
            case Text(text=text, signature=signature) if whole_calls and signature:
                yield {"content": text, "extra_content": _signed(signature)}  # on the delta itself
            case Text(text=text):
                yield from ({"content": piece} for piece in pieces(text))
            case Refusal(text=text):
                yield from ({"refusal": piece} for piece in pieces(text, 2))
            case Call():
                yield from _call(part, calls, whole_calls)
                calls += 1
            case Search():
                pass  # on the server, and without a trace in this API


def _thought(part: Thought | Redacted, index: int, streams: str) -> Iterator[dict[str, Any]]:
    if streams == "details":
        yield from _details(part, index)
        return
    if not streams or isinstance(part, Redacted):
        return
    texts = pieces(part.text)
    if streams == "tags" and texts:
        texts = [THINK[0], *texts, THINK[1]]
    for text in texts:
        if streams == "parts":
            yield {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": text}]}]}
        else:
            yield {"content" if streams == "tags" else streams: text}


def _details(part: Thought | Redacted, index: int) -> Iterator[dict[str, Any]]:
    """Text in fragments with the same text under ``reasoning``, then a fragment with only the signature
    (OpenRouterTeam/ai-sdk-provider #423)."""
    if isinstance(part, Redacted):
        yield {"content": "", "reasoning_details": [_detail("encrypted", index, data=part.data)]}
        return
    for text in pieces(part.text):
        yield {"content": "", "reasoning": text, "reasoning_details": [_detail("text", index, text=text)]}
    if part.signature:
        yield {"content": "", "reasoning_details": [_detail("text", index, signature=part.signature)]}


def _detail(kind: str, index: int, **fields: str) -> dict[str, Any]:
    return {"type": f"reasoning.{kind}", **fields, "format": FORMAT, "index": index}


def _call(part: Call, index: int, whole: bool) -> Iterator[dict[str, Any]]:
    if whole:
        yield {"tool_calls": [{"index": index, **_call_form(part, signed=True)}]}
        return
    function = {"name": part.name, "arguments": ""}
    yield {"tool_calls": [{"index": index, "id": part.id, "type": "function", "function": function}]}
    for piece in pieces(part.arguments):
        yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}


def _signed(signature: str) -> dict[str, Any]:
    return {"google": {"thought_signature": signature}}


# -- the message -------------------------------------------------------------------------------------------------------


def _call_form(part: Call, *, signed: bool = False) -> dict[str, Any]:
    """A call as it comes back, ``signed`` with the signature of Gemini if it has one."""
    form = {"id": part.id, "type": "function", "function": {"name": part.name, "arguments": part.arguments}}
    return {**form, "extra_content": _signed(part.signature)} if signed and part.signature else form


def _detail_forms(round: Iterable[Any]) -> list[dict[str, Any]]:
    """The details of OpenRouter, each of its fragments together."""
    forms = []
    for index, part in enumerate(part for part in round if isinstance(part, (Thought, Redacted))):
        if isinstance(part, Redacted):
            forms.append(_detail("encrypted", index, data=part.data))
        elif part.text or part.signature:
            fields = {"text": part.text, "signature": part.signature}
            forms.append(_detail("text", index, **{key: value for key, value in fields.items() if value}))
    return forms


def _tagged(part: Any) -> str:
    if isinstance(part, Thought):
        return part.text.join(THINK) if part.text else ""
    return part.text if isinstance(part, Text) else ""


def _message(round: Round, returns: str, *, signed: bool) -> dict[str, Any]:
    parts = parts_of(round)
    thought = "".join(part.text for part in parts if isinstance(part, Thought))
    text = "".join(part.text for part in parts if isinstance(part, Text))
    message: dict[str, Any] = {"role": "assistant", "content": text or None}
    refusals = [{"type": "refusal", "refusal": part.text} for part in parts if isinstance(part, Refusal)]
    if refusals:
        message["content"] = [*([{"type": "text", "text": text}] if text else []), *refusals]
    match returns:
        case "":
            pass
        case "details":
            if details := _detail_forms(parts):
                message["reasoning_details"] = details
        case "parts" if thought:
            said = {"type": "thinking", "thinking": [{"type": "text", "text": thought}]}
            message["content"] = [said, *([{"type": "text", "text": text}] if text else [])]
        case "tags":
            message["content"] = "".join(map(_tagged, parts)) or None
        case "parts":
            pass
        case key:
            if thought or key == "reasoning_content":  # DeepSeek and Kimi need an empty one, too
                message[key] = thought
    for part in parts:
        if signed and isinstance(part, Text) and part.signature:
            message["extra_content"] = _signed(part.signature)
    if calls := [_call_form(part, signed=signed) for part in parts if isinstance(part, Call)]:
        message["tool_calls"] = calls
    return message
