"""Bytes to events and back: no waiting, no network, no Rx."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy import lazily
from .apis import APIS
from .parser import Parser, parse
from .sse import Decoder, ServerSentEvent, decode

if TYPE_CHECKING:
    from .access import Access
    from .api import USAGE, Api
    from .apis import FALLBACK_API, api_named, owning_api
    from .billing import created_at
    from .complaints import MESSAGE, api_error, is_hopeless
    from .encoder import Encoder, frame
    from .framing import SSE, Framing, without_lead
    from .history import Place, chat_messages, chat_tools, place_of, readable_text
    from .json_codec import encode_json, load_json
    from .returning import refused_fields, returned, returned_body, without_refused
    from .sse import BOM
    from .suggested import refused_suggestions

__all__ = ["APIS", "Api", "Decoder", "Encoder", "Parser", "ServerSentEvent", "decode", "frame", "parse"]

if not TYPE_CHECKING:  # else a type checker would accept every name
    __getattr__ = lazily(
        __name__,
        {
            "access": "Access",
            "api": "USAGE Api",
            "apis": "FALLBACK_API api_named owning_api",
            "billing": "created_at",
            "complaints": "MESSAGE api_error is_hopeless",
            "encoder": "Encoder frame",
            "framing": "Framing SSE without_lead",
            "history": "Place chat_messages chat_tools place_of readable_text",
            "json_codec": "encode_json load_json",
            "returning": "refused_fields returned returned_body without_refused",
            "suggested": "refused_suggestions",
            "sse": "BOM",
        },
    )


def __dir__() -> list[str]:
    return __all__
