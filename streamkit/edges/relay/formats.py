"""The formats of a relayed reply: three forms of an event stream, each a stage from events to blocks of bytes."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Protocol

from ...errors import ApiError, StreamkitError
from ...events import Event, Reply, Restart, RoundEnd, Start, TextDelta
from ...json_form import to_json
from ...stages import Transcript
from ...turns import FromModel
from ...wire import Encoder, frame
from .one_reply import OneReply

__all__ = ["FORMS", "Form", "PublicFailure", "public_failure"]

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
class PublicFailure:
    """The part of a failure that is sent to the client."""

    kind: str
    message: str
    code: str | None = None
    retryable: bool = False


def public_failure(error: Exception) -> PublicFailure:
    """The public part of ``error``: a fixed sentence for each kind, because messages name hosts, accounts and parts of
    the request that a server repeats. For failures on this side (a sink, a bug) it says only that there was one."""
    sentence = SENTENCES.get(error.kind) if isinstance(error, StreamkitError) else None
    if not isinstance(error, StreamkitError) or sentence is None:
        return PublicFailure("relay", "the relay failed")
    code = str(error.code if isinstance(error, ApiError) else error.status)
    is_public = code != "None" and CODE.fullmatch(code)
    return PublicFailure(error.kind, sentence, code if is_public else None, error.retryable)


class Form(Protocol):
    """``feed`` gives the blocks of an event; a `Reply` ends the stream, and so does ``fail``."""

    def feed(self, event: Event, /) -> Iterable[bytes]: ...
    def fail(self, failure: PublicFailure, /) -> Iterable[bytes]: ...


class OpenAIForm:
    """Chunks of chat completions."""

    def __init__(self) -> None:
        self._encoder = Encoder(created=int(time.time()))
        self._one_reply = OneReply()
        self._sent = 0  # characters of text in this round

    def feed(self, event: Event) -> list[bytes]:
        match event:
            case TextDelta(text=text, index=0):
                self._sent += len(text)
            case RoundEnd(last=False):
                self._sent = 0
            case Restart(kept=kept) if len(kept) != self._sent:
                raise ValueError("chunks cannot take back what was shown: relay a restart as events or text")
        return [block for one in self._one_reply.feed(event) for block in self._encoder.feed(one)]

    def fail(self, failure: PublicFailure) -> list[bytes]:
        return self._encoder.fail(ApiError(failure.message, code=failure.code, error_type=failure.kind))


class EventsForm:
    """Every event under its type, as `to_json` writes it, with an id that counts from 1. A Reply comes without headers
    and rate limits, which are of the account that asked the model, and origins without their host."""

    def __init__(self) -> None:
        self._number = 0

    def feed(self, event: Event) -> list[bytes]:
        return [self._block(event.type, to_json(_public(event)))]

    def fail(self, failure: PublicFailure) -> list[bytes]:
        form: dict[str, Any] = {"type": "error", "kind": failure.kind, "message": failure.message}
        form |= {"code": failure.code} if failure.code else {}
        return [self._block("error", json.dumps(form | {"retryable": failure.retryable}).encode())]

    def _block(self, event: str, data: bytes) -> bytes:
        self._number += 1
        return frame(data, event, str(self._number))


def _public(event: Event) -> Event:
    if isinstance(event, Reply):
        event = replace(event, headers={}, rate_limits=None, earlier=tuple(map(_without_host, event.earlier)))
    if isinstance(event, (Start, Reply)) and event.origin is not None:
        event = replace(event, origin=replace(event.origin, host=""))
    return event


def _without_host(message: Any) -> Any:
    if not isinstance(message, FromModel):
        return message
    return FromModel(dict(message), replace(message.origin, host=""), message.reply, message.request)


class TextForm:
    """The text of the first choice in events without a name, the only ones that simple readers use."""

    def __init__(self) -> None:
        self._after_cr = False
        self._transcript = Transcript()

    def feed(self, event: Event) -> list[bytes]:
        text = self._transcript.feed(event)
        match event:
            case Restart():
                self._after_cr = False
                return [frame(self._transcript.text, "restart")]
            case Reply(outcome=outcome):
                return [frame(outcome, "end")]
        if not text:
            return []
        sent = text[1:] if self._after_cr and text.startswith("\n") else text  # a line end may be cut in two
        self._after_cr = text.endswith("\r")
        return [frame(sent)] if sent else []

    def fail(self, failure: PublicFailure) -> list[bytes]:
        return [frame(failure.message, "error")]


FORMS: dict[str, Callable[[], Form]] = {"openai": OpenAIForm, "events": EventsForm, "text": TextForm}
