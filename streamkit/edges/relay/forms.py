"""What a reply looks like as an event stream: three forms, each a stage from events to blocks of bytes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from ...errors import SinkError, StreamkitError
from ...events import Event, Reply, Restart, TextDelta
from ...jsonform import to_json
from ...wire import Encoder, frame

__all__ = ["FORMS", "Form", "tellable"]


class Form(Protocol):
    """``feed`` gives the blocks of an event; a `Reply` ends the stream, and so does ``fail``."""

    def feed(self, event: Event, /) -> Iterable[bytes]: ...
    def fail(self, error: StreamkitError, /) -> Iterable[bytes]: ...


class EventsForm:
    """Every event under its type, as `to_json` writes it, with an id that counts from 1."""

    def __init__(self) -> None:
        self._number = 0

    def feed(self, event: Event) -> list[bytes]:
        return [self._block(event.type, to_json(event))]

    def fail(self, error: StreamkitError) -> list[bytes]:
        form: dict[str, Any] = {"type": "error", "kind": error.kind, "message": str(error)}
        return [self._block("error", json.dumps(form | {"retryable": error.retryable}).encode())]

    def _block(self, event: str, data: bytes) -> bytes:
        self._number += 1
        return frame(data, event, str(self._number))


class TextForm:
    """The text of the first choice in events without a name, which are all that simple readers look at."""

    def __init__(self) -> None:
        self._after_cr = False

    def feed(self, event: Event) -> list[bytes]:
        match event:
            case TextDelta(text=text, index=0):
                # a line end that was cut in two is still one
                text = text[1:] if self._after_cr and text[0] == "\n" else text
                self._after_cr = event.text[-1] == "\r"
                return [frame(text)] if text else []
            case Restart(kept=kept):
                self._after_cr = False
                return [frame(kept, "restart")]
            case Reply(outcome=outcome):
                return [frame(outcome, "end")]
        return []

    def fail(self, error: StreamkitError) -> list[bytes]:
        return [frame(str(error), "error")]


FORMS: dict[str, Callable[[], Form]] = {
    "openai": lambda: Encoder(created=int(time.time())),
    "events": EventsForm,
    "text": TextForm,
}


def tellable(error: Exception) -> StreamkitError:
    """What a stranger may know of ``error``: of our own failures (a sink, a bug) only that there was one."""
    if isinstance(error, StreamkitError) and not isinstance(error, SinkError):
        return error
    return StreamkitError("the relay failed")
