"""Calls of tools while their arguments grow, each with a stage that reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

from ...event_class import with_brief_repr
from ...events import ToolCall, ToolCallDelta
from ..open_calls import OpenCalls

__all__ = ["CallStages", "CallValue", "Tools", "check_tools"]

V = TypeVar("V")
Tools: TypeAlias = "str | Sequence[str]"
ANY = "*"


@with_brief_repr
@dataclass(frozen=True, slots=True, repr=False)
class CallValue(Generic[V]):
    """A ``value`` (so far, or an item) in the arguments of one call: that with this ``id`` of the tool ``name``.

    ``call`` is the number of its deltas (`ToolCallDelta.call`), which distinguishes calls of a reply that have no id;
    None for a call that came whole, all of whose values come together. An ``id`` or ``name`` that comes after the first
    values is "" in those and is not added to them later: only the values that follow have it.
    """

    call: int | None
    id: str
    name: str
    value: V


def check_tools(tool: Any) -> None:
    """Check that ``tool`` names tools, else TypeError or ValueError."""
    names = [tool] if isinstance(tool, str) or not isinstance(tool, Iterable) else list(tool)
    if not all(isinstance(name, str) for name in names):
        raise TypeError(f"tool is the name of a tool, or a list of names, not {tool!r}")
    if not names:
        raise ValueError("tool is an empty list")


class CallStages:
    """A stage: the deltas and whole calls of one choice → the output of the stages that ``make`` returns, for their
    arguments.

    ``tool`` is the name of a tool, a sequence of names, or ``"*"`` for any tool, also one whose name never comes. With
    one name the output is the bare values, else each is a `CallValue`.
    """

    def __init__(self, make: Callable[[], Any], tool: Tools) -> None:
        self._make, self._labels = make, tool == ANY or not isinstance(tool, str)
        self._names = frozenset([tool] if isinstance(tool, str) else tool)
        self._calls: dict[int, _CallState] = {}
        self._open = OpenCalls()

    def feed(self, event: ToolCallDelta | ToolCall) -> Iterable[Any]:
        if isinstance(event, ToolCall):
            return self._whole(event)
        self._open.feed(event)
        call = self._calls.get(event.call)
        if call is None:
            call = self._calls[event.call] = _CallState(event.call)
        return self._grow(call, event)

    def flush(self) -> list[Iterable[Any]]:
        """The remaining values of each call that is not whole: each may fail by itself."""
        return [self._labelled(call, rest_of(call.stage)) for call in self._calls.values() if call.stage is not None]

    def _grow(self, call: _CallState, event: ToolCallDelta | ToolCall) -> Iterable[Any]:
        call.id, call.name = call.id or event.id or "", call.name or event.name or ""
        if call.stage is None:
            call.waiting.append(event.arguments)
            return self._begin(call)
        return self._labelled(call, call.stage.feed(event.arguments))

    def _begin(self, call: _CallState) -> Iterable[Any]:
        """Read the waiting arguments, if it is known by now whether they are wanted."""
        if not call.name and ANY not in self._names:
            return ()
        call.stage = self._make() if ANY in self._names or call.name in self._names else IGNORED
        arguments = "".join(call.waiting)
        call.waiting.clear()
        return self._labelled(call, call.stage.feed(arguments))

    def _whole(self, event: ToolCall) -> Iterator[Any]:
        """The end of a call whose pieces came before, or a call that comes at once."""
        number = self._open.close(event)
        if number is None:
            call = _CallState(None)
            yield from self._grow(call, event)
        else:
            call = self._calls[number]
            call.id, call.name = event.id or call.id, event.name or call.name
            if call.stage is None:
                yield from self._begin(call)
        stage, call.stage = call.stage or IGNORED, IGNORED
        if not event.arguments.strip():
            yield from self._labelled(call, stage.feed("{}"))
        yield from self._labelled(call, rest_of(stage))

    def _labelled(self, call: _CallState, values: Iterable[Any]) -> Iterable[Any]:
        if not self._labels:
            return values
        return (CallValue(call.number, call.id, call.name, value) for value in values)


def rest_of(stage: Any) -> Iterator[Any]:
    """The remaining values of ``stage``, computed (or its error raised) only on iteration."""
    yield from stage.flush()


class _CallState:
    """The state of one call. ``stage`` is None until it is known whether the arguments are wanted; they are
    ``waiting``."""

    __slots__ = ("id", "name", "number", "stage", "waiting")

    def __init__(self, number: int | None) -> None:
        self.number = number
        self.id = self.name = ""
        self.waiting: list[str] = []
        self.stage: Any = None


class _Ignored:
    """The stage of a call that is not wanted, or that has ended."""

    def feed(self, text: str) -> Iterable[Any]:
        return ()

    def flush(self) -> Iterable[Any]:
        return ()


IGNORED = _Ignored()
