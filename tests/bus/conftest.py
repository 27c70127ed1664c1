"""The buses of the tests: in memory, and on a real server that all tests share, each under a prefix of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from streamkit import bus
from streamkit.bus.memory_log import MemoryLog
from streamkit.bus.redis_log import RedisLog
from streamkit.engine.upstream import new_id

GRACE = 0.1


class Storage:
    """The logs and buses of one test, all of which hold the same replies. ``url`` is that of a server; without one they
    are in memory."""

    def __init__(self, url: str | None) -> None:
        self._url, self._prefix = url, new_id()
        self._memory = MemoryLog(kept_for=600, reply_bytes=10**7, total_bytes=10**8)
        self._buses: list[bus.Bus] = []

    def log(self) -> bus.Log:
        if self._url is None:
            return self._memory
        return RedisLog(self._url, prefix=self._prefix, cluster=False, live_for=600, kept_for=600, grace=GRACE)

    def bus(self, dead_after: float = 10.0) -> bus.Bus:
        """A bus as another process would have one, with readers of its own."""
        self._buses.append(bus.Bus(self.log(), dead_after=dead_after))
        return self._buses[-1]

    def close(self) -> None:
        for one in self._buses:
            one.close()


@pytest.fixture(params=["memory", "redis"])
def storage(request: pytest.FixtureRequest) -> Iterator[Storage]:
    storage = Storage(request.getfixturevalue("valkey").url if request.param == "redis" else None)
    yield storage
    storage.close()


@pytest.fixture
def replies(storage: Storage) -> bus.Bus:
    return storage.bus()
