"""The HTTP library that an object belongs to: httpx, or httpx2, which continues it under another name.

Clients, transports, requests and responses of the two do not mix. httpx2 is not imported here: a program that uses it
has it in `sys.modules`.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable
from typing import Any, Protocol, TypeAlias

import httpx

__all__ = ["Transport", "is_client", "library_of"]

LIBRARIES = frozenset({"httpx", "httpx2"})


class AsyncTransport(Protocol):
    """An ``AsyncBaseTransport`` of httpx or httpx2."""

    def handle_async_request(self, request: Any, /) -> Awaitable[Any]: ...


class AsyncClient(Protocol):
    """An ``AsyncClient`` of httpx or httpx2."""

    def build_request(self, *args: Any, **kwargs: Any) -> Any: ...
    def send(self, *args: Any, **kwargs: Any) -> Awaitable[Any]: ...
    def aclose(self) -> Awaitable[None]: ...


Transport: TypeAlias = AsyncTransport | AsyncClient
"""What a `Client` sends its requests with, if the user gives it."""


def library_of(value: object) -> Any:
    """The module, httpx or httpx2, that the class of ``value`` or the first of its bases is defined in; httpx for an
    object of neither."""
    packages = (str(cls.__module__).partition(".")[0] for cls in type(value).__mro__)
    return next((sys.modules[package] for package in packages if package in LIBRARIES), httpx)


def is_client(transport: object) -> bool:
    """True for a client, which sends requests; False for a transport, which a client sends them through."""
    if isinstance(transport, library_of(transport).AsyncBaseTransport):
        return False
    return hasattr(transport, "send") and hasattr(transport, "aclose")
