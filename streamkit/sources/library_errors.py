"""The exceptions of providers' libraries as errors of this package.

They are recognised by what they carry, as the libraries may not be installed: a status, the server's error, or just a
cause.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from ..errors import BrokenError, ConnectError, MalformedError, StreamkitError
from ..runtimes import UnsupportedRuntimeError
from ..wire import MESSAGE, api_error
from ..wording import said
from .http import NOT_CONNECTED, name_address, names_version, status_error, translate_error

__all__ = ["as_streamkit_error", "is_mistake"]

LIBRARIES = frozenset({"anthropic", "google", "ollama", "openai"})
"""The packages that define the libraries' own exception classes."""
ERROR_FIELDS = ("body", "details", "error")
"""The attributes in which exceptions keep the server's error, in the order in which they are looked at."""
BUGS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    ImportError,
    LookupError,
    NameError,
    NotImplementedError,
    TypeError,
)
"""Exceptions that a mistake in a program raises and that no server can cause."""


def is_mistake(exc: Exception, opened: Any, committed: bool) -> bool:
    """True if ``exc`` comes from the user's own code: the callable that opens a stream, or a generator around one that
    has given no content yet. An exception raised later, or by the library while it reads, may be the server's fault."""
    if isinstance(exc, UnsupportedRuntimeError):
        return True
    if opened is None and isinstance(exc, ValueError):
        return not isinstance(exc, (json.JSONDecodeError, UnicodeError))  # raised while a whole reply is read
    return isinstance(exc, BUGS) and not committed and getattr(opened, "response", None) is None


def as_streamkit_error(exc: Exception, *, sent: bool) -> StreamkitError:
    """The error of this package for ``exc``, with the address if ``exc`` has it; ``sent`` is True if a part of a reply
    was read before."""
    error = _error(exc, sent)
    _name_address(error, exc)
    return error


def _error(exc: Exception, sent: bool) -> StreamkitError:
    if isinstance(exc, StreamkitError):
        return exc
    if isinstance(exc, (ValueError, RecursionError)):  # of json or of a codec
        return MalformedError(f"the library could not read the reply: {said(exc)}")
    status, response = _status(exc), getattr(exc, "response", None)
    if status:
        headers = getattr(response, "headers", {})
        return status_error(status, getattr(response, "reason_phrase", ""), headers, _body(exc))
    names = {cls.__name__ for cls in type(exc).__mro__}
    if "APIConnectionError" in names:
        return translate_error(exc if exc.__cause__ is None else exc.__cause__, sent)
    if names.intersection(
        ("APIError", "ResponseError")
    ):  # in the middle of a reply; the status, if any, is that of a successful response
        unread = "APIResponseValidationError" in names  # its body is that of a whole response
        return api_error((None if unread else _words(exc)) or said(exc, MESSAGE))
    if any(cls.__module__.partition(".")[0] in LIBRARIES for cls in type(exc).__mro__):
        text = said(exc)  # a missing key, or data that the library does not expect
        return MalformedError(f"the library could not read the reply: {text}") if sent else ConnectError(text)
    if type(exc) is ConnectionError and not sent:  # ollama's, of a reply that is not streamed
        return ConnectError(f"no connection: {said(exc)}", retryable=True)
    if isinstance(exc, BUGS):
        return BrokenError.wrapping("what gives the stream failed:", exc)
    return translate_error(exc, sent or not names.intersection(NOT_CONNECTED))


def _status(exc: Exception) -> int:
    """The HTTP status of a response that was not a reply; 0 if there was no such response."""
    response = getattr(exc, "response", None)
    for holder, name in ((exc, "status_code"), (response, "status_code"), (response, "status")):
        status = getattr(holder, name, None)
        if isinstance(status, int):
            return status if 300 <= status < 600 else 0
    return 0


def _words(exc: Exception) -> Any:
    return next(filter(None, (getattr(exc, name, None) for name in ERROR_FIELDS)), None)


def _body(exc: Exception) -> bytes:
    return json.dumps(_words(exc) or {"message": said(exc, MESSAGE)}, default=str).encode()


def _name_address(error: StreamkitError, exc: Exception) -> None:
    for holder in (exc, getattr(exc, "response", None)):
        try:
            url = urlsplit(str(holder.request.url))  # type: ignore[union-attr]
            break
        except (AttributeError, RuntimeError, ValueError):  # RuntimeError: httpx has exceptions without their request
            continue
    else:
        return
    host = url.netloc.rpartition("@")[2]
    has_version = names_version(url.path) or "api-version" in url.query  # the latter on Azure
    name_address(error, f"{url.scheme}://{host}{url.path}", not has_version)
