"""Places to write. A sink is a callable, a coroutine function, or an object with ``write(item)`` and perhaps
``fail(error)`` and ``close(reply)``; these are ready-made ones. Callbacks by kind of event are made by `sk.on`."""

from .console import Console, console
from .jsonl import JsonLines, jsonl
from .memory import Memory, memory

__all__ = ["Console", "JsonLines", "Memory", "console", "jsonl", "memory"]
