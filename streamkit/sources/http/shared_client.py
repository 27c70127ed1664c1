"""The client behind `sk.chat`, made from the environment when it is first used."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from typing import Any, Unpack

from ...engine.streams import ReplyStream
from ...messages import Messages
from ...wire import APIS
from .client import Client
from .params import ChatParams

__all__ = ["chat"]

_lock = threading.Lock()
_default: tuple[Client, list[str | None]] | None = None
"""The client, and the values of the environment variables when it was made."""


def chat(
    messages: Messages,
    *,
    model: str | None = None,
    extra: Mapping[str, Any] | None = None,
    **params: Unpack[ChatParams],
) -> ReplyStream:
    """`Client.chat` on a default client made from OPENAI_API_KEY and OPENAI_BASE_URL at its first use.

    Once it has a key it is kept; until then it is made again whenever those variables have changed.
    """
    return _client().chat(messages, model=model, extra=extra, **params)


def _client() -> Client:
    global _default
    with _lock:
        values = [os.environ.get(name) for name in APIS["chat"].access.variables]
        if _default is None or (values != _default[1] and not _default[0]._endpoint.key):
            _default = Client(), values
        return _default[0]
