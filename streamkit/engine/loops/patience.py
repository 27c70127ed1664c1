"""Limits in seconds on how long a run waits for something that it has cancelled."""

from __future__ import annotations

__all__ = ["DRAIN", "GRACE"]

GRACE = 1.0
"""For an interrupted call of a sink to end."""
DRAIN = 5.0
"""For the sinks of a cancelled run to write what they drain."""
