"""Tool calls as events: the pieces of a call, the whole call, and the result of the tool."""

from __future__ import annotations

import builtins
from dataclasses import field
from typing import Any, ClassVar, TypeVar, cast, overload

from .event_class import FromServer, event_class
from .json_values import dumps, strict_json_default
from .messages import Message, ToolCallPart
from .turns import result_form, tool_call_part

__all__ = ["ToolCall", "ToolCallDelta", "ToolResult", "result_of"]

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

    ``call`` is the number of its deltas (`ToolCallDelta.call`), or None for a call that came without any. ``api`` is
    the API that it came from, which decides the form of its `result`. ``extra`` has the further fields of the server
    that go back to it with the call, unchanged: a signature, an id of its own. These three take no part in comparison.
    """

    type: ClassVar[str] = "tool_call"
    id: str
    name: str
    arguments: str
    index: int = 0
    call: int | None = field(default=None, compare=False)
    api: str = field(default="chat", compare=False, repr=False)
    extra: dict[str, Any] | None = field(default=None, compare=False, repr=False)

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

    def result(self, value: Any, *, is_error: bool = False) -> Message:
        """The message or item that answers this call, in the form of its `api`; anything but text is sent as JSON,
        models and dataclasses as objects, dates, decimals, enums and the like as text. Of a `Reply`, for instance of
        another model, its text is sent. ``is_error`` reports a failure, by the API's mark for it or else in words.
        TypeError for values that JSON cannot hold: sets, bytes, objects."""
        value = result_of(value)
        content = value if isinstance(value, str) else dumps(value, compact=False, default=_default)
        return cast(Message, result_form(self.api, self, content, is_error=is_error))

    def as_part(self) -> ToolCallPart:
        """The entry of an assistant message's ``tool_calls``, in the form of chat completions."""
        return cast(ToolCallPart, tool_call_part(self))


@event_class
class ToolResult(FromServer):
    """A tool was run: ``value`` is its result (of a `Reply` the text). ``error`` is the failure as it is reported to
    the model: an exception of the tool, a call that does not fit, a result that JSON cannot hold. None if there was no
    failure."""

    type: ClassVar[str] = "tool.result"
    call: ToolCall
    value: Any = None
    error: str | None = None
    index: int = 0

    @property
    def message(self) -> Message:
        """The message that reports the result, or the failure, to the model."""
        return self.call.result(self.value if self.error is None else self.error, is_error=self.error is not None)


def result_of(value: Any) -> Any:
    """The text of a `Reply`: its headers, ids and figures are nothing for a model, nor for whoever sees the results of
    tools. Anything else as it is."""
    is_reply = isinstance(value, FromServer) and hasattr(value, "outcome")
    return getattr(value, "text", "") if is_reply else value


def _default(value: Any) -> Any:
    said = result_of(value)
    return strict_json_default(value) if said is value else said
