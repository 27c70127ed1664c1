"""JSON stages applied to the events of a reply: one for its text, or one for each call of a tool."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

from ...errors import StreamkitError
from ...events import CONTENT, Event, Reply, Restart, RoundEnd, Start, TextDelta, ToolCall, ToolCallDelta
from ...protocols import StageBase
from ..fold import Fold
from .call_values import CallStages, Tools, rest_of

__all__ = ["JsonEvents"]


class JsonEvents(StageBase):
    """A stage: events (or bare str) → the output of the stages that ``make`` returns, for their text. Choice 0 only.

    ``tool`` names the tools whose arguments are read, as in `CallStages`; None means the text of the reply. An error
    that is raised carries the reply so far. Each round of a tool loop begins anew; a fault in one is only an error if
    it was the last.

    ``broken`` is to be set before `flush` if the stream failed: then unfinished JSON is not reported as well.
    """

    def __init__(
        self, make: Callable[[], Any], tool: Tools | None = None, *, keep_text: Callable[[], bool] | bool = True
    ) -> None:
        self.broken = False
        self._make, self._tool = make, tool
        self._text = make() if tool is None else None
        self._calls = CallStages(make, tool) if tool is not None else None
        self._keep_text = keep_text
        self._fold = Fold(keep_text=keep_text)
        self._reply: Reply | None = None
        self._looped = self._texts = self._events = False
        self._error: StreamkitError | None = None  # of this round of a loop

    def feed(self, item: Event | str) -> Iterable[Any]:
        if isinstance(item, str):
            if self._tool is not None:
                self._texts = True
                return ()
            item = TextDelta(item)
        self._events = True
        if self._reply is not None and (isinstance(item, Start) or type(item) in CONTENT):
            self._reply, self._fold = None, Fold(keep_text=self._keep_text)  # of another reply, behind the first
        self._fold.feed(item)
        if isinstance(item, TextDelta) and self._text is not None:
            return self._emitted(self._text.feed(item.text)) if not item.index and self._error is None else ()
        if isinstance(item, Reply):
            self._reply = item
        elif isinstance(item, Start):
            self._looped = self._looped or item.round is not None
        elif isinstance(item, Restart):
            self._begin(item.kept)
        elif isinstance(item, RoundEnd) and not item.last:
            return self._end_of_round()
        elif self._calls is not None and isinstance(item, (ToolCallDelta, ToolCall)):
            return self._emitted(self._calls.feed(item)) if not item.index and self._error is None else ()
        return ()

    def flush(self) -> Iterable[Any]:
        for rest in self._rests() if self._error is None else ():
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

    def _rests(self) -> Iterable[Iterable[Any]]:
        """The remaining values of everything that has begun: each may fail by itself."""
        if self._calls is not None:
            return self._calls.flush()
        return [rest_of(self._text)]

    def _with_reply(self, error: StreamkitError) -> StreamkitError:
        error.partial = self._reply or self._fold.reply("failed")
        return error

    def _begin(self, kept: str) -> None:
        """Begin again, after text that was ``kept``: the values in it were emitted before."""
        self._error = None
        if self._tool is not None:
            self._calls = CallStages(self._make, self._tool)
        if self._text is not None:
            self._text = self._make()
            for _ in self._text.feed(kept):
                pass
