"""Events to the bytes of a stream, in the form of any API that has a writer."""

from __future__ import annotations

from typing import Any

from ..errors import ApiError, StreamkitError
from ..events import Event, Reply
from .apis import APIS, api_named
from .framing import frame
from .json_codec import encode_json

__all__ = ["Encoder", "frame"]


class Encoder:
    """A stage: events in, blocks of bytes out. Its output parses to the same content.

    ``model`` and ``id`` take precedence over those of `Start`; ``created`` is a Unix time. Events for which an API has
    no form are left out: legacy completions have only text, chat completions alone have several choices; `Other`,
    `ToolResult`, `RoundEnd` and `Restart` have no form anywhere. ValueError for an API that is only read.
    """

    def __init__(self, api: str = "chat", *, model: str = "", id: str = "", created: int = 0) -> None:
        entry = api_named(api)
        if entry.writer is None:
            written = ", ".join(name for name, one in APIS.items() if one.writer is not None)
            raise ValueError(f"replies are not written in the form of {api!r}: only in those of {written}")
        self._writer, self._framing = entry.writer(model, id, created), entry.framing
        self._ended = False

    def feed(self, event: Event) -> list[bytes]:
        """The blocks for one event; a `Reply` also ends the stream."""
        if self._ended:
            return []
        blocks = [self._block(payload) for payload in self._writer.feed(event)]
        return blocks + self.flush() if isinstance(event, Reply) else blocks

    def flush(self) -> list[bytes]:
        """The blocks that mark the reply as whole, once. Do not call this if the reply is not whole."""
        if self._ended:
            return []
        self._ended = True
        return [self._block(payload) for payload in self._writer.flush()]

    def fail(self, error: StreamkitError) -> list[bytes]:
        """The blocks that report ``error`` instead of an end, after those of content that is still waiting."""
        form: dict[str, Any] = {"message": str(error), "type": error.kind, "code": None, "param": None}
        if isinstance(error, ApiError):
            form |= {"type": error.error_type or error.kind, "code": error.code, "param": error.param}
        return self.fail_with(form)

    def fail_with(self, error: dict[str, Any]) -> list[bytes]:
        """As `fail`, for the fields that an error has (``message``, ``type``, ``code``, ``param``, …)."""
        if self._ended:
            return []
        self._ended = True
        return [self._block(payload) for payload in self._writer.fail(error)]

    def _block(self, payload: dict[str, Any] | str) -> bytes:
        if isinstance(payload, str):
            return self._framing.block(payload.encode(), None)
        return self._framing.block(encode_json(payload), payload["type"] if self._writer.named else None)
