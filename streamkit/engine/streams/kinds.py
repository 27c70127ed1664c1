"""What kinds of items there are, and which operator takes and gives which: known when a chain is made, so that one in
the wrong place is told at once instead of giving nothing."""

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
"""What an operator works on: whatever comes, events alone, or events and str alike."""
Kind: TypeAlias = Literal["events", "calls", "str", "values"]
"""Events, of these only calls of tools, pieces of text, or something that is neither event nor text."""
Gives: TypeAlias = Literal["any", "same"] | Kind
"""What comes out: it is not known, it is the kind that went in, or always this kind."""

TABLE: dict[str, tuple[Takes, Gives]] = {
    "attach": ("any", "same"),
    "budget": ("text", "same"),
    "choice": ("events", "events"),
    "code_blocks": ("text", "values"),
    "continue_with": ("events", "events"),
    "count_tokens": ("text", "values"),
    "fallback": ("any", "same"),
    "guard": ("text", "same"),
    "json_items": ("text", "any"),  # what the JSON holds may be text
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
"""Of every operator of this package. Each is checked against what it really does, by a test."""

WHAT = {"events": "events", "calls": "only calls", "str": "only text", "values": "neither events nor text"}
WANTS = {"events": "events", "text": "events or text"}
MARK = "_streamkit_gives"


class ItemKind(NamedTuple):
    """What the items of a stream are, and what made them so."""

    kind: Kind
    by: str = ""


class EventSource(Observable[Event]):
    """Observables that give the events of replies."""

    _streamkit_gives: ClassVar[ItemKind] = ItemKind("events")


def table_entry(name: str) -> tuple[Takes, Gives]:
    """What an operator of this name takes and gives."""
    return TABLE.get(name, ("any", "any"))


def kind_of(stream: Any) -> ItemKind | None:
    """What the items of ``stream`` are known to be; None if nothing is: behind a stock operator, for instance."""
    given: ItemKind | None = getattr(stream, MARK, None)
    return given


def common_kind(streams: Iterable[Any]) -> ItemKind | None:
    """What all of them give, if that is one kind."""
    given = [kind_of(stream) for stream in streams]
    first = given[0] if given else None
    return first if first is not None and all(one is not None and one.kind == first.kind for one in given) else None


def with_kind(stream: T, given: ItemKind | None) -> T:
    """``stream``, known to give that."""
    for one in (stream, getattr(stream, "_built", None)):  # of a `Stream` what it is built of is piped on
        if one is not None and given is not None:
            setattr(one, MARK, given)
    return stream


def kind_after(name: str, takes: Takes, gives: Gives, given: ItemKind | None) -> ItemKind | None:
    """What comes out of an operator that is given this. TypeError if it does not work on that."""
    if given is not None and takes != "any" and _has_nothing(given.kind, takes, gives):
        raise TypeError(misplaced(f"{name}()", WANTS[takes], given))
    if gives == "same":
        return given
    return None if gives == "any" else ItemKind(gives, name)


def not_events(what: str) -> TypeError:
    """What is raised at the end of a stream of which nothing was known, if str came and nothing else."""
    return TypeError(f"{what} works on events, and only text came: put it before what makes text of them")


def check_events(what: str, stream: Any) -> None:
    """TypeError if ``stream`` is known to have no events."""
    given = kind_of(stream)
    if given is not None and given.kind in ("str", "values"):
        raise TypeError(f"{what} is a stream of events, not what {given.by}() makes of them: leave that out here")


def _has_nothing(kind: Kind, takes: Takes, gives: Gives) -> bool:
    """Whether there is nothing in such items for an operator that does not take any."""
    return kind == "values" or (kind == "str" and takes == "events") or (kind == "calls" and gives in ("str", "values"))


def misplaced(what: str, wants: str, given: ItemKind) -> str:
    """The message for ``what``, which stands behind something that gives it nothing."""
    left = f"{given.by}(), which leaves {WHAT[given.kind]}"
    return f"{what} works on {wants}, but stands behind {left}: put it before, or into a branch of its own"
