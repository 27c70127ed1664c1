"""Protocols and aliases for the objects that users may supply. Only a stage that does more than ``feed`` and ``flush``
needs a base class, `StageBase`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

if TYPE_CHECKING:
    from reactivex import Observable

    from .errors import StreamkitError
    from .events import Reply

__all__ = ["Encoding", "Op", "Sink", "Stage", "StageBase", "overrides"]

A = TypeVar("A")
B = TypeVar("B")
In = TypeVar("In", contravariant=True)
Out = TypeVar("Out", covariant=True)

if TYPE_CHECKING:
    Op: TypeAlias = Callable[[Observable[A]], Observable[B]]
    """An operator: made once, applied to any number of streams."""
else:

    class Op(Protocol[In, Out]):
        """An operator: made once, applied to any number of streams. (A class, so that ``Op[str, str]`` can be written
        where annotations are evaluated; nothing here imports reactivex.)"""

        def __call__(self, source: Observable[In], /) -> Observable[Out]: ...


class Stage(Protocol[In, Out]):
    """An object that keeps state between items: everything between sources and sinks in this package has this form.

    ``feed`` returns the items that follow from one item, often none (``return []``); ``flush`` is called once, at the
    end or before an error, and returns the rest. Any other members are ignored; a stage that does more is a
    `StageBase`.
    """

    def feed(self, item: In, /) -> Iterable[Out]: ...
    def flush(self) -> Iterable[Out]: ...


class StageBase:
    """A stage that does more than ``feed`` and ``flush``: it waits, ends the stream, hides something, changes replies.

    A subclass has ``feed`` and ``flush``, and those of the following that it needs; no ``super().__init__()`` is
    needed:

        class Pause(sk.StageBase):  # a dot for each second without an item
            due = 1.0

            def feed(self, item):
                return [item]

            def expire(self):
                return ["."]

            def flush(self):
                return []

    ``due`` and ``done`` may be attributes or properties:

    - ``due``: seconds after the last feed, whatever item that was; None for not now. `expire` is called when they are
      over, on the subscription's clock. It is read after each feed and each `expire`.
    - ``done``: True once the stage has ended the stream: it completes, and the source is cancelled. In `ops.rewrite`
      the reply ends there, ``stopped``.
    """

    if not TYPE_CHECKING:  # checkers would let a subclass have either attributes or properties, not both
        due = None
        done = False

    hides: bool = False
    """True if the stage hides something, so that it must not appear elsewhere either: ``run.notes``, failures of sinks
    further upstream and ``run.replies`` of streams within `map_async` then contain no more than `reply` and `failure`
    let through."""
    broken: bool = False
    """Set to True before the last call if the stream failed."""

    def expire(self) -> Iterable[Any]:
        """Return the items to emit when the seconds of ``due`` have passed."""
        return ()

    def cut(self) -> Iterable[Any]:
        """Called instead of ``flush`` where the input was cut off: by an error; in `ops.rewrite` also by a limit, or by
        the client side. By default it is ``flush``."""
        flush: Callable[[], Iterable[Any]] = self.flush  # type: ignore[attr-defined]  # subclasses have it
        return flush()

    def reply(self, reply: Reply) -> Reply:
        """The part of a source's Reply that is let through: the result of the run and the partial reply of errors
        contain no more."""
        return reply

    def failure(self, error: StreamkitError) -> StreamkitError:
        """The part of a `StreamkitError` that is let through."""
        return error


def overrides(stage: object, name: str) -> bool:
    """True if a `StageBase` has a method ``name`` of its own, in its class or set on itself."""
    return isinstance(stage, StageBase) and getattr(getattr(stage, name), "__func__", None) is not vars(StageBase)[name]


class Sink(Protocol[In]):
    """A place to write. May also have ``fail(error)``, ``close(reply)`` and ``dropped(count, first, last)``; any of
    them may be async.

    May also have ``begin(*, run_id)``, a plain method that is called first, when a run puts it to work: the id is that
    of the run (`Run.id`), or of a stream with attached branches that is read without a run. Only a method ``begin``
    with a parameter ``run_id`` is called like this; any other is left alone.

        class Publisher:
            def begin(self, *, run_id: str) -> None:
                self.run_id = run_id

            async def write(self, event: sk.Event) -> None:
                await queue.put((self.run_id, sk.to_json(event)))

    An object with ``write`` is at work in one run at a time; a second run with it is refused (`SinkError`), or waits if
    the first was cancelled or left and is being closed. Functions and methods may be shared, since they hold no run.

    Called one at a time and in order: ``write`` for each item, ``fail`` if the stream broke (and not the sink itself,
    before), ``close`` once, last. ``dropped`` comes before the ``write`` of the item that follows a gap: so many items
    were left out, numbers ``first`` to ``last`` of those that came to this sink, from 0 (some in between may be kept).

    It may set options of its branch by attributes, which arguments of `branch` override: ``overflow``, ``on_cancel``,
    and ``patience``, the seconds that ``fail`` and ``close`` may each take (None for any number, the default is the
    branch's ``max_wait``; in a cancelled run it is a few seconds in any case).
    """

    def write(self, item: In, /) -> Any: ...


class Encoding(Protocol):
    """A tokenizer, such as tiktoken's encodings. Text that looks like a special token is encoded as ordinary text."""

    def encode_ordinary(self, text: str, /) -> Sequence[int]: ...
