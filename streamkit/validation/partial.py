"""Partial instances of pydantic models. pydantic's own partial validation leaves models out and starts from scratch
every time, so here the instance follows the value as it grows: each finished part is validated once."""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from types import UnionType
from typing import Annotated, Any, TypeAlias, Union, get_args, get_origin

from .parse import adapter_of, validated

__all__ = ["Partials"]

Edge: TypeAlias = "list[str | int]"
Grow: TypeAlias = "Callable[[Partials, Any, Edge, int], Any]"


class Unfit(Exception):
    """No partial instance of this can be made yet."""


class Partials:
    """Partial instances of ``model`` for JSON values that still grow.

    Finished parts are valid, with the constraints of their fields; strings grow as they are; any other part that is not
    finished or does not fit is left out. A pydantic model has None for a required field that is missing (its
    ``model_fields_set`` has the names of the others), a `TypedDict` has no such key. Validators of a model as a whole,
    and those that are methods, run at the end only. Some types have no partial instances (numbers, dates, enums, sets,
    dataclasses, a union of several models): such a value appears when it is finished.

    Note: partial instances share their finished parts.
    """

    def __init__(self, model: Any) -> None:
        adapter_of(model)  # a type that pydantic does not understand is the caller's mistake, and raises at once
        self._model = model
        self._finished: list[tuple[Edge | None, Any]] = []

    def of(self, value: Any, edge: Edge) -> Iterable[Any]:
        """The partial instance, if there can be one; ``edge`` holds the keys of the unfinished parts, from the root
        down.

        To be called for one growing value only, in the order of its growth.
        """
        try:
            return (self._grow(self._model, value, edge, 0),)
        except Unfit:
            return ()

    def _grow(self, kind: Any, value: Any, edge: Edge, level: int) -> Any:
        return grower(kind, type(value))(self, value, edge, level)

    def items(self, kind: Any, value: list[Any], edge: Edge, level: int) -> list[Any]:
        """The items of a growing list that can be shown."""
        raw: list[Any]
        instances: list[Any]
        raw, instances = self._finished_at(edge[:level], lambda: ([], []))
        whole = len(value) - (level < len(edge))
        if raw != value[: len(raw)]:  # a repeated key began the list anew
            raw.clear()
            instances.clear()
        for item in value[len(raw) : whole]:
            raw.append(item)
            instances += _fitting(item, kind)
        if whole == len(value):
            return instances.copy()
        try:
            return [*instances, self._grow(kind, value[-1], edge, level + 1)]
        except Unfit:
            return instances.copy()

    def entries(self, kind_of: Callable[[str], Any], value: dict[str, Any], edge: Edge, level: int) -> dict[str, Any]:
        """The entries of a growing object that can be shown."""
        finished = self._finished_at(edge[:level], dict)
        unfinished = edge[level] if level < len(edge) else None
        out: dict[str, Any] = {}
        for key, item in value.items():
            kind = kind_of(key)
            if kind is None:
                continue
            if key == unfinished:
                try:
                    out[key] = self._grow(kind, item, edge, level + 1)
                except Unfit:
                    pass
                continue
            if key not in finished or finished[key][0] is not item:
                finished[key] = (item, _fitting(item, kind))
            for instance in finished[key][1]:
                out[key] = instance
        return out

    def _finished_at(self, path: Edge, make: Callable[[], Any]) -> Any:
        """The finished parts of the open container at ``path``. They are kept for one container at each level, as only
        the last one can grow."""
        level = len(path)
        while len(self._finished) <= level:
            self._finished.append((None, None))
        if self._finished[level][0] != path:
            self._finished[level] = (path, make())
        return self._finished[level][1]


def _fitting(value: Any, kind: Any) -> tuple[Any, ...]:
    try:
        return (validated(value, kind),)
    except ValueError:
        return ()


# -- how values of a type grow: worked out once for each type ----------------------------------------------------------


def grower(kind: Any, of: type) -> Grow:
    """The function that makes partial instances of ``kind`` from a ``str``, ``list`` or ``dict``; raises Unfit if there
    is none."""
    try:
        grow = _known_grower(kind, of)
    except TypeError:  # not hashable
        grow = _new_grower(kind, of)
    if grow is None:
        raise Unfit
    return grow


def _new_grower(kind: Any, of: type) -> Grow | None:
    origin = get_origin(kind) or kind
    if origin in (Annotated, typing.Required, typing.NotRequired):
        return _known_or_none(get_args(kind)[0], of)
    if origin in (Union, UnionType):
        growers = [grow for grow in (_known_or_none(one, of) for one in get_args(kind)) if grow is not None]
        return growers[0] if len(growers) == 1 else None
    if hasattr(kind, "__value__"):  # a `type` statement
        return _known_or_none(kind.__value__, of)
    if getattr(kind, "__pydantic_root_model__", False):
        return _root_model(kind, of)
    if origin in (Any, object) or (origin is str and of is str):
        return lambda partials, value, edge, level: value
    if of is list:
        return _list(origin, get_args(kind))
    return _dict(kind, origin, get_args(kind)) if of is dict else None


_known_grower = lru_cache(maxsize=512)(_new_grower)


def _known_or_none(kind: Any, of: type) -> Grow | None:
    try:
        return grower(kind, of)
    except Unfit:
        return None


def _list(origin: Any, args: tuple[Any, ...]) -> Grow | None:
    kind = args[0] if args else Any
    if origin in (list, Sequence, Iterable):
        return lambda partials, value, edge, level: partials.items(kind, value, edge, level)
    if origin is tuple and len(args) == 2 and args[1] is ...:
        return lambda partials, value, edge, level: tuple(partials.items(kind, value, edge, level))
    return None


def _dict(kind: Any, origin: Any, args: tuple[Any, ...]) -> Grow | None:
    if hasattr(origin, "model_construct"):
        return _model(kind)
    if typing.is_typeddict(origin):
        hints = typing.get_type_hints(origin, include_extras=True)
        return lambda partials, value, edge, level: partials.entries(hints.get, value, edge, level)
    if origin not in (dict, Mapping) or (args and args[0] is not str):
        return None
    item = args[1] if args else Any
    return lambda partials, value, edge, level: partials.entries(lambda key: item, value, edge, level)


def _model(kind: Any) -> Grow:
    fields: dict[str, tuple[str, Any]] = {}  # name and type of the field that a key of the JSON means
    for name, field in kind.model_fields.items():
        alias = field.validation_alias
        for key in (name, *([alias] if isinstance(alias, str) else getattr(alias, "choices", ()))):
            if isinstance(key, str):
                fields.setdefault(key, (name, _type_of(field)))
    required = [name for name, field in kind.model_fields.items() if field.is_required()]

    def kind_of(key: str) -> Any:
        return fields[key][1] if key in fields else None

    def grow(partials: Partials, value: Any, edge: Edge, level: int) -> Any:
        present = {fields[key][0]: item for key, item in partials.entries(kind_of, value, edge, level).items()}
        missing = {name: None for name in required if name not in present}
        try:
            return kind.model_construct(_fields_set=set(present), **missing, **present)
        except Exception as exc:  # the user's `model_post_init` did not expect that something is missing
            raise Unfit from exc

    return grow


def _root_model(kind: Any, of: type) -> Grow | None:
    inner = _known_or_none(_type_of(kind.model_fields["root"]), of)
    if inner is None:
        return None
    return lambda partials, value, edge, level: kind.model_construct(inner(partials, value, edge, level))


def _type_of(field: Any) -> Any:
    return Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
