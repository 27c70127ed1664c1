"""Servers that play scripts and recordings: a real one on loopback, and a transport for httpx and httpx2."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy import lazily

if TYPE_CHECKING:
    from .admission import AdmissionRules
    from .answer import CutError, timed_chunks
    from .script import Script
    from .server import Playable, Request, Server, ServerLimits

__all__ = ["AdmissionRules", "CutError", "Playable", "Request", "Script", "Server", "ServerLimits", "timed_chunks"]

if not TYPE_CHECKING:  # else a type checker would accept every name
    __getattr__ = lazily(
        __name__,
        {
            "admission": "AdmissionRules",
            "answer": "CutError timed_chunks",
            "script": "Script",
            "server": "Playable Request Server ServerLimits",
        },
    )


def __dir__() -> list[str]:
    return __all__
