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

    ``blocked`` is for how many seconds this sink held up everything else: the stream, all other sinks and what else is
    at work on that loop. That is so while a plain callable is being called, as it is called in place; `sinks.threaded`
    calls it in a thread. It is looked at once that has been noticed, so the first item or two are not in the sum if
    several plain callables took them.
    """

    name: str
    delivered: int = 0
    queued: int = 0
    high_water: int = 0
    dropped: int = 0
    merged: int = 0
    failed: bool = False
    lag: float = 0.0
    blocked: float = 0.0
