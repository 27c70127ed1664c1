"""What a chunk holds that nobody reads, so that it can be told from a chunk that says nothing."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from .problems import BESIDE_NAMES

__all__ = ["field_of_chat", "is_chat", "says"]

SILENT = BESIDE_NAMES | {
    "created", "finish_reason", "id", "index", "model", "native_finish_reason", "obfuscation", "object", "p",
    "provider", "role", "service_tier", "system_fingerprint",
}  # fmt: skip
"""Fields of chat completions whose values need no event: they name the reply, its model and its server, they are
padding, or they have been read. A text, a call or a finish reason that is new gives an event before anybody asks; a
finish reason after the first one, and what stands in place of an error and is none, mean nothing."""
LEVELS = ("choices", "delta", "message", "x_groq")
"""Fields whose inside is judged field by field."""
LABELS = frozenset({"format", "index", "prompt_index", "type"})
"""What says nothing alone, in a field that holds an object or a list of them."""
CALLS = {name: LABELS | {"id", "name"} for name in ("function_call", "tool_calls")}
"""The id and the name of a call that is whole may come again, with nothing that is new."""


def says(value: Any, labels: Collection[str] = LABELS) -> bool:
    """Whether there is anything in ``value`` besides ``labels``. Null and what is empty is nothing; zero and false are
    something, for they answer a question."""
    rest = [value]
    while rest:
        value = rest.pop()
        if isinstance(value, dict):
            rest += [inner for name, inner in value.items() if name not in labels]
        elif isinstance(value, list):
            rest += value
        elif value is not None and value != "":
            return True
    return False


def is_chat(chunk: dict[str, Any]) -> bool:
    """Whether this is a chunk of completions at all; some servers leave ``choices`` out where there are none."""
    kind = chunk.get("object")
    return "choices" in chunk or (isinstance(kind, str) and kind.startswith(("chat.completion", "text_completion")))


def field_of_chat(chunk: dict[str, Any], usage: Collection[str]) -> str | None:
    """The first field of a chunk of which no event came, of its choices or their deltas, that says something; None if
    there is none. ``usage`` are the fields of the token figures that are known."""
    levels = [chunk]
    for form in levels:  # it grows meanwhile
        for name, value in form.items():
            if name in LEVELS:
                inner = value if isinstance(value, list) else [value]
                levels += (one for one in inner if isinstance(one, dict))
                if any(one and not isinstance(one, dict) for one in inner):
                    return name
            elif name not in SILENT and says(value, usage if name == "usage" else CALLS.get(name, LABELS)):
                return name
    return None
