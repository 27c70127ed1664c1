"""A walk along JSON with the types of an official library: every place where a value has another form than its type.

The libraries describe requests as TypedDicts, whose lists are iterables, which pydantic would take as they are and look
at only when they are read. So the types are walked here, and unknown keys are faults, as servers take them for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NotRequired, Required, TypeAlias, Union, get_args, get_origin

from typing_extensions import get_type_hints, is_typeddict

__all__ = ["Fault", "Tag", "dotted", "faults", "indexed"]

PLAIN: dict[Any, tuple[type, ...]] = {
    str: (str,),
    bool: (bool,),
    int: (int,),
    float: (int, float),
    NoneType: (NoneType,),
}
TAGS = ("type", "role")
"""The keys whose values say which member of a union a dict is."""


class Tag(str):
    """An element of a path that names the chosen member of a union, as pydantic writes it (``text``, ``tool_use``)."""

    __slots__ = ()


Path: TypeAlias = "tuple[str | int, ...]"


@dataclass(frozen=True)
class Fault:
    """A place that is not as its type says. ``kind``: ``unknown`` (a key), ``missing`` (a key), ``literal`` (a value
    that is none of the allowed ones) or ``type``; ``expected`` describes the type."""

    kind: Literal["unknown", "missing", "literal", "type"]
    path: Path
    value: Any
    expected: str = ""


def indexed(path: Path) -> str:
    """A path in the form of OpenAI: ``messages[1].content[0].text``."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in path if not isinstance(step, Tag))
    return "".join(steps).removeprefix(".")


def dotted(path: Path) -> str:
    """A path in the form of pydantic: ``messages.1.content.0.text.text``."""
    return ".".join(map(str, path))


def faults(value: Any, hint: Any, path: Path = ()) -> Iterator[Fault]:
    """The faults of ``value`` as a ``hint``, in the order of the value."""
    hint = _bare(hint)
    origin = get_origin(hint)
    if hint in (Any, object):
        return
    if is_typeddict(hint):
        yield from _of_dict(value, hint, path)
    elif origin in (Union, UnionType):
        yield from _of_union(value, [_bare(member) for member in get_args(hint)], path)
    elif origin is Literal:
        if value not in get_args(hint):
            yield Fault("literal", path, value, " or ".join(map(repr, get_args(hint))))
    elif hint in PLAIN:
        if not isinstance(value, PLAIN[hint]) or (isinstance(value, bool) and hint is not bool):
            yield Fault("type", path, value, _name(hint))
    elif origin in (dict, Mapping):
        if not isinstance(value, dict):
            yield Fault("type", path, value, "an object")
    elif isinstance(origin, type) and issubclass(origin, Iterable):
        yield from _of_list(value, hint, path)
    else:
        raise TypeError(f"the walk does not know the type {hint!r} at {indexed(path)}")


def _of_list(value: Any, hint: Any, path: Path) -> Iterator[Fault]:
    if not isinstance(value, list):
        yield Fault("type", path, value, "an array")
        return
    for index, item in enumerate(value):
        yield from faults(item, get_args(hint)[0], (*path, index))


def _of_dict(value: Any, hint: Any, path: Path) -> Iterator[Fault]:
    if not isinstance(value, dict):
        yield Fault("type", path, value, "an object")
        return
    known = _fields(hint)
    for key, item in value.items():
        if key in known:
            yield from faults(item, known[key][0], (*path, key))
        else:
            yield Fault("unknown", (*path, key), item)
    yield from (Fault("missing", (*path, key), None) for key in known if known[key][1] and key not in value)


def _of_union(value: Any, members: Sequence[Any], path: Path) -> Iterator[Fault]:
    if value is None and NoneType in members:
        return
    fitting = [member for member in members if _may_be(value, member)]
    dicts = [member for member in fitting if is_typeddict(member)]
    if isinstance(value, dict) and dicts:
        tagged = [member for member in dicts if _has_tags(value, member)]
        if not tagged:
            yield _no_member(value, dicts, path)
            return
        found = [list(faults(value, member, _tagged(value, path))) for member in tagged]
        yield from min(found, key=len)
    elif fitting:
        yield from min((list(faults(value, member, path)) for member in fitting), key=len)
    else:
        yield Fault("type", path, value, " or ".join(dict.fromkeys(_name(member) for member in members)))


def _tagged(value: Mapping[str, Any], path: Path) -> Path:
    return (*path, Tag(value["type"])) if isinstance(value.get("type"), str) else path


def _no_member(value: Mapping[str, Any], members: Sequence[Any], path: Path) -> Fault:
    """The fault of a dict whose tags are those of no member."""
    for tag in TAGS:
        allowed = [choice for member in members for choice in _choices(member, tag)]
        if tag in value and allowed and value[tag] not in allowed:
            return Fault(
                "literal", (*path, tag), value[tag], " or ".join(map(repr, dict.fromkeys(filter(None, allowed))))
            )
    return Fault("missing", (*path, TAGS[0]), None)


def _may_be(value: Any, member: Any) -> bool:
    """True if the outermost type of ``value`` is that of ``member``."""
    origin = get_origin(member)
    if is_typeddict(member) or origin in (dict, Mapping):
        return isinstance(value, dict)
    if origin in (Union, UnionType):
        return any(_may_be(value, _bare(one)) for one in get_args(member))
    if origin is Literal:
        return isinstance(value, str)
    if member in PLAIN:
        return isinstance(value, PLAIN[member])
    return isinstance(value, list) if origin else True


def _has_tags(value: Mapping[str, Any], member: Any) -> bool:
    fields = _fields(member)
    for tag in TAGS:
        allowed = _choices(member, tag)
        counts = tag in fields or tag == TAGS[0] or TAGS[0] not in value  # a role beside a type is a key like others
        if tag in value and value[tag] not in allowed and counts:
            return False
        if tag not in value and tag in fields and fields[tag][1]:
            return False
    return True


def _choices(member: Any, tag: str) -> tuple[Any, ...]:
    """The values that a tag may have in ``member``; without any if it has no such tag."""
    fields = _fields(member)
    hint = fields[tag][0] if tag in fields else None
    hints = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    choices = tuple(choice for one in hints if get_origin(one) is Literal for choice in get_args(one))
    return (*choices, None) if choices and NoneType in hints else choices


@cache
def _fields(hint: Any) -> dict[str, tuple[Any, bool]]:
    """The fields of a TypedDict: the type of each, and True if it is required."""
    fields = get_type_hints(hint, include_extras=True)
    total = getattr(hint, "__total__", True)
    return {
        name: (_bare(kind), get_origin(kind) is Required or (total and get_origin(kind) is not NotRequired))
        for name, kind in fields.items()
    }


def _bare(hint: Any) -> Any:
    while get_origin(hint) in (Required, NotRequired, Annotated):
        hint = get_args(hint)[0]
    return NoneType if hint is None else hint


def _name(hint: Any) -> str:
    names = {str: "a string", bool: "a boolean", int: "an integer", float: "a number", NoneType: "null"}
    if is_typeddict(hint) or get_origin(hint) in (dict, Mapping):
        return "an object"
    return names.get(hint, "a string" if get_origin(hint) is Literal else "an array")
