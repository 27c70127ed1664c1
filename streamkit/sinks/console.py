"""A sink that writes text to a terminal as it comes, and nothing but text."""

from __future__ import annotations

import sys
from io import BufferedIOBase, RawIOBase
from typing import ClassVar, Literal, TextIO

from ..checks import check_flag, quote
from ..clean import Cleaner
from ..events import Event, ReasoningDelta, RefusalDelta, Reply, Restart, RoundEnd, TextDelta
from ..stages import JoinedRounds, begins_message
from ..wording import one_line

__all__ = ["Console", "console"]


class Console:
    """Writes the text of the first choice as it comes; see `console`."""

    overflow: ClassVar[Literal["conflate"]] = "conflate"
    _works_on: ClassVar[tuple[str, str]] = ("sinks.console()", "events or text")

    def __init__(self, stream: TextIO | None, *, reasoning: bool, raw: bool) -> None:
        self._stream = stream
        self._reasoning = reasoning
        self._raw = raw
        self._new_reply()

    def __repr__(self) -> str:
        return f"<Console on {one_line(str(getattr(self._stream or sys.stdout, 'name', 'a stream')))}>"

    def _new_reply(self) -> None:
        self._cleaner, self._paragraphs = Cleaner(), JoinedRounds()
        self._last = ""
        self._shows: type = TextDelta

    def write(self, item: Event | str) -> None:
        if isinstance(item, str):
            self._show(item)
        elif isinstance(item, Restart):
            if not item.kept:
                self._end_line()
        elif isinstance(item, RoundEnd):
            if not item.last:
                self._end_paragraph()
        elif begins_message(item):
            self._flush()
            self._paragraphs.next_message()
        elif isinstance(item, (TextDelta, RefusalDelta, ReasoningDelta)) and not item.index:
            if isinstance(item, ReasoningDelta) and not self._reasoning:
                return
            if type(item) is not self._shows:
                self._end_paragraph()
                self._shows = type(item)
            self._show(self._paragraphs.feed(item.text))

    def close(self, reply: Reply) -> None:
        """End the line, however the reply ended. The next reply may follow."""
        self._end_line()
        self._new_reply()

    def _end_line(self) -> None:
        self._flush()
        if self._last and not self._last.endswith("\n"):
            self._put(self._paragraphs.feed("\n"))

    def _end_paragraph(self) -> None:
        """Let the next text begin a new paragraph."""
        self._flush()
        self._paragraphs.end()

    def _flush(self) -> None:
        for text in self._cleaner.flush():
            self._put(text)

    def _show(self, text: str) -> None:
        for clean in (text,) if self._raw else self._cleaner.feed(text):
            self._put(clean)

    def _put(self, text: str) -> None:
        if not text:
            return
        self._last = text[-1]  # first: a Ctrl-C may come as soon as the text is out
        stream = self._stream or sys.stdout
        try:
            stream.write(text)
        except UnicodeEncodeError:  # a narrow encoding, or lone surrogates: no part of the text was written
            encoding = stream.encoding or "utf-8"
            stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()


def console(stream: TextIO | None = None, *, reasoning: bool = False, raw: bool = False) -> Console:
    """A sink for events or str that shows text as it comes, on ``stream`` (default: what `sys.stdout` is then).

    Shown are the answer and a refusal, with ``reasoning`` also what the model thinks, as paragraphs of its own, and so
    is each round of a tool loop; other events are passed over. What a terminal would obey
    (escape sequences, backspaces), and what hides text or shows it in another order, is shown as an escape like
    ``\\x1b``, but for what languages and emoji need; ``raw`` leaves it as it is. Characters that the stream cannot
    encode are escaped too. The last line is ended when the reply ends. A reader that went away (BrokenPipeError) is a
    failure of this sink.
    """
    check_flag("reasoning", reasoning)
    check_flag("raw", raw)
    if stream is not None and not (
        callable(getattr(stream, "write", None)) and callable(getattr(stream, "flush", None))
    ):
        raise TypeError(f"stream is a text file, not {quote(stream)}; the sink is what console() gives")
    if isinstance(stream, (RawIOBase, BufferedIOBase)):
        raise TypeError("stream takes text, and this file was opened for bytes: open it without 'b'")
    return Console(stream, reasoning=reasoning, raw=raw)
