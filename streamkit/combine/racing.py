"""Several streams combined into one: a race, or a comparison side by side."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar, overload

from reactivex import Observable, abc
from reactivex.disposable import CompositeDisposable, Disposable, SerialDisposable, SingleAssignmentDisposable

from ..checks import check_number, quote
from ..engine.failures import ShutdownError
from ..engine.streams import ReplyStream, Stream, are_replies, check_streams, common_kind, source_of, with_kind
from ..engine.upstream import CompositeReply, RunScheduler, scheduler_for
from ..errors import AllFailedError, StreamkitError
from ..event_class import with_brief_repr
from ..events import Outcome, Reply
from ..prelude import Prelude
from ..wording import described

__all__ = ["Failure", "Labelled", "race", "side_by_side"]

T = TypeVar("T")

FAILURE_CHARS = 500
"""The most characters of each failure in the message for all: the server's error and the address fit into it."""


@with_brief_repr
@dataclass(frozen=True, slots=True, repr=False)
class Failure:
    """An item in place of a stream that failed while others go on."""

    error: Exception


@with_brief_repr
@dataclass(frozen=True, slots=True, repr=False)
class Labelled(Generic[T]):
    """An item and the name of the stream it came from."""

    label: str
    item: T | Failure


# -- race ----------------------------------------------------------------------------------------------------------


@overload
def race(*streams: ReplyStream, after: float | None = None) -> ReplyStream: ...
@overload
def race(*streams: Observable[T], after: float | None = None) -> Stream[T]: ...
def race(*streams: Observable[Any], after: float | None = None) -> Stream[Any]:
    """The stream whose first content comes first; the others are cancelled then.

    A stream that fails earlier is out, however quick it was; if all fail: `AllFailedError`. With ``after`` the streams
    start one by one, that many seconds apart or as soon as the one before has failed: a hedge that mostly costs one
    request. The partial replies of the losers are in ``run.replies``.
    """
    if not streams:
        raise ValueError("no streams to race")
    check_streams("sk.race", streams)
    after = check_number("after", after, above=False, optional=True)

    def connect(observer: abc.ObserverBase[Any], scheduler: abc.SchedulerBase | None) -> abc.DisposableBase:
        return _Race(streams, after, observer, scheduler_for(scheduler)).begin()

    return with_kind(source_of("race", connect, replies=are_replies(streams)), common_kind(streams))


class _Entrant:
    """One stream of a race."""

    def __init__(self, number: int, scheduler: RunScheduler, offset: float) -> None:
        self.number, self.scheduler, self.offset = number, scheduler, offset
        self.prelude = Prelude()
        self.subscription = SingleAssignmentDisposable()


class _Race(CompositeReply):
    """A race during one run. Everything happens on the run's loop, whatever threads the streams use."""

    def __init__(
        self,
        streams: tuple[Observable[Any], ...],
        after: float | None,
        observer: abc.ObserverBase[Any],
        scheduler: RunScheduler,
    ) -> None:
        super().__init__(scheduler)
        self._waiting, self._after, self._observer = deque(enumerate(streams)), after, observer
        self._running: list[_Entrant] = []
        self._failures: dict[int, Exception] = {}
        self._timer = SerialDisposable()
        self._winner: _Entrant | None = None
        self._stopped = self._complete = False

    def whole(self, outcome: Outcome | None) -> Reply:
        """The winner's reply; before there is a winner, that of the last stream to start."""
        return self.last_part(outcome, "complete" if self._complete else "truncated")

    def begin(self) -> abc.DisposableBase:
        self.scheduler.on_loop(self._start_next)
        return Disposable(lambda: self.scheduler.on_loop(self._stop))

    def _start_next(self, *_: Any) -> None:
        """Start the next stream, or all of them if they do not wait for each other."""
        while self._waiting and not self._is_decided():
            self._start(*self._waiting.popleft())
            if self._after is not None:
                if self._waiting and not self._is_decided():
                    self._timer.disposable = self.scheduler.schedule_relative(self._after, self._start_next)
                return

    def _is_decided(self) -> bool:
        return self._stopped or self._winner is not None

    def _start(self, number: int, stream: Observable[Any]) -> None:
        self.parts = self.scheduler.for_part()
        self.part_begins()
        entrant = _Entrant(number, self.parts, self.offset)
        self._running.append(entrant)
        entrant.subscription.disposable = stream.subscribe(
            lambda item: self.scheduler.on_loop(self._next, entrant, item),
            lambda error: self.scheduler.on_loop(self._failed, entrant, error),
            lambda: self.scheduler.on_loop(self._completed, entrant),
            scheduler=entrant.scheduler,
        )

    def _next(self, entrant: _Entrant, item: Any) -> None:
        if self._winner is entrant:
            self._observer.on_next(item)
        elif not self._is_decided():
            self._win(entrant, entrant.prelude.feed(item))

    def _completed(self, entrant: _Entrant) -> None:
        if not self._is_decided():
            self._win(entrant, entrant.prelude.flush())
        if self._winner is entrant:
            self._complete = True
            self._observer.on_completed()

    def _win(self, entrant: _Entrant, items: Sequence[Any]) -> None:
        """Make ``entrant`` the winner if it has content: the others are cancelled."""
        if not entrant.prelude.decided:
            return
        self._winner, self.parts, self.offset = entrant, entrant.scheduler, entrant.offset
        if self.offset:
            self._observer = _Placing(self._observer, self)
        self._timer.dispose()
        for other in self._running:
            if other is not entrant:
                other.subscription.dispose()
        for item in items:
            self._observer.on_next(item)

    def _failed(self, entrant: _Entrant, error: Exception) -> None:
        error = self.with_placed_partial(error, entrant.offset)
        if self._winner is entrant:
            self._observer.on_error(error)
        elif isinstance(error, ShutdownError) and not self._is_decided():  # the others have no loop to run on
            self._stop()
            self._observer.on_error(error)
        elif not self._is_decided():
            self._failures[entrant.number] = error
            self._running.remove(entrant)
            if self._waiting:
                self._start_next()
            elif not self._running:
                self._stopped = True
                self._observer.on_error(all_failed([error for _, error in sorted(self._failures.items())]))

    def _stop(self) -> None:
        self._stopped = True
        self._timer.dispose()
        for entrant in self._running:
            entrant.subscription.dispose()


class _Placing(abc.ObserverBase[Any]):
    """Gives the Reply of a winner that began after the race a timing from the beginning of the race."""

    def __init__(self, observer: abc.ObserverBase[Any], race: CompositeReply) -> None:
        self._observer, self._race = observer, race

    def on_next(self, item: Any) -> None:
        self._observer.on_next(self._race.placed(item) if type(item) is Reply else item)

    def on_error(self, error: Exception) -> None:
        self._observer.on_error(error)

    def on_completed(self) -> None:
        self._observer.on_completed()


def all_failed(failures: list[Exception]) -> Exception:
    """The only failure, or one error for all of them; its partial reply is the last one's, with the requests of all."""
    if len(failures) == 1:
        return failures[0]
    own_errors = [error for error in failures if isinstance(error, StreamkitError)]
    requests = sum(error.partial.attempts for error in own_errors)
    partial = replace(own_errors[-1].partial, attempts=requests) if own_errors else None
    texts = "; ".join(described(error, FAILURE_CHARS) for error in failures)
    error = AllFailedError(f"all {len(failures)} failed: {texts}", failures, partial=partial)
    all_given_up = len(own_errors) == len(failures) and all(error.given_up for error in own_errors)
    return error.as_given_up() if all_given_up else error


# -- side by side --------------------------------------------------------------------------------------------------


def side_by_side(streams: Mapping[str, Observable[T]]) -> Stream[Labelled[T]]:
    """The items of several streams as they come, each `Labelled` with its name.

    A stream that fails emits a last item `Failure` under its name; the others go on. The result completes when all have
    ended. Each stream's `Reply` is its last item; the run's own is that of the last stream.
    """
    if not isinstance(streams, Mapping):
        hint = "write {'one': stream, 'two': other}"  # type: ignore[unreachable]  # not all users check types
        raise TypeError(f"side_by_side takes a mapping of names to streams, not {quote(streams)}: {hint}")
    if not streams:
        raise ValueError("no streams to compare")
    check_streams("sk.side_by_side", streams.values())
    named = dict(streams)

    def connect(observer: abc.ObserverBase[Any], scheduler: abc.SchedulerBase | None) -> abc.DisposableBase:
        together = _SideBySide(scheduler_for(scheduler), named, observer)
        return CompositeDisposable([together.begin(name, stream) for name, stream in named.items()])

    return source_of("side_by_side", connect)


class _SideBySide(CompositeReply):
    """A comparison during one run. Everything happens on the run's loop, whatever threads the streams use."""

    def __init__(self, scheduler: RunScheduler, names: Iterable[str], observer: abc.ObserverBase[Any]) -> None:
        super().__init__(scheduler)
        self._observer = observer
        self._unfinished = set(names)

    def whole(self, outcome: Outcome | None) -> Reply:
        """The last stream's reply; if some were still under way at a cancel, with the outcome of the cancel."""
        reply = self.last_part(outcome)
        return replace(reply, outcome=outcome) if outcome is not None and self._unfinished else reply

    def begin(self, name: str, stream: Observable[Any]) -> abc.DisposableBase:
        return stream.subscribe(
            lambda item: self.scheduler.on_loop(self._observer.on_next, Labelled(name, item)),
            lambda error: self.scheduler.on_loop(self._failed, name, error),
            lambda: self.scheduler.on_loop(self._ended, name),
            scheduler=self.parts,
        )

    def _failed(self, name: str, error: Exception) -> None:
        self._observer.on_next(Labelled(name, Failure(error)))
        self._ended(name)

    def _ended(self, name: str) -> None:
        self._unfinished.discard(name)
        if not self._unfinished:
            self._observer.on_completed()
