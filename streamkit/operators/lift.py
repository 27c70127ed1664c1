"""Any stage as an operator, and the asynchronous map."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar

from reactivex import Observable, abc
from reactivex.disposable import CompositeDisposable, Disposable, SerialDisposable

from ..checks import check_flag, check_whole
from ..engine.streams import Operator, Scheduler, check_function, operator_of, refuse_operator
from ..engine.upstream import AsyncMap, Deadline, WithoutContext, clock, pass_end, scheduler_for
from ..errors import StreamkitError
from ..events import Reply
from ..protocols import Op, Stage, StageBase, overrides
from ..stages import Factory, check_stage, clearer_error, seconds

__all__ = ["map_async", "stage"]

A = TypeVar("A")
B = TypeVar("B")


def stage(factory: Callable[[], Stage[A, B]]) -> Op[A, B]:
    """Items → what a stage makes of them; ``factory`` (a class or a function) is called for each subscription.

    ``feed(item)`` gives a list of the items to emit for an item (or any iterable, ``yield`` too), ``flush()`` those
    that are left: it is called at the end and before an error, so that nothing held back is lost. What a stage raises
    ends the stream, after the items that it gave before.

    A stage that waits for a time, ends the stream, hides something or changes replies is a `StageBase`, which has a
    member for each of these. Of any other object only ``feed`` and ``flush`` are used: a RuntimeWarning says so if it
    has members like those of a `StageBase`, or is the one of an earlier subscription and has attributes. (The latter
    is a TypeError for a `StageBase`.) TypeError for an object that is not a stage.
    """
    refuse_operator("ops.stage", factory)
    subject: Any = factory
    if subject is Stage or subject is StageBase:
        kind = "protocol" if subject is Stage else "base class"
        raise TypeError(
            f"sk.{subject.__name__} is only the {kind}: write ops.stage(Mine), with a class of your own"
            " that has feed and flush"
        )
    make = Factory("ops.stage", factory, check_stage)

    def connect(source: Observable[A], observer: abc.ObserverBase[B], scheduler: Scheduler) -> abc.DisposableBase:
        return Lifted(make(), observer, scheduler).connect(source)

    operator = operator_of(getattr(factory, "__name__", "stage"), connect, "ops.stage(...)")
    return operator.with_kinds("any", "any")


class Lifted(abc.ObserverBase[Any]):
    """One subscription to a stage; its clock is ``timer`` or, if that is None, the scheduler."""

    def __init__(
        self,
        inner: Stage[Any, Any],
        observer: abc.ObserverBase[Any],
        scheduler: Scheduler,
        timer: Scheduler = None,
    ) -> None:
        self._stage: Any = inner
        self._base: Any = inner if isinstance(inner, StageBase) else StageBase()  # the defaults of all other members
        self._observer, self._scheduler = observer, scheduler
        self._reply_filter: Callable[[Reply], Reply] | None = self._filter_reply if overrides(inner, "reply") else None
        self._hides = self._base.hides
        self._upstream = SerialDisposable()
        self._ended = False
        self._due: float | None = None
        self._deadline: Deadline | None = None
        if overrides(inner, "expire"):
            self._deadline = Deadline(timer or clock(scheduler), self._remaining, self._expire)

    def connect(self, source: Observable[Any]) -> abc.DisposableBase:
        scheduler, receiver = self._scheduler, WithoutContext(self) if self._hides else self
        if self._reply_filter is not None or self._hides:
            error_filter = self._filter_error if self._hides else None
            scheduler = scheduler_for(scheduler).derive(reply_filter=self._reply_filter, error_filter=error_filter)
        self._upstream.disposable = source.subscribe(receiver, scheduler=scheduler)
        if self._deadline is None:
            return self._upstream
        return CompositeDisposable(self._upstream, Disposable(self._deadline.stop))

    def end_with(self, make: Callable[[], Iterable[Any]]) -> None:
        """End the stream now, with the items that ``make``, a method of the stage, returns."""
        if not self._ended and self._emit_from(make):
            self._end(None)

    def on_next(self, item: Any) -> None:
        if self._ended or not self._emit_from(self._stage.feed, item):
            return
        if self._base.done:
            self.on_completed()
        elif self._deadline is not None:
            self._read_due(self._deadline)

    def on_error(self, error: Exception) -> None:
        object.__setattr__(self._base, "broken", True)  # a frozen dataclass would not let it be set
        if not self._ended and self._emit_from(self._stage.cut if overrides(self._stage, "cut") else self._stage.flush):
            try:
                error = self._filter_error(error)
            except Exception as exc:  # raised by the user's stage; the original error must not pass unfiltered
                error = self._stage_error(exc)
            self._end(error)

    def _filter_reply(self, reply: Reply) -> Reply:
        filtered = self._base.reply(reply)
        if not isinstance(filtered, Reply):
            raise TypeError(f"{type(self._base).__name__}.reply gives a Reply, not {type(filtered).__name__}")
        return filtered

    def _filter_error(self, error: Exception) -> Exception:
        if not isinstance(error, StreamkitError):
            return error
        if self._reply_filter is not None:
            error = error.with_partial(self._reply_filter(error.partial))
        filtered = self._base.failure(error)
        if not isinstance(filtered, Exception):
            raise TypeError(f"{type(self._base).__name__}.failure gives an error, not {type(filtered).__name__}")
        return filtered

    def _stage_error(self, error: Exception) -> Exception:
        """``error``, raised by the stage. If the stage hides something, the cause and context of an error of this
        package are dropped, because they may quote the text that it looked at."""
        if self._hides and isinstance(error, StreamkitError):
            error.__cause__ = error.__context__ = None
        return error

    def on_completed(self) -> None:
        self.end_with(self._stage.flush)

    def _emit_from(self, make: Callable[..., Iterable[Any]], *args: Any) -> bool:
        """Emit the items of a call of the stage; if it raises, end with that error after the items it gave before."""
        items, failure = [], None
        result: Any = make
        try:
            result = make(*args)
            if type(result) is str:
                raise TypeError
            for item in result:
                items.append(item)  # noqa: PERF402  # one by one: items before the failure are kept
        except Exception as exc:
            failure = self._stage_error(clearer_error(make, result, exc))
        for item in items:
            self._observer.on_next(item)
        if failure is not None:
            self._end(failure)
        return failure is None and not self._ended

    def _end(self, error: Exception | None) -> None:
        self._ended = True
        if self._deadline is not None:
            self._deadline.stop()
        pass_end(self._observer, error)
        self._upstream.dispose()

    def _read_due(self, deadline: Deadline) -> None:
        try:
            due = seconds(type(self._base).__name__, self._base.due)
        except Exception as exc:
            self._end(self._stage_error(exc))
            return
        self._due = None if due is None else deadline.time() + due
        deadline.set()

    def _remaining(self) -> float | None:
        return None if self._due is None or self._deadline is None else self._due - self._deadline.time()

    def _expire(self) -> None:
        if self._emit_from(self._stage.expire) and self._deadline is not None:
            self._read_due(self._deadline)


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
