"""The rules for signatures within chat completions: details of OpenRouter, and thought signatures of Gemini."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .chat_rules import call_ids, last_user
from .parts import Call
from .provider import Said
from .refusals import RefusedError

__all__ = ["CORRUPTED", "SENTINELS", "check_details", "check_thought_signatures", "missing_thought_signature"]

Messages = Sequence[Mapping[str, Any]]

SENTINELS = {"skip_thought_signature_validator", "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I="}
"""A signature for calls that never had one, as text and in base64 (pydantic/pydantic-ai: models/google.py)."""
CORRUPTED = "Corrupted thought signature."
"""anomalyco/opencode #4832: one that is foreign or altered."""


def missing_thought_signature(name: str, position: int) -> RefusedError:
    """manthanabc/paws #103; ``position`` counts contents from 1."""
    text = "Function call is missing a thought_signature in functionCall parts. This is required for tools to work "
    text += (
        "correctly, and missing thought_signature may lead to degraded model performance. Additional data, function "
    )
    text += f"call `default_api:{name}` , position {position}. Please refer to "
    return RefusedError(f"{text}https://ai.google.dev/gemini-api/docs/thought-signatures for more details.")


def check_thought_signatures(messages: Messages, said: Sequence[Said], turn: int, *, required: bool) -> None:
    """Refuse signatures that are altered or at another call, and first calls of the turn without one."""
    issued = {part.signature: part for reply in said for part in reply.round if isinstance(part, Call)}
    position, before = 0, ""
    for index, message in enumerate(messages):
        if message["role"] in ("system", "developer"):
            continue
        position += not (message["role"] == "tool" == before)  # results in a row are one content
        before = message["role"]
        for place, call in enumerate(message.get("tool_calls") or ()):
            signature = ((call.get("extra_content") or {}).get("google") or {}).get("thought_signature")
            if not signature and not place and required and index > turn:
                raise missing_thought_signature(call["function"]["name"], position)
            if signature and signature not in SENTINELS:
                _check_signed(call["function"], issued.get(signature))


def _check_signed(function: Mapping[str, Any], part: Call | None) -> None:
    if part is None or (function["name"], function["arguments"]) != (part.name, part.arguments):
        raise RefusedError(CORRUPTED)


def check_details(messages: Messages, said: Sequence[Said], model: str) -> None:
    """Refuse details that are altered, moved or those of another model, and the lack of signed ones in the turn."""
    issued = {_proof(detail): (reply, detail) for reply in said for form in reply.form for detail in _details(form)}
    by_calls = {tuple(call_ids(form)): reply for reply in said for form in reply.form}
    turn = last_user(messages)
    for index, message in enumerate(messages):
        sent = _details(message)
        for place, detail in enumerate(sent):
            reply, wanted = issued.get(_proof(detail), (None, {}))
            if _proof(detail) and (reply is None or reply.model != model or not _same(detail, wanted)):
                raise _invalid(index, place)
        reply = by_calls.get(tuple(call_ids(message))) if call_ids(message) else None
        if reply is not None and reply.model == model and index > turn:
            _check_whole(index, sent, _details(reply.form[0]))


def _check_whole(index: int, sent: Sequence[Mapping[str, Any]], wanted: Sequence[Mapping[str, Any]]) -> None:
    proofs = [_proof(detail) for detail in wanted if _proof(detail)]
    if proofs and not sent:
        text = f"messages.{index}.content.0.type: Expected `thinking` or `redacted_thinking`, but found `tool_use`. "
        raise RefusedError(
            f"{text}When `thinking` is enabled, a final `assistant` message must start with a thinking block"
        )
    if [_proof(detail) for detail in sent if _proof(detail)] != proofs:
        text = f"messages.{index}.content.0: `thinking` or `redacted_thinking` blocks in the latest assistant message "
        raise RefusedError(f"{text}cannot be modified. These blocks must remain as they were in the original response.")


def _details(message: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return message.get("reasoning_details") or []


def _invalid(index: int, place: int) -> RefusedError:
    return RefusedError(f"messages.{index}.content.{place}: Invalid `signature` in `thinking` block")


def _proof(detail: Mapping[str, Any]) -> Any:
    """The part of a detail that cannot be made up: the signature or the encrypted data."""
    return detail.get("signature") or detail.get("data")


def _same(sent: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return all((sent.get(key) or "") == (wanted.get(key) or "") for key in ("type", "text", "data", "signature"))
