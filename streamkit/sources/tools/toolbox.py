"""The functions that a model may call, by name."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Mapping
from inspect import isawaitable
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from ...awaitables import is_async
from ...checks import quote
from ...engine.failures import LOGGER, failure_of
from ...engine.loops import is_cancel
from ...engine.upstream import SentRequest
from ...errors import MalformedError
from ...events import ToolCall, ToolResult
from ...tool_calls import result_of
from ...validation import reason_of
from ...wording import described, one_line, said
from ...worker import in_thread
from .parameters import bound_by_partials, typed_function
from .schemas import strict_of, tool_name
from .strict import StrictTool, without_nulls

__all__ = ["Toolbox", "Tools"]

ADD = (
    "send them too, as in client.chat(messages, tools=tools) or functools.partial(client.chat, tools=tools), "
    "or give the tool loop client.chat itself"
)
FUNCTIONS = "tools are a list of functions, or functions by name"
SCHEMA = ": give the function; the schema goes into functools.partial(client.chat, tools=[...])"


class Named(Protocol):
    """The type that mypy infers for several functions in one list: all that it knows is that they have a name."""

    __name__: str


Tool: TypeAlias = "Callable[..., Any] | Named"
Tools: TypeAlias = "Mapping[str, Tool] | Iterable[Tool]"


class Toolbox:
    """The functions ``tools``, by the names given or by their own. ValueError if two have the same name, TypeError
    if one has none.

    Arguments are converted to the types of a tool's annotations, as far as pydantic understands them: dates, models,
    enums.
    """

    def __init__(self, tools: Tools) -> None:
        if callable(tools):
            raise TypeError(f"{FUNCTIONS}, not {quote(tools)}: put it in a list")
        check_tool_list(tools)
        named: list[tuple[str, Any]]
        named = list(tools.items()) if isinstance(tools, Mapping) else [(tool_name(tool), tool) for tool in tools]
        for name, tool in named:
            if not isinstance(name, str):
                raise TypeError(f"tools are functions by name, and {name!r} is not a name")
            if not callable(tool):
                hint = SCHEMA if isinstance(tool, Mapping) else ""
                raise TypeError(f"tool {name!r} is not callable: {quote(tool)}{hint}")
        self.tools: dict[str, Callable[..., Any]] = {name: strict_of(tool) or tool for name, tool in named}
        self._adapted: dict[str, Callable[..., Any]] = {}
        self._failed: set[str] = set()
        self._unchecked = True
        if len(self.tools) < len(named):
            raise ValueError("two tools have the same name: pass a mapping")

    async def call(self, call: ToolCall) -> ToolResult:
        """The result of a call, or its error. Raises only a cancel and exceptions that end programs."""
        tool = self.tools.get(call.name)
        if tool is None:
            return ToolResult(call, error=f"there is no tool {call.name!r}")
        try:
            arguments = _arguments(call)
            if isinstance(tool, StrictTool):
                arguments, tool = without_nulls(arguments, tool.parameters), tool.function
            _check_unbound(tool, arguments)
            if call.name not in self._adapted:
                self._adapted[call.name] = _adapted(tool)
            value = result_of(await _run(self._adapted[call.name], arguments))
        except ArgumentsError as exc:
            return ToolResult(call, error=said(exc))
        except BaseException as exc:
            failure = failure_of("the tool", exc)
            if failure is None or is_cancel(exc):
                raise
            return self._failure(call, described(failure), f"raised {type(exc).__name__}{_location(exc)}")
        try:
            call.result(value)
        except Exception as exc:
            return self._failure(call, described(exc), f"gave a {type(value).__name__} that JSON cannot hold")
        return ToolResult(call, value)

    def check_sent(self, request: SentRequest | None) -> None:
        """Log a warning, once, if ``request``, which was made for the tools, does not have them."""
        if self._unchecked:
            self._unchecked = False
            _warn_if_none_sent(request, self.tools)

    def _failure(self, call: ToolCall, error: str, what: str) -> ToolResult:
        """A result with an error. The first one of each tool is logged, as a `ToolResult` is easily overlooked, but
        without ``error``: that may quote text which an operator hides."""
        if call.name not in self._failed:
            self._failed.add(call.name)
            LOGGER.warning(
                "tool %s %s; the model is told, and ToolResult.error says more", one_line(call.name), one_line(what)
            )
        return ToolResult(call, error=error)


def check_tool_list(tools: Any) -> None:
    if isinstance(tools, (str, bytes)) or not isinstance(tools, Iterable):
        raise TypeError(f"{FUNCTIONS}, not {quote(tools)}: write [function], or [] if there are none")


class ArgumentsError(TypeError):
    """An error in the arguments: a mistake of the model, not of the program."""


def _arguments(call: ToolCall) -> dict[str, Any]:
    try:
        arguments = call.args()
    except MalformedError as exc:
        raise ArgumentsError(described(exc)) from exc
    if not isinstance(arguments, dict):
        raise ArgumentsError("the arguments are not an object")
    return arguments


def _check_unbound(tool: Any, arguments: dict[str, Any]) -> None:
    """Refuse arguments for parameters that a partial binds: the model would replace a value of the program."""
    if refused := bound_by_partials(tool) & arguments.keys():
        details = "; ".join(f"{name}: Unexpected keyword argument" for name in sorted(refused))
        raise ArgumentsError(f"the arguments do not fit: {details}")


def _location(exc: BaseException) -> str:
    """The file and line in which the tool raised ``exc``, if they are known."""
    last = traceback.extract_tb(exc.__traceback__)[-1:]
    return f" in {one_line(Path(last[0].filename).name)}, line {last[0].lineno}" if last else ""


async def _run(tool: Callable[..., Any], arguments: dict[str, Any]) -> Any:
    """Call a tool, in a thread unless it is a coroutine function: a blocking tool must not block the event loop."""
    from pydantic import ValidationError

    try:
        if is_async(tool):
            return await tool(**arguments)
        value = await in_thread(lambda: tool(**arguments))
        return await value if isawaitable(value) else value
    except ValidationError as exc:
        raise ArgumentsError(f"the arguments do not fit: {reason_of(exc)}") from exc


def _adapted(tool: Callable[..., Any]) -> Callable[..., Any]:
    """``tool`` with its arguments converted from JSON. If pydantic does not understand some of its annotations, only
    the others are used; if its parameters cannot be read, ``tool`` is unchanged."""
    from pydantic import validate_call

    if isinstance(tool, type):
        return tool
    for prepare in (typed_function,) if bound_by_partials(tool) else (_unchanged, typed_function):
        try:
            return validate_call(prepare(tool))
        except Exception:  # pydantic, or the evaluation of an annotation's text, may raise anything
            continue
    return tool


def _unchanged(tool: Callable[..., Any]) -> Callable[..., Any]:
    return tool


def _warn_if_none_sent(request: SentRequest | None, tools: Iterable[str]) -> None:
    """Log a warning for a request without tools that was made for a loop with tools. None: the request is unknown."""
    names = one_line(", ".join(tools))
    if request is not None and names and not (request.body.get("tools") or request.body.get("functions")):
        warning = "the model was not told of the tools of this tool loop (%s), so it calls none of them: %s"
        LOGGER.warning(warning, names, ADD)
