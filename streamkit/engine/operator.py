"""An operator of ours, as a thing that can be told from any other callable: where one is given in place of a stream, a
sink or a stage, the mistake can be named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Literal, TypeAlias, TypeVar, cast

from reactivex import Observable

__all__ = ["Gives", "Keeps", "KeepsAll", "Operator", "Takes"]

A = TypeVar("A")
B = TypeVar("B")
S = TypeVar("S")
T = TypeVar("T")

Takes: TypeAlias = Literal["any", "events", "text"]
"""What an operator works on: whatever comes, events alone, or events and str alike."""
Gives: TypeAlias = Literal["any", "same", "str", "values"]
"""What comes out: not known, the kind that went in, pieces of text, or something that is neither event nor text."""


class Operator(Generic[A, B]):
    """Made once, applied to any number of streams; ``apply`` gives the stream behind a source."""

    def __init__(
        self,
        name: str,
        apply: Callable[[Observable[A]], Observable[B]],
        *,
        takes: Takes = "any",
        gives: Gives = "any",
    ) -> None:
        self.__name__ = name
        self._apply = apply
        self.takes, self.gives = takes, gives

    def __call__(self, source: Observable[A], /) -> Observable[B]:
        return self._apply(source)

    def __repr__(self) -> str:
        return f"<operator {self.__name__}>"


class Keeps(Operator[T, T]):
    """An operator whose stream is of the kind that it is applied to: events stay events, and the `Reply` of a reply
    stays its last item. So a `ReplyStream` is one behind it too."""

    def __init__(self, name: str, apply: Callable[[Observable[Any]], Observable[Any]], *, takes: Takes = "any") -> None:
        super().__init__(name, apply, takes=takes, gives="same")


class KeepsAll(Keeps[Any]):
    """One that does so with items of any type.

    A function that makes one says ``Callable[[S], S]``: what a stream is before it is what it is behind it. (Type
    checkers would take the S of two such objects in one chain for the same, those of two functions they keep apart.)
    """

    def __call__(self, source: S, /) -> S:
        from .stream import Stream  # it is built of operators

        kept: Any = (
            source.pipe(self) if isinstance(source, Stream) else super().__call__(cast("Observable[Any]", source))
        )
        return cast("S", kept)
