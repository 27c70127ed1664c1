"""`Cleaner`, which events need as well and which therefore stands below the stages."""

from __future__ import annotations

from ..clean import Cleaner

__all__ = ["Cleaner"]
