"""Ready-made sinks, for any number of runs, one after another. A sink is a callable, a coroutine function, or an object
with ``write(item)`` and perhaps ``fail(error)`` and ``close(reply)``. Callbacks by kind of event are made by
`sk.on`."""

from .batched import Batched, batched
from .bus import BusSink, bus
from .console import Console, console
from .jsonl import JsonLines, jsonl
from .memory import Memory, memory
from .notebook import Notebook, notebook
from .process import Process, process
from .sqlite import Sqlite, sqlite
from .threaded import Threaded, threaded

__all__ = [
    "Batched",
    "BusSink",
    "Console",
    "JsonLines",
    "Memory",
    "Notebook",
    "Process",
    "Sqlite",
    "Threaded",
    "batched",
    "bus",
    "console",
    "jsonl",
    "memory",
    "notebook",
    "process",
    "sqlite",
    "threaded",
]
