"""Bytes to events and back: no waiting, no network, no Rx."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy import lazily
from .apis import APIS
from .parser import Parser, parse
from .sse import Decoder, ServerSentEvent, decode

if TYPE_CHECKING:
    from .api import Access, Api
    from .apis import GENERAL, api_named, owner
    from .complaints import MESSAGE, api_error, is_hopeless
    from .encoder import Encoder, frame
    from .framing import SSE, Framing, without_lead
    from .jsoncodec import encode, load
    from .sse import BOM

__all__ = ["APIS", "Api", "Decoder", "Encoder", "Parser", "ServerSentEvent", "decode", "frame", "parse"]

if not TYPE_CHECKING:  # otherwise every name would type-check as an attribute
    __getattr__ = lazily(
        __name__,
        {
            "api": "Access Api",
            "apis": "GENERAL api_named owner",
            "complaints": "MESSAGE api_error is_hopeless",
            "encoder": "Encoder frame",
            "framing": "Framing SSE without_lead",
            "jsoncodec": "encode load",
            "sse": "BOM",
        },
    )


def __dir__() -> list[str]:
    return __all__
