"""Text between tags told apart from the rest, wherever the tags are cut; and text up to a place to stop at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...events import ReasoningDelta
from .matching import Find, Pattern
from .rewrite import Piece
from .scan import HOLD, Replaced, Scan
from .words import Words

__all__ = ["StopAt", "ThinkTags"]


class ThinkTags:
    """A text stage: what stands between ``<tag>`` and ``</tag>`` becomes reasoning, the tags themselves go.

    Only whole tags count, tags do not nest, and an opened one ends with the text at the latest. With ``inside`` the
    text begins within the first tag, as with models whose prompt already opened it.
    """

    def __init__(self, tags: Sequence[str] = ("think",), *, inside: bool = False) -> None:
        if not tags:
            raise ValueError("no tags")
        self._closing = {f"<{tag}>": f"</{tag}>" for tag in tags}
        self._scan = Scan([Words([*self._closing, *self._closing.values()], str)])
        self._until: str | None = self._closing[f"<{tags[0]}>"] if inside else None

    def feed(self, text: str) -> list[Piece]:
        return self._told_apart(self._scan.feed(text))

    def flush(self) -> list[Piece]:
        return self._told_apart(self._scan.flush())

    def _told_apart(self, parts: Sequence[Any]) -> list[Piece]:
        out: list[Piece] = []
        for part in parts:
            text = part if isinstance(part, str) else part.text
            if isinstance(part, Replaced):
                if text == self._until:
                    self._until = None
                    continue
                if self._until is None and text in self._closing:
                    self._until = self._closing[text]
                    continue
            out.append(text if self._until is None else (ReasoningDelta, text))
        return out


class StopAt:
    """A text stage: text up to the first match of a pattern, then ``done``. A str is meant literally.

    What could be the beginning of a match is held back. A match that more than ``hold`` characters could not decide is
    taken for none.
    """

    def __init__(self, *patterns: Any, hold: int = HOLD) -> None:
        words = [pattern for pattern in patterns if isinstance(pattern, str)]
        finds: list[Find] = [Words(words, str)] if words else []
        finds += [Pattern(pattern, str) for pattern in patterns if not isinstance(pattern, str)]
        if not finds:
            raise ValueError("no patterns")
        self._scan = Scan(finds, hold)
        self.done = False

    def feed(self, text: str) -> list[str]:
        return [] if self.done else self._before(self._scan.feed(text))

    def flush(self) -> list[str]:
        return [] if self.done else self._before(self._scan.flush())

    def _before(self, parts: Sequence[Any]) -> list[str]:
        out: list[str] = []
        for part in parts:
            if isinstance(part, Replaced):
                self.done = True
                break
            out.append(part if isinstance(part, str) else part.text)
        return out
