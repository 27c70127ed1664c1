"""Text that is shown only after somebody approved it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import Any, Literal, TypeAlias, TypeVar

from reactivex import compose

from ..errors import StreamkitError, excerpt
from ..protocols import Op
from ..stages import Segments
from ..stages.rewriting.guarded import Answered, Asked, Cutter, Joiner, verdict_of
from .lift import map_async, stage

__all__ = ["Check", "guard"]

T = TypeVar("T")
Unit: TypeAlias = Literal["sentence", "word", "line", "paragraph"]
Verdict: TypeAlias = "bool | str | None"
Check: TypeAlias = "Callable[[str], Verdict | Awaitable[Verdict]]"
"""Gets a piece of text; True or None approve it, a str replaces it, False refuses it and ends the reply."""


def guard(check: Check, unit: Unit = "sentence", *, concurrency: int = 2, **segmenting: Any) -> Op[T, T]:
    """Events → the same events, text in pieces that ``check`` approved or replaced, in order.

    Each ``unit`` (``sentence``, ``word``, ``line``, ``paragraph``; ``segmenting`` are further options of
    `stages.Segments`) is held until its check is done; ``concurrency`` checks are under way at a time, the source is
    held back meanwhile. The white space before a piece stays with it unasked, and goes if it is replaced by nothing.
    A refused piece is not shown and ends the reply: ``stopped``, by ``guard``. A check that raises fails closed, with a
    `StreamkitError`: nothing from its piece on is shown. Reasoning and tool calls pass.
    """
    Segments(unit=unit, **segmenting)

    async def asked(item: Any) -> Any:
        return await _answer(check, item) if isinstance(item, Asked) else item

    operator: Op[T, T] = compose(
        stage(lambda: Cutter(lambda: Segments(unit=unit, **segmenting))),
        map_async(asked, concurrency=concurrency),
        stage(lambda: Joiner("guard")),
    )
    return operator


async def _answer(check: Check, asked: Asked) -> Answered:
    try:
        verdict = check(asked.text)
        return verdict_of(asked, await verdict if isawaitable(verdict) else verdict)
    except StreamkitError:
        raise
    except Exception as exc:
        raise StreamkitError(f"the check raised {excerpt(f'{type(exc).__name__}: {exc}')}") from exc
