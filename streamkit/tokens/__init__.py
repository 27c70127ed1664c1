"""Token counts, exact or labelled. tiktoken is loaded when a count is first asked for, never a vocabulary downloaded."""

from __future__ import annotations

from ..protocols import Encoding
from .counter import TokenCounter
from .models import Resolved, resolve

__all__ = ["Encoding", "Resolved", "TokenCounter", "resolve"]
