"""What is given is looked at where it is given: one way to check a number, a flag or a kind, with one wording.

TypeError for what is of another kind, ValueError for a number that makes no sense. ``name`` is how the user wrote it,
``write`` what he should have written.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from inspect import isasyncgen, iscoroutine, isgenerator
from numbers import Integral, Number
from operator import index
from typing import Any

__all__ = [
    "check_flag",
    "check_flags",
    "check_instance",
    "check_number",
    "check_one_of",
    "check_text",
    "check_whole",
    "keep_number",
    "number_of",
    "quote",
    "quote_refused",
    "type_name",
]

LONG = 80
"""Characters of a value in a message."""


def quote(value: Any) -> str:
    """``value`` as a message quotes it: what has no short name of its own is told by its type."""
    from .wording import excerpt  # which is above messages, where these checks are used too

    if iscoroutine(value):
        return f"the coroutine {value.__qualname__}()"
    if isinstance(value, (str, bytes, int, float, list, tuple, dict, set, frozenset, type(None))):
        return excerpt(repr(value), LONG)
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if isgenerator(value) or isasyncgen(value):
        return "a generator" if isgenerator(value) else "an async generator"
    if callable(value) and (name := getattr(value, "__qualname__", None)):
        return f"the function {excerpt(str(name), LONG)}"
    return f"an instance of {type(value).__name__}"


def type_name(value: Any) -> str:
    """The name of its type. A coroutine is never awaited after this, which is no news beside what is told of it."""
    if iscoroutine(value):
        value.close()
    return type(value).__name__


def quote_refused(value: Any) -> str:
    """`quote`, for what is refused: see `type_name`."""
    kind = type_name(value)
    return "a timedelta: write its total_seconds()" if kind == "timedelta" else quote(value)


def check_number(
    name: str,
    value: Any,
    *,
    low: float = 0,
    above: bool = True,
    infinite: bool = False,
    optional: bool = False,
    what: str = "a number",
) -> Any:
    """``value`` is a number of more than ``low`` (or, without ``above``, from there on); a bool is none. Infinity only
    where it means something; None if it is ``optional``. Gives what is to be kept of it, an int or a float: a Decimal
    cannot be multiplied by a float, nor a timedelta made of a Fraction."""
    if value is None and optional:
        return None
    number = number_of(value)
    if number is None:
        raise TypeError(f"{name} is {what}{_or_none(optional)}, not {quote_refused(value)}")
    if number > low if above else number >= low:
        if infinite or number != math.inf:
            return number
        hint = ": None sets no limit" if optional else ""
        raise ValueError(f"{name} must be {_range(low, above)} and finite, not {value!r}{hint}")
    raise ValueError(f"{name} must be {_range(low, above)}{_or_none(optional)}, not {value!r}")


def check_whole(name: str, value: Any, *, low: int = 1, infinite: bool = False, optional: bool = False) -> Any:
    """``value`` is a whole number, ``low`` or more, also one that is written as 1e6. Gives it as an int, like
    `check_number`; infinity stays a float."""
    number = number_of(value)
    if isinstance(number, float) and math.isfinite(number):
        if not number.is_integer():
            raise TypeError(f"{name} is a whole number{_or_none(optional)}, not {value!r}")
        value = int(number)
    return check_number(name, value, low=low, above=False, infinite=infinite, optional=optional, what="a whole number")


def keep_number(owner: Any, field: str, check: Callable[..., Any], **options: Any) -> None:
    """Check a field of a frozen dataclass, and keep in it what `check_number` or `check_whole` gives."""
    number = check(f"{type(owner).__name__}.{field}", getattr(owner, field), **options)
    object.__setattr__(owner, field, number)


def check_instance(name: str, value: Any, kind: type | tuple[type, ...], write: str, *, optional: bool = True) -> None:
    """``value`` is one of ``kind``."""
    if not (isinstance(value, kind) or (optional and value is None)):
        names = " or a ".join(_name_of(one) for one in (kind if isinstance(kind, tuple) else (kind,)))
        raise TypeError(f"{name} is a {names}, not {quote_refused(value)}: write {write}")


def check_one_of(name: str, value: Any, allowed: Sequence[str]) -> None:
    """``value`` is one of a few words."""
    if not isinstance(value, str):
        raise TypeError(f"{name} is one of {', '.join(allowed)}, not {quote_refused(value)}")
    if value not in allowed:
        raise ValueError(f"{name} is one of {', '.join(allowed)}, not {value!r}")


def check_flag(name: str, value: Any) -> None:
    """``value`` is True or False: a text would count as true, whatever it says."""
    if not isinstance(value, bool):
        raise TypeError(f"{name} is True or False, not {quote_refused(value)}")


def check_flags(**flags: Any) -> None:
    for name, value in flags.items():
        check_flag(name, value)


def check_text(name: str, value: Any, *, optional: bool = False) -> None:
    if not (isinstance(value, str) or (optional and value is None)):
        raise TypeError(f"{name} is a str{_or_none(optional)}, not {quote_refused(value)}")


def number_of(value: Any) -> int | float | None:
    """``value`` as an int or a float; None if it is no number. Those of numpy and other packages are known by what they
    can be made into."""
    if type(value) is int or type(value) is float:
        return value
    if isinstance(value, bool):
        return None
    if isinstance(value, Integral):
        return int(value)
    if not hasattr(type(value), "__float__"):
        return None
    if isinstance(value, Number):  # a Fraction and a Decimal too
        return float(value)  # type: ignore[arg-type]
    if not hasattr(type(value), "__index__"):
        return None
    for make in (index, float):
        try:
            return make(value)
        except (TypeError, ValueError):  # an array of several numbers, or of no whole one
            continue
    return None


def _or_none(optional: bool) -> str:
    return " or None" if optional else ""


def _range(low: float, above: bool) -> str:
    if above:
        return "positive" if not low else f"more than {low:g}"
    return f"at least {low:g}" if low else "0 or more"


def _name_of(kind: type) -> str:
    return "mapping" if kind is Mapping else kind.__name__
