"""The dialect of Anthropic's Messages API: events for a message, its content blocks one after the other, and its
end."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

from ...errors import BrokenError, MalformedError, StreamkitError
from ...events import BlockEnd, Event, Finish, RefusalDelta, TextDelta, UsageUpdate
from ...reasons import meaning
from ...wording import excerpt
from ..fields import Chunk, object_in, text_field, unread_field
from ..json_codec import quote_json
from ..problems import api_error, find, may_report
from ..templates import Places
from .blocks_dialect import BlocksDialect
from .usage import ANSWER, NAMES, updated_report, usage_from

__all__ = ["AnthropicMessages", "is_message"]

LEVELS = ("content", "content_block", "delta", "message", "usage")
"""Fields whose members are examined one by one."""
SILENT = NAMES | {"id", "index", "role", "type"}


class AnthropicMessages(BlocksDialect):
    """The dialect of ``/v1/messages``; `finished` with a stop reason. All events belong to choice 0."""

    places = Places(("delta", "text"))

    def __init__(self, request_id: str | None = None) -> None:
        super().__init__(request_id)
        self._stopped = False
        self._container = ""  # the id of the container in which the server's code runs
        self._cut_in_block = False  # true if the reply ended inside a block
        self._report: Chunk = {}  # all figures so far, under the server's names

    def quick(self, chunk: Any) -> TextDelta | None:
        try:
            delta = chunk["delta"]
            text = delta["text"]
            if (
                chunk["index"] == self._text_block
                and type(text) is str
                and text
                and delta["type"] == "text_delta"
                and chunk["type"] == "content_block_delta"
                and self._halves is None
                and not self.word
                and self.complaint is None
                and not may_report(chunk)
            ):
                return TextDelta(text, raw=chunk)
        except (KeyError, TypeError, AttributeError):
            pass
        return None

    @property
    def finished(self) -> bool:
        return self.done or self._stopped

    @property
    def opened(self) -> bool:
        return self.done or self.started

    def flush(self) -> Iterable[Event]:
        if self.done:  # an end without its own event
            self._check_end()
        calls = [] if self._cut_in_block else self._end_calls(self._calls, self._calls.settle(), 0, None)
        return [*self._release(), *calls]

    def verdict(self) -> StreamkitError | None:
        cut = BrokenError("the server ended the reply before the end of a block", retryable=not self.said)
        return super().verdict() or (cut if self._cut_in_block else None)

    def _read(self, chunk: Chunk, name: str, out: list[Event]) -> None:
        kind = _kind(chunk, name)
        reader = READERS.get(kind)
        problem = find(chunk, bare=reader is None)
        if problem is not None or kind == "error":
            raise problem or api_error(chunk)
        if reader is not None:
            reader(self, chunk, out)
        elif not kind:
            self._note_complaint(chunk)

    def _unread(self, chunk: Chunk, name: str) -> str | None:
        """The first field with unread content, if the chunk is of a known kind."""
        if _kind(chunk, name) not in READERS:
            return super()._unread(chunk, name)
        figures = (self._usage.raw if self._usage else None) or {}
        known = {"stop_reason": self._ended_by, "model": self.model, "signature": self._signature}
        return unread_field(chunk, LEVELS, SILENT, {**known, **figures})

    def _start(self, chunk: Chunk, out: list[Event]) -> None:
        """The beginning of a message. Its figures for the answer are ignored: the answer is not written yet."""
        self._message(object_in(chunk, "message"), ANSWER, chunk, out)

    def _whole(self, chunk: Chunk, out: list[Event]) -> None:
        self._message(chunk, (), chunk, out)
        self._end(chunk, chunk, out)
        self._stop(chunk, out)

    def _message(self, message: Chunk, without: tuple[str, ...], chunk: Chunk, out: list[Event]) -> None:
        self._begin(message, chunk, out, content=True)
        blocks = message.get("content") or []
        if not isinstance(blocks, list):
            raise MalformedError(f"the content of a message is not a list: {quote_json(blocks)}")
        for block in blocks:
            self._open({"content_block": block}, chunk, out)
            self._close(self._blocks.index_in({}), chunk, out)
        self._note_container(message, chunk, out)
        self._count(message.get("usage"), chunk, out, without)

    def _block_start(self, chunk: Chunk, out: list[Event]) -> None:
        self._begin({}, chunk, out, content=True)
        self._open(chunk, chunk, out)

    def _block_delta(self, chunk: Chunk, out: list[Event]) -> None:
        self._begin({}, chunk, out, content=True)
        self._grow(self._blocks.index_in(chunk), object_in(chunk, "delta"), chunk, out)

    def _block_stop(self, chunk: Chunk, out: list[Event]) -> None:
        self._close(self._blocks.index_in(chunk), chunk, out)

    def _message_delta(self, chunk: Chunk, out: list[Event]) -> None:
        self._begin({}, chunk, out, content=True)
        self._note_container(object_in(chunk, "delta"), chunk, out)
        self._end(object_in(chunk, "delta"), chunk, out)

    def _note_container(self, form: Chunk, chunk: Chunk, out: list[Event]) -> None:
        """Note the container of code that the server runs: the next request of the round names it, else the code that
        made a call cannot go on. It is the end of a block without a beginning."""
        container = form.get("container")
        id = container.get("id") if isinstance(container, dict) else None
        if isinstance(id, str) and id and id != self._container:
            self._container = id
            out.append(BlockEnd("container", id, form={"container": id}, raw=chunk))

    def _end(self, form: Chunk, chunk: Chunk, out: list[Event]) -> None:
        """The stop reason in ``form``, if there is one, and the figures beside it."""
        reason, problem = text_field(form, "stop_reason"), None
        if reason and meaning(reason) != "unfinished":
            if not self._stopped:
                problem = self._finish(reason, form, chunk, out)
            elif meaning(reason) != meaning(self._ended_by or ""):  # the first stop reason counts
                self.warn(f"the reply ended twice: {excerpt(self._ended_by or '')}, then {excerpt(reason)}")
        self._count(chunk.get("usage"), chunk, out)
        if problem is not None:
            raise problem

    def _finish(self, reason: str, form: Chunk, chunk: Chunk, out: list[Event]) -> StreamkitError | None:
        problem = self._ends(reason)
        self._emit_explanation(form, chunk, out)
        if problem is None:
            self._stopped = True
            for index in self._blocks.open_ones():
                self._close(index, chunk, out, whole=meaning(reason) == "complete")
            out += self._release()
            out.append(Finish(reason, raw=chunk))
        return problem

    def _emit_explanation(self, form: Chunk, chunk: Chunk, out: list[Event]) -> None:
        """Emit the server's own explanation of a refusal, after the text of the model."""
        details = form.get("stop_details")
        if isinstance(details, dict) and details.get("type") == "refusal":
            self._say(RefusalDelta, text_field(details, "explanation"), 0, chunk, out)

    def _stop(self, chunk: Chunk, out: list[Event]) -> None:
        self._count(chunk.get("usage"), chunk, out)
        out += self._release()
        self.done = True
        self._check_end()

    def _check_end(self) -> None:
        """Warn of an end without a stop reason: such a reply counts as whole, unless a block is open."""
        if not self._stopped:
            self._cut_in_block = any(True for _ in self._blocks.open_ones())
            self.warn("the server ended the reply without a stop reason")

    def _completion(self, chunk: Chunk, out: list[Event]) -> None:
        """A piece of a reply of the API before this one, ``/v1/complete``."""
        self._begin(chunk, chunk, out, content=True)
        self._piece(TextDelta, text_field(chunk, "completion"), -1, chunk, out)
        self._end(chunk, chunk, out)

    def _ping(self, chunk: Chunk, out: list[Event]) -> None:
        pass

    def _count(self, report: Any, chunk: Chunk, out: list[Event], without: Collection[str] = ()) -> None:
        if not isinstance(report, dict):
            return
        figures = {name: value for name, value in report.items() if name not in without}
        updated = updated_report(self._report, figures, self.warn)
        if updated == self._report:
            return
        self._report, usage = updated, usage_from(updated, self.warn)
        if usage is not None:
            self._usage = usage
            out.append(UsageUpdate(usage, raw=chunk))


READERS: dict[str, Callable[[AnthropicMessages, Chunk, list[Event]], None]] = {
    "message_start": AnthropicMessages._start,
    "content_block_start": AnthropicMessages._block_start,
    "content_block_delta": AnthropicMessages._block_delta,
    "content_block_stop": AnthropicMessages._block_stop,
    "message_delta": AnthropicMessages._message_delta,
    "message_stop": AnthropicMessages._stop,
    "message": AnthropicMessages._whole,
    "completion": AnthropicMessages._completion,
    "ping": AnthropicMessages._ping,
}


def is_message(form: Chunk) -> bool:
    """True if an object is a chunk of this dialect, or a whole message. Servers of other APIs send pings as well, so a
    ping is not enough."""
    kind = _kind(form, "")
    if kind == "error":
        return isinstance(form.get("error"), dict)
    return kind in READERS and kind != "ping"


def _kind(chunk: Chunk, name: str) -> str:
    kind = chunk.get("type")
    if kind is None and isinstance(chunk.get("content"), list) and "stop_reason" in chunk:
        return "message"  # a whole message, of a gateway that leaves the type out
    if kind == "message" and "content" not in chunk:  # a message of the server, not a reply
        return ""
    return kind if isinstance(kind, str) else name
