"""The names of fields that hold secrets, and a stage that removes secrets from the bytes of a body."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["SECRET", "Scrubber"]

SECRET = re.compile(r"auth|key|token|secret|cookie|password|credential|^code$|^sig(nature)?$", re.IGNORECASE)


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
