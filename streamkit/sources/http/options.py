"""Checks of the arguments of a `Client`, made when it is created, and the choice of its transport."""

from __future__ import annotations

import os
from typing import Any

from ...checks import check_instance, check_text, quote_refused
from .libraries import is_client
from .limits import Limits, Retry

__all__ = ["check_options", "is_fast"]

VARIABLE = "STREAMKIT_TRANSPORT"
TRANSPORTS = ("httpx", "aiohttp")
INSTALL = "pip install 'streamkit-rx[fast]'"
OLDEST = (3, 14)
"""The first version of aiohttp whose protocol takes all limits of the fast transport; as in pyproject.toml."""


def check_options(limits: Any, retry: Any, model: Any, transport: Any) -> None:
    check_instance("limits", limits, Limits, "limits=sk.Limits(total=60)")
    check_instance("retry", retry, Retry, "retry=sk.Retry(attempts=2)")
    check_text("model", model, optional=True)
    if isinstance(transport, str):
        _check_name("transport", transport)
        return
    can_send = is_client(transport) or hasattr(transport, "handle_async_request")
    if transport is not None and (isinstance(transport, type) or not can_send):
        blocks = any(hasattr(transport, name) for name in ("handle_request", "send"))
        advice = ", which is not async" if blocks and not isinstance(transport, type) else ""
        raise TypeError(
            "transport is an httpx transport or an httpx.AsyncClient, or one of httpx2, "
            f"not {quote_refused(transport)}{advice}"
        )


def is_fast(transport: Any) -> bool:
    """True if a client that was made with this argument uses the fast transport.

    The environment decides if there is no argument. That aiohttp is installed decides nothing: it comes with many
    packages, and none of them is to change how requests are sent.
    """
    if transport is None:
        transport = os.environ.get(VARIABLE) or None
        if transport is not None:
            _check_name(VARIABLE, transport)
    if transport != "aiohttp":
        return False
    try:
        import aiohttp  # here, and not on an event loop, which that would hold up
    except ImportError as exc:
        raise ImportError(f"the transport 'aiohttp' needs aiohttp: {INSTALL}") from exc
    if tuple(map(int, aiohttp.__version__.split(".")[:2])) < OLDEST:
        raise ImportError(f"the transport 'aiohttp' needs a newer aiohttp than {aiohttp.__version__}: {INSTALL}")
    return True


def _check_name(what: str, name: str) -> None:
    if name not in TRANSPORTS:
        raise ValueError(f"{what} is 'aiohttp' or 'httpx', not {quote_refused(name)}")
