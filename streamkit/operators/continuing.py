"""The operator `continue_with`: goes on with a reply that broke off after a part of it was emitted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from reactivex import Observable, abc

from ..checks import check_one_of, check_whole, type_name
from ..engine.streams import Keeps, check_events, check_function, keeping_operator
from ..engine.upstream import RunScheduler, scheduler_for
from ..errors import StreamkitError
from ..events import (
    CONTENT,
    Event,
    LogprobsDelta,
    Outcome,
    ReasoningDelta,
    Reply,
    Restart,
    RoundEnd,
    TextDelta,
    ToolResult,
    warned,
)
from ..prelude import commits
from ..sources.http import Retry, requests_of
from ..stages import Fold, Seam
from ..timing import joined_timing
from ..usage import Usage, sum_usage, weakest_origin
from .resilience import Attempts

__all__ = ["continue_with"]

SETTLING = (CONTENT | {RoundEnd, ToolResult}) - {LogprobsDelta, ReasoningDelta}
"""Events that come after the text of a choice: text that the seam still holds is emitted before them."""


def continue_with(
    ask: Callable[[Reply], Observable[Event]], *, mode: Literal["restart", "prefill"] = "restart", attempts: int = 1
) -> Keeps:
    """Events → the same events; a reply that breaks off goes on with what ``ask(partial)`` gives.

    A `Restart` event announces it: with ``restart`` the reply begins anew and what was shown is void, with ``prefill``
    the text is kept (``Restart.kept``) and ``ask`` has the model go on from it. If nothing was emitted yet there
    is nothing to announce. Text that a model repeats of the text that was kept is left out, as `stages.Seam` says. The
    Reply is that of the whole; its usage is ``partial``, unless that of every part is known. With ``prefill`` it has
    the text in any case, which has to be there to be kept.

    Not tried again: what the server reported (`ApiError`, `StatusError`) unless it is ``retryable``, a total time
    that is over, and what a policy upstream has ``given_up``, as a `Client` does after its own further requests, or
    when it is closed. ``ask`` is called until ``attempts`` further requests were made, including those that a client
    repeated within one call. So there can be more of them: the last call may take the client as many requests as its
    own `Retry` allows. A reply that broke off goes on at once; if none had begun there is a wait, as `Retry` has it,
    with Retry-After obeyed.
    """
    check_function("ask", ask, "ask(partial) gives the stream that goes on", sync=True)
    check_one_of("mode", mode, ("restart", "prefill"))
    attempts = check_whole("attempts", attempts, infinite=True)

    rules = _Rules(ask, mode == "prefill", Retry(attempts=attempts))

    def connect(
        source: Observable[Event], observer: abc.ObserverBase[Event], scheduler: abc.SchedulerBase | None
    ) -> abc.DisposableBase:
        return _Continued(rules, observer, scheduler_for(scheduler)).begin(source)

    return keeping_operator("continue_with", connect)


@dataclass(frozen=True, slots=True)
class _Rules:
    ask: Callable[[Reply], Observable[Event]]
    keeps_text: bool
    policy: Retry


class _Continued(Attempts):
    """One subscription. To the run all parts together are one reply."""

    def __init__(self, rules: _Rules, observer: abc.ObserverBase[Event], scheduler: RunScheduler) -> None:
        super().__init__(observer, scheduler)
        self._rules, place = rules, self.parts.place
        self._fold = Fold(keep_text=lambda: rules.keeps_text or place.keeps_text)
        self._seam = Seam("")
        self._emitted = self._has_reply = False
        self._parts: list[Reply] = []  # the partial replies that broke off

    def whole(self, outcome: Outcome | None) -> Reply:
        return self._of_all(self.last_part(outcome))

    def _of_all(self, reply: Reply) -> Reply:
        every = [*self._parts, reply]
        return replace(
            reply,
            choices=self._fold.reply(reply.outcome).choices,
            attempts=sum(part.attempts for part in every),
            usage=_total_usage([part.usage for part in every]),
            warnings=warned(every),
            timing=joined_timing(part.timing for part in every),
        )

    def _completed(self) -> None:
        for ready in self._prelude.flush():
            self._emit(ready)
        self._close_seam()
        if self._parts and not self._has_reply:  # the stream from ``ask`` was cut, perhaps by ``take``
            self._pass_on(self.last_part("stopped"))
        self._observer.on_completed()

    # -- emitting --------------------------------------------------------------------------------------------------

    def _emit(self, event: Event) -> None:
        """Emit ``event``; of a text delta, only the part that does not repeat the text that was kept."""
        if self._seam.over:
            self._pass_on(event)
        elif isinstance(event, TextDelta) and event.index == 0:
            text = self._seam.feed(event.text)
            if text:
                self._pass_on(event if text == event.text else replace(event, text=text))
        else:
            if isinstance(event, Reply) or (type(event) in SETTLING and getattr(event, "index", 0) == 0):
                self._close_seam()
            self._pass_on(event)

    def _close_seam(self) -> None:
        text = self._seam.flush()
        if text:
            self._pass_on(TextDelta(text))

    def _pass_on(self, event: Event) -> None:
        if isinstance(event, Reply):
            self._has_reply = True
        else:
            self._fold.feed(event)
            self._emitted = self._emitted or commits(event)
        super()._emit(event)

    # -- failures --------------------------------------------------------------------------------------------------

    def _failed(self, error: Exception) -> None:
        if not isinstance(error, StreamkitError):
            self._observer.on_error(error)
            return
        self._requests += requests_of(error) if self._parts else 1
        wait = self._wait(error)
        if wait is None:
            self._close_seam()
            self._fail(error.as_given_up() if _may_go_on(error) else error)
        elif wait:
            self._subscription.disposable = self.parts.schedule_relative(wait, lambda *_: self._go_on(error))
        else:
            self._go_on(error)

    def _wait(self, error: StreamkitError) -> float | None:
        """Seconds until the reply may go on, None if it must not."""
        if not _may_go_on(error) or self._requests > self._rules.policy.attempts:
            return None
        broke_off = error.outcome == "truncated" and (self._prelude.decided or not error.retryable)
        return 0.0 if broke_off else self._rules.policy.wait(self._requests, error)

    def _go_on(self, error: StreamkitError) -> None:
        """Ask for the rest. Text that the seam still holds was not emitted, so it is not part of the text that is
        kept."""
        part = self.placed(error.partial)
        partial = self._of_all(part)
        kept_text = partial.text if self._rules.keeps_text else ""
        self._seam = Seam(kept_text)
        self._parts.append(part)
        if self._emitted:
            self._pass_on(Restart(error.kind, kept_text))
        try:
            continuation = self._rules.ask(partial)
            if not isinstance(continuation, Observable):
                raise TypeError(f"ask gives a stream, not {type_name(continuation)}")
            check_events("what ask gives", continuation)
        except Exception as exc:
            self._observer.on_error(exc)
            return
        self._attempt(continuation)


def _may_go_on(error: StreamkitError) -> bool:
    broken = error.outcome == "truncated" and error.clock != "total"
    return not error.given_up and (error.retryable or broken)


def _total_usage(usages: list[Usage | None]) -> Usage | None:
    """The usage of all parts together; if one is unknown, that of the last part with the origin ``partial``."""
    last = usages[-1]
    if len(usages) == 1 or last is None:
        return last
    return sum_usage(usages) or replace(last, origin=weakest_origin((last.origin, "partial")))
