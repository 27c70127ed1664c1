"""Removal of text that an operator hid or changed from the other parts of a reply: raw data, usage, errors, results."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import count
from typing import Any, TypeVar

from ...errors import AllFailedError, MalformedError, StatusError, StreamkitError
from ...event_class import FromServer, has_raw
from ...events import (
    BlockEnd,
    BlockStart,
    Citation,
    File,
    Finish,
    Other,
    Reply,
    ServerTool,
    Start,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    ToolResult,
    UsageUpdate,
)
from ...json_values import json_default
from ...protocols import overrides
from ...turns import slot_kind
from ..fit import pieces_of

__all__ = [
    "bare",
    "excerpts_through",
    "require_event",
    "through",
    "with_forms_masked",
    "with_texts_mapped",
    "without_quotes",
    "without_raw",
]

E = TypeVar("E", bound=FromServer)
SAFE = {"_identity", "_partial", "clock", "given_up", "request_id", "retry_after", "retryable", "status"}
"""Attributes of errors that quote nothing of a reply."""
FORMS: dict[type, tuple[str, ...]] = {
    Start: ("id", "model", "request_id"),
    BlockStart: ("kind", "id"),
    BlockEnd: ("kind", "id", "form"),
    Citation: ("kind", "url", "title", "text", "form"),
    File: ("kind", "id", "media_type", "data", "url", "name", "form"),
    ServerTool: ("kind", "id", "name", "status", "input", "output", "form"),
    ToolCallDelta: ("id", "name"),
    ToolCall: ("id", "name", "extra"),
    Finish: ("reason",),
    Other: ("name",),
    Reply: ("id", "model", "request_id", "headers"),
}
"""The fields of events that may quote anything, besides the text of the reply."""
OPAQUE = frozenset({
    "approval_request_id", "b64_json", "call_id", "container_id", "data", "encrypted_content", "encrypted_index",
    "file_id", "fileUri", "id", "item_id", "kind", "media_type", "mime_type", "mimeType", "model", "name", "reason",
    "reasoning_opaque", "request_id", "role", "signature", "status", "thought_signature", "thoughtSignature",
    "tool_use_id", "type",
})  # fmt: skip
"""Names of values that are not text to be read, as long as they look like it: signatures, encrypted thoughts, content
in base64, ids, words of the API. A mask would make them useless, and they show nothing."""
READABLE = re.compile(r"[^A-Za-z0-9_+/=.:|~-]")
"""A character that no value of this kind has."""
WRITTEN = frozenset({"args", "arguments", "input", "output", "response"})
"""Names of values that the model or a tool wrote, with names of their own choice in them."""
CUT = "…"
"""The mark that `excerpt` puts where it cut something off."""
FRAGMENT = re.compile(CUT + r"(?=[\w@.+-])\S+")


def require_event(item: Any, name: str) -> Any:
    """``item`` if it is an event; TypeError for anything else, as the places of its text are not known."""
    if not isinstance(item, FromServer):
        raise TypeError(
            f"{name} looks into events and str, not into {type(item).__name__}: put it before what makes it"
        )
    return item


def without_raw(event: E) -> E:
    """``event`` without the raw data of the server."""
    if type(event) is TextDelta:  # nearly all events are; there its raw data may not be parsed yet
        return replace(event, raw=None) if has_raw(event) else event
    changes: dict[str, Any] = {"raw": None} if event.raw is not None else {}
    if isinstance(event, (UsageUpdate, Reply)) and event.usage is not None and event.usage.raw is not None:
        changes["usage"] = replace(event.usage, raw=None)
    if isinstance(event, ToolResult) and event.call.raw is not None:
        changes["call"] = replace(event.call, raw=None)
    return replace(event, **changes) if changes else event


def with_forms_masked(event: E, mask: Callable[[str], str]) -> E:
    """``event`` with the texts in its forms masked: what the server quotes, cites and was asked. Values that are not
    readable, such as signatures, stay as they are: the conversation cannot go on without them."""
    names = FORMS.get(type(event), ())
    values = {name: value for name in names if (value := getattr(event, name))}
    masked = {name: _masked_member(name, value, mask) for name, value in values.items()}
    return replace(event, **masked) if masked != values else event


def _masked_form(value: Any, mask: Callable[[str], str]) -> Any:
    if isinstance(value, list):
        return [_masked_form(item, mask) for item in value]
    if not isinstance(value, dict):
        return with_texts_mapped(value, mask)
    if slot_kind(value) is not None:  # its text is in other events
        return value
    shown = {name: _masked_member(name, item, mask) for name, item in value.items()}
    return dict(zip(_names(shown, mask), shown.values(), strict=True))


def _masked_member(name: Any, value: Any, mask: Callable[[str], str]) -> Any:
    if name in WRITTEN:
        return with_texts_mapped(value, mask)
    is_opaque = name in OPAQUE and isinstance(value, str) and READABLE.search(value) is None
    return value if is_opaque else _masked_form(value, mask)


def through(stage: Any, text: str) -> str:
    """``text`` as rewritten by ``stage``, a fresh stage over text."""
    return "".join(piece for piece in (*pieces_of(stage.feed, text), *pieces_of(stage.flush)) if isinstance(piece, str))


def excerpts_through(stage: Any, text: str) -> str:
    """The same for a message, in which "…" stands where `excerpt` cut something off: the text before it is treated as
    the beginning of a possible match, if the stage supports that, and the rest of a word that begins there is
    dropped."""
    if CUT not in text or not overrides(stage, "cut"):
        return through(stage, text)
    *quoted, last = FRAGMENT.sub(CUT, text).split(CUT)
    pieces: list[Any] = []
    for quote in quoted:
        pieces += [*stage.feed(quote), *stage.cut(), *stage.feed(CUT)]
    pieces += [*stage.feed(last), *stage.flush()]
    return "".join(piece for piece in pieces if isinstance(piece, str))


def with_texts_mapped(value: Any, mask: Callable[[str], str]) -> Any:
    """``value`` with every text in it masked, in its JSON form: models and dataclasses become objects. A number in
    which something is hidden becomes a text."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, (int, float)):
        masked = mask(str(value))
        return value if masked == str(value) else masked
    if isinstance(value, dict):
        return {
            name: with_texts_mapped(item, mask) for name, item in zip(_names(value, mask), value.values(), strict=True)
        }
    if isinstance(value, (list, tuple)):
        return [with_texts_mapped(item, mask) for item in value]
    return with_texts_mapped(json_default(value), mask)


def _names(keys: Iterable[Any], mask: Callable[[str], str]) -> list[Any]:
    """The masked ``keys`` of an object. Those that come out equal are numbered, so that no entry is lost."""
    masked = [(key, _name(key, mask)) for key in keys]
    used = {key for key, name in masked if name == key}
    names = []
    for key, name in masked:
        if name != key:
            name = next(free for free in _candidate_names(name) if free not in used)
            used.add(name)
        names.append(name)
    return names


def _name(key: Any, mask: Callable[[str], str]) -> Any:
    """The masked ``key``. Keys that JSON knows are not made of other values; any other key, say a tuple, becomes a
    text."""
    if key is None or isinstance(key, (bool, int, float, str)):
        return with_texts_mapped(key, mask)
    return mask(str(key))


def _candidate_names(name: Any) -> Iterator[Any]:
    yield name
    for number in count(2):
        yield f"{name} ({number})"


def without_quotes(error: StreamkitError, mask: Callable[[str], str]) -> StreamkitError:
    """Like `bare`, and all other texts of ``error`` are masked.

    The end of a ``body`` is treated as cut off, as no more of it was read.
    """
    if isinstance(error, AllFailedError):
        copy: StreamkitError = _group(error, mask(error.message), lambda part: without_quotes(part, mask))
    else:
        copy = bare(error)
        if not isinstance(error, MalformedError):
            copy.args = tuple(_attribute(part, mask) for part in error.args)
    vars(copy).update((name, _attribute(value, mask)) for name, value in vars(error).items() if name not in SAFE)
    if isinstance(copy, StatusError) and isinstance(error, StatusError) and error.body:
        copy.body = mask(error.body + CUT).removesuffix(CUT)
    return copy


def _attribute(value: Any, mask: Callable[[str], str]) -> Any:
    try:
        with_texts_mapped(value, lambda text: text)
    except Exception:  # it cannot be searched: it contains itself, or cannot be converted to text
        return None
    return with_texts_mapped(value, mask)


def bare(error: StreamkitError) -> StreamkitError:
    """``error`` without its cause and its traceback: both hold the current values, and a cause may be any exception.

    A `MalformedError` does not say what is malformed: its message is an excerpt, which may begin and end anywhere.
    """
    if isinstance(error, AllFailedError):
        return _group(error, error.message, bare)
    copy = error.with_partial(error.partial)
    copy.__cause__ = copy.__context__ = copy.__traceback__ = None
    if isinstance(error, MalformedError):
        copy.args = ("the reply is malformed; the part in question is not shown, as it may be something to hide",)
        vars(copy).pop("__notes__", None)
    return copy


def _group(error: AllFailedError, message: str, change: Callable[[StreamkitError], StreamkitError]) -> AllFailedError:
    """``error`` with its failures changed and without their partial replies; the group keeps its own, as it passed."""
    parts = [
        change(part.with_partial(Reply())) if isinstance(part, StreamkitError) else part for part in error.exceptions
    ]
    copy = AllFailedError(message, parts, partial=error.partial)
    copy.__dict__.update({name: value for name, value in vars(error).items() if name != "_partial"})
    return copy
