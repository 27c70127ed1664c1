"""The text of a reply in a notebook, growing in one place."""

from __future__ import annotations

import asyncio
from importlib import import_module
from typing import Any, ClassVar, Literal, TypeAlias

from ..events import Event, Reply, Restart
from ..stages.clean import Cleaner
from .forms import piece

__all__ = ["Notebook", "notebook"]

Shown: TypeAlias = Literal["text", "markdown"]
TYPES = {"text": "text/plain", "markdown": "text/markdown"}


class Notebook:
    """Keeps one display up to date; see `notebook`."""

    overflow: ClassVar[Literal["conflate"]] = "conflate"

    def __init__(self, show: Shown, every: float) -> None:
        if show not in TYPES:
            raise ValueError(f"show is one of {', '.join(TYPES)}, not {show!r}")
        if every <= 0:
            raise ValueError("every must be positive")
        try:
            self._display: Any = import_module("IPython.display").display
        except ImportError as exc:
            raise RuntimeError("sinks.notebook() needs IPython, which every notebook brings; none is here") from exc
        self._type, self._every = TYPES[show], every
        self._new_reply()

    def _new_reply(self) -> None:
        self._handle: Any = None
        self._text, self._shown = "", ""
        self._cleaner = Cleaner()
        self._timer: asyncio.TimerHandle | None = None
        self._next = 0.0
        self._failure: Exception | None = None

    def write(self, item: Event | str) -> None:
        if self._failure is not None:
            raise self._failure
        if isinstance(item, Restart):
            self._text, self._cleaner = "", Cleaner()
        else:
            self._text += "".join(self._cleaner.feed(piece(item)))
        if self._timer is None and self._text != self._shown:
            loop = asyncio.get_running_loop()
            if loop.time() >= self._next:
                self._update(loop.time())
            else:
                self._timer = loop.call_at(self._next, self._due)

    def close(self, reply: Reply) -> None:
        """All of the text is shown, whatever ended the reply. The next reply gets a display of its own."""
        if self._timer is not None:
            self._timer.cancel()
        try:
            self._text += "".join(self._cleaner.flush())
            if self._failure is None and self._text != self._shown:
                self._update(0.0)
        finally:
            self._new_reply()

    def _due(self) -> None:
        self._timer = None
        try:
            self._update(asyncio.get_running_loop().time())
        except Exception as exc:  # the next write raises it: nobody would see it here
            self._failure = exc

    def _update(self, now: float) -> None:
        self._next, self._shown = now + self._every, self._text
        shown = {self._type: self._text}
        if self._handle is not None:
            self._handle.update(shown, raw=True)
            return
        self._handle = self._display(shown, raw=True, display_id=True)
        if self._handle is None:
            raise RuntimeError("sinks.notebook() works in a notebook only: use sinks.console() here")

    def __repr__(self) -> str:
        return f"<notebook every {self._every:g} s>"


def notebook(*, show: Shown = "text", every: float = 0.1) -> Notebook:
    """A sink for events or str that shows the text so far in one output of a notebook's cell (IPython, Jupyter).

    Updated at most once in ``every`` seconds and at the end; each update sends the whole text. Shown are the answer and
    a refusal, without characters that a terminal would obey. ``show="markdown"`` renders them. It never holds up the
    reply. RuntimeError if IPython is not there.

    Note: rendered Markdown may load images from addresses that the model wrote, which tells those servers what the
    address says; plain text loads nothing.
    """
    return Notebook(show, every)
