"""What a model may give to a function that it calls: its parameters, by name, with their types.

What a partial gives is not the model's business: it is neither described nor taken from it.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Iterable
from inspect import Parameter
from types import SimpleNamespace
from typing import Any, get_type_hints

from ...wording import one_line

__all__ = ["checked", "given_by_partials", "loosely", "typed"]

OF_ANY_NUMBER = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
OWN = object()
"""Stands for a default, so that a function gets its own one and no copy of it."""


def given_by_partials(tool: Any) -> frozenset[str]:
    """The names of the parameters that partials give, at whatever depth."""
    try:
        return _open(tool)[1]
    except (TypeError, ValueError):  # it tells no parameters
        return frozenset(tool.keywords) if isinstance(tool, functools.partial) else frozenset()


def checked(tool: Any) -> Callable[..., Any]:
    """A function with the parameters of ``tool`` and annotations that are no text, as pydantic does not know where to
    look up names. TypeError for what cannot be given by name, NameError for a name that nobody knows."""
    parameters = _parameters(tool)
    for parameter in parameters:
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            name = one_line(getattr(tool, "__name__", type(tool).__name__))
            raise TypeError(f"a model gives arguments by name, but {name} has the parameter {parameter}")
    return _with(parameters, [_hint(tool, one) for one in parameters], _nothing)


def loosely(tool: Any) -> tuple[Callable[..., Any], bool]:
    """As much of `checked` as can be described, and whether that is all a model has to know. A parameter that has a
    default, and a type that JSON knows nothing of, is the program's own, so nothing is missing without it."""
    try:
        parameters = _parameters(tool)
    except (TypeError, ValueError):
        return _with([], [], _nothing), False
    kept, hints, whole = [], [], True
    for one in parameters:
        hint = _known(tool, one)
        by_name = one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)
        has_schema = _has_schema(hint)
        if by_name and not has_schema and not isinstance(hint, str) and one.default is not one.empty:
            continue
        whole = whole and by_name and has_schema
        if by_name:
            kept.append(one)
            hints.append(hint if has_schema else Any)
    return _with(kept, hints, _nothing), whole


def typed(tool: Any) -> Callable[..., Any]:
    """``tool``, without what partials give, as a function whose annotations pydantic understands, one by one: those
    that it does not know are Any."""
    from pydantic.fields import FieldInfo

    parameters = _parameters(tool)
    hints = [hint if _has_schema(hint := _known(tool, one)) else Any for one in parameters]
    own = [
        one if one.default is one.empty or isinstance(one.default, FieldInfo) else one.replace(default=OWN)
        for one in parameters
    ]

    def call(*args: Any, **arguments: Any) -> Any:
        return tool(*args, **{name: value for name, value in arguments.items() if value is not OWN})

    async def wait(*args: Any, **arguments: Any) -> Any:
        return await call(*args, **arguments)

    return _with(own, hints, wait if inspect.iscoroutinefunction(tool) else call)


def _nothing() -> None: ...


def _with(parameters: Iterable[Parameter], hints: Iterable[Any], function: Callable[..., Any]) -> Callable[..., Any]:
    annotated = [one.replace(annotation=hint) for one, hint in zip(parameters, hints, strict=True)]
    function.__signature__ = inspect.Signature(annotated)  # type: ignore[attr-defined]  # `inspect` looks here
    function.__annotations__ = {one.name: one.annotation for one in annotated if one.annotation is not one.empty}
    return function


# -- parameters --------------------------------------------------------------------------------------------------------


def _parameters(tool: Any) -> list[Parameter]:
    try:
        return _open(tool)[0]
    except (TypeError, ValueError) as exc:  # a partial that gives what its function does not have, or a builtin
        inner = tool.func if isinstance(tool, functools.partial) else tool  # what a partial holds may be a secret
        raise TypeError(f"{inner!r} does not show its parameters: {one_line(str(exc))}") from exc


def _open(tool: Any) -> tuple[list[Parameter], frozenset[str]]:
    """The parameters that partials leave open, and the names of those that they give."""
    if isinstance(tool, functools.partial):
        parameters, given = _open(tool.func)
        bound = inspect.Signature(parameters).bind_partial(*tool.args, **tool.keywords).arguments
        left = [one for one in parameters if one.kind in OF_ANY_NUMBER or one.name not in bound]
        names = {one.name for one in parameters} - {one.name for one in left}
        return left, given | names | set(tool.keywords)
    if not (inspect.isroutine(tool) or isinstance(tool, type)):
        inner = getattr(tool, "__call__", None)  # noqa: B004  # an object's: it is the method that has parameters
        if inspect.ismethod(inner) or isinstance(inner, functools.partial):
            return _open(inner)
    if inspect.ismethod(tool):
        parameters, given = _open(tool.__func__)
        return parameters[bool(parameters and parameters[0].kind not in OF_ANY_NUMBER) :], given
    if "__wrapped__" in getattr(tool, "__dict__", {}) and not hasattr(tool, "__signature__"):
        return _open(tool.__wrapped__)
    return list(inspect.signature(tool).parameters.values()), frozenset()


# -- annotations -------------------------------------------------------------------------------------------------------


def _hint(tool: Any, parameter: Parameter) -> Any:
    """The annotation of a parameter. Names in it are those where the function stands, and those that it closes over."""
    if parameter.annotation is parameter.empty:
        return parameter.empty
    known, local = _names(tool)
    one = SimpleNamespace(__annotations__={"it": parameter.annotation})
    try:
        return get_type_hints(one, known, local, include_extras=True)["it"]
    except Exception as exc:  # whatever a text does that is run
        raise NameError(f"the annotation of {one_line(str(parameter))} says {one_line(str(exc))}") from exc


def _known(tool: Any, parameter: Parameter) -> Any:
    """`_hint`; the text of one in which there is a name that nobody knows."""
    try:
        return _hint(tool, parameter)
    except NameError:
        return str(parameter.annotation)


def _names(tool: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    function = _innermost(tool)
    closed: dict[str, Any] = {}
    if inspect.isfunction(function):
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            try:
                closed[name] = cell.cell_contents
            except ValueError:  # not set yet
                continue
        return function.__globals__, closed
    return dict(vars(sys.modules.get(getattr(function, "__module__", None) or "", object))), closed


def _innermost(tool: Any) -> Any:
    while True:
        if isinstance(tool, functools.partial):
            tool = tool.func
        elif inspect.ismethod(tool):
            tool = tool.__func__
        elif "__wrapped__" in getattr(tool, "__dict__", {}):
            tool = tool.__wrapped__
        elif inspect.isroutine(tool) or isinstance(tool, type) or not inspect.ismethod(inner := tool.__call__):
            return tool
        else:
            tool = inner


def _has_schema(hint: Any) -> bool:
    from pydantic import TypeAdapter

    if hint is Parameter.empty:
        return True
    try:
        return not isinstance(hint, str) and TypeAdapter(hint).json_schema() is not None
    except Exception:  # pydantic's, or of a type that makes its own schema
        return False
