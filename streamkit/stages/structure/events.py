"""JSON stages applied to the events of a reply: one for its text, or one for each call of a tool."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

from ...errors import StreamkitError
from ...events import Event, Reply, Restart, RoundEnd, Start, TextDelta, ToolCall, ToolCallDelta
from ..fold import Fold
from ..opencalls import OpenCalls

__all__ = ["JsonEvents"]


class JsonEvents:
    """A stage: events (or bare str) → what the stages that ``make`` gives find in their text. Choice 0 only.

    ``tool`` names the tool whose arguments are meant, ``"*"`` any tool; None is the text of the reply. An error that is
    raised carries the reply so far. Each round of a tool loop begins anew; what is wrong in one is only an error if it
    was the last.

    ``broken`` is to be set before `flush` if the stream failed: then it is no news that the JSON is not finished.
    """

    def __init__(self, make: Callable[[], Any], tool: str | None = None) -> None:
        self.broken = False
        self._make, self._tool = make, tool
        self._text = make() if tool is None else None
        self._calls: dict[int, _Call] = {}
        self._open = OpenCalls()
        self._fold = Fold()
        self._reply: Reply | None = None
        self._looped = False
        self._error: StreamkitError | None = None  # of this round of a loop

    def feed(self, item: Event | str) -> Iterable[Any]:
        if isinstance(item, str):
            item = TextDelta(item)
        self._fold.feed(item)
        if isinstance(item, TextDelta) and self._text is not None:
            return self._told(self._text.feed(item.text)) if not item.index and self._error is None else ()
        if isinstance(item, Reply):
            self._reply = item
        elif isinstance(item, Start):
            self._looped = self._looped or item.round is not None
        elif isinstance(item, Restart):
            self._begin(item.kept)
        elif isinstance(item, RoundEnd) and not item.last:
            return self._end_of_round()
        elif self._tool is not None and isinstance(item, (ToolCallDelta, ToolCall)):
            return self._told(self._of_call(item)) if not item.index and self._error is None else ()
        return ()

    def _of_call(self, item: ToolCallDelta | ToolCall) -> Iterable[Any]:
        if isinstance(item, ToolCall):
            return self._whole(item)
        self._open.feed(item)
        return self._grow(item)

    def flush(self) -> Iterable[Any]:
        stages = [self._text] if self._text is not None else [call.stage for call in self._calls.values()]
        for stage in stages if self._error is None else ():
            try:
                yield from self._told(stage.flush() if stage is not None else ())
            except StreamkitError:
                if not self.broken:
                    raise
        if self._error is not None and not self.broken:
            raise self._with_reply(self._error)

    def _end_of_round(self) -> Iterator[Any]:
        """What its text amounts to; whether that is unfinished is no matter, as it was not the last."""
        with suppress(StreamkitError):
            yield from self.flush()
        self._begin("")

    def _told(self, items: Iterable[Any]) -> Iterator[Any]:
        try:
            yield from items
        except StreamkitError as error:
            if not self._looped:
                self._with_reply(error)
                raise
            self._error = error

    def _with_reply(self, error: StreamkitError) -> StreamkitError:
        error.partial = self._reply or self._fold.reply("failed")
        return error

    def _begin(self, kept: str) -> None:
        """Anew, after text that was ``kept``: what is in it was given before."""
        self._error = None
        self._calls.clear()
        self._open = OpenCalls()
        if self._text is not None:
            self._text = self._make()
            for _ in self._text.feed(kept):
                pass

    def _grow(self, event: ToolCallDelta) -> Iterable[Any]:
        call = self._calls.get(event.call)
        if call is None:
            call = self._calls[event.call] = _Call()
        call.name = call.name or event.name or ""
        call.waiting += event.arguments
        if call.stage is None and call.name:
            call.stage = self._make() if self._tool in (call.name, "*") else _Ignored()
        if call.stage is None:  # the name comes late
            return ()
        arguments, call.waiting = call.waiting, ""
        items: Iterable[Any] = call.stage.feed(arguments)
        return items

    def _whole(self, event: ToolCall) -> Iterator[Any]:
        """The end of a call whose pieces came before, or a call that comes at once."""
        number = self._open.close(event)
        if number is None:
            number = -1 - len(self._calls)
            yield from self._grow(ToolCallDelta(event.arguments, number, event.id, event.name))
        call = self._calls[number]
        stage, call.stage = call.stage, _Ignored()
        if stage is not None:
            if not event.arguments.strip():
                yield from stage.feed("{}")
            yield from stage.flush()


class _Call:
    __slots__ = ("name", "stage", "waiting")

    def __init__(self) -> None:
        self.name = self.waiting = ""
        self.stage: Any = None


class _Ignored:
    """The stage of a call that nobody asked for, or that has ended."""

    def feed(self, text: str) -> Iterable[Any]:
        return ()

    def flush(self) -> Iterable[Any]:
        return ()
