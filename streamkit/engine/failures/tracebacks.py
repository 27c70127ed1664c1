"""Tracebacks as a user sees them: without the frames of this package and of the libraries it calls."""

from __future__ import annotations

from types import FrameType, TracebackType

from ...errors import StreamkitError

__all__ = ["LIBRARIES", "trim", "trimming", "without_libraries"]

LIBRARIES = {
    "httpx", "httpcore", "httpx2", "httpcore2", "h11", "h2", "socksio", "anyio", "sniffio",
    "aiohappyeyeballs", "aiohttp", "httpx_aiohttp", "anthropic", "google", "ollama", "openai",
    "asyncio", "contextlib", "socket", "ssl", "reactivex", "streamkit",
}  # fmt: skip
"""Packages whose frames tell a user nothing about the failure."""


def trim(error: BaseException) -> None:
    """Reduce the traceback of a StreamkitError, whose message says what went wrong, to the frames of a user's own code.

    An exception of another kind is left as it is: the place where it was raised may be all that is known about it.
    """
    if isinstance(error, StreamkitError):
        error.with_traceback(without_libraries(error.__traceback__))


class trimming:
    """A context manager around code that raises an error to a user: it calls `trim` on the error."""

    def __enter__(self) -> None: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is not None:
            trim(error)


def without_libraries(traceback: TracebackType | None) -> TracebackType | None:
    user_frames = []
    while traceback is not None:
        if not _is_of_a_library(traceback.tb_frame):
            user_frames.append(traceback)
        traceback = traceback.tb_next
    trimmed: TracebackType | None = None
    for one in reversed(user_frames):
        trimmed = TracebackType(trimmed, one.tb_frame, one.tb_lasti, one.tb_lineno)
    return trimmed


def _is_of_a_library(frame: FrameType) -> bool:
    name = frame.f_globals.get("__name__")
    return isinstance(name, str) and name.partition(".")[0] in LIBRARIES
