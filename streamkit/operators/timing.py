"""Operators that change the timing of text: in a steady rhythm, or joined into larger pieces."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from math import inf
from typing import Any, Literal, TypeVar

from reactivex import Observable, abc
from reactivex.disposable import SerialDisposable

from ..checks import check_number, check_one_of
from ..engine.failures import ShutdownError, failure_of
from ..engine.streams import Scheduler, keeping_operator
from ..engine.upstream import Gate, Hold, LoopWatch, RunScheduler, loop_is_ending, pass_end
from ..errors import StreamkitError
from ..events import Finish, Reply
from ..stages import BACKLOG, Pacing, Unit, cutters, is_text, takes_time, text_of, with_text
from .above import Above
from .paced import Paced

__all__ = ["smooth", "throttle_text"]

S = TypeVar("S")


def smooth(
    unit: Unit = "word",
    *,
    every: float = 0.02,
    lag: float = 0.5,
    finish: Literal["at_once", "keep_pace"] = "at_once",
) -> Callable[[S], S]:
    """Events → the same events, text (and reasoning) in pieces at a steady rhythm: one every ``every`` seconds.

    ``unit`` is ``"word"`` (what stands between white space, in Chinese and Japanese each character), ``"char"``,
    ``"line"``, a compiled pattern, each match of which ends a piece, or a function: of the text that waits it gives the
    beginning that is the next piece, or None until more is there. Pieces are those of the text of each choice, not of
    its deltas. A word or character that may still grow waits for what follows it, or until it is its time; other pieces
    until they are whole (or of 8192 characters), and what a pattern matches until nothing that follows can change it.

    When more pieces wait than the rhythm can show within ``lag`` seconds, more are shown at a time: n * ``every`` /
    ``lag`` of them, rounded up, where n is how many have waited since there was last none. So the reader is never
    further behind, and up to ``lag`` / ``every`` pieces (25) are shown one by one however they came, 200 by eights.
    With ``lag=math.inf`` it is always one; the source is held back when 4096 wait.

    ``finish="at_once"``: the end, an error and the last of a choice come at once with all that is left. With
    ``"keep_pace"`` the rhythm goes on, and they come when all before them was shown, at most ``lag`` late; the request
    is over by then. If the loop ends before, all comes at once, and then the error of a loop that was shut down: a
    run's result is the whole Reply, or the error that waited. What is not text, or empty, stays in its place and takes
    no time. Works over str too.

    Note: a function is called with all that waits, wherever the deltas were cut (of more than 8192 characters with the
    first ones): its pieces are those of the text if it asks for what it needs to see. ValueError or TypeError, after
    what came before, if it gives anything else than it should; what it raises ends the stream as it is (StopIteration,
    which would pass for a good end, as a `SinkError`).
    """
    every = check_number("every", every)
    lag = check_number("lag", lag, above=False, infinite=True)
    check_one_of("finish", finish, ("at_once", "keep_pace"))
    make, ticks = cutters(unit), max(1.0, lag / every)

    def connect(source: Observable[Any], observer: abc.ObserverBase[Any], scheduler: Scheduler) -> abc.DisposableBase:
        return _Smooth(observer, Pacing(make, ticks), every, finish == "keep_pace", scheduler).connect(source)

    return keeping_operator("smooth", connect)


class _Smooth(Paced):
    """One subscription. It reads its source; after the end of that it is ``ended``, while the rest waits for its time
    and the loop is watched; when all was emitted it is ``finished``.

    The timer is ``ticking`` while the next piece has to wait. It is ``idle`` if it ticks only for a piece that may
    still grow, because nothing was emitted for a while: a whole piece does not wait for it then. While ``busy`` an item
    is being emitted, and further ones are queued behind it.
    """

    def __init__(
        self,
        observer: abc.ObserverBase[Any],
        pacing: Pacing,
        every: float,
        keeps_pace: bool,
        scheduler: Scheduler,
    ) -> None:
        self._hold, self._above = Hold(Gate()), Above(scheduler)
        scheduler = self._above.scheduler
        if isinstance(scheduler, RunScheduler):
            self._hold = Hold(Gate(scheduler.gate))
            scheduler = scheduler.derive(gate=self._hold.gate)
        super().__init__(observer, every, scheduler)
        self._pacing, self._keeps_pace = pacing, keeps_pace
        self._error: Exception | None = None  # the error of the source, passed on at the end
        self._watch = SerialDisposable()
        self._all.add(self._watch)
        self._queue: deque[Any] = deque()
        self._busy = self._idle = self._ended = False

    def on_next(self, item: Any) -> None:
        if self._ended:
            return
        try:
            self._pacing.feed(item)
        except Exception as error:  # raised by the user's function, or by a pattern that takes too long
            self.on_error(self._failure(error))
            self._upstream.dispose()
            return
        if type(item) in (Finish, Reply) and not self._keeps_pace:
            self._emit_rest()
        else:
            self._emit_ready()

    def _end(self, error: Exception | None) -> None:
        if self._ended:
            return
        self._ended, self._error = True, error
        try:
            self._pacing.cut()
        except Exception as exc:
            if error is None:
                self._error = self._failure(exc)
        if not self._keeps_pace or loop_is_ending(error):
            self._emit_rest()
        self._emit_ready()
        if not self._finished:
            self._watch.disposable = LoopWatch(self._clock, self._loop_ended)

    def _loop_ended(self, error: ShutdownError) -> None:
        """Emit the rest: no timer fires any more. Of all errors only this one makes everything downstream end without
        waiting, too."""
        error.__cause__, self._error = self._error, self._failure(error)
        self._emit_rest()

    def _failure(self, error: Exception) -> Exception:
        """``error``, with the reply so far if it is a `StreamkitError`."""
        error = failure_of("unit", error) or error
        if isinstance(error, StreamkitError) and self._above.source is not None:
            with suppress(Exception):  # raised by the `reply` of a user's stage
                error.partial = self._above.source.reply()
        return error

    def _emit_ready(self) -> None:
        """Emit the items that need not wait."""
        self._emit(self._pacing.take(0))
        if self._pacing.texts and (self._idle or not self._ticking):
            self._ticking = self._idle = False
            self._emit(self._pacing.tick())
            self._tick_later()
        elif self._pacing.growing:
            self._idle = self._idle or not self._ticking
            self._tick_later()

    def _tick(self) -> None:
        self._idle = False
        self._pacing.take_in()
        if self._emit(self._pacing.tick()):  # the next one has to wait, also if it has not come yet
            self._tick_later()

    def _emit_rest(self) -> None:
        self._emit(self._pacing.take(inf))

    def _emit(self, items: list[Any]) -> bool:
        """Emit ``items``, and the end after the last one. True if there was any text among them."""
        self._hold.set(self._pacing.waiting >= BACKLOG)
        self._queue.extend(items)
        if not self._busy:  # else an observer pushed something into its own source: the loop below emits it later
            self._busy = True
            try:
                while self._queue:
                    self._observer.on_next(self._queue.popleft())
            finally:
                self._busy = False
            self._finish_if_due()
        return any(map(takes_time, items))

    def _finish_if_due(self) -> None:
        if self._ended and not self._pacing.waiting and not self._finished:
            self._finished = True
            self._timer.dispose()
            self._watch.dispose()
            pass_end(self._observer, self._error)


def _same_kind(one: Any, other: Any) -> bool:
    """True if two pieces are of one kind and choice."""
    return type(one) is type(other) and (type(one) is str or one.index == other.index)


def throttle_text(every: float) -> Callable[[S], S]:
    """Events → the same events, pieces of text (and of reasoning) joined: at most one of a kind in ``every`` seconds.

    The first piece comes at once, the rest of a window at its end, everything before an event of another kind, the
    end or an error: nothing is lost, moved or late. Works over str too.
    """
    every = check_number("every", every)

    def connect(source: Observable[Any], observer: abc.ObserverBase[Any], scheduler: Scheduler) -> abc.DisposableBase:
        return _Throttle(observer, every, scheduler).connect(source)

    return keeping_operator("throttle_text", connect)


class _Throttle(Paced):
    """One subscription. The pieces that it holds are of one kind and choice; they are emitted before any other item."""

    def __init__(self, observer: abc.ObserverBase[Any], every: float, scheduler: Scheduler) -> None:
        super().__init__(observer, every, scheduler)
        self._last: Any = None
        self._texts: list[str] = []

    def on_next(self, item: Any) -> None:
        if not is_text(item):
            self._emit_rest()
            self._observer.on_next(item)
        elif not self._ticking:
            self._observer.on_next(item)
            self._tick_later()
        else:
            if self._texts and not _same_kind(item, self._last):
                self._emit_rest()
            self._last = item
            self._texts.append(text_of(item))

    def _tick(self) -> None:
        if self._texts:
            self._emit_rest()
            self._tick_later()

    def _emit_rest(self) -> None:
        if self._texts:
            text = "".join(self._texts)
            self._texts.clear()
            self._observer.on_next(with_text(self._last, text))
