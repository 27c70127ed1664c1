"""``pipe`` for up to ten operators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol, Self, TypeAlias, TypeVar, overload

from reactivex import Observable

from ...protocols import Op
from ..operator import Keeps
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
Z = TypeVar("Z")
T = TypeVar("T", covariant=True)

MYPY: Final = False  # mypy takes what it guards for true

if MYPY:
    class Function(Protocol):
        """A plain function: mypy cannot infer what some of reactivex's operators give (``first()``, ``timeout``) behind
        another operator, and what it cannot infer must not be an error. Operators of ours are no functions."""

        def __call__(self, source: Any, /) -> Any: ...
        @property
        def __code__(self) -> Any: ...

else:
    class Function:
        """Nothing: pyright infers them all."""

Last: TypeAlias = Callable[[Observable[A]], Z]
Likely: TypeAlias = Op[A, B] | Function

class Piping(Observable[T]):
    """Operators of ours that keep the kind of items keep the kind of stream, others give a plain `Stream`; what is no
    Observable (``to_future``) comes as it is. More than ten are not looked at."""

    @overload  # type: ignore[override]  # the base gives whatever the last operator makes
    def pipe(self, *operators: Callable[[Self], Self] | Keeps[T]) -> Self: ...  # type: ignore[overload-overlap]  # others give no Self
    @overload
    def pipe(self, op1: Op[T, A], /) -> Stream[A]: ...
    @overload
    def pipe(self, op1: Op[T, A], op2: Op[A, B], /) -> Stream[B]: ...
    @overload
    def pipe(self, op1: Op[T, A], op2: Op[A, B], op3: Op[B, C], /) -> Stream[C]: ...
    @overload
    def pipe(self, op1: Op[T, A], op2: Op[A, B], op3: Op[B, C], op4: Op[C, D], /) -> Stream[D]: ...
    @overload
    def pipe(self, op1: Op[T, A], op2: Op[A, B], op3: Op[B, C], op4: Op[C, D], op5: Op[D, E], /) -> Stream[E]: ...
    @overload
    def pipe(
        self, op1: Op[T, A], op2: Op[A, B], op3: Op[B, C], op4: Op[C, D], op5: Op[D, E], op6: Op[E, F], /
    ) -> Stream[F]: ...
    @overload
    def pipe(
        self, op1: Op[T, A], op2: Op[A, B], op3: Op[B, C], op4: Op[C, D], op5: Op[D, E], op6: Op[E, F], op7: Op[F, G], /
    ) -> Stream[G]: ...
    @overload
    def pipe(
        self,
        op1: Op[T, A],
        op2: Op[A, B],
        op3: Op[B, C],
        op4: Op[C, D],
        op5: Op[D, E],
        op6: Op[E, F],
        op7: Op[F, G],
        op8: Op[G, H],
        /,
    ) -> Stream[H]: ...
    @overload
    def pipe(
        self,
        op1: Op[T, A],
        op2: Op[A, B],
        op3: Op[B, C],
        op4: Op[C, D],
        op5: Op[D, E],
        op6: Op[E, F],
        op7: Op[F, G],
        op8: Op[G, H],
        op9: Op[H, K],
        /,
    ) -> Stream[K]: ...
    @overload
    def pipe(
        self,
        op1: Op[T, A],
        op2: Op[A, B],
        op3: Op[B, C],
        op4: Op[C, D],
        op5: Op[D, E],
        op6: Op[E, F],
        op7: Op[F, G],
        op8: Op[G, H],
        op9: Op[H, K],
        op10: Op[K, L],
        /,
    ) -> Stream[L]: ...
    @overload
    def pipe(self, op1: Last[T, Z], /) -> Z: ...
    @overload
    def pipe(self, op1: Op[T, A], op2: Last[A, Z], /) -> Z: ...
    @overload
    def pipe(self, op1: Op[T, A], op2: Op[A, B], op3: Last[B, Z], /) -> Z: ...
    @overload
    def pipe(self, op1: Op[T, A], op2: Op[A, B], op3: Op[B, C], op4: Last[C, Z], /) -> Z: ...
    @overload
    def pipe(self, op1: Op[T, A], op2: Op[A, B], op3: Op[B, C], op4: Op[C, D], op5: Last[D, Z], /) -> Z: ...
    @overload
    def pipe(
        self, op1: Op[T, A], op2: Op[A, B], op3: Op[B, C], op4: Op[C, D], op5: Op[D, E], op6: Last[E, Z], /
    ) -> Z: ...
    @overload
    def pipe(
        self,
        op1: Op[T, A],
        op2: Op[A, B],
        op3: Op[B, C],
        op4: Op[C, D],
        op5: Op[D, E],
        op6: Op[E, F],
        op7: Last[F, Z],
        /,
    ) -> Z: ...
    @overload
    def pipe(
        self,
        op1: Op[T, A],
        op2: Op[A, B],
        op3: Op[B, C],
        op4: Op[C, D],
        op5: Op[D, E],
        op6: Op[E, F],
        op7: Op[F, G],
        op8: Last[G, Z],
        /,
    ) -> Z: ...
    @overload
    def pipe(
        self,
        op1: Op[T, A],
        op2: Op[A, B],
        op3: Op[B, C],
        op4: Op[C, D],
        op5: Op[D, E],
        op6: Op[E, F],
        op7: Op[F, G],
        op8: Op[G, H],
        op9: Last[H, Z],
        /,
    ) -> Z: ...
    @overload
    def pipe(
        self,
        op1: Op[T, A],
        op2: Op[A, B],
        op3: Op[B, C],
        op4: Op[C, D],
        op5: Op[D, E],
        op6: Op[E, F],
        op7: Op[F, G],
        op8: Op[G, H],
        op9: Op[H, K],
        op10: Last[K, Z],
        /,
    ) -> Z: ...
    @overload
    def pipe(self, op1: Likely[T, A], /) -> Stream[Any]: ...
    @overload
    def pipe(self, op1: Likely[T, A], op2: Likely[A, B], /) -> Stream[Any]: ...
    @overload
    def pipe(self, op1: Likely[T, A], op2: Likely[A, B], op3: Likely[B, C], /) -> Stream[Any]: ...
    @overload
    def pipe(self, op1: Likely[T, A], op2: Likely[A, B], op3: Likely[B, C], op4: Likely[C, D], /) -> Stream[Any]: ...
    @overload
    def pipe(
        self, op1: Likely[T, A], op2: Likely[A, B], op3: Likely[B, C], op4: Likely[C, D], op5: Likely[D, E], /
    ) -> Stream[Any]: ...
    @overload
    def pipe(
        self,
        op1: Likely[T, A],
        op2: Likely[A, B],
        op3: Likely[B, C],
        op4: Likely[C, D],
        op5: Likely[D, E],
        op6: Likely[E, F],
        /,
    ) -> Stream[Any]: ...
    @overload
    def pipe(
        self,
        op1: Likely[T, A],
        op2: Likely[A, B],
        op3: Likely[B, C],
        op4: Likely[C, D],
        op5: Likely[D, E],
        op6: Likely[E, F],
        op7: Likely[F, G],
        /,
    ) -> Stream[Any]: ...
    @overload
    def pipe(
        self,
        op1: Likely[T, A],
        op2: Likely[A, B],
        op3: Likely[B, C],
        op4: Likely[C, D],
        op5: Likely[D, E],
        op6: Likely[E, F],
        op7: Likely[F, G],
        op8: Likely[G, H],
        /,
    ) -> Stream[Any]: ...
    @overload
    def pipe(
        self,
        op1: Likely[T, A],
        op2: Likely[A, B],
        op3: Likely[B, C],
        op4: Likely[C, D],
        op5: Likely[D, E],
        op6: Likely[E, F],
        op7: Likely[F, G],
        op8: Likely[G, H],
        op9: Likely[H, K],
        /,
    ) -> Stream[Any]: ...
    @overload
    def pipe(
        self,
        op1: Likely[T, A],
        op2: Likely[A, B],
        op3: Likely[B, C],
        op4: Likely[C, D],
        op5: Likely[D, E],
        op6: Likely[E, F],
        op7: Likely[F, G],
        op8: Likely[G, H],
        op9: Likely[H, K],
        op10: Likely[K, L],
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
