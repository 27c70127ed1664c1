"""The pure middle: things that remember something between items. No Rx, no network, no clock."""

from __future__ import annotations

from .clean import Cleaner
from .fold import Fold
from .redact import Redactor
from .rewrite import Rewriter
from .tags import StopAt, ThinkTags

__all__ = ["Cleaner", "Fold", "Redactor", "Rewriter", "StopAt", "ThinkTags"]
