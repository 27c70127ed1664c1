"""Sinks of this package, and the start of a sink: its `begin` is called with the id of the run, if it has one."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import partial
from inspect import isawaitable, iscoroutine, signature
from typing import Any

from ..upstream import Context
from .listener import Listener

__all__ = ["OwnSink", "begin_of", "has_error_callback", "pass_run_id"]


class OwnSink:
    """The base of sinks of this package, of which more is known than of a user's."""

    inner: Any = None
    """The sink that it calls, which is at work whenever this one is."""
    storage: Hashable = None
    """What identifies the storage of its numbered items. Two streams of one run in the same storage need two ids."""


def pass_run_id(into: Any, context: Context) -> None:
    """Call ``into.begin`` with the id of the run, if it has a `begin` for that."""
    begin = begin_of(into)
    if begin is not None:
        begin(context.stream(into.storage if isinstance(into, OwnSink) else None))


def has_error_callback(into: Any) -> bool:
    """True if it is a listener with ``error=``, or calls one."""
    while isinstance(into, OwnSink):
        into = into.inner
    return isinstance(into, Listener) and into.hears_errors


def begin_of(into: Any) -> Callable[[str], None] | None:
    """``into.begin`` if it takes ``run_id=`` as a keyword-only argument; any other `begin` is the user's own, for
    something else."""
    begin = getattr(into, "begin", None)
    return partial(_begin, begin) if begin is not None and _takes_id(begin) else None


def _begin(begin: Callable[..., Any], run_id: str) -> None:
    answer = begin(run_id=run_id)
    if isawaitable(answer):
        if iscoroutine(answer):
            answer.close()
        raise TypeError("begin(run_id=...) of a sink is a plain method: what has to be awaited belongs into write")


def _takes_id(begin: Any) -> bool:
    if isinstance(getattr(begin, "__self__", None), OwnSink):
        return True
    try:
        parameter = signature(begin).parameters.get("run_id")
    except (TypeError, ValueError):  # not a callable, or one without a signature
        return False
    return parameter is not None and parameter.kind is parameter.KEYWORD_ONLY
