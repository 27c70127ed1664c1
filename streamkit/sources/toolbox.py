"""Functions that a model may call."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol, TypeAlias

from ..engine.mailbox import is_cancel
from ..engine.report import failure_of
from ..errors import described
from ..events import ToolCall, ToolResult
from ..validation.parse import told
from .schemas import name_of
from .threads import in_thread

__all__ = ["Toolbox", "Tools"]


class Named(Protocol):
    """What mypy takes several functions in one list for: all that it knows of them is that they have a name."""

    __name__: str


Tool: TypeAlias = "Callable[..., Any] | Named"
Tools: TypeAlias = "Mapping[str, Tool] | Iterable[Tool]"


class Toolbox:
    """``tools`` by name, or by the one that a request gives them. ValueError for two of one name, TypeError for none.

    Arguments become what the annotations of a tool say, as far as pydantic understands them: dates, models, enums.
    """

    def __init__(self, tools: Tools) -> None:
        named = list(tools.items()) if isinstance(tools, Mapping) else [(name_of(tool), tool) for tool in tools]
        for name, tool in named:
            if not callable(tool):
                raise TypeError(f"tool {name!r} is not callable: {tool!r}")
        self._tools = dict(named)
        self._fitted: dict[str, Callable[..., Any]] = {}
        if len(self._tools) < len(named):
            raise ValueError("two tools have the same name: pass a mapping")

    async def call(self, call: ToolCall) -> ToolResult:
        """What the tool gave, or what went wrong; raises nothing but what ends programs."""
        tool = self._tools.get(call.name)
        if tool is None:
            return ToolResult(call, error=f"there is no tool {call.name!r}")
        try:
            if call.name not in self._fitted:
                self._fitted[call.name] = _fitted(tool)
            result = ToolResult(call, await _called(self._fitted[call.name], call.args()))
            assert result.message  # does JSON hold it?
        except BaseException as exc:
            failure = failure_of("the tool", exc)
            if failure is None or is_cancel(exc):
                raise
            return ToolResult(call, error=described(failure))
        return result


async def _called(tool: Callable[..., Any], arguments: Any) -> Any:
    """Blocking tools run in a thread: nobody may hold up the loop."""
    if not isinstance(arguments, dict):
        raise TypeError("the arguments are no object")
    from pydantic import ValidationError

    try:
        if inspect.iscoroutinefunction(tool):
            return await tool(**arguments)
        value = await in_thread(lambda: tool(**arguments))
        return await value if inspect.isawaitable(value) else value
    except ValidationError as exc:
        raise TypeError(f"the arguments do not fit: {told(exc)}") from exc


def _fitted(tool: Callable[..., Any]) -> Callable[..., Any]:
    """``tool`` with its arguments made from JSON; as it is, if pydantic does not understand one of them."""
    from pydantic import validate_call
    from pydantic.errors import PydanticUserError

    try:
        return validate_call(tool)
    except (PydanticUserError, NameError):
        return tool
