"""What is behind an error of a transport: the exceptions of httpx, what is below it, and the operating system."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ...engine.loops import LIBRARIES, without_libraries
from ...errors import StreamkitError
from ...wording import excerpt, said

__all__ = ["chain_of", "shorten"]

TOLD = 500
"""Characters of the line that tells a chain."""


def shorten(error: StreamkitError, scrubbed: Callable[[str], str] = str) -> None:
    """Tell the chain of a transport's exceptions behind ``error`` in one line, a note, in place of their tracebacks.

    The first of them stays the cause, without what it came from and without frames of libraries; the frames also hold
    the key and the prompt. A chain with any other exception in it stays as it is: it may be of the user's own code.
    """
    chain = list(_history(error.__cause__))
    if not chain or not all(map(_is_of_a_transport, chain)):
        return
    if len(chain) > 1:
        error.add_note(scrubbed(excerpt(f"from {_line(chain)}", TOLD)))
    for behind in chain_of(error.__cause__):
        behind.with_traceback(without_libraries(behind.__traceback__))
    # Its context, which can still be looked up, is not shown then either. A class may forbid to set attributes.
    object.__setattr__(chain[0], "__cause__", None)


def _history(error: BaseException | None) -> Iterator[BaseException]:
    """``error`` and what it came from, each once; not what was suppressed by a ``from None``, but for httpcore's, which
    raises all its exceptions so, and thereby hides those of the operating system."""
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
    if isinstance(error, BaseExceptionGroup):  # of attempts to connect, side by side
        return all(not isinstance(one, BaseExceptionGroup) and _is_of_a_transport(one) for one in error.exceptions)
    return isinstance(error, OSError) or (_package(error) in LIBRARIES and not isinstance(error, StreamkitError))


def _line(chain: list[BaseException]) -> str:
    """Each with its text, unless what it came from has the same."""
    told, below = list[str](), ""
    for error in reversed(chain):
        text = _text(error)
        told.insert(0, _name(error) if text == below else f"{_name(error)}: {text}")
        below = text
    return " <- ".join(told)


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
    """``error`` and what is behind and within it, each once: an exception may be its own cause."""
    waiting, seen = [error], set[int]()
    while waiting:
        error = waiting.pop()
        if error is not None and id(error) not in seen:
            seen.add(id(error))
            yield error
            within = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
            waiting += [*reversed(within), error.__context__, error.__cause__]
