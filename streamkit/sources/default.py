"""The client behind `sk.chat`, made from the environment when it is first used."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, Unpack

from ..engine import ReplyStream
from ..messages import Messages
from .client import Client
from .params import ChatParams

__all__ = ["chat"]

_lock = threading.Lock()
_clients: dict[str, Client] = {}


def chat(
    messages: Messages,
    *,
    model: str | None = None,
    extra: Mapping[str, Any] | None = None,
    **params: Unpack[ChatParams],
) -> ReplyStream:
    """`Client.chat` on a default client made from OPENAI_API_KEY and OPENAI_BASE_URL at its first use."""
    with _lock:
        client = _clients.get("default") or _clients.setdefault("default", Client())
    return client.chat(messages, model=model, extra=extra, **params)
