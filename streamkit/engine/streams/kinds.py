"""The kinds of items in a stream, and the kinds that each operator takes and gives.

They are known when a chain is built, so that an operator in the wrong place raises at once instead of giving nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Literal, NamedTuple, TypeAlias, TypeVar

from reactivex import Observable

from ...events import Event

__all__ = [
    "EventSource",
    "Gives",
    "ItemKind",
    "Kind",
    "Takes",
    "check_events",
    "common_kind",
    "kind_after",
    "kind_of",
    "misplaced",
    "not_events",
    "table_entry",
    "with_kind",
]

T = TypeVar("T")

Takes: TypeAlias = Literal["any", "events", "text"]
"""The items that an operator works on: any, events only, or both events and str."""
Kind: TypeAlias = Literal["events", "calls", "str", "values"]
"""The kinds: events, tool calls only (which are events), pieces of text, or values that are neither event nor text."""
Gives: TypeAlias = Literal["any", "same"] | Kind
"""The kind of the output of an operator: not known, the same as that of its input, or always this kind."""

TABLE: dict[str, tuple[Takes, Gives]] = {
    "attach": ("any", "same"),
    "budget": ("text", "same"),
    "choice": ("events", "events"),
    "code_blocks": ("text", "values"),
    "continue_with": ("events", "events"),
    "count_tokens": ("text", "values"),
    "fallback": ("any", "same"),
    "guard": ("text", "same"),
    "json_items": ("text", "any"),  # the values in the JSON may be text
    "json_values": ("text", "any"),
    "map_async": ("any", "any"),
    "meter": ("events", "events"),
    "note": ("any", "same"),
    "of_type": ("any", "any"),
    "reasoning": ("events", "str"),
    "record": ("any", "same"),
    "redact": ("text", "same"),
    "retry_unstarted": ("any", "same"),
    "rewrite": ("text", "same"),
    "segments": ("text", "values"),
    "sentences": ("text", "str"),
    "side_by_side": ("any", "values"),
    "smooth": ("text", "same"),
    "snapshots": ("text", "str"),
    "stage": ("any", "any"),
    "stop_at": ("text", "same"),
    "stop_when": ("any", "same"),
    "text": ("text", "str"),
    "think_tags": ("text", "same"),
    "throttle_text": ("text", "same"),
    "time_limits": ("any", "same"),
    "tool_calls": ("events", "calls"),
}
"""The entry of every operator of this package. A test checks each against what the operator really does."""

KINDS = {"events": "events", "calls": "only calls", "str": "only text", "values": "neither events nor text"}
WANTS = {"events": "events", "text": "events or text"}
MARK = "_streamkit_gives"


class ItemKind(NamedTuple):
    """The known kind of the items of a stream, the name of the operator that made them so, and what to write where
    something works on other items, unless that is to stand before the operator."""

    kind: Kind
    by: str = ""
    instead: str = "put it before, or into a branch of its own"


class EventSource(Observable[Event]):
    """The base of Observables that emit the events of replies."""

    _streamkit_gives: ClassVar[ItemKind] = ItemKind("events")


def table_entry(name: str) -> tuple[Takes, Gives]:
    """The kinds that an operator of this name takes and gives."""
    return TABLE.get(name, ("any", "any"))


def kind_of(stream: Any) -> ItemKind | None:
    """The known kind of the items of ``stream``; None if it is not known, as behind a stock operator."""
    kind: ItemKind | None = getattr(stream, MARK, None)
    return kind


def common_kind(streams: Iterable[Any]) -> ItemKind | None:
    """The kind of the items of all ``streams``, if it is one kind."""
    kinds = [kind_of(stream) for stream in streams]
    first = kinds[0] if kinds else None
    return first if first is not None and all(one is not None and one.kind == first.kind for one in kinds) else None


def with_kind(stream: T, kind: ItemKind | None) -> T:
    """Mark ``stream`` as one with items of this ``kind``, and return it."""
    for one in (stream, getattr(stream, "_built", None)):  # operators are applied to what a `Stream` is built of
        if one is not None and kind is not None:
            setattr(one, MARK, kind)
    return stream


def kind_after(name: str, takes: Takes, gives: Gives, source: ItemKind | None) -> ItemKind | None:
    """The kind of the output of an operator whose source is of this kind. TypeError if it does not work on that."""
    if source is not None and takes != "any" and _has_nothing(source.kind, takes, gives):
        raise TypeError(misplaced(f"{name}()", WANTS[takes], source))
    if gives == "same":
        return source
    return None if gives == "any" else ItemKind(gives, name)


def not_events(what: str) -> TypeError:
    """The error to raise at the end of a stream of unknown kind, if only str came."""
    return TypeError(f"{what} works on events, and only text came: put it before what makes text of them")


def check_events(what: str, stream: Any) -> None:
    """Raise TypeError if ``stream`` is known to have no events."""
    kind = kind_of(stream)
    if kind is not None and kind.kind in ("str", "values"):
        raise TypeError(f"{what} is a stream of events, not what {kind.by}() makes of them: leave that out here")


def _has_nothing(kind: Kind, takes: Takes, gives: Gives) -> bool:
    """True if items of this kind have nothing for such an operator, which does not take any kind."""
    return kind == "values" or (kind == "str" and takes == "events") or (kind == "calls" and gives in ("str", "values"))


def misplaced(what: str, wants: str, source: ItemKind) -> str:
    """The message for ``what``, which stands behind an operator whose items it cannot use."""
    before = f"{source.by}(), which leaves {KINDS[source.kind]}"
    return f"{what} works on {wants}, but stands behind {before}: {source.instead}"
