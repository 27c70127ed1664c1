"""Several streams as one: races, shared streams, and the rounds of a tool loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy import lazily

if TYPE_CHECKING:
    from .racing import Failure, Labelled, all_failed, race, side_by_side
    from .sharing import share
    from .tool_rounds import tool_loop

__all__ = ["Failure", "Labelled", "all_failed", "race", "share", "side_by_side", "tool_loop"]

if not TYPE_CHECKING:  # else a type checker would accept every name
    __getattr__ = lazily(
        __name__,
        {
            "racing": "Failure Labelled all_failed race side_by_side",
            "sharing": "share",
            "tool_rounds": "tool_loop",
        },
    )


def __dir__() -> list[str]:
    return __all__
