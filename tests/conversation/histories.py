"""Right next requests for strict servers: what was said, as it is to come back, and a result for each call."""

from __future__ import annotations

from typing import Any

from .parts import Call
from .provider import Said, cut_of
from .strict import StrictServer

__all__ = ["field_of", "right_request"]

Json = dict[str, Any]
RESULT = "r"


def field_of(server: StrictServer) -> str:
    """The field of a request that holds the conversation."""
    return {"responses": "input", "gemini": "contents"}.get(server.provider.api, "messages")


def right_request(server: StrictServer, **more: Any) -> Json:
    """The body of the next request after all replies so far; a message of the user follows replies without calls.
    Tools, model and settings are the caller's. Replies that were cut do not come back here."""
    api = server.provider.api
    history = [_user(api, "q")]
    for said in server.said:
        if cut_of(said.round) is None:
            history += said.form
            history += _results(api, said) or [_user(api, "more")]
    fixed: Json = {"anthropic": {"max_tokens": 100}, "responses": {"store": False}}.get(api, {})
    return {**fixed, field_of(server): history, **more}


def _user(api: str, text: str) -> Json:
    return {"role": "user", "parts": [{"text": text}]} if api == "gemini" else {"role": "user", "content": text}


def _results(api: str, said: Said) -> list[Json]:
    calls = [part for part in said.round if isinstance(part, Call)]
    match api:
        case "responses":
            return [{"type": "function_call_output", "call_id": call.id, "output": RESULT} for call in calls]
        case "anthropic":
            results: list[Json] = [{"type": "tool_result", "tool_use_id": call.id, "content": RESULT} for call in calls]
            return [{"role": "user", "content": results}] if calls else []
        case "gemini":
            parts = [{"functionResponse": {"name": call.name, "response": {"result": RESULT}}} for call in calls]
            return [{"role": "user", "parts": parts}] if calls else []
    return [{"role": "tool", "tool_call_id": call.id, "content": RESULT} for call in calls]
