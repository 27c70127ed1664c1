"""The handle of a stream at work: from any thread, any number of times."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

import streamkit as sk
from streamkit import testing
from tests.faults.bodies import START, say
from tests.faults.server import HANG, Server, head, serving
from tests.waiting import until

STUCK = [head(), START, say("kept"), HANG]


def stuck(server: Server) -> sk.Stream[Any]:
    return sk.Client(server.url, "key", model="m", retry=sk.Retry(attempts=0)).chat("hi")


def test_a_result_may_be_asked_for_again_and_by_many() -> None:
    run, got = sk.start(testing.script("a", "b")), []
    threads = [threading.Thread(target=lambda: got.append(run.result(5))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    async def main() -> list[sk.Reply]:
        return await asyncio.gather(run, run)

    assert [*got, *asyncio.run(main()), run.reply, run.last] == [run.result()] * 8
    assert run.result().text == "ab"


def test_a_result_that_takes_too_long_does_not_end_the_run() -> None:
    with serving(STUCK) as server:
        run = sk.start(stuck(server))
        with pytest.raises(TimeoutError):
            run.result(0.05)
        assert "running" in repr(run)
        run.cancel()
        assert run.result(5).outcome == "cancelled"
        assert "cancelled" in repr(run)


def test_an_error_is_raised_by_every_result() -> None:
    run = sk.start(testing.script("a", fail="no"))
    for _ in range(2):
        with pytest.raises(sk.ApiError) as caught:
            run.result(5)
        assert caught.value.partial.text == "a" == run.reply.text


def test_waiting_on_the_loop_that_does_the_work_is_refused() -> None:
    async def main() -> None:
        run = sk.start(testing.script("a"))
        with pytest.raises(RuntimeError, match="await it instead"):
            run.result()
        with pytest.raises(RuntimeError, match=r"await sk\.start"):
            sk.run(testing.script("a"))
        assert (await run).text == run.result().text == "a"

    asyncio.run(main())


def test_what_a_callback_of_run_starts_is_not_left_standing() -> None:
    runs: list[sk.Run] = []

    def ask(event: Any) -> None:
        if isinstance(event, sk.Reply):
            runs.extend(sk.start(testing.script("b", every=0.01)) for _ in range(3))

    assert sk.run(testing.script("a"), ask).text == "a"
    assert [run.result(5).text for run in runs[:2]] == ["b", "b"]
    with serving(STUCK) as server:
        sk.run(testing.script("a"), lambda event: runs.append(sk.start(stuck(server))) if not runs[3:] else None)
        with pytest.raises(TimeoutError):
            runs[3].result(0.2)
        assert until(lambda: runs[3].reply.text == "kept")
        runs[3].cancel()
        assert runs[3].result(5).outcome == "cancelled"
        assert server.all_closed()


def test_with_waits_at_a_normal_end_and_cancels_on_an_exception() -> None:
    with sk.start(testing.script("a", every=0.01)) as run:
        pass
    assert run.reply.outcome == "complete"
    with serving(STUCK) as server:
        with pytest.raises(ZeroDivisionError), sk.start(stuck(server)) as run:
            1 / 0  # noqa: B018
        assert run.result(5).outcome == "cancelled"

        async def main() -> None:
            async with sk.start(testing.script("a")) as run:
                pass
            assert run.reply.text == "a"
            with pytest.raises(ZeroDivisionError):
                async with sk.start(stuck(server)) as run:
                    1 / 0  # noqa: B018
            assert run.reply.outcome == "cancelled"

        asyncio.run(main())
        assert server.all_closed()


def test_a_run_without_branches_may_be_iterated_once() -> None:
    run = sk.start(testing.script("a"))
    assert next(reversed(list(run))) == run.result()
    for again in (run, sk.start(testing.script("a"), print)):
        with pytest.raises(RuntimeError, match="once"):
            iter(again)
    waited = sk.start(testing.script("a"))
    waited.result()
    with pytest.raises(RuntimeError, match="nobody waits"):
        iter(waited)


def test_leaving_the_iteration_of_a_run_cancels_it() -> None:
    with serving(STUCK) as server:
        run = sk.start(stuck(server))
        for event in run:
            if isinstance(event, sk.TextDelta):
                break
        assert run.result(5).outcome == "cancelled"
        assert server.all_closed()


def test_items_that_nobody_iterates_are_held_until_somebody_waits() -> None:
    pulled: list[int] = []

    def pieces() -> Any:
        for number in range(1500):
            pulled.append(number)
            yield "x"

    async def main() -> None:
        run = sk.start(sk.from_text(pieces))
        await asyncio.sleep(10.0)
        assert len(pulled) < 1100
        assert len((await run).text) == 1500

    testing.clock().run_coroutine(main())
