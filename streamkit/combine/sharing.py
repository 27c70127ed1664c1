"""One stream for many subscribers, which may come late, from other threads and from other event loops."""

from __future__ import annotations

from asyncio import AbstractEventLoop
from collections import deque
from collections.abc import Callable
from functools import partial
from threading import Lock
from typing import Any, TypeVar, overload

from reactivex import Observable, abc
from reactivex.disposable import Disposable, SerialDisposable

from ..checks import check_whole
from ..engine.failures import ShutdownError, as_raised, failure_of, own_error, report, same_failure
from ..engine.loops import background, is_own, on_loop, runs_here
from ..engine.streams import (
    Bridge,
    BridgeReader,
    ReplyStream,
    Stream,
    are_replies,
    check_stream,
    kind_of,
    source_of,
    with_kind,
)
from ..engine.upstream import Gate, Place, ReplySource, RunScheduler, SentRequest, scheduler_for
from ..errors import BrokenError
from ..events import Outcome, Reply
from ..sources import stream as stream_of

__all__ = ["share"]

T = TypeVar("T")


@overload
def share(stream: ReplyStream, replay: int) -> ReplyStream: ...
@overload
def share(stream: Observable[T], replay: int) -> Stream[T]: ...
def share(stream: Observable[Any], replay: int) -> Stream[Any]:
    """One subscription to ``stream`` for any number of subscribers. Late ones first get the items that have passed.

    The request is made with the first subscriber and cancelled when the last one leaves. At most ``replay`` items are
    kept; a subscriber that comes when more have passed gets RuntimeError instead of a reply with a gap. A slow
    subscriber holds the source for all of them. Each one's run has the reply, and counts the request as its own.

    Note: the stream lives on the loop of its first subscriber (the background loop, if that is a plain `sk.run`); if
    that loop ends, so does the stream, for all.
    """
    check_stream(stream, "sk.share")
    replay = check_whole("replay", replay, low=0)
    made: list[_Shared] = []
    lock = Lock()

    def join(observer: abc.ObserverBase[Any], scheduler: abc.SchedulerBase | None) -> abc.DisposableBase:
        run = scheduler_for(scheduler)
        with lock:
            if not made:
                made.append(_Shared(stream, replay, background() if is_own(run.loop) else run.loop))
        return made[0].join(observer, run)

    return with_kind(source_of("share", join, replies=are_replies([stream])), kind_of(stream))


class _Shared:
    """The shared subscription. Everything but `join` happens on the loop of its scheduler, until the stream has
    ended; after that nothing changes, and `join` enters a subscriber itself."""

    def __init__(self, stream: Observable[Any], replay: int, loop: AbstractEventLoop) -> None:
        self.scheduler = RunScheduler(loop)
        self.ended = False
        self.error: Exception | None = None
        self._stream = stream
        self._subscription = SerialDisposable()
        self._history: deque[Any] = deque(maxlen=replay)
        self._count = 0
        self._subscribers: tuple[_Subscriber, ...] = ()
        self._signals: deque[tuple[Callable[..., None], Any]] = deque()
        self._begun = self._busy = False
        context = self.scheduler.context
        context.abort = lambda error: on_loop(loop, self._take, self._fail, error)
        context.end.report_at_far_end = context.abort

    def join(self, observer: abc.ObserverBase[Any], run: RunScheduler) -> abc.DisposableBase:
        home = self.scheduler.loop
        if run.loop is home:
            subscriber = _Subscriber(self, run, observer, run.gate)
            on_loop(home, self._enter, subscriber)
            return Disposable(partial(on_loop, home, self._leave, subscriber))
        bridge = Bridge(home, Gate())
        subscriber = _Subscriber(self, run, bridge, bridge.gate)
        if self.ended or home.is_closed():
            self._enter(subscriber)
        else:
            on_loop(home, self._enter, subscriber)
        reader = BridgeReader(bridge, partial(on_loop, home, self._leave, subscriber))
        return stream_of(reader).subscribe(observer, scheduler=run)

    def _enter(self, subscriber: _Subscriber) -> None:
        missed = self._count - len(self._history)
        if missed:
            kept = f"(replay={self._history.maxlen})"
            subscriber.observer.on_error(RuntimeError(f"joined too late: the first {missed} items are gone {kept}"))
            return
        try:
            for item in tuple(self._history):
                subscriber.observer.on_next(item)
        except BaseException as exc:
            subscriber.fail(exc)
            return
        if self.ended:
            subscriber.end(self.error)
        elif self.scheduler.loop.is_closed():
            subscriber.observer.on_error(RuntimeError("the loop that the shared stream lived on is closed"))
        else:
            self._subscribers = (*self._subscribers, subscriber)
            self.scheduler.gate.add(subscriber.gate)
            if not self._begun:
                self._begin()

    def _begin(self) -> None:
        scheduler, self._begun = self.scheduler, True
        try:
            self._subscription.disposable = self._stream.subscribe(
                lambda item: scheduler.on_loop(self._take, self._next, item),
                lambda error: scheduler.on_loop(self._take, self._end, error),
                lambda: scheduler.on_loop(self._take, self._end, None),
                scheduler=scheduler,
            )
        except BaseException as exc:  # Rx does not turn every exception into an on_error
            scheduler.context.stop_reading()
            self._take(self._fail, as_raised("an operator", exc))

    def _leave(self, subscriber: _Subscriber) -> None:
        if subscriber not in self._subscribers:
            return
        subscriber.leave()
        self._subscribers = tuple(other for other in self._subscribers if other is not subscriber)
        self.scheduler.gate.drop(subscriber.gate)
        if not self._subscribers and not self.ended:
            self._end(RuntimeError("the shared stream was cancelled when its last subscriber left"))
            self._subscription.dispose()

    def _take(self, signal: Callable[..., None], value: Any) -> None:
        """Handle signals one by one: a signal that a subscriber causes waits until the current item is delivered."""
        self._signals.append((signal, value))
        if self._busy:
            return
        self._busy = True
        try:
            while self._signals:
                signal, value = self._signals.popleft()
                signal(value)
        finally:
            self._busy = False

    def _next(self, item: Any) -> None:
        self._count += 1
        self._history.append(item)
        for subscriber in self._subscribers:
            try:
                subscriber.observer.on_next(item)
            except BaseException as exc:  # the others still get the item
                self._leave(subscriber)
                subscriber.fail(exc)

    def _fail(self, error: Exception) -> None:
        """End with an error from downstream, and cancel the streams upstream."""
        self._end(error)
        self.scheduler.dispose_safely(self._subscription)

    def _end(self, error: Exception | None) -> None:
        if not self.ended:
            self.ended, self.error = True, error
            for subscriber in self._subscribers:
                subscriber.end(error)
        elif error is not None and not same_failure(error, self.error):
            report(error, "a shared stream failed after its end, when its subscribers had gone:")


class _Subscriber:
    """One subscriber, and the shared reply in its run, which ends when it leaves. If its run is on another loop,
    ``observer`` is a bridge to it."""

    def __init__(self, shared: _Shared, run: RunScheduler, observer: abc.ObserverBase[Any], gate: Gate) -> None:
        self.observer, self.gate = observer, gate
        self._shared, self._run = shared, run
        self._final: Reply | None = None
        run.context.replies.append(self)
        run.sources.append(self)

    def end(self, error: Exception | None) -> None:
        if isinstance(error, ShutdownError) and isinstance(self.observer, Bridge):  # the subscriber's own loop goes on
            error = BrokenError("the loop of the shared stream was shut down", partial=error.partial)
        self._run.end(self.observer, error)

    def fail(self, exc: BaseException) -> None:
        """End because the observer raised ``exc``."""
        failure = failure_of("an observer", exc)
        if failure is None:
            self._run.context.abort(exc)
        else:
            self.end(own_error("an observer", failure))

    @property
    def _source(self) -> ReplySource | None:
        return self._shared.scheduler.context.current()

    @property
    def sent_request(self) -> SentRequest | None:
        return self._source.sent_request if self._source is not None else None

    @property
    def keeps_text(self) -> bool:
        return self._source is None or self._source.keeps_text

    def reply(self, outcome: Outcome | None = None, upto: Place | None = None) -> Reply:
        return self._run.visible_reply(self._final or self._current_reply(outcome), upto)

    def _current_reply(self, outcome: Outcome | None) -> Reply:
        source, shared = self._source, self._shared
        if source is not None:
            return source.reply(outcome)
        return Reply(outcome=outcome or ("complete" if shared.ended and shared.error is None else "truncated"))

    def leave(self) -> None:
        if not self._shared.ended:
            self._final = self._current_reply("cancelled" if self._run.context.cancelled else "stopped")

    async def ended(self) -> None:
        scheduler = self._shared.scheduler
        if self._shared.ended and runs_here(scheduler.loop):
            for source in scheduler.context.replies:
                await source.ended()
