"""Text stages applied to events: what is shown changes, everything else passes, each choice and part by itself.

Text that a stage holds back waits for more of its own part; events of other parts do not wait for it. The end of a
choice and the `Reply` let it out first. The Reply says what was let through, and so does `Rewriter.reply` for one that
was cut short.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, TypeAlias, TypeVar

from ...checks import quote
from ...errors import StreamkitError
from ...eventclass import FromServer
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
from ..opencalls import OpenCalls
from .hiding import excerpts_through, require_event, through, with_texts_mapped, without_quotes, without_raw

__all__ = ["Piece", "Rewriter", "TextStage"]

E = TypeVar("E", bound=FromServer)
Key: TypeAlias = tuple[type, int, int]
"""Part, choice, and number of the call."""
WHOLE = ("complete", "refused")
"""Outcomes of replies that nothing cut off."""
Piece: TypeAlias = "str | tuple[type, str]"
"""Text for the part at hand, or for another: ``(ReasoningDelta, "...")``."""


TextStage: TypeAlias = "Stage[str, Piece]"
"""A stage over the text of one part. If it is a `StageBase`, ``done`` ends the whole reply, and ``cut`` is called
instead of ``flush`` where its text was cut off: by an error, a limit, or from this side."""


class Rewriter(StageBase):
    """A stage, events (or bare str) in and out. ``make`` gives a fresh `TextStage` for each part of each choice,
    ``make_json`` one for the JSON text of arguments, if they need another.

    With ``hides`` nothing else may tell what was there: ``raw`` and log probabilities are dropped, and what quotes the
    reply is rewritten too. A stage that sets ``done`` ends the reply as ``stopped`` by ``name``.

    ``broken`` is to be set before `flush` if the stream failed; ``keep_text`` is that of `Fold`.

    What a stage raises is the end: nothing more comes, and nothing that is held is shown. If it is a `StreamkitError`,
    its partial reply is what was let through.
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
        self._ended: dict[Key, Any] = {}  # of what ended already: servers have more to say now and then
        self._calls = OpenCalls()
        self._fold = Fold(keep_text=keep_text)
        self._final: Reply | None = None
        self._over = self._is_bare = False
        self._end: list[RoundEnd] = []  # of the last round, which waits for the Reply: that tells how it ended

    # -- the stage -------------------------------------------------------------------------------------------------

    def feed(self, event: Any) -> list[Any]:
        if self._over:
            return []
        try:
            return self._fed(event)
        except StreamkitError as exc:
            self._end_by(exc)
            raise

    def _fed(self, event: Any) -> list[Any]:
        if type(event) is str:
            return self._bare(event)
        if self.hides:
            require_event(event, self._name)
        if isinstance(event, Reply):
            return self._reply(event)
        out = self._noted(self._events(event))
        return [*out, self._last(None)] if self.done else out

    def flush(self) -> list[Any]:
        """What is held, for a stream that ends without its Reply (an error, or bare str)."""
        try:
            out = [] if self._over else self._noted([*self._rest(self._stages, self.broken), *self._end])
        except StreamkitError as exc:
            self._end_by(exc)
            raise
        return [made.text for made in out if type(made) is TextDelta] if self._is_bare else out

    def reply(self, reply: Reply) -> Reply:
        """``reply`` of the source as far as it was let through."""
        if self._final is not None:
            return self._final
        shown = self._fold.reply(reply.outcome)
        if self.hides:
            return replace(
                without_raw(reply),
                choices=shown.choices,
                earlier=shown.earlier,
                answers=shown.answers,
                warnings=self._warnings(reply),
            )
        return replace(
            reply,
            choices=shown.choices,
            earlier=shown.earlier or reply.earlier,
            answers=shown.answers or reply.answers,
        )

    def _warnings(self, reply: Reply) -> tuple[str, ...]:
        """They quote the server. Where the stage fails over them they are left out: a run must be able to tell its
        reply at any time."""
        try:
            return tuple(map(self._told, reply.warnings))
        except Exception:
            return ()

    def failure(self, error: StreamkitError) -> StreamkitError:
        """``error`` as far as it may be told."""
        try:
            return without_quotes(error, self._told) if self.hides else error
        except StreamkitError as exc:
            exc.partial = error.partial
            raise

    def _end_by(self, error: StreamkitError) -> None:
        self._over = True
        error.partial = self.reply(self._fold.reply(error.outcome))

    # -- events ----------------------------------------------------------------------------------------------------

    def _noted(self, events: list[Any]) -> list[Any]:
        for made in events:
            self._fold.feed(made)
        return events

    def _bare(self, text: str) -> list[str]:
        self._is_bare = True
        made = self._noted(self._through((TextDelta, 0, 0), TextDelta(text), text))
        self._over = self.done
        return [piece.text for piece in made if type(piece) is TextDelta]

    def _reply(self, event: Reply) -> list[Any]:
        out = self._noted([*self._rest(self._stages, event.outcome not in WHOLE), *self._end])
        return [*out, self._last(event)]

    def _last(self, reply: Reply | None) -> Reply:
        """The Reply: that of the source, or of what a stage ended, which may be with its very last character."""
        if self.done or reply is None:
            self._final = self._fold.reply("stopped", stopped_by=self._name)
        else:
            self._final = self.reply(reply)
        self._over = True
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
                self._end = [self._cleared(event)]
                return []
            case Restart():
                return self._restart(event)
            case LogprobsDelta() if self.hides:
                return []
        return [self._cleared(event)]

    def _cleared(self, event: E) -> E:
        return without_raw(event) if self.hides else event

    def _restart(self, event: Restart) -> list[Any]:
        """The text begins anew with what is kept of it, which comes as it was before any operator."""
        self._begin_anew()
        out: list[Any] = []
        if event.kept and TextDelta in self._kinds:
            out = self._through((TextDelta, 0, 0), TextDelta(event.kept), event.kept)
        kept = "".join(piece.text for piece in out if type(piece) is TextDelta) if out or self._stages else event.kept
        reason = self._told(event.reason) if self.hides else event.reason
        others = [piece for piece in out if type(piece) is not TextDelta]
        return [replace(self._cleared(event), kept=kept, reason=reason), *others]

    def _begin_anew(self) -> None:
        for places in (self._stages, self._ended):
            places.clear()
        self._calls = OpenCalls()

    # -- tool calls ------------------------------------------------------------------------------------------------

    def _rest_of_call(self, call: ToolCall) -> list[Any]:
        """What is held of the pieces that came before the whole call."""
        number = self._calls.close(call)
        key = (ToolCallDelta, call.index, number)
        return self._rest([key], cut=False) if number is not None and key in self._stages else []

    def _between(self, event: ToolResult | RoundEnd) -> Event:
        self._begin_anew()  # what follows is another message
        if isinstance(event, RoundEnd) or not self.hides or ToolCallDelta not in self._kinds:
            return self._cleared(event)
        value, error = with_texts_mapped(event.value, self._whole), with_texts_mapped(event.error, self._told)
        return replace(event, call=self._rewritten(event.call), value=value, error=error, raw=None)

    def _rewritten(self, call: ToolCall) -> ToolCall:
        return replace(call, arguments=self._whole(call.arguments, self._make_json), raw=None)

    def _whole(self, text: str, make: Callable[[], Any] | None = None) -> str:
        return through((make or self._make)(), text)

    def _told(self, text: str) -> str:
        return excerpts_through(self._make(), text)

    # -- text ------------------------------------------------------------------------------------------------------

    def _through(self, key: Key, event: Any, text: str) -> list[Any]:
        stage = self._stages.get(key)
        if stage is None:
            stage = self._stages[key] = self._ended.pop(key, None) or self._fresh(key[0])
        made = pieces_of(stage.feed, text)
        self._look_at(stage)
        if made == [text]:
            return [self._cleared(event)]
        return self._deltas(made, event)

    def _look_at(self, stage: Any) -> None:
        if isinstance(stage, StageBase) and stage.done:  # type: ignore[attr-defined]  # see there
            self.done = True

    def _fresh(self, kind: type) -> Any:
        return self._make_json() if kind is ToolCallDelta else self._make()

    def _deltas(self, pieces: Iterable[Piece], like: Any) -> list[Any]:
        out: list[Any] = []
        for piece in pieces:
            kind, text = piece if isinstance(piece, tuple) else (type(like), piece)
            if kind is ToolCallDelta:
                out.append(replace(like, arguments=text, raw=None))
            elif text:
                if not isinstance(text, str):
                    raise TypeError(f"a stage over text gives pieces of str, not {quote(text)}")
                out.append(kind(text, like.index))
        if isinstance(like, ToolCallDelta) and not out and (like.id or like.name):
            out.append(replace(like, arguments="", raw=None))  # the call begins, whatever its arguments do
        return out

    def _rest(self, keys: Iterable[Key], cut: bool) -> list[Any]:
        out: list[Any] = []
        for key in tuple(keys):
            kind, index, call = key
            stage = self._stages.pop(key)
            if self.hides:
                self._ended[key] = stage
            pieces = pieces_of(stage.cut if cut and isinstance(stage, StageBase) else stage.flush)
            self._look_at(stage)
            like: Any = ToolCallDelta("", call, index=index) if kind is ToolCallDelta else kind("", index)
            out += self._deltas([piece for piece in pieces if piece], like)
        return out
