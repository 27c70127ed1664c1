"""One reply on the terminal: its text or its events on stdout, figures and errors on stderr, and the exit code."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, TextIO, TypeAlias

import streamkit as sk
from streamkit import patience, sinks
from streamkit.wording import excerpt, one_line

if TYPE_CHECKING:
    import argparse

    from .commands import Command

    Commands: TypeAlias = argparse._SubParsersAction[Command]

__all__ = ["UsageError", "say", "show"]

CODES = {
    "complete": 0,
    "stopped": 0,
    "length": 3,
    "filtered": 3,
    "refused": 3,
    "cancelled": 130,
    "truncated": 1,
    "failed": 1,
}
PROGRESS = 0.2
"""Seconds between two updates of the progress line."""


class UsageError(Exception):
    """An invalid command line."""


def say(text: str, end: str = "\n") -> None:
    """Write a message to stderr as one line, whatever foreign text it quotes."""
    if sys.stderr is not None:  # None if the shell closed it: print would use stdout instead
        sys.stderr.write(one_line(text) + end)
        sys.stderr.flush()


def show(stream: sk.Stream[sk.Event], *, lines: bool = False, verbose: bool = False) -> int:
    """Print ``stream`` while it comes: the exit code. ``lines`` prints events as JSON instead of the text."""
    out = _EventLines() if lines else sinks.console()
    figures = _Figures()
    run = sk.start(stream)
    error: sk.StreamkitError | None = None
    try:
        with run:
            for event in run:
                figures.feed(event)
                out.write(event)
        reply = run.result()
    except KeyboardInterrupt:
        error, reply = _interrupted(run)
    except sk.StreamkitError as exc:
        error, reply = exc, exc.partial
    out.close(reply)
    figures.clear()
    if verbose or _is_terminal(sys.stderr):
        say(figures.summary(reply))
        for warning in reply.warnings:
            say(f"streamkit: {warning}")
    if error is not None:
        say(f"streamkit: {error}")
    return CODES[reply.outcome]


def _interrupted(run: sk.Run) -> tuple[sk.StreamkitError | None, sk.Reply]:
    """The error and the reply so far after Ctrl-C, even if the reply failed at that moment or cannot be closed."""
    try:
        return None, run.result(timeout=patience.INTERRUPTED_COMMAND)
    except sk.StreamkitError as exc:
        return exc, exc.partial
    except TimeoutError:
        return None, run.reply


class _EventLines:
    """Events as lines of JSON on stdout; the last one is the reply, however it ended."""

    def __init__(self) -> None:
        self._replied = False

    def write(self, event: sk.Event) -> None:
        sys.stdout.buffer.write(sk.to_json(event) + b"\n")
        self._replied = isinstance(event, sk.Reply)  # after the write, because a Ctrl-C may come before
        sys.stdout.buffer.flush()

    def close(self, reply: sk.Reply) -> None:
        if not self._replied:
            self.write(reply)


class _Figures:
    """The times and counts of a reply. If stdout is redirected, a terminal on stderr shows the progress."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._first: float | None = None
        self._characters = 0
        self._live = _is_terminal(sys.stderr) and not _is_terminal(sys.stdout)
        self._updated = 0.0

    def feed(self, event: sk.Event) -> None:
        if not isinstance(event, (sk.TextDelta, sk.RefusalDelta)):
            return
        now = time.monotonic()
        if self._first is None:
            self._first = now
        self._characters += len(event.text)
        if self._live and now - self._updated > PROGRESS:
            self._updated = now
            say(f"{self._characters} characters", end="\r")

    def clear(self) -> None:
        if self._updated:
            say(" " * 30, end="\r")

    def summary(self, reply: sk.Reply) -> str:
        """Outcome, size, tokens and times of ``reply`` in one line."""
        words, size = len(reply.text.split()), len(reply.text)
        parts = [reply.outcome, f"{words} words" if words * 15 > size else f"{size} characters"]
        usage = reply.usage
        if usage is not None and usage.completion_tokens is not None:
            parts.append(f"{usage.completion_tokens} tokens ({usage.origin})")
        if self._first is not None:
            parts.append(f"first text after {self._first - self._began:.2f} s")
        parts.append(f"{time.monotonic() - self._began:.2f} s in all")
        return ", ".join(parts) + (f" ({excerpt(reply.model, 60)})" if reply.model else "")


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()
