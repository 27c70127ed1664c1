"""The two libraries whose transports and clients a `Client` takes, for tests that run with both."""

from __future__ import annotations

from typing import Any

import httpx
import httpx2
import pytest

LIBRARIES: list[Any] = [httpx, httpx2]

with_both = pytest.mark.parametrize("library", LIBRARIES, ids=["httpx", "httpx2"])


def class_of(library: Any, kind: type) -> Any:
    """``kind``, a transport or the body of a response that has no base class, as a class of ``library``, which it has
    as an attribute too."""
    base = library.AsyncBaseTransport if hasattr(kind, "handle_async_request") else library.AsyncByteStream
    return type(kind.__name__, (kind, base), {"library": library})
