"""A language model's reply, handled while it is being written: the response as an Observable of typed events."""

from typing import TYPE_CHECKING

from .batch import batch  # now: importing its package later would put that in the function's place
from .errors import (
    AllFailedError,
    ApiError,
    BrokenError,
    BudgetError,
    BusError,
    ConnectError,
    MalformedError,
    SinkError,
    StalledError,
    StatusError,
    StreamkitError,
    TooLargeError,
)
from .events import (
    BlockEnd,
    BlockStart,
    Choice,
    Citation,
    Event,
    File,
    Finish,
    LogprobsDelta,
    Origin,
    Other,
    ReasoningDelta,
    RefusalDelta,
    Reply,
    Restart,
    RoundEnd,
    ServerTool,
    Start,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    ToolResult,
    Usage,
    UsageUpdate,
)
from .json_form import from_json, to_json
from .lazy import lazily
from .messages import Message, assistant, system, user
from .protocols import Op, Sink, Stage, StageBase
from .rate_limits import RateLimit, RateLimits
from .timing import Timing

if TYPE_CHECKING:
    from . import operators as ops, sinks, testing
    from .batch import BatchItem
    from .combine import Failure, Labelled, race, share, side_by_side, tool_loop
    from .edges.relay import sse
    from .engine.branches import Branch, Listener, branch, on
    from .engine.loops import shutdown
    from .engine.runs import Run, run, runs, start
    from .engine.streams import ReplyStream, Stream
    from .sources import from_bytes, from_sdk, from_text, replay, stream
    from .sources.http import Client, Limits, Retry, chat
    from .sources.tools import fit, strict_tool
    from .tokens import Prices, price_list

__version__ = "0.1.0"
__all__ = [
    "AllFailedError",
    "ApiError",
    "BatchItem",
    "BlockEnd",
    "BlockStart",
    "Branch",
    "BrokenError",
    "BudgetError",
    "BusError",
    "Choice",
    "Citation",
    "Client",
    "ConnectError",
    "Event",
    "Failure",
    "File",
    "Finish",
    "Labelled",
    "Limits",
    "Listener",
    "LogprobsDelta",
    "MalformedError",
    "Message",
    "Op",
    "Origin",
    "Other",
    "Prices",
    "RateLimit",
    "RateLimits",
    "ReasoningDelta",
    "RefusalDelta",
    "Reply",
    "ReplyStream",
    "Restart",
    "Retry",
    "RoundEnd",
    "Run",
    "ServerTool",
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
    "Timing",
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
    "fit",
    "from_bytes",
    "from_json",
    "from_sdk",
    "from_text",
    "on",
    "ops",
    "price_list",
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
    "strict_tool",
    "system",
    "testing",
    "to_json",
    "tool_loop",
    "user",
]

if not TYPE_CHECKING:  # else a type checker would accept every name
    __getattr__ = lazily(
        __name__,
        {
            "batch": "BatchItem",
            "combine": "Failure Labelled race share side_by_side tool_loop",
            "edges.relay": "sse",
            "engine.branches": "Branch Listener branch on",
            "engine.loops": "shutdown",
            "engine.runs": "Run run runs start",
            "engine.streams": "ReplyStream Stream",
            "sources": "from_bytes from_sdk from_text replay stream",
            "sources.http": "Client Limits Retry chat",
            "sources.tools": "fit strict_tool",
            "tokens": "Prices price_list",
        },
        {
            "ops": "operators",
            "sinks": "sinks",
            "testing": "testing",
            # For programs that write sk.stages or sk.wire without importing these packages:
            "stages": "stages",
            "wire": "wire",
        },
    )


def __dir__() -> list[str]:
    return __all__
