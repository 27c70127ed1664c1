"""``pipe`` for up to ten operators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Generic, Protocol, Self, TypeAlias, TypeVar, overload

from reactivex import Observable

from ..stream import Stream

__all__ = ["Piping"]

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")
E = TypeVar("E")
F = TypeVar("F")
G = TypeVar("G")
H = TypeVar("H")
K = TypeVar("K")
L = TypeVar("L")
In = TypeVar("In", contravariant=True)
Out = TypeVar("Out", covariant=True)
S1 = TypeVar("S1", bound=Stream[Any])
S2 = TypeVar("S2", bound=Stream[Any])
S3 = TypeVar("S3", bound=Stream[Any])
Z = TypeVar("Z")
T = TypeVar("T", covariant=True)

MYPY: Final = False  # mypy takes what it guards for true

if MYPY:
    class Function(Protocol):
        """A plain function. mypy cannot infer what some of reactivex's operators return (``first()``, ``timeout``)
        behind another operator, and that must not be an error. Operators of this package are not functions."""

        def __call__(self, source: Any, /) -> Any: ...
        @property
        def __code__(self) -> Any: ...

    class Stock(Generic[In, Out]):
        """Nothing: with two kinds of callables mypy would not infer the type of a lambda."""

else:
    class Function:
        """Nothing: pyright infers all of these."""

    class Stock(Protocol[In, Out]):
        """pyright infers the result of ``first()`` only where its argument is an Observable."""

        def __call__(self, source: Observable[In], /) -> Out: ...

Then: TypeAlias = Callable[[Stream[A]], Observable[B]] | Stock[A, Observable[B]]
Last: TypeAlias = Callable[[Stream[A]], Z] | Stock[A, Z]
Maybe: TypeAlias = Then[A, B] | Function

class Piping(Observable[T]):
    """Operators of this package that keep the kind of items keep the class of the stream, others give a plain `Stream`;
    a result that is not an Observable (``to_future``) has its own type. More than ten operators are not checked.

    A user's function gets a Stream, and the first one the class of the stream that is piped. In a chain of at most four
    each may take the exact type that the one before returns: a `ReplyStream` behind an operator that keeps it."""

    @overload  # type: ignore[override]  # the base gives whatever the last operator makes
    def pipe(self, *operators: Callable[[Self], Self]) -> Self: ...  # type: ignore[overload-overlap]  # others do not return Self
    @overload
    def pipe(self, op1: Callable[[Self], Observable[A]] | Stock[T, Observable[A]], /) -> Stream[A]: ...
    @overload
    def pipe(self, op1: Callable[[Self], Observable[A]] | Stock[T, Observable[A]], op2: Then[A, B], /) -> Stream[B]: ...
    @overload
    def pipe(
        self, op1: Callable[[Self], Observable[A]] | Stock[T, Observable[A]], op2: Then[A, B], op3: Then[B, C], /
    ) -> Stream[C]: ...
    @overload
    def pipe(
        self,
        op1: Callable[[Self], Observable[A]] | Stock[T, Observable[A]],
        op2: Then[A, B],
        op3: Then[B, C],
        op4: Then[C, D],
        /,
    ) -> Stream[D]: ...
    @overload
    def pipe(
        self,
        op1: Callable[[Self], Observable[A]] | Stock[T, Observable[A]],
        op2: Then[A, B],
        op3: Then[B, C],
        op4: Then[C, D],
        op5: Then[D, E],
        /,
    ) -> Stream[E]: ...
    @overload
    def pipe(
        self,
        op1: Callable[[Self], Observable[A]] | Stock[T, Observable[A]],
        op2: Then[A, B],
        op3: Then[B, C],
        op4: Then[C, D],
        op5: Then[D, E],
        op6: Then[E, F],
        /,
    ) -> Stream[F]: ...
    @overload
    def pipe(
        self,
        op1: Callable[[Self], Observable[A]] | Stock[T, Observable[A]],
        op2: Then[A, B],
        op3: Then[B, C],
        op4: Then[C, D],
        op5: Then[D, E],
        op6: Then[E, F],
        op7: Then[F, G],
        /,
    ) -> Stream[G]: ...
    @overload
    def pipe(
        self,
        op1: Callable[[Self], Observable[A]] | Stock[T, Observable[A]],
        op2: Then[A, B],
        op3: Then[B, C],
        op4: Then[C, D],
        op5: Then[D, E],
        op6: Then[E, F],
        op7: Then[F, G],
        op8: Then[G, H],
        /,
    ) -> Stream[H]: ...
    @overload
    def pipe(
        self,
        op1: Callable[[Self], Observable[A]] | Stock[T, Observable[A]],
        op2: Then[A, B],
        op3: Then[B, C],
        op4: Then[C, D],
        op5: Then[D, E],
        op6: Then[E, F],
        op7: Then[F, G],
        op8: Then[G, H],
        op9: Then[H, K],
        /,
    ) -> Stream[K]: ...
    @overload
    def pipe(
        self,
        op1: Callable[[Self], Observable[A]] | Stock[T, Observable[A]],
        op2: Then[A, B],
        op3: Then[B, C],
        op4: Then[C, D],
        op5: Then[D, E],
        op6: Then[E, F],
        op7: Then[F, G],
        op8: Then[G, H],
        op9: Then[H, K],
        op10: Then[K, L],
        /,
    ) -> Stream[L]: ...
    @overload
    def pipe(self, op1: Callable[[Self], S1], op2: Callable[[S1], Observable[A]], /) -> Stream[A]: ...
    @overload
    def pipe(
        self, op1: Callable[[Self], S1], op2: Callable[[S1], S2], op3: Callable[[S2], Observable[A]], /
    ) -> Stream[A]: ...
    @overload
    def pipe(
        self,
        op1: Callable[[Self], S1],
        op2: Callable[[S1], S2],
        op3: Callable[[S2], S3],
        op4: Callable[[S3], Observable[A]],
        /,
    ) -> Stream[A]: ...
    @overload
    def pipe(self, op1: Callable[[Self], Z] | Stock[T, Z], /) -> Z: ...
    @overload
    def pipe(self, op1: Callable[[Self], Observable[A]] | Stock[T, Observable[A]], op2: Last[A, Z], /) -> Z: ...
    @overload
    def pipe(
        self, op1: Callable[[Self], Observable[A]] | Stock[T, Observable[A]], op2: Then[A, B], op3: Last[B, Z], /
    ) -> Z: ...
    @overload
    def pipe(
        self,
        op1: Callable[[Self], Observable[A]] | Stock[T, Observable[A]],
        op2: Then[A, B],
        op3: Then[B, C],
        op4: Last[C, Z],
        /,
    ) -> Z: ...
    @overload
    def pipe(
        self,
        op1: Callable[[Self], Observable[A]] | Stock[T, Observable[A]],
        op2: Then[A, B],
        op3: Then[B, C],
        op4: Then[C, D],
        op5: Last[D, Z],
        /,
    ) -> Z: ...
    @overload
    def pipe(
        self,
        op1: Callable[[Self], Observable[A]] | Stock[T, Observable[A]],
        op2: Then[A, B],
        op3: Then[B, C],
        op4: Then[C, D],
        op5: Then[D, E],
        op6: Last[E, Z],
        /,
    ) -> Z: ...
    @overload
    def pipe(
        self,
        op1: Callable[[Self], Observable[A]] | Stock[T, Observable[A]],
        op2: Then[A, B],
        op3: Then[B, C],
        op4: Then[C, D],
        op5: Then[D, E],
        op6: Then[E, F],
        op7: Last[F, Z],
        /,
    ) -> Z: ...
    @overload
    def pipe(
        self,
        op1: Callable[[Self], Observable[A]] | Stock[T, Observable[A]],
        op2: Then[A, B],
        op3: Then[B, C],
        op4: Then[C, D],
        op5: Then[D, E],
        op6: Then[E, F],
        op7: Then[F, G],
        op8: Last[G, Z],
        /,
    ) -> Z: ...
    @overload
    def pipe(
        self,
        op1: Callable[[Self], Observable[A]] | Stock[T, Observable[A]],
        op2: Then[A, B],
        op3: Then[B, C],
        op4: Then[C, D],
        op5: Then[D, E],
        op6: Then[E, F],
        op7: Then[F, G],
        op8: Then[G, H],
        op9: Last[H, Z],
        /,
    ) -> Z: ...
    @overload
    def pipe(
        self,
        op1: Callable[[Self], Observable[A]] | Stock[T, Observable[A]],
        op2: Then[A, B],
        op3: Then[B, C],
        op4: Then[C, D],
        op5: Then[D, E],
        op6: Then[E, F],
        op7: Then[F, G],
        op8: Then[G, H],
        op9: Then[H, K],
        op10: Last[K, Z],
        /,
    ) -> Z: ...
    @overload
    def pipe(self, op1: Callable[[Self], S1], op2: Callable[[S1], Z], /) -> Z: ...  # type: ignore[overload-overlap]  # the result may be hidden by Any
    @overload
    def pipe(self, op1: Callable[[Self], S1], op2: Callable[[S1], S2], op3: Callable[[S2], Z], /) -> Z: ...  # type: ignore[overload-overlap]  # the result may be hidden by Any
    @overload
    def pipe(self, op1: Callable[[Self], Observable[A]] | Stock[T, Observable[A]] | Function, /) -> Stream[Any]: ...
    @overload
    def pipe(
        self, op1: Callable[[Self], Observable[A]] | Stock[T, Observable[A]] | Function, op2: Maybe[A, B], /
    ) -> Stream[Any]: ...
    @overload
    def pipe(
        self,
        op1: Callable[[Self], Observable[A]] | Stock[T, Observable[A]] | Function,
        op2: Maybe[A, B],
        op3: Maybe[B, C],
        /,
    ) -> Stream[Any]: ...
    @overload
    def pipe(
        self,
        op1: Callable[[Self], Observable[A]] | Stock[T, Observable[A]] | Function,
        op2: Maybe[A, B],
        op3: Maybe[B, C],
        op4: Maybe[C, D],
        /,
    ) -> Stream[Any]: ...
    @overload
    def pipe(
        self,
        op1: Callable[[Self], Observable[A]] | Stock[T, Observable[A]] | Function,
        op2: Maybe[A, B],
        op3: Maybe[B, C],
        op4: Maybe[C, D],
        op5: Maybe[D, E],
        /,
    ) -> Stream[Any]: ...
    @overload
    def pipe(
        self,
        op1: Callable[[Self], Observable[A]] | Stock[T, Observable[A]] | Function,
        op2: Maybe[A, B],
        op3: Maybe[B, C],
        op4: Maybe[C, D],
        op5: Maybe[D, E],
        op6: Maybe[E, F],
        /,
    ) -> Stream[Any]: ...
    @overload
    def pipe(
        self,
        op1: Callable[[Self], Observable[A]] | Stock[T, Observable[A]] | Function,
        op2: Maybe[A, B],
        op3: Maybe[B, C],
        op4: Maybe[C, D],
        op5: Maybe[D, E],
        op6: Maybe[E, F],
        op7: Maybe[F, G],
        /,
    ) -> Stream[Any]: ...
    @overload
    def pipe(
        self,
        op1: Callable[[Self], Observable[A]] | Stock[T, Observable[A]] | Function,
        op2: Maybe[A, B],
        op3: Maybe[B, C],
        op4: Maybe[C, D],
        op5: Maybe[D, E],
        op6: Maybe[E, F],
        op7: Maybe[F, G],
        op8: Maybe[G, H],
        /,
    ) -> Stream[Any]: ...
    @overload
    def pipe(
        self,
        op1: Callable[[Self], Observable[A]] | Stock[T, Observable[A]] | Function,
        op2: Maybe[A, B],
        op3: Maybe[B, C],
        op4: Maybe[C, D],
        op5: Maybe[D, E],
        op6: Maybe[E, F],
        op7: Maybe[F, G],
        op8: Maybe[G, H],
        op9: Maybe[H, K],
        /,
    ) -> Stream[Any]: ...
    @overload
    def pipe(
        self,
        op1: Callable[[Self], Observable[A]] | Stock[T, Observable[A]] | Function,
        op2: Maybe[A, B],
        op3: Maybe[B, C],
        op4: Maybe[C, D],
        op5: Maybe[D, E],
        op6: Maybe[E, F],
        op7: Maybe[F, G],
        op8: Maybe[G, H],
        op9: Maybe[H, K],
        op10: Maybe[K, L],
        /,
    ) -> Stream[Any]: ...
    @overload
    def pipe(
        self,
        op1: Callable[[Any], Any],
        op2: Callable[[Any], Any],
        op3: Callable[[Any], Any],
        op4: Callable[[Any], Any],
        op5: Callable[[Any], Any],
        op6: Callable[[Any], Any],
        op7: Callable[[Any], Any],
        op8: Callable[[Any], Any],
        op9: Callable[[Any], Any],
        op10: Callable[[Any], Any],
        op11: Callable[[Any], Any],
        /,
        *operators: Callable[[Any], Any],
    ) -> Any: ...
