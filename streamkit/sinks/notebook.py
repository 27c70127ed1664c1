"""A sink that shows the growing text of a reply in one output of a notebook."""

from __future__ import annotations

import asyncio
from importlib import import_module
from typing import Any, ClassVar, Literal, TypeAlias

from ..checks import check_number, check_text
from ..clean import Cleaner
from ..events import Event, RefusalDelta, Reply, Restart, TextDelta
from ..stages import Transcript

__all__ = ["Notebook", "notebook"]

Format: TypeAlias = Literal["text", "markdown"]
TYPES = {"text": "text/plain", "markdown": "text/markdown"}


def _display() -> Any:
    try:
        shell, display = import_module("IPython").get_ipython(), import_module("IPython.display").display
    except ImportError:
        shell = None
    if shell is None:
        raise RuntimeError("sinks.notebook() works in a notebook only: use sinks.console() here")
    return display


class Notebook:
    """Keeps one display up to date; see `notebook`."""

    overflow: ClassVar[Literal["conflate"]] = "conflate"

    def __init__(self, show: Format, every: float) -> None:
        check_text("show", show)
        every = check_number("every", every)
        if show not in TYPES:
            raise ValueError(f"show is one of {', '.join(TYPES)}, not {show!r}")
        self._display = _display()
        self._type, self._every = TYPES[show], every
        self._new_reply()

    def _new_reply(self) -> None:
        self._handle: Any = None
        self._transcript = Transcript(TextDelta, RefusalDelta)
        self._stale = False
        self._timer: asyncio.TimerHandle | None = None
        self._next = 0.0
        self._failure: Exception | None = None

    def write(self, item: Event | str) -> None:
        if self._failure is not None:
            raise self._failure
        changes = isinstance(item, Restart) and (self._transcript.text or item.kept)
        if self._transcript.feed(item) or changes:
            self._stale = True
        if self._stale and self._timer is None:
            self._update_soon(asyncio.get_running_loop())

    def close(self, reply: Reply) -> None:
        """Show all of the text, however the reply ended. The next reply gets a display of its own."""
        if self._timer is not None:
            self._timer.cancel()
        try:
            if self._failure is not None:
                raise self._failure
            if self._stale or self._transcript.text.endswith("\r"):
                self._update(ended=True)
        finally:
            self._new_reply()

    def _update_soon(self, loop: asyncio.AbstractEventLoop) -> None:
        if loop.time() < self._next:
            self._timer = loop.call_at(self._next, self._due)
        else:
            self._next = loop.time() + self._every
            self._update()

    def _due(self) -> None:
        self._timer = None
        self._next = asyncio.get_running_loop().time() + self._every
        try:
            self._update()
        except Exception as exc:  # raised by the next call: here it would not be seen
            self._failure = exc

    def _update(self, *, ended: bool = False) -> None:
        self._stale = False
        cleaner = Cleaner()
        clean = "".join((*cleaner.feed(self._transcript.text), *(cleaner.flush() if ended else ())))
        data = {self._type: clean}
        if self._handle is None:
            self._handle = self._display(data, raw=True, display_id=True)
        else:
            self._handle.update(data, raw=True)

    def __repr__(self) -> str:
        return f"<notebook every {self._every:g} s>"


def notebook(*, show: Format = "text", every: float = 0.1) -> Notebook:
    """A sink for events or str that shows the text so far in one output of a notebook's cell (IPython, Jupyter).

    Updated at most once in ``every`` seconds and at the end; each update sends the whole text. Shown are the answer and
    a refusal, with escapes like ``\\x1b`` for what a terminal would obey and for what hides text (as `console` does).
    ``show="markdown"`` renders them. It never holds up the reply. RuntimeError outside of IPython.

    Note: rendered Markdown may load images from addresses that the model wrote, which passes the content of
    the address on to those servers; plain text loads nothing.
    """
    return Notebook(show, every)
