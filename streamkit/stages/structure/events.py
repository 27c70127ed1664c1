"""JSON stages applied to the events of a reply: one for its text, or one for each call of a tool."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ...errors import StreamkitError
from ...events import Event, Reply, Restart, TextDelta, ToolCall, ToolCallDelta
from ..fold import Fold
from .calls import Calls, Tools, rest_of

__all__ = ["JsonEvents"]


class JsonEvents:
    """A stage: events (or bare str) → what the stages that ``make`` gives find in their text. Choice 0 only.

    ``tool`` names the tools whose arguments are meant, as `Calls` has it; None is the text of the reply. An error that
    is raised carries the reply so far.

    ``broken`` is to be set before `flush` if the stream failed: then it is no news that the JSON is not finished.
    """

    def __init__(
        self, make: Callable[[], Any], tool: Tools | None = None, *, keep_text: Callable[[], bool] | bool = True
    ) -> None:
        self.broken = False
        self._make, self._tool = make, tool
        self._text = make() if tool is None else None
        self._calls = Calls(make, tool) if tool is not None else None
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
        elif self._calls is not None and isinstance(item, (ToolCallDelta, ToolCall)) and not item.index:
            return self._told(self._calls.feed(item))
        return ()

    def flush(self) -> Iterable[Any]:
        for rest in [rest_of(self._text)] if self._text is not None else self._calls.flush() if self._calls else ():
            try:
                yield from self._told(rest)
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
        if self._tool is not None:
            self._calls = Calls(self._make, self._tool)
        if self._text is not None:
            self._text = self._make()
            for _ in self._text.feed(event.kept):
                pass
