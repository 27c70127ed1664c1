"""Bytes to events and back: no waiting, no network, no Rx."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy import lazily
from .apis import APIS
from .parser import Parser, parse
from .sse import Decoder, ServerSentEvent, decode

if TYPE_CHECKING:
    from .api import Api
    from .encoder import Encoder, frame

__all__ = ["APIS", "Api", "Decoder", "Encoder", "Parser", "ServerSentEvent", "decode", "frame", "parse"]

if not TYPE_CHECKING:  # else every name would be one
    __getattr__ = lazily(
        __name__,
        {
            **dict.fromkeys(
                (
                    "Encoder",
                    "frame",
                ),
                "encoder",
            ),
            "Api": "api",
        },
    )


def __dir__() -> list[str]:
    return __all__
