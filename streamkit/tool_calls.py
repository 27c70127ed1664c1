"""Tool calls as events: the pieces of a call, the whole call, and the result of the tool."""

from __future__ import annotations

import builtins
from dataclasses import field
from typing import Any, ClassVar, TypeVar, overload

from .event_class import FromServer, event_class
from .json_values import dumps, strict_json_default
from .messages import Message, ToolCallPart

__all__ = ["ToolCall", "ToolCallDelta", "ToolResult"]

M = TypeVar("M")


@event_class
class ToolCallDelta(FromServer):
    """A further piece of a tool call: ``call`` numbers the calls of a choice from 0, however the server counts.

    ``id`` and ``name`` are set on the first piece of a call, ``arguments`` is a fragment of JSON text.
    """

    type: ClassVar[str] = "tool_call.delta"
    arguments: str
    call: int = 0
    id: str | None = None
    name: str | None = None
    index: int = 0


@event_class
class ToolCall(FromServer):
    """One whole tool call; ``arguments`` is the JSON text as the model wrote it, not checked.

    ``call`` is the number of its deltas (`ToolCallDelta.call`), or None for a call that came without any. It takes no
    part in comparison.
    """

    type: ClassVar[str] = "tool_call"
    id: str
    name: str
    arguments: str
    index: int = 0
    call: int | None = field(default=None, compare=False)

    @overload
    def args(self, model: None = None) -> Any: ...
    @overload
    def args(self, model: builtins.type[M]) -> M: ...
    def args(self, model: builtins.type[Any] | None = None) -> Any:
        """The parsed arguments: whatever the JSON holds, or an instance of a pydantic ``model`` (or any type).

        Raises `MalformedError` when they are not JSON or do not fit the model.
        """
        from .validation import parse_json

        return parse_json(self.arguments or "{}", model, f"arguments of tool {self.name!r}")

    def result(self, value: Any) -> Message:
        """The message that answers this call; anything but text is sent as JSON, models and dataclasses as objects,
        dates, decimals, enums and the like as text. TypeError for values that JSON cannot hold: sets, bytes,
        objects."""
        content = value if isinstance(value, str) else dumps(value, compact=False, default=strict_json_default)
        return {"role": "tool", "tool_call_id": self.id, "content": content}

    def as_part(self) -> ToolCallPart:
        """The entry of an assistant message's ``tool_calls``."""
        return {"id": self.id, "type": "function", "function": {"name": self.name, "arguments": self.arguments}}


@event_class
class ToolResult(FromServer):
    """A tool was run: ``value`` is its result. ``error`` is the failure as it is reported to the model: an exception of
    the tool, a call that does not fit, a result that JSON cannot hold. None if there was no failure."""

    type: ClassVar[str] = "tool.result"
    call: ToolCall
    value: Any = None
    error: str | None = None
    index: int = 0

    @property
    def message(self) -> Message:
        """The message that reports the result, or the failure, to the model."""
        return self.call.result(self.value if self.error is None else f"error: {self.error}")
