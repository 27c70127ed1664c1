"""Names of fields that hold secrets, and a stage that takes secrets out of the bytes of a body."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["SECRET", "Scrubber"]

SECRET = re.compile(r"auth|key|token|secret|cookie|password|credential|^code$|^sig(nature)?$", re.IGNORECASE)


class Scrubber:
    """A stage: the bytes of a body without secrets, wherever the reads are cut. Reads stay what they are: only one that
    ends with ``LONG`` bytes of a secret, which hardly happens by chance, waits for the next."""

    LONG = 8

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = [secret.encode() for secret in secrets]
        self._held = self._tail = b""

    def feed(self, data: bytes) -> bytes:
        """What may be shown by now."""
        data = self._held + data
        for secret in self._secrets:
            for shown in range(len(self._tail), 0, -1):  # bytes of it
                if self._tail.endswith(secret[:shown]) and data.startswith(secret[shown:]):
                    data = b"***" + data[len(secret) - shown :]
            data = data.replace(secret, b"***")
        both = self._tail + data
        begun = (n for secret in self._secrets for n in range(self.LONG, len(secret)) if both.endswith(secret[:n]))
        end = max(len(data) - max(begun, default=0), 0)
        self._held, shown_now = data[end:], data[:end]
        self._tail = (self._tail + shown_now)[1 - self.LONG :]
        return shown_now

    def flush(self) -> bytes:
        return self._held
