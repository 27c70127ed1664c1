"""A conversation with tools as one stream: reply, calls, results, the next reply, until the model is content."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from reactivex import Observable, abc, from_iterable
from reactivex.disposable import Disposable, SerialDisposable

from ..engine import RunScheduler, Stream, scheduler_for
from ..engine.mapped import Mapped
from ..errors import StreamkitError, excerpt
from ..events import Event, Reply, ToolCall, ToolResult
from ..messages import Message
from ..usage import Usage
from .requests import messages_of
from .threads import in_thread

__all__ = ["tool_loop"]

Tools: TypeAlias = "Mapping[str, Callable[..., Any]] | Iterable[Callable[..., Any]]"


def tool_loop(
    ask: Callable[[list[Any]], Observable[Event]],
    messages: str | Sequence[Mapping[str, Any]],
    tools: Tools,
    *,
    rounds: int = 8,
    concurrency: int = 4,
) -> Stream[Event]:
    """The events of every round and a `ToolResult` for each call, then one `Reply` for the whole.

    ``ask(messages)`` gives the stream of one round; it is called again with the calls' results appended, as long as a
    complete reply asks for tools, at most ``rounds`` times (then the Reply is ``stopped``, by ``tool_loop``). ``tools``
    are functions by name, or functions that are called by their own: with the arguments that the model wrote as
    keywords, ``concurrency`` at a time, results in the order of the calls. Blocking ones run in threads. What a tool
    raises, a tool that does not exist and arguments that do not fit are told to the model, not raised.

    The Reply has the last round's text, ``rounds``, the usage of all rounds together (None if one had none), and in
    ``messages`` all that is to be appended to the conversation.
    """
    named = dict(tools) if isinstance(tools, Mapping) else {tool.__name__: tool for tool in tools}
    if rounds < 1 or concurrency < 1:
        raise ValueError("rounds and concurrency must be at least 1")
    asked = messages_of(messages)

    class Rounds(Observable[Event]):
        def _subscribe_core(
            self, observer: abc.ObserverBase[Event], scheduler: abc.SchedulerBase | None = None
        ) -> abc.DisposableBase:
            loop = _Loop(ask, asked, named, rounds, concurrency, observer, scheduler_for(scheduler))
            return loop.begin()

    return Stream(Rounds(), label="tool loop")


class _Loop:
    def __init__(
        self,
        ask: Callable[[list[Any]], Observable[Event]],
        messages: list[Mapping[str, Any]],
        tools: dict[str, Callable[..., Any]],
        rounds: int,
        concurrency: int,
        observer: abc.ObserverBase[Event],
        scheduler: RunScheduler,
    ) -> None:
        self._ask, self._messages, self._tools = ask, messages, tools
        self._rounds, self._concurrency = rounds, concurrency
        self._observer = observer
        self._scheduler = scheduler.derive(lens=self._whole)
        self._subscription = SerialDisposable()
        self._replies: list[Reply] = []
        self._earlier: list[Message] = []
        self._reply = Reply()

    def begin(self) -> abc.DisposableBase:
        self._round()
        return Disposable(self._subscription.dispose)

    def _round(self) -> None:
        try:
            stream = self._ask([*self._messages, *self._earlier])
        except Exception as exc:
            self._observer.on_error(exc)
            return
        self._subscription.disposable = stream.subscribe(
            self._event, self._failed, self._replied, scheduler=self._scheduler
        )

    def _event(self, event: Event) -> None:
        if isinstance(event, Reply):
            self._reply = event
        else:
            self._observer.on_next(event)

    def _failed(self, error: Exception) -> None:
        if isinstance(error, StreamkitError):
            error = error.with_partial(self._whole(error.partial))
        self._observer.on_error(error)

    def _replied(self) -> None:
        reply = self._reply
        if reply.outcome != "complete" or not reply.tool_calls:
            self._end(self._whole(reply))
        elif len(self._replies) + 1 >= self._rounds:
            self._end(replace(self._whole(reply), outcome="stopped", stopped_by="tool_loop"))
        else:
            self._replies.append(reply)
            self._earlier += reply.messages
            calls = Mapped(from_iterable(reply.tool_calls), self._call, self._concurrency, True)
            self._subscription.disposable = calls.subscribe(
                self._result, self._observer.on_error, self._round, scheduler=self._scheduler
            )

    def _result(self, result: ToolResult) -> None:
        told = f"error: {result.error}" if result.error is not None else result.value
        self._earlier.append(result.call.result(told))
        self._observer.on_next(result)

    def _end(self, reply: Reply) -> None:
        self._observer.on_next(reply)
        self._observer.on_completed()

    def _whole(self, reply: Reply) -> Reply:
        """One round's Reply as that of all rounds so far."""
        every = [*self._replies, reply]
        return replace(
            reply,
            usage=_sum([one.usage for one in every]),
            attempts=sum(one.attempts for one in every),
            rounds=len(every),
            earlier=tuple(self._earlier),
        )

    async def _call(self, call: ToolCall) -> ToolResult:
        tool = self._tools.get(call.name)
        if tool is None:
            return ToolResult(call, error=f"there is no tool {call.name!r}")
        try:
            arguments = call.args()
            if not isinstance(arguments, dict):
                raise TypeError("the arguments are no object")
            if inspect.iscoroutinefunction(tool):
                return ToolResult(call, await tool(**arguments))
            value = await in_thread(lambda: tool(**arguments))
            return ToolResult(call, await value if inspect.isawaitable(value) else value)
        except asyncio.CancelledError:
            raise
        except Exception as exc:
            return ToolResult(call, error=excerpt(f"{type(exc).__name__}: {exc}"))


def _sum(usages: Sequence[Usage | None]) -> Usage | None:
    """The figures of several requests together; one that is missing anywhere is missing in the sum."""
    known = [usage for usage in usages if usage is not None]
    if not known or len(known) < len(usages):
        return None
    if len(known) == 1:
        return known[0]

    def total(name: str) -> int | None:
        figures = [getattr(usage, name) for usage in known]
        return None if None in figures else sum(figures)

    names = ("prompt_tokens", "completion_tokens", "total_tokens", "cached_tokens", "reasoning_tokens")
    origins = {usage.origin for usage in known}
    figures: dict[str, Any] = {name: total(name) for name in names}
    return Usage(**figures, origin=origins.pop() if len(origins) == 1 else "partial")
