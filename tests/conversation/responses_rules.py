"""The rules of the Responses API that look at whole conversations, and what is lost in silence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .provider import Said, cut_of
from .refusals import RefusedError

__all__ = ["Chain", "check_calls", "check_ids", "check_reasoning", "losses_of"]

Items = Sequence[Mapping[str, Any]]

CALLS = ("function_call", "custom_tool_call", "computer_call", "shell_call", "apply_patch_call", "local_shell_call")
OUTPUTS = tuple(f"{name}_output" for name in CALLS)


def error(message: str, code: str | None = None, status: int = 400, param: str = "input") -> RefusedError:
    return RefusedError(message, param=param, code=code, status=status)


@dataclass
class Chain:
    """The items that the server has before those of the request: by ``previous_response_id`` or ``conversation``."""

    items: list[Mapping[str, Any]] = field(default_factory=list)
    is_empty: bool = True

    @classmethod
    def of(cls, body: Mapping[str, Any], said: Sequence[Said]) -> Chain:
        before, conversation = body.get("previous_response_id"), conversation_of(body)
        if before and conversation:
            text = "Mutually exclusive parameters: 'previous_response_id' and 'conversation'. Ensure you are only "
            raise error(f"{text}providing one of them.", "mutually_exclusive_parameters", param="conversation")
        if conversation:
            stored = [reply for reply in said if conversation_of(reply.body) == conversation]
            return cls([item for reply in stored for item in _exchange(reply)], is_empty=False)
        return cls(_before(before, said), is_empty=False) if before else cls()


def conversation_of(body: Mapping[str, Any]) -> str | None:
    conversation = body.get("conversation")
    return conversation.get("id") if isinstance(conversation, dict) else conversation


def _before(id: str, said: Sequence[Said]) -> list[Mapping[str, Any]]:
    reply = next((reply for reply in said if reply.id == id and _is_stored(reply)), None)
    if reply is None:
        text = f"Previous response with id '{id}' not found."
        raise error(text, "previous_response_not_found", param="previous_response_id")
    earlier = reply.body.get("previous_response_id")
    return [*(_before(earlier, said) if earlier else []), *_exchange(reply)]


def _exchange(reply: Said) -> list[Mapping[str, Any]]:
    """The items of a request and of its reply."""
    sent = reply.body["input"]
    return [*(sent if isinstance(sent, list) else []), *reply.form]


def _is_stored(reply: Said) -> bool:
    return reply.body.get("store") is not False and cut_of(reply.round) is None


def check_ids(items: Items, chain: Chain, said: Sequence[Said]) -> None:
    """Refuse items that are there twice (openai/openai-agents-js #1435, vercel/ai #7883), and ids of items that are not
    stored (vercel/ai #7543, can1357/oh-my-pi #41)."""
    stored = {item["id"] for reply in said if _is_stored(reply) for item in reply.form}
    seen = {item["id"] for item in chain.items if item.get("id")}
    seen_calls = {(item["type"], item["call_id"]) for item in chain.items if item.get("call_id")}
    for item in items:
        id, kind = item.get("id"), item.get("type")
        if id in seen:
            raise error(f"Duplicate item found with id {id}. Remove duplicate items from your input and try again.")
        if (kind, item.get("call_id")) in seen_calls:
            raise error(f"Duplicate item found with call_id {item['call_id']}. Remove duplicate items from your input.")
        by_id = kind == "item_reference" or (kind is None and id and "role" not in item)
        if (by_id or (kind == "reasoning" and not item.get("encrypted_content"))) and id not in stored:
            text = (
                f"Item with id '{id}' not found. Items are not persisted when `store` is set to false. Try again with "
            )
            raise error(f"{text}`store` set to true, or remove this item from your input.", status=404)
        seen |= {id} if id else set()
        seen_calls |= {(kind, item["call_id"])} if item.get("call_id") else set()


def check_reasoning(items: Items, said: Sequence[Said], model: str, final: str) -> None:
    """Refuse reasoning that is not as it was (openai/codex #8145), and reasoning and its follower without each other
    (openai/openai-node #1567, vercel/ai #7099, openai/openai-python #3008)."""
    own = {item["id"]: (reply, place) for reply in said for place, item in enumerate(reply.form)}
    for index, item in enumerate(items):
        after = items[index + 1] if index + 1 < len(items) else {}
        before = items[index - 1] if index else {}
        reply, place = own.get(item.get("id") or "", (None, 0))
        if item.get("type") == "reasoning":
            _check_encrypted(item, reply, place, model, final)
            if reply is None or not _is_next(after, reply.form[place + 1 :]):
                text = f"Item '{item['id']}' of type 'reasoning' was provided without its required following item."
                raise error(text)
        if reply is not None and place and item.get("type") != "item_reference":
            needed = reply.form[place - 1]
            if needed["type"] == "reasoning" and before.get("id") != needed["id"]:
                text = f"Item '{item['id']}' of type '{item['type']}' was provided without its required 'reasoning' "
                raise error(f"{text}item: '{needed['id']}'.")


def _check_encrypted(item: Mapping[str, Any], reply: Said | None, place: int, model: str, final: str) -> None:
    sent = item.get("encrypted_content")
    if not sent:
        return
    encrypted = reply.form[place].get("encrypted_content") if reply is not None else None
    if encrypted is None or reply is None or sent not in (encrypted, encrypted + final) or reply.model != model:
        short = f"{sent[:4]}...{sent[-4:]}"
        text = f"The encrypted content {short} could not be verified. Reason: Encrypted content could not be decrypted "
        raise RefusedError(f"{text}or parsed.", code="invalid_encrypted_content")


def _is_next(after: Mapping[str, Any], rest: Items) -> bool:
    """True if ``after`` is the item that came next in the reply; ids may be left out."""
    if not rest or after.get("type", "message") != rest[0]["type"]:
        return False
    same = ("id", "call_id") if "id" in after else ("call_id",)
    return all(after.get(key) == rest[0].get(key) for key in same)


def check_calls(items: Items, chain: Chain) -> None:
    """Refuse calls without an output before the next message of the user, and outputs without a call
    (openai/openai-agents-python #673, leookun/cursor-byok #307)."""
    waiting: list[str] = []
    for place, item in enumerate((*chain.items, *items)):
        kind = item.get("type") or "message"
        if kind in CALLS:
            waiting.append(item["call_id"])
        elif kind in OUTPUTS:
            if item["call_id"] not in waiting:
                raise error(f"No tool call found for function call output with call_id {item['call_id']}.")
            waiting.remove(item["call_id"])
        elif kind == "message" and item.get("role") != "assistant" and waiting and place >= len(chain.items):
            break
    if waiting:
        raise error(f"No tool output found for function call {waiting[0]}.")


# -- what is lost in silence -------------------------------------------------------------------------------------------


def losses_of(items: Items, said: Sequence[Said], final: str) -> list[str]:
    """The items of replies that do not come back as they were; reasoning only in the current turn."""
    turn = max((place for place, item in enumerate(items) if item.get("role") == "user"), default=-1)
    sent = {_key(item): (place, item) for place, item in enumerate(items)}
    losses = []
    for reply in said:
        if cut_of(reply.round):
            continue
        places = [sent[_key(item)][0] for item in reply.form if _key(item) in sent]
        is_earlier = bool(places) and max(places) < turn
        ends = reply.form[-1:] if reply.form and reply.form[-1]["type"] == "reasoning" else []
        for item in reply.form[: len(reply.form) - len(ends)]:  # at the end there is no follower for it
            place, found = sent.get(_key(item), (-1, None))
            if found is None and not (is_earlier and item["type"] == "reasoning"):
                losses.append(f"{item['type']} {item['id']} is missing")
            elif found is not None and _without(found, final) != _without(item, final):
                losses.append(f"input[{place}] is {found!r}, and the reply had {item!r}")
    return losses


def _key(item: Mapping[str, Any]) -> tuple[Any, Any]:
    return item.get("type"), item.get("call_id") or item.get("id")


def _without(item: Mapping[str, Any], final: str) -> dict[str, Any]:
    """An item without what may be left out or differ."""
    plain = {key: value for key, value in item.items() if key not in ("id", "status")}
    if plain.get("encrypted_content"):
        plain["encrypted_content"] = plain["encrypted_content"].removesuffix(final)
    return plain
