"""Checks that an object from a user is a stage: as soon as the object exists, not in the middle of a stream."""

from __future__ import annotations

import inspect
import warnings
import weakref
from collections.abc import Callable, Iterable, Sequence
from inspect import iscoroutine
from math import inf
from types import FunctionType
from typing import Any, get_origin

from ..awaitables import has_yield, is_async
from ..checks import number_of, quote, quote_refused
from ..protocols import StageBase, overrides
from ..wording import one_line

__all__ = ["Factory", "check_factory", "check_stage", "check_text_stage", "clearer_error", "pieces_of", "seconds"]

METHODS = ("feed", "flush")
MISSING: Any = object()
OF_STAGES = ("due", "done", "hides", "broken", "reply", "failure")
"""Members of a `StageBase` that another object may seem to have; ``expire`` is checked together with ``due``."""
OF_TEXT = ("done", "hides", "cut")
"""Members of a `StageBase` that an object passed to `ops.rewrite` may seem to have."""


class Factory:
    """Makes the stages of the operator ``name``. TypeError if ``make`` makes no stages, here or when it is called."""

    def __init__(self, name: str, make: Any, check: Callable[[str, Any], None]) -> None:
        self._name, self._make, self._check = name, make, check
        self._last: Callable[[], Any] = lambda: None
        check_factory(name, make)

    def __call__(self) -> Any:
        stage = self._make()
        self._check(self._name, stage)
        if stage is self._last():
            _report_sharing(_title(self._make), stage)
        self._last = _reference(stage)
        return stage


def check_factory(name: str, make: Any) -> None:
    """Check that the operator ``name`` can call ``make()`` for each subscription."""
    make = get_origin(make) or make  # the class of a generic alias, such as Upper[str]
    title = _title(make)
    if not callable(make):
        _refuse_instance(name, make)
        raise TypeError(
            f"{name} takes a class with feed and flush, or a function that makes one, not {quote_refused(make)}"
        )
    if isinstance(make, type) and _is_fully_described(make):
        for method in METHODS:
            function = inspect.getattr_static(make, method, MISSING)
            if function is MISSING or isinstance(function, FunctionType):  # a property may return anything
                _check_method(title, method, function, "")
    if is_async(make) or has_yield(make):
        raise TypeError(f"{name} takes a function that gives a stage at once, and {title} is async or has a yield")
    if _needs_nothing(make):  # computing a signature takes a while
        return
    try:
        inspect.signature(make, follow_wrapped=False).bind()  # a decorator may pass the arguments that it needs
    except ValueError:  # it has no signature
        return
    except TypeError as exc:
        _refuse_instance(name, make)
        hint = f"write {name}(lambda: {title}(...))"
        if not isinstance(make, type):
            hint = "a function that is called with each item goes into rxo.map(fn)"
        raise TypeError(f"{name} makes stages by {title}(), without arguments ({exc}): {hint}") from None


def _refuse_instance(name: str, stage: Any) -> None:
    if not isinstance(stage, type) and all(hasattr(stage, method) for method in METHODS):
        kind = _title(type(stage))
        raise TypeError(
            f"{name} makes a stage for each subscription, so it takes a class or a function, not an instance of "
            f"{kind}: write {name}({kind}), or {name}(lambda: {kind}(...))"
        )


def _is_fully_described(kind: Any) -> bool:
    """True if its instances have the members of the class and no others; else an instance is checked once it exists."""
    is_plain = kind.__init__ is object.__init__ and kind.__new__ is object.__new__
    is_usual = type(kind).__call__ is type.__call__ and kind.__getattribute__ is object.__getattribute__
    return is_plain and is_usual and not hasattr(kind, "__getattr__")


def _needs_nothing(make: Any) -> bool:
    """True if it can obviously be called without arguments."""
    function: Any = vars(make).get("__init__", object.__init__) if isinstance(make, type) else make
    if function is object.__init__:
        return vars(make).get("__new__") is None and make.__bases__ in ((object,), (StageBase,))
    if not inspect.isfunction(function):
        return False
    code, defaults = function.__code__, function.__defaults__ or ()
    return code.co_argcount - isinstance(make, type) <= len(defaults) and not code.co_kwonlyargcount


def check_stage(name: str, stage: Any, more: Sequence[str] = OF_STAGES) -> None:
    """Check that ``stage`` can be used in `ops.stage`."""
    _check_shape(name, stage)
    if not isinstance(stage, StageBase):
        _warn_of_more(name, stage, more)
        return
    title = _title(type(stage))
    for method in ("expire", "cut", "reply", "failure"):
        if not callable(getattr(stage, method)):
            raise TypeError(f"{title}.{method} is a method of a StageBase, not {quote(getattr(stage, method))}")
    if isinstance(_peek(stage, "broken"), property):
        raise TypeError(f"{title}.broken is set to True if the stream fails, so it cannot be a property")
    for flag in ("done", "hides", "broken"):
        if callable(value := _peek(stage, flag)):
            raise TypeError(f"{title}.{flag} is True or False, an attribute or a property, not {quote(value)}")
    if callable(due := _peek(stage, "due")):
        raise TypeError(f"{title}.due is seconds or None, an attribute or a property, not {quote(due)}")
    waits = isinstance(due, property) or seconds(title, due) is not None
    if waits and not overrides(stage, "expire"):
        raise TypeError(f"{title} has due, and nothing to give then: write def expire(self), which gives a list")


def check_text_stage(name: str, stage: Any) -> None:
    """Check that ``stage`` can be used in `ops.rewrite`, which supports ``done`` and ``cut`` only."""
    check_stage(name, stage, OF_TEXT)
    if isinstance(stage, StageBase):
        others = [method for method in ("expire", "reply", "failure") if overrides(stage, method)]
        others += ["hides"] if stage.hides is True else []
        if others:
            where = "pass hides=True to ops.rewrite" if others == ["hides"] else "lift it by ops.stage"
            raise TypeError(f"{name} knows nothing of {_title(type(stage))}.{others[0]}: {where}")


def _check_shape(name: str, stage: Any) -> None:
    if isinstance(stage, type):
        raise TypeError(f"{name} got the class {_title(stage)} instead of a stage: call it, lambda: {_title(stage)}()")
    if stage is None:
        raise TypeError(f"{name} got None instead of a stage: the function that makes it has to return it")
    if iscoroutine(stage):
        stage.close()
        raise TypeError(f"{name} got a coroutine instead of a stage: the function that makes it is not an async one")
    for method in METHODS:
        function = getattr(stage, method, MISSING)
        _check_method(_title(type(stage)), method, function, f" ({name} got {quote(stage)})")


def _check_method(title: str, method: str, function: Any, origin: str) -> None:
    if not callable(function):
        gives = "def feed(self, item)" if method == "feed" else "def flush(self)"
        raise TypeError(f"{title} is not a stage, it has no method {method}{origin}: write {gives}, which gives a list")
    if is_async(function) or inspect.isasyncgenfunction(function):
        raise TypeError(f"{title}.{method} is async, and a stage answers at once: write ops.map_async(fn)")


def _report_sharing(maker: str, stage: Any) -> None:
    """Report a stage that the factory returned before. It is an error only for a `StageBase`, as its ``broken`` and
    ``done`` keep their values; any other may be shared on purpose, and one without state does no harm."""
    kind = _title(type(stage))
    again = f"{maker} gave the same {kind} twice, and what it remembers"
    if isinstance(stage, StageBase):
        raise TypeError(f"{again} would be mixed up: make a new one in each call")
    if _may_remember(stage):
        warnings.warn(
            f"{again} goes from one stream into the other: make a new one in each call", RuntimeWarning, stacklevel=2
        )


def _may_remember(stage: Any) -> bool:
    """True if it has attributes of its own, other than functions."""
    has_slots = any(vars(kind).get("__slots__") for kind in type(stage).__mro__)
    return has_slots or not all(callable(value) for value in getattr(stage, "__dict__", {}).values())


def _warn_of_more(name: str, stage: Any, more: Sequence[str]) -> None:
    """Warn about members of an object that only looks like a `StageBase`; TypeError if it is to hide something."""
    kind = _title(type(stage))
    if _peek(stage, "hides") is True:
        raise TypeError(f"{kind}.hides is True, and only a StageBase can hide something: class {kind}(sk.StageBase)")
    similar = [member for member in more if _looks_meant(stage, member)]
    if similar:
        warnings.warn(
            f"{name} does not look at {kind}.{similar[0]}, as {kind} is not a StageBase: if it is meant for streamkit, "
            f"write class {kind}(sk.StageBase), else give it another name",
            RuntimeWarning,
            stacklevel=2,
        )


def _looks_meant(stage: Any, member: str) -> bool:
    """True if the member would fit a `StageBase`: a method of another meaning, like ``done()``, needs no warning."""
    value = _peek(stage, member)
    if member == "due":
        fits = value is None or isinstance(value, property) or number_of(value) is not None
        return fits and callable(_peek(stage, "expire"))
    if member in ("done", "broken"):
        return isinstance(value, (bool, property))
    if member == "hides":
        return isinstance(value, property)
    return callable(value) and _takes(value, () if member == "cut" else (None,))


def _takes(method: Any, args: tuple[Any, ...]) -> bool:
    try:
        inspect.signature(method).bind(*args)
    except (TypeError, ValueError):
        return False
    return True


def _peek(stage: Any, member: str) -> Any:
    """The value of an attribute, or the property itself: no code of the stage is run. `MISSING` if neither the class
    nor the object defines it, whatever its ``__getattr__`` returns, as that of a Mock answers to any name."""
    value = getattr(type(stage), member, MISSING)
    if isinstance(value, property) or (value is MISSING and member not in getattr(stage, "__dict__", ())):
        return value
    return getattr(stage, member, MISSING)


def seconds(title: str, due: Any) -> float | None:
    """The value of ``due`` as a number; None for never, which infinity means as well."""
    if due is None:
        return None
    number = number_of(due)
    if number is None:
        raise TypeError(f"{title}.due is a number of seconds or None, not {quote(due)}")
    if not number > -inf:
        raise ValueError(f"{title}.due is a number of seconds, or None for not now, not {due!r}")
    return None if number == inf else float(number)


def pieces_of(method: Callable[..., Iterable[Any]], *args: Any) -> list[Any]:
    """The pieces that a stage over text returns; TypeError if they are not a list of pieces."""
    result: Any = method
    try:
        result = method(*args)
        if type(result) is str:
            raise TypeError("a str")
        return list(result)
    except TypeError as exc:
        raise clearer_error(method, result, exc)  # noqa: B904  # the same error, or a clearer one


def clearer_error(method: Any, result: Any, error: Exception) -> Exception:
    """``error``, or one that says what is wrong with ``result``, which ``method`` of a stage returned for items."""
    is_text = isinstance(result, str)
    if result is method or not isinstance(error, TypeError) or (isinstance(result, Iterable) and not is_text):
        return error
    title = _title(method)
    if iscoroutine(result):
        result.close()
        return TypeError(f"{title} gave a coroutine, and a stage answers at once: use ops.map_async(fn) for what waits")
    if result is None:
        return TypeError(f"{title} gave None instead of a list of items: write return [...], return [] or yield")
    return TypeError(f"{title} gives a list of items (any iterable), not {quote(result)}: write return [item]")


def _reference(stage: Any) -> Callable[[], Any]:
    """A weak reference to ``stage``, if it supports that."""
    try:
        return weakref.ref(stage)
    except TypeError:
        return lambda: stage


def _title(thing: Any) -> str:
    name = one_line(str(getattr(thing, "__qualname__", type(thing).__name__)))
    return "the lambda" if name.endswith("<lambda>") else name.rpartition("<locals>.")[2]
