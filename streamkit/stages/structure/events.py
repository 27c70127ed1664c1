"""JSON stages applied to the events of a reply: one for its text, or one for each call of a tool."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ...errors import StreamkitError
from ...events import Event, Reply, Restart, TextDelta, ToolCall, ToolCallDelta
from ..fold import Fold
from ..opencalls import OpenCalls

__all__ = ["JsonEvents"]


class JsonEvents:
    """A stage: events (or bare str) → what the stages that ``make`` gives find in their text. Choice 0 only.

    ``tool`` names the tool whose arguments are meant, ``"*"`` any tool; None is the text of the reply. An error that is
    raised carries the reply so far.

    ``broken`` is to be set before `flush` if the stream failed: then it is no news that the JSON is not finished.
    """

    def __init__(
        self, make: Callable[[], Any], tool: str | None = None, *, keep_text: Callable[[], bool] | bool = True
    ) -> None:
        self.broken = False
        self._make, self._tool = make, tool
        self._text = make() if tool is None else None
        self._calls: dict[int, _Call] = {}
        self._open = OpenCalls()
        self._fold = Fold(keep_text=keep_text)
        self._reply: Reply | None = None

    def feed(self, item: Event | str) -> Iterable[Any]:
        if isinstance(item, str):
            item = TextDelta(item)
        self._fold.feed(item)
        if isinstance(item, TextDelta) and self._text is not None:
            return self._told(self._text.feed(item.text)) if not item.index else ()
        if isinstance(item, Reply):
            self._reply = item
        elif isinstance(item, Restart):
            self._restart(item)
        elif self._tool is not None and isinstance(item, (ToolCallDelta, ToolCall)) and not item.index:
            if isinstance(item, ToolCall):
                return self._told(self._whole(item))
            self._open.feed(item)
            return self._told(self._grow(item))
        return ()

    def flush(self) -> Iterable[Any]:
        stages = [self._text] if self._text is not None else [call.stage for call in self._calls.values()]
        for stage in stages:
            try:
                yield from self._told(stage.flush() if stage is not None else ())
            except StreamkitError:
                if not self.broken:
                    raise

    def _told(self, items: Iterable[Any]) -> Iterator[Any]:
        try:
            yield from items
        except StreamkitError as error:
            error.partial = self._reply or self._fold.reply("failed")
            raise

    def _restart(self, event: Restart) -> None:
        """The text begins anew; what it keeps was given before."""
        self._calls.clear()
        self._open = OpenCalls()
        if self._text is not None:
            self._text = self._make()
            for _ in self._text.feed(event.kept):
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
