"""A scripted reply: its pieces, their timing, and its faults. It is written in the real wire form of an API."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, TypeAlias

from ..errors import BrokenError, ConnectError, MalformedError, StalledError, StatusError, StreamkitError
from ..event_class import with_brief_repr
from ..events import (
    Event,
    Finish,
    LogprobsDelta,
    ReasoningDelta,
    RefusalDelta,
    Start,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    Usage,
    UsageUpdate,
)
from ..wire import Api, Encoder, Framing, api_named
from .answer import Answer, Then, Write, error_body, plain_answer, stream_answer, whole_answer

__all__ = ["Script", "as_tokens", "status_answer"]

Text: TypeAlias = "str | Sequence[str]"
Call: TypeAlias = "ToolCall | tuple[str, Any]"

TOKEN = re.compile(r"\s*(?:[\u2e80-\U0003ffff]|[^\s\u2e80-\U0003ffff]+)|\s+")
CONTENT = (TextDelta, ReasoningDelta, RefusalDelta, ToolCallDelta, LogprobsDelta, Finish)
FRAGMENT = 7  # characters of a tool's arguments in one piece
SAMPLE = 100_000  # characters of a prompt whose tokens are counted; more would block the server for seconds


def as_tokens(text: str) -> list[str]:
    """``text`` in pieces about as large as a model's tokens: a word with the space before it, or one ideograph."""
    return TOKEN.findall(text)


@with_brief_repr
@dataclass(frozen=True, repr=False)
class Script:
    """The answer of a scripted server to one request, in the form of any API that has a writer.

    ``pieces`` are sent one at a time, as they are: texts, or events for anything else (other choices, `Other`). A
    single string is cut as `as_tokens` does. Reasoning comes before them, then the refusal and the tool calls, each
    in pieces of their own; ``drop_after``, ``stall_after`` and ``bad_json_at`` count all of these.

    Events that an API has no form for are left out. Blocks, citations and tools of the server are written by their
    ``form``, in the API that it is of; Anthropic's only behind ``Start(origin=Origin("anthropic"))``.
    """

    pieces: str | Sequence[str | Event] = ()
    _: KW_ONLY
    reasoning: Text = ()
    refusal: Text = ()
    tool_calls: Sequence[Call] = ()
    """`ToolCall` objects or ``(name, arguments)``, the arguments as JSON text or as anything that becomes JSON."""
    usage: Usage | None = None
    """Sent if the request asks for usage; made up from the number of pieces if None."""
    finish: str | None = None
    """``"stop"`` or ``"tool_calls"`` if None; ``""``: none is sent."""
    done: bool = True
    """True if the stream ends with its mark of the end (``[DONE]``). With ``finish=""`` and this False it just ends."""
    model: str = ""
    """The model that was requested, if empty."""

    first: float = 0.0
    """Seconds from the head of the answer to the first piece."""
    every: float = 0.0
    """Seconds between pieces."""
    jitter: float = 0.0
    """How far ``every`` varies, as a fraction of it: 0.5 is between half and one and a half."""
    seed: int = 0
    head_after: float = 0.0
    """Seconds from the request to the head of the answer."""
    keepalive: float | None = None
    """Seconds of waiting after which a comment is sent, again and again, in the form of an API that has comments."""
    split: int | None = None
    """Bytes in one write, whatever they cut; one write a piece if None."""

    fail: StreamkitError | Mapping[str, Any] | str | None = None
    """The fault after the pieces, played so that a client gets this kind of error. A mapping or text is the ``error``
    that the stream reports."""
    drop_after: int | None = None
    """The connection is cut after so many pieces."""
    stall_after: int | None = None
    """After so many pieces nothing more is sent, and the connection stays open."""
    bad_json_at: int | None = None
    """The number (from 0) of the piece whose JSON is cut in half."""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    """The whole body instead of a reply (bytes and text as they are, else as JSON). An error in the form of the API
    that was asked if None and ``status`` is not 200."""

    def __post_init__(self) -> None:
        if not all(value >= 0 for value in (self.first, self.every, self.head_after, self.jitter)):  # nan is not
            raise ValueError("the delays of a script are seconds, 0 or more")
        if not 200 <= self.status <= 999:
            raise ValueError(f"the status of an answer is a number from 200 to 999, not {self.status!r}")
        if (self.keepalive is not None and self.keepalive <= 0) or (self.split is not None and self.split < 1):
            raise ValueError("keepalive is more than 0 seconds, split at least 1 byte")

    # -- answers ---------------------------------------------------------------------------------------------------

    def answer(self, api: str, body: Mapping[str, Any]) -> Answer:
        """The answer to a request with this JSON ``body``."""
        if isinstance(self.fail, StatusError):
            return status_answer(self.fail, api, self.headers, self.head_after)
        if isinstance(self.fail, ConnectError):
            return Answer(0, head_after=self.head_after)
        if self.status != 200 or self.body is not None:
            return plain_answer(self.status, self._body(api_named(api)), self.headers, self.head_after)
        if api_named(api).wants_stream(body):
            return stream_answer(self.writes(api, body), api, self.headers, self.head_after)
        return whole_answer(self._writes(api, body, True), api, self.headers, self.head_after)

    def writes(
        self, api: str = "chat", body: Mapping[str, Any] | None = None, *, figures: bool = False
    ) -> Iterator[Write]:
        """The body of the event stream in time, with token ``figures`` even if the request does not ask for them."""
        writes = self._writes(api, body or {}, figures)
        comment = api_named(api).framing.comment
        if self.keepalive and comment:
            writes = _with_keepalive(writes, Write(self.keepalive, comment))
        return writes if self.split is None else _split(writes, self.split)

    # -- pieces and their timing -----------------------------------------------------------------------------------

    def events(self) -> Iterator[Event]:
        """The pieces, in order."""
        yield from map(ReasoningDelta, _pieces(self.reasoning))
        for piece in _pieces(self.pieces):
            yield TextDelta(piece) if isinstance(piece, str) else piece
        yield from map(RefusalDelta, _pieces(self.refusal))
        for number, call in enumerate(self.tool_calls):
            yield from _fragments(number, call)

    def _writes(self, api: str, body: Mapping[str, Any], figures: bool) -> Iterator[Write]:
        encoder = Encoder(api, model=self.model or str(body.get("model") or "scripted"))
        framing = api_named(api).framing
        if (then := self._fault(0)) is not None:
            yield Write(self.first, b"", then)
            return
        yield Write(self.first, b"".join(encoder.feed(Start())))
        delays, ended, count = self._delays(), {0: False}, 0
        for event in self.events():
            data = b"".join(encoder.feed(event))
            yield Write(next(delays), _damaged(data, framing) if count == self.bad_json_at else data)
            count += 1
            if (then := self._fault(count)) is not None:
                yield Write(0.0, b"", then)
                return
            if isinstance(event, CONTENT):
                ended[event.index] = ended.get(event.index, False) or isinstance(event, Finish)
        if self.fail is not None:
            yield _failing(self.fail, encoder, framing)
            return
        usage = None
        if figures or api_named(api).tells_usage(body):
            usage = self.usage or _estimated_usage(api_named(api), body, count)
        yield Write(0.0, self._ending(encoder, [index for index, has_ended in ended.items() if not has_ended], usage))

    def _fault(self, count: int) -> Then | None:
        """The fault of the connection after ``count`` pieces, None if it goes on."""
        return "drop" if count == self.drop_after else "stall" if count == self.stall_after else None

    def _delays(self) -> Iterator[float]:
        vary = random.Random(self.seed)
        yield 0.0
        while True:
            yield max(0.0, self.every * (1 + self.jitter * vary.uniform(-1, 1)))

    def _ending(self, encoder: Encoder, open: list[int], usage: Usage | None) -> bytes:
        reason = self.finish if self.finish is not None else "tool_calls" if self.tool_calls else "stop"
        events: list[Event] = [Finish(reason, index) for index in sorted(open)] if reason else []
        if usage is not None:
            events.append(UsageUpdate(usage))
        blocks = [block for event in events for block in encoder.feed(event)]
        return b"".join([*blocks, *(encoder.flush() if self.done else ())])

    def _body(self, api: Api) -> Any:
        if self.body is not None:
            return self.body
        return error_body(api, self.status, {"message": f"scripted status {self.status}"})


def _pieces(text: str | Sequence[Any]) -> Sequence[Any]:
    return as_tokens(text) if isinstance(text, str) else text


def _fragments(number: int, call: Call) -> Iterator[ToolCallDelta]:
    if isinstance(call, tuple):
        name, value = call
        arguments = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        call = ToolCall(f"call_{number}", name, arguments)
    yield ToolCallDelta("", number, call.id, call.name, call.index)
    for start in range(0, len(call.arguments), FRAGMENT):
        yield ToolCallDelta(call.arguments[start : start + FRAGMENT], number, index=call.index)


def _estimated_usage(api: Api, body: Mapping[str, Any], count: int) -> Usage:
    """Plausible figures: a word of the prompt, or a piece of the answer, is a token. An unreadable prompt has none."""
    try:
        prompt_parts = api.prompt(body)
        texts = list(_texts([prompt_parts.messages, prompt_parts.texts]))
    except Exception:  # a client may send any body
        texts = []
    tokens = counted = 0
    for text in texts:
        part = text[: SAMPLE - counted]
        tokens, counted = tokens + len(as_tokens(part)), counted + len(part)
    prompt = tokens * sum(map(len, texts)) // max(1, counted)
    return Usage(prompt, count, prompt + count)


def _texts(content: Any) -> Iterator[str]:
    """The texts in messages, whose content may be a list of parts, and these may have content again."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, Mapping):
        yield from _texts(content.get("content") or content.get("text"))
    elif isinstance(content, Sequence):
        for item in content:
            yield from _texts(item)


def _failing(fail: StreamkitError | Mapping[str, Any] | str, encoder: Encoder, framing: Framing) -> Write:
    match fail:
        case BrokenError():
            return Write(0.0, b"", "drop")
        case StalledError():
            return Write(0.0, b"", "stall")
        case MalformedError():
            return Write(0.0, framing.block(b'{"choices": [{', None))
        case StreamkitError():
            return Write(0.0, b"".join(encoder.fail(fail)))
    return Write(0.0, b"".join(encoder.fail_with({"message": fail} if isinstance(fail, str) else dict(fail))))


def status_answer(
    error: StatusError, api: str, headers: Mapping[str, str] | None = None, head_after: float = 0.0
) -> Answer:
    """The answer that makes a client raise ``error``: with the body that came with it, or one in the form of the
    API."""
    status = error.status or 500
    own = {} if error.retry_after is None else {"retry-after": f"{error.retry_after:g}"}
    fields = {"message": str(error), "type": error.error_type, "code": error.code, "param": error.param}
    body = error.body or error_body(api_named(api), status, fields)
    return plain_answer(status, body, {**own, **(headers or {})}, head_after)


def _damaged(data: bytes, framing: Framing) -> bytes:
    """The first block of ``data``, its JSON cut in half."""
    block = data.split(framing.end, 1)[0]
    return block[: len(block) // 2] + framing.end


def _with_keepalive(writes: Iterable[Write], comment: Write) -> Iterator[Write]:
    pause = comment.delay
    for write in writes:
        delay = write.delay
        while delay > pause:
            yield comment
            delay -= pause
        yield Write(delay, write.data, "drop" if write.then == "drop" else "on")
        while write.then == "stall":  # the connection stays open, only no event comes
            yield comment


def _split(writes: Iterable[Write], size: int) -> Iterator[Write]:
    for write in writes:
        starts = range(0, max(1, len(write.data)), size)
        for start in starts:
            last = start == starts[-1]
            data = write.data[start : start + size]
            yield Write(0.0 if start else write.delay, data, write.then if last else "on")
