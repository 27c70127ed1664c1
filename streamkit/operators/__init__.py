"""The operators (`ops`), and functions to make your own.

Stock operators live in ``reactivex.operators`` and mix freely with these.
"""

from ..protocols import StageBase
from .continuing import continue_with
from .deadlines import time_limits
from .guard import guard
from .lift import map_async, stage
from .observe import attach, note, record
from .resilience import fallback, retry_unstarted
from .rewriters import redact, rewrite, stop_at, stop_when, think_tags
from .segments import code_blocks, segments, sentences
from .snapshots import snapshots
from .structure import json_items, json_values
from .texts import choice, of_type, reasoning, text, tool_calls
from .timing import smooth, throttle_text
from .tokens import budget, count_tokens, meter

__all__ = [
    "StageBase",
    "attach",
    "budget",
    "choice",
    "code_blocks",
    "continue_with",
    "count_tokens",
    "fallback",
    "guard",
    "json_items",
    "json_values",
    "map_async",
    "meter",
    "note",
    "of_type",
    "reasoning",
    "record",
    "redact",
    "retry_unstarted",
    "rewrite",
    "segments",
    "sentences",
    "smooth",
    "snapshots",
    "stage",
    "stop_at",
    "stop_when",
    "text",
    "think_tags",
    "throttle_text",
    "time_limits",
    "tool_calls",
]
