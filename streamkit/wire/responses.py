"""Events of the Responses API to our own. State is kept by position: some gateways change the item ids on the way.

The server sends everything up to five times: in pieces, and whole at the end of a part, of an item and of the reply.
What came in pieces is not taken again; what never did is taken from the first place where it is whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias

from ..errors import MalformedError
from ..events import Event, Finish, LogprobsDelta, ReasoningDelta, RefusalDelta, TextDelta
from .calls import Call, Calls, text_of
from .dialect import Dialect, text_field
from .loads import shown
from .problems import api_error, find

__all__ = ["Responses"]

Chunk: TypeAlias = dict[str, Any]
Place: TypeAlias = int | str

CALLS = ("function_call", "custom_tool_call")
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
            ):
                self._last_is_call = False
                return TextDelta(text, raw=chunk)
        except (KeyError, TypeError, AttributeError):
            pass
        return None

    def feed_body(self, body: Any) -> Iterable[Event]:
        """The events of a response object: what its terminal event would have brought."""
        if isinstance(body, dict) and isinstance(body.get("output"), list):
            status = body.get("status")
            body = {"type": f"response.{status if status in ENDS else 'completed'}", "response": body}
        return self._events(body, "")

    def flush(self) -> Iterable[Event]:
        return [*self._release(), *self._announce(self._calls.unannounced(), 0, None)]

    @property
    def opened(self) -> bool:
        return self.done or bool(self._said or self._calls.calls)

    def _read(self, chunk: Chunk, name: str, out: list[Event]) -> None:
        kind = chunk.get("type")
        if not isinstance(kind, str):
            kind = name
        problem = find(chunk, bare=kind in ("", "error"))
        if problem is not None or kind == "error":
            raise problem or api_error(chunk)
        reader = READERS.get(kind)
        if reader is not None:
            reader(self, kind, chunk, out)

    # the reply itself

    def _created(self, kind: str, chunk: Chunk, out: list[Event]) -> None:
        self._begin(_inner(chunk, "response"), chunk, out)

    def _content(self, chunk: Chunk, out: list[Event]) -> None:
        if not self.started:
            self._begin({}, chunk, out, content=True)

    def _end(self, kind: str, chunk: Chunk, out: list[Event]) -> None:
        response = _inner(chunk, "response")
        self._begin(response, chunk, out, content=True)
        output = response.get("output")
        before = {said for said in self._said if len(said) == 1}
        for position, item in enumerate(output if isinstance(output, list) else ()):
            if isinstance(item, dict):
                self._leftover(item, position, before, chunk, out)
        out += self._release()
        if kind == "response.failed":
            self._report_usage(response.get("usage"), chunk, out)
            raise api_error(response.get("error") or "the server failed to finish the reply", response)
        out += self._announce(self._calls.unannounced(), 0, chunk)
        out.append(Finish(self._reason(kind, response), raw=chunk))
        self._report_usage(response.get("usage"), chunk, out)
        self.done = True

    def _reason(self, kind: str, response: Chunk) -> str:
        if kind == "response.completed":
            return "tool_calls" if self._last_is_call else "stop"
        details = response.get("incomplete_details")
        reason = details.get("reason") if isinstance(details, dict) else None
        return reason if isinstance(reason, str) and reason else kind.removeprefix("response.")

    def _leftover(
        self, item: Chunk, position: int, before: set[tuple[Any, ...]], chunk: Chunk, out: list[Event]
    ) -> None:
        """An item of the final list, as far as nothing of its kind came before: positions may differ by then."""
        if item.get("type") in CALLS:
            if ("call",) not in before:
                self._whole_call(item, position, chunk, out)
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

    def _is_source(self, kind: str, text: str) -> bool:
        source = "summary" if "summary" in kind else "text"
        if text and not self._source:
            self._source = source
        return bool(text) and self._source == source

    def _late(self, word: str, text: str, chunk: Chunk, out: list[Event]) -> None:
        if (word, _place(chunk), _part(chunk)) not in self._said:
            self._say_at(word, text, chunk, out)

    def _say_at(self, word: str, text: str, chunk: Chunk, out: list[Event]) -> None:
        if text:
            place = _place(chunk)
            self._said |= {(word, place), (word, place, _part(chunk))}
            self._speak(word, text, chunk, out)

    def _speak(self, word: str, text: str, chunk: Chunk, out: list[Event]) -> None:
        self._content(chunk, out)
        self._said.add((word,))
        self._last_is_call = self._last_is_call and word == "reasoning"
        self._say(KINDS[word], text, 0, chunk, out)

    def _texts(self, item: Chunk) -> Iterator[tuple[str, str]]:
        """What a whole item says, joined, by word."""
        if item.get("type") == "reasoning":
            summary, text = _joined(item.get("summary"), "text"), _joined(item.get("content"), "text")
            if self._source != "text" and summary:
                yield "reasoning", summary
            elif self._source != "summary" and text:
                yield "reasoning", text
        elif item.get("type") == "message":
            for word in ("text", "refusal"):
                text = _joined(item.get("content"), word)
                if text:
                    yield word, text

    # tool calls

    def _arguments(self, kind: str, chunk: Chunk, out: list[Event]) -> None:
        self._grow(_place(chunk), "", "", text_field(chunk, "delta"), chunk, out)

    def _arguments_done(self, kind: str, chunk: Chunk, out: list[Event]) -> None:
        place = _place(chunk)
        known = self._call_at.get(place)
        whole = "" if known and known.pieces else text_of(chunk.get("arguments", chunk.get("input")))
        call = self._grow(place, "", text_field(chunk, "name"), whole, chunk, out)
        if call.name and not call.announced:  # else the name comes with the end of the item
            out.append(call.whole(0, chunk))

    def _item_added(self, kind: str, chunk: Chunk, out: list[Event]) -> None:
        item = _inner(chunk, "item")
        if item.get("type") in CALLS:
            self._grow(_place(chunk), _call_id(item), text_field(item, "name"), "", chunk, out)

    def _item_done(self, kind: str, chunk: Chunk, out: list[Event]) -> None:
        item, place = _inner(chunk, "item"), _place(chunk)
        if item.get("type") in CALLS:
            self._whole_call(item, place, chunk, out)
            return
        for word, text in self._texts(item):
            if (word, place) not in self._said:
                self._said.add((word, place))
                self._speak(word, text, chunk, out)

    def _whole_call(self, item: Chunk, place: Place, chunk: Chunk, out: list[Event]) -> None:
        known = self._call_at.get(place)
        whole = "" if known and known.pieces else text_of(item.get("arguments", item.get("input")))
        call = self._grow(place, _call_id(item), text_field(item, "name"), whole, chunk, out)
        if not call.announced:
            out.append(call.whole(0, chunk))

    def _grow(self, place: Place, id: str, name: str, arguments: str, chunk: Chunk, out: list[Event]) -> Call:
        self._content(chunk, out)
        call = self._call_at.get(place)
        if call is None:
            call = self._call_at[place] = self._calls.open()
        self._said.add(("call",))
        self._last_is_call = True
        self._call(call, 0, id, name, arguments, chunk, out)
        return call


def _inner(chunk: Chunk, name: str) -> Chunk:
    inner = chunk.get(name)
    if inner is not None and not isinstance(inner, dict):
        raise MalformedError(f"{name} is no object: {shown(inner)}")
    return inner or {}


def _place(chunk: Chunk) -> Place:
    """Where an item stands: its position, or its id where a server leaves that out."""
    index, item = chunk.get("output_index"), chunk.get("item")
    if isinstance(index, int):
        return index
    name = chunk.get("item_id", item.get("id") if isinstance(item, dict) else None)
    return name if isinstance(name, str) else 0


def _part(chunk: Chunk) -> Any:
    index = chunk.get("content_index", chunk.get("summary_index"))
    return index if isinstance(index, int) else 0


def _call_id(item: Chunk) -> str:
    return text_field(item, "call_id") or text_field(item, "id")


def _joined(parts: Any, field: str) -> str:
    found = (part.get(field) for part in parts if isinstance(part, dict)) if isinstance(parts, list) else ()
    return "".join(text for text in found if isinstance(text, str))


READERS: dict[str, Callable[[Responses, str, Chunk, list[Event]], None]] = {
    "response.created": Responses._created,
    "response.queued": Responses._created,
    "response.in_progress": Responses._created,
    "response.output_text.delta": Responses._text,
    "response.output_text.done": Responses._text_done,
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
