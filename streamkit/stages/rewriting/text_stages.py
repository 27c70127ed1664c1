"""Text stages applied to the pieces of a reply: one for each part of each choice, and for each call of a tool."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, TypeAlias

from ...checks import quote
from ...events import TextDelta, ToolCall, ToolCallDelta
from ...protocols import Stage, StageBase, overrides
from ..fit import pieces_of
from ..open_calls import OpenCalls
from .block_places import HeldText
from .hiding import excerpts_through, through

__all__ = ["Piece", "TextStage", "TextStages"]

Key: TypeAlias = tuple[type, int, int]
"""The part, the choice, and the number of the call."""
Piece: TypeAlias = "str | tuple[type, str]"
"""Text for the current part, or for another: ``(ReasoningDelta, "...")``."""


TextStage: TypeAlias = "Stage[str, Piece]"
"""A stage over the text of one part. If it is a `StageBase`, ``done`` ends the whole reply, and ``cut`` is called
instead of ``flush`` where its text was cut off: by an error, a limit, or on this side."""


class TextStages:
    """The stages of one reply. ``make`` returns a fresh `TextStage`, ``make_json`` one for the JSON text of arguments.

    ``done``: one of them has ended the reply. With ``resumes`` text that follows the end of its part, as servers
    sometimes send it, goes to the stage of that part; else to a fresh one.
    """

    def __init__(self, make: Callable[[], Any], make_json: Callable[[], Any], *, resumes: bool) -> None:
        self.done = False
        self._make, self._make_json, self._resumes = make, make_json, resumes
        self._held: dict[Key, HeldText] = {}  # of the keys whose stage holds text, as far as that is known
        self._open: dict[Key, Any] = {}
        self._ended: dict[Key, Any] = {}
        self._calls = OpenCalls()

    def feed(self, event: Any) -> list[Any]:
        """The deltas to show for ``event``, a delta of a part."""
        kind, call = type(event), 0
        if kind is ToolCallDelta:
            call, text = event.call, event.arguments
            self._calls.feed(event)
        else:
            text = event.text
        key = (kind, event.index, call)
        stage = self._open.get(key)
        if stage is None:
            stage = self._open[key] = self._ended.pop(key, None) or self._fresh(kind)
        pieces = self._pieces(stage, stage.feed, text)
        if pieces == [text] and key not in self._held:
            return [event]
        out: list[Any] = [event] if pieces == [text] else _deltas(pieces, event)
        if kind is not ToolCallDelta:
            self._note_held(key, text, out)
        return out

    def held(self, index: int, kind: type | None = None) -> tuple[type, str | None] | None:
        """The kind of text of a choice that is held, and the text, or None where it is changed and so not known; None
        if nothing is held. Where text of several kinds is held, it is that of ``kind``, or of the last one."""
        keys = (key for key in reversed(self._held) if key[1] == index and kind in (None, key[0]))
        return next(((key[0], self._held[key].text) for key in keys), None)

    def _note_held(self, key: Key, text: str, out: list[Any]) -> None:
        held = self._held.setdefault(key, HeldText())
        held.add(text)
        for delta in out:
            is_of_part = type(delta) is key[0]
            if is_of_part:
                held.give(delta.text)
            else:
                held.lose()
        if held.is_empty:
            del self._held[key]

    def end(self, index: int | None = None, *, cut: bool = False, calls: bool = True) -> list[Any]:
        """The held text of a choice, or of all of them; ``cut`` if their text was cut off there. Without ``calls`` that
        of arguments stays."""
        keys = [key for key in self._open if index in (None, key[1]) and (calls or key[0] is not ToolCallDelta)]
        return [delta for key in keys for delta in self._rest(key, cut)]

    def end_call(self, call: ToolCall) -> list[Any]:
        """The held text of the pieces that came before the whole call."""
        number = self._calls.close(call)
        if number is None:
            return []
        key = (ToolCallDelta, call.index, number)
        return self._rest(key, cut=False) if key in self._open else []

    def clear(self) -> None:
        """Begin again: another message, or the same one anew, follows."""
        self._held.clear()
        self._open.clear()
        self._ended.clear()
        self._calls = OpenCalls()

    def whole(self, text: str, kind: type = TextDelta) -> str:
        """A whole ``text``, rewritten."""
        return through(self._fresh(kind), text)

    def excerpt(self, text: str) -> str:
        """A message that may quote the reply, rewritten."""
        return excerpts_through(self._make(), text)

    def _fresh(self, kind: type) -> Any:
        return self._make_json() if kind is ToolCallDelta else self._make()

    def _rest(self, key: Key, cut: bool) -> list[Any]:
        kind, index, call = key
        stage = self._open.pop(key)
        self._held.pop(key, None)
        if self._resumes:
            self._ended[key] = stage
        pieces = self._pieces(stage, stage.cut if cut and overrides(stage, "cut") else stage.flush)
        template = ToolCallDelta("", call, index=index) if kind is ToolCallDelta else kind("", index)
        return _deltas([piece for piece in pieces if piece], template)

    def _pieces(self, stage: Any, method: Callable[..., Iterable[Any]], *args: str) -> list[Any]:
        pieces = pieces_of(method, *args)
        if isinstance(stage, StageBase) and stage.done:  # type: ignore[attr-defined]  # see `StageBase`
            self.done = True
        return pieces


def _deltas(pieces: Iterable[Piece], template: Any) -> list[Any]:
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
