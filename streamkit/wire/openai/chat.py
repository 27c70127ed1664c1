"""The dialect of chat completions, in all the variants that servers really send."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...errors import ApiError, MalformedError
from ...events import BlockEnd, Event, File, Finish, LogprobsDelta, Origin, ReasoningDelta, RefusalDelta, TextDelta
from ...reasons import meaning
from ...wording import excerpt
from ..calls import Calls
from ..dialect import Dialect
from ..fields import choice_index, text_field
from ..fragments import Fragment, fragment, legacy_fragment
from ..json_codec import quote_json
from ..problems import api_error, find, may_report
from ..servers import OPAQUE
from ..templates import Places
from ..unread import REASONS, is_chat, unread_chat_field
from .message_extras import extra_events
from .message_fields import MessageFields, goes_back, takes_opaque

__all__ = ["Chat"]

REASONING = ("reasoning_content", "thinking", "reasoning", "reasoning_text", "reasoning_details", "thinking_content",
             "thinking_blocks", "thought")  # fmt: skip
TEXT_FIELDS = ("text", "summary", "content", "thinking", "reasoning")
"""The fields in which an object may hold its text."""


class Chat(Dialect):
    """The dialect of ``/chat/completions``; `finished` once all choices that were opened have a finish reason."""

    places = Places(("choices", 0, "delta", "content"), ("created", "id", "obfuscation", "p"))

    def __init__(self, request_id: str | None = None) -> None:
        super().__init__(request_id)
        self._choices: dict[int, _ChoiceState] = {}
        self._finished = 0  # the number of choices that have a finish reason
        self._reasons: set[str] = set()  # the finish reasons
        self._streamed: set[int] = set()  # choices that had content in a delta
        self._kept: tuple[str, ...] = ()  # fields of the current chunk that are kept for the end of their message

    @property
    def finished(self) -> bool:
        return self.done or (bool(self._choices) and self._finished == len(self._choices))

    def quick(self, chunk: Any) -> TextDelta | None:
        try:
            (choice,) = chunk["choices"]
            delta = choice["delta"]
            text = delta["content"]
            index = choice["index"]
            if (
                type(text) is str
                and text
                and (len(delta) == 1 or (len(delta) == 2 and "role" in delta))
                and choice.get("finish_reason") is None
                and choice.get("logprobs") is None
                and chunk.get("usage") is None
                and index in self._streamed
                and self._halves is None
                and not self.word
                and self.complaint is None
                and not may_report(chunk)
                and not may_report(choice)
                and "x_groq" not in chunk
                and "usage" not in choice
            ):
                return TextDelta(text, index, raw=chunk)
        except (KeyError, TypeError, ValueError, AttributeError):
            pass
        return None

    @property
    def opened(self) -> bool:
        return bool(self._choices)

    @property
    def said(self) -> bool:
        return bool(self._streamed)

    def flush(self) -> Iterable[Event]:
        out = self._release()
        for index, choice in self._choices.items():
            out += self._end_calls(choice.calls, choice.calls.settle(), index, None)
            out += self._end_message(index, choice, None)
        return out

    def _read(self, chunk: dict[str, Any], name: str, out: list[Event]) -> None:
        choices = chunk.get("choices")
        if choices is None:
            choices = []
        if not isinstance(choices, list):
            raise MalformedError(f"choices is not a list: {quote_json(choices)}")
        if name == "error":
            raise api_error(chunk)
        self._kept = ()
        self._begin(chunk, chunk, out, content=bool(choices))
        problem: ApiError | None = None
        for position, choice in enumerate(choices):
            if not isinstance(choice, dict):
                raise MalformedError(f"a choice is not an object: {quote_json(choice)}")
            problem = self._choice(choice, position, chunk, out) or problem
        self._report_usage(_usage(chunk, choices), chunk, out)
        problem = find(chunk, bare=not choices, ended=self.finished) or problem
        if not name:
            self._note_complaint(chunk)
        groq_fields = chunk.get("x_groq")
        if isinstance(groq_fields, dict):
            problem = find(groq_fields, bare=False) or problem
        if problem is not None:
            raise problem

    def _unread(self, chunk: dict[str, Any], name: str) -> str | None:
        """The first field with unread content, if the chunk is one of completions."""
        if not is_chat(chunk):
            return super()._unread(chunk, name)
        usage = self._usage.raw if self._usage is not None else None
        field = unread_chat_field(chunk, usage or {}, {self.model, *self._reasons}, self._kept)
        return super()._unread(chunk, name) if field == "type" else field

    def _choice(self, form: dict[str, Any], position: int, chunk: dict[str, Any], out: list[Event]) -> ApiError | None:
        index = choice_index(form, position, "choice")
        choice = self._choices.get(index)
        if choice is None:
            choice = self._choices[index] = _ChoiceState()
        delta = self._delta(form, index)
        if delta:
            self._content(delta, index, choice, chunk, out)
        logprobs = form.get("logprobs")
        if isinstance(logprobs, dict) and any(logprobs.values()):
            out.append(LogprobsDelta(logprobs, index, raw=chunk))
        out += self._end_calls(choice.calls, choice.calls.take_closed(), index, chunk)
        return self._finish(form, index, choice, chunk, out)

    def _delta(self, form: dict[str, Any], index: int) -> dict[str, Any]:
        """The delta of a choice; a whole ``message`` counts only if nothing was streamed."""
        delta = form.get("delta")
        if delta is None and index not in self._streamed:
            delta = form.get("message")
        if delta is None:
            return {}
        if not isinstance(delta, dict):
            raise MalformedError(f"a delta is not an object: {quote_json(delta)}")
        if any(value for name, value in delta.items() if name != "role"):
            self._streamed.add(index)
        return delta

    def _content(
        self, delta: dict[str, Any], index: int, choice: _ChoiceState, chunk: dict[str, Any], out: list[Event]
    ) -> None:
        content = delta.get("content")
        thinking = ""
        if isinstance(content, list):
            content, thinking = _parts(content)
        else:
            content = text_field(delta, "content")
        self._say(ReasoningDelta, choice.reasoning(delta, thinking), index, chunk, out)
        self._say(TextDelta, content, index, chunk, out)
        self._say(RefusalDelta, text_field(delta, "refusal"), index, chunk, out)
        if goes_back(delta):
            if choice.fields.feed(delta) and takes_opaque(self._asked):
                self._kept = OPAQUE
            out += extra_events(delta, index, chunk, choice.cited)
        for piece in _fragments(delta):
            self._grow_call(choice.calls, choice.calls.find(piece), index, piece, chunk, out)

    def _finish(
        self, form: dict[str, Any], index: int, choice: _ChoiceState, chunk: dict[str, Any], out: list[Event]
    ) -> ApiError | None:
        problem = find(form, bare=False)
        reason = form.get("finish_reason")
        if not reason:
            return problem
        if not isinstance(reason, str):
            raise MalformedError(f"finish_reason is not a text: {quote_json(reason)}")
        category = meaning(reason)
        if choice.reason or category == "unfinished":  # the first finish reason counts
            if choice.reason and category not in ("unfinished", meaning(choice.reason)):
                self.warn(f"a second finish reason, {excerpt(reason)!r}; the first one counts")
            return problem
        problem = problem or self._ends(reason)
        if problem is None:
            choice.reason = reason
            self._reasons.update(word for word in map(form.get, REASONS) if isinstance(word, str))
            self._finished += 1
            out += self._release(index)
            out += self._end_calls(choice.calls, choice.calls.whole(), index, chunk)
            out += self._end_message(index, choice, chunk)
            out.append(Finish(reason, index, raw=chunk))
        return problem

    @property
    def _asked(self) -> Origin:
        """The server and the model, by the name in the reply if it is not known which one was asked for."""
        origin = self.origin or Origin()
        return Origin(origin.api, origin.host, origin.model or self.model)

    def _end_message(self, index: int, choice: _ChoiceState, chunk: dict[str, Any] | None) -> Iterable[Event]:
        """The events that end the message: the last one of its sound, and its further fields if it has some. Both come
        once, unless there are new fields after the finish reason."""
        if choice.ended and not choice.fields.is_new:
            return
        choice.ended = True
        if choice.fields.audio:
            yield File("audio", choice.fields.audio, index=index, raw=chunk)
        form = choice.fields.form(self._asked, choice.source, has_calls=bool(choice.calls.calls))
        if form is not None:
            yield BlockEnd("message", index=index, form=form, raw=chunk)


class _ChoiceState:
    __slots__ = ("calls", "cited", "ended", "fields", "reason", "source")

    def __init__(self) -> None:
        self.calls = Calls()
        self.fields = MessageFields()
        self.cited: set[str] = set()  # the citations so far
        self.ended = False  # the end of its message was emitted
        self.reason = ""  # why it ended
        self.source = ""

    def reasoning(self, delta: dict[str, Any], thinking: str) -> str:
        """The reasoning in ``delta``, from one field only, because servers send the same text in two: the field in use
        so far, or else another one, which is then in use. ``thinking`` is the reasoning in parts of ``content``."""
        if self.source:
            text = thinking if self.source == "content" else _plain_text(delta.get(self.source))
            if text:
                return text
        if thinking:
            self.source = "content"
            return thinking
        for source in REASONING:
            if delta.get(source) and (text := _plain_text(delta[source])):
                self.source = source
                return text
        return ""


def _fragments(delta: dict[str, Any]) -> Iterable[Fragment]:
    """The pieces of calls in ``delta``; if both forms are used their content is the same."""
    entries, function = delta.get("tool_calls"), delta.get("function_call")
    if not entries:
        return (legacy_fragment(function),) if function else ()
    if not isinstance(entries, list):
        raise MalformedError("tool_calls is not a list")
    return map(fragment, entries)


def _plain_text(value: Any, depth: int = 4) -> str:
    """The text of a value: a text itself, an object with a text, or a list of parts; not from deeper than ``depth``.
    (In the Responses API parts are always objects, and a bare text among them does not count: see `response_forms`.)"""
    if isinstance(value, str):
        return value
    if not depth:
        return ""
    if isinstance(value, dict):
        texts = (_plain_text(value.get(field), depth - 1) for field in TEXT_FIELDS)
        return next((text for text in texts if text), "")
    return "".join(_plain_text(part, depth - 1) for part in value) if isinstance(value, list) else ""


def _parts(content: list[Any]) -> tuple[str, str]:
    """Text and thinking of a ``content`` that is a list."""
    texts, thoughts = [], []
    for part in content:
        if isinstance(part, str):
            texts.append(part)
        elif not isinstance(part, dict):
            raise MalformedError(f"a part of content is not an object: {quote_json(part)}")
        elif "thinking" in part or part.get("type") == "reasoning":
            thoughts.append(_plain_text(part))
        else:
            texts.append(text_field(part, "text"))
    return "".join(texts), "".join(thoughts)


def _usage(chunk: dict[str, Any], choices: list[Any]) -> Any:
    """The usage at the top level, else at one of the other positions where servers put it."""
    forms = (chunk, chunk.get("x_groq"), *choices)
    reports = (form.get("usage") for form in forms if isinstance(form, dict))
    return next((report for report in reports if isinstance(report, dict)), None)
