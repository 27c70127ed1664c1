"""Several streams as one: a race, a comparison, one stream for many."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from reactivex import Observable, abc
from reactivex.disposable import CompositeDisposable, Disposable, SerialDisposable

from ..engine import Gate, RunScheduler, Stream, on_loop, scheduler_for
from ..errors import AllFailedError
from ..protocols import Op
from .link import link

__all__ = ["Failure", "Labelled", "race", "share", "side_by_side"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Failure:
    """What stands for a stream that failed among others that go on."""

    error: Exception


@dataclass(frozen=True, slots=True)
class Labelled(Generic[T]):
    """An item and the name of the stream it came from."""

    label: str
    item: T | Failure


def _made(label: str, connect: Callable[..., abc.DisposableBase]) -> Stream[Any]:
    """A stream that has no source to operate on."""
    operator: Op[Any, Any] = link(label, lambda source, observer, scheduler: connect(observer, scheduler))
    return Stream(operator(Observable()), label=label)


# -- race ----------------------------------------------------------------------------------------------------------


def race(*streams: Observable[T], after: float | None = None) -> Stream[T]:
    """The stream whose first content comes first; the others are cancelled then.

    A stream that fails earlier is out, however quick it was; if all fail: `AllFailedError`. With ``after`` the streams
    start one by one, that many seconds apart or as soon as the one before has failed: a hedge that mostly costs one
    request. What the losers were sent so far is in ``run.replies``.
    """
    if not streams:
        raise ValueError("no streams to race")
    if after is not None and after < 0:
        raise ValueError("after must not be negative")
    return _made("race", lambda observer, scheduler: _Race(streams, after, observer, scheduler).begin())


class _Race:
    def __init__(
        self,
        streams: tuple[Observable[Any], ...],
        after: float | None,
        observer: abc.ObserverBase[Any],
        scheduler: abc.SchedulerBase | None,
    ) -> None:
        self._waiting, self._after, self._observer = deque(streams), after, observer
        self._scheduler = scheduler_for(scheduler)
        self._running: dict[int, SerialDisposable] = {}
        self._failures: list[Exception] = []
        self._timer = SerialDisposable()
        self._winner: int | None = None
        self._over = False
        self._started = 0

    def begin(self) -> abc.DisposableBase:
        on_loop(self._scheduler.loop, self._start_next)
        return Disposable(lambda: on_loop(self._scheduler.loop, self._stop))

    def _start_next(self, *_: Any) -> None:
        """Start one stream, or all of them if they are not to wait for each other."""
        while self._waiting and self._winner is None and not self._over:
            self._start(self._waiting.popleft())
            if self._after is not None:
                if self._waiting and self._winner is None:
                    self._timer.disposable = self._scheduler.schedule_relative(self._after, self._start_next)
                return

    def _start(self, stream: Observable[Any]) -> None:
        number, sources = self._started, list[Any]()
        self._started += 1
        self._running[number] = subscription = SerialDisposable()
        subscription.disposable = stream.subscribe(
            lambda item: self._next(number, sources, item),
            lambda error: self._failed(number, error),
            lambda: self._completed(number, sources),
            scheduler=self._scheduler.derive(sources=sources),
        )

    def _next(self, number: int, sources: list[Any], item: Any) -> None:
        if self._wins(number, sources):
            self._observer.on_next(item)

    def _completed(self, number: int, sources: list[Any]) -> None:
        if self._wins(number, sources):
            self._observer.on_completed()

    def _wins(self, number: int, sources: list[Any]) -> bool:
        if self._winner is None and not self._over:
            self._winner = number
            self._timer.dispose()
            self._scheduler.sources.extend(sources)
            for other, subscription in tuple(self._running.items()):
                if other != number:
                    subscription.dispose()
        return self._winner == number

    def _failed(self, number: int, error: Exception) -> None:
        if self._winner == number:
            self._observer.on_error(error)
        elif self._winner is None and not self._over:
            self._failures.append(error)
            del self._running[number]
            if self._waiting:
                self._start_next()
            elif not self._running:
                self._over = True
                self._observer.on_error(all_failed(self._failures))

    def _stop(self) -> None:
        self._over = True
        self._timer.dispose()
        for subscription in self._running.values():
            subscription.dispose()


def all_failed(failures: list[Exception]) -> Exception:
    """The only failure, or all of them as one; the partial reply is the last one's."""
    if len(failures) == 1:
        return failures[0]
    partials = [error.partial for error in failures if hasattr(error, "partial")]
    said = "; ".join(f"{type(error).__name__}: {error}" for error in failures)
    return AllFailedError(f"all {len(failures)} failed: {said}", failures, partial=partials[-1] if partials else None)


# -- side by side --------------------------------------------------------------------------------------------------


def side_by_side(streams: Mapping[str, Observable[T]]) -> Stream[Labelled[T]]:
    """The items of several streams as they come, each `Labelled` with its name.

    One that fails gives a last item `Failure` under its name; the others go on. Completes when all have ended.
    """
    if not streams:
        raise ValueError("no streams to compare")
    named = dict(streams)

    def connect(observer: abc.ObserverBase[Any], scheduler: abc.SchedulerBase | None) -> abc.DisposableBase:
        run, left = scheduler_for(scheduler), set(named)

        def ended(name: str) -> None:
            left.discard(name)
            if not left:
                observer.on_completed()

        def failed(name: str, error: Exception) -> None:
            observer.on_next(Labelled(name, Failure(error)))
            ended(name)

        def begin(name: str, stream: Observable[T]) -> abc.DisposableBase:
            return stream.subscribe(
                lambda item: observer.on_next(Labelled(name, item)),
                lambda error: failed(name, error),
                lambda: ended(name),
                scheduler=run,
            )

        return CompositeDisposable([begin(name, stream) for name, stream in named.items()])

    return _made("side_by_side", connect)


# -- share ---------------------------------------------------------------------------------------------------------


def share(stream: Observable[T], replay: int) -> Stream[T]:
    """One subscription to ``stream`` for any number of subscribers, who may come late: they get what has passed first.

    The request is made with the first subscriber and cancelled when the last one leaves. ``replay`` items at most are
    kept; whoever comes when more have passed gets RuntimeError instead of a reply with a hole. A slow subscriber holds
    the source for all of them, if it is on the same loop.
    """
    if replay < 0:
        raise ValueError("replay must not be negative")
    shared = _Shared(stream, replay)
    return _made("share", shared.join)


class _Shared:
    def __init__(self, stream: Observable[Any], replay: int) -> None:
        self._stream, self._keep = stream, replay
        self._past: deque[Any] = deque(maxlen=replay)
        self._passed = 0
        self._run: RunScheduler | None = None
        self._gate = Gate()
        self._members: tuple[tuple[RunScheduler, abc.ObserverBase[Any]], ...] = ()
        self._subscription = SerialDisposable()
        self._end: Callable[[abc.ObserverBase[Any]], None] | None = None

    def join(self, observer: abc.ObserverBase[Any], scheduler: abc.SchedulerBase | None) -> abc.DisposableBase:
        run = scheduler_for(scheduler)
        member = (run, observer)
        first = self._run is None
        if first:
            self._run = RunScheduler(run.loop, self._gate, run.context)
        on_loop(self._home, self._enter, member, first)
        return Disposable(lambda: on_loop(self._home, self._leave, member))

    @property
    def _home(self) -> Any:
        assert self._run is not None
        return self._run.loop

    def _enter(self, member: tuple[RunScheduler, abc.ObserverBase[Any]], first: bool) -> None:
        if self._passed > len(self._past):
            missed = self._passed - len(self._past)
            late = RuntimeError(f"joined too late: the first {missed} items are gone (replay={self._keep})")
            self._tell(member, lambda observer: observer.on_error(late))
            return
        for item in tuple(self._past):
            self._tell(member, lambda observer, item=item: observer.on_next(item))  # type: ignore[misc]
        if self._end is not None:
            self._tell(member, self._end)
            return
        self._members = (*self._members, member)
        if member[0].loop is self._home:
            self._gate.add(member[0].gate)
        if first:
            self._subscription.disposable = self._stream.subscribe(
                self._next,
                lambda error: self._ended(lambda observer: observer.on_error(error)),
                lambda: self._ended(lambda observer: observer.on_completed()),
                scheduler=self._run,
            )

    def _leave(self, member: tuple[RunScheduler, abc.ObserverBase[Any]]) -> None:
        if member not in self._members:
            return
        self._members = tuple(other for other in self._members if other is not member)
        if member[0].loop is self._home:
            self._gate.drop(member[0].gate)
        if not self._members and self._end is None:
            self._subscription.dispose()
            left = RuntimeError("the shared stream was cancelled when its last subscriber left")
            self._end = lambda observer: observer.on_error(left)

    def _next(self, item: Any) -> None:
        self._passed += 1
        self._past.append(item)
        for member in self._members:
            self._tell(member, lambda observer: observer.on_next(item))

    def _ended(self, end: Callable[[abc.ObserverBase[Any]], None]) -> None:
        self._end = end
        for member in self._members:
            self._tell(member, end)

    def _tell(
        self,
        member: tuple[RunScheduler, abc.ObserverBase[Any]],
        signal: Callable[[abc.ObserverBase[Any]], None],
    ) -> None:
        run, observer = member
        on_loop(run.loop, signal, observer)
