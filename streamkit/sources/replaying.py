"""A recording as a stream: the same bytes at the same moments, and the same end."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass

from ..checks import check_number, quote_refused
from ..engine.streams import Reading, ReplyStream, Source
from ..events import Event
from ..wire import APIS, Parser
from .http import read_reply
from .recording import Recording

__all__ = ["replay"]


def replay(recording: str | os.PathLike[str] | Recording, speed: float = 1.0) -> ReplyStream:
    """The recorded reply with its timing, ``speed`` times as fast; 0 means without waiting.

    The `Timing` of its Reply is that of the recording, whatever the ``speed``.

    ``recording`` is a path or the name of a shipped recording (``"hello"``, see `Recording.open` for what that
    raises, at once). This reply ends as the recorded one did: an error is raised with the same kind, and a
    recording that was cut short ends like a reply that was cut.
    """
    speed = check_number("speed", speed, above=False, what="a factor, a number")
    if not isinstance(recording, (str, os.PathLike, Recording)):
        raise TypeError(
            f"recording is the path of a recording, or the name of a shipped one, not {quote_refused(recording)}"
        )
    loaded = recording if isinstance(recording, Recording) else Recording.open(recording)
    scale, is_document = 1 / speed if speed else 0.0, _is_document(loaded)

    def produce(reading: Reading) -> AsyncGenerator[Iterable[Event], None]:
        parser = Parser(loaded.api)
        position = _Position()
        reading.stopwatch.measure_by(lambda: position.at)
        reads = _timed_reads(loaded, scale, parser, position)
        return read_reply(reading, parser, reads, loaded.api, loaded.model, is_document=is_document)

    return ReplyStream(Source(produce), label="replay")


@dataclass(slots=True)
class _Position:
    """The moment of a recording that a replay has come to, in seconds after the request."""

    at: float = 0.0


async def _timed_reads(
    recording: Recording, scale: float, parser: Parser, position: _Position
) -> AsyncGenerator[bytes, None]:
    """The data of each read when it is due; at the end the error that was recorded is raised."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    for read in recording.reads:
        await asyncio.sleep(max(0.0, start + read.at * scale - loop.time()))  # 0 lets other tasks run
        position.at = read.at
        yield read.data
    await asyncio.sleep(max(0.0, start + recording.seconds * scale - loop.time()))
    position.at = recording.seconds
    error = recording.error(parser.reply())
    if error is not None:
        raise error


def _is_document(recording: Recording) -> bool:
    """True if the response was one JSON document instead of a stream."""
    start, framing = b"", APIS[recording.api].framing
    for read in recording.reads:
        start += read.data
        verdict = framing.is_document(start)
        if verdict is not None:
            return verdict
    return False
