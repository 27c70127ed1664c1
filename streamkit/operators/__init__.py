"""Operators over replies: views (nouns: events or str in, something else out) and the means to make your own.

Stock operators live in ``reactivex.operators`` and mix freely with these.
"""

from .lift import map_async, stage
from .observe import attach, note, record
from .text import choice, of_type, reasoning, snapshots, text, tool_calls

__all__ = [
    "attach",
    "choice",
    "map_async",
    "note",
    "of_type",
    "reasoning",
    "record",
    "snapshots",
    "stage",
    "text",
    "tool_calls",
]
