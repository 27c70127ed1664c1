"""The many forms in which servers report an error inside a reply, all as `ApiError`."""

from __future__ import annotations

from typing import Any

from ..errors import ApiError, MalformedError, StreamkitError, excerpt
from .loads import load, shown

__all__ = ["api_error", "find", "stray_problem"]

MESSAGE = 1000  # characters of a server's message that are kept
NONE = (None, False, "")
SUCCESS = (*NONE, 0, "0", 200, "200", "ok", "success")
TEXTS = ("message", "msg", "detail", "error_message", "error_msg", "description", "error", "reason")
CODES = ("code", "status_code", "error_code")
WORDS = ("message", "msg", "detail", "error_message", "error_msg")
COMPLAINT = frozenset((*TEXTS, *CODES, "param", "request_id", "error_type"))
PASSING = ("rate_limit", "rate limit", "overloaded", "server_error", "internal_error", "internal error", "api_error",
           "server error", "unavailable", "too_many_requests", "too many requests", "timeout", "timed out", "try again",
           "temporar", "capacity", "bad_gateway", "bad gateway")  # fmt: skip
LASTING = ("invalid", "quota", "authentication", "permission", "not_found", "not found", "billing", "content_filter",
           "context_length", "tool_use_failed")  # fmt: skip


def find(chunk: dict[str, Any], *, bare: bool, alone: bool = False) -> ApiError | None:
    """The error that ``chunk`` reports, if any; ``bare`` if it has no content, so that the flat forms count too, and
    ``alone`` if it comes instead of a reply and nothing says what it is: then a message and nothing else is one."""
    error = chunk.get("error")
    if error not in NONE and (error or bare):
        return api_error(error, chunk)
    if not bare:
        return None
    if "error" in (chunk.get("object"), chunk.get("type"), chunk.get("status")):
        return api_error(chunk)
    errors = chunk.get("errors")
    if isinstance(errors, list) and errors:
        return api_error(errors[0], chunk)
    failed = chunk.get("code") not in SUCCESS
    if isinstance(chunk.get("message"), str) and failed:
        return api_error(chunk)
    if alone and COMPLAINT.issuperset(chunk) and any(map(chunk.get, WORDS)) and (failed or "code" not in chunk):
        return api_error(chunk)
    return None


def api_error(error: Any, around: dict[str, Any] | None = None) -> ApiError:
    """``error`` (an object or a text, as the server sent it) as an exception; ``around`` is the object it was in."""
    while isinstance(error, dict) and isinstance(error.get("error"), dict) and error["error"]:
        error, around = error["error"], error
    form = error if isinstance(error, dict) else {}
    code = _field(CODES, form, around)
    error_type = _field(("type", "error_type"), form, around)
    error_type = error_type if isinstance(error_type, str) and error_type != "error" else None
    param = form.get("param")
    if isinstance(error, int):  # a mere flag, or a code
        code, error = error if code is None and error is not True else code, around or error
    message = _message(error)
    return ApiError(
        message,
        code=code,
        error_type=error_type,
        param=param if isinstance(param, str) else None,
        retryable=_passing(code, error_type, message),
    )


def stray_problem(line: str) -> StreamkitError | None:
    """What an unknown line of an event stream tells, if it is one of the forms in which servers report errors."""
    text = line.strip()
    if text.startswith("error:"):
        return api_error(_maybe_json(text[6:].strip()) or "error without a message")
    if not text.startswith("{"):
        return None
    form = _maybe_json(text)
    if not isinstance(form, dict):
        return None
    bare = "choices" not in form
    return find(form, bare=bare, alone=bare) or MalformedError(f"JSON line without 'data:': {excerpt(text)}")


def _maybe_json(text: str) -> Any:
    try:
        return load(text)
    except MalformedError:
        return text


def _field(names: tuple[str, ...], form: dict[str, Any], around: dict[str, Any] | None) -> str | int | None:
    for value in (place.get(name) for name in names for place in (form, around or {})):
        if isinstance(value, float) and value.is_integer():
            return int(value)
        if isinstance(value, (str, int)) and not isinstance(value, bool) and value != "":
            return value
    return None


def _message(error: Any) -> str:
    if isinstance(error, str):
        return excerpt(error, MESSAGE) or "error without a message"
    if isinstance(error, dict):
        for name in TEXTS:
            text = error.get(name)
            if isinstance(text, str) and text.strip():
                return excerpt(text, MESSAGE)
    return shown(error)


def _passing(code: str | int | None, error_type: str | None, message: str) -> bool:
    """Whether trying again may help."""
    number = _number(code)
    if number is not None:
        return number in (408, 409, 425, 429) or 500 <= number < 600
    for words in (str(code or ""), error_type or "", message):
        low = words.lower()
        if any(word in low for word in LASTING):
            return False
        if any(word in low for word in PASSING):
            return True
    return False


def _number(code: str | int | None) -> int | None:
    if isinstance(code, int):
        return code
    return int(code) if code and code.isdecimal() and len(code) == 3 else None
