"""A stage that ends a reply before the server does."""

from __future__ import annotations

from collections.abc import Callable
from inspect import isawaitable
from typing import Any

from ...checks import type_name
from ...event_class import FromServer
from ...events import Reply
from .shown_reply import ShownReply

__all__ = ["EarlyEnd"]


class EarlyEnd(ShownReply):
    """A stage: events up to the first for which ``predicate`` is true, then a Reply that was ``stopped`` by ``name``.

    `finish` does the same from outside. A stream of items that are not events just ends. ``keep_text`` is that of
    `Fold`.
    """

    def __init__(
        self, predicate: Callable[[Any], bool], name: str, keep_text: Callable[[], bool] | bool = True
    ) -> None:
        super().__init__(name, keep_text)
        self._predicate = predicate
        self._events = False

    def feed(self, item: Any) -> list[Any]:
        if isinstance(item, Reply):
            self._final = item
            return [item]
        if isinstance(item, FromServer):
            self._events = True
            self._shown([item])
        answer: Any = self._predicate(item)
        if answer:
            if isawaitable(answer):
                kind = type_name(answer)  # closes a coroutine
                raise TypeError(f"trigger of {self._name} must return True or False, not a {kind}")
            return [item, *self.finish()]
        return [item]

    def finish(self) -> list[Any]:
        self.done = True
        return [self._stop()] if self._events and self._final is None else []

    def flush(self) -> tuple[()]:
        return ()

    def _of_source(self, reply: Reply) -> Reply:
        return reply
