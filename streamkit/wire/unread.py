"""What a chunk holds that nobody reads, so that it can be told from a chunk that says nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ..stages import meaning
from .problems import BESIDE_NAMES, is_fine
from .usage import has_more

__all__ = ["REASONS", "are_all_fine", "has_content", "is_chat", "unread_chat_field"]

PLAIN = frozenset({
    "created", "id", "index", "obfuscation", "object", "p", "provider", "role", "service_tier", "system_fingerprint",
})  # fmt: skip
"""Fields of chat completions whose plain values need no event: they name the reply, its server and the place in it, or
they are padding. A text, a call or a finish reason that is new gives an event before anybody asks."""
REASONS = ("finish_reason", "native_finish_reason", "finish_details")
LEVELS = ("choices", "delta", "message", "x_groq")
"""Fields whose inside is judged field by field."""
LABELS = frozenset({"format", "index", "prompt_index", "type"})
"""What says nothing alone, in a field that holds an object or a list of them."""
CALLS = {name: LABELS | {"id", "name"} for name in ("function_call", "tool_calls")}
"""The id and the name of a call that is whole may come again, with nothing that is new."""


def has_content(value: Any, labels: Collection[str] = LABELS) -> bool:
    """Whether there is anything in ``value`` besides ``labels``. Null and what is empty is nothing; zero and false are
    something, for they answer a question."""
    return any(True for _ in _leaves(value, labels))


def are_all_fine(value: Any) -> bool:
    """Whether what stands in the place of an error says nothing but that all is well, in each of its members."""
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
    """Whether this is a chunk of completions at all; some servers leave ``choices`` out where there are none."""
    kind = chunk.get("object")
    return "choices" in chunk or (isinstance(kind, str) and kind.startswith(("chat.completion", "text_completion")))


def unread_chat_field(chunk: dict[str, Any], usage: Mapping[str, Any], words: Collection[str]) -> str | None:
    """The first field of a chunk of which no event came, of its choices or their deltas, that says something; None if
    there is none. Known are the report of ``usage`` so far, and the ``words`` for the model and for the ends of
    choices."""
    levels = [chunk]
    for form in levels:  # it grows meanwhile
        for name, value in form.items():
            if name in LEVELS:
                inner = value if isinstance(value, list) else [value]
                levels += (one for one in inner if isinstance(one, dict))
                if any(one and not isinstance(one, dict) for one in inner):
                    return name
            elif _is_news(name, value, usage, words):
                return name
    return None


def _is_news(name: str, value: Any, usage: Mapping[str, Any], words: Collection[str]) -> bool:
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
