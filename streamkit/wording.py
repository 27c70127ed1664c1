"""Foreign texts made fit for messages and logs: one line, nothing that a terminal would obey, not too long."""

from __future__ import annotations

import unicodedata

__all__ = ["described", "excerpt", "one_line", "posing", "said"]

EXCERPT = 200


def excerpt(text: str, limit: int = EXCERPT) -> str:
    """``text`` fit for a message: one line, nothing a terminal would obey, at most ``limit`` characters."""
    line = one_line(" ".join(text[: limit * 4].split()))
    return line if len(line) <= limit and len(text) <= limit * 4 else line[: limit - 1] + "…"


def said(exc: BaseException, limit: int = EXCERPT) -> str:
    """The text of ``exc``, fit for a message; the name of its class if it has none, or if getting it raises."""
    try:
        text = excerpt(str(exc), limit)
    except posing():
        text = ""
    return text or type(exc).__name__


def posing() -> tuple[type[BaseException], ...]:
    """The exceptions that foreign code may raise when it is asked for a text. Those that end programs are not among
    them."""
    from asyncio import CancelledError  # here, because `import streamkit` does not need asyncio

    return Exception, GeneratorExit, CancelledError


def described(exc: BaseException, limit: int = EXCERPT) -> str:
    """The class and the text of ``exc``, fit for a message."""
    name, text = type(exc).__name__, said(exc, limit)
    return excerpt(name if text == name else f"{name}: {text}", limit)


def one_line(text: str) -> str:
    """``text`` in one line for logs, messages and names: characters that cannot be printed become escapes, except
    blanks."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or unicodedata.category(c) == "Zs" else ascii(c)[1:-1] for c in text)
