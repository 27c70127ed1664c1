"""Events of Anthropic's Messages API to our own: a message, its content blocks one after the other, and its end."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from ..errors import MalformedError
from ..events import Event, Finish, Other, ReasoningDelta, RefusalDelta, TextDelta, Usage, UsageUpdate
from ..stages.reasons import meaning
from .call import Call
from .calls import Calls
from .dialect import Dialect, text_field
from .forms import Chunk, object_in
from .fragments import Fragment, text_of
from .loads import shown
from .problems import api_error, find, may_report
from .usage import figure

__all__ = ["Messages", "is_message"]

PROMPT = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
"""What the prompt consists of: that which no cache had, that which one keeps from now on, and that which one had."""
ANSWER = ("output_tokens", "output_tokens_details")
DELTAS = {"text_delta": "text", "thinking_delta": "thinking", "input_json_delta": "partial_json"}
"""Where a piece of a block has what it says."""


@dataclass(slots=True)
class _Block:
    """A content block that is open: its call, if it is one, with the input that came with its beginning."""

    call: Call | None = None
    input: str = ""


class Messages(Dialect):
    """The dialect of ``/v1/messages``; `finished` with a stop reason. All events belong to choice 0."""

    def __init__(self, request_id: str | None = None) -> None:
        super().__init__(request_id)
        self._calls = Calls()
        self._blocks: dict[int, _Block] = {}
        self._last = -1  # the block that a chunk means which does not say
        self._flowing: Any = object()  # the block of which a text was last: none yet
        self._spoke = self._stopped = False
        self._report: Chunk = {}  # all figures so far, by the server's names

    def quick(self, chunk: Any) -> TextDelta | None:
        try:
            delta = chunk["delta"]
            text = delta["text"]
            if (
                chunk["index"] == self._flowing
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

    @property
    def said(self) -> bool:
        return self._spoke or bool(self._calls.calls)

    def flush(self) -> Iterable[Event]:
        return [*self._release(), *self._end_calls(self._calls, self._calls.settle(), 0, None)]

    def _read(self, chunk: Chunk, name: str, out: list[Event]) -> None:
        kind = _kind(chunk, name)
        reader = READERS.get(kind)
        problem = find(chunk, bare=reader is None)
        if problem is not None or kind == "error":
            raise problem or api_error(chunk)
        if reader is not None:
            reader(self, chunk, out)
        elif not kind:
            self._hear(chunk)

    def _unread(self, chunk: Chunk, name: str) -> str | None:
        return None if _kind(chunk, name) in READERS else super()._unread(chunk, name)

    def _start(self, chunk: Chunk, out: list[Event]) -> None:
        """The beginning of a message. Its figures for the answer stand for nothing: that is not written yet."""
        self._message(object_in(chunk, "message"), ANSWER, chunk, out)

    def _whole(self, chunk: Chunk, out: list[Event]) -> None:
        self._message(chunk, (), chunk, out)
        self._end(chunk, chunk, out)
        self._stop(chunk, out)

    def _message(self, message: Chunk, without: tuple[str, ...], chunk: Chunk, out: list[Event]) -> None:
        self._begin(message, chunk, out, content=True)
        blocks = message.get("content") or []
        if not isinstance(blocks, list):
            raise MalformedError(f"the content of a message is no list: {shown(blocks)}")
        for block in blocks:
            self._open({"content_block": block}, chunk, out)
            self._close(self._last, chunk, out)
        usage = object_in(message, "usage")
        self._count({name: usage[name] for name in usage if name not in without}, chunk, out)

    def _block_start(self, chunk: Chunk, out: list[Event]) -> None:
        self._begin({}, chunk, out, content=True)
        self._open(chunk, chunk, out)

    def _open(self, place: Chunk, chunk: Chunk, out: list[Event]) -> None:
        form, kind = object_in(place, "content_block"), object_in(place, "content_block").get("type")
        index = self._last = _index(place, self._last + 1)
        self._close(index, chunk, out)
        block = self._blocks[index] = _Block()
        if kind == "text":
            self._piece(TextDelta, text_field(form, "text"), index, chunk, out)
            self._aside("citations_delta", form.get("citations"), chunk, out)
        elif kind == "thinking":
            self._piece(ReasoningDelta, text_field(form, "thinking"), index, chunk, out)
            self._aside("signature_delta", form.get("signature"), chunk, out)
        elif kind == "tool_use":
            block.call, block.input = self._calls.open(), text_of(form.get("input"))
            begun = Fragment(None, text_field(form, "id"), text_field(form, "name"), "")
            self._grow_call(self._calls, block.call, 0, begun, chunk, out)
        else:
            self._aside(kind if isinstance(kind, str) else "content_block_start", True, chunk, out)

    def _block_delta(self, chunk: Chunk, out: list[Event]) -> None:
        self._begin({}, chunk, out, content=True)
        form, index = object_in(chunk, "delta"), _index(chunk, self._last)
        kind = form.get("type")
        if not isinstance(kind, str):
            kind = next((kind for kind, field in DELTAS.items() if field in form), "")
        text = text_field(form, DELTAS[kind]) if kind in DELTAS else ""
        block = self._blocks.get(index)
        if kind == "text_delta":
            self._piece(TextDelta, text, index, chunk, out)
        elif kind == "thinking_delta":
            self._piece(ReasoningDelta, text, index, chunk, out)
        elif block is not None and block.call is not None and kind == "input_json_delta":
            self._grow_call(self._calls, block.call, 0, Fragment(None, "", "", text), chunk, out)
        else:  # of a block that has no event of its own
            self._aside(kind or "content_block_delta", text or kind not in DELTAS, chunk, out)

    def _block_stop(self, chunk: Chunk, out: list[Event]) -> None:
        self._close(_index(chunk, self._last), chunk, out)

    def _close(self, index: int, chunk: Chunk, out: list[Event]) -> None:
        block = self._blocks.pop(index, None)
        if block is not None and block.call is not None:
            if block.call.arguments.blank:
                block.call.add("", "", block.input or "{}")
            out += self._end_calls(self._calls, [block.call], 0, chunk)

    def _message_delta(self, chunk: Chunk, out: list[Event]) -> None:
        self._begin({}, chunk, out, content=True)
        self._end(object_in(chunk, "delta"), chunk, out)

    def _end(self, form: Chunk, chunk: Chunk, out: list[Event]) -> None:
        """The stop reason in ``form``, if there is one, and the figures beside it, which replace those before."""
        reason, problem = text_field(form, "stop_reason"), None
        if reason and not self._stopped and meaning(reason) != "unfinished":  # the first word for an end counts
            problem = self._ends(reason)
            self._refuse(form, chunk, out)
            if problem is None:
                self._stopped = True
                self._close_all(chunk, out)
                out.append(Finish(reason, raw=chunk))
        self._count(object_in(chunk, "usage"), chunk, out)
        if problem is not None:
            raise problem

    def _refuse(self, form: Chunk, chunk: Chunk, out: list[Event]) -> None:
        """What the server itself says of a refusal, after the words of the model."""
        details = form.get("stop_details")
        if isinstance(details, dict) and details.get("type") == "refusal":
            self._say(RefusalDelta, text_field(details, "explanation"), 0, chunk, out)

    def _close_all(self, chunk: Chunk, out: list[Event]) -> None:
        for index in list(self._blocks):
            self._close(index, chunk, out)
        out += self._release()

    def _stop(self, chunk: Chunk, out: list[Event]) -> None:
        self._close_all(chunk, out)
        self.done = True

    def _completion(self, chunk: Chunk, out: list[Event]) -> None:
        """A piece of a reply of the API before this one, ``/v1/complete``."""
        self._begin(chunk, chunk, out, content=True)
        self._piece(TextDelta, text_field(chunk, "completion"), -1, chunk, out)
        self._end(chunk, chunk, out)

    def _ping(self, chunk: Chunk, out: list[Event]) -> None:
        pass

    def _piece(
        self, kind: type[TextDelta] | type[ReasoningDelta], text: str, index: int, chunk: Chunk, out: list[Event]
    ) -> None:
        if text:
            self._spoke = True
            self._flowing = index if kind is TextDelta else self._flowing
            self._say(kind, text, 0, chunk, out)

    def _aside(self, name: str, there: Any, chunk: Chunk, out: list[Event]) -> None:
        """Content for which there is no event of our own, if it is ``there``."""
        if there:
            self._spoke = True
            out.append(Other(name, raw=chunk))

    def _count(self, report: Chunk, chunk: Chunk, out: list[Event]) -> None:
        """Figures so far. Each that is there replaces the one before; a prompt without a token is none."""
        told = {name: value for name, value in report.items() if value is not None}
        if not any(told.get(name) for name in PROMPT):
            told = {name: value for name, value in told.items() if name not in PROMPT}
        self._report = {**self._report, **told}
        if told and any(self._report.get(name) for name in (*PROMPT, *ANSWER)):
            usage = _usage(self._report, self.warn)
            if usage != self._usage:
                self._usage = usage
                out.append(UsageUpdate(usage, raw=chunk))


READERS: dict[str, Callable[[Messages, Chunk, list[Event]], None]] = {
    "message_start": Messages._start,
    "content_block_start": Messages._block_start,
    "content_block_delta": Messages._block_delta,
    "content_block_stop": Messages._block_stop,
    "message_delta": Messages._message_delta,
    "message_stop": Messages._stop,
    "message": Messages._whole,
    "completion": Messages._completion,
    "ping": Messages._ping,
}


def is_message(form: Chunk) -> bool:
    """Whether an object is a chunk of this dialect, or a whole message. Servers of other APIs send pings as well."""
    kind = form.get("type")
    if kind == "error":
        return isinstance(form.get("error"), dict)
    return isinstance(kind, str) and kind in READERS and kind != "ping" and (kind != "message" or "content" in form)


def _kind(chunk: Chunk, name: str) -> str:
    kind = chunk.get("type")
    if kind == "message" and "content" not in chunk:  # some words of a server, and no reply
        return ""
    return kind if isinstance(kind, str) else name


def _index(place: Chunk, otherwise: int) -> int:
    index = place.get("index")
    return index if isinstance(index, int) else otherwise


def _usage(report: Chunk, warn: Callable[[str], None]) -> Usage:
    prompt = [tokens for name in PROMPT if (tokens := figure(report, name, warn)) is not None]
    sent, made = sum(prompt) if prompt else None, figure(report, "output_tokens", warn)
    return replace(
        Usage(raw=report),
        prompt_tokens=sent,
        completion_tokens=made,
        total_tokens=None if sent is None or made is None else sent + made,
        cached_tokens=figure(report, "cache_read_input_tokens", warn),
        reasoning_tokens=figure(report, "output_tokens_details.thinking_tokens", warn),
    )
