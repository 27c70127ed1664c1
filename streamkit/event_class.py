"""The dataclass form that all events share, and the `repr` of values: one line, whatever texts they hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from reprlib import Repr
from typing import Any, TypeVar, dataclass_transform

from .wording import one_line

__all__ = ["FromServer", "brief", "event_class", "has_raw", "parse_later", "with_brief_repr"]

C = TypeVar("C")
LONGEST = 200
"""Characters of a text that are printed."""
MOST = 500
"""Characters of any other value that are printed."""

_limits = Repr()
_limits.maxlevel, _limits.maxdict, _limits.maxlist, _limits.maxtuple, _limits.maxset = 6, 8, 8, 8, 8
_limits.maxstring, _limits.maxlong, _limits.maxother = LONGEST, LONGEST, MOST


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def event_class(cls: type[C]) -> type[C]:
    """A slotted dataclass: frozen in the eyes of a type checker only."""
    prints_itself = "__repr__" in vars(cls)
    slotted = dataclass(slots=True, repr=False)(cls)
    return slotted if prints_itself else with_brief_repr(slotted)


def with_brief_repr(cls: type[C]) -> type[C]:
    """A dataclass that prints as one line, long parts of it as excerpts."""
    names = [one.name for one in fields(cls) if one.repr]  # type: ignore[arg-type]  # it is a dataclass

    def represent(self: Any) -> str:
        return f"{type(self).__qualname__}({', '.join(f'{name}={brief(getattr(self, name))}' for name in names)})"

    cls.__repr__ = represent  # type: ignore[method-assign]  # of any class
    return cls


def brief(value: Any) -> str:
    """``value`` as `repr` has it, in one line; of a long text the beginning, and how long it is."""
    if isinstance(value, str):
        short = value if len(value) <= LONGEST else value[: LONGEST - 1] + "…"
        return repr(short) + (f" ({len(value):,} characters)" if short is not value else "")
    try:
        text = one_line(_limits.repr(value))
        return text if len(text) <= MOST else text[: MOST - 1] + "…"
    except Exception as exc:  # of a foreign class
        return f"<{type(value).__name__} whose repr raised {type(exc).__name__}>"


@event_class
class FromServer:
    """A value made from data that a server sent, which is ``raw``."""

    raw: dict[str, Any] | None = field(default=None, repr=False, compare=False, kw_only=True)


_slot = vars(FromServer)["raw"]
parse_later: Callable[[FromServer, bytes], None] = _slot.__set__
"""Give an event its ``raw`` as JSON, which is parsed when it is asked for."""


def has_raw(event: FromServer) -> bool:
    """True if ``event.raw`` is not None. It is not parsed for this."""
    return _slot.__get__(event) is not None


def _parsed(event: FromServer) -> Any:
    raw = _slot.__get__(event)
    if type(raw) is bytes:
        from pydantic_core import from_json

        raw = from_json(raw)
        _slot.__set__(event, raw)
    return raw


FromServer.raw = property(_parsed, _slot.__set__, _slot.__delete__)  # type: ignore[assignment]  # a field by its type
