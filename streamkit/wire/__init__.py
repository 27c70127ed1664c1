"""Bytes to events and back: no waiting, no network, no Rx."""

from __future__ import annotations

from .encode import Encoder, frame
from .parser import APIS, Parser, parse
from .sse import Decoder, ServerSentEvent, decode

__all__ = ["APIS", "Decoder", "Encoder", "Parser", "ServerSentEvent", "decode", "frame", "parse"]
