"""Finds content of a chunk that is not read by a dialect, to distinguish it from a chunk without content."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ..reasons import meaning
from .problems import BESIDE_NAMES, is_fine
from .usage import has_more

__all__ = ["REASONS", "are_all_fine", "has_content", "is_chat", "unread_chat_field"]

PLAIN = frozenset({
    "created", "id", "index", "obfuscation", "object", "p", "provider", "role", "service_tier", "system_fingerprint",
})  # fmt: skip
"""Fields of chat completions whose plain values need no event: they name the reply, its server and the position in it,
or they are padding. A new text, call or finish reason gave an event before this is used."""
REASONS = ("finish_reason", "native_finish_reason", "finish_details")
LEVELS = ("choices", "delta", "message", "x_groq")
"""Fields whose members are examined one by one."""
LABELS = frozenset({"format", "index", "prompt_index", "type"})
"""Members that are not content by themselves, in a field that holds an object or a list of them."""
CALLS = {name: LABELS | {"id", "name"} for name in ("function_call", "tool_calls")}
"""The id and the name of a whole call may come again, without anything new."""


def has_content(value: Any, labels: Collection[str] = LABELS) -> bool:
    """True if there is anything in ``value`` besides ``labels``. Null and empty values are not content; zero and false
    are, because they answer a question."""
    return any(True for _ in _leaves(value, labels))


def are_all_fine(value: Any) -> bool:
    """True if a value in the place of an error reports success only, in each of its members."""
    return all(leaf is True or is_fine(leaf) for leaf in _leaves(value))


def _leaves(value: Any, labels: Collection[str] = ()) -> Iterator[Any]:
    rest = [value]
    while rest:
        value = rest.pop()
        if isinstance(value, dict):
            rest += [inner for name, inner in value.items() if name not in labels]
        elif isinstance(value, list):
            rest += value
        elif value is not None and value != "":
            yield value


def is_chat(chunk: dict[str, Any]) -> bool:
    """True if this is a chunk of completions at all; some servers leave ``choices`` out where there are none."""
    kind = chunk.get("object")
    return "choices" in chunk or (isinstance(kind, str) and kind.startswith(("chat.completion", "text_completion")))


def unread_chat_field(
    chunk: dict[str, Any], usage: Mapping[str, Any], words: Collection[str], kept: Collection[str] = ()
) -> str | None:
    """The first field with content in a chunk of which no event came, in its choices or in their deltas; None if there
    is none. Content that is known already is not counted: the report of ``usage`` so far, and the ``words`` for the
    model and for the ends of choices. Fields that are ``kept`` for a later event are not counted either."""
    levels = [chunk]
    for form in levels:  # the list grows during the loop
        for name, value in form.items():
            if name in LEVELS:
                inner = value if isinstance(value, list) else [value]
                levels += (one for one in inner if isinstance(one, dict))
                if any(one and not isinstance(one, dict) for one in inner):
                    return name
            elif name not in kept and _is_new(name, value, usage, words):
                return name
    return None


def _is_new(name: str, value: Any, usage: Mapping[str, Any], words: Collection[str]) -> bool:
    if name in PLAIN:
        return isinstance(value, (dict, list)) and has_content(value, ())
    if name in REASONS or name == "model":
        return not all(leaf in words or _is_unfinished(leaf) for leaf in _leaves(value))
    if name == "usage":
        return has_more(value, usage)
    if name in BESIDE_NAMES:
        return not are_all_fine(value)
    return has_content(value, CALLS.get(name, LABELS))


def _is_unfinished(word: Any) -> bool:
    return isinstance(word, str) and meaning(word) == "unfinished"
