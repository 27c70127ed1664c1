"""Refusals of runtimes other than asyncio and plain threads, where something cannot work under them. The error names
the runtime.

Neither is imported; a program that uses one has it in `sys.modules`.
"""

from __future__ import annotations

import sys

__all__ = ["UnsupportedRuntimeError", "refuse_gevent", "refuse_trio"]

NEEDED = ("threading", "queue", "socket")
"""The modules on which the loops and threads of this package are built."""


class UnsupportedRuntimeError(RuntimeError):
    """The program is set up for a runtime that is not supported: trying again does not help."""


def refuse_gevent() -> None:
    """RuntimeError if gevent has replaced what a thread needs: code that waited for a thread
    would wait for ever."""
    patched = getattr(sys.modules.get("gevent.monkey"), "is_module_patched", None)
    modules = [name for name in NEEDED if patched(name)] if patched is not None else []
    if modules:
        raise UnsupportedRuntimeError(
            f"gevent has patched {', '.join(modules)} in this process, and streamkit needs the real ones: use it in a "
            "process without gevent's monkey.patch_all()"
        )


def refuse_trio(why: str) -> None:
    """RuntimeError in a task of trio; its message begins with ``why``."""
    token = getattr(getattr(sys.modules.get("trio"), "lowlevel", None), "current_trio_token", None)
    if token is None:
        return
    try:
        token()
    except RuntimeError:  # not in one of its tasks
        return
    raise UnsupportedRuntimeError(f"{why}: await trio.to_thread.run_sync(sk.run, stream) instead")
