"""All that a reply tells besides its text, so that it tells nothing of what an operator hid or changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import count
from typing import Any, TypeVar

from ...errors import AllFailedError, MalformedError, StatusError, StreamkitError
from ...eventclass import FromServer
from ...events import Reply, ToolResult, UsageUpdate
from ...jsonvalues import json_default
from ...protocols import StageBase, overrides
from ..fit import pieces_of

__all__ = ["bare", "excerpts_through", "require_event", "through", "with_texts_mapped", "without_quotes", "without_raw"]

E = TypeVar("E", bound=FromServer)
KNOWN = {"_identity", "_partial", "clock", "given_up", "request_id", "retry_after", "retryable", "status"}
"""Attributes of errors that quote nothing."""
CUT = "…"
"""What `excerpt` puts where it cut something off."""
FRAGMENT = re.compile(CUT + r"(?=[\w@.+-])\S+")


def require_event(item: Any, name: str) -> Any:
    """``item`` if it is an event; TypeError for anything else, in which nobody knows where to look."""
    if not isinstance(item, FromServer):
        raise TypeError(
            f"{name} looks into events and str, not into {type(item).__name__}: put it before what makes it"
        )
    return item


def without_raw(event: E) -> E:
    """``event`` without what the server sent besides."""
    changes: dict[str, Any] = {"raw": None} if event.raw is not None else {}
    if isinstance(event, (UsageUpdate, Reply)) and event.usage is not None and event.usage.raw is not None:
        changes["usage"] = replace(event.usage, raw=None)
    if isinstance(event, ToolResult) and event.call.raw is not None:
        changes["call"] = replace(event.call, raw=None)
    return replace(event, **changes) if changes else event


def through(stage: Any, text: str) -> str:
    """``text`` as a fresh stage over text shows it."""
    return "".join(piece for piece in (*pieces_of(stage.feed, text), *pieces_of(stage.flush)) if isinstance(piece, str))


def excerpts_through(stage: Any, text: str) -> str:
    """The same of a message, in which "…" stands where `excerpt` cut something off: what is left of that is looked at
    as the beginning of something, if the stage can, and the rest of a word that begins there is left out."""
    may_be_cut = isinstance(stage, StageBase) and overrides(stage, "cut")
    if CUT not in text or not may_be_cut:
        return through(stage, text)
    *quoted, last = FRAGMENT.sub(CUT, text).split(CUT)
    pieces: list[Any] = []
    for quote in quoted:
        pieces += [*stage.feed(quote), *stage.cut(), *stage.feed(CUT)]
    pieces += [*stage.feed(last), *stage.flush()]
    return "".join(piece for piece in pieces if isinstance(piece, str))


def with_texts_mapped(value: Any, mask: Callable[[str], str]) -> Any:
    """``value`` with every text in it masked, as what JSON makes of it: models and dataclasses are objects. A number in
    which something is hidden becomes a text."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, (int, float)):
        shown = mask(str(value))
        return value if shown == str(value) else shown
    if isinstance(value, dict):
        return {
            name: with_texts_mapped(item, mask) for name, item in zip(_names(value, mask), value.values(), strict=True)
        }
    if isinstance(value, (list, tuple)):
        return [with_texts_mapped(item, mask) for item in value]
    return with_texts_mapped(json_default(value), mask)


def _names(keys: Iterable[Any], mask: Callable[[str], str]) -> list[Any]:
    """The masked ``keys`` of an object. Those that come out equal are numbered, so that no entry is lost."""
    shown = [(key, _name(key, mask)) for key in keys]
    taken = {key for key, name in shown if name == key}
    names = []
    for key, name in shown:
        if name != key:
            name = next(free for free in _numbered(name) if free not in taken)
            taken.add(name)
        names.append(name)
    return names


def _name(key: Any, mask: Callable[[str], str]) -> Any:
    """A key is hashable, and none of those that JSON knows is made of others: what is, is told as text."""
    if key is None or isinstance(key, (bool, int, float, str)):
        return with_texts_mapped(key, mask)
    return mask(str(key))


def _numbered(name: Any) -> Iterator[Any]:
    yield name
    for number in count(2):
        yield f"{name} ({number})"


def without_quotes(error: StreamkitError, mask: Callable[[str], str]) -> StreamkitError:
    """`bare`, and with all that it says masked.

    A ``body`` ends where no more of it was read.
    """
    if isinstance(error, AllFailedError):
        twin: StreamkitError = _group(error, mask(error.message), lambda part: without_quotes(part, mask))
    else:
        twin = bare(error)
        if not isinstance(error, MalformedError):
            twin.args = tuple(_attribute(part, mask) for part in error.args)
    vars(twin).update((name, _attribute(value, mask)) for name, value in vars(error).items() if name not in KNOWN)
    if isinstance(twin, StatusError) and isinstance(error, StatusError) and error.body:
        twin.body = mask(error.body + CUT).removesuffix(CUT)
    return twin


def _attribute(value: Any, mask: Callable[[str], str]) -> Any:
    try:
        with_texts_mapped(value, lambda text: text)
    except Exception:  # nobody can look into it: it holds itself, or cannot be told as text
        return None
    return with_texts_mapped(value, mask)


def bare(error: StreamkitError) -> StreamkitError:
    """``error`` without its cause and its traceback: both hold the values at hand, and may be anybody's exceptions.

    A `MalformedError` does not say what is malformed: its message is an excerpt, which may begin and end anywhere.
    """
    if isinstance(error, AllFailedError):
        return _group(error, error.message, bare)
    twin = error.with_partial(error.partial)
    twin.__cause__ = twin.__context__ = twin.__traceback__ = None
    if isinstance(error, MalformedError):
        twin.args = ("the reply is malformed; the part in question is not shown, as it may be something to hide",)
        vars(twin).pop("__notes__", None)
    return twin


def _group(error: AllFailedError, message: str, told: Callable[[StreamkitError], StreamkitError]) -> AllFailedError:
    """The failures of a group say nothing of their partial replies; that of the group is told as it was let through."""
    parts = [
        told(part.with_partial(Reply())) if isinstance(part, StreamkitError) else part for part in error.exceptions
    ]
    twin = AllFailedError(message, parts, partial=error.partial)
    twin.__dict__.update({name: value for name, value in vars(error).items() if name != "_partial"})
    return twin
