"""The dialect and the definition of Ollama's own API.

A reply is one JSON object per line, each with a piece of the message; the last one (``done``) has the finish reason and
the token figures. Calls come whole. Replies of ``/api/generate`` are read as well: they have the text at the top level.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from ...errors import ApiError, MalformedError
from ...events import Event, File, Finish, LogprobsDelta, Other, ReasoningDelta, Reply, TextDelta, UsageUpdate
from ..access import Access
from ..api import Api, Form, OwnMessages, Writer
from ..calls import Calls
from ..dialect import Dialect
from ..fields import text_field, unread_field
from ..fragments import Fragment, fragment
from ..framing import LINES
from ..json_codec import quote_json
from ..problems import find, may_report
from ..templates import Places
from ..usage import merge_usage
from .ask import body, prompt, tool, with_format
from .history import further_fields, is_own, plain, to_chat

__all__ = ["CHAT", "Ollama"]

FIGURES = ("prompt_eval_count", "eval_count")
SILENT = frozenset({
    "created_at", "done", "remote_model", "remote_host", "role", "completed", "total",
    "total_duration", "load_duration", "prompt_eval_duration", "eval_duration", *FIGURES,
})  # fmt: skip
"""Fields that are not content by themselves, or that have been read. ``/api/generate`` also reports the progress of an
image."""

NOT_IN_IDS = re.compile(r"[^0-9A-Za-z]+")


class Ollama(Dialect):
    """The dialect of ``/api/chat``; `finished` with the object that says ``done``."""

    whole_documents = False
    places = Places(("message", "content"), ("created_at",))

    def __init__(self, request_id: str | None = None) -> None:
        super().__init__(request_id)
        self._calls = Calls("ollama")
        self._opened = self._has_content = False

    @property
    def opened(self) -> bool:
        return self._opened

    @property
    def said(self) -> bool:
        return self._has_content

    def quick(self, chunk: Any) -> TextDelta | None:
        try:
            message = chunk["message"]
            text = message["content"]
            if (
                type(text) is str
                and text
                and chunk["done"] is False
                and (len(message) == 1 or (len(message) == 2 and "role" in message))
                and self._has_content
                and self._halves is None
                and not self.word
                and self.complaint is None
                and not may_report(chunk)
                and "logprobs" not in chunk
            ):
                return TextDelta(text, raw=chunk)
        except (KeyError, TypeError):
            pass
        return None

    def flush(self) -> Iterable[Event]:
        return [*self._release(), *self._end_open_calls(None)]

    def _read(self, chunk: Form, name: str, out: list[Event]) -> None:
        message = _message_of(chunk)
        ended = chunk.get("done") is True
        problem = find(chunk, bare=message is None)
        self._begin(chunk, chunk, out, content=message is not None)
        self._opened = self._opened or ended or message is not None
        if message is not None:
            self._content(message, chunk, out)
        else:
            self._note_complaint(chunk)
        if ended and problem is None:
            problem = self._end(chunk, out)
        self._emit_usage(chunk, out)
        if problem is not None:
            raise problem
        self.done = ended

    def _content(self, message: Form, chunk: Form, out: list[Event]) -> None:
        before = len(out)
        self._say(ReasoningDelta, text_field(message, "thinking"), 0, chunk, out)
        self._say(TextDelta, text_field(message, "response" if message is chunk else "content"), 0, chunk, out)
        calls = message.get("tool_calls") or ()
        if not isinstance(calls, (list, tuple)):
            raise MalformedError(f"tool_calls are not a list: {quote_json(calls)}")
        for entry in calls:
            self._call(entry, chunk, out)
        out += _images(message, chunk)
        logprobs = chunk.get("logprobs")
        if isinstance(logprobs, list) and logprobs:  # each entry has the form of chat completions
            out.append(LogprobsDelta({"content": logprobs}, raw=chunk))
        self._has_content = self._has_content or self._held or len(out) > before

    def _call(self, entry: Any, chunk: Form, out: list[Event]) -> None:
        """Emit a call, or a piece of one. Calls come whole, except from other servers with this API, which send pieces
        with an index or an id. A call without an id gets one that no other call of this reply has."""
        piece, in_pieces = _entry(entry)
        call = self._calls.find(piece) if in_pieces else self._calls.open()
        id = piece.id or call.id or self._generated_id(call.position, chunk)
        if in_pieces:
            self._grow_call(self._calls, call, 0, replace(piece, id=id), chunk, out)
            out += self._end_calls(self._calls, self._calls.take_closed(), 0, chunk)
        else:
            call.add(id, piece.name, piece.arguments or "{}")
            call.extra = further_fields(entry) or None
            out += self._end_calls(self._calls, [call], 0, chunk)

    def _generated_id(self, position: int, chunk: Form) -> str:
        """An id that no call of another reply has either: chunks have the time when they were made, in nanoseconds."""
        created = NOT_IN_IDS.sub("", text_field(chunk, "created_at")[:64])
        return f"{self.id}-{position}" if self.id else f"call_{created}_{position}" if created else f"call_{position}"

    def _end(self, chunk: Form, out: list[Event]) -> ApiError | None:
        reason = text_field(chunk, "done_reason") or "stop"  # some servers end without a reason
        problem = self._ends(reason)
        out += self._release()
        out += self._end_open_calls(chunk)
        if problem is None:
            out.append(Finish(reason, raw=chunk))
        return problem

    def _emit_usage(self, chunk: Form, out: list[Event]) -> None:
        """Emit new token figures. Servers that had the whole prompt in their cache leave out its figure."""
        report = dict(zip(("prompt_tokens", "completion_tokens"), map(chunk.get, FIGURES), strict=True))
        usage = merge_usage(self._usage, report, self.warn)
        if usage is not None and usage is not self._usage:
            prompt, answer = usage.prompt_tokens, usage.completion_tokens
            total = None if prompt is None or answer is None else prompt + answer
            raw = {name: chunk[name] for name in FIGURES if name in chunk}
            self._usage = replace(usage, total_tokens=total, raw=raw)
            out.append(UsageUpdate(self._usage, raw=chunk))

    def _unread(self, chunk: Form, name: str) -> str | None:
        """The first field with unread content, if there is one; an empty piece and the progress of an image have
        none."""
        if type(chunk.get("done")) is not bool and _message_of(chunk) is None:
            return super()._unread(chunk, name)
        return unread_field(chunk, ("message",), SILENT, {"model": self.model})

    def _end_open_calls(self, chunk: Form | None) -> Iterable[Event]:
        """The events that end the calls which came in pieces. A call without any piece of arguments has none."""
        calls = self._calls.settle()
        for call in calls:
            if call.arguments.blank:
                call.add("", "", "{}")
        return self._end_calls(self._calls, calls, 0, chunk)


def _message_of(chunk: Form) -> Form | None:
    """The object with the text of a chunk: its message, or the chunk itself; None where there is neither."""
    message = chunk.get("message")
    if isinstance(message, dict):
        return message
    if "done" not in chunk:  # not a chunk of this API: the message, if there is one, may be that of an error
        return None
    if message is not None:
        raise MalformedError(f"a message is not an object: {quote_json(message)}")
    return chunk if "response" in chunk or "thinking" in chunk else None


def _entry(entry: Any) -> tuple[Fragment, bool]:
    """A call, and true if it may be a piece of one. Arguments that are not an object pass as text, so that the code
    which runs the tool sees what is wrong with them."""
    function = entry.get("function") if isinstance(entry, dict) else None
    arguments = function.get("arguments") if isinstance(function, dict) else None
    if isinstance(function, dict) and isinstance(arguments, (bool, int, float)):
        entry = {**entry, "function": {**function, "arguments": quote_json(arguments)}}
    piece = fragment(entry)
    return piece, isinstance(arguments, str) and (piece.index is not None or bool(piece.id))


def _images(message: Form, chunk: Form) -> Iterator[File | Other]:
    """The images of a message, which go back with it, and the single one of ``/api/generate``, which does not."""
    for name in ("images", "image"):
        value = message.get(name)
        if isinstance(value, str) and value:
            yield File("image", data=value, raw=chunk)
        elif isinstance(value, list) and value and all(isinstance(one, str) for one in value):
            yield from (File("image", data=one, form={"images": [one]}, raw=chunk) for one in value)
        elif value:
            yield Other(name, raw=chunk)


def _owns(form: Form) -> bool:
    return type(form.get("done")) is bool and not form.keys().isdisjoint(("message", "response", "created_at"))


# -- the API -----------------------------------------------------------------------------------------------------------


def _writer(model: str, id: str, created: int) -> Writer:
    from .encode import OllamaWriter  # needed to serve replies only

    return OllamaWriter(model, id, created)


def _whole(reply: Reply) -> Form:
    from .encode import ollama_body

    return ollama_body(reply)


CHAT = Api(
    name="ollama",
    dialect=Ollama,
    writer=_writer,
    whole=_whole,
    owns=_owns,
    access=Access(
        address="http://localhost:11434",
        keys=("OLLAMA_API_KEY",),
        addresses=("OLLAMA_HOST",),
        spare=("/api", "/v1"),
        needs_key=False,
        bare_hosts=True,
    ),
    path="api/chat",
    framing=LINES,
    streams=True,
    body=body,
    tool=tool,
    choice=lambda name: {"type": "function", "function": {"name": name}},  # refused like any other choice
    format=with_format,
    prompt=prompt,
    required={"messages": (list,)},
    error=lambda status, error: {"error": error.get("message")},
    own=OwnMessages(is_own=is_own, plain=plain, movable=plain, to_chat=to_chat),
)
