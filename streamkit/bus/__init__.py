"""Replies that outlive the process that reads them."""

from __future__ import annotations

from .bus import Bus, Placed

__all__ = ["Bus", "Placed"]
