"""The dialect and the definition of Gemini's own API (`generateContent`).

Each chunk of a stream has the form of a whole answer, with the next parts of each candidate, and token figures so far.
There is no end mark: a reply is whole once each candidate has a finish reason.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ...errors import ApiError, MalformedError
from ...events import BlockEnd, Event, Finish, LogprobsDelta, ReasoningDelta, TextDelta, UsageUpdate
from ...reasons import meaning
from ...turns import slot
from ...wording import excerpt
from ..access import Access
from ..api import Api, Form, OwnMessages
from ..dialect import Dialect
from ..fields import choice_index, text_field, unread_field
from ..fragments import arguments_text
from ..json_codec import quote_json
from ..problems import api_error, find
from ..usage import merge_usage
from .ask import body, choice, prompt, tool, tool_names, with_format
from .candidate import CALL, TEXT, THOUGHT, Candidate
from .citations import METADATA
from .figures import FIGURES, has_new_details, service_tier, usage_figures
from .history import NO_ID, finished, is_own, plain, to_chat
from .parts import SIGNATURE, call_extra, further_fields, is_typed, own_form, part_event

__all__ = ["GENERATE", "Gemini"]

LEVELS = ("candidates", "content", "parts", "promptFeedback", "safetyRatings", "usageMetadata")
"""Fields whose members are examined one by one."""
SILENT = frozenset({
    "avgLogprobs", "category", "createTime", "finishReason", "index", "probability", "probabilityScore", "responseId",
    "role", "severity", "severityScore", "thought", "tokenCount", "trafficType",
})  # fmt: skip
"""Fields that are not content by themselves, or that have been read."""
KNOWN_FIELDS = ("candidates", "promptFeedback", "usageMetadata", "modelVersion", "responseId")


def _list(form: Mapping[str, Any], name: str) -> list[Form]:
    """A field that is a list of objects, null or missing; `MalformedError` for anything else."""
    value = form.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise MalformedError(f"{name} is not a list of objects: {quote_json(value)}")
    return value


class Gemini(Dialect):
    """The dialect of ``:streamGenerateContent``, with or without ``alt=sse``, and of ``:generateContent``."""

    whole_documents = False

    def __init__(self, request_id: str | None = None) -> None:
        super().__init__(request_id)
        self._candidates: dict[int, Candidate] = {}
        self._has_content = False
        self._ids: set[str] = set()  # the ids of calls
        self._figures: dict[str, Any] = {}

    @property
    def finished(self) -> bool:
        ended = bool(self._candidates) and all(candidate.reason for candidate in self._candidates.values())
        return self.done or ended

    @property
    def opened(self) -> bool:
        return bool(self._candidates)

    @property
    def said(self) -> bool:
        return self._has_content

    def quick(self, chunk: Any) -> TextDelta | None:
        """None for every chunk: chunks are large and few here, and have token figures as well."""
        return None

    def feed_body(self, body: Any) -> Iterable[Event]:
        """The events of a body. A stream without ``alt=sse`` is a list of chunks."""
        for chunk in body if isinstance(body, list) else [body]:
            yield from self._events(chunk, "")

    def flush(self) -> Iterable[Event]:
        """The end of each candidate. Some servers send STOP in each chunk, up to one with the true reason: the last
        reason counts."""
        out: list[Event] = self._release()
        for candidate in self._candidates.values():
            out += candidate.close(candidate.end)
        ended = [one for one in self._candidates.values() if one.reason]
        return [*out, *(Finish(one.reason, one.index, raw=one.end) for one in ended)]

    def _read(self, chunk: Form, name: str, out: list[Event]) -> None:
        if name == "error":
            raise api_error(chunk)
        candidates = _list(chunk, "candidates")
        feedback, report = chunk.get("promptFeedback"), chunk.get("usageMetadata")
        source = {"id": chunk.get("responseId"), "model": chunk.get("modelVersion")}
        self._begin(source, chunk, out, content=bool(candidates or report))
        problem: ApiError | None = None
        for position, form in enumerate(candidates):
            problem = self._candidate(form, position, chunk, out) or problem
        if isinstance(feedback, dict) and not candidates:
            self._block(feedback, chunk, out)
        if isinstance(report, dict):
            self._count(report, chunk, out)
        problem = find(chunk, bare=not candidates, ended=self.finished) or problem
        self._note_complaint(chunk)
        if problem is not None:
            raise problem

    def _unread(self, chunk: Form, name: str) -> str | None:
        if chunk.keys().isdisjoint(KNOWN_FIELDS):
            return super()._unread(chunk, name)
        reported = (self._usage.raw if self._usage else None) or {}
        metadata = [one.citations.metadata for one in self._candidates.values()]
        known = {**reported, **ChainMap(*metadata), "modelVersion": self.model, "blocked": False}
        return unread_field(chunk, LEVELS, SILENT | FIGURES, known)

    def _candidate(self, form: Form, position: int, chunk: Form, out: list[Event]) -> ApiError | None:
        index = choice_index(form, position, "candidate")
        candidate = self._candidates.setdefault(index, Candidate(index))
        content = form.get("content")
        if not isinstance(content, (dict, type(None))):
            raise MalformedError(f"the content of a candidate is not an object: {quote_json(content)}")
        for part in _list(content or {}, "parts"):
            self._part(part, candidate, chunk, out)
        for name in METADATA:
            metadata = form.get(name)
            if isinstance(metadata, dict) and any(metadata.values()):
                self._has_content = True
                out += candidate.citations.read(name, metadata, chunk)
        logprobs = form.get("logprobsResult")
        if isinstance(logprobs, dict) and any(logprobs.values()):
            out.append(LogprobsDelta(logprobs, index, raw=chunk))
        return self._finish(form, candidate, chunk)

    def _part(self, part: Form, candidate: Candidate, chunk: Form, out: list[Event]) -> None:
        """Read one part. A part with something of its own (a signature, a file) is never joined with another one and
        goes back as it is; text without that continues the part before."""
        further, text = further_fields(part), text_field(part, "text")
        self._has_content = self._has_content or bool(text or further)
        others = [name for name in further if name not in (CALL, SIGNATURE)]
        if CALL in further:
            self._text(part, text, candidate, chunk, out)
            self._call(part, candidate, chunk, out)
            out += [part_event(name, part[name], candidate, None, chunk) for name in others]
        elif not further:
            self._text(part, text, candidate, chunk, out)
        elif others and not text and is_typed(others[0], part[others[0]]):
            out += candidate.close(chunk)
            forms = (own_form(part), *(None for _ in others[1:]))
            out += [
                part_event(name, part[name], candidate, form, chunk) for name, form in zip(others, forms, strict=True)
            ]
        else:
            self._own_part(part, text, others, candidate, chunk, out)

    def _text(self, part: Form, text: str, candidate: Candidate, chunk: Form, out: list[Event]) -> None:
        """Emit text that has nothing of its own."""
        if not text:
            return
        out += candidate.go_on(THOUGHT if part.get("thought") else TEXT, chunk)
        self._said(part, text, candidate, chunk, out)

    def _said(self, part: Form, text: str, candidate: Candidate, chunk: Form, out: list[Event]) -> None:
        """Emit a text: as much of it as there are whole characters."""
        before = len(out)
        self._say(ReasoningDelta if part.get("thought") else TextDelta, text, candidate.index, chunk, out)
        for event in out[before:]:
            if isinstance(event, TextDelta):
                candidate.citations.add_text(event.text)

    def _own_part(
        self, part: Form, text: str, others: list[str], candidate: Candidate, chunk: Form, out: list[Event]
    ) -> None:
        """Emit a part that has something of its own. A signature is of thoughts that are not shown, so it goes back
        beside a changed text, too."""
        kind, index = THOUGHT if part.get("thought") else TEXT, candidate.index
        out += candidate.begin(kind, chunk)
        self._said(part, text, candidate, chunk, out)
        out += [part_event(name, part[name], candidate, None, chunk) for name in others]
        form = own_form(part)
        if text:
            form["text"] = slot("reasoning" if kind == THOUGHT else "text")
        out.append(BlockEnd(kind, index=index, form=form, raw=chunk))

    def _call(self, part: Form, candidate: Candidate, chunk: Form, out: list[Event]) -> None:
        """Emit a call, which comes whole. Older models send calls without an id, so one is generated, which is not sent
        back."""
        form = part[CALL]
        if not isinstance(form, dict):
            raise MalformedError(f"a functionCall is not an object: {quote_json(form)}")
        if form.get("partialArgs") or form.get("willContinue"):
            raise MalformedError("a functionCall whose arguments come in pieces is not read: do not ask for it")
        id, number = text_field(form, "id"), len(self._ids)
        while not id or (id in self._ids and not form.get("id")):
            id, number = f"{NO_ID}{self.id or 'call'}-{number}", number + 1
        self._ids.add(id)
        out += candidate.go_on(CALL, chunk)
        call = candidate.calls.open()
        call.add(id, text_field(form, "name"), arguments_text(form.get("args")) or "{}")
        call.extra = call_extra(part)
        out += self._end_calls(candidate.calls, [call], candidate.index, chunk)

    def _finish(self, form: Form, candidate: Candidate, chunk: Form) -> ApiError | None:
        reason = text_field(form, "finishReason")
        if not reason or meaning(reason) == "unfinished" or reason == candidate.reason:
            return None
        if candidate.reason and (meaning(reason) == "complete" or meaning(candidate.reason) != "complete"):
            if meaning(reason) != meaning(candidate.reason):
                self.warn(f"a candidate ended twice: {excerpt(candidate.reason)}, then {excerpt(reason)}")
            return None
        problem = self._ends(reason)
        if problem is not None:
            detail = form.get("finishMessage")
            words = f"{problem}: {excerpt(detail)}" if isinstance(detail, str) and detail else str(problem)
            return ApiError(words, code=reason, retryable=problem.retryable)
        if candidate.reason == self._ended_by:
            self._ended_by = reason
        candidate.reason, candidate.end = reason, chunk
        return None

    def _block(self, feedback: Form, chunk: Form, out: list[Event]) -> None:
        """End the reply as filtered: a prompt that was blocked has no candidate."""
        reason = text_field(feedback, "blockReason")
        if not reason or meaning(reason) == "unfinished":
            return
        word = reason if meaning(reason) == "filtered" else f"BLOCKED_{reason}"
        if not self._candidates:
            self._begin({}, chunk, out, content=True)
            self._candidates[0] = Candidate(0)
        for candidate in self._candidates.values():
            self._finish({"finishReason": word}, candidate, chunk)

    def _count(self, report: Form, chunk: Form, out: list[Event]) -> None:
        """Emit new token figures. They are the figures so far, and one that has not changed may be left out."""
        known = self._figures
        new = {name: report[name] for name in FIGURES if type(report.get(name)) in (int, float)}
        known |= {name: figure for name, figure in new.items() if figure or name not in known}
        figures = {**usage_figures(known), "service_tier": service_tier(report)}
        usage = merge_usage(self._usage, figures, self.warn)
        if usage is None:
            return
        if usage is not self._usage or has_new_details(report, usage.raw or {}):
            self._usage = replace(usage, raw=report)
            out.append(UsageUpdate(self._usage, raw=chunk))


def _is_gemini(form: Form) -> bool:
    return "choices" not in form and not form.keys().isdisjoint(KNOWN_FIELDS[:3])


GENERATE = Api(
    name="gemini",
    dialect=Gemini,
    access=Access(
        address="https://generativelanguage.googleapis.com",
        version="v1beta",
        keys=("GEMINI_API_KEY", "GOOGLE_API_KEY"),
        addresses=("GOOGLE_GEMINI_BASE_URL",),
        header=("x-goog-api-key", ""),
        model="GEMINI_MODEL",
        spare=("/openai",),
    ),
    path="v1beta/models/{model}:streamGenerateContent",
    query={"alt": "sse"},
    collections=("models", "tunedModels"),
    stream={},
    owns=_is_gemini,
    body=body,
    finished=finished,
    tool=tool,
    tool_names=tool_names,
    choice=choice,
    format=with_format,
    prompt=prompt,
    required={"contents": (list,)},
    own=OwnMessages(is_own=is_own, plain=plain, movable=plain, to_chat=to_chat),
)
