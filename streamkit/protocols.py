"""What users may supply, as Protocols and aliases; nothing here has to be subclassed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

if TYPE_CHECKING:
    from reactivex import Observable

__all__ = ["Encoding", "Op", "Sink", "Stage"]

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
    """Something that remembers between items: the whole middle of the toolkit has this shape.

    ``flush`` is called once, at the end or before an error. A stage that waits may also have
    ``due: float | None`` (seconds after the last feed) and ``expire() -> Iterable[Out]``, called when they are over.
    """

    def feed(self, item: In, /) -> Iterable[Out]: ...
    def flush(self) -> Iterable[Out]: ...


class Sink(Protocol[In]):
    """A place to write. May also have ``fail(error)``, ``close(reply)`` and ``dropped(count, first, last)``; any of
    them may be async.

    Called one at a time and in order: ``write`` for each item, ``fail`` if the stream broke (and not the sink itself,
    before), ``close`` once, last. ``dropped`` comes before the ``write`` of the item that follows a gap: so many items
    were left out, numbers ``first`` to ``last`` of those that came to this sink, from 0 (some in between may be kept).

    What it wants of its branch it may say by attributes, which `branch` overrules: ``overflow``, ``on_cancel``, and
    ``patience``, the seconds that ``fail`` and ``close`` may each take (None for any number, the default is the
    branch's ``max_wait``; in a cancelled run it is a few seconds in any case).
    """

    def write(self, item: In, /) -> Any: ...


class Encoding(Protocol):
    """A tokenizer; tiktoken's encodings are some. The text may hold what looks like a special token: it is none."""

    def encode_ordinary(self, text: str, /) -> Sequence[int]: ...
