"""An error of this package as JSON, without its traceback and its partial reply, and back."""

from __future__ import annotations

from typing import Any

from . import errors
from .errors import AllFailedError, BrokenError, StreamkitError
from .events import Reply
from .wording import said

__all__ = ["DETAILS", "KINDS", "error_form", "error_of_form"]

DETAILS = ("status", "clock", "retryable", "request_id", "retry_after", "code", "error_type", "param", "reason")
KINDS: dict[str, type[StreamkitError]] = {
    cls.kind: cls
    for cls in (getattr(errors, name) for name in errors.__all__)
    if isinstance(cls, type) and issubclass(cls, StreamkitError) and cls is not AllFailedError
}


def error_form(error: BaseException) -> dict[str, Any]:
    """The kind and the message of ``error``, and its details that are known."""
    form = {"kind": getattr(error, "kind", BrokenError.kind), "message": said(error)}
    details = {name: getattr(error, name, None) for name in DETAILS}
    return form | {name: value for name, value in details.items() if value not in (None, False)}


def error_of_form(form: dict[str, Any], partial: Reply | None = None) -> StreamkitError:
    """A new error like the one whose form this is. One of an unknown kind becomes a BrokenError."""
    kind = KINDS.get(form["kind"], BrokenError)
    details = {name: value for name, value in form.items() if name in DETAILS}
    try:
        return kind(form["message"], partial=partial, **details)
    except TypeError:  # a detail that this kind does not have
        return kind(form["message"], partial=partial)
