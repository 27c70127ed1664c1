"""The text of an error of a request: it names the address of the request and contains nothing of the key."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from ...errors import ApiError, ConnectError, StatusError, StreamkitError
from ...wording import excerpt, posing
from .causes import chain_of, shorten
from .libraries import library_of
from .requests import Endpoint, HttpRequest

__all__ = ["explain", "name_address"]


def explain(error: StreamkitError, endpoint: Endpoint, request: HttpRequest) -> None:
    """Take the key out of ``error``, in case the server repeated it, and add the address where that is informative."""
    address = endpoint.scrub(endpoint.url(request.api, request.model))
    _strip(error.__cause__, address)
    _scrub(error, endpoint)
    shorten(error, endpoint.scrub)
    name_address(error, address, endpoint.lacks_version)


def name_address(error: StreamkitError, address: str, lacks_version: bool) -> None:
    """Add the address of the request, without secrets, to an error of the connection or of an HTTP status."""
    if isinstance(error, (ConnectError, StatusError)):
        lacking = error.status == 404 and lacks_version
        error.args = (f"{error} ({excerpt(address)}{': is /v1 missing in base_url?' if lacking else ''})",)


def _strip(cause: BaseException | None, address: str) -> None:
    """Replace the requests that exceptions of httpx and httpx2 hold, with the key in their headers and with the prompt,
    by ones that have the address only."""
    for behind in chain_of(cause):
        classes = {(cls.__module__, cls.__name__) for cls in type(behind).__mro__}
        if classes.intersection((("httpx", "RequestError"), ("httpx2", "RequestError"))):
            request = library_of(behind).Request("POST", address)
            behind.request = request  # type: ignore[attr-defined]  # which these two have


def _scrub(error: StreamkitError, endpoint: Endpoint) -> None:
    scrub = endpoint.scrub
    error.args = (scrub(str(error)),)
    if isinstance(error, StatusError):
        error.body = scrub(error.body)
    if isinstance(error, (ApiError, StatusError)):
        error.code, error.error_type = scrub(error.code), scrub(error.error_type)
        error.param = scrub(error.param)
    for behind in chain_of(error.__cause__):
        for text in _contents(behind):
            if scrub(text) != text:  # a foreign exception must not be changed, and a traceback would show it
                error.__cause__ = error.__context__ = None
                return


def _contents(error: BaseException) -> list[Any]:
    """The text of ``error``, unless making it raises, its notes and the values of its attributes."""
    values = list(vars(error).values())
    if isinstance(notes := getattr(error, "__notes__", None), (list, tuple)):
        values += notes
    with suppress(*posing()):
        values.append(str(error))
    return values
