"""The dialect of the Responses API: readers for its events by name, and the beginning and the end of a response."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ...events import BlockEnd, BlockStart, Event, Finish, LogprobsDelta, Other, Start, TextDelta
from ...reasons import meaning
from ..fields import Chunk, object_in
from ..json_codec import quote_json
from ..problems import api_error, find, is_fine, may_report
from ..templates import Places
from ..unread import has_content
from .hosted_items import is_progress
from .items_dialect import ItemsDialect
from .response_forms import PARTS, TEXTS, family_of, is_echo, text_in

__all__ = ["Responses"]

TEXT = "response.output_text.delta"
READ_ENDINGS = (".delta", ".done", ".added")
BLOCKS = frozenset({Start, BlockStart, BlockEnd})
ENDS = ("completed", "incomplete", "failed", "cancelled", "canceled")


class Responses(ItemsDialect):
    """The dialect of ``/responses``; `finished` with its terminal event."""

    places = Places(("delta",), ("obfuscation", "sequence_number"))

    def quick(self, chunk: Any) -> TextDelta | None:
        try:
            text = chunk["delta"]
            if (
                chunk["type"] == TEXT
                and type(text) is str
                and text
                and (TEXT, chunk["output_index"], chunk.get("item_id"), chunk["content_index"]) == self._last_piece
                and not chunk.get("logprobs")
                and not may_report(chunk)
                and self._halves is None
                and not self.word
                and self.complaint is None
            ):
                self._growing.pieces.append(text)
                return TextDelta(text, raw=chunk)
        except (KeyError, TypeError, AttributeError):
            pass
        return None

    def _pieces(self) -> list[str]:
        return self._growing.pieces

    def _read(self, chunk: Chunk, name: str, out: list[Event]) -> None:
        kind = _kind_of(chunk, name)
        self._extras.next_event()
        if self._last_piece and self._last_piece[0] != kind:
            self._last_piece = ()
        if not kind and isinstance(chunk.get("output"), list):  # the response itself, not an event about it
            kind, chunk = f"response.{chunk.get('status')}", {"response": chunk}
            kind = kind if kind in READERS else "response.done"
        problem = find(chunk, bare=kind in ("", "error"))
        if not kind:
            self._note_complaint(chunk)
        if problem is not None or kind == "error":
            raise problem or api_error(chunk)
        self._kind, reader = kind, READERS.get(kind)
        if reader is not None:
            reader(self, chunk, out)
        elif family_of(kind):
            self._reasoning(chunk, out)
        elif is_progress(kind):
            self._add_hosted(self._hosted.progress(kind, chunk), chunk, out)
        elif "annotation" in chunk:
            self._annotation(chunk, out)
        elif kind.endswith(".delta") and chunk.get("delta"):  # content of a kind that is not read
            self._has_content = True
        if out and all(type(event) in BLOCKS for event in out):  # is there anything else?
            unread = self._unread(chunk, name)
            out += [] if unread is None else [Other(unread, raw=chunk)]

    def _unread(self, chunk: Chunk, name: str) -> str | None:
        """The type of an item or part that is not read, the name of a field, or the name of the event if that is
        unknown or its text was not emitted. None if all of its content came before."""
        kind, position = _kind_of(chunk, name), chunk.get("output_index")
        if is_progress(kind) and chunk.get("item_id"):  # it says what is known
            return None
        if kind not in READERS and not (family_of(kind) and kind.endswith(READ_ENDINGS)):
            if "annotation" in chunk:
                self._extras.is_repeated(position, "annotations", chunk["annotation"])
            return super()._unread(chunk, name)
        item = chunk.get("item")
        if isinstance(item, dict) and is_echo(item):
            return None
        if kind.endswith(".delta") and any(has_content(chunk.get(field)) for field in ("delta", *TEXTS)):
            return kind
        fields = self._extras.in_announcement(chunk) if READERS.get(kind) is Responses._created else chunk
        names = list(self._extras.new_fields(fields, position, partial(self._has_text, chunk)))
        return (names[0] or kind) if names else None

    # the reply itself

    def _created(self, chunk: Chunk, out: list[Event]) -> None:
        response = object_in(chunk, "response")
        self._extras.announce(response)
        self._note_storage(response)
        self._begin(response, chunk, out)

    def _end(self, chunk: Chunk, out: list[Event]) -> None:
        kind, response = self._kind, object_in(chunk, "response")
        if response.get("status") in ENDS:  # the status is more reliable than the name of the event
            kind = f"response.{response['status']}"
        elif kind == "response.done":
            kind = "response.completed"
        self._begin(response, chunk, out, content=True)
        self._note_storage(response)
        self._all_done(response.get("output"), chunk, out)
        details = response.get("status_details")  # sent by gateways to the Realtime API
        error = response.get("error") or (details.get("error") if isinstance(details, dict) else None)
        if kind == "response.failed" or not is_fine(error):
            self._report_usage(response.get("usage"), chunk, out, response)
            raise api_error(error or "the server failed to finish the reply", response)
        out += self._end_calls(self._calls, self._calls.settle(), 0, chunk)
        reason = self._reason(kind, response)
        problem = self._ends(reason)
        if problem is None:
            out.append(Finish(reason, raw=chunk))
        self._report_usage(response.get("usage"), chunk, out, response)
        if problem is not None:
            raise problem
        self.done = True

    def _reason(self, kind: str, response: Chunk) -> str:
        if kind == "response.completed":
            status = response.get("status")
            if isinstance(status, str) and meaning(status) not in ("complete", "unfinished"):
                return status
            return "tool_calls" if self._last_is_call else "stop"
        details = response.get("incomplete_details") or response.get("status_details")
        reason = details.get("reason") if isinstance(details, dict) else None
        if isinstance(reason, str) and meaning(reason) not in ("complete", "unfinished", "unknown"):
            return reason
        if reason:  # a word for a whole reply, or an unknown one, does not make the reply whole
            self.warn(f"unknown reason {quote_json(reason)} of a response that is not complete")
        return kind.removeprefix("response.")

    def _text(self, chunk: Chunk, out: list[Event]) -> None:
        self._piece("text", text_in(chunk, "delta"), chunk, out)
        logprobs = chunk.get("logprobs")
        if isinstance(logprobs, list) and logprobs:
            self._ensure_started(chunk, out)
            self._extras.ignore(chunk.get("output_index"), "logprobs")
            out.append(LogprobsDelta({"content": logprobs}, raw=chunk))

    def _text_done(self, chunk: Chunk, out: list[Event]) -> None:
        self._part("text", text_in(chunk, "text"), chunk, out)

    def _refusal(self, chunk: Chunk, out: list[Event]) -> None:
        self._piece("refusal", text_in(chunk, "delta"), chunk, out)

    def _refusal_done(self, chunk: Chunk, out: list[Event]) -> None:
        self._part("refusal", text_in(chunk, "refusal"), chunk, out)

    def _part_event(self, chunk: Chunk, out: list[Event]) -> None:
        part = object_in(chunk, "part")
        type = part.get("type")
        text_kind = PARTS.get(type, "") if isinstance(type, str) else ""
        source = "" if text_kind != "reasoning" else "summary" if type == "summary_text" else "text"
        if text_kind and self._kind.endswith(".added"):
            self._begin_part(text_kind, chunk, source)
        elif text_kind:
            self._part(text_kind, text_in(part, "refusal" if text_kind == "refusal" else "text"), chunk, out, source)
            annotations = part.get("annotations")
            self._cite_part(annotations if isinstance(annotations, list) else (), chunk, out)

    def _reasoning(self, chunk: Chunk, out: list[Event]) -> None:
        """Read an event about reasoning, under any of its names."""
        kind, form = self._kind, object_in(chunk, "part") or chunk
        source = "summary" if "summary" in kind else "text"
        if kind.endswith(".delta"):
            self._piece("reasoning", text_in(form, "delta", *TEXTS), chunk, out, source)
        elif kind.endswith(".done"):
            self._part("reasoning", text_in(form, *TEXTS), chunk, out, source)
        elif kind.endswith("_part.added"):
            self._begin_part("reasoning", chunk, source)


def _kind_of(chunk: Chunk, name: str) -> str:
    kind = chunk.get("type")
    return kind if isinstance(kind, str) else name


READERS: dict[str, Callable[[Responses, Chunk, list[Event]], None]] = {
    "response.created": Responses._created,
    "response.queued": Responses._created,
    "response.in_progress": Responses._created,
    TEXT: Responses._text,
    "response.output_text.done": Responses._text_done,
    "response.refusal.delta": Responses._refusal,
    "response.refusal.done": Responses._refusal_done,
    "response.content_part.added": Responses._part_event,
    "response.content_part.done": Responses._part_event,
    "response.function_call_arguments.delta": Responses._arguments,
    "response.function_call_arguments.done": Responses._arguments_done,
    "response.custom_tool_call_input.delta": Responses._arguments,
    "response.custom_tool_call_input.done": Responses._arguments_done,
    "response.output_item.added": Responses._item_added,
    "response.output_item.done": Responses._item_done,
    "response.done": Responses._end,
    **{f"response.{end}": Responses._end for end in ENDS},
}
