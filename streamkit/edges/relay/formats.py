"""What a reply looks like as an event stream: three forms, each a stage from events to blocks of bytes."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from ...errors import ApiError, StreamkitError
from ...events import Event, Reply, Restart, RoundEnd, TextDelta
from ...jsonform import to_json
from ...stages import Transcript
from ...wire import Encoder, frame
from .onereply import OneReply

__all__ = ["FORMS", "Form", "Told", "told"]

SENTENCES = {
    "all_failed": "no model answered",
    "api_error": "the model's server reported an error",
    "budget": "the budget is used up",
    "connect": "the model cannot be reached",
    "http_status": "the model's server refused the request",
    "malformed": "the model's answer makes no sense",
    "stalled": "the reply did not come in time",
    "stream_broken": "the reply was cut",
    "too_large": "the reply is too large",
}
CODE = re.compile(r"[\w.-]{1,64}")


@dataclass(frozen=True, slots=True)
class Told:
    """What a stranger may know of a failure."""

    kind: str
    message: str
    code: str | None = None
    retryable: bool = False


def told(error: Exception) -> Told:
    """Messages name hosts, accounts and what a server repeats of the request, so a sentence stands for each kind. Of
    our own failures (a sink, a bug) only that there was one."""
    sentence = SENTENCES.get(error.kind) if isinstance(error, StreamkitError) else None
    if not isinstance(error, StreamkitError) or sentence is None:
        return Told("relay", "the relay failed")
    code = str(error.code if isinstance(error, ApiError) else error.status)
    known = code != "None" and CODE.fullmatch(code)
    return Told(error.kind, sentence, code if known else None, error.retryable)


class Form(Protocol):
    """``feed`` gives the blocks of an event; a `Reply` ends the stream, and so does ``fail``."""

    def feed(self, event: Event, /) -> Iterable[bytes]: ...
    def fail(self, failure: Told, /) -> Iterable[bytes]: ...


class OpenAIForm:
    """Chunks of chat completions."""

    def __init__(self) -> None:
        self._encoder = Encoder(created=int(time.time()))
        self._one_reply = OneReply()
        self._shown = 0  # characters, in this round

    def feed(self, event: Event) -> list[bytes]:
        match event:
            case TextDelta(text=text, index=0):
                self._shown += len(text)
            case RoundEnd(last=False):
                self._shown = 0
            case Restart(kept=kept) if len(kept) != self._shown:
                raise ValueError("chunks cannot take back what was shown: relay a restart as events or text")
        return [block for one in self._one_reply.feed(event) for block in self._encoder.feed(one)]

    def fail(self, failure: Told) -> list[bytes]:
        return self._encoder.fail(ApiError(failure.message, code=failure.code, error_type=failure.kind))


class EventsForm:
    """Every event under its type, as `to_json` writes it, with an id that counts from 1."""

    def __init__(self) -> None:
        self._number = 0

    def feed(self, event: Event) -> list[bytes]:
        return [self._block(event.type, to_json(event))]

    def fail(self, failure: Told) -> list[bytes]:
        form: dict[str, Any] = {"type": "error", "kind": failure.kind, "message": failure.message}
        form |= {"code": failure.code} if failure.code else {}
        return [self._block("error", json.dumps(form | {"retryable": failure.retryable}).encode())]

    def _block(self, event: str, data: bytes) -> bytes:
        self._number += 1
        return frame(data, event, str(self._number))


class TextForm:
    """The text of the first choice in events without a name, which are all that simple readers look at."""

    def __init__(self) -> None:
        self._after_cr = False
        self._said = Transcript()

    def feed(self, event: Event) -> list[bytes]:
        text = self._said.feed(event)
        match event:
            case Restart():
                self._after_cr = False
                return [frame(self._said.text, "restart")]
            case Reply(outcome=outcome):
                return [frame(outcome, "end")]
        if not text:
            return []
        shown = text[1:] if self._after_cr and text.startswith("\n") else text  # a line end cut in two is one
        self._after_cr = text.endswith("\r")
        return [frame(shown)] if shown else []

    def fail(self, failure: Told) -> list[bytes]:
        return [frame(failure.message, "error")]


FORMS: dict[str, Callable[[], Form]] = {"openai": OpenAIForm, "events": EventsForm, "text": TextForm}
