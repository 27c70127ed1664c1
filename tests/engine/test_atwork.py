"""What is at work: the id of a run, `sk.runs`, and one sink object in one run at a time."""

from __future__ import annotations

import asyncio
import gc
import io
import os
import sys
import threading
import weakref
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest
import reactivex as rx
from reactivex import operators as rxo

import streamkit as sk
from streamkit import ops, sinks, testing
from streamkit.engine.branches import claims
from streamkit.engine.upstream import atwork
from tests.reports import Reports, caught_up
from tests.waiting import soon

ELSEWHERE = "sink {} is at work in another run (sk.runs['{}']): give each run its own"
TWICE = "sink {} is twice in one run: give each branch its own"


@pytest.fixture(autouse=True)
def nothing_stays_at_work() -> Iterator[None]:
    claims._claims.clear()  # of tests whose loops stand still
    atwork.at_work.clear()
    yield
    for run in sk.runs.values():
        run.result(10)  # those that were cancelled
    claims.forget_closed_claims()
    atwork.forget_closed_runs()
    assert claims._claims == {}
    assert atwork.at_work == {}
    assert len(sk.runs) == 0


class Named:
    """A sink of a user's who wants to know the run."""

    def __init__(self) -> None:
        self.calls: list[Any] = []

    def begin(self, *, run_id: str) -> None:
        self.calls.append(run_id)

    def write(self, item: Any) -> None:
        self.calls.append(type(item))

    def close(self, reply: sk.Reply) -> None:
        self.calls.append(reply.outcome)


class Slotted:
    """Neither weak references nor a hash, and no comparing."""

    __slots__ = ("items",)
    __hash__ = None  # type: ignore[assignment]  # as of a dataclass that compares

    def __init__(self) -> None:
        self.items: list[Any] = []

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("compared")

    def write(self, item: Any) -> None:
        self.items.append(item)


@dataclass
class Equal:
    """Two of them are equal, and still two."""

    items: list[Any] = field(default_factory=list)

    async def write(self, item: Any) -> None: ...


def asked() -> tuple[sk.Stream[Any], list[int]]:
    """A stream, and how often it was subscribed to."""
    count: list[int] = []

    def made() -> Any:
        count.append(1)
        return testing.script("a", "b", every=0.01)

    return sk.stream(rx.defer(lambda _: made())), count


# -- Run.id ------------------------------------------------------------------------------------------------------------


def test_run_id_is_the_same_for_all_sinks_of_a_run_and_of_attached_branches(tmp_path: Any):
    attached, named, late, kept = Named(), Named(), Named(), sinks.memory()
    keys: list[str] = []
    log = sinks.jsonl(tmp_path / "log.jsonl")
    table = sinks.sqlite(tmp_path / "replies.db")
    batch = sinks.batched(lambda items, *, key: keys.append(key))
    run = sk.start(
        testing.script("a", "b").pipe(ops.attach(attached)),
        *(log, table, batch, kept),
        sk.branch(ops.text(), into=named),
        sinks.threaded(late),
    )
    run.result()
    assert {log.stream, table.stream, named.calls[0], attached.calls[0], late.calls[0]} == {run.id}
    assert keys == [f"{run.id}:0"]
    assert named.calls == [run.id, str, str, "complete"]
    assert late.calls[-1] == "complete"


def test_run_id_is_another_one_for_each_run_and_each_bare_subscription():
    named, ids = Named(), set()
    for _ in range(2):
        run = sk.start(testing.script("a"), named)
        run.result()
        assert run.id in named.calls
        ids.add(run.id)
    for _ in range(2):
        named.calls.clear()
        list(testing.script("a").pipe(ops.attach(named)))
        ids.add(named.calls[0])
    assert len(ids) == 4
    assert all(isinstance(one, str) and len(one) == 32 for one in ids)


def test_run_id_is_stored_unless_the_stream_was_named(tmp_path: Any):
    log = sinks.jsonl(tmp_path / "log.jsonl", stream="mine")
    for _ in range(2):
        sk.run(testing.script("a"), log)
    assert log.stream == "mine"


def test_two_streams_of_one_run_in_one_table_do_not_collide(tmp_path: Any):
    """As two branches into one table, or an `ops.attach` that is subscribed to once a round."""
    path, got, ids = tmp_path / "replies.db", [], []

    def sink() -> Any:
        made = sinks.sqlite(path)
        ids.append(made)
        return made

    def batch() -> Any:
        return sinks.batched(lambda items, *, key: got.append(key), every=60.0)  # one batch each, on a slow disk too

    source = rx.defer(lambda _: testing.script("a", "b").pipe(ops.attach(sink(), batch())))
    run = sk.start(sk.stream(source).pipe(rxo.repeat(3)), sink(), sk.branch(ops.text(), into=sink()), batch())
    run.result()
    assert [one.stream for one in ids] == [run.id, *(f"{run.id}.{number}" for number in (2, 3, 4, 5))]
    assert len(set(got)) == len(got) == 4
    assert all(key.startswith(run.id) for key in got)


def test_a_begin_of_the_users_own_is_never_taken_for_ours():
    class Ledger:
        def __init__(self) -> None:
            self.began = 0

        def begin(self, account: str = "none") -> None:
            self.began += 1

        def write(self, item: Any) -> None: ...

    class Anything:
        def __getattr__(self, name: str) -> Any:
            if name == "begin":
                return lambda *args, **options: pytest.fail("called")
            raise AttributeError(name)

        def write(self, item: Any) -> None: ...

    class Attribute:
        begin = "Monday"

        def write(self, item: Any) -> None: ...

    ledger = Ledger()
    sk.run(testing.script("a"), ledger, Anything(), Attribute(), sinks.threaded(Ledger()))
    assert not ledger.began


@pytest.mark.parametrize("threaded", [False, True])
def test_a_begin_that_fails_is_a_failure_of_that_sink(threaded: bool):
    class Bad(Named):
        def begin(self, *, run_id: str) -> None:
            raise OSError("no disk")

    class Late(Named):
        async def begin(self, *, run_id: str) -> None: ...  # type: ignore[override]  # what a user may try

    for kind, told in ((Bad, "OSError: no disk"), (Late, "is a plain method")):
        bad, kept = kind(), sinks.memory()
        with pytest.raises(sk.SinkError, match=told):
            sk.run(testing.script("a"), sinks.threaded(bad) if threaded else bad, kept)
        assert kept.text == "a"
        assert bad.calls == ["complete"]


# -- sk.runs -----------------------------------------------------------------------------------------------------------


def test_runs_cancels_from_another_thread():
    run = sk.start(testing.script(*"abc", every=60.0), sinks.memory())
    assert list(sk.runs) == [run.id]
    assert sk.runs[run.id] is run
    threading.Thread(target=lambda: sk.runs[run.id].cancel()).start()
    assert run.result(10).outcome == "cancelled"
    assert run.id not in sk.runs
    assert sk.runs.get(run.id) is None


def test_runs_has_what_nobody_keeps_and_keeps_nothing_that_has_ended():
    named = Named()
    sk.start(testing.script(*"abc", every=60.0), named)
    (run,) = sk.runs.values()
    gone = weakref.ref(run)
    run.cancel()
    run.result(10)
    del run
    gc.collect()
    assert gone() is None


def test_a_run_whose_variable_is_gone_is_had_again_and_is_asked_once(reports: Reports):
    def failing(go_on: threading.Event) -> sk.Stream[Any]:
        async def body() -> AsyncIterator[str]:
            await soon(go_on.is_set)
            raise sk.ApiError("no")
            yield ""

        return sk.stream(body)

    first, second = threading.Event(), threading.Event()
    sk.start(failing(first))
    (id,) = sk.runs
    run = sk.runs[id]
    assert sk.runs[id] is run
    first.set()
    with pytest.raises(sk.ApiError, match="no"):
        run.result(10)
    del run
    sk.start(failing(second))
    (run,) = sk.runs.values()
    del run  # nobody has it any more
    second.set()
    while atwork.at_work:
        caught_up()
    assert [str(error) for error in reports.errors] == ["no"]


def test_the_stop_button_works_for_a_run_whose_variable_is_gone():
    kept = sinks.memory()
    sk.start(testing.script(*"abc", every=60.0), kept)
    (id,) = sk.runs
    sk.runs[id].cancel()
    (run,) = sk.runs.values() or [None]
    assert run is None or run.result(10).outcome == "cancelled"
    assert id not in sk.runs

    async def main() -> sk.Reply:
        id = sk.start(testing.script(*"abc", every=60.0)).id
        stopped = sk.runs[id]
        threading.Thread(target=lambda: sk.runs[id].cancel()).start()
        return await stopped

    assert asyncio.run(main()).outcome == "cancelled"


def test_threads_that_get_one_run_at_once_get_one_object():
    for _ in range(20):
        sk.start(testing.script(*"abc", every=60.0))
        (id,) = sk.runs
        gate, had = threading.Barrier(4), list[sk.Run[Any]]()

        def get(id: str = id, gate: threading.Barrier = gate, had: list[sk.Run[Any]] = had) -> None:
            gate.wait()
            had.append(sk.runs[id])

        threads = [threading.Thread(target=get) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert all(one is had[0] for one in had)
        had[0].cancel()
        had[0].result(10)


def test_runs_says_plainly_that_an_id_is_unknown():
    with pytest.raises(KeyError, match="no run 'nope' is at work: it has ended"):
        sk.runs["nope"]
    assert "nope" not in sk.runs
    assert repr(sk.runs) == "<runs at work: none>"
    with pytest.raises(TypeError):
        sk.runs["x"] = None  # type: ignore[index]  # it is read only


def test_runs_of_a_batch_are_those_of_its_prompts():
    seen: list[int] = []

    def ask(prompt: str) -> Any:
        return testing.script(prompt, "x").pipe(rxo.do_action(lambda _: seen.append(len(sk.runs))))

    assert len(list(sk.batch(["a", "b"], ask, concurrency=2))) == 2
    assert max(seen) >= 1


def test_runs_can_be_looked_through_while_others_begin_and_end():
    over, failures = threading.Event(), []

    def look() -> None:
        try:
            while not over.is_set():
                for id, run in sk.runs.items():
                    assert run.id == id
                assert all(isinstance(id, str) for id in sk.runs)
                assert all(isinstance(run, sk.Run) for run in sk.runs.values())
                repr(sk.runs)
        except BaseException as exc:
            failures.append(exc)

    watchers = [threading.Thread(target=look) for _ in range(2)]
    for watcher in watchers:
        watcher.start()

    def begin() -> None:
        for _ in range(15):
            sk.run(testing.script("a"))

    makers = [threading.Thread(target=begin) for _ in range(3)]
    for thread in makers:
        thread.start()
    for thread in makers:
        thread.join()
    over.set()
    for watcher in watchers:
        watcher.join()
    assert failures == []


def test_a_run_whose_loop_was_closed_under_it_is_no_longer_at_work():
    loop, sink = asyncio.new_event_loop(), Slotted()

    async def begin() -> str:
        return sk.start(sk.stream(rx.never()), sink).id

    id = loop.run_until_complete(begin())
    assert id in sk.runs
    loop.close()
    assert id not in sk.runs
    assert list(sk.runs.items()) == []
    assert sk.run(testing.script("a"), sink).outcome == "complete"


# -- one sink, one run -------------------------------------------------------------------------------------------------

HOLDERS: dict[str, Callable[[], Any]] = {
    "of a user": Named,
    "without hash": Slotted,
    "compares": Equal,
    "memory": sinks.memory,
    "console": lambda: sinks.console(io.StringIO()),
    "threaded": lambda: sinks.threaded(Named()),
    "batched": lambda: sinks.batched(lambda items, *, key: None),
}


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("kind", HOLDERS)
def test_a_sink_at_work_in_another_run_is_told_before_anything_is_asked(kind: str):
    sink, other = HOLDERS[kind](), sinks.memory()
    name = sk.branch(into=sink).name
    name = f"threaded({name})" if kind == "threaded" else name
    run = sk.start(testing.script(*"abc", every=60.0), sink)
    stream, count = asked()
    for begin in (
        lambda: sk.start(stream, other, sink),
        lambda: sk.run(stream, other, sk.branch(ops.text(), into=sink)),
        lambda: list(stream.pipe(ops.attach(other, sink))),
        lambda: sk.run(stream.pipe(ops.attach(sink))),
        lambda: asyncio.run(_awaited(stream, sink)),
    ):
        with pytest.raises(sk.SinkError) as told:
            begin()
        assert str(told.value) == ELSEWHERE.format(name, run.id)
    assert count == []
    sk.run(testing.script("b"), other)  # it was not held by those that were refused
    run.cancel()
    run.result(10)
    assert sk.run(testing.script("a"), sink).outcome == "complete"


async def _awaited(stream: Any, sink: Any) -> None:
    await sk.start(stream, sink)


@pytest.mark.parametrize("kind", ["of a user", "without hash", "memory"])
def test_a_sink_twice_in_one_run_is_told(kind: str):
    sink = HOLDERS[kind]()
    stream, count = asked()
    for begin in (
        lambda: sk.start(stream, sink, sk.branch(ops.text(), into=sink)),
        lambda: sk.run(stream, sinks.threaded(sink), sink),
        lambda: sk.run(stream, sinks.threaded(sink), sinks.threaded(sink)),
        lambda: list(stream.pipe(ops.attach(sink, sink))),
        lambda: sk.run(stream.pipe(ops.attach(sink)), sink),
        lambda: sk.run(stream.pipe(ops.attach(sink), ops.attach(sink))),
    ):
        with pytest.raises(sk.SinkError, match="twice in one run: give each branch its own"):
            begin()
    assert count == []
    sk.run(testing.script("a"), sink)


def test_two_that_are_equal_are_still_two():
    sk.run(testing.script("a"), Equal(), Equal(), Slotted(), Slotted())


def test_what_holds_no_run_may_be_shared():
    heard: list[str] = []

    class Callable_:
        def __call__(self, item: Any) -> None: ...

    async def coroutine(item: Any) -> None: ...

    listener, memory = sk.on(text=heard.append), sinks.memory()
    shared = [listener, heard.append, memory.write, coroutine, Callable_(), repr]
    runs = [sk.start(testing.script("a"), *shared, *shared) for _ in range(3)]
    for run in runs:
        run.result()
    list(testing.script("a").pipe(ops.attach(*shared)))
    assert [one for one in heard if isinstance(one, str)].count("a") == 7


def test_a_branch_may_be_used_again_but_not_meanwhile():
    branch = sk.branch(ops.text(), into=sinks.memory())
    for _ in range(2):
        sk.run(testing.script("a"), branch)
    run = sk.start(testing.script(*"abc", every=60.0), branch)
    with pytest.raises(sk.SinkError, match="in another run"):
        sk.start(testing.script("a"), branch)
    run.cancel()


WAYS: dict[str, Callable[[Any], object]] = {
    "complete": lambda sink: sk.run(testing.script("a"), sink),
    "broken": lambda sink: sk.run(testing.script("a", drop_after=0), sink),
    "an operator that cannot be applied": lambda sink: sk.run(testing.script("a").pipe(_bad), sink),
    "a stream that cannot be subscribed to": lambda sink: sk.run(
        sk.stream(rx.create(lambda *_: (_ for _ in ()).throw(KeyError("x")))), sink
    ),
    "a branch that cannot begin": lambda sink: sk.run(testing.script("a"), sk.branch(_bad, into=sink)),
    "an interrupt while it begins": lambda sink: sk.run(sk.stream(rx.create(lambda *_: _interrupt())), sink),
    "an interrupt in a sink": lambda sink: sk.run(testing.script("a"), sink, lambda _: _interrupt()),
    "a second sink that is none": lambda sink: sk.run(testing.script("a"), sink, 5),
    "a second sink that is at work": lambda sink: sk.run(testing.script("a"), sink, sink),
    "left": lambda sink: next(iter(testing.script(*"ab", every=0.01).pipe(ops.attach(sink)))),
    "attached, and broken": lambda sink: list(testing.script("a", drop_after=0).pipe(ops.attach(sink))),
    "attached, and not begun": lambda sink: list(sk.stream(rx.throw(KeyError("x"))).pipe(ops.attach(sink))),
    "the loop ended": lambda sink: asyncio.run(_forgotten(sink)),
    "the loop ended, attached": lambda sink: asyncio.run(_left(sink)),
    "cancelled at once": lambda sink: sk.start(testing.script(*"ab", every=1.0), sink).cancel(),
}


def _bad(source: Any) -> Any:
    raise KeyError("x")


def _interrupt() -> Any:
    raise KeyboardInterrupt


async def _forgotten(sink: Any) -> None:
    sk.start(testing.script(*"abc", every=60.0), sink)
    await asyncio.sleep(0)


async def _left(sink: Any) -> None:
    async for _ in testing.script(*"ab", every=0.01).pipe(ops.attach(sink)):
        return


@pytest.mark.parametrize("way", WAYS)
def test_a_sink_is_free_again_whatever_became_of_its_run(way: str):
    sink = Slotted()
    with suppress(sk.SinkError, sk.BrokenError, KeyError, KeyboardInterrupt, TypeError):
        WAYS[way](sink)
    assert sk.run(testing.script("b"), sink).outcome == "complete"
    assert sk.TextDelta("b") in sink.items


def test_what_is_cancelled_or_left_is_waited_for_not_refused():
    """A stop button, then the next question on the same screen."""

    class Slow(Named):
        on_cancel = "drain"

        async def write(self, item: Any) -> None:
            await asyncio.sleep(0.01)
            self.calls.append(item)

        async def close(self, reply: sk.Reply) -> None:
            await asyncio.sleep(2.0)
            self.calls.append(reply.outcome)

    async def main() -> None:
        runs = [sk.start(testing.script(*"abc", every=1.0), slow)]
        for _ in range(3):
            await asyncio.sleep(1.5)
            runs[-1].cancel()
            runs.append(sk.start(testing.script(*"xyz", every=1.0), slow))
            with pytest.raises(sk.SinkError, match="in another run"):
                sk.start(testing.script("z"), slow)
        assert [(await run).outcome for run in runs] == ["cancelled"] * 3 + ["complete"]
        closed = [call for call in slow.calls if call in ("cancelled", "complete")]
        begun = [call for call in slow.calls if isinstance(call, str) and len(call) == 32]
        assert closed == ["cancelled"] * 3 + ["complete"]
        assert begun == [run.id for run in runs]
        for first, second in pairwise(begun):  # closed before the next one began
            between = slow.calls[slow.calls.index(first) : slow.calls.index(second)]
            assert between[-1] == "cancelled"

    slow = Slow()
    with testing.clock() as clock:
        clock.run_coroutine(main())


def test_a_stream_that_was_left_is_waited_for_by_the_next_one():
    sink = Named()
    for _ in range(5):
        for _ in testing.script(*"abc", every=0.01).pipe(ops.attach(sink)):
            break
    sk.run(testing.script("c"), sink)
    begun = [index for index, call in enumerate(sink.calls) if isinstance(call, str) and len(call) == 32]
    assert len(begun) == 6
    assert all(sink.calls[index - 1] in ("stopped", "cancelled", "complete") for index in begun[1:])


def test_one_that_waited_and_is_cancelled_meanwhile_closes_its_sinks_all_the_same():
    class Slow(Named):
        async def close(self, reply: sk.Reply) -> None:
            await asyncio.sleep(3.0)
            self.calls.append(reply.outcome)

    async def main() -> None:
        slow, heard = Slow(), []
        first = sk.start(testing.script(*"abc", every=60.0), slow)
        await asyncio.sleep(1)
        first.cancel()
        second = sk.start(testing.script("b"), slow, sk.on(reply=lambda reply: heard.append(reply.outcome)))
        second.cancel()
        third = sk.start(testing.script("c"), slow)
        assert (await first).outcome == (await second).outcome == "cancelled"
        assert (await third).outcome == "complete"
        assert heard == ["cancelled"]

    with testing.clock() as clock:
        clock.run_coroutine(main())


def test_a_loop_that_ends_while_a_run_waits_ends_that_too():
    class Slow(Named):
        async def close(self, reply: sk.Reply) -> None:
            await asyncio.sleep(0.2)

    async def main() -> list[sk.Run]:
        first = sk.start(testing.script(*"abc", every=60.0), slow)
        await asyncio.sleep(0)
        first.cancel()
        return [first, sk.start(testing.script("b"), slow)]

    slow = Slow()
    with testing.clock() as clock:
        runs = clock.run_coroutine(main())
    assert [run.result(5).outcome for run in runs] == ["cancelled", "cancelled"]


def test_nobody_waits_for_ever_for_a_loop_that_stands_still():
    loop, sink = asyncio.new_event_loop(), Slotted()

    async def begin() -> sk.Run:
        return sk.start(testing.script(*"abc", every=60.0), sink)

    stuck = loop.run_until_complete(begin())
    stuck.cancel()
    with testing.clock() as clock:
        assert clock.run(testing.script("b"), sink).error is None
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


def test_threads_that_want_the_same_sink_get_it_one_at_a_time():
    class Single:
        def __init__(self) -> None:
            self.inside: set[int] = set()
            self.clashes = self.runs = 0

        def begin(self, *, run_id: str) -> None:
            self.clashes += bool(self.inside)
            self.inside.add(1)

        def write(self, item: Any) -> None: ...

        def close(self, reply: sk.Reply) -> None:
            self.inside.clear()
            self.runs += 1

    sink, refused, ready = Single(), [], threading.Barrier(4)

    def work() -> None:
        ready.wait()
        for _ in range(10):
            try:
                sk.run(testing.script("a"), sink)
            except sk.SinkError as exc:
                refused.append(str(exc))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not sink.clashes
    assert sink.runs + len(refused) == 40
    assert sink.runs >= 1
    assert all("sink Single is at work in another run" in one for one in refused)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="where there is fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_child_has_none_of_its_parents_runs():
    sink = Slotted()
    run = sk.start(testing.script(*"abc", every=60.0), sink)
    child = os.fork()
    if not child:
        code = 1
        with suppress(BaseException):
            code = 0 if not sk.runs and sk.run(testing.script("a"), sink).outcome == "complete" else 2
        sys.stdout.flush()
        os._exit(code)
    _, status = os.waitpid(child, 0)
    run.cancel()
    run.result(10)
    assert os.waitstatus_to_exitcode(status) == 0


def test_branches_that_could_not_begin_do_not_keep_their_sinks(monkeypatch: pytest.MonkeyPatch):
    def fails(*_: Any) -> None:
        raise MemoryError

    async def main() -> None:
        sink = sinks.memory()
        with monkeypatch.context() as patch:
            patch.setattr("streamkit.engine.branches.attach.Fan", fails)
            with pytest.raises(MemoryError):
                await sk.start(sk.stream([1, 2]).pipe(ops.attach(sink)))
        before = asyncio.get_running_loop().time()
        await sk.start(sk.stream([1]), sink)
        assert asyncio.get_running_loop().time() == before, "it waited for the sink"

    with testing.clock() as clock:
        clock.run_coroutine(main())
