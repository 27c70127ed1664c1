"""Text stages applied to events: what is shown changes, everything else passes, each choice and part by itself.

Text that a stage holds back waits for more of its own part; events of other parts do not wait for it. The end of a
choice and the `Reply` let it out first. The Reply says what was let through, and so does `Rewriter.reply` for one that
was cut short.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, Protocol, TypeAlias

from ..events import (
    Event,
    Finish,
    LogprobsDelta,
    Outcome,
    ReasoningDelta,
    RefusalDelta,
    Reply,
    Restart,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    UsageUpdate,
)
from .fold import Fold

__all__ = ["PARTS", "Piece", "Rewriter", "TextStage", "parts_of"]

PARTS: dict[str, type] = {
    "text": TextDelta,
    "reasoning": ReasoningDelta,
    "refusal": RefusalDelta,
    "tool_calls": ToolCallDelta,
}
Piece: TypeAlias = "str | tuple[type, str]"
"""Text for the part at hand, or for another: ``(ReasoningDelta, "...")``."""


class TextStage(Protocol):
    """A stage over the text of one part. ``done`` ends the whole reply; optional."""

    def feed(self, text: str, /) -> Iterable[Piece]: ...
    def flush(self) -> Iterable[Piece]: ...


def parts_of(names: Sequence[str]) -> frozenset[type]:
    """The kinds of delta that ``names`` of parts mean; ValueError for an unknown one."""
    if isinstance(names, str) or not set(names) <= set(PARTS):
        raise ValueError(f"parts is a list out of {', '.join(PARTS)}, not {names!r}")
    return frozenset(PARTS[name] for name in names)


class Rewriter:
    """A stage, events (or bare str) in and out. ``make`` gives a fresh `TextStage` for each part of each choice.

    With ``hides`` nothing else may tell what was there: ``raw`` and log probabilities are dropped. A stage that sets
    ``done`` ends the reply as ``stopped`` by ``name``.
    """

    def __init__(self, make: Callable[[], Any], kinds: frozenset[type], *, name: str = "", hides: bool = False) -> None:
        self.done = False
        self._make, self._kinds, self._name, self._hides = make, kinds, name, hides
        self._stages: dict[tuple[type, int, int], Any] = {}
        self._calls: dict[str, int] = {}
        self._fold = Fold()
        self._ended = False

    # -- the stage -------------------------------------------------------------------------------------------------

    def feed(self, event: Any) -> list[Any]:
        if self._ended:
            return []
        if type(event) is str:
            return self._bare(event)
        out = self._events(event)
        for made in out:
            self._fold.feed(made)
        if self.done and not self._ended:
            out.append(self._last("stopped"))
        return out

    def flush(self) -> list[Any]:
        """What is held, for a stream that ends without its Reply (an error, or bare str)."""
        if self._ended:
            return []
        out = [piece for key in sorted(self._stages, key=str) for piece in self._rest(key)]
        for made in out:
            self._fold.feed(made)
        return [made.text for made in out] if (str, 0, 0) in self._stages else out

    def reply(self, reply: Reply) -> Reply:
        """``reply`` of the source as far as it was let through."""
        if self._ended:
            return self._final
        shown = self._fold.reply(reply.outcome)
        return replace(reply, choices=shown.choices, raw=None if self._hides else reply.raw)

    # -- events ----------------------------------------------------------------------------------------------------

    def _bare(self, text: str) -> list[str]:
        made = self._through((str, 0, 0), TextDelta("", 0), text)
        for piece in made:
            self._fold.feed(piece)
        self._ended = self.done
        return [piece.text for piece in made if type(piece) is TextDelta]

    def _events(self, event: Event) -> list[Any]:
        kind = type(event)
        if kind in self._kinds:
            if isinstance(event, ToolCallDelta):
                if event.id:
                    self._calls[event.id] = event.call
                return self._through((kind, event.index, event.call), event, event.arguments)
            return self._through((kind, event.index, 0), event, event.text)  # type: ignore[union-attr]  # has text
        if isinstance(event, Finish):
            return [*self._rest_of(event.index), self._cleared(event)]
        if isinstance(event, Reply):
            return self._reply(event)
        if isinstance(event, ToolCall) and ToolCallDelta in self._kinds:
            rest = self._rest_of(event.index, ToolCallDelta, self._calls.get(event.id))
            return [*rest, replace(event, arguments=self._whole(event.arguments), raw=None)]
        if isinstance(event, Restart):
            self._stages.clear()
        if isinstance(event, LogprobsDelta) and self._hides:
            return []
        return [self._cleared(event)]

    def _cleared(self, event: Event) -> Event:
        if self._hides and event.raw is not None:
            if isinstance(event, UsageUpdate):
                return replace(event, usage=replace(event.usage, raw=None), raw=None)
            return replace(event, raw=None)
        return event

    def _reply(self, event: Reply) -> list[Any]:
        out = [piece for key in tuple(self._stages) for piece in self._rest(key)]
        for made in out:
            self._fold.feed(made)
        self._final = self.reply(event)
        self._ended = True
        return [*out, self._final]

    def _last(self, outcome: Outcome) -> Reply:
        """The Reply of a reply that this rewriter ended."""
        self._final = self._fold.reply(outcome, stopped_by=self._name)
        self._ended = True
        return self._final

    # -- text ------------------------------------------------------------------------------------------------------

    def _through(self, key: tuple[type, int, int], event: Any, text: str) -> list[Any]:
        stage = self._stages.get(key)
        if stage is None:
            stage = self._stages[key] = self._make()
        made = list(stage.feed(text))
        self.done = self.done or getattr(stage, "done", False)
        if made == [text]:
            return [self._cleared(event)]
        return self._deltas(made, event)

    def _deltas(self, pieces: Iterable[Piece], like: Any) -> list[Any]:
        out: list[Any] = []
        for piece in pieces:
            kind, text = piece if isinstance(piece, tuple) else (type(like), piece)
            if kind is ToolCallDelta:
                out.append(replace(like, arguments=text, raw=None))
            elif text:
                out.append(kind(text, like.index))
        if isinstance(like, ToolCallDelta) and not out and (like.id or like.name):
            out.append(replace(like, arguments="", raw=None))  # the call begins, whatever its arguments do
        return out

    def _rest_of(self, index: int, kind: type | None = None, call: int | None = None) -> list[Any]:
        keys = [key for key in self._stages if key[1] == index and kind in (None, key[0]) and call in (None, key[2])]
        return [piece for key in keys for piece in self._rest(key)]

    def _rest(self, key: tuple[type, int, int]) -> list[Any]:
        kind, index, call = key
        pieces = self._stages.pop(key).flush() if kind is not str else self._stages[key].flush()
        like: Any = ToolCallDelta("", call, index=index) if kind is ToolCallDelta else PARTS_BY_KIND[kind]("", index)
        return self._deltas([piece for piece in pieces if piece], like)

    def _whole(self, text: str) -> str:
        stage = self._make()
        pieces = [*stage.feed(text), *stage.flush()]
        return "".join(piece for piece in pieces if isinstance(piece, str))


PARTS_BY_KIND: dict[type, Any] = {str: TextDelta, **{kind: kind for kind in PARTS.values()}}
