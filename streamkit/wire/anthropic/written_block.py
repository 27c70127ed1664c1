"""A content block of Anthropic's Messages API while it is written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

__all__ = ["WrittenBlock", "text_fields"]

Form: TypeAlias = dict[str, Any]

FIELDS = {"text": "text", "thinking": "thinking", "tool_use": "partial_json"}
DELTAS = {"text": "text_delta", "thinking": "thinking_delta", "tool_use": "input_json_delta"}


class WrittenBlock:
    """A block that is written. ``given`` is the form of one that is written as it is."""

    __slots__ = ("_pieces", "given", "id", "index", "kind", "name", "whole")

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.index: int | None = None
        self.id = self.name = ""
        self.given: Form | None = None
        self.whole = False
        self._pieces: list[Form] = []

    def add(self, id: str, name: str, arguments: str) -> None:
        self.id, self.name = self.id or id, self.name or name
        self.grow(arguments)

    def grow(self, text: str) -> None:
        if text:
            self._pieces.append({"type": DELTAS[self.kind], FIELDS[self.kind]: text})

    def cite(self, citation: Form) -> None:
        self._pieces.append({"type": "citations_delta", "citation": citation})

    def sign(self, signature: Any) -> None:
        if signature:
            self._pieces.append({"type": "signature_delta", "signature": signature})

    def form(self) -> Form:
        if self.given is not None:
            return self.given
        about = {"id": self.id, "name": self.name, "input": {}}
        return {"type": self.kind, **(about if self.kind == "tool_use" else text_fields(self.kind, ""))}

    def deltas(self) -> Iterator[Form]:
        for delta in self._pieces:
            yield {"type": "content_block_delta", "index": self.index, "delta": delta}
        self._pieces.clear()


def text_fields(kind: str, text: str) -> Form:
    return {"thinking": text, "signature": ""} if kind == "thinking" else {"text": text, "citations": None}
