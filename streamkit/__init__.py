"""A language model's reply, handled while it is being written: the response as an Observable of typed events."""

from typing import TYPE_CHECKING

from .batch import batch  # now: importing its package later would put that in the function's place
from .engine import Branch, ReplyStream, Run, Runs, Stream, branch, run, shutdown, start
from .engine.branches.listener import Listener, on
from .errors import (
    AllFailedError,
    ApiError,
    BrokenError,
    BudgetError,
    ConnectError,
    MalformedError,
    SinkError,
    StalledError,
    StatusError,
    StreamkitError,
    TooLargeError,
)
from .events import (
    Choice,
    Event,
    Finish,
    LogprobsDelta,
    Other,
    ReasoningDelta,
    RefusalDelta,
    Reply,
    Restart,
    RoundEnd,
    Start,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    ToolResult,
    Usage,
    UsageUpdate,
)
from .jsonform import from_json, to_json
from .lazy import lazily
from .messages import Message, assistant, system, user
from .protocols import Op, Sink, Stage, StageBase

if TYPE_CHECKING:
    from . import operators as ops, sinks, testing
    from .batch.item import BatchItem
    from .combine.racing import Failure, Labelled, race, side_by_side
    from .combine.sharing import share
    from .combine.toolloop import tool_loop
    from .edges.relay import sse
    from .sources.http.client import Client
    from .sources.http.limits import Limits, Retry
    from .sources.http.sharedclient import chat
    from .sources.items import stream
    from .sources.iterators import from_bytes, from_text
    from .sources.replaying import replay
    from .sources.sdk import from_sdk
    from .tokens import Prices

__version__ = "0.1.0"
runs = Runs()
__all__ = [
    "AllFailedError",
    "ApiError",
    "BatchItem",
    "Branch",
    "BrokenError",
    "BudgetError",
    "Choice",
    "Client",
    "ConnectError",
    "Event",
    "Failure",
    "Finish",
    "Labelled",
    "Limits",
    "Listener",
    "LogprobsDelta",
    "MalformedError",
    "Message",
    "Op",
    "Other",
    "Prices",
    "ReasoningDelta",
    "RefusalDelta",
    "Reply",
    "ReplyStream",
    "Restart",
    "Retry",
    "RoundEnd",
    "Run",
    "Sink",
    "SinkError",
    "Stage",
    "StageBase",
    "StalledError",
    "Start",
    "StatusError",
    "Stream",
    "StreamkitError",
    "TextDelta",
    "TooLargeError",
    "ToolCall",
    "ToolCallDelta",
    "ToolResult",
    "Usage",
    "UsageUpdate",
    "assistant",
    "batch",
    "branch",
    "chat",
    "from_bytes",
    "from_json",
    "from_sdk",
    "from_text",
    "on",
    "ops",
    "race",
    "replay",
    "run",
    "runs",
    "share",
    "shutdown",
    "side_by_side",
    "sinks",
    "sse",
    "start",
    "stream",
    "system",
    "testing",
    "to_json",
    "tool_loop",
    "user",
]

if not TYPE_CHECKING:  # else every name would be one
    __getattr__ = lazily(
        __name__,
        {
            "ops": "operators",
            "sinks": "sinks",
            "testing": "testing",
            "sse": "edges.relay",
            **dict.fromkeys(("Failure", "Labelled", "race", "side_by_side"), "combine.racing"),
            "share": "combine.sharing",
            "BatchItem": "batch.item",
            "Client": "sources.http.client",
            "chat": "sources.http.sharedclient",
            "stream": "sources.items",
            **dict.fromkeys(("from_bytes", "from_text"), "sources.iterators"),
            **dict.fromkeys(("Limits", "Retry"), "sources.http.limits"),
            "from_sdk": "sources.sdk",
            "replay": "sources.replaying",
            "tool_loop": "combine.toolloop",
            "Prices": "tokens",
        },
    )


def __dir__() -> list[str]:
    return __all__
