"""Text held until somebody approved it: cut into pieces to ask about, and put together again from the answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from ...errors import StreamkitError, excerpt
from ...events import Event, Finish, LogprobsDelta, Reply, Restart, TextDelta
from ..fold import Fold
from .hiding import known, quiet

__all__ = ["Answered", "Asked", "Cutter", "Joiner", "verdict_of"]


@dataclass(frozen=True, slots=True)
class Asked:
    """A piece of one choice's text to be checked, and the white space ``before`` it; ``bare`` if it came as str."""

    text: str
    index: int = 0
    bare: bool = False
    before: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """What may be shown of a piece: its text, another text, or None for nothing from here on."""

    asked: Asked
    text: str | None


def verdict_of(asked: Asked, verdict: object) -> Answered:
    """True or None approve, a str replaces, False refuses; StreamkitError for anything else."""
    if verdict is True or verdict is None:
        return Answered(asked, asked.before + asked.text)
    if verdict is False:
        return Answered(asked, None)
    if isinstance(verdict, str):
        return Answered(asked, verdict and asked.before + verdict)
    raise StreamkitError(f"a check gives True, False, None or a str, not {excerpt(repr(verdict), 60)}")


class _Cut:
    """One choice's text, cut where its segments end; what stands between two goes with the second."""

    def __init__(self, segments: Any) -> None:
        self._segments = segments
        self._text, self._start = "", 0

    def feed(self, text: str) -> list[str]:
        self._text += text
        return self._pieces(self._segments.feed(text))

    def flush(self) -> list[str]:
        pieces = self._pieces(self._segments.flush())
        rest, self._text = self._text, ""
        return [*pieces, rest] if rest else pieces

    def _pieces(self, segments: Any) -> list[str]:
        out = []
        for segment in segments:
            size = segment.end - self._start
            out.append(self._text[:size])
            self._text, self._start = self._text[size:], segment.end
        return out


class Cutter:
    """A stage, events (or str) in: the text of each choice comes out as `Asked`, the rest passes without ``raw``."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._cuts: dict[int, _Cut] = {}
        self._bare = False

    def feed(self, event: Any) -> list[Any]:
        if isinstance(event, (str, TextDelta)):
            self._bare = isinstance(event, str)
            text, index = (event, 0) if isinstance(event, str) else (event.text, event.index)
            cut = self._cuts.get(index)
            if cut is None:
                cut = self._cuts[index] = _Cut(self._make())
            return [self._asked(piece, index) for piece in cut.feed(text)]
        known(event, "guard")
        if isinstance(event, Finish):
            return [*self._rest(event.index), quiet(event)]
        if isinstance(event, Reply):
            return [*self.flush(), quiet(event)]
        if isinstance(event, Restart):  # what is kept comes as it was, so it is asked about again
            self._cuts.clear()
            return [replace(quiet(event), kept=""), *self.feed(TextDelta(event.kept))]
        return [] if isinstance(event, LogprobsDelta) else [quiet(event)]

    def flush(self) -> list[Any]:
        return [asked for index in sorted(self._cuts) for asked in self._rest(index)]

    def _rest(self, index: int) -> list[Asked | Answered]:
        cut = self._cuts.pop(index, None)
        return [self._asked(piece, index) for piece in cut.flush()] if cut is not None else []

    def _asked(self, piece: str, index: int) -> Asked | Answered:
        """White space alone needs nobody's approval."""
        text = piece.lstrip()
        asked = Asked(text, index, self._bare, piece[: len(piece) - len(text)])
        return asked if text else Answered(asked, piece)


class Joiner:
    """A stage, `Answered` and events in, events out; the Reply says what was approved, or that it was stopped."""

    def __init__(self, name: str) -> None:
        self.done = False
        self._name = name
        self._fold = Fold()
        self._final: Reply | None = None

    def feed(self, item: Answered | Event) -> list[Any]:
        if not isinstance(item, Answered):
            return [self._known(item)]
        if item.text is None:
            return self._refused(item.asked.bare)
        if item.asked.bare:
            return [item.text]
        return [self._known(TextDelta(item.text, item.asked.index))] if item.text else []

    def flush(self) -> tuple[()]:
        return ()

    def reply(self, reply: Reply) -> Reply:
        if self._final is not None:
            return self._final
        shown = self._fold.reply(reply.outcome)
        return replace(quiet(reply), choices=shown.choices, earlier=shown.earlier, answers=shown.answers)

    def _known(self, event: Event) -> Event:
        if isinstance(event, Reply):
            self._final = self.reply(event)
            return self._final
        self._fold.feed(event)
        return event

    def _refused(self, bare: bool) -> list[Any]:
        self.done = True
        if bare:
            return []
        self._final = self._fold.reply("stopped", stopped_by=self._name)
        return [self._final]
