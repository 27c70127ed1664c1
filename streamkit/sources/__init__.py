"""The sources of events: requests over httpx, streams of official libraries, recordings, any iterable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy import lazily

if TYPE_CHECKING:
    from .items import stream
    from .iterators import ItemSource, from_bytes, from_text, pull_items
    from .recorder import Recorder
    from .recording import Recording, shipped_names
    from .replaying import replay
    from .sdk import from_sdk

__all__ = [
    "ItemSource",
    "Recorder",
    "Recording",
    "from_bytes",
    "from_sdk",
    "from_text",
    "pull_items",
    "replay",
    "shipped_names",
    "stream",
]

if not TYPE_CHECKING:  # else a type checker would accept every name
    __getattr__ = lazily(
        __name__,
        {
            "items": "stream",
            "iterators": "ItemSource from_bytes from_text pull_items",
            "recorder": "Recorder",
            "recording": "Recording shipped_names",
            "replaying": "replay",
            "sdk": "from_sdk",
        },
    )


def __dir__() -> list[str]:
    return __all__
