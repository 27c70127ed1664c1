"""The result of one prompt of a batch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from ..errors import StreamkitError
from ..event_class import with_brief_repr
from ..events import Outcome, Reply, Usage

__all__ = ["BatchItem", "BatchOutcome"]

BatchOutcome: TypeAlias = Outcome | Literal["skipped"]


@with_brief_repr
@dataclass(slots=True, repr=False)
class BatchItem:
    """One prompt of a batch and its answer.

    ``outcome`` is the reply's; ``failed`` or ``truncated`` with an ``error``, whose ``.partial`` is the reply
    so far (its ``__cause__`` is the exception that your own code raised); ``skipped`` if it was not asked because the
    budget is used up. ``reply`` is None unless it reached its end. ``cost`` is for all requests that this prompt took:
    what the server reported of it (in US dollars), else in the currency of the batch's prices; None if it is not known.
    ``index`` counts the prompts from 0.
    """

    key: str
    prompt: Any
    outcome: BatchOutcome
    reply: Reply | None = None
    error: StreamkitError | None = field(default=None, compare=False)
    from_ledger: bool = False
    cost: float | None = None
    index: int = 0

    @property
    def text(self) -> str:
        """The reply's text, empty if there is no reply."""
        return self.reply.text if self.reply is not None else ""

    @property
    def usage(self) -> Usage | None:
        """The tokens of the reply, or of the part that was received."""
        reply = self.reply or (self.error.partial if self.error is not None else None)
        return reply.usage if reply is not None else None
