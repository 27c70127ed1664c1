"""Text between tags told apart from the rest, wherever the tags are cut; and text up to a place to stop at."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from ...events import ReasoningDelta
from .markdown import TAG, Code, Token, tokens_of
from .matching import Find, Pattern
from .rewrite import Piece
from .scan import HOLD, Replaced, Scan
from .words import Words

__all__ = ["StopAt", "ThinkTags"]


class ThinkTags:
    """A text stage: what stands between ``<tag>`` and ``</tag>`` becomes reasoning, the tags themselves go.

    Only whole tags count, as they are written. One that would open a thought does not where the answer shows code: in
    a fenced block, or in a span of backticks that is closed on its line. Where that is not known yet, the text waits
    from that tag on, for some 8,192 characters at most. In a thought the first closing tag ends it, whatever stands
    around; one that is open ends with the text at the latest. With ``inside`` the text begins within the first tag, as
    with models whose prompt already opened it.
    """

    def __init__(self, tags: Sequence[str] = ("think",), *, inside: bool = False) -> None:
        if not tags:
            raise ValueError("no tags")
        self._closing = {f"<{tag}>": f"</{tag}>" for tag in tags}
        self._scan = Scan([Words([*self._closing, *self._closing.values()], str)])
        self._until: str | None = self._closing[f"<{tags[0]}>"] if inside else None
        self._code, self._at = Code(), 0
        self._untold: deque[Token] = deque()  # what of the answer is not known to be code or none
        self._held: deque[Token] = deque()  # the end of that: it is not given out either, as it may be a thought

    def feed(self, text: str) -> list[Piece]:
        out: list[Piece] = []
        self._come(self._scan.feed(text), out)
        return _joined(out)

    def flush(self) -> list[Piece]:
        out: list[Piece] = []
        self._come(self._scan.flush(), out)
        self._code.end()
        self._settle(out)
        return _joined(out)

    def _come(self, parts: Sequence[Any], out: list[Piece]) -> None:
        for part in parts:
            text, is_tag = (part, False) if isinstance(part, str) else (part.text, isinstance(part, Replaced))
            if self._until is not None and not is_tag:
                out.append((ReasoningDelta, text))
            else:
                for token in [Token(TAG, text, self._at, len(text))] if is_tag else tokens_of(text, self._at):
                    self._take(token, out)
            self._at += len(text)

    def _take(self, token: Token, out: list[Piece]) -> None:
        if self._code.come(token):
            if not (self._untold or self._waits(token)):
                self._tell(token, out)
                return
            self._untold.append(token)
            self._held.append(token)
            self._settle(out)
        elif not self._held:
            out.append(token.whole)

    def _settle(self, out: list[Piece]) -> None:
        """Tell what is known, and give out of the rest what is text in any case."""
        untold, held = self._untold, self._held
        while untold and not self._waits(untold[0]):
            token = untold.popleft()
            is_held = bool(held) and held[0] is token
            if is_held:
                held.popleft()
            self._tell(token, out, is_held)
        while held and not self._opens(held[0]):
            out.append(held.popleft().whole)

    def _waits(self, token: Token) -> bool:
        return self._until is None and self._code.waits(token)

    def _tell(self, token: Token, out: list[Piece], is_held: bool = True) -> None:
        if self._until is not None:
            if token.kind == TAG and token.text == self._until:
                self._until = None
            else:
                out.append((ReasoningDelta, token.whole))
        elif self._opens(token) and not self._code.inside:
            self._until = self._closing[token.text]
        else:
            self._code.take(token)
            if is_held:
                out.append(token.whole)

    def _opens(self, token: Token) -> bool:
        return token.kind == TAG and token.text in self._closing


def _joined(pieces: list[Piece]) -> list[Piece]:
    """Neighbours of one kind are one."""
    if len(pieces) < 2:
        return pieces
    out: list[Piece] = []
    for kind, alike in groupby(pieces, lambda piece: None if isinstance(piece, str) else piece[0]):
        text = "".join(piece if isinstance(piece, str) else piece[1] for piece in alike)
        out.append(text if kind is None else (kind, text))
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
