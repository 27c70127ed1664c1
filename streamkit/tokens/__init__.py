"""Token counts, exact or labelled. tiktoken is loaded when a count is first asked for, and nothing is downloaded."""

from __future__ import annotations

from ..protocols import Encoding
from .counter import TokenCounter
from .gauge import Gauge
from .models import Resolved, resolve
from .prompt import Count, prompt_tokens

__all__ = ["Count", "Encoding", "Gauge", "Resolved", "TokenCounter", "prompt_tokens", "resolve"]
