"""A stage that ends a reply before the server does."""

from __future__ import annotations

from collections.abc import Callable
from inspect import isawaitable
from typing import Any

from ...checks import type_name
from ...events import Reply
from ...protocols import StageBase
from ..fold import Fold

__all__ = ["EarlyEnd"]


class EarlyEnd(StageBase):
    """A stage: events up to the first for which ``predicate`` is true, then a Reply that was ``stopped`` by ``name``.

    `finish` does the same from outside. A stream of items that are not events just ends. ``keep_text`` is that of
    `Fold`.
    """

    def __init__(
        self, predicate: Callable[[Any], bool], name: str, keep_text: Callable[[], bool] | bool = True
    ) -> None:
        self.done = False
        self._predicate, self._name = predicate, name
        self._fold = Fold(keep_text=keep_text)
        self._events = False
        self._last: Reply | None = None

    def feed(self, item: Any) -> list[Any]:
        if hasattr(item, "type"):
            self._events = True
            self._fold.feed(item)
        if isinstance(item, Reply):
            self._last = item
            return [item]
        answer: Any = self._predicate(item)
        if answer:
            if isawaitable(answer):
                kind = type_name(answer)  # closes a coroutine
                raise TypeError(f"trigger of {self._name} must return True or False, not a {kind}")
            return [item, *self.finish()]
        return [item]

    def finish(self) -> list[Any]:
        self.done = True
        if self._last is not None or not self._events:
            return []
        self._last = self._fold.reply("stopped", stopped_by=self._name)
        return [self._last]

    def flush(self) -> tuple[()]:
        return ()

    def reply(self, reply: Reply) -> Reply:
        return self._last or reply
