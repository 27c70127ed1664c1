"""The dialect of replies that consist of items: the content of each item as events, each content once.

Servers send it up to five times: in pieces, and whole at the end of a text, of a part, of an item and of the response.
Content that came in pieces is not emitted again; content that did not is emitted from the first event in which it is
whole. `OutputItems` finds the item that an event belongs to, and `ItemText` the part of a text that is still missing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...events import Event, ReasoningDelta, RefusalDelta, TextDelta
from ..calls import Calls
from ..fields import Chunk, object_in, text_field, text_or_empty
from ..fragments import Fragment
from .citations import annotations_of
from .item_blocks import ItemBlocks
from .item_forms import call_extra
from .item_matching import final_items, may_complete
from .item_text import ItemText, same_text
from .output_items import ItemRef, OutputItem
from .response_forms import arguments_of, call_id, family_of, is_free, is_input, item_kind, part_of, ref_of, texts_of

__all__ = ["ItemsDialect"]

EVENTS: dict[str, type[TextDelta] | type[ReasoningDelta] | type[RefusalDelta]] = {
    "text": TextDelta,
    "reasoning": ReasoningDelta,
    "refusal": RefusalDelta,
}
ITEM_KINDS = {"text": "message", "refusal": "message", "reasoning": "reasoning"}


class ItemsDialect(ItemBlocks):
    """A dialect whose replies consist of items. All events belong to choice 0."""

    def __init__(self, request_id: str | None = None) -> None:
        super().__init__(request_id)
        self._calls = Calls("responses")
        self._kind = ""  # the name of the event that is read
        self._last_piece: tuple[Any, ...] = ()  # kind and position of the last event, if it brought a piece
        self._growing = ItemText()  # the text that it was added to
        self._source = ""  # that of the first reasoning: ``summary`` or ``text``
        self._has_content = self._last_is_call = False

    @property
    def opened(self) -> bool:
        return self.done or self.said

    @property
    def said(self) -> bool:
        return self._has_content or bool(self._calls.calls)

    def flush(self) -> Iterable[Event]:
        out: list[Event] = []
        self._use_announced_arguments({}, out)
        return [*out, *self._release(), *self._end_calls(self._calls, self._calls.settle(), 0, None)]

    def _has_text(self, chunk: Chunk, text: str) -> bool:
        """True if ``text``, which ``chunk`` holds, was emitted already for one of the items that it may belong to."""
        item = object_in(chunk, "item")
        kinds = (item_kind(item),) if item else ("message", "reasoning", "call")
        return any(near.has_text(text) for kind in kinds for near in self._items.near(ref_of(chunk, kind)))

    # text, refusals and reasoning

    def _piece(self, text_kind: str, text: str, chunk: Chunk, out: list[Event], source: str = "") -> None:
        """Emit a piece; one of reasoning has a source, and belongs to a family of events."""
        if not text:
            return
        piece_key = (self._kind, chunk.get("output_index"), chunk.get("item_id"), part_of(chunk))
        if piece_key == self._last_piece:
            self._items.ids_recur = self._items.ids_recur or bool(piece_key[2])
        else:
            family = family_of(self._kind)
            item = self._items.of_piece(ref_of(chunk, ITEM_KINDS[text_kind]), lambda item: item.takes(source, family))
            if not item.takes(source, family):
                return
            self._note_source(item, source)
            item.family = family
            self._begin_text(item, chunk, out, is_first=item.empty)
            self._last_piece, self._growing = piece_key, item.text(text_kind)
        self._growing.grow(text, piece_key[-1])
        self._emit_text(text_kind, text, chunk, out)

    def _begin_part(self, text_kind: str, chunk: Chunk, source: str = "") -> None:
        item = self._items.of_piece(ref_of(chunk, ITEM_KINDS[text_kind]), lambda item: item.takes(source))
        if item.takes(source):
            item.text(text_kind).begin(part_of(chunk))

    def _part(self, text_kind: str, text: str, chunk: Chunk, out: list[Event], source: str = "") -> None:
        """Emit the missing rest of a part that came whole."""
        if not text:
            return

        def fits(item: OutputItem) -> bool:
            return item.takes(source) and (item.empty or item.text(text_kind).may_hold(text, self._kind))

        item = self._items.of_whole(ref_of(chunk, ITEM_KINDS[text_kind]), fits)
        if item.takes(source):
            self._note_source(item, source)
            is_first, rest = item.empty, item.text(text_kind).complete_part(text, part_of(chunk), self._kind)
            if rest:
                self._begin_text(item, chunk, out, is_first=is_first)
            self._emit_text(text_kind, rest, chunk, out)

    def _note_source(self, item: OutputItem, source: str) -> None:
        item.source = source
        self._source = self._source or source

    def _emit_text(self, text_kind: str, text: str, chunk: Chunk, out: list[Event]) -> None:
        if text:
            self._ensure_started(chunk, out)
            self._has_content = True
            self._last_is_call = self._last_is_call and text_kind == "reasoning"
            self._say(EVENTS[text_kind], text, 0, chunk, out)

    # items

    def _item_added(self, chunk: Chunk, out: list[Event]) -> None:
        form = object_in(chunk, "item")
        form_kind = item_kind(form)
        if form_kind:
            item = self._items.announce(ref_of(chunk, form_kind))
            if form_kind == "call":
                item.announced_arguments = item.announced_arguments or arguments_of(form)
                self._grow(item, _named(form), chunk, out, form=form)
            else:
                self._extras.note(chunk.get("output_index"), form)
                self._begin_block(item, chunk, out)
        elif form and not is_input(form):
            self._add_hosted(self._hosted.announce(form, chunk), chunk, out)

    def _item_done(self, chunk: Chunk, out: list[Event]) -> None:
        self._extras.end(chunk.get("output_index"))
        form = object_in(chunk, "item")
        form_kind = item_kind(form)
        if form_kind:
            item = self._items.of_whole(ref_of(chunk, form_kind), lambda item: may_complete(item, form, self._source))
            self._complete_item(item, form, chunk, out)
        elif form and not is_input(form):  # content of a kind that is not read
            self._has_content = True
            self._add_hosted(self._hosted.end(form, chunk), chunk, out)

    def _add_hosted(self, events: list[Event], chunk: Chunk, out: list[Event]) -> None:
        if events:
            self._ensure_started(chunk, out)
            out += events

    def _all_done(self, output: Any, chunk: Chunk, out: list[Event]) -> None:
        """Emit the missing rest of all items in the final list, and end all calls."""
        every = list(final_items(output, self._items.all, self._source))
        known = [place for place, (_, item, _) in enumerate(every) if item is not None and item.known]
        last_known = max(known, default=-1)
        for place, (form, item, is_new) in enumerate(every):
            is_late = place < last_known
            kind = item_kind(form)
            if not kind:
                if form and not is_input(form):
                    self._add_hosted(self._hosted.end(form, chunk, goes_back=not is_late), chunk, out)
            elif is_new:
                item = item or self._items.announce(ItemRef(kind, id=text_or_empty(form, "id")))
                self._complete_item(item, form, chunk, out, is_late=is_late and not item.begun)
            elif item is not None:
                self._end_block(item, form, chunk, out, is_late=is_late and not item.begun)
            elif not any(texts_of(form, "", self._source)):
                item = self._items.announce(ItemRef(kind, id=text_or_empty(form, "id")))
                self._end_block(item, form, chunk, out, is_late=is_late)
        self._use_announced_arguments(chunk, out)
        out += self._release()

    def _complete_item(
        self, item: OutputItem, form: Chunk, chunk: Chunk, out: list[Event], *, is_late: bool = False
    ) -> None:
        """Emit the content of a whole item that was not emitted yet."""
        item.closed = True
        self._begin_block(item, chunk, out)
        for text_kind, text in texts_of(form, item.source, self._source):
            is_first, rest = item.empty, item.text(text_kind).complete(text)
            if rest:
                self._begin_text(item, chunk, out, is_first=is_first)
            self._emit_text(text_kind, rest, chunk, out)
        if item.kind == "call":
            rest = item.missing_arguments(arguments_of(form))
            self._grow(item, _named(form, rest), chunk, out, whole=True, form=form)
            return
        if same_text(item.text("text").text, dict(texts_of(form, "")).get("text", "")):  # it is the form of this item
            for start, annotation in annotations_of(form):
                self._cite(item, annotation, start, chunk, out)
        self._end_block(item, form, chunk, out, is_late=is_late)

    # tool calls

    def _arguments(self, chunk: Chunk, out: list[Event]) -> None:
        item = self._items.of_piece(ref_of(chunk, "call"), lambda item: True)
        self._grow(item, Fragment(None, "", "", text_field(chunk, "delta"), "custom" in self._kind), chunk, out)

    def _arguments_done(self, chunk: Chunk, out: list[Event]) -> None:
        name, whole = text_field(chunk, "name"), arguments_of(chunk)

        def fits(item: OutputItem) -> bool:
            return item.may_be_call(name, whole) and (item.announced or not item.whole)

        item = self._items.of_whole(ref_of(chunk, "call"), fits)
        piece = Fragment(None, "", name, item.missing_arguments(whole), "custom" in self._kind)
        self._grow(item, piece, chunk, out, whole=bool(whole))

    def _use_announced_arguments(self, chunk: Chunk, out: list[Event]) -> None:
        """Emit arguments that came only with the announcement of their call."""
        for item in self._items.all:
            if item.announced_arguments and item.empty:
                self._grow(item, Fragment(None, "", "", item.announced_arguments), chunk, out)

    def _grow(
        self,
        item: OutputItem,
        piece: Fragment,
        chunk: Chunk,
        out: list[Event],
        *,
        whole: bool = False,
        form: Chunk | None = None,
    ) -> None:
        """Add to a call, and emit its end if it is ``whole`` now: nothing is added to it after that."""
        self._ensure_started(chunk, out)
        self._last_is_call = True
        if item.call is None:
            item.call = self._calls.open(free=piece.free)
        call = item.call
        if call.ended:
            return
        if form is not None or piece.free:
            call.extra = call_extra(form or {"type": "custom_tool_call"}, call.extra)
        if piece.arguments:
            item.text("arguments").grow(piece.arguments)
            item.whole = item.whole or whole
        self._grow_call(self._calls, call, 0, piece, chunk, out)
        if whole and (item.closed or (call.id and call.name)):  # else id and name come with the end of the item
            out += self._end_calls(self._calls, [call], 0, chunk)


def _named(form: Chunk, arguments: str = "") -> Fragment:
    """The id and the name of a call, and arguments of it."""
    return Fragment(None, call_id(form), text_field(form, "name"), arguments, is_free(form))
