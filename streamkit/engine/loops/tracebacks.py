"""Tracebacks as they are shown to a user: without the frames of this library and of those below it."""

from __future__ import annotations

from types import FrameType, TracebackType

from ...errors import StreamkitError

__all__ = ["LIBRARIES", "trim", "trimming", "without_libraries"]

LIBRARIES = {
    "httpx", "httpcore", "httpx2", "httpcore2", "h11", "h2", "socksio", "anyio", "sniffio",
    "aiohttp", "httpx_aiohttp", "anthropic", "google", "ollama", "openai",
    "asyncio", "contextlib", "socket", "ssl", "reactivex", "streamkit",
}  # fmt: skip
"""What stands between a user's code and a failure that is not about how any of these is written."""


def trim(error: BaseException) -> None:
    """Leave to an error of ours, which says by itself what went wrong, the frames of a user's own code.

    An exception of another kind stays as it is: where it was raised may be all there is to it.
    """
    if isinstance(error, StreamkitError):
        error.with_traceback(without_libraries(error.__traceback__))


class trimming:
    """Around what raises an error to a user: the frames in between go, too."""

    def __enter__(self) -> None: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is not None:
            trim(error)


def without_libraries(traceback: TracebackType | None) -> TracebackType | None:
    kept = []
    while traceback is not None:
        if not _is_of_a_library(traceback.tb_frame):
            kept.append(traceback)
        traceback = traceback.tb_next
    shown: TracebackType | None = None
    for one in reversed(kept):
        shown = TracebackType(shown, one.tb_frame, one.tb_lasti, one.tb_lineno)
    return shown


def _is_of_a_library(frame: FrameType) -> bool:
    name = frame.f_globals.get("__name__")
    return isinstance(name, str) and name.partition(".")[0] in LIBRARIES
