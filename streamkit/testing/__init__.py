"""Doubles for tests of programs built with streamkit, used by streamkit's own tests too; no test framework is needed.

`script` is a stream of given pieces, through the real wire. `client` is a `Client` with a scripted server
behind it. `clock` drives any stream in virtual time. `every_split` cuts input in every way.
"""

from ..scripted import Script, Server, ServerLimits
from .clock import Clock, DeadlockError, Recorded, clock
from .doubles import ScriptedClient, client, script
from .splits import every_split

__all__ = [
    "Clock",
    "DeadlockError",
    "Recorded",
    "Script",
    "ScriptedClient",
    "Server",
    "ServerLimits",
    "client",
    "clock",
    "every_split",
    "script",
]
