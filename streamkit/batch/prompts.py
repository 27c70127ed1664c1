"""The prompts of a batch: read from a file, hashed for the ledger, and their size estimated."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..errors import MalformedError
from ..json_values import loads, members_of, strict_json_default
from ..wording import excerpt

__all__ = ["Unreadable", "content_of", "lines_of", "size_of"]

BYTES_A_TOKEN = 4
"""Of English text; other languages have fewer characters in a token, but more bytes in a character."""
ATTACHED = 1000
"""Tokens of an image or the like that is sent as a data URL, however long that is."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A line of a file of prompts that is not JSON."""

    text: str
    error: MalformedError


def lines_of(path: str) -> Iterator[Any]:
    """The JSON value of each line; blank lines are skipped; one that is not JSON becomes an `Unreadable`, and the
    rest is still read."""
    with open(path, "rb") as file:
        for number, line in enumerate(file, 1):
            text = line.decode("utf-8-sig" if number == 1 else "utf-8", "replace").strip()
            if not text:
                continue
            try:
                yield loads(text)
            except (ValueError, RecursionError):
                yield Unreadable(text, MalformedError(f"line {number} of the prompts is not JSON: {excerpt(text)}"))


def content_of(prompt: Any) -> str | None:
    """A hash of the content of ``prompt``, the same in every process; None if it cannot be written as JSON."""
    value = {"unreadable": prompt.text} if isinstance(prompt, Unreadable) else prompt
    try:
        form = json.dumps(value, sort_keys=True, separators=(",", ":"), default=strict_json_default)
    except (TypeError, ValueError, RecursionError):
        return None
    return hashlib.sha256(form.encode()).hexdigest()[:32]


def size_of(value: Any) -> int:
    """The estimated number of tokens of the text in ``value``, however deeply it is nested."""
    return math.ceil(_bytes(value) / BYTES_A_TOKEN)


def _bytes(value: Any) -> int:
    if isinstance(value, str):
        if value.startswith("data:") and ";base64," in value[:200]:
            return ATTACHED * BYTES_A_TOKEN
        return len(value.encode("utf-8", "replace"))
    if isinstance(value, (list, tuple)):
        return sum(map(_bytes, value))
    if isinstance(value, dict):
        return sum(map(_bytes, value.values()))
    members = members_of(value)
    return 0 if members is None else _bytes(members)
