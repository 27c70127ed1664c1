"""The exceptions of providers' libraries as ours.

They are known by what they carry, as the libraries need not be there: a status, what the server said, or just a cause.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from ..errors import BrokenError, ConnectError, MalformedError, StreamkitError
from ..runtimes import UnsupportedRuntimeError
from ..wire import MESSAGE, api_error
from ..wording import said
from .http import NOT_CONNECTED, name_address, names_version, status_error, translated

__all__ = ["is_mistake", "ours"]

LIBRARIES = frozenset({"anthropic", "google", "ollama", "openai"})
"""The packages that the classes of their own exceptions are in."""
SAID = ("body", "details", "error")
"""Where these keep what the server said, in the order in which it is looked for."""
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
"""What a mistake in a program raises, and no server makes it raise."""


def is_mistake(exc: Exception, opened: Any, committed: bool) -> bool:
    """Whether ``exc`` is of the user's own code: what opens a stream, or a generator around one that gave no content
    yet. What is raised later, or by the library while it reads, may be the doing of the server."""
    if isinstance(exc, UnsupportedRuntimeError):
        return True
    if opened is None and isinstance(exc, ValueError):
        return not isinstance(exc, (json.JSONDecodeError, UnicodeError))  # of a whole reply
    return isinstance(exc, BUGS) and not committed and getattr(opened, "response", None) is None


def ours(exc: Exception, *, sent: bool) -> StreamkitError:
    """The error of our family for ``exc``, which names the address if ``exc`` knows it; ``sent`` says whether there was
    anything of a reply."""
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
        return translated(exc if exc.__cause__ is None else exc.__cause__, sent)
    if names.intersection(("APIError", "ResponseError")):  # amid a reply; the status, if any, is that of a good answer
        unread = "APIResponseValidationError" in names  # whose body is that of a whole answer
        return api_error((None if unread else _words(exc)) or said(exc, MESSAGE))
    if any(cls.__module__.partition(".")[0] in LIBRARIES for cls in type(exc).__mro__):
        text = said(exc)  # no key, or what was said is not what the library expects
        return MalformedError(f"the library could not read the reply: {text}") if sent else ConnectError(text)
    if type(exc) is ConnectionError and not sent:  # ollama's, of a reply that is not streamed
        return ConnectError(f"no connection: {said(exc)}", retryable=True)
    if isinstance(exc, BUGS):
        return BrokenError.wrapping("what gives the stream failed:", exc)
    return translated(exc, sent or not names.intersection(NOT_CONNECTED))


def _status(exc: Exception) -> int:
    """The HTTP status of an answer that was no reply, 0 if there was none."""
    response = getattr(exc, "response", None)
    for holder, name in ((exc, "status_code"), (response, "status_code"), (response, "status")):
        status = getattr(holder, name, None)
        if isinstance(status, int):
            return status if 300 <= status < 600 else 0
    return 0


def _words(exc: Exception) -> Any:
    return next(filter(None, (getattr(exc, name, None) for name in SAID)), None)


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
