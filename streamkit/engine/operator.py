"""An operator of ours, as a thing that can be told from any other callable: where one is given in place of a stream, a
sink or a stage, the mistake can be named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from reactivex import Observable

from ..checks import told

__all__ = ["Operator"]

A = TypeVar("A")
B = TypeVar("B")


class Operator(Generic[A, B]):
    """Made once, applied to any number of streams; ``apply`` gives the stream behind a source."""

    def __init__(self, name: str, apply: Callable[[Observable[A]], Observable[B]], written: str = "") -> None:
        self.__name__ = name
        self.written = written or f"ops.{name}()"
        """How users write it, for messages."""
        self._apply = apply

    def __call__(self, source: Observable[A], /) -> Observable[B]:
        if not isinstance(source, Observable):
            raise TypeError(f"{self.written} is applied to a stream, not to {told(source)}: write stream.pipe(...)")
        return self._apply(source)

    def __repr__(self) -> str:
        return f"<operator {self.__name__}>"
