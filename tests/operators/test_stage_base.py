"""`ops.stage` and `ops.rewrite`: what is a stage, what only a `StageBase` has, and what is told at once."""

from __future__ import annotations

import asyncio
import functools
import gc
import math
import warnings
import weakref
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Generic, TypeVar
from unittest.mock import Mock

import pytest
from reactivex import operators as rxo

import streamkit as sk
from streamkit import ops, stages, testing


class Plain:
    def feed(self, item: Any) -> Any:
        return [item]

    def flush(self) -> Any:
        return []


class Base(sk.StageBase):
    def feed(self, item: Any) -> Any:
        return [item]

    def flush(self) -> Any:
        return []


def items(make: Any, *given: Any) -> list[Any]:
    return list(sk.stream(given or (1, 2, 3)).pipe(ops.stage(make)))


def rewritten(make: Any, *pieces: str, **options: Any) -> sk.Reply:
    stream = sk.from_text(list(pieces or ("one ", "two ", "three")))
    return testing.clock().run(stream.pipe(ops.rewrite(make, **options))).reply


# -- what is a user's own --------------------------------------------------------------------------------------------


class Slots:
    __slots__ = ("broken", "done")

    def feed(self, item: Any) -> Any:
        return [item]

    def flush(self) -> Any:
        return []


class Methods(Plain):
    def done(self) -> bool:
        return True

    def reply(self) -> str:
        return "mine"

    def failure(self, one: int, other: int) -> int:
        return one + other

    def broken(self) -> bool:
        return True

    def hides(self) -> bool:
        return True

    def due(self) -> float:
        return 0.1

    def expire(self) -> Any:
        raise AssertionError("never called")

    def cut(self, pieces: int) -> Any:
        raise AssertionError("never called")


class Data(Plain):
    due = date(2026, 1, 1)
    done = ("some", "tasks")
    reply = "a text"
    hides = None
    cut = 0.5


@pytest.mark.parametrize("kind", [Plain, Slots, Methods, Data])
def test_what_a_users_stage_calls_done_or_reply_is_never_taken_for_ours(kind: Any):
    assert items(kind) == [1, 2, 3]
    assert rewritten(kind).text == "one two three"


@pytest.mark.parametrize("kind", [Plain, Slots, Methods, Data])
def test_a_broken_reply_is_told_as_such_whatever_methods_a_stage_has(kind: Any):
    recorded = testing.clock().run(testing.script("a", fail=sk.ApiError("no")).pipe(ops.stage(kind)))
    assert type(recorded.error) is sk.ApiError
    assert recorded.error.partial.text == "a"


def named(name: str, value: Any, **more: Any) -> type:
    return type("Mine", (Plain,), {name: value, **more})


@pytest.mark.parametrize(
    ("member", "kind"),
    [
        ("done", named("done", False)),
        ("done", named("done", property(lambda self: True))),
        ("broken", named("broken", False)),
        ("due", named("due", 1.0, expire=lambda self: [])),
        ("due", named("due", None, expire=lambda self: [])),
        ("due", named("due", property(lambda self: 1 / 0), expire=lambda self: [])),
        ("reply", named("reply", lambda self, reply: reply)),
        ("failure", named("failure", lambda self, error: error)),
        ("hides", named("hides", property(lambda self: True))),
    ],
)
def test_what_looks_like_a_member_of_a_stage_base_is_told_to_be_none(member: str, kind: type):
    with pytest.warns(RuntimeWarning, match=rf"does not look at Mine\.{member}.*class Mine\(sk.StageBase\)"):
        assert items(kind) == [1, 2, 3]


@pytest.mark.parametrize(("member", "value"), [("done", False), ("cut", lambda self: [])])
def test_what_looks_like_a_member_of_a_text_stage_is_told_to_be_none(member: str, value: Any):
    with pytest.warns(RuntimeWarning, match=rf"ops.rewrite does not look at Mine\.{member}"):
        assert rewritten(named(member, value)).text == "one two three"


@pytest.mark.parametrize("lift", [ops.stage, ops.rewrite])
def test_a_stage_that_says_it_hides_is_refused_if_it_cannot(lift: Any):
    with pytest.raises(TypeError, match=r"only a StageBase can hide something: class Mine\(sk.StageBase\)"):
        list(sk.from_text(["a"]).pipe(lift(named("hides", True))))


# -- what a StageBase has ----------------------------------------------------------------------------------------------


def test_a_stage_base_without_anything_more_is_a_stage():
    assert items(Base) == [1, 2, 3]
    assert rewritten(Base).text == "one two three"
    assert sk.StageBase is ops.StageBase


def test_done_ends_the_stream_and_cancels_the_source():
    class Two(Base):
        def feed(self, item: Any) -> Any:
            self.done = item == 2
            return [item]

    assert items(Two) == [1, 2]
    recorded = testing.clock().run(
        testing.script("a", "b", "c", every=1.0).pipe(ops.text(), ops.stage(lambda: Until("b")))
    )
    assert (recorded.items, recorded.reply.outcome) == (["a", "b"], "stopped")


class Until(Base):
    def __init__(self, last: str) -> None:
        self.last, self.seen = last, ""

    def feed(self, item: Any) -> Any:
        self.seen = item
        return [item]

    @property
    def done(self) -> bool:
        return self.seen == self.last


def test_done_may_be_a_property_and_ends_a_rewritten_reply():
    reply = rewritten(lambda: Until("two "), name="until")
    assert (reply.text, reply.outcome, reply.stopped_by) == ("one two ", "stopped", "until")


@pytest.mark.parametrize("due", [1.0, property(lambda self: 1.0)])
def test_due_and_expire_may_wait(due: Any):
    class Dots(Base):
        def expire(self) -> Any:
            return ["."]

    Dots.due = due  # type: ignore[attr-defined]
    recorded = testing.clock().run(testing.script("a", "b", every=2.5).pipe(ops.text(), ops.stage(Dots)))
    assert recorded.items == ["a", ".", ".", "b"]
    assert recorded.times == [0.0, 1.0, 2.0, 2.5]


class Frozen(sk.StageBase):
    seen: list[bool] = []  # noqa: RUF012

    def feed(self, item: Any) -> Any:
        return [item]

    def flush(self) -> Any:
        self.seen.append(self.broken)
        return ()


FrozenData = dataclass(frozen=True)(type("FrozenData", (Frozen,), {}))


class Slotted(Frozen):
    __slots__ = ()


@pytest.mark.parametrize("kind", [Frozen, FrozenData, Slotted])
@pytest.mark.parametrize("fails", [False, True])
def test_broken_says_whether_the_stream_failed_before_the_flush(kind: Any, fails: bool):
    kind.seen.clear()
    script = testing.script("a", fail=sk.ApiError("no")) if fails else testing.script("a")
    testing.clock().run(script.pipe(ops.stage(kind)))
    assert kind.seen == [fails]


class Held(sk.StageBase):
    """Holds the last piece."""

    def __init__(self) -> None:
        self.held = ""

    def feed(self, text: str) -> list[str]:
        text, self.held = self.held, text
        return [text]

    def flush(self) -> list[str]:
        return [self.held]

    def cut(self) -> list[str]:
        return ["[cut]"]


def test_cut_is_called_instead_of_flush_where_the_stream_failed():
    whole, broken = testing.script("a", "b"), testing.script("a", "b", fail=sk.ApiError("no"))
    for lift in (ops.stage, ops.rewrite):
        assert "".join(testing.clock().run(whole.pipe(ops.text(), lift(Held))).items) == "ab"
        assert "".join(testing.clock().run(broken.pipe(ops.text(), lift(Held))).items) == "a[cut]"
    assert testing.clock().run(broken.pipe(ops.rewrite(Held))).reply.text == "a[cut]"


def test_reply_and_failure_say_what_is_let_through():
    class Short(Base):
        def reply(self, reply: sk.Reply) -> sk.Reply:
            return sk.Reply()

        def failure(self, error: sk.StreamkitError) -> sk.StreamkitError:
            return sk.ApiError("hidden", partial=error.partial)

    recorded = testing.clock().run(testing.script("a", fail=sk.ApiError("secret")).pipe(ops.stage(Short)))
    assert (str(recorded.error), recorded.reply.text) == ("hidden", "")


# -- what is told ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"done": lambda self: True}, r"Mine.done is True or False, an attribute or a property"),
        ({"hides": lambda self: True}, r"Mine.hides is True or False"),
        ({"broken": lambda self: True}, r"Mine.broken is True or False"),
        ({"broken": property(lambda self: True)}, r"Mine.broken is set to True"),
        ({"due": lambda self: 1.0, "expire": lambda self: []}, r"Mine.due is seconds or None"),
        ({"due": "1", "expire": lambda self: []}, r"Mine.due is a number of seconds or None, not '1'"),
        ({"due": True, "expire": lambda self: []}, r"Mine.due is a number of seconds or None, not True"),
        ({"due": 1.0}, r"Mine has due, and nothing to give then: write def expire"),
        ({"expire": ["."]}, r"Mine.expire is a method"),
        ({"reply": "text"}, r"Mine.reply is a method"),
        ({"feed": 5}, r"Mine is not a stage, it has no method feed"),
    ],
)
def test_a_member_of_the_wrong_kind_is_told_when_the_stage_is_made(members: dict[str, Any], words: str):
    kind = type("Mine", (Base,), members)
    with pytest.raises(TypeError, match=words):
        list(sk.stream([1]).pipe(ops.stage(lambda: kind())))


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"expire": lambda self: []}, "ops.rewrite knows nothing of Mine.expire: lift it by ops.stage"),
        ({"reply": lambda self, reply: reply}, "ops.rewrite knows nothing of Mine.reply"),
        ({"hides": True}, "pass hides=True to ops.rewrite"),
    ],
)
def test_a_stage_over_text_has_no_place_for_the_rest(members: dict[str, Any], words: str):
    with pytest.raises(TypeError, match=words):
        list(sk.from_text(["a"]).pipe(ops.rewrite(type("Mine", (Base,), members))))


@pytest.mark.parametrize(
    ("due", "kind"), [("soon", TypeError), (float("nan"), ValueError), (-math.inf, ValueError), (True, TypeError)]
)
def test_a_due_that_turns_out_to_be_no_number_ends_the_stream_with_the_words(due: Any, kind: type[Exception]):
    class Odd(Base):
        due = property(lambda self: due)

        def expire(self) -> Any:
            return []

    recorded = testing.clock().run(sk.stream([1, 2]).pipe(ops.stage(Odd)))
    assert recorded.items == [1]
    assert type(recorded.error) is kind
    assert "Odd.due is a number of seconds" in str(recorded.error)


@pytest.mark.parametrize("name", ["reply", "failure"])
def test_a_reply_or_failure_that_gives_nothing_is_told(name: str):
    kind = type("Mine", (Base,), {name: lambda self, given: None})
    with pytest.raises(TypeError, match=f"Mine.{name} gives"):
        list(testing.script("a", fail=sk.ApiError("no")).pipe(ops.stage(kind)))


def test_what_a_stage_gave_before_it_forgot_to_is_not_lost():
    class Once(Plain):
        def __init__(self) -> None:
            self.seen = 0

        def feed(self, item: Any) -> Any:
            self.seen += 1
            return [item] if self.seen == 1 else None

    recorded = testing.clock().run(sk.stream([1, 2, 3]).pipe(ops.stage(Once)))
    assert (recorded.items, type(recorded.error)) == ([1], TypeError)
    assert "Once.feed gave None instead of a list" in str(recorded.error)


def test_a_type_error_of_a_stage_stays_its_own():
    class Wrong(Plain):
        def feed(self, item: Any) -> Any:
            return [item + "a"]

    for lift in (ops.stage, ops.rewrite):
        make: Any = Wrong if lift is ops.stage else type("Wrong", (Plain,), {"feed": lambda self, text: [text + 1]})
        recorded = testing.clock().run((sk.stream([1]) if lift is ops.stage else sk.from_text(["a"])).pipe(lift(make)))
        assert isinstance(recorded.error, TypeError)
        assert "gave" not in str(recorded.error)


@pytest.mark.parametrize("piece", [1, None, b"a"])
def test_a_stage_over_text_gives_text(piece: Any):
    kind = named("feed", lambda self, text: [piece or 2.5])
    with pytest.raises(TypeError, match="gives pieces of str, not"):
        list(sk.from_text(["a"]).pipe(ops.rewrite(kind)))


def twice(one: Any) -> None:
    stream = sk.stream([1]).pipe(ops.stage(lambda: one))
    assert list(stream) == list(stream) == [1]


def test_a_stage_base_is_never_shared_by_two_subscriptions():
    with pytest.raises(TypeError, match="gave the same Base twice"):
        twice(Base())


class Sized(Plain):
    def __init__(self) -> None:
        self.size = 1


def test_another_object_that_may_remember_something_is_told_when_it_is_shared():
    for one in (Sized(), Slots()):
        with pytest.warns(RuntimeWarning, match="the same .* twice, and what it remembers goes from one stream"):
            twice(one)


def test_an_object_without_anything_to_remember_may_be_shared():
    of_functions = Plain()
    of_functions.feed = lambda item: [item]  # type: ignore[method-assign]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for one in (Plain(), of_functions, Up[int]()):
            twice(one)


def test_a_stage_is_not_kept_for_that():
    made: list[weakref.ref[Any]] = []

    def make() -> Any:
        stage = Plain()
        made.append(weakref.ref(stage))
        return stage

    stream = sk.stream([1]).pipe(ops.stage(make))
    list(stream)
    gc.collect()
    assert made[0]() is None


def test_a_factory_may_be_anything_that_is_called_without_arguments():
    class Maker:
        def __call__(self) -> Plain:
            return Plain()

        def make(self, size: int = 1) -> Plain:
            return Plain()

    class Dynamic:
        def __getattr__(self, name: str) -> Any:
            if name in ("feed", "flush"):
                return getattr(Plain(), name)
            raise AttributeError(name)

    for make in (Maker(), Maker().make, Dynamic, Plain, lambda: Plain(), type("Sub", (Base,), {})):
        assert items(make) == [1, 2, 3]


T = TypeVar("T")


class Up(Plain, Generic[T]):
    pass


class SetInInit:
    def __init__(self) -> None:
        self.feed = lambda item: [item]
        self.flush = list


class Properties:
    @property
    def feed(self) -> Any:
        return lambda item: [item]

    @functools.cached_property
    def flush(self) -> Any:
        return list


def of_instances(kind: type) -> type:
    """A decorator of classes: the class itself shows nothing."""

    class Made:
        def __new__(cls) -> Any:
            return kind()

    return Made


def given(make: Any) -> Any:
    """A decorator that gives a function what it needs, as frameworks do."""
    return functools.wraps(make)(lambda: make(Plain))


@given
def sized(kind: Any) -> Any:
    return kind()


class Instance(Plain):
    def __call__(self) -> Any:
        return Instance()


@pytest.mark.parametrize(
    "make",
    [
        *(Up, Up[str], SetInInit, Properties, of_instances(Plain), sized, Instance(), functools.partial(Up[str])),
        *(Mock(side_effect=lambda: Plain()), lambda: Mock(feed=lambda item: [item], flush=list)),
    ],
)
def test_whatever_makes_a_stage_is_taken_without_a_word(make: Any):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(2):
            assert items(make) == [1, 2, 3]
        assert rewritten(make).text == "one two three"


def test_a_due_that_comes_closer_is_kept():
    class Hurried(Base):
        due: float | None = None

        def feed(self, item: Any) -> list[Any]:
            self.due = {"a": 10.0, "b": 1.0}.get(item)
            return [item]

        def expire(self) -> list[Any]:
            self.due = None
            return ["."]

    recorded = testing.clock().run(testing.script("a", "b", "c", every=2.0).pipe(ops.text(), ops.stage(Hurried)))
    assert recorded.items == ["a", "b", ".", "c"]
    assert recorded.times == [0.0, 2.0, 3.0, 4.0]


@pytest.mark.parametrize("due", [math.inf, Decimal("Infinity"), property(lambda self: math.inf)])
def test_a_due_of_infinity_is_never(due: Any):
    kind = type("Mine", (Base,), {"due": due, "expire": lambda self: ["."]})
    script = testing.script("a", "b", every=2.5).pipe(ops.text(), ops.stage(lambda: kind()))
    assert testing.clock().run(script).items == ["a", "b"]


def test_a_due_may_be_a_decimal():
    kind = type("Mine", (Base,), {"due": Decimal("2.0"), "expire": lambda self: ["."]})
    script = testing.script("a", "b", every=2.5).pipe(ops.text(), ops.stage(lambda: kind()))
    assert testing.clock().run(script).times == [0.0, 2.0, 2.5]


def test_stages_of_ours_may_be_lifted_by_hand():
    texts = sk.stream(["One. Two", " three. "])
    assert [segment.text for segment in texts.pipe(ops.stage(stages.Segments))] == ["One.", "Two three."]
    assert "".join(texts.pipe(ops.stage(lambda: stages.StopAt("Two")))) == "One. "
    assert "".join(texts.pipe(ops.stage(lambda: stages.Redactor(["Two"])))) == "One. [redacted] three. "


# -- sinks are recognised by the names of their methods ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("members", "words"),
    [
        (
            {"close": lambda self: None},
            r"Sinking.close\(\) takes no reply.*: write close\(self, reply\), or give",
        ),
        ({"__getattr__": lambda self, name: print}, "this Sinking answers to every name"),
        ({"overflow": lambda self: 1}, "Sinking.overflow is a str, one of wait"),
        ({"on_cancel": lambda self: 1}, "Sinking.on_cancel is a str, one of discard, drain"),
        ({"patience": "5"}, "Sinking.patience is a number or None, not '5'"),
        ({"patience": lambda self: 5}, "Sinking.patience is a number or None"),
        ({"write": True}, "has a write method"),
    ],
)
def test_a_sink_with_a_member_that_cannot_be_meant_is_refused_when_the_branch_is_made(
    members: dict[str, Any], words: str
):
    sink = type("Sinking", (), {"write": lambda self, item: None, **members})()
    with pytest.raises(TypeError, match=words):
        sk.branch(into=sink)


def test_what_the_branch_says_itself_overrules_a_sinks_own():
    sink = type("Sinking", (), {"write": lambda self, item: None, "overflow": lambda self: 1})()
    assert sk.branch(into=sink, overflow="latest").overflow == "latest"


def test_an_operator_of_a_branch_that_gives_no_stream_is_the_branchs_failure():
    seen: list[Any] = []

    async def main() -> None:
        await sk.start(sk.from_text(["a"]), seen.append, sk.branch(lambda source: None, into=print))

    with pytest.raises(sk.SinkError, match="an operator gives a stream"):
        asyncio.run(main())
    assert seen


def test_a_connectable_in_the_middle_of_a_pipe_is_a_stream():
    assert list(sk.stream([1, 2]).pipe(rxo.publish(), rxo.ref_count(), rxo.map(str))) == ["1", "2"]
