"""The buses that are ready: in memory, and on a server of Redis or Valkey."""

from __future__ import annotations

from ..checks import check_flag, check_number, check_text, check_whole, quote
from .bus import Bus
from .memory_log import MemoryLog

__all__ = ["memory", "redis"]

GRACE = 2.0
"""Seconds that a writer has to reach a server that comes back, before it counts as dead."""


def memory(
    *, kept_for: float = 300.0, reply_bytes: int = 16 * 2**20, total_bytes: int = 256 * 2**20, dead_after: float = 10.0
) -> Bus:
    """A bus within this process.

        replies = bus.memory()
        run = sk.start(client.chat("Hi"), sinks.bus(replies, "r-1"))
        sk.run(replies.follow("r-1", wait=1), sk.on(text=print))

    A reply is kept for ``kept_for`` seconds after its end, or less: all that is kept takes ``total_bytes`` at most,
    except for replies that are still written. One of more than ``reply_bytes`` (of JSON) ends with a `SinkError`.
    """
    log = MemoryLog(
        kept_for=check_number("kept_for", kept_for),
        reply_bytes=check_whole("reply_bytes", reply_bytes),
        total_bytes=check_whole("total_bytes", total_bytes),
    )
    return Bus(log, dead_after=dead_after)


def redis(
    url: str,
    *,
    prefix: str = "streamkit",
    cluster: bool = False,
    kept_for: float = 3600.0,
    dead_after: float = 10.0,
    give_up_after: float = 30.0,
) -> Bus:
    """A bus on a server of Redis (7 or later) or Valkey, for any number of processes. Needs the extra ``redis``.

        replies = bus.redis("redis://localhost:6379/0")

    ``url`` is that of redis-py: ``rediss://`` with TLS, a name and a password before an ``@``, ``unix://`` for a
    socket of this machine. The keys of a reply begin with ``prefix``; with ``cluster`` the server is one of several.

    ``kept_for``, ``dead_after`` and ``give_up_after`` are seconds: for how long a reply is kept after its end, without
    a sign of life after how many its writer counts as dead, and for how long a server that cannot be reached is tried.

    Nothing is connected yet. ValueError for an address that is of no use, without what it says; ImportError without
    redis-py and hiredis.
    """
    from .redis_log import RedisLog

    check_text("prefix", prefix)
    if "{" in prefix or "}" in prefix:  # in a cluster they would decide on which server a key is
        raise ValueError(f"prefix cannot have braces in it, as {quote(prefix)} has")
    check_flag("cluster", cluster)
    kept_for, dead_after = check_number("kept_for", kept_for), check_number("dead_after", dead_after)
    live_for = kept_for + 10 * dead_after  # should its writer die while nobody looks
    log = RedisLog(url, prefix=prefix, cluster=cluster, live_for=live_for, kept_for=kept_for, grace=GRACE)
    return Bus(log, dead_after=dead_after, give_up_after=give_up_after)
