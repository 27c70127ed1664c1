"""An operator of ours, as a thing that can be told from any other callable: where one is given in place of a stream, a
sink or a stage, the mistake can be named."""

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
    """The base of `Stream`, by which an operator knows one: a stream that is piped on is a Stream again."""


class Operator(Generic[A, B]):
    """Made once, applied to any number of streams; ``apply`` gives the stream behind a source. Called with a `Stream`
    it gives one, as ``pipe`` does.

    What it ``takes`` and ``gives`` stands in the table of `kinds` if it is of this package, so that TypeError says at
    once if it is behind what does not give that. ``written`` is how users write it, for messages.
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
        given = self.checked(kind_of(source))
        built = self._apply(source)
        return built if built is source else with_kind(built, given)

    def checked(self, given: ItemKind | None) -> ItemKind | None:
        """What comes out if this is given; None for what is not known. TypeError if it does not work on that."""
        given = kind_after(self.__name__, self.takes, self.gives, given)
        is_one = given is not None and all(other is not None and other.kind == given.kind for other in self._others)
        return given if is_one else None

    def beside(self, others: Iterable[Observable[Any]]) -> Self:
        """What comes out may be the items of ``others`` instead: it is known if these are of the same kind."""
        self._others = tuple(kind_of(other) for other in others)
        return self

    def known_to(self, takes: Takes, gives: Gives) -> Self:
        """This operator, where the table does not have it: because of its options, or as its name is the user's."""
        self.takes, self.gives = takes, gives
        return self

    def __repr__(self) -> str:
        return f"<operator {self.__name__}>"


class Keeps(Operator[Event, Event]):
    """An operator whose stream is of the kind that it is applied to: events stay events, and the `Reply` of a reply
    stays its last item. So a `ReplyStream` is one behind it too."""

    def __call__(self, source: E, /) -> E:
        return cast("E", super().__call__(source))


class KeepsAll(Keeps):
    """One that does so with items of any type.

    A function that makes one says ``Callable[[S], S]``: what a stream is before it is what it is behind it. (Type
    checkers would take the S of two such objects in one chain for the same, those of two functions they keep apart.)
    """

    def __call__(self, source: S, /) -> S:
        return cast("S", super().__call__(cast("Observable[Any]", source)))


def check_chain(given: ItemKind | None, operators: tuple[Callable[[Any], Any], ...]) -> ItemKind | None:
    """What comes out behind these ``operators``, which are not applied yet; as `Operator.checked`."""
    for operator in operators:
        given = operator.checked(given) if isinstance(operator, Operator) else None
    return given
