"""The description of a branch: the operators and the sink that the events of a run pass through, and its options."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from inspect import isclass, iscoroutine, signature
from io import IOBase
from types import FunctionType, MethodType
from typing import Any, ClassVar, Literal, TypeAlias

from ...awaitables import has_yield
from ...checks import check_number, check_text, check_whole, quote, quote_refused
from ...wording import one_line
from ..streams import ItemKind, check_chain, check_operators, misplaced, name_of, sink_problem
from ..upstream import CAPACITY, MAX_BYTES
from .backlog import OVERFLOWS, Overflow
from .listener import Listener

__all__ = ["Branch", "OnCancel", "as_branch", "branch", "check_kinds"]

OnCancel: TypeAlias = Literal["discard", "drain"]


@dataclass(frozen=True, slots=True)
class Branch:
    """One way from a run's events through operators into a sink; made by `branch`.

    It only describes the branch, and may be given to any number of runs. While a run is at work an `Outlet` stands for
    it.
    """

    operators: tuple[Callable[[Any], Any], ...]
    into: Any
    capacity: int = CAPACITY
    max_bytes: int = MAX_BYTES
    overflow: Overflow = "wait"
    max_wait: float = 60.0
    on_cancel: OnCancel = "discard"
    name: str = ""

    _misplaced: ClassVar[dict[str, str]] = {
        "operator": "a branch: write sk.run(stream, branch), or ops.attach(branch)",
        "sink": "a branch goes into sk.run(stream, branch) as it is: its sink is what into= takes",
    }


def branch(
    *operators: Callable[[Any], Any],
    into: Any,
    capacity: int = CAPACITY,
    max_bytes: int = MAX_BYTES,
    overflow: Overflow | None = None,
    max_wait: float = 60.0,
    on_cancel: OnCancel | None = None,
    name: str | None = None,
) -> Branch:
    """A way for the events of a run, through ``operators`` into a sink.

    ``into`` is a callable, a coroutine function, or an object with ``write(item)`` and perhaps more (see `Sink`). A
    plain callable is called in place: while it is slow, everything else waits, its siblings too (``run.stats`` says how
    long; `sinks.threaded` calls it in a thread). An async sink gets a mailbox, in which at most ``capacity`` items of
    about ``max_bytes`` bytes wait, plus those under way when it becomes full. ``overflow`` says what happens then:

    - ``wait``: the source stops reading until there is room
    - ``conflate``: pieces of text (str, `TextDelta`, `ReasoningDelta`) that wait next to each other become one, so that
      nothing is lost and a slow sink gets larger pieces; beyond that as ``wait``
    - ``drop_oldest``: the oldest items are dropped; ``dropped(count, first, last)`` of the sink is called, if it has
    that
    - ``latest``: only the newest item waits, and the last one always arrives; for states, such as snapshots
    - ``fail``: the sink is given up with a `SinkError`

    Whole and partial tool calls, tool results, tools of the server, citations, files, usage, `Start`, `BlockStart`,
    `BlockEnd`, `Finish`, `Restart`, `RoundEnd` and `Reply` are never dropped; for these a mailbox has room for 64 at
    least, then ``wait`` applies. The default is the sink's own
    ``overflow``, else ``wait``.

    A sink for which the source, or its end, waits longer than ``max_wait`` seconds over one item is given up with a
    `SinkError`; the others go on. ``on_cancel`` says what a cancelled run does with items that wait: ``discard`` them
    and interrupt the one at hand, or ``drain`` them for 5 s at most. The default is the sink's own, else discard.

    Note: a conflated sink gets sentences or snapshots glued together: conflate pieces of a text only.
    """
    check_operators(operators, "sk.branch")
    _check_sink(into)
    capacity, max_bytes = check_whole("capacity", capacity), check_whole("max_bytes", max_bytes)
    max_wait = check_number("max_wait", max_wait, infinite=True)
    check_text("name", name, optional=True)
    overflow = _one_of("overflow", overflow, into, OVERFLOWS)
    on_cancel = _one_of("on_cancel", on_cancel, into, ("discard", "drain"))
    title = one_line(str(name or getattr(into, "__qualname__", None) or type(into).__name__))  # it is named in logs
    result = Branch(operators, into, capacity, max_bytes, overflow, max_wait, on_cancel, title)
    check_kinds(None, [result])
    return result


def _check_sink(into: Any) -> None:
    """Raise TypeError if ``into`` is not a sink, also if it only looks like one."""
    if problem := sink_problem(into):
        raise TypeError(problem)
    write = getattr(into, "write", None) or into
    if not callable(write):
        raise TypeError(f"a sink is a callable or has a write method, not {quote(into)}")
    if isclass(into) and write is not into:
        raise TypeError(f"{one_line(into.__qualname__)} is a class: a sink is one of its instances")
    is_plain = type(write) in (FunctionType, MethodType, partial)  # an autospecced mock answers True to every predicate
    if is_plain and has_yield(write):
        title = one_line(name_of(write))
        raise TypeError(f"{title} has a yield in it, so calling it would do nothing: a sink is a function")
    _check_members(into)


def _check_members(into: Any) -> None:
    """Raise TypeError if a member with the name of an optional member of a sink cannot be meant as one."""
    title = one_line(type(into).__name__)
    if getattr(into, "no_sink_has_such_a_member", None) is not None:  # a mock, or a proxy of a remote object
        raise TypeError(
            f"this {title} answers to every name, so what it has besides write is not known: "
            "write lambda item: sink.write(item), or if it is a mock Mock(spec=['write'])"
        )
    for method in ("fail", "close", "dropped"):
        member = getattr(into, method, None)
        if member is not None and iscoroutine(member):
            raise TypeError(
                f"{title}.{method} is a method of a sink, not {quote_refused(member)}, which was called already"
            )
    if not _takes_reply(into):
        how = "sys.stdout.write" if into is sys.stdout else "its write method"
        own = "" if isinstance(into, IOBase) else "write close(self, reply), or "
        raise TypeError(f"{title}.close() takes no reply, as that of a sink does: {own}give {how} as the sink")
    if (patience := getattr(into, "patience", None)) is not None:
        check_number(f"{title}.patience", patience, infinite=True, optional=True)


def _takes_reply(into: Any) -> bool:
    """True if ``close(reply)`` may be called, as far as its signature shows. That of a file takes no argument."""
    close = getattr(into, "close", None)
    if close is None:
        return True
    if isinstance(into, IOBase) and not isinstance(close, MethodType):  # not all of them have a signature
        return False
    try:
        if callable(close):
            signature(close, follow_wrapped=False).bind(None)
    except ValueError:  # it has no signature
        return True
    except TypeError:
        return False
    return True


def _one_of(option: str, value: Any, into: Any, allowed: Sequence[str]) -> Any:
    """The ``value`` of an option, else the attribute of that name of the sink, else the first ``allowed`` value."""
    own = "" if value else f"{type(into).__name__}."
    value = value or getattr(into, option, None) or allowed[0]
    if not isinstance(value, str):
        raise TypeError(f"{own}{option} is a str, one of {', '.join(allowed)}, not {quote(value)}")
    if value not in allowed:
        raise ValueError(f"{own}{option} is one of {', '.join(allowed)}, not {value!r}")
    return value


def check_kinds(incoming: ItemKind | None, branches: Iterable[Branch]) -> None:
    """Raise TypeError if items of kind ``incoming`` have nothing for an operator or the sink of one of ``branches``, as
    far as its class says in ``_works_on`` what it is called and on what it works."""
    for branch in branches:
        arriving = check_chain(incoming, branch.operators)
        if arriving is not None and arriving.kind in ("str", "values"):
            into = branch.into
            own = (into.wants, "events") if isinstance(into, Listener) else getattr(type(into), "_works_on", ("", ""))
            what, wants = own
            if what and (arriving.kind == "values" or wants == "events"):
                raise TypeError(misplaced(what, wants, arriving))


def as_branch(item: Any) -> Branch:
    """``item`` as a branch: it may also be a bare sink or listener."""
    return item if isinstance(item, Branch) else branch(into=item)
