"""One choice of a reply while it grows, with the order of its blocks and calls."""

from __future__ import annotations

from typing import Any

from ..events import Choice, Citation, File, Part, ServerTool
from ..turns import Piece
from .growing import GrowingCall, joined_pieces

__all__ = ["GrowingChoice"]


class GrowingChoice:
    """The state of one choice so far. Its texts are lists of pieces, which belong to the block that began last."""

    __slots__ = (
        *("_begun", "_current", "_parts", "_pieces", "calls", "citations", "files", "finish_reason", "index"),
        *("logprobs", "reasoning", "refusal", "server_tools", "text"),
    )

    def __init__(self, index: int, *, keeps: bool) -> None:
        self._pieces: Any = list if keeps else _Nothing
        self.index = index
        self.calls: dict[int, GrowingCall] = {}
        self.finish_reason: str | None = None
        self.logprobs: list[dict[str, Any]] = self._pieces()
        self.citations: list[Citation] = []
        self.files: list[File] = []
        self.server_tools: dict[tuple[str, str], ServerTool] = {}
        self._parts: list[_GrowingPart] = []
        self._begun: dict[tuple[str, str], list[_GrowingPart]] = {}  # blocks that have not ended
        self._open("", "")

    def begin(self, kind: str, id: str) -> None:
        """Begin a block."""
        self._begun.setdefault((kind, id), []).append(self._open(kind, id))

    def add(self, kind: str, id: str, form: dict[str, Any] | None) -> None:
        """Add a block that came whole; one without a form does not go back."""
        if form is not None:
            part = _GrowingPart(kind, id, self._pieces)
            part.form = form
            self._add(part)

    def end(self, kind: str, id: str, form: dict[str, Any] | None) -> None:
        """End a block. One that never began has all text since the last block, or none."""
        part = self._ending(kind, id) or self._open(kind, id)
        if begun := self._begun.pop((kind, id), [])[:-1]:  # servers may give several blocks the same id, or none
            self._begun[kind, id] = begun
        part.kind, part.id = kind, id
        part.form = form
        if part is self._current:
            self._open("", "")

    def readings(self, kind: str, id: str) -> tuple[Piece, ...]:
        """The texts of the block that ends next under this kind and id. An end without a beginning may be that of all
        of the choice so far, so for one of these its texts follow."""
        part = self._ending(kind, id)
        own = Piece(kind, *(part.joined() if part is not None else ("", "", "")))
        if (kind, id) in self._begun:
            return (own,)
        texts, thoughts, refusals = zip(*(part.joined() for part in self._parts), strict=True)
        return own, Piece(kind, "".join(texts), "".join(thoughts), "".join(refusals))

    def _ending(self, kind: str, id: str) -> _GrowingPart | None:
        begun, last = self._begun.get((kind, id)), self._parts[-1]
        if begun:
            return begun[-1]
        return last if not last.kind and last.call is None else None

    def add_call(self, call: GrowingCall) -> None:
        """Note the place of a call: after all that came before it. Text of a block that is still open stays there."""
        self._add(_GrowingPart("", "", self._pieces, call))

    def _add(self, part: _GrowingPart) -> None:
        self._parts.append(part)
        if not self._current.kind:
            self._open("", "")

    def snapshot(self) -> Choice:
        parts, calls = list(self._parts), list(self.calls.values())
        texts = {part: part.joined() for part in parts}
        places = {call: place for place, call in enumerate(calls)}
        return Choice(
            self.index,
            "".join([text for text, _, _ in texts.values()]),
            "".join([reasoning for _, reasoning, _ in texts.values()]),
            "".join([refusal for _, _, refusal in texts.values()]),
            tuple(call.snapshot(self.index) for call in calls),
            self.finish_reason,
            tuple(self.logprobs),
            _parts_of(texts, places) if any(part.kind for part in parts) else (),
            tuple(self.citations),
            tuple(self.files),
            tuple(self.server_tools.values()),
        )

    def _open(self, kind: str, id: str) -> _GrowingPart:
        part = _GrowingPart(kind, id, self._pieces)
        self._parts.append(part)
        self._current = part  # the one that texts belong to
        self.text, self.reasoning, self.refusal = part.text, part.reasoning, part.refusal
        return part


class _GrowingPart:
    """A block, the text between two blocks, or a call."""

    __slots__ = ("call", "form", "id", "kind", "reasoning", "refusal", "text")

    def __init__(self, kind: str, id: str, pieces: Any, call: GrowingCall | None = None) -> None:
        self.kind, self.id, self.call = kind, id, call
        self.text: list[str] = pieces()
        self.reasoning: list[str] = pieces()
        self.refusal: list[str] = pieces()
        self.form: dict[str, Any] | None = None

    def joined(self) -> tuple[str, str, str]:
        return joined_pieces(self.text), joined_pieces(self.reasoning), joined_pieces(self.refusal)


def _parts_of(texts: dict[_GrowingPart, tuple[str, str, str]], places: dict[GrowingCall, int]) -> tuple[Part, ...]:
    """The parts, without those that are nothing but the place between two others."""
    out = []
    for part, (text, reasoning, refusal) in texts.items():
        place = None if part.call is None else places.get(part.call)
        if part.kind or part.call or text or reasoning or refusal:
            out.append(Part(part.kind, part.id, len(text), len(reasoning), len(refusal), place, part.form))
    return tuple(out)


class _Nothing(list[Any]):
    """A list that stays empty, for pieces that are not kept."""

    def append(self, piece: Any) -> None:
        pass
