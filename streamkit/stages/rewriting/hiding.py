"""All that a reply tells besides its text, so that it tells nothing of what an operator hid or changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from ...errors import AllFailedError, MalformedError, StreamkitError
from ...events import Reply, ToolResult, UsageUpdate
from ...plain import plain
from ...shape import Sent

__all__ = ["known", "masked", "quiet", "unquoted"]

E = TypeVar("E", bound=Sent)
Failure = TypeVar("Failure", bound=StreamkitError)
QUOTING = ("body", "code", "error_type", "param")


def known(item: Any, name: str) -> Any:
    """``item`` if it is an event; TypeError for anything else, in which nobody knows where to look."""
    if not isinstance(item, Sent):
        raise TypeError(
            f"{name} looks into events and str, not into {type(item).__name__}: put it before what makes it"
        )
    return item


def quiet(event: E) -> E:
    """``event`` without what the server sent besides."""
    changes: dict[str, Any] = {"raw": None} if event.raw is not None else {}
    if isinstance(event, (UsageUpdate, Reply)) and event.usage is not None and event.usage.raw is not None:
        changes["usage"] = replace(event.usage, raw=None)
    if isinstance(event, ToolResult) and event.call.raw is not None:
        changes["call"] = replace(event.call, raw=None)
    return replace(event, **changes) if changes else event


def masked(value: Any, mask: Callable[[str], str]) -> Any:
    """``value`` with every text in it masked, as what JSON makes of it: models and dataclasses are objects."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {masked(key, mask): masked(item, mask) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [masked(item, mask) for item in value]
    return masked(plain(value), mask)


def unquoted(error: StreamkitError, mask: Callable[[str], str]) -> StreamkitError:
    """``error`` without what must not be shown of the reply, of which messages quote parts.

    What caused it is left out, and the traceback: both hold the values at hand, and may be anybody's exceptions.
    """
    if isinstance(error, AllFailedError):
        return _each_unquoted(error, mask)
    twin = _bare(error.with_partial(error.partial), mask)
    if isinstance(error, MalformedError):  # an excerpt may begin and end anywhere
        twin.args = ("the reply is malformed; the part in question is not shown, as it may be something to hide",)
        return twin
    twin.args = (mask(str(error)),)
    for name in QUOTING:
        if isinstance(getattr(twin, name, None), str):
            setattr(twin, name, mask(getattr(twin, name)))
    return twin


def _each_unquoted(error: AllFailedError, mask: Callable[[str], str]) -> StreamkitError:
    """The failures of a group say nothing of their partial replies; that of the group is told as it was let through."""
    parts = [
        unquoted(part.with_partial(Reply()), mask) if isinstance(part, StreamkitError) else part
        for part in error.exceptions
    ]
    twin = AllFailedError(mask(error.message), parts, partial=error.partial)
    twin.__dict__.update({name: value for name, value in vars(error).items() if name != "_partial"})
    return _bare(twin, mask)


def _bare(error: Failure, mask: Callable[[str], str]) -> Failure:
    error.__cause__ = error.__context__ = error.__traceback__ = None
    notes = getattr(error, "__notes__", None)
    if notes:
        error.__notes__ = [mask(note) for note in notes]
    return error
