"""The exceptions behind an error of a transport: those of httpx, of the layers below it, and of the system."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ...engine.failures import LIBRARIES, without_libraries
from ...errors import StreamkitError
from ...wording import excerpt, said

__all__ = ["chain_of", "shorten"]

CHAIN_CHARS = 500
"""The most characters of the note that describes a chain."""


def shorten(error: StreamkitError, scrub: Callable[[str], str] = str) -> None:
    """Describe the chain of a transport's exceptions behind ``error`` in a note of one line, in place of tracebacks.

    The first of them stays the cause, without its own cause and without frames of libraries; the frames also hold the
    key and the prompt. A chain with any other exception in it stays as it is: that may come from the user's own code.
    """
    chain = list(_history(error.__cause__))
    if not chain or not all(map(_is_of_a_transport, chain)):
        return
    if len(chain) > 1:
        error.add_note(scrub(excerpt(f"from {_line(chain)}", CHAIN_CHARS)))
    for behind in chain_of(error.__cause__):
        behind.with_traceback(without_libraries(behind.__traceback__))
    # Its context, which stays accessible, is not printed then either. A class may forbid setting its attributes.
    object.__setattr__(chain[0], "__cause__", None)


def _history(error: BaseException | None) -> Iterator[BaseException]:
    """``error`` and the exceptions it came from, each once. Those suppressed by ``from None`` are left out, except
    behind httpcore's, which raises all its exceptions that way and so hides those of the operating system."""
    seen = set[int]()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        below = error.__cause__
        if below is None and (not error.__suppress_context__ or _hides_the_system(error)):
            below = error.__context__
        error = below


def _hides_the_system(error: BaseException) -> bool:
    context = error.__context__
    return _package(error) in ("httpcore", "httpcore2") and context is not None and _is_of_a_transport(context)


def _is_of_a_transport(error: BaseException) -> bool:
    if isinstance(error, BaseExceptionGroup):  # of attempts to connect in parallel
        return all(not isinstance(one, BaseExceptionGroup) and _is_of_a_transport(one) for one in error.exceptions)
    return isinstance(error, OSError) or (_package(error) in LIBRARIES and not isinstance(error, StreamkitError))


def _line(chain: list[BaseException]) -> str:
    """The chain as one line: each exception with its text, unless the one it came from has the same text."""
    parts, below = list[str](), ""
    for error in reversed(chain):
        text = _text(error)
        parts.insert(0, _name(error) if text == below else f"{_name(error)}: {text}")
        below = text
    return " <- ".join(parts)


def _text(error: BaseException) -> str:
    if isinstance(error, BaseExceptionGroup):
        return ", ".join(f"{_name(one)}: {said(one)}" for one in error.exceptions)
    return said(error)


def _name(error: BaseException) -> str:
    name, package = type(error).__name__, _package(error)
    return name if package == "builtins" else f"{package}.{name}"


def _package(error: BaseException) -> str:
    return str(type(error).__module__).partition(".")[0]


def chain_of(error: BaseException | None) -> Iterator[BaseException]:
    """``error``, its causes and contexts and the members of groups, each once: an exception may be its own cause."""
    waiting, seen = [error], set[int]()
    while waiting:
        error = waiting.pop()
        if error is not None and id(error) not in seen:
            seen.add(id(error))
            yield error
            within = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
            waiting += [*reversed(within), error.__context__, error.__cause__]
