"""Figures of a run."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["SinkStats"]


@dataclass(frozen=True, slots=True)
class SinkStats:
    """What happened at one sink until now, in items: each is delivered, dropped, merged into the one before it, or
    still under way; but for the one at which the sink failed.

    ``high_water`` is the most that ever waited. ``dropped`` counts what a policy dropped and what was discarded when
    the sink failed or the run was cancelled. ``lag`` is how far the sink is behind, in seconds: since when the item at
    hand has been here, or how long it took from its arrival until the last one was written.
    """

    name: str
    delivered: int = 0
    queued: int = 0
    high_water: int = 0
    dropped: int = 0
    merged: int = 0
    failed: bool = False
    lag: float = 0.0
