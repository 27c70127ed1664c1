"""Token figures, exact or labelled."""

from __future__ import annotations

from typing import Literal, TypeAlias

from .shape import Sent, value

__all__ = ["Origin", "Usage"]

Origin: TypeAlias = Literal["provider", "exact", "estimate", "partial"]


@value
class Usage(Sent):
    """Token figures. ``origin`` says where they come from: a figure is exact or labelled, never guessed in silence."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None
    origin: Origin = "provider"
