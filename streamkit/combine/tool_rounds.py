"""A conversation with tools as one stream: reply, calls, results, next reply, until a reply calls no tools."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from reactivex import Observable, abc, from_iterable
from reactivex.disposable import Disposable, SerialDisposable

from ..checks import check_whole, quote_refused
from ..engine.streams import EventSource, ReplyStream, check_events, check_function
from ..engine.upstream import AsyncMap, CompositeReply, RunScheduler, scheduler_for, switch_to
from ..errors import StreamkitError
from ..events import Event, Outcome, Reply, RoundEnd, Start, ToolResult, warned
from ..messages import Message, Messages, messages_of
from ..prelude import commits
from ..reasons import is_pause
from ..sources.tools import Toolbox, Tools
from ..timing import joined_timing
from ..turns import joined_results
from ..usage import sum_usage
from .sending import sending

__all__ = ["tool_loop"]


def tool_loop(
    ask: Callable[[list[Any]], Observable[Event]],
    messages: Messages,
    tools: Tools,
    *,
    rounds: int = 8,
    concurrency: int = 4,
) -> ReplyStream:
    """The events of every round, a `ToolResult` for each call and a `RoundEnd`, then one `Reply` for the whole.

    ``ask(messages)`` returns the stream of one round; it is called again with the calls' results appended, as long as a
    complete reply asks for tools or is one that the server paused (``pause_turn``), at most ``rounds`` times (then the
    Reply is ``stopped``, by ``tool_loop``). ``tools`` are functions by name, or functions that are called by their own:
    with the arguments that the model wrote as keywords, ``concurrency`` at a time, results in the order of the calls.
    Blocking ones run in threads. Exceptions of a tool, a tool that does not exist, arguments that do not fit and a
    result that JSON cannot hold are reported to the model, not raised; they are the ``error`` of the `ToolResult`, and
    the first failure of each tool is logged.

    Requests hold the ``tools`` if ``ask`` is ``client.chat``, ``client.respond`` or `sk.chat`, or a `functools.partial`
    of one. What a partial of a tool binds is neither sent nor taken from a call; parameters of which no schema can be
    made are left open, and a warning is logged. ValueError for a name that servers refuse. If the partial has
    ``tools=`` itself, these are sent; ValueError if the loop does not have one of them. Any other callable, a lambda
    for instance, sends them itself (``lambda messages: client.chat(messages, tools=tools)``): if its first request has
    none, a warning is logged.

    The Reply has the last round's text, ``rounds``, the usage of all rounds together (None if one had none), and in
    ``messages`` all messages to append to the conversation. If it is cut while tools run, calls without a result
    are left out of them.

    Each round begins with a `Start` that has its number; if ``ask`` returns a tool loop itself, its rounds count.
    Whatever shows text puts a paragraph break between two rounds; it is in no event, Reply or message. A reply so far
    is that of the current round.

    Note: operators that change text belong into ``ask``, if the text of its own turns that the model gets is to change
    too.
    """
    check_function("ask", ask, "ask(messages) gives the stream of one round", sync=True)
    rounds = check_whole("rounds", rounds, infinite=True)
    concurrency = check_whole("concurrency", concurrency)
    box = Toolbox(tools)
    source = _Conversation(sending(ask, box.tools), messages_of(messages), box, rounds, concurrency)
    return ReplyStream(source, label="tool loop")


class _Conversation(EventSource):
    """The rounds of a conversation, anew for each subscription."""

    def __init__(
        self,
        ask: Callable[[list[Any]], Observable[Event]],
        messages: list[Mapping[str, Any]],
        tools: Toolbox,
        rounds: int,
        concurrency: int,
    ) -> None:
        super().__init__()
        self.ask, self.messages, self.tools, self.rounds, self.concurrency = ask, messages, tools, rounds, concurrency

    def _subscribe_core(
        self, observer: abc.ObserverBase[Event], scheduler: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        return _Loop(self, observer, scheduler_for(scheduler)).begin()


@dataclass(slots=True)
class _Round:
    """One round: its reply, once that has ended, and the answers to the calls of it."""

    is_requested: bool = False
    has_started: bool = False
    """True once its `Start` was emitted."""
    reply: Reply | None = None
    answers: list[Message] = field(default_factory=list)


class _Loop(CompositeReply):
    """One conversation, in one run."""

    def __init__(self, conversation: _Conversation, observer: abc.ObserverBase[Event], scheduler: RunScheduler) -> None:
        super().__init__(scheduler)
        self._conversation, self._observer = conversation, observer
        self._subscription = SerialDisposable()
        self._replies: list[Reply] = []  # the replies of earlier rounds
        self._earlier: list[Message] = []
        self._round = _Round()
        self._ended = 0  # the number of rounds that ended, those of inner loops included
        self._final: Reply | None = None

    def begin(self) -> abc.DisposableBase:
        self._start_round()
        return Disposable(self._stop)

    def whole(self, outcome: Outcome | None) -> Reply:
        if self._final is not None:
            return self._final
        reply = self._round.reply
        if reply is None:
            return self._and_earlier(self.last_part(outcome))
        unfinished: Outcome = "stopped" if self._subscription.is_disposed else "truncated"  # tools are running
        final_outcome = outcome or ("cancelled" if self.scheduler.context.cancelled else unfinished)
        return self._and_earlier(replace(reply, outcome=final_outcome), self.elapsed())

    def _and_earlier(self, reply: Reply, total: float | None = None) -> Reply:
        """This round's Reply as that of all rounds so far. A reply that was not requested yet has cost nothing.
        ``total`` is the time of all, if more has passed than until the end of the reply."""
        every = [*self._replies, reply] if self._round.is_requested or not self._replies else self._replies
        return replace(
            reply,
            usage=sum_usage([one.usage for one in every]),
            attempts=sum(one.attempts for one in every),
            rounds=sum(one.rounds for one in every),
            earlier=(*self._earlier, *reply.earlier),
            answers=tuple(self._round.answers) or reply.answers,
            warnings=warned(every),
            timing=joined_timing((one.timing for one in every), total),
        )

    # -- rounds ----------------------------------------------------------------------------------------------------

    def _end_round(self, reply: Reply) -> None:
        """End a round whose calls have their results, and request the next reply."""
        self._replies.append(reply)
        self._earlier += joined_results([*reply.messages, *self._round.answers])
        self._round, self.parts = _Round(), self.scheduler.for_part()
        self._emit_round_end()
        if not self._subscription.is_disposed:
            self._start_round()

    def _emit_round_end(self, *, last: bool = False) -> None:
        self._ended += 1
        self._observer.on_next(RoundEnd(self._ended, last=last))

    def _start(self, event: Start) -> None:
        self._round.has_started = True
        if not self._ended:
            self._conversation.tools.check_sent(self.sent_request)
        self._observer.on_next(replace(event, round=self._ended + 1))

    def _start_round(self) -> None:
        try:
            stream = self._conversation.ask([*self._conversation.messages, *self._earlier])
            if not isinstance(stream, Observable):
                raise TypeError(f"ask gives a stream, not {quote_refused(stream)}")
            check_events("what ask gives", stream)
        except Exception as exc:
            self._observer.on_error(exc)
            return
        self._round.is_requested = True
        self.part_begins()
        switch_to(self._subscription, stream, self._event, self._failed, self._replied, self.parts)

    def _event(self, event: Event) -> None:
        if isinstance(event, Start):
            self._start(event)
            return
        if not self._round.has_started and commits(event):
            self._start(Start())
        if isinstance(event, Reply):
            self._round.reply = self.placed(event)
        elif isinstance(event, RoundEnd):  # of an inner loop, whose last round ends with this one's
            if not event.last:
                self._emit_round_end()
        else:
            self._observer.on_next(event)

    def _stop(self) -> None:
        self.finish()
        self._subscription.dispose()

    def _failed(self, error: Exception) -> None:
        self.finish()
        if isinstance(error, StreamkitError):
            error = error.with_partial(self._and_earlier(self.placed(error.partial)))
        self._observer.on_error(error)

    def _replied(self) -> None:
        reply, conversation = self._round.reply or self.last_part("stopped"), self._conversation
        if reply.outcome != "complete" or not (reply.tool_calls or _is_paused(reply)):
            self._end(self._and_earlier(reply))
        elif len(self._replies) + 1 >= conversation.rounds:
            self._end(replace(self._and_earlier(reply), outcome="stopped", stopped_by="tool_loop"))
        else:
            self._round.reply = reply
            calls = AsyncMap(from_iterable(reply.tool_calls), conversation.tools.call, conversation.concurrency, True)
            end_round = partial(self._end_round, reply)
            switch_to(self._subscription, calls, self._result, self._failed, end_round, self.parts)

    def _result(self, result: ToolResult) -> None:
        self._round.answers.append(result.message)
        self._observer.on_next(result)

    def _end(self, reply: Reply) -> None:
        self._final = reply
        self._emit_round_end(last=True)
        self._observer.on_next(reply)
        self._observer.on_completed()


def _is_paused(reply: Reply) -> bool:
    """True if the server paused a turn, which goes on with the next request, without anything else being said."""
    return is_pause(reply.finish_reason or "") and bool(reply.messages)
