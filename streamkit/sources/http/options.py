"""Checks of the arguments of a `Client`, made when it is created."""

from __future__ import annotations

from typing import Any

from ...checks import check_instance, check_text, quote_refused
from .libraries import is_client
from .limits import Limits, Retry

__all__ = ["check_options"]


def check_options(limits: Any, retry: Any, model: Any, transport: Any) -> None:
    check_instance("limits", limits, Limits, "limits=sk.Limits(total=60)")
    check_instance("retry", retry, Retry, "retry=sk.Retry(attempts=2)")
    check_text("model", model, optional=True)
    can_send = is_client(transport) or hasattr(transport, "handle_async_request")
    if transport is not None and (isinstance(transport, type) or not can_send):
        blocks = any(hasattr(transport, name) for name in ("handle_request", "send"))
        advice = ", which is not async" if blocks and not isinstance(transport, type) else ""
        raise TypeError(
            "transport is an httpx transport or an httpx.AsyncClient, or one of httpx2, "
            f"not {quote_refused(transport)}{advice}"
        )
