"""What a failure of a request tells the user: which address was asked, and nothing of the key."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import httpx

from ...errors import ApiError, ConnectError, StatusError, StreamkitError
from ...wording import POSING, excerpt
from .causes import chain_of, shorten
from .requests import Endpoint, HttpRequest

__all__ = ["explain", "name_address"]


def explain(error: StreamkitError, endpoint: Endpoint, request: HttpRequest) -> None:
    """Take the key out of ``error``, in case the server repeated it, and name the address where that is the news."""
    address = endpoint.scrubbed(endpoint.url(request.api, request.model))
    _strip(error.__cause__, address)
    _scrub(error, endpoint)
    shorten(error, endpoint.scrubbed)
    name_address(error, address, endpoint.lacks_version)


def name_address(error: StreamkitError, address: str, lacks_version: bool) -> None:
    """Add the address that was asked, without secrets, to an error about it."""
    if isinstance(error, (ConnectError, StatusError)):
        lacking = error.status == 404 and lacks_version
        error.args = (f"{error} ({excerpt(address)}{': is /v1 missing in base_url?' if lacking else ''})",)


def _strip(cause: BaseException | None, address: str) -> None:
    """Exceptions of httpx and httpx2 hold the request, with the key in its headers, and the prompt: leave them the
    address."""
    for behind in chain_of(cause):
        classes = {(cls.__module__, cls.__name__) for cls in type(behind).__mro__}
        if classes.intersection((("httpx", "RequestError"), ("httpx2", "RequestError"))):
            behind.request = httpx.Request("POST", address)  # type: ignore[attr-defined]  # as these two have


def _scrub(error: StreamkitError, endpoint: Endpoint) -> None:
    scrubbed = endpoint.scrubbed
    error.args = (scrubbed(str(error)),)
    if isinstance(error, StatusError):
        error.body = scrubbed(error.body)
    if isinstance(error, (ApiError, StatusError)):
        error.code, error.error_type = scrubbed(error.code), scrubbed(error.error_type)
        error.param = scrubbed(error.param)
    for behind in chain_of(error.__cause__):
        for text in _told_by(behind):
            if scrubbed(text) != text:  # it is not ours to change, and a traceback shows it
                error.__cause__ = error.__context__ = None
                return


def _told_by(error: BaseException) -> list[Any]:
    """Its text, if it gives one instead of raising, its notes and whatever else it holds."""
    held = list(vars(error).values())
    if isinstance(notes := getattr(error, "__notes__", None), (list, tuple)):
        held += notes
    with suppress(*POSING):
        held.append(str(error))
    return held
