"""What to do when a reply fails. What was shown decides: before the first content anything may be tried again unseen,
afterwards only what was asked for by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal, TypeVar

from reactivex import Observable, abc
from reactivex.disposable import CompositeDisposable, SerialDisposable

from ..engine import RunScheduler, scheduler_for
from ..engine.follow import follow
from ..engine.vantage import Whole
from ..errors import StreamkitError
from ..events import Event, Outcome, Reply, Restart
from ..protocols import Op
from ..sources.limits import Retry
from ..stages import Fold
from ..usage import Usage, summed, weakest
from .combine import all_failed
from .link import check_streams, link
from .opening import Opening, commits

__all__ = ["continue_with", "fallback", "retry_unstarted"]

T = TypeVar("T")


def fallback(*streams: Observable[T]) -> Op[T, T]:
    """Items → the same items, or those of the next stream if one failed before its first content.

    A failure after that goes on as it is; if all fail: `AllFailedError`.
    """
    if not streams:
        raise ValueError("nothing to fall back on")
    check_streams("fallback", streams)

    def connect(
        source: Observable[T], observer: abc.ObserverBase[T], scheduler: abc.SchedulerBase | None
    ) -> abc.DisposableBase:
        alternatives = iter(streams)
        failures: list[Exception] = []

        def after(error: Exception, attempt: Callable[[Observable[T]], None]) -> None:
            failures.append(error)
            following = next(alternatives, None)
            if following is not None:
                attempt(following)
            else:
                observer.on_error(all_failed(failures))

        return _Attempts(observer, scheduler_for(scheduler), after).begin(source)

    return link("fallback", connect)


def retry_unstarted(retry: Retry | None = None) -> Op[T, T]:
    """Items → the same items; a stream that fails before its first content is subscribed to again, as `Retry` says.

    Only errors that are ``retryable``. A `Client` does this by itself; this is for any other stream.
    """
    policy = retry or Retry()

    def connect(
        source: Observable[T], observer: abc.ObserverBase[T], scheduler: abc.SchedulerBase | None
    ) -> abc.DisposableBase:
        run, made = scheduler_for(scheduler), 0
        pause = SerialDisposable()

        def after(error: Exception, attempt: Callable[[Observable[T]], None]) -> None:
            nonlocal made
            made += 1
            wait = policy.wait(made, error) if isinstance(error, StreamkitError) else None
            if wait is None:
                observer.on_error(error)
            else:
                pause.disposable = run.schedule_relative(wait, lambda *_: attempt(source))

        return CompositeDisposable(_Attempts(observer, run, after).begin(source), pause)

    return link("retry_unstarted", connect)


class _Attempts:
    """One stream after the other, until one gives content. What the others said before that is not shown."""

    def __init__(
        self,
        observer: abc.ObserverBase[Any],
        scheduler: RunScheduler,
        after: Callable[[Exception, Callable[[Observable[Any]], None]], None],
    ) -> None:
        self._observer, self._scheduler, self._after = observer, scheduler, after
        self._subscription = SerialDisposable()
        self._opening = Opening()

    def begin(self, source: Observable[Any]) -> abc.DisposableBase:
        self._attempt(source)
        return self._subscription

    def _attempt(self, stream: Observable[Any]) -> None:
        self._opening = Opening()
        follow(self._subscription, stream, self._next, self._failed, self._completed, self._scheduler)

    def _next(self, item: Any) -> None:
        for ready in self._opening.feed(item):
            self._observer.on_next(ready)

    def _failed(self, error: Exception) -> None:
        if self._opening.over:
            self._observer.on_error(error)
        else:
            self._after(error, self._attempt)

    def _completed(self) -> None:
        for ready in self._opening.flush():
            self._observer.on_next(ready)
        self._observer.on_completed()


def continue_with(
    ask: Callable[[Reply], Observable[Event]], *, mode: Literal["restart", "prefill"] = "restart", attempts: int = 1
) -> Op[Event, Event]:
    """Events → the same events; a reply that breaks off goes on with what ``ask(partial)`` gives.

    A `Restart` event announces it: with ``restart`` the reply begins anew and what was shown is void, with ``prefill``
    the text is kept (``Restart.kept``) and ``ask`` has the model go on from it. Where nothing was shown yet there is
    nothing to announce. The Reply is that of the whole; its usage is ``partial``, unless that of every part is known.
    Not tried again: what the server meant to say (`ApiError`, `StatusError`) unless it is ``retryable``, and a total
    time that is over; at most ``attempts`` times.
    """
    if not callable(ask):
        raise TypeError("ask is a function: ask(partial) gives the stream that goes on")
    if mode not in ("restart", "prefill") or attempts < 1:
        raise ValueError("mode is 'restart' or 'prefill', attempts at least 1")

    def connect(
        source: Observable[Event], observer: abc.ObserverBase[Event], scheduler: abc.SchedulerBase | None
    ) -> abc.DisposableBase:
        return _Continued(ask, mode, attempts, observer, scheduler_for(scheduler)).begin(source)

    return link("continue_with", connect)


class _Continued(Whole):
    def __init__(
        self,
        ask: Callable[[Reply], Observable[Event]],
        mode: str,
        attempts: int,
        observer: abc.ObserverBase[Event],
        scheduler: RunScheduler,
    ) -> None:
        super().__init__(scheduler)
        self._ask, self._mode, self._left, self._observer = ask, mode, attempts, observer
        self._subscription = SerialDisposable()
        self._fold = Fold()
        self._opening = Opening()
        self._shown = False
        self._parts: list[Reply] = []  # those that broke off

    def begin(self, source: Observable[Event]) -> abc.DisposableBase:
        self._attempt(source)
        return self._subscription

    def whole(self, outcome: Outcome | None) -> Reply:
        return self._with_parts(self.vantage.reply(outcome) or Reply(outcome=outcome or "truncated"))

    def _with_parts(self, reply: Reply) -> Reply:
        """A part's Reply as that of all parts."""
        every = [*self._parts, reply]
        return replace(
            reply,
            choices=self._fold.reply(reply.outcome).choices,
            attempts=sum(part.attempts for part in every),
            usage=_together([part.usage for part in every]),
        )

    def _attempt(self, stream: Observable[Event]) -> None:
        self._opening = Opening()
        follow(self._subscription, stream, self._next, self._failed, self._completed, self.vantage.scheduler)

    def _next(self, event: Event) -> None:
        for ready in self._opening.feed(event):
            self._show(ready)

    def _completed(self) -> None:
        for ready in self._opening.flush():
            self._show(ready)
        self._observer.on_completed()

    def _show(self, event: Event) -> None:
        if isinstance(event, Reply):
            event = self._with_parts(event)
        else:
            self._fold.feed(event)
            self._shown = self._shown or commits(event)
        self._observer.on_next(event)

    def _failed(self, error: Exception) -> None:
        if not isinstance(error, StreamkitError):
            self._observer.on_error(error)
            return
        partial = self._with_parts(error.partial)
        if not self._left or not _may_go_on(error):
            self._observer.on_error(error.with_partial(partial))
            return
        self._left -= 1
        self._parts.append(error.partial)
        if self._shown:
            self._show(Restart(error.kind, partial.text if self._mode == "prefill" else ""))
        try:
            following = self._ask(partial)
            if not isinstance(following, Observable):
                raise TypeError(f"ask gives a stream, not {type(following).__name__}")
        except Exception as exc:
            self._observer.on_error(exc)
            return
        self._attempt(following)


def _may_go_on(error: StreamkitError) -> bool:
    return error.retryable or (error.outcome == "truncated" and error.clock != "total")


def _together(usages: list[Usage | None]) -> Usage | None:
    """The usage of all parts; else that of the last one, which is not all of it."""
    last = usages[-1]
    if len(usages) == 1 or last is None:
        return last
    return summed(usages) or replace(last, origin=weakest((last.origin, "partial")))
