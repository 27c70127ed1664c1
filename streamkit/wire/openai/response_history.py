"""The history in a request of the Responses API: what the server has already, what it does not store, and the items
in other forms."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

from ...turns import UNBOUND, FromModel, unbound_item
from ..api import Form
from ..suggested import Suggested

__all__ = ["CallIds", "encrypted_thoughts", "is_own", "new_items", "plain", "readable_items"]

Item = Mapping[str, Any]

PARTS = ("input_text", "input_image", "input_file", "output_text")
ENCRYPTED = "reasoning.encrypted_content"
HOSTS = re.compile(r"(?:.+\.)?(?:api\.openai\.com|azure\.com|x\.ai)(?::\d+)?", re.IGNORECASE)
LONGEST_ID = 64
"""The number of characters that the id of a call may have (NousResearch/hermes-agent #73492)."""
WITHOUT_THOUGHTS = re.compile(r"gpt-?[34]|chatgpt|gpt-[\d.]+-chat|non-reasoning|grok-[123](?!\d|-mini)", re.IGNORECASE)


class CallIds:
    """The ids of the calls of a conversation as they go to the server, where each is that of one call: servers that
    give no ids use the same ones in each reply, and some for several calls of one (can1357/oh-my-pi #2055). A result
    belongs to the first call with its id that has none yet."""

    def __init__(self) -> None:
        self._used: set[str] = set()
        self._open: dict[str, list[str]] = {}
        self._last: dict[str, str] = {}

    def called(self, id: Any) -> Any:
        """The id of the next call."""
        if not isinstance(id, str):
            return id
        plain, number = id if len(id) <= LONGEST_ID else sha256(id.encode("utf-8", "surrogatepass")).hexdigest(), 1
        new = plain
        while new in self._used:
            number += 1
            new = f"{plain}_{number}"
        self._used.add(new)
        self._open.setdefault(id, []).append(new)
        return new

    def answered(self, id: Any) -> Any:
        """The id of the call that the next result answers."""
        if not isinstance(id, str):
            return id
        if self._open.get(id):
            self._last[id] = self._open[id].pop(0)
        return self._last.get(id, id)


def encrypted_thoughts(body: Form, host: str) -> Form:
    """``body`` with a request for encrypted thoughts, where the server does not store the response: without them it
    could not go on with its thoughts.

    Only if the caller gave no ``include``, and only for servers that are known to have this value of it (OpenAI, Azure,
    xAI): others refuse the field, or what is in it. Models that do not reason answer 400, "Encrypted content is not
    supported with this model": those that are known by their names are not asked, and a request that was refused is
    sent once more without it. Newer servers send encrypted thoughts unasked.
    """
    if body.get("store") is not False or body.get("include") is not None or not HOSTS.fullmatch(host):
        return body
    reasons = WITHOUT_THOUGHTS.search(str(body.get("model", ""))) is None
    return {**body, "include": Suggested([ENCRYPTED])} if reasons else body


def new_items(items: Sequence[Item], body: Mapping[str, Any], host: str) -> list[Item]:
    """The items that the server does not have yet, where the request continues a response or a conversation that it
    stores: those after the last item of that response, or of any response of this server. An item that is there twice
    is refused (openai/openai-agents-js #1435)."""
    response, conversation = body.get("previous_response_id"), body.get("conversation")
    known = -1
    for place, item in enumerate(items):
        if isinstance(item, FromModel) and item.origin.api == "responses" and item.reply:
            is_there = item.reply == response or (conversation and item.origin.host in ("", host or item.origin.host))
            known = place if is_there else known
    return list(items[known + 1 :])


def readable_items(items: Sequence[Item]) -> Iterator[Item]:
    """The items without reasoning that is neither stored nor encrypted (nor plain, as servers for open models have it):
    "Items are not persisted when `store` is set to false" (vercel/ai #7543). What it led to goes back without it."""
    is_lost = False
    for item in items:
        kind = item.get("type")
        if kind == "reasoning":
            is_lost = not (item.get("encrypted_content") or item.get("content"))
        elif not _is_of_model(item):
            is_lost = False
        if not is_lost:
            yield item
        elif (form := unbound_item(item)) is not None:
            yield item.with_form(form) if isinstance(item, FromModel) else form


def _is_of_model(item: Item) -> bool:
    kind = item.get("type")
    if kind in (None, "message"):
        return item.get("role") == "assistant"
    return not str(kind).endswith(("_output", "_response"))


def is_own(form: Form) -> bool:
    """True for an item, and for a message with parts of this API."""
    content = form.get("content")
    parts = content if isinstance(content, (list, tuple)) else ()
    if "stop_reason" in form:  # a whole answer of Anthropic's, whose type is "message" too
        return False
    is_item = isinstance(form.get("type"), str) or form.keys() == {"id"}
    return is_item or any(isinstance(part, Mapping) and part.get("type") in PARTS for part in parts)


def plain(form: Form) -> Form | None:
    """An item without what only the server and the model that wrote it understand: its id, what is encrypted, the tools
    of the server. ``phase`` is kept for other models of the same server."""
    if form.keys() == {"id"} or form.get("type") in (*UNBOUND, "item_reference"):
        return None
    item = unbound_item(form)
    return None if item is None else {name: value for name, value in item.items() if name != "caller"}
