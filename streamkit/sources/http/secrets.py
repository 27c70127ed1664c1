"""The names of fields that hold secrets, and the removal of secrets from texts and from the bytes of a body."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

__all__ = ["SECRET", "SHORTEST", "Scrubber", "secrets_in", "without_secrets"]

SECRET = re.compile(r"auth|key|token|secret|cookie|password|credential|^code$|^sig(nature)?$", re.IGNORECASE)
SHORTEST = 6
"""Characters of the beginning of a secret that are removed where the rest of it was cut off."""


def secrets_in(*mappings: Mapping[str, str], keys: Iterable[str | None] = ()) -> list[str]:
    """``keys``, and the values of fields whose names are those of secrets, the longest first."""
    values = [value for fields in mappings for name, value in fields.items() if SECRET.search(name)]
    words = [word for value in values for word in (value, value.rpartition(" ")[2])]
    return sorted({text for text in (*keys, *words) if text and len(text) > 3}, key=len, reverse=True)


def without_secrets(text: str, secrets: Sequence[str]) -> str:
    """``text`` without ``secrets``, cut ones included."""
    for secret in secrets:
        text = text.replace(secret, "***")
        if "…" in text:
            for length in range(len(secret) - 1, SHORTEST - 1, -1):
                text = text.replace(f"{secret[:length]}…", "***…")
        cut_lengths = range(len(secret) - 1, SHORTEST - 1, -1)
        length_at_end = next((n for n in cut_lengths if text.endswith(secret[:n])), 0)
        text = f"{text[:-length_at_end]}***" if length_at_end else text
    return text


class Scrubber:
    """A stage that replaces secrets in the bytes of a body, wherever the reads are cut.

    Reads keep their boundaries: only if one ends with at least ``LONG`` bytes of a secret, which hardly happens by
    chance, those bytes are held back for the next.
    """

    LONG = 8

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets = [secret.encode() for secret in secrets]
        self._held = self._tail = b""

    def feed(self, data: bytes) -> bytes:
        """The bytes that may be shown by now."""
        data = self._held + data
        for secret in self._secrets:
            for length in range(len(self._tail), 0, -1):  # bytes of the secret
                if self._tail.endswith(secret[:length]) and data.startswith(secret[length:]):
                    data = b"***" + data[len(secret) - length :]
            data = data.replace(secret, b"***")
        both = self._tail + data
        partial = (n for secret in self._secrets for n in range(self.LONG, len(secret)) if both.endswith(secret[:n]))
        end = max(len(data) - max(partial, default=0), 0)
        self._held, visible = data[end:], data[:end]
        self._tail = (self._tail + visible)[1 - self.LONG :]
        return visible

    def flush(self) -> bytes:
        return self._held
