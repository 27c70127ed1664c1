"""Ollama's own API as a scripted provider: its lines, its form of a reply, and its errors (ollama/ollama: api/types.go,
docs/capabilities/tool-calling.mdx)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from .parts import Call, Part, Redacted, Refusal, Search, Text, Thought, pieces
from .provider import Provider, Said, cut_of, parts_of
from .refusals import RefusedError

__all__ = ["OllamaNative"]

MESSAGE: Mapping[str, Any] = {
    "role": str, "content": str, "thinking": str, "images": list, "tool_calls": list, "tool_name": str,
    "tool_call_id": str,
}  # fmt: skip
"""The fields of a message. Others are ignored by the server, which is a loss."""


class OllamaNative(Provider):
    """``/api/chat`` with a model that thinks between its calls; ``ids`` as newer servers give them to calls."""

    name = api = "ollama"
    address, model, path = "http://127.0.0.1:11434", "qwen3", "/api/chat"

    def __init__(self, *, ids: bool = False) -> None:
        self.ids = ids

    def error(self, error: RefusedError) -> Any:
        return {"error": str(error)}

    def check(self, body: Mapping[str, Any], said: list[Said], headers: Mapping[str, str]) -> list[str]:
        messages: list[dict[str, Any]] = body["messages"]
        losses = [f"{key} is ignored" for one in messages for key in one if key not in MESSAGE]
        for message in messages:
            for key, kind in MESSAGE.items():
                if key in message and not isinstance(message[key], kind):
                    name = kind.__name__.replace("str", "string")
                    raise RefusedError(
                        f"json: cannot unmarshal into Go struct field ChatRequest.messages.{key} of type {name}"
                    )
            for call in message.get("tool_calls", ()):
                if not isinstance(call["function"]["arguments"], dict):
                    raise RefusedError("Value looks like object, but can't find closing '}' symbol")
        losses += _pairs(messages)
        found = [one for one in messages if one["role"] == "assistant"]
        wanted = [form for reply in said if cut_of(reply.round) is None for form in reply.form]
        if not self.ids:
            found = [_without_ids(one) for one in found]
        return losses + [f"{one} does not come back" for one in wanted if one not in found]

    def write(self, said: Said) -> None:
        said.id = f"ollama-{said.number}"
        streamed, cut = list(self._streamed(said)), cut_of(said.round)
        said.events = [_line(said, message) for message in streamed[: -1 if cut and cut.inside else None]]
        if not cut:
            said.events.append(_line(said, {"content": ""}, done=True, done_reason="stop", eval_count=5))
        form = self._form(said)
        said.form = [form] if form["content"] or "tool_calls" in form else []

    def _form(self, said: Said) -> dict[str, Any]:
        parts = parts_of(said.round)
        further = {
            "thinking": "".join(one.text for one in parts if isinstance(one, Thought)),
            "tool_calls": [self._call(one, said) for one in parts if isinstance(one, Call)],
        }
        text = "".join(one.text for one in parts if isinstance(one, (Text, Refusal)))
        return {"role": "assistant", "content": text, **{key: value for key, value in further.items() if value}}

    def _streamed(self, said: Said) -> Iterator[dict[str, Any]]:
        for part in parts_of(said.round):
            yield from self._messages(part, said)

    def _messages(self, part: Part, said: Said) -> Iterator[dict[str, Any]]:
        match part:
            case Text() | Refusal():
                yield from ({"content": piece} for piece in pieces(part.text))
            case Thought():
                yield from ({"content": "", "thinking": piece} for piece in pieces(part.text))
            case Call():
                call = self._call(part, said)
                yield {"content": "", "tool_calls": [{**call, "function": {"index": 0, **call["function"]}}]}
            case Redacted() | Search():
                pass  # without a form in this API

    def _call(self, part: Call, said: Said) -> dict[str, Any]:
        function = {"name": part.name, "arguments": json.loads(part.arguments)}
        return {"id": f"{said.number}-{part.id}", "function": function} if self.ids else {"function": function}


def _line(said: Said, message: Mapping[str, Any], **end: Any) -> bytes:
    head = {"model": said.model, "created_at": f"2026-11-30T10:00:0{said.number}Z"}
    form = {**head, "message": {"role": "assistant", **message}, "done": False, **end}
    return json.dumps(form, ensure_ascii=False).encode() + b"\n"


def _pairs(messages: list[dict[str, Any]]) -> list[str]:
    """The results that do not follow the calls that they answer, and calls without a result."""
    losses: list[str] = []
    waiting: list[str] = []
    for message in (*messages, {"role": "user"}):
        if message["role"] != "tool":
            losses += [f"the call of {name} has no result" for name in waiting]
            waiting = [call["function"]["name"] for call in message.get("tool_calls", ())]
        elif message.get("tool_name") not in waiting:
            losses.append(f"the result of {message.get('tool_name')} has no call")
        else:
            waiting.remove(message["tool_name"])
    return losses


def _without_ids(message: dict[str, Any]) -> dict[str, Any]:
    calls = [{"function": call["function"]} for call in message.get("tool_calls", ())]
    return {**message, **({"tool_calls": calls} if calls else {})}
