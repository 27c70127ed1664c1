"""What run, places and errors show of a reply is what the operators on its way let through, in their order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeAlias

from hypothesis import given, settings, strategies as st
from reactivex import operators as rxo

import streamkit as sk
from streamkit import operators as ops, testing
from streamkit.engine.streams import keeping_operator
from streamkit.engine.upstream import RunScheduler

Shown: TypeAlias = "tuple[str, int]"
"""Text and attempts of a reply: a stage adds a letter to the text, if there is any, and 1 to the attempts."""


@dataclass(frozen=True)
class Stage:
    tag: str
    hides: bool


@dataclass(frozen=True)
class Place:
    name: str


@dataclass(frozen=True)
class Nested:
    chain: Chain


@dataclass(frozen=True)
class Branch:
    stages: tuple[Stage, ...]
    chain: Chain


@dataclass(frozen=True)
class Chain:
    start: str | Race | Fallback
    steps: tuple[Any, ...]


@dataclass(frozen=True)
class Race:
    chain: Chain


@dataclass(frozen=True)
class Fallback:
    failing: tuple[Stage, ...]
    chain: Chain


PART, INSIDE, BESIDE = "part", "inside", "beside"
"""Steps on the way of a reply: from here on it is a part of another one; it is of a stream within `map_async`; it is of
a branch beside the chain."""


# -- the streams -------------------------------------------------------------------------------------------------------


class Tagged(sk.StageBase):
    def __init__(self, stage: Stage) -> None:
        self.stage, self.hides = stage, stage.hides

    def feed(self, item: Any) -> list[Any]:
        return [item]

    def flush(self) -> list[Any]:
        return []

    def reply(self, reply: sk.Reply) -> sk.Reply:
        choice = reply.choices[0]
        tagged = replace(choice, text=choice.text + self.stage.tag if choice.text else "")
        return replace(reply, choices=(tagged,), attempts=reply.attempts + 1)

    def failure(self, error: sk.StreamkitError) -> sk.StreamkitError:
        return type(error)(f"{error} {self.stage.tag}", partial=error.partial)


def place(name: str, seen: dict[str, Shown]) -> Any:
    """An operator that notes the reply as it is seen at its place when the stream ends."""

    def connect(source: Any, observer: Any, scheduler: Any) -> Any:
        assert isinstance(scheduler, RunScheduler)
        upstream = scheduler.with_place()

        def end(error: Any = None) -> None:
            seen[name] = shown(upstream.place.reply())
            observer.on_completed() if error is None else observer.on_error(error)

        return source.subscribe(observer.on_next, end, end, scheduler=upstream)

    return keeping_operator("place", connect)


def shown(reply: sk.Reply) -> Shown:
    return reply.text, reply.attempts


def built(chain: Chain, seen: dict[str, Shown]) -> Any:
    match chain.start:
        case Race(inner):
            stream: Any = sk.race(built(inner, seen))
        case Fallback(failing, inner):
            lost = testing.script(fail=sk.ApiError("lost")).pipe(*[operator(stage, seen) for stage in failing])
            stream = lost.pipe(ops.fallback(built(inner, seen)))
        case text:
            stream = testing.script(text)
    for step in chain.steps:
        stream = stream.pipe(operator(step, seen))
    return stream


def operator(step: Any, seen: dict[str, Shown]) -> Any:
    match step:
        case Stage():
            return ops.stage(lambda: Tagged(step))
        case Place(name):
            return place(name, seen)
        case Nested(inner):
            return partial(mapped, inner, seen)
        case Branch(stages, inner):
            operators = [operator(stage, seen) for stage in stages]
            return ops.attach(sk.branch(partial(mapped, inner, seen), *operators, into=lambda item: None))


def mapped(inner: Chain, seen: dict[str, Shown], source: Any) -> Any:
    only = source.pipe(rxo.filter(lambda item: isinstance(item, sk.Reply)))
    return sk.stream(only.pipe(ops.map_async(lambda item: built(inner, seen))))


# -- the model ---------------------------------------------------------------------------------------------------------


def let_through(reply: Shown, way: list[Any]) -> Shown:
    """The reply after the steps on its way, in order. Of a part only the text passes those that follow."""
    (text, attempts), own = reply, None
    for number, step in enumerate(way):
        hidden = any(isinstance(later, Stage) and later.hides for later in way[number:])
        if isinstance(step, Stage):
            text, attempts = text + step.tag if text else "", attempts + 1
        elif step == PART or (step == INSIDE and hidden):
            own = attempts if own is None else own
        elif step in (INSIDE, BESIDE):
            text = text if step == INSIDE or not hidden else ""
            break
    return text, attempts if own is None else own


def replies_of(chain: Chain, after: list[Any], seen: dict[str, Shown]) -> tuple[Shown, list[Shown]]:
    """The reply of the source of ``chain`` as seen after its own steps, and those of all requests as the run shows
    them. ``seen`` gets what the places see."""
    way = [*chain.steps, *after]
    match chain.start:
        case Race(inner):
            source, replies = replies_of(inner, [PART, *way], seen)
        case Fallback(failing, inner):
            source, replies = replies_of(inner, [PART, *way], seen)
            source = (source[0], source[1] + 1 + len(failing))
            replies.insert(0, let_through(("", 1), [*failing, PART, *way]))
        case text:
            source, replies = (str(text), 1), [let_through((str(text), 1), way)]
    for number, step in enumerate(chain.steps):
        match step:
            case Place(name):
                seen[name] = let_through(source, list(chain.steps[:number]))
            case Nested(inner):
                replies += replies_of(inner, [INSIDE, *way[number + 1 :]], seen)[1]
            case Branch(stages, inner):
                replies += replies_of(inner, [INSIDE, *stages, BESIDE, *way[number + 1 :]], seen)[1]
    return let_through(source, list(chain.steps)), replies


# -- the comparison ----------------------------------------------------------------------------------------------------

TAGS = st.sampled_from("abc")
STAGES = st.builds(Stage, TAGS, st.booleans())


def chains(inner: Any) -> Any:
    starts = inner.map(Race) | st.builds(Fallback, st.lists(STAGES, max_size=2).map(tuple), inner) | TEXTS
    nested = st.builds(Nested, inner) | st.builds(Branch, st.lists(STAGES, max_size=2).map(tuple), inner)
    return st.builds(Chain, starts, st.lists(STAGES | PLACES | nested, max_size=4).map(tuple))


TEXTS = st.sampled_from(["S", "T", "U"])
PLACES = st.just("").map(Place)
SIMPLE = st.builds(Chain, TEXTS, st.lists(STAGES | PLACES, max_size=3).map(tuple))
CHAINS = st.recursive(SIMPLE, chains, max_leaves=4)


def named(step: Any, names: Iterator[int]) -> Any:
    """``step``, or a chain, with a name of its own for each place in it."""
    match step:
        case Place():
            return Place(f"place {next(names)}")
        case Race(inner) | Nested(inner):
            return type(step)(named(inner, names))
        case Fallback(stages, inner) | Branch(stages, inner):
            return type(step)(stages, named(inner, names))
        case Chain(start, steps):
            return Chain(named(start, names), tuple(named(one, names) for one in steps))
    return step


@given(CHAINS)
@settings(deadline=None)
def test_each_shows_what_the_operators_on_the_way_let_through(chain: Chain):
    chain = named(chain, iter(range(1000)))
    seen: dict[str, Shown] = {}
    expected: dict[str, Shown] = {}
    source, replies = replies_of(chain, [], expected)

    async def main() -> tuple[Shown, list[Shown]]:
        run = sk.start(built(chain, seen).pipe(rxo.map(lambda item: 0)), lambda item: None)
        reply = await run
        return shown(reply), sorted(shown(one) for one in run.replies)

    assert testing.clock().run_coroutine(main()) == (source, sorted(replies))
    assert seen == expected


@given(st.lists(STAGES | st.just("note") | st.just("race") | st.just("limits"), max_size=6))
@settings(deadline=None)
def test_an_error_shows_what_the_operators_on_the_way_let_through(steps: list[Any]):
    """At its own place an error has passed the operators upstream, and in notes those downstream that hide as well."""
    stream: Any = testing.script("S", fail=sk.ApiError("lost"))
    tags: list[tuple[str, bool]] = []
    for number, step in enumerate(steps):
        if isinstance(step, Stage):
            stream = stream.pipe(ops.stage(partial(Tagged, step)))
            tags.append((step.tag, step.hides))
        elif step == "race":
            stream = sk.race(stream)
        else:
            stream = stream.pipe(ops.time_limits(total=9) if step == "limits" else ops.note(str(number)))

    async def main() -> tuple[str, str, dict[str, str]]:
        run = sk.start(stream, lambda item: None)
        try:
            await run
        except sk.ApiError as error:
            return str(error), error.partial.text, {name: str(note.error) for name, note in run.notes.items()}
        raise AssertionError

    notes = {}
    for number, step in enumerate(steps):
        if step == "note":
            passed = sum(isinstance(one, Stage) for one in steps[:number])
            letters = [tag for place, (tag, hides) in enumerate(tags) if hides or place < passed]
            notes[str(number)] = " ".join(["lost", *letters])
    letters = [tag for tag, _ in tags]
    whole = (" ".join(["lost", *letters]), "".join(["S", *letters]), notes)
    assert testing.clock().run_coroutine(main()) == whole


def test_a_place_asks_none_of_the_operators_downstream_of_it():
    asked: list[str] = []

    class Noting(Tagged):
        def reply(self, reply: sk.Reply) -> sk.Reply:
            asked.append(self.stage.tag)
            return super().reply(reply)

    upstream, downstream = (ops.stage(lambda tag=tag: Noting(Stage(tag, False))) for tag in "ab")

    def connect(source: Any, observer: Any, scheduler: Any) -> Any:
        inner = scheduler.with_place()

        def completed() -> None:
            assert inner.place.reply().text == "Sa"
            assert asked == ["a"]
            observer.on_completed()

        return source.subscribe(observer.on_next, observer.on_error, completed, scheduler=inner)

    stream = testing.script("S").pipe(upstream, keeping_operator("place", connect), downstream)
    assert testing.clock().run(stream).error is None


def test_a_part_that_passes_no_operator_that_changes_it_is_shown_whole():
    async def main() -> sk.Reply:
        usage = sk.Usage(prompt_tokens=1, completion_tokens=1)
        run = sk.start(sk.race(testing.script("S", usage=usage)).pipe(ops.time_limits(total=9)), lambda item: None)
        await run
        return run.replies[0]

    part = testing.clock().run_coroutine(main())
    assert part.usage is not None
    assert part.usage.raw == {"prompt_tokens": 1, "completion_tokens": 1}
