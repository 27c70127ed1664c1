"""The base of stages that change or end a reply: the Reply of the events that were shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ...events import BlockEnd, Reply
from ...turns import slots_in, without_seals
from ..answered import AnsweredStage
from ..fold import Fold
from .hiding import without_raw

__all__ = ["ShownReply"]


class ShownReply(AnsweredStage):
    """Folds the events that a stage shows: for the Reply at the end, and for that of a reply which is cut short.

    A subclass passes what it shows through ``_shown``. The Reply that it shows comes from ``_last`` or ``_stop``.
    """

    def __init__(self, name: str, keep_text: Callable[[], bool] | bool = True) -> None:
        self.done = False
        self._name, self._fold = name, Fold(keep_text=keep_text)
        self._final: Reply | None = None

    def reply(self, reply: Reply) -> Reply:
        """The Reply that was shown; before that, the part of ``reply`` of the source that was shown."""
        return self._final or self._of_source(reply)

    def _of_source(self, reply: Reply) -> Reply:
        """``reply`` of the source with the text that was shown; with ``hides`` also without its raw data, and without
        rounds and answers that were not shown."""
        shown = self._fold.reply(reply.outcome)
        if self.hides:
            reply = replace(without_raw(reply), earlier=(), answers=())
        earlier, answers = shown.earlier or reply.earlier, shown.answers or reply.answers
        return replace(reply, choices=shown.choices, earlier=earlier, answers=answers)

    def _shown(self, events: list[Any]) -> list[Any]:
        """``events``, which are shown, without the raw data of the server if the stage hides something."""
        if not self.hides:
            for event in events:
                self._fold.feed(event)
            return events
        shown = []
        for event in events:
            clean = without_raw(event)
            if type(clean) is BlockEnd:
                clean = self._without_seals(clean)
            self._fold.feed(clean)
            shown.append(clean)
        return shown

    def _without_seals(self, event: BlockEnd) -> BlockEnd:
        """``event`` without the check sums of texts that were changed: they would help to find out what it was."""
        if not event.form or not any(slots_in(event.form)):
            return event
        form = without_seals(event.form, *self._fold.readings(event))
        return event if form == event.form else replace(event, form=form)

    def _last(self, reply: Reply) -> Reply:
        """The Reply to show at the end, when that of the source has come."""
        self._final = self.reply(reply)
        return self._final

    def _stop(self) -> Reply:
        """The Reply to show when this stage ends the reply."""
        self.done = True
        self._final = self.answered(self._fold.reply("stopped", stopped_by=self._name))
        return self._final
