"""One subscription to a batch: prompts are pulled as workers get free, answered, written down and handed on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, field, replace
from inspect import iscoroutine
from typing import Any

from reactivex import Observable

from ..checks import type_name
from ..engine.loops import failure_of, is_cancel
from ..engine.runs import Run
from ..engine.streams import ItemKind, Stream, with_kind
from ..errors import BrokenError, BudgetError, SinkError, StreamkitError
from ..events import Reply
from ..sources import items_of, opened, stream
from .costs import Costs
from .item import BatchItem
from .ledger import Book
from .pace import Pace, Ticket
from .plan import Plan
from .prompts import Unreadable, content_of, size_of

__all__ = ["Job", "stream_of"]


def stream_of(plan: Plan) -> Stream[BatchItem]:
    return with_kind(Stream(stream(lambda: Job(plan).items()), label="batch"), ItemKind("values", "batch"))


@dataclass(slots=True)
class Asked:
    """A prompt that has been pulled. ``before`` is set when the one before it was taken by the reader, ``done`` when
    this one was."""

    index: int
    prompt: Any
    key: str
    content: str | None
    before: asyncio.Event
    done: asyncio.Event = field(default_factory=asyncio.Event)

    def item(self, outcome: Any, **rest: Any) -> BatchItem:
        shown = self.prompt.text if isinstance(self.prompt, Unreadable) else self.prompt
        return BatchItem(self.key, shown, outcome, index=self.index, **rest)


class Job:
    """At most ``concurrency`` prompts have been pulled and not yet handed on, however slow the reader is."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._costs = Costs(plan.prices, plan.budget)
        time = asyncio.get_running_loop().time
        self._pace = Pace(plan.requests_per_minute, plan.tokens_per_minute, self._costs, time)
        self._prompts: AsyncGenerator[Any, None]
        self._book: Book | None = None
        self._workers: set[asyncio.Task[None]] = set()
        self._working = self._pulled = 0
        self._pulling = asyncio.Lock()
        self._last = asyncio.Event()
        self._last.set()
        self._puller: asyncio.Task[Any] | None = None
        self._answers: asyncio.Queue[tuple[Asked, BatchItem] | None] = asyncio.Queue()
        """At most one for each worker, who waits until it is taken."""
        self._under_way: dict[str, asyncio.Event] = {}
        self._ended = False
        self._failure: BaseException | None = None

    async def items(self) -> AsyncGenerator[BatchItem, None]:
        async with AsyncExitStack() as stack:
            if self._plan.ledger is not None:
                self._book = await stack.enter_async_context(self._plan.ledger.opened())
                self._costs.paid_before(self._book.spent, self._book.paid_for)
            self._prompts = self._given()
            stack.push_async_callback(self._dismiss)
            self._hire()
            while (answer := await self._answers.get()) is not None:
                asked, item = answer
                yield item
                asked.done.set()
        if self._failure is not None:
            raise self._failure

    async def _given(self) -> AsyncGenerator[Any, None]:
        async with aclosing(items_of(await opened(self._plan.prompts))) as prompts:
            async for prompt in prompts:
                yield prompt

    # -- workers ---------------------------------------------------------------------------------------------------

    def _hire(self) -> None:
        self._working += 1
        worker = asyncio.create_task(self._work(), name=f"streamkit batch worker {self._working}")
        self._workers.add(worker)

    async def _dismiss(self) -> None:
        for worker in self._workers:
            worker.cancel()
        await asyncio.wait(self._workers)
        await self._prompts.aclose()

    async def _work(self) -> None:
        try:
            while (asked := await self._next()) is not None:
                try:
                    item = await self._answer(asked)
                    if self._plan.ordered:
                        await asked.before.wait()
                    if item is not None:
                        self._answers.put_nowait((asked, item))
                        await asked.done.wait()
                finally:
                    asked.done.set()
        except BaseException as exc:
            if is_cancel(exc):
                raise
            failure = failure_of("what the batch calls", exc)
            self._stop(exc if failure is None else failure)
            if failure is None:  # KeyboardInterrupt or the like: nothing is waited for
                self._answers.put_nowait(None)
        self._working -= 1
        if not self._working:
            self._answers.put_nowait(None)

    async def _next(self) -> Asked | None:
        async with self._pulling:
            if self._ended:
                return None
            self._puller = asyncio.current_task()
            try:
                prompt = await self._pull()
            except StopAsyncIteration:
                self._ended = True
                return None
            except asyncio.CancelledError:
                if self._failure is None:
                    raise
                return None
            finally:
                self._puller = None
            asked = self._named(prompt)
            self._pulled += 1
            self._last = asked.done
            if self._working < self._plan.concurrency:
                self._hire()
            return asked

    async def _pull(self) -> Any:
        try:
            return await anext(self._prompts)
        except (StopAsyncIteration, StreamkitError):
            raise
        except BaseException as exc:
            if is_cancel(exc) or failure_of("the prompts", exc) is None:
                raise
            raise BrokenError.wrapping("the prompts failed:", exc) from exc

    def _stop(self, failure: BaseException) -> None:
        """What is under way goes on to its end, then this is raised."""
        self._ended = True
        if self._failure is None:
            self._failure = failure
        self._pace.stop()
        if self._puller is not None:
            self._puller.cancel()  # the next prompt may be long in coming

    # -- one prompt ------------------------------------------------------------------------------------------------

    def _named(self, prompt: Any) -> Asked:
        name, content = self._plan.key, content_of(prompt)
        key = None if name is None or isinstance(prompt, Unreadable) else name(prompt)
        key = content if key is None else key
        if key is None and self._book is not None:
            raise TypeError(f"a ledger needs a name for {type(prompt).__name__}, which is no JSON: pass key=")
        if key is not None and not isinstance(key, str):
            raise TypeError(f"key gives a str, not {type_name(key)}")
        return Asked(self._pulled, prompt, key or str(self._pulled), content, self._last)

    async def _answer(self, asked: Asked) -> BatchItem | None:
        if isinstance(asked.prompt, Unreadable):
            return asked.item("failed", error=asked.prompt.error)
        if self._book is None:
            return await self._ask(asked)
        while (other := self._under_way.get(asked.key)) is not None:
            await other.wait()  # the same prompt: its answer will be in the ledger
        self._under_way[asked.key] = mine = asyncio.Event()
        try:
            found = await self._book.find(asked.key, asked.content)
            if found is not None:
                return asked.item(found[0].outcome, reply=found[0], cost=found[1], from_ledger=True)
            item = await self._ask(asked)
            if item is not None and item.outcome != "skipped":
                await self._store(self._book, item, asked.content)
            return item
        finally:
            del self._under_way[asked.key]
            mine.set()

    async def _store(self, book: Book, item: BatchItem, content: str | None) -> None:
        try:
            await book.add(item, content)
        except OSError as exc:
            failure = SinkError.wrapping(f"ledger {book.name} cannot be written:", exc)
            self._stop(failure)  # what was answered is delivered all the same

    async def _ask(self, asked: Asked) -> BatchItem | None:
        """None if the batch has failed meanwhile, so that nothing more is to be asked."""
        ticket = await self._pace.admit(size_of(asked.prompt))
        if ticket is None and self._failure is not None:
            return None
        if ticket is None:
            spent, budget = self._costs.spent, self._costs.budget
            return asked.item(
                "skipped", error=BudgetError(f"not asked: {spent:g} of the budget of {budget:g} is spent")
            )
        run: Run | None = None
        reply: Reply | None = None
        error: StreamkitError | None = None
        try:
            run = Run(self._stream(asked.prompt), (), asyncio.get_running_loop())
            reply = await run
            if reply.outcome == "cancelled":
                raise BrokenError("the reply was cancelled from outside", partial=reply)
        except BaseException as exc:
            failure = failure_of("ask", exc)
            if failure is None or is_cancel(exc):
                if run is not None:
                    run._disown()
                raise
            reply, error = None, _ours(failure, run)
        so_far = reply or (error.partial if error is not None else Reply())
        cost = self._settle(ticket, _requests(run, so_far))
        return asked.item(so_far.outcome, reply=reply, error=error, cost=cost)

    def _stream(self, prompt: Any) -> Observable[Any]:
        answer = self._plan.ask(prompt)
        if not isinstance(answer, Observable):
            misuse = TypeError(f"ask(prompt) gives a stream, not {type(answer).__name__}")
            self._stop(misuse)  # it will for every prompt
            if iscoroutine(answer):
                answer.close()
            raise misuse
        return answer

    def _settle(self, ticket: Ticket, requests: Sequence[Reply]) -> float | None:
        try:
            return self._pace.settle(ticket, requests)
        except ValueError as exc:  # no price for that model, but a budget to keep
            self._stop(exc)
            return None


def _ours(failure: Exception, run: Run | None) -> StreamkitError:
    """What ``ask`` raised, or its stream, may be anything; an item's error is one of ours."""
    if isinstance(failure, StreamkitError):
        return failure
    so_far = replace(run.reply if run is not None else Reply(), outcome="failed")
    return StreamkitError.wrapping("ask, or its stream, raised", failure, partial=so_far)


def _requests(run: Run | None, reply: Reply) -> Sequence[Reply]:
    """The replies of all requests that one prompt took: rounds of tools, and those that lost a race."""
    if run is None:
        return ()
    replies = run.replies
    return replies if len(replies) > 1 else (reply,)
