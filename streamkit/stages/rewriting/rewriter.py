"""A stage that applies text stages to events: texts change, everything else passes, each choice and part by itself.

Text that a stage holds back waits for more of its own part; events of other parts do not wait for it. The end of a
choice and the `Reply` flush it first. The Reply has the text that passed, and so has `Rewriter.reply` for one that was
cut short.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, TypeAlias, TypeVar

from ...checks import quote
from ...errors import StreamkitError
from ...event_class import FromServer
from ...events import (
    Choice,
    Event,
    Finish,
    LogprobsDelta,
    Reply,
    Restart,
    RoundEnd,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    ToolResult,
)
from ...protocols import Stage, StageBase
from ..fit import pieces_of
from ..fold import Fold, outcome_of
from ..open_calls import OpenCalls
from .hiding import excerpts_through, require_event, through, with_texts_mapped, without_quotes, without_raw

__all__ = ["Piece", "Rewriter", "TextStage"]

E = TypeVar("E", bound=FromServer)
Key: TypeAlias = tuple[type, int, int]
"""The part, the choice, and the number of the call."""
WHOLE = ("complete", "refused")
"""Outcomes of replies that were not cut off."""
Piece: TypeAlias = "str | tuple[type, str]"
"""Text for the current part, or for another: ``(ReasoningDelta, "...")``."""


TextStage: TypeAlias = "Stage[str, Piece]"
"""A stage over the text of one part. If it is a `StageBase`, ``done`` ends the whole reply, and ``cut`` is called
instead of ``flush`` where its text was cut off: by an error, a limit, or on this side."""


class Rewriter(StageBase):
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
        self.done = self.broken = False
        self._make, self._make_json = make, make_json or make
        self._kinds, self._name, self.hides = kinds, name, hides
        self._stages: dict[Key, Any] = {}
        self._ended_stages: dict[Key, Any] = {}  # of parts that ended already: servers sometimes send more
        self._calls = OpenCalls()
        self._fold = Fold(keep_text=keep_text)
        self._final: Reply | None = None
        self._closed = self._is_bare = False
        self._last_round_end: list[RoundEnd] = []  # of the last round, held until the Reply shows how it ended

    # -- the stage -------------------------------------------------------------------------------------------------

    def feed(self, event: Any) -> list[Any]:
        if self._closed:
            return []
        try:
            return self._rewrite(event)
        except StreamkitError as exc:
            self._end_by(exc)
            raise

    def _rewrite(self, event: Any) -> list[Any]:
        if type(event) is str:
            return self._bare(event)
        if self.hides:
            require_event(event, self._name)
        if isinstance(event, Reply):
            return self._reply(event)
        out = self._noted(self._events(event))
        return [*out, self._last(None)] if self.done else out

    def flush(self) -> list[Any]:
        """The held text, for a stream that ends without its Reply (an error, or bare str)."""
        try:
            out = [] if self._closed else self._noted([*self._rest(self._stages, self.broken), *self._last_round_end])
        except StreamkitError as exc:
            self._end_by(exc)
            raise
        return [event.text for event in out if type(event) is TextDelta] if self._is_bare else out

    def reply(self, reply: Reply) -> Reply:
        """The part of ``reply`` of the source that passed."""
        if self._final is not None:
            return self._final
        visible = self._fold.reply(reply.outcome)
        if self.hides:
            return replace(
                without_raw(reply),
                choices=visible.choices,
                earlier=visible.earlier,
                answers=visible.answers,
                warnings=self._warnings(reply),
            )
        return replace(
            reply,
            choices=visible.choices,
            earlier=visible.earlier or reply.earlier,
            answers=visible.answers or reply.answers,
        )

    def _warnings(self, reply: Reply) -> tuple[str, ...]:
        """The warnings of ``reply``, masked, as they quote the server. If the stage fails on them they are left out: a
        run must be able to return its reply at any time."""
        try:
            return tuple(map(self._mask_excerpts, reply.warnings))
        except Exception:
            return ()

    def failure(self, error: StreamkitError) -> StreamkitError:
        """``error`` without text that may not be shown."""
        try:
            return without_quotes(error, self._mask_excerpts) if self.hides else error
        except StreamkitError as exc:
            exc.partial = error.partial
            raise

    def _end_by(self, error: StreamkitError) -> None:
        self._closed = True
        error.partial = self.reply(self._fold.reply(error.outcome))

    # -- events ----------------------------------------------------------------------------------------------------

    def _noted(self, events: list[Any]) -> list[Any]:
        for event in events:
            self._fold.feed(event)
        return events

    def _bare(self, text: str) -> list[str]:
        self._is_bare = True
        events = self._noted(self._through((TextDelta, 0, 0), TextDelta(text), text))
        self._closed = self.done
        return [piece.text for piece in events if type(piece) is TextDelta]

    def _reply(self, event: Reply) -> list[Any]:
        out = self._noted([*self._rest(self._stages, event.outcome not in WHOLE), *self._last_round_end])
        return [*out, self._last(event)]

    def _last(self, reply: Reply | None) -> Reply:
        """The Reply: that of the source, or one that a stage ended, perhaps with its very last character."""
        if self.done or reply is None:
            self._final = self._fold.reply("stopped", stopped_by=self._name)
        else:
            self._final = self.reply(reply)
        self._closed = True
        return self._final

    def _events(self, event: Event) -> list[Any]:
        kind = type(event)
        if kind in self._kinds:
            if not isinstance(event, ToolCallDelta):
                return self._through((kind, event.index, 0), event, event.text)  # type: ignore[union-attr]  # has text
            self._calls.feed(event)
            return self._through((kind, event.index, event.call), event, event.arguments)
        match event:
            case Finish(reason=reason, index=index):
                cut = outcome_of(Choice(finish_reason=reason)) not in WHOLE
                return [*self._rest([key for key in self._stages if key[1] == index], cut), self._cleared(event)]
            case ToolCall() if ToolCallDelta in self._kinds:
                return [*self._rest_of_call(event), self._rewritten(event)]
            case ToolResult() | RoundEnd(last=False):
                return [*self._rest(self._stages, cut=False), self._between(event)]
            case RoundEnd():
                self._last_round_end = [self._cleared(event)]
                return []
            case Restart():
                return self._restart(event)
            case LogprobsDelta() if self.hides:
                return []
        return [self._cleared(event)]

    def _cleared(self, event: E) -> E:
        return without_raw(event) if self.hides else event

    def _restart(self, event: Restart) -> list[Any]:
        """Begin the text again with the part that is kept, which comes as it was before any operator."""
        self._begin_anew()
        out: list[Any] = []
        if event.kept and TextDelta in self._kinds:
            out = self._through((TextDelta, 0, 0), TextDelta(event.kept), event.kept)
        kept = "".join(piece.text for piece in out if type(piece) is TextDelta) if out or self._stages else event.kept
        reason = self._mask_excerpts(event.reason) if self.hides else event.reason
        others = [piece for piece in out if type(piece) is not TextDelta]
        return [replace(self._cleared(event), kept=kept, reason=reason), *others]

    def _begin_anew(self) -> None:
        for stages in (self._stages, self._ended_stages):
            stages.clear()
        self._calls = OpenCalls()

    # -- tool calls ------------------------------------------------------------------------------------------------

    def _rest_of_call(self, call: ToolCall) -> list[Any]:
        """The held text of the pieces that came before the whole call."""
        number = self._calls.close(call)
        key = (ToolCallDelta, call.index, number)
        return self._rest([key], cut=False) if number is not None and key in self._stages else []

    def _between(self, event: ToolResult | RoundEnd) -> Event:
        self._begin_anew()  # another message follows
        if isinstance(event, RoundEnd) or not self.hides or ToolCallDelta not in self._kinds:
            return self._cleared(event)
        value, error = with_texts_mapped(event.value, self._whole), with_texts_mapped(event.error, self._mask_excerpts)
        return replace(event, call=self._rewritten(event.call), value=value, error=error, raw=None)

    def _rewritten(self, call: ToolCall) -> ToolCall:
        return replace(call, arguments=self._whole(call.arguments, self._make_json), raw=None)

    def _whole(self, text: str, make: Callable[[], Any] | None = None) -> str:
        return through((make or self._make)(), text)

    def _mask_excerpts(self, text: str) -> str:
        return excerpts_through(self._make(), text)

    # -- text ------------------------------------------------------------------------------------------------------

    def _through(self, key: Key, event: Any, text: str) -> list[Any]:
        stage = self._stages.get(key)
        if stage is None:
            stage = self._stages[key] = self._ended_stages.pop(key, None) or self._fresh(key[0])
        pieces = pieces_of(stage.feed, text)
        self._note_done(stage)
        if pieces == [text]:
            return [self._cleared(event)]
        return self._deltas(pieces, event)

    def _note_done(self, stage: Any) -> None:
        if isinstance(stage, StageBase) and stage.done:  # type: ignore[attr-defined]  # see `StageBase`
            self.done = True

    def _fresh(self, kind: type) -> Any:
        return self._make_json() if kind is ToolCallDelta else self._make()

    def _deltas(self, pieces: Iterable[Piece], template: Any) -> list[Any]:
        out: list[Any] = []
        for piece in pieces:
            kind, text = piece if isinstance(piece, tuple) else (type(template), piece)
            if kind is ToolCallDelta:
                out.append(replace(template, arguments=text, raw=None))
            elif text:
                if not isinstance(text, str):
                    raise TypeError(f"a stage over text gives pieces of str, not {quote(text)}")
                out.append(kind(text, template.index))
        if isinstance(template, ToolCallDelta) and not out and (template.id or template.name):
            out.append(replace(template, arguments="", raw=None))  # the call begins, whatever its arguments do
        return out

    def _rest(self, keys: Iterable[Key], cut: bool) -> list[Any]:
        out: list[Any] = []
        for key in tuple(keys):
            kind, index, call = key
            stage = self._stages.pop(key)
            if self.hides:
                self._ended_stages[key] = stage
            pieces = pieces_of(stage.cut if cut and isinstance(stage, StageBase) else stage.flush)
            self._note_done(stage)
            template: Any = ToolCallDelta("", call, index=index) if kind is ToolCallDelta else kind("", index)
            out += self._deltas([piece for piece in pieces if piece], template)
        return out
