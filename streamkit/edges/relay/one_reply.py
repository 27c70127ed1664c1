"""The rounds of a tool loop as the one reply that a client of an API expects."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace
from typing import TypeAlias

from ...events import (
    CUT,
    BlockStart,
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
from ...stages import JoinedRounds, begins_message

__all__ = ["OneReply"]

Key: TypeAlias = tuple[int | str, ...]


class OneReply:
    """A stage: the events of a tool loop → the same as events of a single reply. Those of another stream pass.

    A client that reads calls runs them, and asks again with their results. So calls are held until the end of their
    round, and only unanswered ones are emitted. Finish reasons and usage are only those of the `Reply`. A stream that
    did not begin with a `Start` may be a loop that was subscribed to late, so it is treated as one.
    """

    def __init__(self) -> None:
        self._is_loop: bool | None = None  # None: not known
        self._calls: list[ToolCall] = []  # of this round
        self._answered: Counter[Key] = Counter()
        self._reasons: dict[int, str] = {}  # the last one of each choice
        self._paragraphs: dict[tuple[type, int], JoinedRounds] = defaultdict(JoinedRounds)

    def feed(self, event: Event) -> list[Event]:
        if isinstance(event, Start):
            if event.round is not None:
                self._is_loop = True
            elif self._is_loop is None:
                self._is_loop = False
            return [event] if event.round in (None, 1) else []
        events = [event] if self._is_loop is False else self._of_loop(event)
        return [_with_reason(one) if isinstance(one, Reply) else one for one in events]

    def _of_loop(self, event: Event) -> list[Event]:
        match event:
            case TextDelta() | ReasoningDelta() | RefusalDelta():
                text = self._paragraphs[type(event), event.index].feed(event.text)
                return [event if text == event.text else replace(event, text=text)]
            case ToolCallDelta() | UsageUpdate():
                return []
            case ToolCall():
                self._calls.append(event)
                return []
            case Finish(reason=reason, index=index):
                self._reasons[index] = reason
                return []
            case ToolResult(call=call):
                self._answered[_key(call)] += 1
            case Restart():
                self._calls.clear()
            case BlockStart() if begins_message(event):
                for (_, index), paragraphs in self._paragraphs.items():
                    if index == event.index:
                        paragraphs.next_message()
            case RoundEnd(last=False):
                return [*self._end_round(), event]
            case Reply():
                return self._end(event)
        return [event]

    def _end_round(self) -> list[ToolCall]:
        calls = self._unanswered(self._calls)
        self._calls.clear()
        self._answered.clear()
        for paragraphs in self._paragraphs.values():
            paragraphs.end()
        return calls

    def _end(self, reply: Reply) -> list[Event]:
        """The last calls, the finish reasons of choices that only an earlier round had, and the `Reply`."""
        every = (call for choice in reply.choices for call in choice.tool_calls)
        calls = self._unanswered(self._calls if reply.outcome in CUT else every)
        called, ended = {call.index for call in calls}, {choice.index for choice in reply.choices}
        earlier = [Finish(reason, index) for index, reason in self._reasons.items() if index not in ended]
        return [*calls, *earlier, _without_calls(reply, called)]

    def _unanswered(self, calls: Iterable[ToolCall]) -> list[ToolCall]:
        """The calls that the client has to answer, each as a whole, and without its number in the round."""
        unanswered = []
        for call in calls:
            if self._answered[_key(call)]:
                self._answered[_key(call)] -= 1
            else:
                unanswered.append(replace(call, call=None))
        return unanswered


def _key(call: ToolCall) -> Key:
    return (call.index, call.id) if call.id else (call.index, call.name, call.arguments)


def _without_calls(reply: Reply, called: set[int]) -> Reply:
    """``reply``, in which a choice whose calls are not sent does not have them as its finish reason."""

    def ended(choice: Choice) -> Choice:
        for_calls = choice.tool_calls and choice.finish_reason and choice.index not in called
        return replace(choice, finish_reason="stop") if for_calls else choice

    return replace(reply, choices=tuple(map(ended, reply.choices)))


def _with_reason(reply: Reply) -> Reply:
    """``reply`` with a finish reason if it was stopped on this side: clients wait for one."""
    first, *others = reply.choices
    if reply.outcome != "stopped" or first.finish_reason:
        return reply
    return replace(reply, choices=(replace(first, finish_reason="stop"), *others))
