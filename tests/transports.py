"""The second pass of the tests with real connections: each of them also runs with the fast transport of the client."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import pytest

__all__ = ["asks_over_sockets", "names_its_transports", "only_httpx", "passes"]

SOCKETS = {"tests.faults.server", "tests.faults.harness", "tests.sources.proxy"}
"""Modules with servers and proxies: a test whose module imports from them makes requests over real connections."""
OTHERS = ("test_sdk", "test_tests")
"""The names with which modules begin whose requests are made by other clients."""
QUICK = "tests.sources"

T = TypeVar("T", bound=Callable[..., Any])


def only_httpx(reason: str) -> Callable[[T], T]:
    """Mark a test of what only httpx has: its many pools, for instance, or what httpcore does within them."""

    def mark(test: T) -> T:
        test.only_httpx = reason  # type: ignore[attr-defined]
        return test

    return mark


names_its_transports = only_httpx("the test names its transports itself")


def asks_over_sockets(module: Any) -> bool:
    if module.__name__.rpartition(".")[2].startswith(OTHERS):
        return False
    return any(getattr(value, "__module__", None) in SOCKETS for value in vars(module).values())


def passes(module: Any, function: Any) -> list[Any]:
    """The transports with which a test runs. The first keeps the names of the tests; the second is slow outside of the
    tests of requests themselves."""
    first = pytest.param("httpx", id=pytest.HIDDEN_PARAM)
    if hasattr(function, "only_httpx"):
        return [first]
    return [first, pytest.param("aiohttp", marks=() if module.__name__.startswith(QUICK) else pytest.mark.slow)]
