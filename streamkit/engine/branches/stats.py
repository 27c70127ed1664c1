"""The counters of a sink in a run."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["SinkStats"]


@dataclass(frozen=True, slots=True)
class SinkStats:
    """The counters of one sink until now, in items. Each item is delivered, dropped, merged into the one before it, or
    still under way, except for the item at which the sink failed.

    ``high_water`` is the most that ever waited. ``dropped`` counts what a policy dropped and what was discarded when
    the sink failed or the run was cancelled. ``lag`` is how far the sink is behind, in seconds: the time
    since the arrival of the current item, or the time from the arrival of the last item until it was written.

    ``blocked`` is the number of seconds for which this sink delayed everything else: the stream, all other sinks and
    what else is at work on that loop. A plain callable does so while it is called, as it is called in place;
    `sinks.threaded` calls it in a thread. Calls of less than 5 ms are not counted, nor, among several sinks, the first
    one that took longer, as it is not known yet whose it was.
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
