"""Checks for things in the wrong place: an operator where a sink belongs, a stream where a function does.

A mistake that can be recognised when the line is written raises there, a TypeError that says what to write instead.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from inspect import isclass, iscoroutine
from os import PathLike
from types import FunctionType
from typing import Any

from reactivex import ConnectableObservable, Observable

from ...awaitables import has_yield, is_async
from ...checks import quote, quote_refused
from .operator import Operator

__all__ = [
    "applied",
    "check_function",
    "check_observer",
    "check_operators",
    "check_stream",
    "check_streams",
    "is_stream",
    "name_of",
    "refuse_operator",
    "sink_problem",
    "stream_problem",
]

OBSERVER = ("on_next", "on_error", "on_completed")
MAKERS = {"reactivex.operators": "rxo", "streamkit.operators": "ops", "streamkit.sinks": "sinks"}
"""Packages of functions that make operators or sinks, and the names by which users import them."""


def operator_name(thing: Any) -> str | None:
    """The way ``thing`` is written in code if it is an operator of this package or a stock one; else None."""
    if isinstance(thing, Operator):
        return thing.written
    module = str(getattr(thing, "__module__", ""))
    if _is_stock(thing):
        makers = [cell.cell_contents for cell in thing.__closure__ or () if callable(cell.cell_contents)]
        names = [str(getattr(one, "__name__", "")).rstrip("_") for one in makers]
        return f"rxo.{names[0]}(...)" if names and names[0] else "a stock operator"
    is_stock = module.startswith("reactivex.operators._") and inspect.isfunction(thing)
    if is_stock or (module == "reactivex.pipe" and getattr(thing, "__name__", "") == "_compose"):
        return "a stock operator" if is_stock else "reactivex.compose(...)"
    return None


def _is_stock(thing: Any) -> bool:
    """True for what a function of `reactivex.operators` gives, with few exceptions."""
    curried = "reactivex.internal.curry", "_wrap_curried"
    return type(thing) is FunctionType and (thing.__module__, thing.__name__) == curried


def _is_operator(thing: Any) -> bool:
    """True for what is certainly an operator, as nearly all are: found out quickly, for each stream is built anew."""
    return isinstance(thing, Operator) or _is_stock(thing)


def uncalled_name(thing: Any) -> str | None:
    """The way ``thing`` is written in code if it is a function that makes an operator or a sink; else None."""
    if not inspect.isfunction(thing) or "." in thing.__qualname__:
        return None
    package = next((one for one in MAKERS if f"{thing.__module__}.".startswith(f"{one}.")), None)
    if package is not None and hasattr(sys.modules[package], thing.__name__):
        return f"{MAKERS[package]}.{thing.__name__}"
    return "sk.on" if (thing.__module__, thing.__name__) == ("streamkit.engine.branches.listener", "on") else None


def _instead(thing: Any, role: str) -> str | None:
    """The text in the class of ``thing`` that says what to write instead where a stream, an operator or a sink belongs,
    if it is of a class of this package that is not one (`Run`, `Branch`). This room cannot import these classes, so
    they carry the text themselves."""
    hints = getattr(type(thing), "_misplaced", None)
    return hints.get(role) if isinstance(hints, dict) else None


def is_stage(thing: Any) -> bool:
    return _only(thing, "feed", "flush")


def _only(thing: Any, *methods: str) -> bool:
    """True if it has these methods and is not a function as well."""
    return (isclass(thing) or not callable(thing)) and all(callable(getattr(thing, name, None)) for name in methods)


def _hint_of_function(thing: Any) -> str:
    if isinstance(thing, Observable):
        return ", which is made already: write lambda question: client.chat(question)"
    return ": write client.chat" if callable(getattr(thing, "chat", None)) else ""


def name_of(thing: Any) -> str:
    """The name by which ``thing`` was probably written in code."""
    name = str(getattr(thing, "__qualname__", "") or type(thing).__name__).rpartition("<locals>.")[2]
    return "the lambda" if name.endswith("<lambda>") else name


# -- streams -----------------------------------------------------------------------------------------------------------


def check_stream(stream: Any, call: str = "sk.run") -> None:
    """Raise TypeError if ``stream`` is not a stream, which ``call`` would run."""
    if isinstance(stream, Observable):
        return
    raise TypeError(
        f"{call} takes a stream (or any Observable), not {quote_refused(stream)}{_hint_of_stream(stream, call)}"
    )


def _hint_of_stream(thing: Any, call: str) -> str:
    if (name := operator_name(thing) or uncalled_name(thing)) is not None:
        return f": write {call}(stream.pipe({name}), ...)"
    if isinstance(thing, str):
        return f": write {call}(sk.chat({quote(thing)}))"
    if iscoroutine(thing):
        return ": a stream is read with await, or by a sink, without a coroutine around it"
    if (hint := _instead(thing, "stream")) is not None:
        return hint
    if callable(getattr(thing, "chat", None)):
        return f": write {call}(client.chat(...))"
    if callable(getattr(thing, "write", None)):
        return f": a sink comes behind the stream, {call}(stream, sink)"
    if callable(thing):
        return f": call it, or if it is a sink write {call}(stream, {name_of(thing)})"
    if isinstance(thing, (list, tuple)) and thing and all(isinstance(one, Observable) for one in thing):
        return f": write {call}(stream), or {call}(sk.race(*streams))"
    if isinstance(thing, Iterable) and not isinstance(thing, Mapping):
        return f": write {call}(sk.stream(items))"
    return ""


def check_streams(name: str, streams: Iterable[Any]) -> None:
    """Raise TypeError for an argument of ``name`` that is not a stream: at once, not when it would be subscribed to."""
    for stream in streams:
        if not isinstance(stream, Observable):
            several = isinstance(stream, (list, tuple, set, dict))
            hint = f": write {name}(*streams)" if several else ": call it" if inspect.isroutine(stream) else ""
            raise TypeError(f"{name} takes streams (or any Observables), not {quote(stream)}{hint}")


# -- operators ---------------------------------------------------------------------------------------------------------


def check_operators(operators: Sequence[Any], caller: str = "pipe") -> None:
    """Raise TypeError if one of ``operators`` is not one; the last one in ``pipe`` may be any function. ``caller`` is
    the function that takes them, for messages."""
    for number, operator in enumerate(operators, 1):
        ends = caller == "pipe" and number == len(operators)
        if not _is_operator(operator) and (problem := _operator_problem(operator, caller, ends=ends)):
            raise TypeError(problem)


def _operator_problem(thing: Any, caller: str, *, ends: bool) -> str:
    """The message for a thing that is not an operator; empty if it may be a user's function."""
    if (name := uncalled_name(thing)) is not None:
        if name.startswith(("sinks.", "sk.")):
            return f"{name} makes a sink, and {caller} takes operators: write sk.run(stream, {name}(...))"
        return f"{name} is not called: write {name}()"
    if (hint := _instead(thing, "operator")) is not None:
        return f"{caller} takes operators, not {hint}"
    if isinstance(thing, Observable):
        return f"{caller} takes operators, not a stream: write sk.race(stream, other), or ops.fallback(other)"
    if is_stage(thing):
        kind = name_of(thing if isclass(thing) else type(thing))
        return f"{caller} takes operators, and {kind} is a stage: write ops.stage({kind})"
    if _only(thing, "write") and not isclass(thing):
        return f"{caller} takes operators, and {quote(thing)} is a sink: write sk.run(stream, sink)"
    if _is_writer(thing):
        name = "print" if thing is print else f"thing.{thing.__name__}"
        return f"{name} gives nothing, and an operator gives a stream: write sk.run(stream, {name})"
    if is_async(thing) and not ends:
        name = name_of(thing)
        return f"{caller} takes operators, and {name} is a coroutine function: write ops.map_async({name})"
    hint = ": write *operators" if isinstance(thing, (list, tuple)) else ""
    return "" if callable(thing) else f"{caller} takes operators, like ops.text(), not {quote_refused(thing)}{hint}"


def _is_writer(thing: Any) -> bool:
    """True if it is ``print``, or the method that writes to a file or appends to a list."""
    bound = inspect.isbuiltin(thing) or inspect.ismethod(thing)
    return thing is print or (bound and thing.__self__ is not None and thing.__name__ in ("append", "write"))


def applied(operators: Sequence[Callable[[Any], Any]], source: Any, user_source: Callable[[Any, int], Any]) -> Any:
    """The result of applying ``operators`` to ``source``; the last one may make something other than a stream.

    A callable that is not an operator of a library is a user's function. It gets ``user_source(built, number)``, where
    ``built`` is the result of the operators before that number.
    """
    built = source
    for number, operator in enumerate(operators):
        if number and not isinstance(built, Observable):
            raise TypeError(stream_problem(operators[number - 1], built))
        is_known = _is_operator(operator) or operator_name(operator) is not None or not is_stream(built)
        built = operator(built if is_known else user_source(built, number))
    return built


def stream_problem(operator: Any, built: Any) -> str:
    """The message for an ``operator`` whose result ``built`` is not a stream, where one is needed."""
    name = name_of(operator)
    if built is None or iscoroutine(built):
        result, fn = quote_refused(built) if built is not None else "nothing", "fn" if name == "the lambda" else name
        return (
            f"{name} gave {result}, and an operator gives a stream: "
            f"if it is a sink write sk.run(stream, {fn}), if it is for each item rxo.map({fn})"
        )
    return f"{name} makes {quote(built)}, not a stream: no operator can come behind it"


def is_stream(built: Any) -> bool:
    """True if operators may be applied to it. An Observable that must be connected first (``publish``) is returned to
    the user as it is."""
    if type(built) is Observable:  # most are
        return True
    return isinstance(built, Observable) and not isinstance(built, ConnectableObservable)


# -- sinks and functions -----------------------------------------------------------------------------------------------


def sink_problem(thing: Any) -> str:
    """The message for a thing that is not a sink, if it is something else that is known here; else empty."""
    if (name := operator_name(thing)) is not None:
        piped = f"sk.run(stream.pipe({name}), ...)"
        return f"{name} is an operator, not a sink: write {piped} or sk.branch({name}, into=sink)"
    if (name := uncalled_name(thing)) is not None:
        if name.startswith(("sinks.", "sk.")):
            return f"{name} is not called: write {name}(...)"
        return f"{name} is an operator that is not called: write sk.run(stream.pipe({name}()), ...)"
    if type(thing) is FunctionType:  # it is nothing of what follows
        return ""
    if (hint := _instead(thing, "sink")) is not None:
        return hint
    if isinstance(thing, Observable):
        return f"{quote(thing)} is not a sink but a stream: pass one stream, then the sinks that get its items"
    if is_stage(thing) and not callable(getattr(thing, "write", None)):
        kind = name_of(thing if isclass(thing) else type(thing))
        return f"{kind} is a stage, not a sink: write sk.branch(ops.stage({kind}), into=sink)"
    if isinstance(thing, (list, tuple)) and not callable(getattr(thing, "write", None)):
        return f"a sink is a callable or has a write method, not {quote(thing)}: write sk.run(stream, *sinks)"
    if isinstance(thing, (str, PathLike)) and not callable(thing):
        return f"a sink is a callable or has a write method, not {quote(thing)}: write sinks.jsonl({quote(thing)})"
    if iscoroutine(thing):
        name = name_of(thing)
        thing.close()
        return f"a sink is a function, and {name}() was called already: write {name}"
    return ""


def refuse_operator(name: str, thing: Any) -> None:
    """Raise TypeError if ``name`` was called with an operator, or with a function that makes one."""
    if (written := operator_name(thing)) is not None:
        raise TypeError(f"{written} is an operator already: write stream.pipe({written}), without {name}")
    if (written := uncalled_name(thing)) is not None:
        raise TypeError(f"{written} makes an operator already: write stream.pipe({written}()), without {name}")


def check_observer(thing: Any) -> None:
    """Raise TypeError unless it is a callback, or an object with ``on_next``, ``on_error`` and ``on_completed``."""
    if (name := operator_name(thing) or uncalled_name(thing)) is not None:
        raise TypeError(
            f"subscribe takes callbacks, and {name} is an operator: write stream.pipe({name}).subscribe(...)"
        )
    if not (callable(thing) or all(callable(getattr(thing, name, None)) for name in OBSERVER)):
        raise TypeError(f"subscribe takes a callback or an observer, not {quote(thing)}: write subscribe(print)")


def check_function(
    name: str, thing: Any, call: str, hint: str = "", *, sync: bool = False, generator: bool = False
) -> None:
    """Raise TypeError if the argument ``name`` is not a function. ``call`` says in the message how it is called. With
    ``sync`` an async function is refused too, and without ``generator`` a generator function."""
    if (written := operator_name(thing) or uncalled_name(thing)) is not None:
        raise TypeError(f"{name} is a function: {call}. {written} is an operator, which goes into pipe")
    if iscoroutine(thing):
        title = name_of(thing)
        thing.close()
        raise TypeError(f"{name} is a function: {call}. Pass {title} itself, without calling it")
    if not callable(thing):
        hint = hint or _hint_of_function(thing)
        raise TypeError(f"{name} is a function: {call}. It cannot be {quote(thing)}{hint}")
    called = thing
    while isinstance(called, partial):
        called = called.func
    method = called if inspect.isroutine(called) or isclass(called) else getattr(called, "__call__", called)  # noqa: B004
    if not generator and has_yield(method):
        raise TypeError(f"{name} is a function: {call}. {name_of(called)} has a yield in it, so it gives nothing")
    if sync and is_async(method):
        raise TypeError(f"{name} is a function: {call}. {name_of(called)} is async, so it gives that too late")
