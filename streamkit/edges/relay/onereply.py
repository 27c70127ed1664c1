"""The rounds of a tool loop as the one reply that a client of an API expects."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TypeAlias

from ...events import (
    Choice,
    Event,
    Finish,
    ReasoningDelta,
    RefusalDelta,
    Reply,
    Restart,
    RoundEnd,
    Start,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    ToolResult,
    UsageUpdate,
)
from ...stages import Fold
from ...stages.rounds import Paragraphs

__all__ = ["OneReply"]

Place: TypeAlias = tuple[object, ...]


class OneReply:
    """A stage: the events of a tool loop → the same as events of a single reply; anything else passes as it is.

    Whoever reads calls runs them, and asks again with their results. So calls are held until their round is over, and
    only those are shown that nobody has answered. Of finish reasons and usage there are only those of the `Reply`.
    """

    def __init__(self) -> None:
        self._looped = False
        self._round = Fold(keep_text=False)  # its calls
        self._answered: set[Place] = set()
        self._paragraphs: dict[tuple[type, int], Paragraphs] = defaultdict(Paragraphs)

    def feed(self, event: Event) -> list[Event]:
        if isinstance(event, Start) and event.round is not None:
            self._looped = True
            return [event] if event.round == 1 else []
        return self._of_loop(event) if self._looped else [event]

    def _of_loop(self, event: Event) -> list[Event]:
        match event:
            case TextDelta() | ReasoningDelta() | RefusalDelta():
                shown = self._paragraphs[type(event), event.index].feed(event.text)
                return [event if shown == event.text else replace(event, text=shown)]
            case ToolCallDelta() | ToolCall():
                self._round.feed(event)
                return []
            case ToolResult(call=call):
                self._answered.add(_place(call))
                return []
            case Finish() | UsageUpdate():
                return []
            case Restart():
                self._round = Fold(keep_text=False)
            case RoundEnd(last=False):
                return [*self._next_round(), event]
            case Reply():
                calls = self._open_calls()
                return [*calls, _without_calls(event, {call.index for call in calls})]
        return [event]

    def _next_round(self) -> list[ToolCall]:
        calls = self._open_calls()
        self._round = Fold(keep_text=False)
        self._answered.clear()
        for text in self._paragraphs.values():
            text.end()
        return calls

    def _open_calls(self) -> list[ToolCall]:
        """The calls that are left to the reader, each as a whole and without the number that it has in its round."""
        calls = (call for choice in self._round.reply().choices for call in choice.tool_calls)
        return [replace(call, call=None) for call in calls if _place(call) not in self._answered]


def _place(call: ToolCall) -> Place:
    return (call.index, call.id, call.name) if call.call is None else (call.index, call.call)


def _without_calls(reply: Reply, called: set[int]) -> Reply:
    """``reply``, in which a choice that shows no calls does not end for them."""

    def ended(choice: Choice) -> Choice:
        for_calls = choice.tool_calls and choice.finish_reason and choice.index not in called
        return replace(choice, finish_reason="stop") if for_calls else choice

    return replace(reply, choices=tuple(map(ended, reply.choices)))
