"""The base of stages that make a Reply of the events that they saw: it also has what only the source's Reply has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ..events import Reply
from ..protocols import StageBase

__all__ = ["AnsweredStage", "with_answer"]


class AnsweredStage(StageBase):
    """A stage whose operator may set ``source_reply``: it gives the reply of the source so far, None if it is not
    known."""

    source_reply: Callable[[], Reply | None] | None = None

    def answered(self, reply: Reply) -> Reply:
        """``reply``, made of events, with the headers, the rate limits and the timing that the source has by now."""
        return with_answer(reply, None if self.source_reply is None else self.source_reply())


def with_answer(reply: Reply, source: Reply | None) -> Reply:
    """``reply``, made of events, with what only the reply of its source has, if that is known."""
    if source is None:
        return reply
    return replace(reply, headers=source.headers, rate_limits=source.rate_limits, timing=source.timing)
