"""A conversation with tools as one stream: reply, calls, results, next reply, until a reply calls no tools."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
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
from ..sources.tools import Toolbox, Tools
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
    complete reply asks for tools, at most ``rounds`` times (then the Reply is ``stopped``, by ``tool_loop``). ``tools``
    are functions by name, or functions that are called by their own: with the arguments that the model wrote as
    keywords, ``concurrency`` at a time, results in the order of the calls. Blocking ones run in threads. Exceptions
    of a tool, a tool that does not exist, arguments that do not fit and a result that JSON cannot hold are reported to
    the model, not raised; they are the ``error`` of the `ToolResult`, and the first failure of each tool is logged.

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
    conversation, box = messages_of(messages), Toolbox(tools)
    ask = sending(ask, box.tools)

    class Rounds(EventSource):
        def _subscribe_core(
            self, observer: abc.ObserverBase[Event], scheduler: abc.SchedulerBase | None = None
        ) -> abc.DisposableBase:
            return _Loop(ask, conversation, box, rounds, concurrency, observer, scheduler_for(scheduler)).begin()

    return ReplyStream(Rounds(), label="tool loop")


class _Loop(CompositeReply):
    """One conversation, in one run."""

    def __init__(
        self,
        ask: Callable[[list[Any]], Observable[Event]],
        messages: list[Mapping[str, Any]],
        tools: Toolbox,
        rounds: int,
        concurrency: int,
        observer: abc.ObserverBase[Event],
        scheduler: RunScheduler,
    ) -> None:
        super().__init__(scheduler)
        self._ask, self._messages, self._tools = ask, messages, tools
        self._rounds, self._concurrency = rounds, concurrency
        self._observer = observer
        self._subscription = SerialDisposable()
        self._replies: list[Reply] = []  # the replies of earlier rounds
        self._earlier: list[Message] = []
        self._ended = 0  # the number of rounds that ended, those of inner loops included
        self._reply: Reply | None = None  # the reply of the current round, once it has ended
        self._answers: list[Message] = []
        self._final: Reply | None = None
        self._requested = False  # True once this round's reply was requested
        self._started = False  # True once this round's Start was emitted
        self._disposed = False

    def begin(self) -> abc.DisposableBase:
        self._start_round()
        return Disposable(self._leave)

    def _leave(self) -> None:
        self._disposed = True
        self._subscription.dispose()

    def whole(self, outcome: Outcome | None) -> Reply:
        if self._final is not None:
            return self._final
        if self._reply is None:
            return self._and_earlier(self.last_part(outcome))
        unfinished: Outcome = "stopped" if self._disposed else "truncated"  # tools are running
        final_outcome = outcome or ("cancelled" if self.scheduler.context.cancelled else unfinished)
        return self._and_earlier(replace(self._reply, outcome=final_outcome))

    def _and_earlier(self, reply: Reply) -> Reply:
        """This round's Reply as that of all rounds so far. A reply that was not requested yet has cost nothing."""
        every = [*self._replies, reply] if self._requested or not self._replies else self._replies
        return replace(
            reply,
            usage=sum_usage([one.usage for one in every]),
            attempts=sum(one.attempts for one in every),
            rounds=sum(one.rounds for one in every),
            earlier=(*self._earlier, *reply.earlier),
            answers=tuple(self._answers) or reply.answers,
            warnings=warned(every),
        )

    # -- rounds ----------------------------------------------------------------------------------------------------

    def _end_round(self) -> None:
        """End a round whose calls have their results, and request the next reply."""
        assert self._reply is not None
        self._replies.append(self._reply)
        self._earlier += [*self._reply.messages, *self._answers]
        self._reply, self._answers, self._requested, self._started = None, [], False, False
        self.parts = self.scheduler.for_part()
        self._emit_round_end()
        if not self._disposed:
            self._start_round()

    def _emit_round_end(self, *, last: bool = False) -> None:
        self._ended += 1
        self._observer.on_next(RoundEnd(self._ended, last=last))

    def _start(self, event: Start) -> None:
        self._started = True
        if not self._ended:
            self._tools.check_sent(self.sent_request)
        self._observer.on_next(replace(event, round=self._ended + 1))

    def _start_round(self) -> None:
        try:
            stream = self._ask([*self._messages, *self._earlier])
            if not isinstance(stream, Observable):
                raise TypeError(f"ask gives a stream, not {quote_refused(stream)}")
            check_events("what ask gives", stream)
        except Exception as exc:
            self._observer.on_error(exc)
            return
        self._requested = True
        switch_to(self._subscription, stream, self._event, self._failed, self._replied, self.parts)

    def _event(self, event: Event) -> None:
        if isinstance(event, Start):
            self._start(event)
            return
        if not self._started and commits(event):
            self._start(Start())
        if isinstance(event, Reply):
            self._reply = event
        elif isinstance(event, RoundEnd):  # of an inner loop, whose last round ends with this one's
            if not event.last:
                self._emit_round_end()
        else:
            self._observer.on_next(event)

    def _failed(self, error: Exception) -> None:
        if isinstance(error, StreamkitError):
            error = error.with_partial(self._and_earlier(error.partial))
        self._observer.on_error(error)

    def _replied(self) -> None:
        reply = self._reply or self.last_part("stopped")
        if reply.outcome != "complete" or not reply.tool_calls:
            self._end(self._and_earlier(reply))
        elif len(self._replies) + 1 >= self._rounds:
            self._end(replace(self._and_earlier(reply), outcome="stopped", stopped_by="tool_loop"))
        else:
            self._reply = reply
            calls = AsyncMap(from_iterable(reply.tool_calls), self._tools.call, self._concurrency, True)
            switch_to(self._subscription, calls, self._result, self._failed, self._end_round, self.parts)

    def _result(self, result: ToolResult) -> None:
        self._answers.append(result.message)
        self._observer.on_next(result)

    def _end(self, reply: Reply) -> None:
        self._final = reply
        self._emit_round_end(last=True)
        self._observer.on_next(reply)
        self._observer.on_completed()
