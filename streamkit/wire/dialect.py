"""The base class of all dialects: a stage from `ServerSentEvent` to events.

A chunk is read into a list, and the list is delivered even if the chunk turns out to hold an error: content beside an
error is content nevertheless.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic_core import from_json

from ..errors import ApiError, BrokenError, MalformedError, StreamkitError
from ..events import (
    CONTENT,
    Event,
    Origin,
    Other,
    ReasoningDelta,
    RefusalDelta,
    Start,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    Usage,
    UsageUpdate,
)
from ..reasons import may_pass, meaning
from ..wording import excerpt
from .calls import Calls
from .chunk_reader import ChunkReader
from .fragments import Fragment
from .heartbeats import bare_word, is_bare, is_comment, is_end, is_heartbeat
from .json_codec import load_slowly
from .merging import merged
from .partial_call import PartialCall
from .problems import complaint, error_object
from .sse import ServerSentEvent
from .surrogates import Field, SurrogateHalves
from .usage import update_usage

__all__ = ["Dialect"]

DONE = "[DONE]"
MOST_WARNINGS = 16


class Dialect(ChunkReader):
    """Reads the chunks of one API.

    Attributes:
        done: the server said that nothing follows: stop reading.
        finished: `done`, or every choice that the server opened has a finish reason.
        started: the reply has begun: its `Start` was made.
        id, model: the first ones that were not empty.
        request_id: that of the HTTP response, if known.
        origin: the server and the model that were asked, if known.
        warnings: notes on doubtful data, each once.
        word: a bare word in place of a chunk. If a chunk follows, or the end that the server announces, it was there
            to keep the connection open; else its meaning is unknown.
        complaint: a chunk that may be an error. It is one if no content follows it, nor a finish reason.
        stranger: the first chunk of an unknown kind.
        whole_documents: true if a reply that came as one JSON document is whole without a finish reason.
    """

    whole_documents = True

    def __init__(self, request_id: str | None = None) -> None:
        super().__init__()
        self.done = False
        self.id = self.model = ""
        self.started = False
        self.request_id = request_id
        self.origin: Origin | None = None
        self.warnings: dict[str, None] = {}
        self.word = ""
        self.complaint: ApiError | None = None
        self.stranger: dict[str, Any] | None = None
        self._usage: Usage | None = None
        self._ended_by: str | None = None  # the first finish reason among all choices
        self._halves: SurrogateHalves | None = None
        self._held = False  # true if the current chunk brought something that is emitted later

    @property
    def finished(self) -> bool:
        return self.done

    @property
    @abstractmethod
    def opened(self) -> bool:
        """True if there was anything that makes a reply, even an empty one."""

    @property
    @abstractmethod
    def said(self) -> bool:
        """True if there was content, of a known or an unknown kind."""

    def warn(self, doubt: str) -> None:
        """Add a note on doubtful data to the warnings of the Reply."""
        if len(self.warnings) < MOST_WARNINGS:
            self.warnings[doubt] = None

    def verdict(self) -> StreamkitError | None:
        """The error of a reply that the server considers whole, if it is not; else None."""
        if self.complaint and self._ended_by is None:
            return self.complaint
        if self.said or (self._ended_by and self._usage and self._usage.completion_tokens):
            return None  # tokens without any text are those of thinking that is not shown
        if self._ended_by is None:
            return BrokenError("the server ended the reply before it said anything", retryable=True)
        if meaning(self._ended_by) == "length":
            return ApiError(f"the reply was cut before its first word: {excerpt(self._ended_by)}", code=self._ended_by)
        return None

    def feed(self, sse: ServerSentEvent) -> Iterable[Event]:
        """The events of one server-sent event."""
        data = sse.data.strip()
        if self.done or not data:
            return self.feed_object(None, "error") if sse.event == "error" and not self.done else ()
        if data == DONE:
            self.done = True
            return self.flush()
        if is_comment(data):
            return ()
        if is_heartbeat(sse.event):
            return self._heartbeat(sse)
        if sse.damaged:
            raise MalformedError(f"not UTF-8: {excerpt(data)}")
        return self.feed_object(self._load(sse), "" if sse.event == "message" else sse.event)

    def _heartbeat(self, sse: ServerSentEvent) -> Iterable[Event]:
        """The events of data that came under the name of a heartbeat: none, unless it is a chunk after all."""
        try:
            chunk = self._load(sse)
        except MalformedError:
            return ()
        return self.feed_object(chunk, sse.event) if isinstance(chunk, dict) and not is_bare(chunk) else ()

    def feed_body(self, body: Any) -> Iterable[Event]:
        """The events of a reply that came as one JSON object instead of a stream."""
        return self._events(body, "")

    @abstractmethod
    def flush(self) -> Iterable[Event]:
        """The events held back until the end: halves of characters, and calls that only the end completes."""

    @abstractmethod
    def _read(self, chunk: dict[str, Any], name: str, out: list[Event]) -> None:
        """Append the events of ``chunk`` to ``out``; they are delivered even if this raises a `StreamkitError`."""

    def _events(self, chunk: Any, name: str) -> Iterator[Event]:
        self._templates.drop()
        if type(chunk) is not dict:
            word = bare_word(chunk) if name != "error" else ""
            if word:
                self.word, self.done = word, is_end(word)
                yield from self.flush() if self.done else ()
                return
            chunk = error_object(chunk, name)
        self.word = ""
        out: list[Event] = []
        self._held = False
        try:
            self._read(chunk, name, out)
        except StreamkitError:
            yield from out
            raise
        if self.complaint and any(type(event) in CONTENT for event in out):
            self.complaint = None
        if not out and not self._held:
            unread = self._unread(chunk, name)
            if unread is not None and not (is_heartbeat(unread) and is_bare(chunk)):
                self.stranger = self.stranger or chunk
                out.append(Other(unread, raw=chunk))
        yield from out

    def _unread(self, chunk: dict[str, Any], name: str) -> str | None:
        """The name of the `Other` for a chunk of which no event came; None if the chunk says nothing new.

        This default never returns None. A dialect that knows chunks which say nothing new (the end of a block, an
        announcement, a repetition) returns None for these, and its name for content without an event of its own.
        """
        kind = chunk.get("type")
        return name or (kind if isinstance(kind, str) else "")

    def _load(self, sse: ServerSentEvent) -> Any:
        try:
            return from_json(sse.data)
        except ValueError:
            pass
        try:
            value = load_slowly(sse.data)
        except MalformedError:
            if sse.event == "error":
                return {"error": sse.data}
            if bare_word(sse.data):
                return sse.data
            raise
        self.expect_halves()
        return value

    def expect_halves(self) -> None:
        """Expect characters that are cut in two from now on: only such streams pay for joining them."""
        if self._halves is None:
            self._halves = SurrogateHalves()
            self._templates.drop()

    def _begin(self, source: dict[str, Any], chunk: dict[str, Any], out: list[Event], *, content: bool = False) -> None:
        """Note id and model; the first chunk that has one of them or content starts the reply."""
        id, model = source.get("id"), source.get("model")
        self.id = self.id or (id if isinstance(id, str) else "")
        self.model = self.model or (model if isinstance(model, str) else "")
        if not self.started and (content or self.id or self.model):
            self.started, self.complaint = True, None
            out.append(Start(self.id, self.model, self.request_id, origin=self.origin, raw=chunk))

    def _note_complaint(self, chunk: dict[str, Any]) -> None:
        """Keep a chunk that may be an error as the complaint, in case no content follows."""
        if self._ended_by is None:
            self.complaint = self.complaint or complaint(chunk, amid=self.said)

    def _report_usage(
        self, report: Any, chunk: dict[str, Any], out: list[Event], form: dict[str, Any] | None = None
    ) -> None:
        """Emit new token figures. ``form`` is what ``report`` is in, if that is not ``chunk`` itself: it has the
        service tier in OpenAI's APIs."""
        if not isinstance(report, dict):
            return
        usage = update_usage(self._usage, report, self.warn, chunk if form is None else form)
        if usage is not None and usage is not self._usage:
            self._usage = usage
            out.append(UsageUpdate(usage, raw=chunk))

    def _say(
        self,
        kind: type[TextDelta] | type[ReasoningDelta] | type[RefusalDelta],
        text: str,
        index: int,
        chunk: dict[str, Any],
        out: list[Event],
    ) -> None:
        text = self._whole_characters((kind, index, None), text)
        if text:
            out.append(kind(text, index, raw=chunk))

    def _grow_call(
        self, calls: Calls, call: PartialCall, index: int, piece: Fragment, chunk: dict[str, Any], out: list[Event]
    ) -> None:
        call.add(piece.id, piece.name, self._whole_characters((ToolCallDelta, index, call), piece.arguments))
        if piece.extra is not None and not call.ended:
            call.extra = merged(call.extra, piece.extra)
            self._held = True
        event = calls.news(call, index, chunk)
        if event is not None:
            out.append(event)
        elif piece.arguments or (call.waits and (piece.id or piece.name)):
            self._held = self._held or not (call.ended or call.arguments.closed)

    def _end_calls(
        self, calls: Calls, ended: list[PartialCall], index: int, chunk: dict[str, Any] | None
    ) -> list[ToolCallDelta | ToolCall]:
        """The events that end some of ``calls``, with the halves of characters that were still waiting."""
        out: list[ToolCallDelta | ToolCall] = []
        for call in ended:
            if self._halves is not None:
                call.arguments.feed(self._halves.take((ToolCallDelta, index, call)))
            out += calls.end(call, index, chunk)
        return out

    def _ends(self, reason: str) -> ApiError | None:
        """Note a finish reason. Returns the error, if it is the word for a failure of the server."""
        self._ended_by = self._ended_by or reason
        category = meaning(reason)
        if category == "unknown":
            self.warn(f"unknown finish reason {excerpt(reason)!r}, taken for a whole reply")
        if category != "failed":
            return None
        return ApiError(f"the server ended the reply: {excerpt(reason)}", code=reason, retryable=may_pass(reason))

    def _whole_characters(self, field: Field, text: str) -> str:
        """``text`` in whole characters: with the half that waited for it, and without a half at its end, which waits
        now."""
        if self._halves is None or not text:
            return text
        text = self._halves.join(field, text)
        self._held = self._held or self._halves.waits(field)
        return text

    def _release(self, index: int | None = None) -> list[Event]:
        """Events of text for the halves whose other half never came, of one choice or of all."""
        return self._halves.take_text(index) if self._halves is not None else []
