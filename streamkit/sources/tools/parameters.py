"""The parameters of a function that a model may pass when it calls the function, by name, with their types.

Arguments that a partial binds are not the model's: they are neither described to it nor accepted from it.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Iterable
from inspect import Parameter
from types import SimpleNamespace
from typing import Any, get_type_hints

from ...awaitables import is_async
from ...wording import one_line

__all__ = ["bound_by_partials", "loose_function", "strict_function", "typed_function"]

OF_ANY_NUMBER = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
OWN = object()
"""A marker in place of a default, so that a function uses its own default and not a copy of it."""


def bound_by_partials(tool: Any) -> frozenset[str]:
    """The names of the parameters that partials bind, at any depth."""
    try:
        return _open_parameters(tool)[1]
    except (TypeError, ValueError):  # its parameters cannot be read
        return frozenset(tool.keywords) if isinstance(tool, functools.partial) else frozenset()


def strict_function(tool: Any) -> Callable[..., Any]:
    """A function with the parameters of ``tool`` whose annotations are types and not text, as pydantic does not know
    where to look up names. TypeError for parameters that cannot be passed by name, NameError for an unknown name."""
    parameters = _parameters(tool)
    for parameter in parameters:
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            name = one_line(getattr(tool, "__name__", type(tool).__name__))
            raise TypeError(f"a model gives arguments by name, but {name} has the parameter {parameter}")
    return _with_signature(parameters, [_hint(tool, one) for one in parameters], _nothing)


def loose_function(tool: Any) -> tuple[Callable[..., Any], bool]:
    """As much of `strict_function` as can be described, and True if that is all a model has to know. A parameter with a
    default, of a type that JSON cannot express, is for the program's own use, so nothing is missing without it."""
    try:
        parameters = _parameters(tool)
    except (TypeError, ValueError):
        return _with_signature([], [], _nothing), False
    described, hints, is_complete = [], [], True
    for one in parameters:
        hint = _hint_or_text(tool, one)
        by_name = one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)
        has_schema = _has_schema(hint)
        if by_name and not has_schema and not isinstance(hint, str) and one.default is not one.empty:
            continue
        is_complete = is_complete and by_name and has_schema
        if by_name:
            described.append(one)
            hints.append(hint if has_schema else Any)
    return _with_signature(described, hints, _nothing), is_complete


def typed_function(tool: Any) -> Callable[..., Any]:
    """``tool``, without the parameters that partials bind, as a function whose annotations pydantic understands: each
    one that it does not understand becomes Any."""
    from pydantic.fields import FieldInfo

    parameters = _parameters(tool)
    hints = [hint if _has_schema(hint := _hint_or_text(tool, one)) else Any for one in parameters]
    own = [
        one if one.default is one.empty or isinstance(one.default, FieldInfo) else one.replace(default=OWN)
        for one in parameters
    ]

    def call(*args: Any, **arguments: Any) -> Any:
        return tool(*args, **{name: value for name, value in arguments.items() if value is not OWN})

    async def wait(*args: Any, **arguments: Any) -> Any:
        return await call(*args, **arguments)

    return _with_signature(own, hints, wait if is_async(tool) else call)


def _nothing() -> None: ...


def _with_signature(
    parameters: Iterable[Parameter], hints: Iterable[Any], function: Callable[..., Any]
) -> Callable[..., Any]:
    annotated = [one.replace(annotation=hint) for one, hint in zip(parameters, hints, strict=True)]
    function.__signature__ = inspect.Signature(annotated)  # type: ignore[attr-defined]  # `inspect` looks here
    function.__annotations__ = {one.name: one.annotation for one in annotated if one.annotation is not one.empty}
    return function


# -- parameters --------------------------------------------------------------------------------------------------------


def _parameters(tool: Any) -> list[Parameter]:
    try:
        return _open_parameters(tool)[0]
    except (TypeError, ValueError) as exc:  # a partial that binds what its function does not have, or a builtin
        inner = tool.func if isinstance(tool, functools.partial) else tool  # what a partial holds may be a secret
        raise TypeError(f"{inner!r} does not show its parameters: {one_line(str(exc))}") from exc


def _open_parameters(tool: Any) -> tuple[list[Parameter], frozenset[str]]:
    """The parameters that partials leave open, and the names of those that they bind."""
    if isinstance(tool, functools.partial):
        parameters, bound_names = _open_parameters(tool.func)
        bound = inspect.Signature(parameters).bind_partial(*tool.args, **tool.keywords).arguments
        unbound = [one for one in parameters if one.kind in OF_ANY_NUMBER or one.name not in bound]
        names = {one.name for one in parameters} - {one.name for one in unbound}
        return unbound, bound_names | names | set(tool.keywords)
    if not (inspect.isroutine(tool) or isinstance(tool, type)):
        inner = getattr(tool, "__call__", None)  # noqa: B004  # an object's: it is the method that has parameters
        if inspect.ismethod(inner) or isinstance(inner, functools.partial):
            return _open_parameters(inner)
    if inspect.ismethod(tool):
        parameters, bound_names = _open_parameters(tool.__func__)
        return parameters[bool(parameters and parameters[0].kind not in OF_ANY_NUMBER) :], bound_names
    if "__wrapped__" in getattr(tool, "__dict__", {}) and not hasattr(tool, "__signature__"):
        return _open_parameters(tool.__wrapped__)
    return list(inspect.signature(tool).parameters.values()), frozenset()


# -- annotations -------------------------------------------------------------------------------------------------------


def _hint(tool: Any, parameter: Parameter) -> Any:
    """The annotation of a parameter. Its names are looked up in the function's module and in its closure."""
    if parameter.annotation is parameter.empty:
        return parameter.empty
    known, local = _names(tool)
    one = SimpleNamespace(__annotations__={"it": parameter.annotation})
    try:
        return get_type_hints(one, known, local, include_extras=True)["it"]
    except Exception as exc:  # evaluating an annotation's text may raise anything
        raise NameError(f"the annotation of {one_line(str(parameter))} says {one_line(str(exc))}") from exc


def _hint_or_text(tool: Any, parameter: Parameter) -> Any:
    """The annotation of a parameter, as its text if a name in it is unknown."""
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
    except Exception:  # from pydantic, or from a type that makes its own schema
        return False
