"""A stage that applies text stages to events: texts change, everything else passes, each choice and part by itself.

Text that a stage holds back waits for more of its own part; events of other parts do not wait for it, unless a
block that it is held for begins before them. The end of a
choice and the `Reply` flush it first. The Reply has the text that passed, and so has `Rewriter.reply` for one that was
cut short.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ...errors import StreamkitError
from ...events import (
    BlockEnd,
    BlockStart,
    Choice,
    Event,
    File,
    Finish,
    LogprobsDelta,
    ReasoningDelta,
    RefusalDelta,
    Reply,
    Restart,
    RoundEnd,
    ServerTool,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    ToolResult,
)
from ..fold import outcome_of
from .block_places import BlockPlaces
from .hiding import require_event, with_forms_masked, with_texts_mapped, without_quotes
from .shown_reply import ShownReply
from .text_stages import TextStages

__all__ = ["Rewriter"]

TEXTS = (TextDelta, ReasoningDelta, RefusalDelta)
UNITS = (ToolCall, ToolCallDelta, ServerTool, File)
"""Events, other than text, that have a place among the blocks of a reply."""
WHOLE = ("complete", "refused")
"""Outcomes of replies that were not cut off."""


class Rewriter(ShownReply):
    """A stage, events (or bare str) in and out. ``make`` returns a fresh `TextStage` for each part of each choice,
    ``make_json`` one for the JSON text of arguments, if they need another.

    With ``hides`` nothing else may leak the text: ``raw`` and log probabilities are dropped, and quotes of the reply
    are rewritten too. A stage that sets ``done`` ends the reply as ``stopped`` by ``name``.

    ``broken`` is to be set before `flush` if the stream failed; ``keep_text`` is that of `Fold`.

    An error of a stage ends the stream: nothing more comes, and no held text is shown. If it is a `StreamkitError`, its
    partial reply is the text that passed.
    """

    def __init__(
        self,
        make: Callable[[], Any],
        kinds: frozenset[type],
        *,
        name: str = "",
        hides: bool = False,
        make_json: Callable[[], Any] | None = None,
        keep_text: Callable[[], bool] | bool = True,
    ) -> None:
        super().__init__(name, keep_text)
        self.hides, self._kinds = hides, kinds
        self._stages = TextStages(make, make_json or make, resumes=hides)
        self._places = BlockPlaces()
        self._is_bare = False
        self._last_round_end: list[RoundEnd] = []  # of the last round, held until the Reply shows how it ended

    # -- the stage -------------------------------------------------------------------------------------------------

    def feed(self, event: Any) -> list[Any]:
        return self._unless_over(self._rewrite, event)

    def flush(self) -> list[Any]:
        """The held text, for a stream that ends without its Reply (an error, or bare str)."""
        out = self._unless_over(self._rest, self.broken)
        return _texts(out) if self._is_bare else out

    def _unless_over(self, method: Callable[[Any], list[Any]], arg: Any) -> list[Any]:
        if self.done or self._final is not None:
            return []
        try:
            return method(arg)
        except StreamkitError as exc:
            exc.partial = self.reply(self.answered(self._fold.reply(exc.outcome)))
            self.done = True
            raise

    def failure(self, error: StreamkitError) -> StreamkitError:
        """``error`` without text that may not be shown."""
        try:
            return without_quotes(error, self._stages.excerpt) if self.hides else error
        except StreamkitError as exc:
            exc.partial = error.partial
            raise

    def _of_source(self, reply: Reply) -> Reply:
        """The part of ``reply`` of the source that passed."""
        shown = super()._of_source(reply)
        return self._masked(replace(shown, warnings=self._warnings(reply))) if self.hides else shown

    def answered(self, reply: Reply) -> Reply:
        answered = super().answered(reply)
        return self._masked(answered) if self.hides else answered

    def _masked(self, reply: Reply) -> Reply:
        """``reply`` with what it says of itself masked, or without that if the stage fails on it."""
        try:
            return with_forms_masked(reply, self._stages.whole)
        except Exception:
            return replace(reply, id="", model="", request_id=None, headers={})

    def _warnings(self, reply: Reply) -> tuple[str, ...]:
        """The warnings of ``reply``, masked, as they quote the server. If the stage fails on them they are left out: a
        run must be able to return its reply at any time."""
        try:
            return tuple(map(self._stages.excerpt, reply.warnings))
        except Exception:
            return ()

    # -- events ----------------------------------------------------------------------------------------------------

    def _rewrite(self, event: Any) -> list[Any]:
        if type(event) is str:
            self._is_bare = True
            texts = _texts(self._shown(self._stages.feed(TextDelta(event))))
            self.done = self._stages.done
            return texts
        if self.hides:
            event = require_event(event, self._name)
        is_reply = isinstance(event, Reply)
        if self.hides and not is_reply:
            event = with_forms_masked(event, self._stages.whole)
        out = self._rest(event.outcome not in WHOLE) if is_reply else self._shown(self._events(event))
        if self._stages.done:  # a stage ended the reply, perhaps with the last text of the source
            return [*out, self._stop()]
        return [*out, self._last(event)] if is_reply else out

    def _rest(self, cut: bool) -> list[Any]:
        return self._shown([*self._end_text(cut=cut), *self._last_round_end])

    def _events(self, event: Event) -> list[Any]:
        if type(event) in self._kinds:
            return self._text(event)
        match event:
            case BlockStart() | BlockEnd():
                return self._block(event)
            case Finish(reason=reason, index=index):
                cut = outcome_of(Choice(finish_reason=reason)) not in WHOLE
                return [*self._end_text(index, cut=cut), event]
            case ToolCall() if ToolCallDelta in self._kinds:
                return self._behind(event, [*self._stages.end_call(event), self._rewritten(event)])
            case ToolResult() | RoundEnd(last=False):
                return [*self._end_text(), self._between(event)]
            case RoundEnd():
                self._last_round_end = [event]
                return []
            case Restart():
                return self._restart(event)
            case LogprobsDelta() if self.hides:
                return []
        return [*self._before(event), *self._behind(event, [event])]

    def _text(self, event: Any) -> list[Any]:
        """A delta of a part, rewritten."""
        if not self._places.waits(event.index):
            return self._stages.feed(event)
        if self._places.goes_on(event):
            return self._places.put_in(self._stages.feed(event), event.index)
        return [*self._before(event), *self._behind(event, self._stages.feed(event))]

    def _block(self, event: BlockStart | BlockEnd) -> list[Any]:
        """A block, or nothing while text that comes before it is held."""
        if self._places.waits(event.index):
            return self._wait([event], event.index)
        held = self._stages.held(event.index)
        if held is None:
            return [event]
        self._places.add(event, *held)
        return []

    def _wait(self, events: list[Any], index: int) -> list[Any]:
        """Let ``events`` wait behind the blocks that do."""
        kind = self._places.kind(index)
        _, held = self._stages.held(index, kind) or (kind, None)
        for event in events:
            self._places.add(event, kind or TextDelta, held)
        return []

    def _before(self, event: Any) -> list[Any]:
        """The blocks that have to come before ``event``, with the text they wait for, if it is other text."""
        if not (isinstance(event, TEXTS) and self._places.waits(event.index)):
            return []
        return [*self._stages.end(event.index, calls=False), *self._places.take(event.index)]

    def _behind(self, event: Any, out: list[Any]) -> list[Any]:
        """``out``, which ``event`` became, now or behind a block that has to begin before it. The text that this block
        waits for is not given for it: what is hidden may begin in this text and go on after the event."""
        waits = isinstance(event, UNITS) and self._places.begins(event.index)
        return self._wait(out, event.index) if waits else out

    def _end_text(self, index: int | None = None, *, cut: bool = False) -> list[Any]:
        deltas = self._stages.end(index, cut=cut)
        placed = [one for delta in deltas for one in self._places.put_in([delta], delta.index)]
        return [*placed, *self._places.take(index)]

    def _restart(self, event: Restart) -> list[Any]:
        """Begin the text again with the part that is kept, which comes as it was before any operator."""
        self._stages.clear()
        self._places = BlockPlaces()
        kept = TextDelta(event.kept)
        out = self._stages.feed(kept) if event.kept and TextDelta in self._kinds else [kept]
        reason = self._stages.excerpt(event.reason) if self.hides else event.reason
        others = [piece for piece in out if type(piece) is not TextDelta]
        return [replace(event, kept="".join(_texts(out)), reason=reason), *others]

    def _between(self, event: ToolResult | RoundEnd) -> Event:
        self._stages.clear()  # another message follows
        if isinstance(event, RoundEnd) or not self.hides or ToolCallDelta not in self._kinds:
            return event
        value = with_texts_mapped(event.value, self._stages.whole)
        error = with_texts_mapped(event.error, self._stages.excerpt)
        return replace(event, call=self._rewritten(event.call), value=value, error=error, raw=None)

    def _rewritten(self, call: ToolCall) -> ToolCall:
        return replace(call, arguments=self._stages.whole(call.arguments, ToolCallDelta), raw=None)


def _texts(events: list[Any]) -> list[str]:
    return [event.text for event in events if type(event) is TextDelta]
