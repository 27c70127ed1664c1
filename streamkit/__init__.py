"""A language model's reply, handled while it is being written: the response as an Observable of typed events."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .engine import Branch, Run, Stream, branch, run, shutdown, start, stream
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
    Start,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    ToolResult,
    Usage,
    UsageUpdate,
)
from .jsonform import from_json, to_json
from .messages import Message, assistant, system, user
from .protocols import Op, Sink, Stage
from .sinks.callbacks import Listener, on
from .sources.client import Client
from .sources.default import chat
from .sources.iterators import from_bytes, from_text
from .sources.limits import Limits, Retry
from .sources.replay import replay
from .sources.sdk import from_sdk

if TYPE_CHECKING:
    from . import operators as ops, sinks, testing

__version__ = "0.1.0"
__all__ = [
    "AllFailedError",
    "ApiError",
    "Branch",
    "BrokenError",
    "BudgetError",
    "Choice",
    "Client",
    "ConnectError",
    "Event",
    "Finish",
    "Limits",
    "Listener",
    "LogprobsDelta",
    "MalformedError",
    "Message",
    "Op",
    "Other",
    "ReasoningDelta",
    "RefusalDelta",
    "Reply",
    "Restart",
    "Retry",
    "Run",
    "Sink",
    "SinkError",
    "Stage",
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
    "branch",
    "chat",
    "from_bytes",
    "from_json",
    "from_sdk",
    "from_text",
    "on",
    "ops",
    "replay",
    "run",
    "shutdown",
    "sinks",
    "start",
    "stream",
    "system",
    "testing",
    "to_json",
    "user",
]

_LAZY = {"ops": "operators", "sinks": "sinks", "testing": "testing"}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return import_module(f".{_LAZY[name]}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
