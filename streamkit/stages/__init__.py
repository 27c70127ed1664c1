"""The pure middle: things that remember something between items. No Rx, no network, no clock."""

from __future__ import annotations

from .clean import Cleaner
from .fold import Fold

__all__ = ["Cleaner", "Fold"]
