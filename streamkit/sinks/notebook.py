"""The text of a reply in a notebook, growing in one place."""

from __future__ import annotations

import asyncio
from importlib import import_module
from typing import Any, ClassVar, Literal, TypeAlias

from ..checks import check_number, check_text
from ..clean import Cleaner
from ..events import Event, RefusalDelta, Reply, Restart, TextDelta
from ..stages import Transcript

__all__ = ["Notebook", "notebook"]

Shown: TypeAlias = Literal["text", "markdown"]
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

    def __init__(self, show: Shown, every: float) -> None:
        check_text("show", show)
        every = check_number("every", every)
        if show not in TYPES:
            raise ValueError(f"show is one of {', '.join(TYPES)}, not {show!r}")
        self._display = _display()
        self._type, self._every = TYPES[show], every
        self._new_reply()

    def _new_reply(self) -> None:
        self._handle: Any = None
        self._said = Transcript(TextDelta, RefusalDelta)
        self._stale = False
        self._timer: asyncio.TimerHandle | None = None
        self._next = 0.0
        self._failure: Exception | None = None

    def write(self, item: Event | str) -> None:
        if self._failure is not None:
            raise self._failure
        changes = isinstance(item, Restart) and (self._said.text or item.kept)
        if self._said.feed(item) or changes:
            self._stale = True
        if self._stale and self._timer is None:
            self._update_soon(asyncio.get_running_loop())

    def close(self, reply: Reply) -> None:
        """All of the text is shown, whatever ended the reply. The next reply gets a display of its own."""
        if self._timer is not None:
            self._timer.cancel()
        try:
            if self._failure is not None:
                raise self._failure
            if self._stale or self._said.text.endswith("\r"):
                self._update(over=True)
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
        except Exception as exc:  # the next call raises it: nobody would see it here
            self._failure = exc

    def _update(self, *, over: bool = False) -> None:
        self._stale = False
        cleaner = Cleaner()
        clean = "".join((*cleaner.feed(self._said.text), *(cleaner.flush() if over else ())))
        shown = {self._type: clean}
        if self._handle is None:
            self._handle = self._display(shown, raw=True, display_id=True)
        else:
            self._handle.update(shown, raw=True)

    def __repr__(self) -> str:
        return f"<notebook every {self._every:g} s>"


def notebook(*, show: Shown = "text", every: float = 0.1) -> Notebook:
    """A sink for events or str that shows the text so far in one output of a notebook's cell (IPython, Jupyter).

    Updated at most once in ``every`` seconds and at the end; each update sends the whole text. Shown are the answer and
    a refusal, with escapes like ``\\x1b`` for what a terminal would obey and for what hides text (as `console` does).
    ``show="markdown"`` renders them. It never holds up the reply. RuntimeError outside of IPython.

    Note: rendered Markdown may load images from addresses that the model wrote, which tells those servers what the
    address says; plain text loads nothing.
    """
    return Notebook(show, every)
