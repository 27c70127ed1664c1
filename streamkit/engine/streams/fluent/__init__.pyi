"""The types of a Stream's fluent methods, for type checkers only: those of an Observable that return a `Stream`.

At run time the methods are reactivex's own, which go through ``pipe``; nothing here is ever imported. Methods that do
not return an Observable, or return one that must be connected first, are left as they are.
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
    """The base of `Stream` for a type checker."""
