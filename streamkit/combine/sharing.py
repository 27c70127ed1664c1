"""One stream for many subscribers, which may come late, from other threads and from other event loops."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
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
from ..engine.upstream import Context, Gate, RunScheduler, SentRequest, scheduler_for
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
    return with_kind(source_of("share", _Shared(stream, replay).join, replies=are_replies([stream])), kind_of(stream))


class _Shared:
    """The shared subscription. Everything but `join` happens on the stream's loop; after the end nothing changes."""

    def __init__(self, stream: Observable[Any], replay: int) -> None:
        self.context = Context()
        self.context.abort = lambda error: on_loop(self.home, self._take, self._fail, error)
        self.context.report_at_far_end = self.context.abort
        self.ended = False
        self.error: Exception | None = None
        self._stream, self._replay = stream, replay
        self._history: deque[Any] = deque(maxlen=replay)
        self._count = 0
        self._signals: deque[tuple[Callable[..., None], Any]] = deque()
        self._busy = self._begun = False
        self._scheduler: RunScheduler | None = None
        self._lock = Lock()
        self._gate = Gate()
        self._members: tuple[_Member, ...] = ()
        self._subscription = SerialDisposable()

    @property
    def home(self) -> Any:
        assert self._scheduler is not None
        return self._scheduler.loop

    def join(self, observer: abc.ObserverBase[Any], scheduler: abc.SchedulerBase | None) -> abc.DisposableBase:
        run = scheduler_for(scheduler)
        with self._lock:
            if self._scheduler is None:
                home = background() if is_own(run.loop) else run.loop
                self._scheduler = RunScheduler(home, self._gate, self.context)
        view = _View(self, run)
        if run.loop is self.home:
            member = _Member(observer, run.gate, view)
            on_loop(self.home, self._enter, member)
            return Disposable(lambda: on_loop(self.home, self._leave, member))
        bridge = Bridge(self.home, Gate())
        member = _Member(bridge, bridge.gate, view)
        if self.ended or self.home.is_closed():
            self._enter(member)
        else:
            on_loop(self.home, self._enter, member)
        reader = BridgeReader(bridge, lambda: on_loop(self.home, self._leave, member))
        return stream_of(reader).subscribe(observer, scheduler=run)

    def _enter(self, member: _Member) -> None:
        missed = self._count - len(self._history)
        if missed:
            error = RuntimeError(f"joined too late: the first {missed} items are gone (replay={self._replay})")
            member.observer.on_error(error)
            return
        try:
            for item in tuple(self._history):
                member.observer.on_next(item)
        except BaseException as exc:
            member.broke(exc)
            return
        if self.ended:
            member.end(self.error)
        elif self.home.is_closed():
            member.observer.on_error(RuntimeError("the loop that the shared stream lived on is closed"))
        else:
            self._members = (*self._members, member)
            self._gate.add(member.gate)
            if not self._begun:
                self._begin()

    def _begin(self) -> None:
        self._begun, scheduler = True, self._scheduler
        assert scheduler is not None
        try:
            self._subscription.disposable = self._stream.subscribe(
                lambda item: scheduler.on_loop(self._take, self._next, item),
                lambda error: scheduler.on_loop(self._take, self._end, error),
                lambda: scheduler.on_loop(self._take, self._end, None),
                scheduler=scheduler,
            )
        except BaseException as exc:  # Rx does not turn every exception into an on_error
            self.context.stop_reading()
            self._take(self._fail, as_raised("an operator", exc))

    def _leave(self, member: _Member) -> None:
        if member not in self._members:
            return
        member.view.leave()
        self._members = tuple(other for other in self._members if other is not member)
        self._gate.drop(member.gate)
        if not self._members and not self.ended:
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
        for member in self._members:
            try:
                member.observer.on_next(item)
            except BaseException as exc:  # the others still get the item
                self._leave(member)
                member.broke(exc)

    def _fail(self, error: Exception) -> None:
        """End with an error from downstream, and cancel the streams upstream."""
        self._end(error)
        assert self._scheduler is not None
        self._scheduler.dispose_safely(self._subscription)

    def _end(self, error: Exception | None) -> None:
        if not self.ended:
            self.ended, self.error = True, error
            for member in self._members:
                member.end(error)
        elif error is not None and not same_failure(error, self.error):
            report(error, "a shared stream failed after its end, when its subscribers had gone:")


class _Member:
    """One subscriber. If it is on another loop, ``observer`` is a bridge to it."""

    __slots__ = ("gate", "observer", "view")

    def __init__(self, observer: abc.ObserverBase[Any], gate: Gate, view: _View) -> None:
        self.observer, self.gate, self.view = observer, gate, view

    def end(self, error: Exception | None) -> None:
        if isinstance(error, ShutdownError) and isinstance(self.observer, Bridge):  # the subscriber's own loop goes on
            error = BrokenError("the loop of the shared stream was shut down", partial=error.partial)
        self.view.run.end(self.observer, error)

    def broke(self, exc: BaseException) -> None:
        failure = failure_of("an observer", exc)
        if failure is None:
            self.view.run.context.abort(exc)
        else:
            self.end(own_error("an observer", failure))


class _View:
    """The shared reply in one subscriber's run: it ends when that subscriber leaves."""

    def __init__(self, shared: _Shared, run: RunScheduler) -> None:
        self._shared, self.run = shared, run
        self._final: Reply | None = None
        run.context.replies.append(self)
        run.sources.append(self)

    @property
    def sent_request(self) -> SentRequest | None:
        source = self._shared.context.current()
        return source.sent_request if source is not None else None

    @property
    def keeps_text(self) -> bool:
        source = self._shared.context.current()
        return source is None or source.keeps_text

    def reply(self, outcome: Outcome | None = None) -> Reply:
        return self.run.visible_reply(self._final or self._current_reply(outcome))

    def _current_reply(self, outcome: Outcome | None) -> Reply:
        shared = self._shared
        source = shared.context.current()
        if source is not None:
            return source.reply(outcome)
        return Reply(outcome=outcome or ("complete" if shared.ended and shared.error is None else "truncated"))

    def leave(self) -> None:
        if not self._shared.ended:
            self._final = self._current_reply("cancelled" if self.run.context.cancelled else "stopped")

    async def ended(self) -> None:
        if self._shared.ended and runs_here(self._shared.home):
            for source in self._shared.context.replies:
                await source.ended()
