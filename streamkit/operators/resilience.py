"""What to do when a reply fails, or is slow. What was shown decides: before the first item anything may be tried again
unseen, afterwards only what was asked for by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal, TypeVar

from reactivex import Observable, abc
from reactivex.disposable import CompositeDisposable, SerialDisposable

from ..engine import RunScheduler, scheduler_for
from ..errors import StalledError, StreamkitError
from ..events import Event, Reply, Restart
from ..protocols import Op
from ..sources.limits import Retry
from ..stages import Fold
from .combine import all_failed
from .link import link

__all__ = ["continue_with", "fallback", "retry_unstarted", "time_limits"]

T = TypeVar("T")


def fallback(*streams: Observable[T]) -> Op[T, T]:
    """Items → the same items, or those of the next stream if one failed before its first item.

    A failure after that goes on as it is; if all fail: `AllFailedError`.
    """
    if not streams:
        raise ValueError("nothing to fall back on")

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
    """Items → the same items; a stream that fails before its first item is subscribed to again, as `Retry` says.

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
    """One stream after the other, until one gives an item."""

    def __init__(
        self,
        observer: abc.ObserverBase[Any],
        scheduler: RunScheduler,
        after: Callable[[Exception, Callable[[Observable[Any]], None]], None],
    ) -> None:
        self._observer, self._scheduler, self._after = observer, scheduler, after
        self._subscription = SerialDisposable()
        self._started = False

    def begin(self, source: Observable[Any]) -> abc.DisposableBase:
        self._attempt(source)
        return self._subscription

    def _attempt(self, stream: Observable[Any]) -> None:
        self._subscription.disposable = stream.subscribe(
            self._next, self._failed, self._observer.on_completed, scheduler=self._scheduler
        )

    def _next(self, item: Any) -> None:
        self._started = True
        self._observer.on_next(item)

    def _failed(self, error: Exception) -> None:
        if self._started:
            self._observer.on_error(error)
        else:
            self._after(error, self._attempt)


def time_limits(*, first: float | None = None, between: float | None = None, total: float | None = None) -> Op[T, T]:
    """Items → the same items, or `StalledError` (its ``clock`` says which limit) and the source cancelled.

    Seconds until the first item, between two of them, and in all. The first two stand still while a slow sink holds
    the source. An event stream's first item is its first content.
    """
    limits = {"first": first, "between": between, "total": total}
    if any(limit is not None and limit <= 0 for limit in limits.values()) or set(limits.values()) == {None}:
        raise ValueError("give at least one limit, in positive seconds")

    def connect(
        source: Observable[T], observer: abc.ObserverBase[T], scheduler: abc.SchedulerBase | None
    ) -> abc.DisposableBase:
        return _TimeLimits(limits, observer, scheduler_for(scheduler)).connect(source)

    return link("time_limits", connect)


class _TimeLimits(abc.ObserverBase[Any]):
    def __init__(
        self, limits: dict[str, float | None], observer: abc.ObserverBase[Any], scheduler: RunScheduler
    ) -> None:
        self._limits, self._observer, self._scheduler = limits, observer, scheduler
        self._upstream, self._idle, self._total = SerialDisposable(), SerialDisposable(), SerialDisposable()
        self._clock = "first"
        self._last = scheduler.loop.time()
        self._over = False

    def connect(self, source: Observable[Any]) -> abc.DisposableBase:
        total = self._limits["total"]
        if total is not None:
            self._total.disposable = self._scheduler.schedule_relative(total, lambda *_: self._expired("total"))
        self._watch()
        self._upstream.disposable = source.subscribe(self, scheduler=self._scheduler)
        return CompositeDisposable(self._upstream, self._idle, self._total)

    def on_next(self, item: Any) -> None:
        if self._over:
            return
        self._last = self._scheduler.loop.time()
        if self._clock == "first":
            self._clock = "between"
            self._watch()
        self._observer.on_next(item)

    def on_error(self, error: Exception) -> None:
        self._end(lambda: self._observer.on_error(error))

    def on_completed(self) -> None:
        self._end(self._observer.on_completed)

    def _watch(self) -> None:
        limit = self._limits[self._clock]
        if limit is None:
            self._idle.disposable = None
        else:
            self._arm(limit)

    def _arm(self, seconds: float) -> None:
        self._idle.disposable = self._scheduler.schedule_relative(seconds, lambda *_: self._look())

    def _look(self) -> None:
        """The timer is moved lazily: it asks what has happened since it was set."""
        limit, now = self._limits[self._clock], self._scheduler.loop.time()
        if limit is None or self._over:
            return
        if self._scheduler.gate.closed:
            self._last = now
        left = self._last + limit - now
        if left <= 1e-6:
            self._expired(self._clock)
        else:
            self._arm(left)

    def _expired(self, clock: str) -> None:
        source = self._scheduler.context.current()
        error = StalledError(
            f"the {clock} limit of {self._limits[clock]:g} s ran out",
            clock=clock,
            retryable=clock == "first",
            partial=source.reply() if source is not None else None,
        )
        self._end(lambda: self._observer.on_error(error))

    def _end(self, tell: Callable[[], None]) -> None:
        if not self._over:
            self._over = True
            self._idle.dispose()
            self._total.dispose()
            tell()
            self._upstream.dispose()


def continue_with(
    ask: Callable[[Reply], Observable[Event]], *, mode: Literal["restart", "prefill"] = "restart", attempts: int = 1
) -> Op[Event, Event]:
    """Events → the same events; a reply that breaks after its first content goes on with what ``ask(partial)`` gives.

    A `Restart` event announces it: with ``restart`` the reply begins anew and what was shown is void, with ``prefill``
    the text is kept (``Restart.kept``) and ``ask`` has the model go on from it. The Reply is that of the whole. What
    the server meant to say (`ApiError`, `StatusError`) is not tried again unless it is ``retryable``; at most
    ``attempts`` times.
    """
    if mode not in ("restart", "prefill") or attempts < 1:
        raise ValueError("mode is 'restart' or 'prefill', attempts at least 1")

    def connect(
        source: Observable[Event], observer: abc.ObserverBase[Event], scheduler: abc.SchedulerBase | None
    ) -> abc.DisposableBase:
        return _Continued(ask, mode, attempts, observer, scheduler_for(scheduler)).begin(source)

    return link("continue_with", connect)


class _Continued(abc.ObserverBase[Any]):
    def __init__(
        self,
        ask: Callable[[Reply], Observable[Event]],
        mode: str,
        attempts: int,
        observer: abc.ObserverBase[Event],
        scheduler: RunScheduler,
    ) -> None:
        self._ask, self._mode, self._left, self._observer = ask, mode, attempts, observer
        self._scheduler = scheduler.derive(lens=self._whole)
        self._subscription = SerialDisposable()
        self._fold = Fold()
        self._requests = 0

    def begin(self, source: Observable[Event]) -> abc.DisposableBase:
        self._attempt(source)
        return self._subscription

    def _attempt(self, stream: Observable[Event]) -> None:
        self._subscription.disposable = stream.subscribe(self, scheduler=self._scheduler)

    def on_next(self, event: Event) -> None:
        if isinstance(event, Reply):
            self._observer.on_next(self._whole(event))
        else:
            self._fold.feed(event)
            self._observer.on_next(event)

    def on_completed(self) -> None:
        self._observer.on_completed()

    def on_error(self, error: Exception) -> None:
        if not isinstance(error, StreamkitError):
            self._observer.on_error(error)
            return
        partial = self._whole(error.partial)
        if not self._left or not (error.retryable or error.outcome == "truncated"):
            self._observer.on_error(error.with_partial(partial))
            return
        self._left -= 1
        self._requests += error.partial.attempts
        self.on_next(Restart(str(error), partial.text if self._mode == "prefill" else ""))
        try:
            following = self._ask(partial)
        except Exception as exc:
            self._observer.on_error(exc)
            return
        self._attempt(following)

    def _whole(self, reply: Reply) -> Reply:
        """A part's Reply as that of all parts."""
        shown = self._fold.reply(reply.outcome)
        return replace(reply, choices=shown.choices, attempts=self._requests + reply.attempts)
