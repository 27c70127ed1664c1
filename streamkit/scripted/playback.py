"""A recording as a server's answer: byte for byte in the API it was recorded from, translated in the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import BrokenError, StalledError, StatusError, StreamkitError
from ..sources import Recording
from ..wire import Encoder, Parser, api_named
from .answer import Answer, Then, Write, stream_answer, whole_answer
from .script import status_answer

__all__ = ["Playback"]


@dataclass(frozen=True)
class Playback:
    """Plays ``recording`` at the recorded moments, ``speed`` times as fast (0: without waiting)."""

    recording: Recording
    speed: float = 1.0

    def answer(self, api: str, body: Mapping[str, Any]) -> Answer:
        error = self.recording.error()
        if isinstance(error, StatusError):
            return status_answer(error, api)
        writes = self.writes(api)
        return stream_answer(writes, api) if api_named(api).wants_stream(body) else whole_answer(writes, api)

    def writes(self, api: str) -> Iterator[Write]:
        before = 0.0
        for at, data in self._blocks() if api == self.recording.api else self._translated(api):
            yield Write(self._scaled(at - before), data)
            before = at
        yield Write(self._scaled(self.recording.seconds - before), b"", self._then())

    def _then(self) -> Then:
        if self.recording.end is None:
            return "drop"
        error = self.recording.error()
        return "on" if error is None else "stall" if isinstance(error, StalledError) else "drop"

    def _scaled(self, seconds: float) -> float:
        return max(0.0, seconds / self.speed) if self.speed else 0.0

    def _blocks(self) -> Iterator[tuple[float, bytes]]:
        for read in self.recording.reads:
            yield read.at, read.data

    def _translated(self, api: str) -> Iterator[tuple[float, bytes]]:
        """The events of each read in the form of another API; an error that the recorded server reported stays an
        error."""
        parser, encoder, at = Parser(self.recording.api), Encoder(api, model=self.recording.model), 0.0
        try:
            for at, data in self._blocks():
                for event in parser.feed(data):
                    yield at, b"".join(encoder.feed(event))
            for event in parser.flush():
                yield at, b"".join(encoder.feed(event))
        except BrokenError:  # a reply that was cut stays cut
            return
        except StreamkitError as exc:
            yield at, b"".join(encoder.fail(exc))
