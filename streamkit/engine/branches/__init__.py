"""Branches of a run: the fan that passes items to them, and the outlet and mailbox in front of each sink."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy import lazily
from .branch import Branch, as_branch, branch, check_kinds
from .claims import SinkClaim
from .fan import Fan
from .listener import Listener, ListenerState, on
from .own_sink import OwnSink, begin_of
from .stats import SinkStats

if TYPE_CHECKING:
    from .attach import Attached

__all__ = [
    "Attached",
    "Branch",
    "Fan",
    "Listener",
    "ListenerState",
    "OwnSink",
    "SinkClaim",
    "SinkStats",
    "as_branch",
    "begin_of",
    "branch",
    "check_kinds",
    "on",
]

if not TYPE_CHECKING:  # else a type checker would accept every name
    __getattr__ = lazily(
        __name__,
        {
            "attach": "Attached",
        },
    )


def __dir__() -> list[str]:
    return __all__
