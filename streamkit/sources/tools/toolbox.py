"""Functions that a model may call."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from ...checks import quote
from ...engine.loops import LOGGER, failure_of, is_cancel
from ...engine.upstream import SentRequest
from ...errors import MalformedError
from ...events import ToolCall, ToolResult
from ...validation import told
from ...wording import described, one_line, said
from ..threads import in_thread
from .parameters import given_by_partials, typed
from .schemas import tool_name

__all__ = ["Toolbox", "Tools"]

ADD = (
    "send them too, as in client.chat(messages, tools=tools) or functools.partial(client.chat, tools=tools), "
    "or give the tool loop client.chat itself"
)
FUNCTIONS = "tools are a list of functions, or functions by name"
SCHEMA = ": give the function; the schema goes into functools.partial(client.chat, tools=[...])"


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
        if callable(tools):
            raise TypeError(f"{FUNCTIONS}, not {quote(tools)}: put it in a list")
        check_tools(tools)
        named = list(tools.items()) if isinstance(tools, Mapping) else [(tool_name(tool), tool) for tool in tools]
        for name, tool in named:
            if not isinstance(name, str):
                raise TypeError(f"tools are functions by name, and {name!r} is not a name")
            if not callable(tool):
                hint = SCHEMA if isinstance(tool, Mapping) else ""
                raise TypeError(f"tool {name!r} is not callable: {quote(tool)}{hint}")
        self.tools = dict(named)
        self._fitted: dict[str, Callable[..., Any]] = {}
        self._failed: set[str] = set()
        self._unchecked = True
        if len(self.tools) < len(named):
            raise ValueError("two tools have the same name: pass a mapping")

    async def call(self, call: ToolCall) -> ToolResult:
        """What the tool gave, or what went wrong; raises nothing but what ends programs."""
        tool = self.tools.get(call.name)
        if tool is None:
            return ToolResult(call, error=f"there is no tool {call.name!r}")
        try:
            arguments = _arguments(call)
            _check_open(tool, arguments)
            if call.name not in self._fitted:
                self._fitted[call.name] = _fitted(tool)
            value = await _called(self._fitted[call.name], arguments)
        except ArgumentsError as exc:
            return ToolResult(call, error=said(exc))
        except BaseException as exc:
            failure = failure_of("the tool", exc)
            if failure is None or is_cancel(exc):
                raise
            return self._failure(call, described(failure), f"raised {type(exc).__name__}{_place(exc)}")
        result = ToolResult(call, value)
        try:
            assert result.message
        except Exception as exc:
            return self._failure(call, described(exc), f"gave a {type(value).__name__} that JSON cannot hold")
        return result

    def check_sent(self, asked: SentRequest | None) -> None:
        """Say once if ``asked``, a request on behalf of the tools, does not have them."""
        if self._unchecked:
            self._unchecked = False
            _warn_if_none_sent(asked, self.tools)

    def _failure(self, call: ToolCall, error: str, what: str) -> ToolResult:
        """The first one of each tool is on the log, as a `ToolResult` is easily overlooked. ``error`` is not: it may
        quote what an operator hides."""
        if call.name not in self._failed:
            self._failed.add(call.name)
            LOGGER.warning(
                "tool %s %s; the model is told, and ToolResult.error says more", one_line(call.name), one_line(what)
            )
        return ToolResult(call, error=error)


def check_tools(tools: Any) -> None:
    if isinstance(tools, (str, bytes)) or not isinstance(tools, Iterable):
        raise TypeError(f"{FUNCTIONS}, not {quote(tools)}: write [function], or [] if there are none")


class ArgumentsError(TypeError):
    """The model's mistake, not one of the program."""


def _arguments(call: ToolCall) -> dict[str, Any]:
    try:
        arguments = call.args()
    except MalformedError as exc:
        raise ArgumentsError(described(exc)) from exc
    if not isinstance(arguments, dict):
        raise ArgumentsError("the arguments are not an object")
    return arguments


def _check_open(tool: Any, arguments: dict[str, Any]) -> None:
    """What a partial gives is the program's: a model that names it would put something else in its place."""
    if refused := given_by_partials(tool) & arguments.keys():
        told = "; ".join(f"{name}: Unexpected keyword argument" for name in sorted(refused))
        raise ArgumentsError(f"the arguments do not fit: {told}")


def _place(exc: BaseException) -> str:
    """Where the tool raised it, if that can be told."""
    last = traceback.extract_tb(exc.__traceback__)[-1:]
    return f" in {one_line(Path(last[0].filename).name)}, line {last[0].lineno}" if last else ""


async def _called(tool: Callable[..., Any], arguments: dict[str, Any]) -> Any:
    """Blocking tools run in a thread: nobody may hold up the loop."""
    from pydantic import ValidationError

    try:
        if inspect.iscoroutinefunction(tool):
            return await tool(**arguments)
        value = await in_thread(lambda: tool(**arguments))
        return await value if inspect.isawaitable(value) else value
    except ValidationError as exc:
        raise ArgumentsError(f"the arguments do not fit: {told(exc)}") from exc


def _fitted(tool: Callable[..., Any]) -> Callable[..., Any]:
    """``tool`` with its arguments made from JSON. If pydantic does not understand all of its annotations, those that it
    does; as it is, if nothing can be told of its parameters."""
    from pydantic import validate_call

    if isinstance(tool, type):
        return tool
    for made in (typed,) if given_by_partials(tool) else (_itself, typed):
        try:
            return validate_call(made(tool))
        except Exception:  # whatever pydantic, or text that is run as an annotation, says of it
            continue
    return tool


def _itself(tool: Callable[..., Any]) -> Callable[..., Any]:
    return tool


def _warn_if_none_sent(asked: SentRequest | None, tools: Iterable[str]) -> None:
    """Log a warning for a request without tools that was made for a loop which has some. None: it is not known."""
    names = one_line(", ".join(tools))
    if asked is not None and names and not (asked.body.get("tools") or asked.body.get("functions")):
        warning = "the model was not told of the tools of this tool loop (%s), so it calls none of them: %s"
        LOGGER.warning(warning, names, ADD)
