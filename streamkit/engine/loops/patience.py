"""Seconds that a run waits for what it has asked to end."""

from __future__ import annotations

__all__ = ["DRAIN", "GRACE"]

GRACE = 1.0
"""For what was interrupted to end."""
DRAIN = 5.0
"""For the sinks of a cancelled run to finish what they ask to finish."""
