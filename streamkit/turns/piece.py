"""A piece of a reply, as the forms of the APIs are made of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

__all__ = ["Call", "Piece"]


class Call(Protocol):
    """The fields of a tool call that go back."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def arguments(self) -> str: ...
    @property
    def api(self) -> str: ...
    @property
    def extra(self) -> dict[str, Any] | None: ...


@dataclass(slots=True)
class Piece:
    """A block of a reply, the text between two blocks, or a call.

    Attributes:
        kind: the server's word for the block; empty for text that is in no block, and for a call.
        text, reasoning, refusal: its texts, as they were shown.
        call: the call, if it is one.
        form: the raw form of the block with slots for its texts; None if the block has not ended, or has no form.
        cut: the reply was cut.
        lost: the texts are those of several blocks, which something changed.
    """

    kind: str = ""
    text: str = ""
    reasoning: str = ""
    refusal: str = ""
    call: Call | None = None
    form: dict[str, Any] | None = None
    cut: bool = False
    lost: bool = False
