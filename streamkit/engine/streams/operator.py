"""The class of this package's operators, which can be recognised among callables: an operator that is passed in place
of a stream, a sink or a stage gets a clear message."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Generic, Self, TypeVar, cast

from reactivex import Observable

from ...checks import quote_refused
from ...events import Event
from .kinds import Gives, ItemKind, Takes, kind_after, kind_of, table_entry, with_kind

__all__ = ["Gives", "Keeps", "KeepsAll", "Operator", "Pipes", "Takes", "check_chain"]

A = TypeVar("A")
B = TypeVar("B")
E = TypeVar("E", bound=Observable[Event])
S = TypeVar("S")


class Pipes(Observable[A]):
    """The base of `Stream`, by which an operator recognises one: a Stream that is piped is a Stream again."""


class Operator(Generic[A, B]):
    """An operator, made once and applied to any number of streams. ``apply`` returns the stream behind a source. Called
    with a `Stream` it returns one, as ``pipe`` does.

    The kinds that it ``takes`` and ``gives`` are in the table of `kinds` if it is of this package, so that applying it
    to a stream of another kind raises TypeError at once. ``written`` is how users write it, for messages.
    """

    def __init__(
        self,
        name: str,
        apply: Callable[[Observable[A]], Observable[B]],
        written: str = "",
    ) -> None:
        self.__name__ = name
        self.written = written or f"ops.{name}()"
        self._apply = apply
        self.takes, self.gives = table_entry(name)
        self._others: tuple[ItemKind | None, ...] = ()

    def __call__(self, source: Observable[A], /) -> Observable[B]:
        if not isinstance(source, Observable):
            raise TypeError(
                f"{self.written} is applied to a stream, not to {quote_refused(source)}: write stream.pipe(...)"
            )
        if isinstance(source, Pipes):
            piped: Observable[B] = source.pipe(self)
            return piped
        kind = self.kind_behind(kind_of(source))
        built = self._apply(source)
        return built if built is source else with_kind(built, kind)

    def kind_behind(self, source: ItemKind | None) -> ItemKind | None:
        """The kind of its output for a source of this kind; None if it is not known. TypeError if it does not work on
        that."""
        kind = kind_after(self.__name__, self.takes, self.gives, source)
        is_one = kind is not None and all(other is not None and other.kind == kind.kind for other in self._others)
        return kind if is_one else None

    def with_alternatives(self, others: Iterable[Observable[Any]]) -> Self:
        """Note that it may emit the items of ``others`` instead: its kind is known only if these are of the same
        kind."""
        self._others = tuple(kind_of(other) for other in others)
        return self

    def with_kinds(self, takes: Takes, gives: Gives) -> Self:
        """Set what it takes and gives where the table does not: because of its options, or as its name is the
        user's."""
        self.takes, self.gives = takes, gives
        return self

    def __repr__(self) -> str:
        return f"<operator {self.__name__}>"


class Keeps(Operator[Event, Event]):
    """An operator whose stream is of the kind that it is applied to: events stay events, and the `Reply` of a reply
    stays its last item. So a `ReplyStream` is still one behind it."""

    def __call__(self, source: E, /) -> E:
        return cast("E", super().__call__(source))


class KeepsAll(Keeps):
    """A `Keeps` for items of any type.

    A function that makes one is annotated to return ``Callable[[S], S]``: the type of the stream is the same behind the
    operator. (For two such objects in one chain type checkers would use the same S, for two functions they do not.)
    """

    def __call__(self, source: S, /) -> S:
        return cast("S", super().__call__(cast("Observable[Any]", source)))


def check_chain(source: ItemKind | None, operators: tuple[Callable[[Any], Any], ...]) -> ItemKind | None:
    """The kind of the items behind these ``operators``, which are not applied yet; as `Operator.kind_behind`."""
    kind = source
    for operator in operators:
        kind = operator.kind_behind(kind) if isinstance(operator, Operator) else None
    return kind
