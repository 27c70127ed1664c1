"""The buses that the tests use: in memory, and on a real server that all tests share, each under a prefix of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from streamkit import bus
from streamkit.engine.upstream import new_id

from .servers import StorageServer, binary_of


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StorageServer]:
    pytest.importorskip("redis")
    folder: Path = tmp_path_factory.mktemp("valkey")
    with StorageServer(binary_of("valkey"), folder, saves=False) as server:
        yield server


@pytest.fixture(params=["memory", "redis"])
def make_bus(request: pytest.FixtureRequest) -> Iterator[Callable[..., bus.Bus]]:
    """Makes a bus, with its options; on the server all those of one test see the same replies."""
    made: list[bus.Bus] = []
    url, prefix = (request.getfixturevalue("valkey").url, new_id()) if request.param == "redis" else ("", "")

    def make(**options: Any) -> bus.Bus:
        made.append(bus.redis(url, prefix=prefix, **options) if url else bus.memory(**options))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def replies(make_bus: Callable[..., bus.Bus]) -> bus.Bus:
    return make_bus()
