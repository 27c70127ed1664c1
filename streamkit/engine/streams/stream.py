"""The Stream: an Observable that can also be iterated and awaited, and that is readable when printed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Never, TypeVar, cast

from reactivex import Observable, abc

from ...checks import quote
from ...errors import SinkError
from ...wording import one_line
from ..failures import failure_of, report, trimming
from ..loops import background, call_on, current_loop, is_background, loop_of, runs_here
from ..upstream import Foreign, Gate
from .bridge import Bridge, BridgeReader
from .kinds import common_kind, kind_of, with_kind
from .misuse import applied, check_observer, check_operators, is_stream, name_of, operator_name, uncalled_name
from .operator import Operator, Pipes
from .subscription import Subscription

if TYPE_CHECKING:
    from .fluent import Fluent
else:
    Fluent = Pipes

__all__ = ["Stream", "joined", "stream"]

T = TypeVar("T", covariant=True)
U = TypeVar("U")


def _piped(name: str) -> Callable[..., Any]:
    """A fluent method that returns a Stream."""

    def method(self: Stream[Any], *args: Any) -> Any:
        return self.pipe(_stock(name)(*args))

    return method


def _stock(name: str) -> Callable[..., Callable[[Any], Any]]:
    """An operator of reactivex, imported late: its module loads all of them, which takes time that few programs
    need."""
    from reactivex import operators

    operator: Callable[..., Callable[[Any], Any]] = getattr(operators, name)
    return operator


class Stream(Fluent[T]):
    """A cold stream: each subscription, loop or ``await`` makes the request anew.

    ``for`` and ``async for`` give the items, and leaving the loop cancels; ``await`` gives the last item, None if there
    was none. ``operators`` and ``source`` are kept, so that the chain can be built again with probes in between.
    The fluent methods of an Observable (``map``, ``filter``, ``take`` and so on) give a Stream too. A whole reply is a
    `ReplyStream`.
    """

    def __init__(
        self,
        source: Observable[Any],
        operators: tuple[Callable[[Any], Any], ...] = (),
        built: Observable[T] | None = None,
        label: str = "stream",
    ) -> None:
        super().__init__()
        self.source, self.operators = source, operators
        built = source if built is None else built
        self._built: Observable[T] = getattr(built, "_built", built)  # if it is a Stream, what that is built of
        self._label = label
        with_kind(self, kind_of(self._built))

    if not TYPE_CHECKING:  # its overloads are in fluent/piping.pyi

        def pipe(self, *operators: Callable[[Any], Any]) -> Any:
            """The stream behind these operators, of this package or stock ones. If the result of the last one is not
            an Observable (``to_future``, ``list``) or must be connected first (``publish``), that result itself. A
            function of your own gets the stream so far."""
            check_operators(operators)
            built = applied(operators, self._built, lambda so_far, number: self._with(operators[:number], so_far))
            return self._with(operators, built) if is_stream(built) else built

        def _with(self, operators: tuple[Callable[[Any], Any], ...], built: Observable[Any]) -> Stream[Any]:
            """This stream behind ``operators``, whose result is ``built``."""
            # a user's function may have returned a Stream of any class
            kind = type(built) if isinstance(built, Stream) else self._behind(operators)
            return kind(self.source, (*self.operators, *operators), built, self._label)

        def __or__(self, other: Any) -> Never:
            if not callable(other) or isinstance(other, type):
                return NotImplemented
            name = operator_name(other) or uncalled_name(other) or name_of(other)
            raise TypeError(f"operators are applied by pipe, not by |: write stream.pipe({name})")

        # reactivex applies these operators by hand, without ``pipe``
        switch_latest = _piped("switch_latest")
        exclusive = _piped("exclusive")
        dematerialize = _piped("dematerialize")
        pluck = _piped("pluck")

    def _behind(self, operators: tuple[Callable[[Any], Any], ...]) -> type[Stream[Any]]:
        """The class of the stream behind these operators."""
        return Stream

    def _subscribe_core(
        self, observer: abc.ObserverBase[T], scheduler: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        # not .subscribe: this observer keeps the Rx grammar already, and a second one would cost time for every item
        return self._built._subscribe_core(observer, scheduler)

    def subscribe(
        self,
        on_next: abc.ObserverBase[T] | abc.OnNext[T] | None = None,
        on_error: abc.OnError | None = None,
        on_completed: abc.OnCompleted | None = None,
        *,
        scheduler: abc.SchedulerBase | None = None,
    ) -> abc.DisposableBase:
        """Make the request and hand each item to ``on_next``; the disposable cancels it.

        Without ``scheduler`` the callbacks are called on the running loop, else on the background loop's thread.
        An error without ``on_error`` is logged once; what ``on_next`` raises ends the subscription as `SinkError`.
        """
        if scheduler is not None:
            return self._built.subscribe(on_next, on_error, on_completed, scheduler=scheduler)
        if on_next is not None:
            check_observer(on_next)
        if on_next is not None and not callable(on_next):
            on_error, on_completed, on_next = on_next.on_error, on_next.on_completed, on_next.on_next
        return _Callbacks(cast("abc.OnNext[Any] | None", on_next), on_error, on_completed).through(self)

    def __add__(self, other: Observable[U]) -> Stream[T | U]:
        """The items of this stream, then those of ``other``."""
        return joined(self, other) if isinstance(other, Observable) else _not_added(other, BEHIND)

    def __iadd__(self, other: Observable[U]) -> Stream[T | U]:
        return self + other

    def __radd__(self, other: Observable[U]) -> Stream[T | U]:  # type: ignore[misc]  # a subclass's goes first
        return joined(stream(other), self) if isinstance(other, Observable) else _not_added(other, BEFORE)

    def __getitem__(self, key: slice | int) -> Stream[T]:
        """A stream of the items at these positions; as `reactivex.operators.slice`."""
        if not isinstance(key, (slice, int)):
            raise TypeError(f"a stream is sliced as stream[1:3], not by {quote(key)}: sk.run(stream) gives a Reply")
        sliced: Operator[T, T] = Operator("slice", lambda source: Observable.__getitem__(source, key))
        return self.pipe(sliced.with_kinds("any", "same"))

    def run(self, scheduler: abc.SchedulerBase | None = None) -> T:
        """Block until the end; return the last item or raise the error (see `reactivex.Observable.run`)."""
        if runs_here(background()):
            raise RuntimeError("run() would block the loop that serves it: await it instead")
        with trimming():
            return self._result(super().run(scheduler))

    def __iter__(self) -> Iterator[T]:
        return self._reader(background())

    def __aiter__(self) -> AsyncIterator[T]:
        return self._reader(current_loop())

    def _reader(self, loop: asyncio.AbstractEventLoop) -> BridgeReader:
        gate = Gate()
        bridge = Bridge(loop, gate)
        subscription = Subscription(loop, gate, bridge.end)
        self.enter(subscription, loop, bridge.on_next)
        return BridgeReader(bridge, subscription.dispose)

    def enter(self, subscription: Subscription, loop: asyncio.AbstractEventLoop, on_next: abc.OnNext[Any]) -> None:
        """Subscribe on ``loop``, not on the caller's thread: stock operators set up their state while the first items
        may already come. Subscribed to from another thread, ``concat``, for one, now and then loses its second
        source."""
        call_on(loop, lambda: subscription.begin(self._built.subscribe, on_next))

    def __await__(self) -> Generator[Any, None, T]:
        return self._last().__await__()

    async def _last(self) -> T:
        last: Any = None
        with trimming():
            async with aclosing(self._reader(current_loop())) as items:  # closed at once if the task is cancelled
                async for item in items:
                    last = item
            return self._result(last)

    def _result(self, last: Any) -> T:
        """The result of `run` and ``await``, from the last item, which is None if there was none."""
        return cast(T, last)

    def __repr__(self) -> str:
        steps = "".join(f" | {getattr(op, '__name__', type(op).__name__)}" for op in self.operators)
        return f"<{one_line(self._label + steps)}: not sent yet: iterate it, await it, or sk.run(it)>"


class _Callbacks:
    """The failure boundary around a user's callbacks in a bare ``subscribe``."""

    def __init__(
        self, on_next: abc.OnNext[Any] | None, on_error: abc.OnError | None, on_completed: abc.OnCompleted | None
    ) -> None:
        self._next, self._error, self._completed = on_next, on_error, on_completed
        self._failed = False

    def through(self, stream: Stream[Any]) -> abc.DisposableBase:
        loop = loop_of(None)
        self._subscription = Subscription(loop, None, self._on_end)
        self._is_background = is_background(loop)
        stream.enter(self._subscription, loop, self._on_next)
        return self._subscription

    def _on_next(self, item: Any) -> None:
        if self._failed or self._next is None:
            return
        try:
            self._next(item)
        except BaseException as exc:
            self._failed = True
            is_failure = failure_of("on_next", exc) is not None
            self._subscription.fail(SinkError.wrapping("on_next raised", exc) if is_failure else exc)

    def _on_end(self, error: BaseException | None) -> None:
        """Call the callback for the end. KeyboardInterrupt and SystemExit are also raised to the code that runs the
        loop, if that is the user's own."""
        passes = isinstance(error, (KeyboardInterrupt, SystemExit)) and not self._is_background
        try:
            if error is None:
                if self._completed is not None:
                    self._completed()
            elif self._error is not None:
                self._error(cast("Exception", error))
            elif not passes and not self._subscription.was_delivered(error):
                report(error, "a stream failed that was subscribed to without on_error:")
        except BaseException as exc:
            if failure_of("a callback", exc) is None and not self._is_background:
                raise
            report(exc, "a callback of subscribe raised:")
        if error is not None and passes:
            raise error


def stream(source: Observable[U]) -> Stream[U]:
    """Any Observable as a `Stream`."""
    return source if isinstance(source, Stream) else Stream(source, built=with_kind(Foreign(source), kind_of(source)))


BEHIND, BEFORE = "stream.concat(sk.stream([...]))", "sk.stream([...]).concat(stream)"


def _not_added(other: Any, write: str) -> Any:
    """Raise TypeError if ``other`` is not a stream but may have been meant as its items; else let Python ask
    ``other``."""
    if isinstance(other, list) and write == BEFORE:
        return NotImplemented  # ``items += stream`` is the list's own way to take all items
    if isinstance(other, (str, bytes, list, tuple)):
        raise TypeError(f"a stream is added to a stream, not to {quote(other)}: write {write}")
    if type(other) is int and not other and write == BEFORE:
        raise TypeError("sum begins with 0, not a stream: write sum(streams[1:], streams[0])")
    return NotImplemented


def joined(first: Stream[Any], second: Observable[Any], kind: type[Operator[Any, Any]] = Operator) -> Stream[Any]:
    """The items of ``first``, then those of ``second``; ``kind`` is the class of the operator that concatenates
    them."""
    concat = kind("concat", _stock("concat")(second))
    return with_kind(first.pipe(concat), common_kind([first, second]))
