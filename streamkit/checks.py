"""What is given is looked at where it is given: one way to check a number, a flag or a kind, with one wording.

TypeError for what is of another kind, ValueError for a number that makes no sense. ``name`` is how the user wrote it,
``write`` what he should have written.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from inspect import iscoroutine
from numbers import Integral, Real
from typing import Any

__all__ = [
    "check_flag",
    "check_flags",
    "check_instance",
    "check_number",
    "check_one_of",
    "check_text",
    "check_whole",
    "kind_of",
    "shown",
    "told",
]

LONG = 80
"""Characters of a value in a message."""


def shown(value: Any) -> str:
    """``value`` as a message quotes it: what has no short name of its own is told by its type."""
    from .errors import excerpt  # which is above messages, where these checks are used too

    if iscoroutine(value):
        return f"the coroutine {value.__qualname__}()"
    if isinstance(value, (str, bytes, int, float, list, tuple, dict, set, frozenset, type(None))):
        return excerpt(repr(value), LONG)
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if name := getattr(value, "__qualname__", None):
        return f"the function {excerpt(str(name), LONG)}"
    return f"an instance of {type(value).__name__}"


def kind_of(value: Any) -> str:
    """The name of its type. A coroutine is never awaited after this, which is no news beside what is told of it."""
    if iscoroutine(value):
        value.close()
    return type(value).__name__


def told(value: Any) -> str:
    """`shown`, for what is refused: see `kind_of`."""
    kind = kind_of(value)
    return "a timedelta: write its total_seconds()" if kind == "timedelta" else shown(value)


def check_number(
    name: str,
    value: Any,
    *,
    low: float = 0,
    above: bool = True,
    infinite: bool = False,
    optional: bool = False,
    what: str = "a number",
) -> None:
    """``value`` is a number of more than ``low`` (or, without ``above``, from there on); a bool is none. Infinity only
    where it means something; None if it is ``optional``."""
    if value is None and optional:
        return
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} is {what}{_or_none(optional)}, not {told(value)}")
    given: Any = value
    if given > low if above else given >= low:
        if infinite or value != math.inf:
            return
        raise ValueError(f"{name} must not be infinite{': None sets no limit' if optional else ''}")
    raise ValueError(f"{name} must be {_range(low, above)}{_or_none(optional)}, not {value!r}")


def check_whole(name: str, value: Any, *, low: int = 1, infinite: bool = False, optional: bool = False) -> None:
    """``value`` is a whole number, ``low`` or more."""
    is_infinite = infinite and value == math.inf
    if isinstance(value, Real) and not isinstance(value, Integral) and not is_infinite:
        if math.isnan(value) or value in (math.inf, -math.inf):
            raise ValueError(f"{name} must be {_range(low, above=False)}{_or_none(optional)}, not {value!r}")
        raise TypeError(f"{name} is a whole number{_or_none(optional)}, not {value!r}")
    check_number(name, value, low=low, above=False, infinite=infinite, optional=optional, what="a whole number")


def check_instance(name: str, value: Any, kind: type | tuple[type, ...], write: str, *, optional: bool = True) -> None:
    """``value`` is one of ``kind``."""
    if not (isinstance(value, kind) or (optional and value is None)):
        names = " or a ".join(_name_of(one) for one in (kind if isinstance(kind, tuple) else (kind,)))
        raise TypeError(f"{name} is a {names}, not {told(value)}: write {write}")


def check_one_of(name: str, value: Any, allowed: Sequence[str]) -> None:
    """``value`` is one of a few words."""
    if not isinstance(value, str):
        raise TypeError(f"{name} is one of {', '.join(allowed)}, not {told(value)}")
    if value not in allowed:
        raise ValueError(f"{name} is one of {', '.join(allowed)}, not {value!r}")


def check_flag(name: str, value: Any) -> None:
    """``value`` is True or False: a text would count as true, whatever it says."""
    if not isinstance(value, bool):
        raise TypeError(f"{name} is True or False, not {told(value)}")


def check_flags(**flags: Any) -> None:
    for name, value in flags.items():
        check_flag(name, value)


def check_text(name: str, value: Any, *, optional: bool = False) -> None:
    if not (isinstance(value, str) or (optional and value is None)):
        raise TypeError(f"{name} is a str{_or_none(optional)}, not {told(value)}")


def _or_none(optional: bool) -> str:
    return " or None" if optional else ""


def _range(low: float, above: bool) -> str:
    if above:
        return "positive" if not low else f"more than {low:g}"
    return f"at least {low:g}" if low else "0 or more"


def _name_of(kind: type) -> str:
    return "mapping" if kind is Mapping else kind.__name__
