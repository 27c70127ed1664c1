"""Policies for a reply that fails before its first content. Nothing was emitted yet, so another one can replace it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, TypeVar, overload

from reactivex import Observable, abc
from reactivex.disposable import SerialDisposable

from ..checks import check_instance
from ..combine import all_failed
from ..engine.failures import ShutdownError
from ..engine.streams import Keeps, ReplyStream, Scheduler, are_replies, check_streams, keeping_operator, operator_of
from ..engine.upstream import CompositeReply, RunScheduler, scheduler_for, switch_to
from ..errors import StreamkitError
from ..events import Outcome, Reply
from ..prelude import Prelude
from ..protocols import Op
from ..sources.http import Retry, mark_given_up, requests_of

__all__ = ["fallback", "retry_unstarted"]

S = TypeVar("S")

T = TypeVar("T")


@overload
def fallback(*streams: ReplyStream) -> Keeps: ...  # type: ignore[overload-overlap]  # other streams: no Keeps
@overload
def fallback(*streams: Observable[T]) -> Op[T, T]: ...
def fallback(*streams: Observable[Any]) -> Op[Any, Any]:
    """Items → the same items, or those of the next stream if one failed before its first content.

    A failure after that goes on as it is; if all fail: `AllFailedError`. ``Reply.attempts`` counts the requests of all.
    """
    if not streams:
        raise ValueError("nothing to fall back on")
    check_streams("ops.fallback", streams)

    def connect(source: Observable[Any], observer: abc.ObserverBase[Any], scheduler: Scheduler) -> abc.DisposableBase:
        return _Fallback(iter(streams), observer, scheduler_for(scheduler)).begin(source)

    return (keeping_operator if are_replies(streams) else operator_of)("fallback", connect).with_alternatives(streams)


def retry_unstarted(retry: Retry | None = None) -> Callable[[S], S]:
    """Items → the same items; a stream that fails before its first content is subscribed to again, as `Retry` says.

    Only errors that are ``retryable`` and that no policy upstream has ``given_up``. It subscribes until ``attempts``
    further requests were made, including those that a `Client` repeated by itself. So there can be more of them: the
    last subscription may take the client as many requests as its own `Retry` allows. ``Reply.attempts`` counts all of
    them.

    It is for streams that have no such policy, and for silence (`StalledError`), after which a client does not ask
    again.
    """
    check_instance("retry", retry, Retry, "ops.retry_unstarted(sk.Retry(attempts=3))")
    policy = retry or Retry()

    def connect(source: Observable[Any], observer: abc.ObserverBase[Any], scheduler: Scheduler) -> abc.DisposableBase:
        return _Retried(policy, observer, scheduler_for(scheduler)).begin(source)

    return keeping_operator("retry_unstarted", connect)


class Attempts(CompositeReply):
    """One stream after another, each when the one before has failed. What one emits before its content is held back
    until it has content, and then emitted. To the run all of them together are one reply.
    """

    def __init__(self, observer: abc.ObserverBase[Any], scheduler: RunScheduler) -> None:
        super().__init__(scheduler)
        self._observer = observer
        self._subscription = SerialDisposable()  # of an attempt, or the timer before the next one
        self._prelude = Prelude()
        self._requests = 0
        """Requests, before the attempt that is under way."""
        self._complete = False

    def whole(self, outcome: Outcome | None) -> Reply:
        return self._of_all(self.last_part(outcome, "complete" if self._complete else "truncated"))

    def _of_all(self, reply: Reply) -> Reply:
        """The Reply of all attempts, the latest of which is ``reply``."""
        return replace(reply, attempts=self._requests + reply.attempts) if self._requests else reply

    def begin(self, source: Observable[Any]) -> abc.DisposableBase:
        self._attempt(source)
        return self._subscription

    def _recover(self, error: Exception) -> None:
        """Called if an attempt failed before its first content."""
        raise NotImplementedError

    def _emit(self, item: Any) -> None:
        self._observer.on_next(self._of_all(self.placed(item)) if isinstance(item, Reply) else item)

    def _fail(self, error: Exception) -> None:
        if isinstance(error, StreamkitError):
            error = error.with_partial(self._of_all(self.placed(error.partial)))
        self._observer.on_error(error)

    def _attempt(self, stream: Observable[Any]) -> None:
        self._prelude = Prelude()
        self.part_begins()
        switch_to(self._subscription, stream, self._next, self._failed, self._completed, self.parts)

    def _next(self, item: Any) -> None:
        for ready in self._prelude.feed(item):
            self._emit(ready)

    def _failed(self, error: Exception) -> None:
        if self._prelude.decided or isinstance(error, ShutdownError):  # without a loop there cannot be another attempt
            self._fail(error)
        else:
            self._recover(error)

    def _completed(self) -> None:
        for ready in self._prelude.flush():
            self._emit(ready)
        self._complete = True
        self._observer.on_completed()


class _Fallback(Attempts):
    """Subscribes to the next of the alternatives."""

    def __init__(
        self, alternatives: Iterator[Observable[Any]], observer: abc.ObserverBase[Any], scheduler: RunScheduler
    ) -> None:
        super().__init__(observer, scheduler)
        self._alternatives = alternatives
        self._failures: list[Exception] = []

    def _recover(self, error: Exception) -> None:
        self._failures.append(self.with_placed_partial(error))
        following = next(self._alternatives, None)
        if following is None:
            self._observer.on_error(all_failed(self._failures))
            return
        if isinstance(error, StreamkitError):
            self._requests += error.partial.attempts
        self._attempt(following)


class _Retried(Attempts):
    """Subscribes to the same stream again."""

    def __init__(self, policy: Retry, observer: abc.ObserverBase[Any], scheduler: RunScheduler) -> None:
        super().__init__(observer, scheduler)
        self._policy = policy

    def begin(self, source: Observable[Any]) -> abc.DisposableBase:
        self._source = source
        return super().begin(source)

    def _recover(self, error: Exception) -> None:
        if not isinstance(error, StreamkitError):
            self._fail(error)
            return
        requests = self._requests + requests_of(error)
        wait = self._policy.wait(requests, error)
        if wait is None:
            self._fail(mark_given_up(error, self._policy))
        else:
            self._subscription.disposable = self.parts.schedule_relative(wait, lambda *_: self._again(requests))

    def _again(self, requests: int) -> None:
        self._requests = requests
        self._attempt(self._source)
