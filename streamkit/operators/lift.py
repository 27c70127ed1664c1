"""Any stage as an operator, and the asynchronous map."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from typing import Any, TypeVar

from reactivex import Observable, abc
from reactivex.disposable import CompositeDisposable, SerialDisposable

from ..checks import check_flag, check_whole
from ..engine.streams import Operator, check_function, operator_of, refuse_operator
from ..engine.upstream import AsyncMap, WithoutContext, clock, scheduler_for
from ..errors import StreamkitError
from ..events import Reply
from ..protocols import Op, Stage, StageBase, overrides
from ..stages import Factory, check_stage, explained, seconds

__all__ = ["map_async", "stage"]

A = TypeVar("A")
B = TypeVar("B")


def stage(factory: Callable[[], Stage[A, B]]) -> Op[A, B]:
    """Items → what a stage makes of them; ``factory`` (a class or a function) is called for each subscription.

    ``feed(item)`` gives a list of what comes of an item (or any iterable, ``yield`` too), ``flush()`` what is left: it
    is called at the end and before an error, so that nothing held back is lost. What a stage raises ends the stream,
    after the items it had given.

    A stage that waits for a time, ends the stream, hides something or changes replies is a `StageBase`, which has a
    place for each of that. Of any other object nothing but ``feed`` and ``flush`` is looked at: a RuntimeWarning says
    so if it has members like those of a `StageBase`, or is the one of an earlier subscription and has attributes. (The
    latter is a TypeError for a `StageBase`.) TypeError for what is no stage.
    """
    refuse_operator("ops.stage", factory)
    made: Any = factory
    if made is Stage or made is StageBase:
        raise TypeError(f"{made.__name__} says what a stage has: write ops.stage(Mine), a class with feed and flush")
    make = Factory("ops.stage", factory, check_stage)

    def connect(
        source: Observable[A], observer: abc.ObserverBase[B], scheduler: abc.SchedulerBase | None
    ) -> abc.DisposableBase:
        return Lifted(make(), observer, scheduler).connect(source)

    operator = operator_of(getattr(factory, "__name__", "stage"), connect, "ops.stage(...)")
    return operator.known_to("any", "any")


class Lifted(abc.ObserverBase[Any]):
    """One subscription to a stage, whose time is that of ``timer`` if it is not to be the scheduler's."""

    def __init__(
        self,
        inner: Stage[Any, Any],
        observer: abc.ObserverBase[Any],
        scheduler: abc.SchedulerBase | None,
        timer: abc.SchedulerBase | None = None,
    ) -> None:
        self._stage: Any = inner
        self._more: Any = inner if isinstance(inner, StageBase) else None
        self._observer, self._scheduler = observer, scheduler
        self._reply_filter: Callable[[Reply], Reply] | None = self._let_through if self._has("reply") else None
        self._hides = self._more is not None and self._more.hides
        self._upstream, self._timer = SerialDisposable(), SerialDisposable()
        self._over = False
        self._clock = timer or clock(scheduler) if self._has("expire") else None
        self._deadline: Any = None
        self._armed = False

    def _has(self, name: str) -> bool:
        return self._more is not None and overrides(self._more, name)

    def connect(self, source: Observable[Any]) -> abc.DisposableBase:
        scheduler, above = self._scheduler, WithoutContext(self) if self._hides else self
        if self._reply_filter is not None or self._hides:
            error_filter = self._told if self._hides else None
            scheduler = scheduler_for(scheduler).derive(reply_filter=self._reply_filter, error_filter=error_filter)
        self._upstream.disposable = source.subscribe(above, scheduler=scheduler)
        return CompositeDisposable(self._upstream, self._timer)

    def finish(self) -> None:
        """End here and now, from outside: the stage has a ``finish`` that says what comes last."""
        if not self._over and self._give(self._stage.finish):
            self._end(None)

    def on_next(self, item: Any) -> None:
        if self._over or not self._give(self._stage.feed, item):
            return
        if self._more is not None and self._more.done:
            self.on_completed()
        elif self._clock is not None:
            self._set_deadline()

    def on_error(self, error: Exception) -> None:
        if self._more is not None:
            object.__setattr__(self._more, "broken", True)  # a frozen dataclass would not let it be set
        if not self._over and self._give(self._more.cut if self._has("cut") else self._stage.flush):
            try:
                error = self._told(error)
            except Exception as exc:  # of the user's stage; the failure itself must not get past it
                error = self._own(exc)
            self._end(error)

    def _let_through(self, reply: Reply) -> Reply:
        shown = self._more.reply(reply)
        if not isinstance(shown, Reply):
            raise TypeError(f"{type(self._more).__name__}.reply gives a Reply, not {type(shown).__name__}")
        return shown

    def _told(self, error: Exception) -> Exception:
        if not isinstance(error, StreamkitError):
            return error
        if self._reply_filter is not None:
            error = error.with_partial(self._reply_filter(error.partial))
        if self._more is None:
            return error
        told = self._more.failure(error)
        if not isinstance(told, Exception):
            raise TypeError(f"{type(self._more).__name__}.failure gives an error, not {type(told).__name__}")
        return told

    def _own(self, error: Exception) -> Exception:
        """What the stage raised. Where it hides, what caused an error of our kind may quote what it looked at."""
        if self._hides and isinstance(error, StreamkitError):
            error.__cause__ = error.__context__ = None
        return error

    def on_completed(self) -> None:
        if not self._over and self._give(self._stage.flush):
            self._end(None)

    def _give(self, make: Callable[..., Iterable[Any]], *args: Any) -> bool:
        """Emit what the stage makes; if it raises, that is the end, after what it made before."""
        made, failure = [], None
        given: Any = make
        try:
            given = make(*args)
            if type(given) is str:
                raise TypeError
            for item in given:
                made.append(item)  # noqa: PERF402  # one by one: what came before the failure is kept
        except Exception as exc:
            failure = self._own(explained(make, given, exc))
        for item in made:
            self._observer.on_next(item)
        if failure is not None:
            self._end(failure)
        return failure is None and not self._over

    def _end(self, error: Exception | None) -> None:
        self._over = True
        self._timer.dispose()
        if error is None:
            self._observer.on_completed()
        else:
            self._observer.on_error(error)
        self._upstream.dispose()

    # One timer, moved lazily: a feed only notes the new deadline, the timer looks at it when it fires.

    def _set_deadline(self) -> None:
        assert self._clock is not None
        try:
            due = seconds(type(self._more).__name__, self._more.due)
        except Exception as exc:
            self._end(self._own(exc))
            return
        self._deadline = None if due is None else self._clock.now + timedelta(seconds=due)
        if due is not None and not self._armed:
            self._arm(due)

    def _arm(self, seconds: float) -> None:
        assert self._clock is not None
        self._armed = True
        self._timer.disposable = self._clock.schedule_relative(seconds, self._fire)

    def _fire(self, scheduler: abc.SchedulerBase, state: Any = None) -> None:
        self._armed = False
        if self._over or self._deadline is None:
            return
        left = (self._deadline - scheduler.now).total_seconds()
        if left > 1e-6:
            self._arm(left)
        elif self._give(self._stage.expire):
            self._set_deadline()


def map_async(
    fn: Callable[[A], Awaitable[B] | Observable[B]], *, concurrency: int = 1, ordered: bool = True
) -> Op[A, B]:
    """Items → what ``fn`` gives for each: one item for an awaitable, all items of a stream.

    At most ``concurrency`` calls are under way; meanwhile the source is held back, so nothing piles up. In order of
    the input, or with ``ordered=False`` as results come. What a call raises ends the stream when its turn comes, and
    an end or error of the source waits for the calls under way. Disposing cancels them.
    """
    check_function("fn", fn, "fn(item) gives an awaitable or a stream")
    concurrency = check_whole("concurrency", concurrency)
    check_flag("ordered", ordered)

    def mapped(source: Observable[A]) -> Observable[B]:
        return AsyncMap(source, fn, concurrency, ordered)

    return Operator("map_async", mapped)
