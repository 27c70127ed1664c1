"""What the fluent methods of an Observable give when a `Stream` has them, for type checkers only: a Stream.

At run time they are reactivex's own, which go through ``pipe``; so nothing here is ever imported. The methods that give
no Observable, or one that must be connected first, are left as they are.
"""

from __future__ import annotations

from typing import TypeVar

from .changing import Changing
from .picking import Picking
from .piping import Piping
from .timing import Timing

__all__ = ["Fluent"]

T = TypeVar("T", covariant=True)

class Fluent(Piping[T], Picking[T], Changing[T], Timing[T]):
    """Base of `Stream` in the eyes of a type checker."""
