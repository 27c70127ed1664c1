"""A fold of events into the `Reply` that they make up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from threading import Lock
from typing import Any

from ..errors import TooLargeError
from ..events import (
    CUT,
    BlockEnd,
    BlockStart,
    Choice,
    Citation,
    Event,
    File,
    Finish,
    LogprobsDelta,
    Origin,
    Outcome,
    ReasoningDelta,
    RefusalDelta,
    Reply,
    Restart,
    RoundEnd,
    ServerTool,
    Start,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    ToolResult,
    Usage,
    UsageUpdate,
)
from ..messages import Message
from ..reasons import meaning
from ..turns import Piece
from ..usage import as_partial, sum_usage
from .growing import GrowingCall
from .growing_choice import GrowingChoice
from .open_calls import OpenCalls

__all__ = ["Fold", "outcome_of"]

OVERHEAD = 100  # what a choice, a call or the log probabilities of a token count for, besides their text


def outcome_of(choice: Choice) -> Outcome:
    """The outcome of a choice that was not cut, by the finish reason of the server."""
    outcome = meaning(choice.finish_reason or "")
    if outcome == "complete" or outcome == "unknown" or outcome == "unfinished":
        return "refused" if choice.refusal else "complete"
    return outcome


class Fold:
    """Takes every `Event` and knows the `Reply` so far, which may be read from another thread while it is fed.

    Pieces are kept in lists and joined on demand, so the cost is linear. Raises `TooLargeError` for an event that would
    make the reply larger than ``reply_bytes`` (counted in characters). A `Reply` changes nothing; a `Restart` discards
    all choices, except for the text that it kept. After a `RoundEnd` that is not the last, the reply is that of the
    next round; events that follow a `ToolResult` without one, as in streams of earlier versions, belong to the next
    round as well. Without ``keep_text`` the reply has no text, thoughts, refusal or log probabilities, so that its size
    does not grow; if it is a function, that is called when a choice begins.
    """

    __slots__ = (
        *("_answers", "_choices", "_earlier", "_earlier_usage", "_has_begun", "_last_round", "_lock", "_open_calls"),
        *("_room", "id", "keep_text", "model", "origin", "reply_bytes", "request_id", "usage"),
    )

    def __init__(self, *, reply_bytes: int | None = None, keep_text: bool | Callable[[], bool] = True) -> None:
        self.reply_bytes, self.keep_text = reply_bytes, keep_text
        self.id = ""
        self.model = ""
        self.request_id: str | None = None
        self.origin: Origin | None = None
        self.usage: Usage | None = None
        self._room = reply_bytes if reply_bytes is not None else float("inf")
        self._choices: dict[int, GrowingChoice] = {}
        self._open_calls = OpenCalls()
        self._earlier: Sequence[Message] = ()
        self._last_round: Reply | None = None  # the last round, while its calls get their answers
        self._answers: list[Message] = []  # these answers
        self._earlier_usage: tuple[Usage | None, ...] = ()  # of the rounds before this one
        self._has_begun = True  # this round
        self._lock = Lock()  # between readers; feeding needs none

    def feed(self, event: Event) -> None:
        """Take one event."""
        if type(event) is TextDelta:  # nearly all events are: no further call for them
            choice, size = self._choices.get(event.index), len(event.text)
            if choice is not None and size <= self._room:
                self._room -= size
                choice.text.append(event.text)
                return
        handler = _HANDLERS.get(type(event))
        if handler is not None:
            handler(self, event)

    def reply(self, outcome: Outcome | None = None, **changes: Any) -> Reply:
        """The reply so far. Without ``outcome`` the finish reason decides it; ``changes`` are further fields."""
        with self._lock:
            choices = tuple(choice.snapshot() for _, choice in sorted(self._choices.items()))
        answers: tuple[Message, ...] = ()
        if not choices and self._last_round is not None:
            choices, answers = self._last_round.choices, tuple(self._answers)
        choices = choices or (Choice(),)
        outcome = outcome or outcome_of(choices[0])
        usages = (*self._earlier_usage, self.usage) if self._has_begun else self._earlier_usage
        usage = sum_usage(usages)
        usage = as_partial(usage) if outcome in CUT else usage
        fields: dict[str, Any] = {"id": self.id, "model": self.model, "request_id": self.request_id, "usage": usage}
        fields |= {"origin": self.origin, "rounds": len(usages), "earlier": tuple(self._earlier), "answers": answers}
        return Reply(choices, outcome=outcome, **(fields | changes))

    def readings(self, event: BlockEnd) -> tuple[Piece, ...]:
        """The texts that may be those of the block which ``event`` is to end."""
        choice = self._choices.get(event.index)
        return () if choice is None else choice.readings(event.kind, event.id)

    def _charge(self, size: int) -> None:
        if size > self._room:
            raise TooLargeError(f"the reply exceeds {self.reply_bytes} bytes")
        self._room -= size

    def _keeps(self) -> bool:
        return self.keep_text() if callable(self.keep_text) else self.keep_text

    def _choice(self, index: int) -> GrowingChoice:
        choice = self._choices.get(index)
        if choice is None:
            self._next_round()
            self._has_begun = True
            self._charge(OVERHEAD if self._choices else 0)
            choice = self._choices[index] = GrowingChoice(index, keeps=self._keeps())
        return choice

    def _start(self, event: Start) -> None:
        self._next_round()
        self._has_begun = True
        self.id = self.id or event.id
        self.model = self.model or event.model
        self.request_id = self.request_id or event.request_id
        self.origin = event.origin or self.origin

    def _text(self, event: TextDelta) -> None:
        self._charge(len(event.text))
        self._choice(event.index).text.append(event.text)

    def _reasoning(self, event: ReasoningDelta) -> None:
        self._charge(len(event.text))
        self._choice(event.index).reasoning.append(event.text)

    def _refusal(self, event: RefusalDelta) -> None:
        self._charge(len(event.text))
        self._choice(event.index).refusal.append(event.text)

    def _call_delta(self, event: ToolCallDelta) -> None:
        calls = self._choice(event.index).calls
        call = calls.get(event.call)
        self._charge(len(event.arguments) + (OVERHEAD if call is None else 0))
        if call is None:
            call = calls[event.call] = GrowingCall(event.call)
            self._choice(event.index).add_call(call)
        if not call.whole:
            self._open_calls.feed(event)
            call.id, call.name = call.id or event.id or "", call.name or event.name or ""
        call.arguments.append(event.arguments)

    def _call(self, event: ToolCall) -> None:
        """Take a whole call. Its pieces mostly came before; else its size is counted here."""
        calls = self._choice(event.index).calls
        number = self._open_calls.close(event)
        if number is None:
            self._charge(len(event.arguments) + OVERHEAD)
            number = -1 - len(calls)
            calls[number] = GrowingCall(event.call)
            self._choice(event.index).add_call(calls[number])
        calls[number].close(event)

    def _logprobs(self, event: LogprobsDelta) -> None:
        tokens = sum(len(item) for item in event.logprobs.values() if isinstance(item, (list, tuple)))
        self._charge(OVERHEAD * (1 + tokens))
        self._choice(event.index).logprobs.append(event.logprobs)

    def _usage(self, event: UsageUpdate) -> None:
        self.usage, self._has_begun = event.usage, True

    def _block_start(self, event: BlockStart) -> None:
        choice = self._choice(event.index)
        self._charge(OVERHEAD)
        choice.begin(event.kind, event.id)

    def _block_end(self, event: BlockEnd) -> None:
        choice = self._choice(event.index)
        self._charge(OVERHEAD + (_size(event.form)))
        choice.end(event.kind, event.id, event.form)

    def _citation(self, event: Citation) -> None:
        self._charge(OVERHEAD + _size(event.form))
        self._choice(event.index).citations.append(event)

    def _file(self, event: File) -> None:
        choice = self._choice(event.index)
        self._charge(OVERHEAD + len(event.data) + _size(event.form))
        choice.files.append(event)
        choice.add(event.kind, event.id, event.form)

    def _server_tool(self, event: ServerTool) -> None:
        choice = self._choice(event.index)
        self._charge(OVERHEAD + _size(event.form))
        choice.server_tools[event.kind, event.id] = event
        choice.add(event.kind, event.id, event.form)

    def _finish(self, event: Finish) -> None:
        choice = self._choice(event.index)
        choice.finish_reason = choice.finish_reason or event.reason

    def _result(self, event: ToolResult) -> None:
        self._close_round()
        self._answers.append(event.message)

    def _round_end(self, event: RoundEnd) -> None:
        if not event.last:
            self._close_round()
            self._next_round()
            self._has_begun = False

    def _close_round(self) -> None:
        """End this round, to whose reply only the answers to its calls are still added."""
        if self._choices or self._last_round is None:
            self._next_round()
            self._last_round, self._choices, self._open_calls = self.reply("complete"), {}, OpenCalls()

    def _next_round(self) -> None:
        if self._last_round is not None:
            self._earlier = replace(self._last_round, answers=tuple(self._answers)).messages
            self._earlier_usage += (self.usage,)
            self.id, self.model, self.request_id, self.usage, self.origin = "", "", None, None, None
            self._last_round, self._answers = None, []

    def _restart(self, event: Restart) -> None:
        self._choices, self._open_calls = {}, OpenCalls()
        if event.kept:
            self._text(TextDelta(event.kept))


def _size(form: Any) -> int:
    """The number of characters of all texts in a form."""
    size, rest = 0, [form]
    while rest:
        value = rest.pop()
        if isinstance(value, str):
            size += len(value)
        elif isinstance(value, (dict, list)):
            rest += value.values() if isinstance(value, dict) else value
    return size


_HANDLERS: dict[type, Callable[[Fold, Any], None]] = {
    Start: Fold._start,
    BlockStart: Fold._block_start,
    BlockEnd: Fold._block_end,
    Citation: Fold._citation,
    File: Fold._file,
    ServerTool: Fold._server_tool,
    TextDelta: Fold._text,
    ReasoningDelta: Fold._reasoning,
    RefusalDelta: Fold._refusal,
    ToolCallDelta: Fold._call_delta,
    ToolCall: Fold._call,
    LogprobsDelta: Fold._logprobs,
    UsageUpdate: Fold._usage,
    Finish: Fold._finish,
    ToolResult: Fold._result,
    Restart: Fold._restart,
    RoundEnd: Fold._round_end,
}
