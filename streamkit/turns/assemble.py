"""The messages or items that a reply adds to its conversation, in the form of the API that was asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, TypeAlias

from .anthropic import CONTAINER, anthropic_turn
from .chat import chat_turn
from .gemini import gemini_turn
from .ollama import ollama_turn
from .piece import Piece
from .responses import responses_turn

__all__ = ["assemble", "joined_results", "request_fields"]

Form: TypeAlias = dict[str, Any]
TURNS: dict[str, Callable[[Sequence[Piece]], list[Form]]] = {
    "responses": responses_turn,
    "anthropic": anthropic_turn,
    "gemini": gemini_turn,
    "ollama": ollama_turn,
}
RESULTS = {"content": "tool_result", "parts": "functionResponse"}
"""The fields of a message that may hold results, and the word that marks one in there."""


def assemble(api: str, pieces: Sequence[Piece]) -> list[Form]:
    """The turn that ``pieces`` make up, as what is to be appended; empty if none of it can be sent back."""
    return TURNS.get(api, chat_turn)(pieces)


def request_fields(pieces: Sequence[Piece]) -> Form | None:
    """The fields of the next request that go with the turn; None if there are none."""
    found = [piece.form for piece in pieces if piece.kind == CONTAINER and piece.form]
    return found[-1] if found else None


def joined_results(messages: Iterable[Mapping[str, Any]]) -> list[Any]:
    """``messages`` with adjacent ones that hold results only made into one, for APIs that want all results of a turn in
    the next message."""
    out: list[Any] = []
    for field, group in groupby(messages, _results_in):
        alike = list(group)
        if field and len(alike) > 1:
            alike = [{**alike[0], field: [part for message in alike for part in message[field]]}]
        out += alike
    return out


def _results_in(message: Mapping[str, Any]) -> str:
    """The field of a user's message that holds nothing but results; empty if there is none."""
    for field, mark in RESULTS.items():
        parts = message.get(field)
        if isinstance(parts, list) and parts and all(_is_result(part, mark) for part in parts):
            return field
    return ""


def _is_result(part: Any, mark: str) -> bool:
    return isinstance(part, Mapping) and (mark in part or part.get("type") == mark)
