"""Events of the Responses API to our own. State is kept by position: some gateways change the item ids on the way.

The server sends everything up to five times: in pieces, and whole at the end of a part, of an item and of the reply.
What came in pieces is not taken again; what never did is taken from the first place where it is whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ..events import Event, Finish, LogprobsDelta, ReasoningDelta, RefusalDelta, TextDelta
from ..stages.reasons import meaning
from .calls import Call, Calls
from .dialect import Dialect, text_field
from .fragments import text_of
from .items import Chunk, Place, call_id, call_said, joined, object_in, part_of, place_of
from .loads import shown
from .problems import api_error, find

__all__ = ["Responses"]

CALLS = ("function_call", "custom_tool_call")
PARTS = {"text": "output_text", "refusal": "refusal"}
KINDS: dict[str, type[TextDelta] | type[ReasoningDelta] | type[RefusalDelta]] = {
    "text": TextDelta,
    "reasoning": ReasoningDelta,
    "refusal": RefusalDelta,
}
ENDS = ("completed", "incomplete", "failed", "cancelled")


class Responses(Dialect):
    """The dialect of ``/responses``; `finished` with its terminal event. All events belong to choice 0."""

    def __init__(self, request_id: str | None = None) -> None:
        super().__init__(request_id)
        self._calls = Calls()
        self._call_at: dict[Place, Call] = {}
        self._said: set[tuple[Any, ...]] = set()  # (word), (word, item) and (word, item, part) that came
        self._source = ""  # of reasoning: its summary or its text, whichever is first
        self._last_is_call = False

    def quick(self, chunk: Any) -> TextDelta | None:
        try:
            text = chunk["delta"]
            if (
                chunk["type"] == "response.output_text.delta"
                and type(text) is str
                and text
                and ("text", chunk["output_index"], chunk["content_index"]) in self._said
                and not chunk.get("logprobs")
                and "error" not in chunk
                and self._halves is None
                and not self.word
            ):
                self._last_is_call = False
                return TextDelta(text, raw=chunk)
        except (KeyError, TypeError, AttributeError):
            pass
        return None

    def flush(self) -> Iterable[Event]:
        return [*self._release(), *self._announce(self._calls.unannounced(), 0, None)]

    @property
    def opened(self) -> bool:
        return self.done or bool(self._said or self._calls.calls)

    @property
    def said(self) -> bool:
        return bool(self._said)

    def _read(self, chunk: Chunk, name: str, out: list[Event]) -> None:
        kind = chunk.get("type")
        if not isinstance(kind, str):
            kind = name
        if not kind and isinstance(chunk.get("output"), list):  # the response itself, not an event about it
            status = chunk.get("status")
            kind, chunk = f"response.{status if isinstance(status, str) else 'completed'}", {"response": chunk}
        problem = find(chunk, bare=kind in ("", "error"), alone=not (kind or self.started))
        if problem is not None or kind == "error":
            raise problem or api_error(chunk)
        reader = READERS.get(kind)
        if reader is not None:
            reader(self, kind, chunk, out)

    # the reply itself

    def _created(self, kind: str, chunk: Chunk, out: list[Event]) -> None:
        self._begin(object_in(chunk, "response"), chunk, out)

    def _content(self, chunk: Chunk, out: list[Event]) -> None:
        if not self.started:
            self._begin({}, chunk, out, content=True)

    def _end(self, kind: str, chunk: Chunk, out: list[Event]) -> None:
        response = object_in(chunk, "response")
        if response.get("status") in ENDS:  # it knows better than the name of its event
            kind = f"response.{response['status']}"
        self._begin(response, chunk, out, content=True)
        output = response.get("output")
        before: set[tuple[Any, ...]] = {said for said in self._said if len(said) == 1}
        for call in self._calls.calls:
            before |= {("call", call.id), ("call", call.name, call.text)}
        for position, item in enumerate(output if isinstance(output, list) else ()):
            if isinstance(item, dict):
                self._leftover(item, position, before, chunk, out)
        out += self._release()
        error = response.get("error")
        if error or kind == "response.failed":
            self._report_usage(response.get("usage"), chunk, out)
            raise api_error(error or "the server failed to finish the reply", response)
        out += self._announce(self._calls.unannounced(), 0, chunk)
        reason = self._reason(kind, response)
        problem = self._ends(reason)
        if problem is not None:
            self._report_usage(response.get("usage"), chunk, out)
            raise problem
        out.append(Finish(reason, raw=chunk))
        self._report_usage(response.get("usage"), chunk, out)
        self.done = True

    def _reason(self, kind: str, response: Chunk) -> str:
        if kind == "response.completed":
            return "tool_calls" if self._last_is_call else "stop"
        details = response.get("incomplete_details")
        reason = details.get("reason") if isinstance(details, dict) else None
        if isinstance(reason, str) and meaning(reason) not in ("complete", "unknown"):
            return reason
        if reason:  # a word for a whole reply, or for nothing that we know, makes no whole reply of it
            self.warnings[f"unknown reason {shown(reason)} of a response that is not complete"] = None
        return kind.removeprefix("response.")

    def _leftover(
        self, item: Chunk, position: int, before: set[tuple[Any, ...]], chunk: Chunk, out: list[Event]
    ) -> None:
        """An item of the final list: a call unless it came before, anything else unless anything of its kind did, for
        positions may differ by then."""
        if item.get("type") in CALLS:
            if before.isdisjoint((("call", call_id(item)), ("call", *call_said(item)))):
                self._whole_call(item, f"output {position}", chunk, out)
            return
        for word, text in self._texts(item):
            if (word,) not in before:
                self._speak(word, text, chunk, out)

    # text

    def _text(self, kind: str, chunk: Chunk, out: list[Event]) -> None:
        self._say_at("text", text_field(chunk, "delta"), chunk, out)
        logprobs = chunk.get("logprobs")
        if isinstance(logprobs, list) and logprobs:
            self._content(chunk, out)
            out.append(LogprobsDelta({"content": logprobs}, raw=chunk))

    def _refusal(self, kind: str, chunk: Chunk, out: list[Event]) -> None:
        self._say_at("refusal", text_field(chunk, "delta"), chunk, out)

    def _reasoning(self, kind: str, chunk: Chunk, out: list[Event]) -> None:
        if self._is_source(kind, text_field(chunk, "delta")):
            self._say_at("reasoning", chunk["delta"], chunk, out)

    def _text_done(self, kind: str, chunk: Chunk, out: list[Event]) -> None:
        self._late("text", text_field(chunk, "text"), chunk, out)

    def _refusal_done(self, kind: str, chunk: Chunk, out: list[Event]) -> None:
        self._late("refusal", text_field(chunk, "refusal"), chunk, out)

    def _reasoning_done(self, kind: str, chunk: Chunk, out: list[Event]) -> None:
        if self._is_source(kind, text_field(chunk, "text")):
            self._late("reasoning", chunk["text"], chunk, out)

    def _part_done(self, kind: str, chunk: Chunk, out: list[Event]) -> None:
        part = object_in(chunk, "part")
        for word in ("text", "refusal"):
            if part.get("type") == PARTS[word]:
                self._late(word, text_field(part, word), chunk, out)

    def _is_source(self, kind: str, text: str) -> bool:
        source = "summary" if "summary" in kind else "text"
        if text and not self._source:
            self._source = source
        return bool(text) and self._source == source

    def _late(self, word: str, text: str, chunk: Chunk, out: list[Event]) -> None:
        if (word, place_of(chunk), part_of(chunk)) not in self._said:
            self._say_at(word, text, chunk, out)

    def _say_at(self, word: str, text: str, chunk: Chunk, out: list[Event]) -> None:
        if text:
            place = place_of(chunk)
            self._said |= {(word, place), (word, place, part_of(chunk))}
            self._speak(word, text, chunk, out)

    def _speak(self, word: str, text: str, chunk: Chunk, out: list[Event]) -> None:
        self._content(chunk, out)
        self._said.add((word,))
        self._last_is_call = self._last_is_call and word == "reasoning"
        self._say(KINDS[word], text, 0, chunk, out)

    def _texts(self, item: Chunk) -> Iterator[tuple[str, str]]:
        """What a whole item says, joined, by word."""
        if item.get("type") == "reasoning":
            summary, text = joined(item.get("summary"), "text"), joined(item.get("content"), "text")
            if self._source != "text" and summary:
                yield "reasoning", summary
            elif self._source != "summary" and text:
                yield "reasoning", text
        elif item.get("type") == "message":
            for word in ("text", "refusal"):
                text = joined(item.get("content"), word)
                if text:
                    yield word, text

    # tool calls

    def _arguments(self, kind: str, chunk: Chunk, out: list[Event]) -> None:
        self._grow(place_of(chunk), "", "", text_field(chunk, "delta"), chunk, out)

    def _arguments_done(self, kind: str, chunk: Chunk, out: list[Event]) -> None:
        place = place_of(chunk)
        call = self._grow(place, "", text_field(chunk, "name"), self._rest(place, chunk), chunk, out)
        if call.name and not call.announced:  # else the name comes with the end of the item
            out += self._announce([call], 0, chunk)

    def _item_added(self, kind: str, chunk: Chunk, out: list[Event]) -> None:
        item, place = object_in(chunk, "item"), place_of(chunk)
        if item.get("type") in CALLS:
            self._vacate(place, item)
            self._grow(place, call_id(item), text_field(item, "name"), "", chunk, out)

    def _item_done(self, kind: str, chunk: Chunk, out: list[Event]) -> None:
        item, place = object_in(chunk, "item"), place_of(chunk)
        if item.get("type") in CALLS:
            self._whole_call(item, place, chunk, out)
            return
        for word, text in self._texts(item):
            if (word, place) not in self._said:
                self._said.add((word, place))
                self._speak(word, text, chunk, out)

    def _vacate(self, place: Place, item: Chunk) -> None:
        """Some gateways give every item the same place: a whole call there makes room for another one."""
        call, id = self._call_at.get(place), text_field(item, "call_id")
        if call is not None and call.announced and id and call.id and id != call.id:
            del self._call_at[place]
            self._said.discard(("arguments", place))

    def _whole_call(self, item: Chunk, place: Place, chunk: Chunk, out: list[Event]) -> None:
        self._vacate(place, item)
        call = self._grow(place, call_id(item), text_field(item, "name"), self._rest(place, item), chunk, out)
        if not call.announced:
            out += self._announce([call], 0, chunk)

    def _rest(self, place: Place, form: Chunk) -> str:
        """The whole arguments, if there were none so far (half a character may still be held back)."""
        return "" if ("arguments", place) in self._said else text_of(form.get("arguments", form.get("input")))

    def _grow(self, place: Place, id: str, name: str, arguments: str, chunk: Chunk, out: list[Event]) -> Call:
        self._content(chunk, out)
        call = self._call_at.get(place)
        if call is None:
            call = self._call_at[place] = self._calls.open()
        self._said.add(("call",))
        if arguments:
            self._said.add(("arguments", place))
        self._last_is_call = True
        self._call(call, 0, id, name, arguments, chunk, out)
        return call


READERS: dict[str, Callable[[Responses, str, Chunk, list[Event]], None]] = {
    "response.created": Responses._created,
    "response.queued": Responses._created,
    "response.in_progress": Responses._created,
    "response.output_text.delta": Responses._text,
    "response.output_text.done": Responses._text_done,
    "response.content_part.done": Responses._part_done,
    "response.refusal.delta": Responses._refusal,
    "response.refusal.done": Responses._refusal_done,
    "response.reasoning_text.delta": Responses._reasoning,
    "response.reasoning_text.done": Responses._reasoning_done,
    "response.reasoning_summary_text.delta": Responses._reasoning,
    "response.reasoning_summary_text.done": Responses._reasoning_done,
    "response.function_call_arguments.delta": Responses._arguments,
    "response.function_call_arguments.done": Responses._arguments_done,
    "response.custom_tool_call_input.delta": Responses._arguments,
    "response.custom_tool_call_input.done": Responses._arguments_done,
    "response.output_item.added": Responses._item_added,
    "response.output_item.done": Responses._item_done,
    **{f"response.{end}": Responses._end for end in ENDS},
}
