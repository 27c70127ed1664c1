"""Events of a streamed reply, in the order in which a server sends them; the last one is always a `Reply`.

Every event has a dotted ``type`` tag, compares by value and is read-only for type checkers. It is not frozen at run
time: that would triple the cost of making one. ``raw`` is the parsed chunk an event came from, with every key the
server sent; it may be parsed only when it is first asked for. It is None on events that an operator changed, and takes
no part in comparison or `repr`.
"""

from __future__ import annotations

from dataclasses import field
from typing import Any, ClassVar, TypeAlias

from .blocks import BlockEnd, BlockStart, Citation, File, ServerTool
from .event_class import FromServer, event_class
from .reply import CUT, Choice, Outcome, Part, Reply, warned
from .tool_calls import ToolCall, ToolCallDelta, ToolResult
from .turns import Origin
from .usage import Usage

__all__ = [
    "CONTENT",
    "CUT",
    "PRELUDE",
    "BlockEnd",
    "BlockStart",
    "Choice",
    "Citation",
    "Event",
    "File",
    "Finish",
    "LogprobsDelta",
    "Origin",
    "Other",
    "Outcome",
    "Part",
    "ReasoningDelta",
    "RefusalDelta",
    "Reply",
    "Restart",
    "RoundEnd",
    "ServerTool",
    "Start",
    "TextDelta",
    "ToolCall",
    "ToolCallDelta",
    "ToolResult",
    "Usage",
    "UsageUpdate",
    "warned",
]


@event_class
class _TextPiece(FromServer):
    text: str
    index: int = 0


@event_class
class Start(FromServer):
    """The server began to answer. In a `tool_loop` each round begins with one, and ``round`` counts them from 1.
    ``origin`` is that of the `Reply`; it takes no part in comparison."""

    type: ClassVar[str] = "start"
    id: str = ""
    model: str = ""
    request_id: str | None = None
    round: int | None = None
    origin: Origin | None = field(default=None, repr=False, compare=False)


@event_class
class TextDelta(_TextPiece):
    """A further piece of the answer's text (never empty)."""

    type: ClassVar[str] = "text.delta"


@event_class
class ReasoningDelta(_TextPiece):
    """A further piece of the model's thinking, as far as it is shown (never empty)."""

    type: ClassVar[str] = "reasoning.delta"


@event_class
class RefusalDelta(_TextPiece):
    """A further piece of a refusal (never empty)."""

    type: ClassVar[str] = "refusal.delta"


@event_class
class LogprobsDelta(FromServer):
    """Log probabilities of the tokens sent so far, in the server's own form."""

    type: ClassVar[str] = "logprobs.delta"
    logprobs: dict[str, Any]
    index: int = 0


@event_class
class UsageUpdate(FromServer):
    """The server reported usage. A later report replaces an earlier one; they are never added up."""

    type: ClassVar[str] = "usage"
    usage: Usage


@event_class
class Finish(FromServer):
    """A choice ended; ``reason`` is the server's word, an open set (``stop``, ``length``, ``tool_calls``, ...)."""

    type: ClassVar[str] = "finish"
    reason: str
    index: int = 0


@event_class
class Restart(FromServer):
    """The reply begins anew (only where the user chose this, see `ops.continue_with`): the text so far is void."""

    type: ClassVar[str] = "restart"
    reason: str = ""
    kept: str = ""


@event_class
class RoundEnd(FromServer):
    """A round of a `tool_loop` has ended, with its reply and the results of its tools, if there are any. Unless it is
    the ``last``, another reply follows, and the Reply so far is then that one."""

    type: ClassVar[str] = "round.end"
    round: int = 1
    last: bool = False


@event_class
class Other(FromServer):
    """Content that has no event of its own, or content of an unknown kind, kept whole in ``raw``. ``name`` is the
    server's word for it: that of its event, its item or its field, if any. Data that says nothing new, such as a
    heartbeat, does not become an event."""

    type: ClassVar[str] = "other"
    name: str = ""


Event: TypeAlias = (
    Start
    | BlockStart
    | BlockEnd
    | Citation
    | File
    | ServerTool
    | TextDelta
    | ReasoningDelta
    | RefusalDelta
    | ToolCallDelta
    | ToolCall
    | ToolResult
    | LogprobsDelta
    | UsageUpdate
    | Finish
    | Restart
    | RoundEnd
    | Other
    | Reply
)

CONTENT: frozenset[type] = frozenset({TextDelta, ReasoningDelta, RefusalDelta, ToolCallDelta, LogprobsDelta, Finish})
"""The events that are parts of the reply itself."""

PRELUDE: frozenset[type] = frozenset({Start, BlockStart, BlockEnd, Citation, File, ServerTool, Other, UsageUpdate})
"""The events that may come before any content: after any other one the reply may not silently start over."""
