"""Listeners: sinks made of callbacks, one for each kind of event in a reply."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping
from functools import partial
from inspect import isawaitable
from typing import Any, Never, TypeAlias, TypeVar

from ...awaitables import close_unused
from ...events import (
    BlockStart,
    Citation,
    Event,
    File,
    Finish,
    ReasoningDelta,
    RefusalDelta,
    Reply,
    Restart,
    RoundEnd,
    ServerTool,
    Start,
    TextDelta,
    ToolCall,
    Usage,
    UsageUpdate,
)
from ...stages import Pieces
from ..streams import check_function, name_of, not_events

__all__ = ["Listener", "on"]

T = TypeVar("T")
NAMES: dict[type, str] = {
    Start: "start",
    TextDelta: "text",
    ReasoningDelta: "reasoning",
    RefusalDelta: "refusal",
    ToolCall: "tool_call",
    ServerTool: "server_tool",
    Citation: "citation",
    File: "file",
    UsageUpdate: "usage",
    RoundEnd: "round_end",
    Finish: "finish",
}
Callback: TypeAlias = Callable[[T], Awaitable[None] | Any]


class Listener:
    """A sink made of callbacks; see `on`."""

    __slots__ = ("_callbacks", "_error", "_event", "_reply", "_texts", "write")

    def __init__(
        self,
        callbacks: dict[type, Callable[[Any], Any]],
        texts: dict[type, Callback[str]],
        event: Callback[Event] | None,
        error: Callback[Exception] | None,
        reply: Callback[Reply] | None,
    ) -> None:
        self._callbacks, self._texts = callbacks, texts
        self._event, self._error, self._reply = event, error, reply
        self.write = self.begin().write

    @property
    def wants(self) -> str:
        """The callbacks that need events of a certain type, as text for messages; empty if there are none, or if any
        item is used."""
        names = [NAMES[kind] for kind in (*self._texts, *self._callbacks)] if self._event is None else []
        return f"sk.on({', '.join(f'{name}=' for name in names)})" if names else ""

    def begin(self) -> ListenerState:
        """A receiver for the events of one stream. Several streams may have the same listener."""
        return ListenerState(self._callbacks, self._texts, self._event, self.wants)

    @property
    def hears_errors(self) -> bool:
        return self._error is not None

    def fail(self, error: Exception) -> Any:
        return self._error(error) if self._error is not None else None

    def close(self, reply: Reply) -> Any:
        return self._reply(reply) if self._reply is not None else None

    def __repr__(self) -> str:
        others = {"event": self._event, "error": self._error, "reply": self._reply}
        kinds = [kind.__name__ for kind in (*self._callbacks, *self._texts)]
        return (
            f"<Listener to {', '.join(kinds + [name for name, callback in others.items() if callback]) or 'nothing'}>"
        )


class ListenerState:
    """The state of one stream of events on its way to the callbacks of a listener."""

    __slots__ = ("_any_event", "_any_text", "_callbacks", "_event", "_pieces", "_texts", "_wants")

    def __init__(
        self,
        callbacks: dict[type, Callable[[Any], Any]],
        texts: dict[type, Callback[str]],
        event: Callback[Event] | None,
        wants: str,
    ) -> None:
        self._callbacks, self._texts, self._event, self._wants = callbacks, texts, event, wants
        self._pieces = {kind: Pieces(kind) for kind in texts}
        self._any_event = self._any_text = False

    def in_vain(self) -> TypeError | None:
        """The error at the end of the stream if only text came, which these callbacks do not use; else None."""
        return not_events(self._wants) if self._wants and self._any_text and not self._any_event else None

    def write(self, event: Event) -> Any:
        """Call the callback for this kind of event, then ``event=``. Returns an awaitable if either returned one."""
        first = self._special(event)
        if self._event is None or not isawaitable(first):
            return first if self._event is None else self._event(event)
        return _InTurn(first, partial(self._event, event))

    def _special(self, event: Any) -> Any:
        kind = type(event)
        if kind is str:
            self._any_text = True
            return None
        self._any_event = True
        if kind in self._texts:
            text = self._pieces[kind].feed(event)
            return self._texts[kind](text) if text else None
        if kind is RoundEnd or kind is Restart or kind is BlockStart:
            for pieces in self._pieces.values():
                pieces.feed(event)
        callback = self._callbacks.get(kind)
        return callback(event) if callback is not None else None


class _InTurn:
    """Awaits ``first``, then calls ``second`` and awaits its answer if it is async too."""

    __slots__ = ("_first", "_second")

    def __init__(self, first: Awaitable[Any], second: Callable[[], Any]) -> None:
        self._first: Awaitable[Any] | None = first
        self._second = second

    def __await__(self) -> Generator[Any, None, None]:
        return self._both().__await__()

    async def _both(self) -> None:
        first, self._first = self._first, None
        if first is not None:
            await first
        answer = self._second()
        if isawaitable(answer):
            await answer

    def close(self) -> None:
        """Close ``first``, as it will never be awaited and must not warn about that."""
        close_unused(self._first)


def _check_names(positional: tuple[Any, ...], unknown: Mapping[str, Any], known: Iterable[str]) -> None:
    if positional:
        raise TypeError(
            f"sk.on takes callbacks by name: write sk.on(text={name_of(positional[0])}), or event= for all events"
        )
    for name in unknown:
        from difflib import get_close_matches  # needed only after a mistake

        near = get_close_matches(name, known, 1)
        raise TypeError(
            f"sk.on has no callback {name}=: "
            + (f"write {near[0]}=, or event= for all events" if near else f"there are {', '.join(known)}")
        )


def on(
    *given: Never,
    start: Callback[Start] | None = None,
    text: Callback[str] | None = None,
    reasoning: Callback[str] | None = None,
    refusal: Callback[str] | None = None,
    tool_call: Callback[ToolCall] | None = None,
    server_tool: Callback[ServerTool] | None = None,
    citation: Callback[Citation] | None = None,
    file: Callback[File] | None = None,
    usage: Callback[Usage] | None = None,
    round_end: Callback[RoundEnd] | None = None,
    finish: Callback[Finish] | None = None,
    event: Callback[Event] | None = None,
    error: Callback[Exception] | None = None,
    reply: Callback[Reply] | None = None,
    **unknown: Never,
) -> Listener:
    """A sink that calls back: ``text``, ``reasoning`` and ``refusal`` with each piece (str) of the first choice,
    ``tool_call`` with each whole call, ``server_tool``, ``citation`` and ``file`` with each event of that kind,
    ``usage`` with a `Usage`, ``round_end`` after each round of a tool loop (the next piece of text begins with a
    paragraph break then), ``event`` with every event after the special one.

    ``error`` is called if the stream breaks, ``reply`` exactly once for every way to end, last, with the (partial)
    `Reply`. Callbacks may be coroutine functions. A listener swallows nothing: the run raises all the same to a
    caller that asks it. If none does, the error that ``error`` was called with is not logged, unless ``error`` fails.
    """

    every = {
        "start": start, "text": text, "reasoning": reasoning, "refusal": refusal, "tool_call": tool_call,
        "server_tool": server_tool, "citation": citation, "file": file, "usage": usage, "round_end": round_end,
        "finish": finish, "event": event, "error": error, "reply": reply,
    }  # fmt: skip
    _check_names(given, unknown, every)
    for name, callback in every.items():
        if callback is not None:
            check_function(name, callback, f"it is called with what its name says, sk.on({name}=fn)")

    callbacks: dict[type, Callable[[Any], Any]] = {}
    whole: dict[type, Any] = {
        Start: start, ToolCall: tool_call, ServerTool: server_tool, Citation: citation, File: file,
        RoundEnd: round_end, Finish: finish,
    }  # fmt: skip
    callbacks |= {kind: callback for kind, callback in whole.items() if callback is not None}
    texts: dict[type, Callback[str] | None] = {TextDelta: text, ReasoningDelta: reasoning, RefusalDelta: refusal}
    if usage is not None:
        on_usage = usage
        callbacks[UsageUpdate] = lambda update: on_usage(update.usage)
    text_callbacks = {kind: callback for kind, callback in texts.items() if callback is not None}
    return Listener(callbacks, text_callbacks, event, error, reply)
