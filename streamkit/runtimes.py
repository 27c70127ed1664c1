"""Runtimes that are not asyncio and plain threads: what cannot work under them is refused by their name.

Neither is imported; a program that uses one has it in `sys.modules`.
"""

from __future__ import annotations

import sys

__all__ = ["UnsupportedRuntimeError", "refuse_gevent", "refuse_trio"]

NEEDED = ("threading", "queue", "socket")
"""What loops and threads of ours are made of."""


class UnsupportedRuntimeError(RuntimeError):
    """A mistake in how a program is set up: nothing is gained by trying again."""


def refuse_gevent() -> None:
    """RuntimeError if gevent has replaced what a thread needs: whoever waited for one would wait for ever."""
    patched = getattr(sys.modules.get("gevent.monkey"), "is_module_patched", None)
    found = [name for name in NEEDED if patched(name)] if patched is not None else []
    if found:
        raise UnsupportedRuntimeError(
            f"gevent has patched {', '.join(found)} in this process, and streamkit needs the real ones: use it in a "
            "process without gevent's monkey.patch_all()"
        )


def refuse_trio(why: str) -> None:
    """RuntimeError in a task of trio's, which begins with ``why``."""
    token = getattr(getattr(sys.modules.get("trio"), "lowlevel", None), "current_trio_token", None)
    if token is None:
        return
    try:
        token()
    except RuntimeError:  # not in one of its tasks
        return
    raise UnsupportedRuntimeError(f"{why}: await trio.to_thread.run_sync(sk.run, stream) instead")
