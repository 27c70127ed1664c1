"""JSON stages applied to the events of a reply: one for its text, or one for each call of a tool."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

from ...errors import StreamkitError
from ...events import CONTENT, Event, Reply, Restart, RoundEnd, Start, TextDelta, ToolCall, ToolCallDelta
from ...protocols import Stage
from ..answered import AnsweredStage
from ..fold import Fold
from .call_values import CallStages, Tools, rest_of

__all__ = ["JsonEvents"]


class JsonEvents(AnsweredStage):
    """A stage: events (or bare str) → the output of the stages that ``make`` returns, for their text. Choice 0 only.

    ``tool`` names the tools whose arguments are read, as in `CallStages`; None means the text of the reply. An error
    that is raised carries the reply so far. Each round of a tool loop begins anew; a fault in one is only an error if
    it was the last.

    ``broken`` is to be set before `flush` if the stream failed: then unfinished JSON is not reported as well.
    """

    def __init__(
        self, make: Callable[[], Any], tool: Tools | None = None, *, keep_text: Callable[[], bool] | bool = True
    ) -> None:
        self._kinds = (TextDelta,) if tool is None else (ToolCallDelta, ToolCall)
        self._make = (lambda: _TextStage(make())) if tool is None else (lambda: CallStages(make, tool))
        self._stages: Any = self._make()
        self._fold = Fold(keep_text=keep_text)
        self._reply: Reply | None = None
        self._looped = self._texts = self._events = False
        self._error: StreamkitError | None = None  # of this round of a loop

    def feed(self, item: Event | str) -> Iterable[Any]:
        if isinstance(item, str):
            if TextDelta not in self._kinds:
                self._texts = True
                return ()
            item = TextDelta(item)
        self._events = True
        if self._reply is not None and (isinstance(item, Start) or type(item) in CONTENT):
            self._reply, self._fold = None, Fold(keep_text=self._fold.keep_text)  # of another reply, behind the first
        self._fold.feed(item)
        if isinstance(item, self._kinds):
            return self._emitted(self._stages.feed(item)) if not item.index and self._error is None else ()
        if isinstance(item, Reply):
            self._reply = item
        elif isinstance(item, Start):
            self._looped = self._looped or item.round is not None
        elif isinstance(item, Restart):
            self._begin(item.kept)
        elif isinstance(item, RoundEnd) and not item.last:
            return self._end_of_round()
        return ()

    def flush(self) -> Iterable[Any]:
        for rest in self._stages.flush() if self._error is None else ():  # each may fail by itself
            try:
                yield from self._emitted(rest)
            except StreamkitError:
                if not self.broken:
                    raise
        if self._error is not None and not self.broken:
            raise self._with_reply(self._error)
        if self._texts and not self._events and not self.broken:
            raise TypeError("arguments of tools are in events, and only text came: put it before what makes text")

    def _end_of_round(self) -> Iterator[Any]:
        """The remaining values of the round. Unfinished JSON does not matter, as the round was not the last."""
        with suppress(StreamkitError):
            yield from self.flush()
        self._begin("")

    def _emitted(self, items: Iterable[Any]) -> Iterator[Any]:
        try:
            yield from items
        except StreamkitError as error:
            if not self._looped:
                self._with_reply(error)
                raise
            self._error = error

    def _with_reply(self, error: StreamkitError) -> StreamkitError:
        error.partial = self._reply or self.answered(self._fold.reply("failed"))
        return error

    def _begin(self, kept: str) -> None:
        """Begin again, after text that was ``kept``: the values in it were emitted before."""
        self._error = None
        self._stages = self._make()
        if TextDelta in self._kinds:
            for _ in self._stages.feed(TextDelta(kept)):
                pass


class _TextStage:
    """The stage of the text of one choice, in the form of `CallStages`."""

    def __init__(self, stage: Stage[str, Any]) -> None:
        self._stage = stage

    def feed(self, event: TextDelta) -> Iterable[Any]:
        return self._stage.feed(event.text)

    def flush(self) -> list[Iterable[Any]]:
        return [rest_of(self._stage)]
