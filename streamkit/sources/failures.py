"""What a failure of a request tells the user: which address was asked, and nothing of the key."""

from __future__ import annotations

import httpx

from ..errors import ApiError, ConnectError, StatusError, StreamkitError, excerpt
from .requests import Endpoint, Request

__all__ = ["explain", "name_address"]


def explain(error: StreamkitError, endpoint: Endpoint, request: Request) -> None:
    """Take the key out of ``error``, in case the server repeated it, and name the address where that is the news."""
    address = endpoint.scrubbed(endpoint.url(request.api, request.model))
    _strip(error.__cause__, address)
    _scrub(error, endpoint)
    name_address(error, address, endpoint.names_version)


def name_address(error: StreamkitError, address: str, has_version: bool) -> None:
    """Add the address that was asked, without secrets, to an error about it."""
    if isinstance(error, (ConnectError, StatusError)):
        lacking = error.status == 404 and not has_version
        error.args = (f"{error} ({excerpt(address)}{': is /v1 missing in base_url?' if lacking else ''})",)


def _strip(cause: BaseException | None, address: str) -> None:
    """Exceptions of httpx hold the request, with the key in its headers, and the prompt: leave them the address."""
    while cause is not None:
        if isinstance(cause, httpx.RequestError):
            cause.request = httpx.Request("POST", address)
        cause = cause.__cause__ or cause.__context__


def _scrub(error: StreamkitError, endpoint: Endpoint) -> None:
    scrubbed, cause = endpoint.scrubbed, error.__cause__
    error.args = (scrubbed(str(error)),)
    if isinstance(error, StatusError):
        error.body = scrubbed(error.body)
    if isinstance(error, (ApiError, StatusError)):
        error.code, error.error_type = scrubbed(error.code), scrubbed(error.error_type)
        error.param = scrubbed(error.param)
    while cause is not None:
        for text in (str(cause), *vars(cause).values()):
            if scrubbed(text) != text:  # the cause is not ours to change, and a traceback shows it
                error.__cause__ = error.__context__ = None
                return
        cause = cause.__cause__ or cause.__context__
