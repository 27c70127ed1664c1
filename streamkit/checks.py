"""Checks of numbers, flags, texts and kinds at the place where the user passes them, all worded in the same way.

TypeError for a value of another kind, ValueError for a number that makes no sense. ``name`` is what the user wrote,
``write`` what should be written instead.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from inspect import isasyncgen, iscoroutine, isgenerator, ismodule
from numbers import Integral, Number
from operator import index
from typing import Any

from .wording import excerpt

__all__ = [
    "check_flag",
    "check_flags",
    "check_instance",
    "check_number",
    "check_one_of",
    "check_reply_id",
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

REPLY_ID = re.compile(r"[0-9A-Za-z._:-]{1,128}", re.ASCII)


def quote(value: Any) -> str:
    """``value`` as a message quotes it: a value that has no short text of its own is named by its type."""
    if iscoroutine(value):
        return f"the coroutine {value.__qualname__}()"
    if isinstance(value, (str, bytes, int, float, list, tuple, dict, set, frozenset, type(None))):
        return excerpt(repr(value), LONG)
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if ismodule(value):
        return f"the module {value.__name__}"
    if isgenerator(value) or isasyncgen(value):
        return "a generator" if isgenerator(value) else "an async generator"
    if callable(value) and (name := getattr(value, "__qualname__", None)):
        return f"the function {excerpt(str(name), LONG)}"
    return f"an instance of {type(value).__name__}"


def type_name(value: Any) -> str:
    """The name of the type of ``value``. A coroutine is closed: it will never be awaited, and Python's warning about
    that would add nothing to the error in which this name stands."""
    if iscoroutine(value):
        value.close()
    return type(value).__name__


def quote_refused(value: Any) -> str:
    """`quote`, for a value that is refused: see `type_name`."""
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
    """Check that ``value`` is a number greater than ``low`` (without ``above``: ``low`` or more); a bool is not one.
    Infinity is accepted only with ``infinite``, None only if ``optional``. Returns the number to keep, as an int or a
    float: a Decimal cannot be multiplied by a float, nor can a timedelta be made of a Fraction."""
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
    """Check that ``value`` is a whole number, ``low`` or more; one written as 1e6 is accepted too. Returns it as
    an int (see `check_number`); infinity stays a float."""
    number = number_of(value)
    if isinstance(number, float) and math.isfinite(number):
        if not number.is_integer():
            raise TypeError(f"{name} is a whole number{_or_none(optional)}, not {value!r}")
        value = int(number)
    return check_number(name, value, low=low, above=False, infinite=infinite, optional=optional, what="a whole number")


def keep_number(owner: Any, field: str, check: Callable[..., Any], **options: Any) -> None:
    """Check a field of a frozen dataclass, and store in it the number that `check_number` or `check_whole` returns."""
    number = check(f"{type(owner).__name__}.{field}", getattr(owner, field), **options)
    object.__setattr__(owner, field, number)


def check_instance(name: str, value: Any, kind: type | tuple[type, ...], write: str, *, optional: bool = True) -> None:
    """Check that ``value`` is an instance of ``kind``, or None if it is ``optional``."""
    if not (isinstance(value, kind) or (optional and value is None)):
        names = " or a ".join(_name_of(one) for one in (kind if isinstance(kind, tuple) else (kind,)))
        raise TypeError(f"{name} is a {names}, not {quote_refused(value)}: write {write}")


def check_one_of(name: str, value: Any, allowed: Sequence[str]) -> None:
    """Check that ``value`` is one of a few words."""
    if not isinstance(value, str):
        raise TypeError(f"{name} is one of {', '.join(allowed)}, not {quote_refused(value)}")
    if value not in allowed:
        raise ValueError(f"{name} is one of {', '.join(allowed)}, not {value!r}")


def check_flag(name: str, value: Any) -> None:
    """Check that ``value`` is True or False: any text would count as true, whatever it says."""
    if not isinstance(value, bool):
        raise TypeError(f"{name} is True or False, not {quote_refused(value)}")


def check_flags(**flags: Any) -> None:
    for name, value in flags.items():
        check_flag(name, value)


def check_text(name: str, value: Any, *, optional: bool = False) -> None:
    if not (isinstance(value, str) or (optional and value is None)):
        raise TypeError(f"{name} is a str{_or_none(optional)}, not {quote_refused(value)}")


def number_of(value: Any) -> int | float | None:
    """``value`` as an int or a float; None if it is not a number. Numbers of numpy and other packages are recognised by
    the types to which they can be converted."""
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
        except (TypeError, ValueError):  # an array of several numbers, or of one that is not whole
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


def check_reply_id(reply_id: object) -> str:
    """``reply_id``, if it may be one: it becomes a part of keys and of headers."""
    if not isinstance(reply_id, str):
        hint = ": write run.id" if isinstance(getattr(reply_id, "id", None), str) else ""
        raise TypeError(f"reply_id is a str, not {quote_refused(reply_id)}{hint}")
    if not REPLY_ID.fullmatch(reply_id):
        raise ValueError(f"reply_id is 1 to 128 letters, digits and any of ._:- (ASCII), not {quote(reply_id)}")
    return reply_id
