"""Things in the wrong place, told by name: an operator where a sink belongs, a stream where a function does.

What can be told from its place is told where it is written, by a TypeError that says what to write instead.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from inspect import isclass, iscoroutine, iscoroutinefunction
from os import PathLike
from typing import Any

from reactivex import ConnectableObservable, Observable

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
    "no_sink",
    "no_stream",
    "refuse_operator",
]

OBSERVER = ("on_next", "on_error", "on_completed")
MAKERS = {"reactivex.operators": "rxo", "streamkit.operators": "ops", "streamkit.sinks": "sinks"}
"""Packages of functions that make something, by the name that users give them."""


def operator_name(thing: Any) -> str | None:
    """How ``thing`` is written if it is an operator, ours or a stock one; None if it is none."""
    if isinstance(thing, Operator):
        return thing.written
    module = str(getattr(thing, "__module__", ""))
    if module == "reactivex.internal.curry" and getattr(thing, "__name__", "") == "_wrap_curried":
        made_by = [cell.cell_contents for cell in thing.__closure__ or () if callable(cell.cell_contents)]
        names = [str(getattr(one, "__name__", "")).rstrip("_") for one in made_by]
        return f"rxo.{names[0]}(...)" if names and names[0] else "a stock operator"
    is_stock = module.startswith("reactivex.operators._") and inspect.isfunction(thing)
    if is_stock or (module == "reactivex.pipe" and getattr(thing, "__name__", "") == "_compose"):
        return "a stock operator" if is_stock else "reactivex.compose(...)"
    return None


def uncalled_name(thing: Any) -> str | None:
    """How ``thing`` is written if it is a function that makes an operator or a sink, and was not called."""
    if not inspect.isfunction(thing) or "." in thing.__qualname__:
        return None
    package = next((one for one in MAKERS if f"{thing.__module__}.".startswith(f"{one}.")), None)
    if package is not None and hasattr(sys.modules[package], thing.__name__):
        return f"{MAKERS[package]}.{thing.__name__}"
    return "sk.on" if (thing.__module__, thing.__name__) == ("streamkit.engine.branches.listener", "on") else None


def _instead(thing: Any, place: str) -> str | None:
    """What the class of ``thing`` says to write instead where a stream, an operator or a sink belongs, if it is one of
    ours that is no such thing (`Run`, `Branch`). They lie above this room, so they say it themselves."""
    said: dict[str, str] = getattr(type(thing), "_misplaced", {})
    return said.get(place)


def is_stage(thing: Any) -> bool:
    return _only(thing, "feed", "flush")


def _only(thing: Any, *methods: str) -> bool:
    """Whether it has these, and is no function besides."""
    return (isclass(thing) or not callable(thing)) and all(callable(getattr(thing, name, None)) for name in methods)


def _hint_of_function(given: Any) -> str:
    if isinstance(given, Observable):
        return ", which is made already: write lambda question: client.chat(question)"
    return ": write client.chat" if callable(getattr(given, "chat", None)) else ""


def name_of(thing: Any) -> str:
    """How ``thing`` may have been written."""
    name = str(getattr(thing, "__qualname__", "") or type(thing).__name__).rpartition("<locals>.")[2]
    return "the lambda" if name.endswith("<lambda>") else name


# -- streams -----------------------------------------------------------------------------------------------------------


def check_stream(stream: Any, call: str = "sk.run") -> None:
    """``call`` runs a stream."""
    if isinstance(stream, Observable):
        return
    raise TypeError(
        f"{call} takes a stream (or any Observable), not {quote_refused(stream)}{_hint_of_stream(stream, call)}"
    )


def _hint_of_stream(given: Any, call: str) -> str:
    if (name := operator_name(given) or uncalled_name(given)) is not None:
        return f": write {call}(stream.pipe({name}), ...)"
    if isinstance(given, str):
        return f": write {call}(sk.chat({quote(given)}))"
    if iscoroutine(given):
        return ": a stream is read with await, or by a sink, without a coroutine around it"
    if (hint := _instead(given, "stream")) is not None:
        return hint
    if callable(getattr(given, "chat", None)):
        return f": write {call}(client.chat(...))"
    if callable(getattr(given, "write", None)):
        return f": a sink comes behind the stream, {call}(stream, sink)"
    if callable(given):
        return f": call it, or if it is a sink write {call}(stream, {name_of(given)})"
    if isinstance(given, (list, tuple)) and given and all(isinstance(one, Observable) for one in given):
        return f": write {call}(stream), or {call}(sk.race(*streams))"
    if isinstance(given, Iterable) and not isinstance(given, Mapping):
        return f": write {call}(sk.stream(items))"
    return ""


def check_streams(name: str, given: Iterable[Any]) -> None:
    """TypeError for what cannot be subscribed to: where it is given, not when its turn comes."""
    for stream in given:
        if not isinstance(stream, Observable):
            several = isinstance(stream, (list, tuple, set, dict))
            hint = f": write {name}(*streams)" if several else ": call it" if inspect.isroutine(stream) else ""
            raise TypeError(f"{name} takes streams (or any Observables), not {quote(stream)}{hint}")


# -- operators ---------------------------------------------------------------------------------------------------------


def check_operators(operators: Sequence[Any], place: str = "pipe") -> None:
    """``place`` takes operators; the last one in ``pipe`` may be any function."""
    for number, operator in enumerate(operators, 1):
        ends = place == "pipe" and number == len(operators)
        if not isinstance(operator, Operator) and (problem := _no_operator(operator, place, ends=ends)):
            raise TypeError(problem)


def _no_operator(given: Any, place: str, *, ends: bool) -> str:
    if (name := uncalled_name(given)) is not None:
        if name.startswith(("sinks.", "sk.")):
            return f"{name} makes a sink, and {place} takes operators: write sk.run(stream, {name}(...))"
        return f"{name} is not called: write {name}()"
    if (hint := _instead(given, "operator")) is not None:
        return f"{place} takes operators, not {hint}"
    if isinstance(given, Observable):
        return f"{place} takes operators, not a stream: write sk.race(stream, other), or ops.fallback(other)"
    if is_stage(given):
        kind = name_of(given if isclass(given) else type(given))
        return f"{place} takes operators, and {kind} is a stage: write ops.stage({kind})"
    if _only(given, "write") and not isclass(given):
        return f"{place} takes operators, and {quote(given)} is a sink: write sk.run(stream, sink)"
    if _is_writer(given):
        name = "print" if given is print else f"thing.{given.__name__}"
        return f"{name} gives nothing, and an operator gives a stream: write sk.run(stream, {name})"
    if iscoroutinefunction(given) and not ends:
        name = name_of(given)
        return f"{place} takes operators, and {name} is a coroutine function: write ops.map_async({name})"
    hint = ": write *operators" if isinstance(given, (list, tuple)) else ""
    return "" if callable(given) else f"{place} takes operators, like ops.text(), not {quote_refused(given)}{hint}"


def _is_writer(given: Any) -> bool:
    """Whether it is ``print``, or the method by which a file or a list takes something in."""
    bound = inspect.isbuiltin(given) or inspect.ismethod(given)
    return given is print or (bound and given.__self__ is not None and given.__name__ in ("append", "write"))


def applied(operators: Sequence[Callable[[Any], Any]], source: Any, handed: Callable[[Any, int], Any]) -> Any:
    """``source`` behind ``operators``; the last one may make something else than a stream.

    What is no operator of a library is a user's function, and gets ``handed(built, number)`` of what the operators
    before that number have made.
    """
    built = source
    for number, operator in enumerate(operators):
        if number and not isinstance(built, Observable):
            raise TypeError(no_stream(operators[number - 1], built))
        is_known = isinstance(operator, Operator) or operator_name(operator) is not None or not is_stream(built)
        built = operator(built if is_known else handed(built, number))
    return built


def no_stream(operator: Any, built: Any) -> str:
    """The message for an ``operator`` that made no stream in a place where one is needed."""
    name = name_of(operator)
    if built is None or iscoroutine(built):
        gave, fn = quote_refused(built) if built is not None else "nothing", "fn" if name == "the lambda" else name
        return (
            f"{name} gave {gave}, and an operator gives a stream: "
            f"if it is a sink write sk.run(stream, {fn}), if it is for each item rxo.map({fn})"
        )
    return f"{name} makes {quote(built)}, no stream: no operator can come behind it"


def is_stream(built: Any) -> bool:
    """Whether more may be piped on; what must be connected first (``publish``) is handed on as it is."""
    return isinstance(built, Observable) and not isinstance(built, ConnectableObservable)


# -- sinks and functions -----------------------------------------------------------------------------------------------


def no_sink(given: Any) -> str:
    """Why ``given`` is no sink, if it is something else that is known here."""
    if (name := operator_name(given)) is not None:
        return f"{name} is an operator, no sink: write sk.run(stream.pipe({name}), ...) or sk.branch({name}, into=sink)"
    if (name := uncalled_name(given)) is not None:
        if name.startswith(("sinks.", "sk.")):
            return f"{name} is not called: write {name}(...)"
        return f"{name} is an operator that is not called: write sk.run(stream.pipe({name}()), ...)"
    if (hint := _instead(given, "sink")) is not None:
        return hint
    if isinstance(given, Observable):
        return f"{quote(given)} is no sink but a stream: one stream is run, and what gets its items comes behind it"
    if is_stage(given) and not callable(getattr(given, "write", None)):
        kind = name_of(given if isclass(given) else type(given))
        return f"{kind} is a stage, no sink: write sk.branch(ops.stage({kind}), into=sink)"
    if isinstance(given, (list, tuple)) and not callable(getattr(given, "write", None)):
        return f"a sink is a callable or has a write method, not {quote(given)}: write sk.run(stream, *sinks)"
    if isinstance(given, (str, PathLike)) and not callable(given):
        return f"a sink is a callable or has a write method, not {quote(given)}: write sinks.jsonl({quote(given)})"
    if iscoroutine(given):
        name = name_of(given)
        given.close()
        return f"a sink is a function, and {name}() was called already: write {name}"
    return ""


def refuse_operator(name: str, given: Any) -> None:
    """What is an operator already, or would be one if it were called, is nothing that ``name`` makes one of."""
    if (written := operator_name(given)) is not None:
        raise TypeError(f"{written} is an operator already: write stream.pipe({written}), without {name}")
    if (written := uncalled_name(given)) is not None:
        raise TypeError(f"{written} makes an operator already: write stream.pipe({written}()), without {name}")


def check_observer(given: Any) -> None:
    """``subscribe`` takes a callback, or an object with ``on_next``, ``on_error`` and ``on_completed``."""
    if (name := operator_name(given) or uncalled_name(given)) is not None:
        raise TypeError(
            f"subscribe takes callbacks, and {name} is an operator: write stream.pipe({name}).subscribe(...)"
        )
    if not (callable(given) or all(callable(getattr(given, name, None)) for name in OBSERVER)):
        raise TypeError(f"subscribe takes a callback or an observer, not {quote(given)}: write subscribe(print)")


def check_function(
    name: str, given: Any, call: str, hint: str = "", *, sync: bool = False, generator: bool = False
) -> None:
    """``given`` is a function, which is called as ``call`` says; with ``sync`` no async one, and a ``generator`` only
    where one is wanted."""
    if (written := operator_name(given) or uncalled_name(given)) is not None:
        raise TypeError(f"{name} is a function: {call}. {written} is an operator, which goes into pipe")
    if iscoroutine(given):
        title = name_of(given)
        given.close()
        raise TypeError(f"{name} is a function: {call}. Pass {title} itself, without calling it")
    if not callable(given):
        hint = hint or _hint_of_function(given)
        raise TypeError(f"{name} is a function: {call}. It cannot be {quote(given)}{hint}")
    called = given
    while isinstance(called, partial):
        called = called.func
    method = called if inspect.isroutine(called) or isclass(called) else getattr(called, "__call__", called)  # noqa: B004
    if not generator and (inspect.isgeneratorfunction(method) or inspect.isasyncgenfunction(method)):
        raise TypeError(f"{name} is a function: {call}. {name_of(given)} has a yield in it, so it gives nothing")
    if sync and iscoroutinefunction(method):
        raise TypeError(f"{name} is a function: {call}. {name_of(given)} is async, so it gives that too late")
