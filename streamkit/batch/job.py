"""One subscription to a batch: prompts are pulled as workers become free, asked, stored in the ledger and emitted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import Any

from reactivex import Observable

from ..checks import type_name
from ..engine.failures import failure_of
from ..engine.loops import is_cancel
from ..engine.runs import Run
from ..engine.streams import ItemKind, Stream, with_kind
from ..errors import BrokenError, BudgetError, SinkError, StreamkitError
from ..events import Reply
from ..sources import pull_items, stream
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
class PulledPrompt:
    """A prompt that has been pulled. ``before`` is set when the reader has taken the item of the prompt before it,
    ``done`` when it has taken that of this one."""

    index: int
    prompt: Any
    key: str
    content: str | None
    before: asyncio.Event
    done: asyncio.Event = field(default_factory=asyncio.Event)

    def item(self, outcome: Any, **rest: Any) -> BatchItem:
        prompt = self.prompt.text if isinstance(self.prompt, Unreadable) else self.prompt
        return BatchItem(self.key, prompt, outcome, index=self.index, **rest)


class Job:
    """The workers of one subscription. However slow the reader is, at most ``concurrency`` prompts have been pulled and
    not yet emitted."""

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
        self._answers: asyncio.Queue[tuple[PulledPrompt, BatchItem] | None] = asyncio.Queue()
        """At most one for each worker, which waits until it is taken."""
        self._under_way: dict[str, asyncio.Event] = {}
        self._ended = False
        self._failure: BaseException | None = None

    async def items(self) -> AsyncGenerator[BatchItem, None]:
        async with AsyncExitStack() as stack:
            if self._plan.ledger is not None:
                self._book = await stack.enter_async_context(self._plan.ledger.opened())
                self._costs.paid_before(self._book.spent, self._book.paid_for)
            self._prompts = pull_items(self._plan.prompts)
            stack.push_async_callback(self._stop_workers)
            self._start_worker()
            while (answer := await self._answers.get()) is not None:
                entry, item = answer
                yield item
                entry.done.set()
        if self._failure is not None:
            raise self._failure

    # -- workers ---------------------------------------------------------------------------------------------------

    def _start_worker(self) -> None:
        self._working += 1
        worker = asyncio.create_task(self._work(), name=f"streamkit batch worker {self._working}")
        self._workers.add(worker)

    async def _stop_workers(self) -> None:
        for worker in self._workers:
            worker.cancel()
        await asyncio.wait(self._workers)
        await self._prompts.aclose()

    async def _work(self) -> None:
        try:
            while (entry := await self._next()) is not None:
                try:
                    item = await self._answer(entry)
                    if self._plan.ordered:
                        await entry.before.wait()
                    if item is not None:
                        self._answers.put_nowait((entry, item))
                        await entry.done.wait()
                finally:
                    entry.done.set()
        except BaseException as exc:
            if is_cancel(exc):
                raise
            failure = failure_of("what the batch calls", exc)
            self._stop(exc if failure is None else failure)
            if failure is None:  # KeyboardInterrupt or the like: prompts under way are not waited for
                self._answers.put_nowait(None)
        self._working -= 1
        if not self._working:
            self._answers.put_nowait(None)

    async def _next(self) -> PulledPrompt | None:
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
            entry = self._entry_for(prompt)
            self._pulled += 1
            self._last = entry.done
            if self._working < self._plan.concurrency:
                self._start_worker()
            return entry

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
        """Start no more prompts; ``failure`` is raised once those under way have ended."""
        self._ended = True
        if self._failure is None:
            self._failure = failure
        self._pace.stop()
        if self._puller is not None:
            self._puller.cancel()  # it may wait a long time for the next prompt

    # -- one prompt ------------------------------------------------------------------------------------------------

    def _entry_for(self, prompt: Any) -> PulledPrompt:
        name, content = self._plan.key, content_of(prompt)
        key = None if name is None or isinstance(prompt, Unreadable) else name(prompt)
        key = content if key is None else key
        if key is None and self._book is not None:
            raise TypeError(f"a ledger needs a name for {type(prompt).__name__}, which is not JSON: pass key=")
        if key is not None and not isinstance(key, str):
            raise TypeError(f"key gives a str, not {type_name(key)}")
        return PulledPrompt(self._pulled, prompt, key or str(self._pulled), content, self._last)

    async def _answer(self, entry: PulledPrompt) -> BatchItem | None:
        if isinstance(entry.prompt, Unreadable):
            return entry.item("failed", error=entry.prompt.error)
        if self._book is None:
            return await self._ask(entry)
        while (other := self._under_way.get(entry.key)) is not None:
            await other.wait()  # the same prompt: its answer will be in the ledger
        self._under_way[entry.key] = answered = asyncio.Event()
        try:
            stored = await self._book.find(entry.key, entry.content)
            if stored is not None:
                return entry.item(stored[0].outcome, reply=stored[0], cost=stored[1], from_ledger=True)
            item = await self._ask(entry)
            if item is not None and item.outcome != "skipped":
                await self._store(self._book, item, entry.content)
            return item
        finally:
            del self._under_way[entry.key]
            answered.set()

    async def _store(self, book: Book, item: BatchItem, content: str | None) -> None:
        try:
            await book.add(item, content)
        except OSError as exc:
            failure = SinkError.wrapping(f"ledger {book.name} cannot be written:", exc)
            self._stop(failure)  # the answer is delivered all the same

    async def _ask(self, entry: PulledPrompt) -> BatchItem | None:
        """Ask one prompt; None if the batch has failed meanwhile, so that it must not be asked."""
        ticket = await self._pace.admit(size_of(entry.prompt))
        if ticket is None and self._failure is not None:
            return None
        if ticket is None:
            spent, budget = self._costs.spent, self._costs.budget
            return entry.item(
                "skipped", error=BudgetError(f"not asked: {spent:g} of the budget of {budget:g} is spent")
            )
        run: Run | None = None
        reply: Reply | None = None
        error: StreamkitError | None = None
        try:
            run = Run(self._stream(entry.prompt), (), asyncio.get_running_loop())
            reply = await run
            if reply.outcome == "cancelled":
                raise BrokenError("the reply was cancelled from outside", partial=reply)
        except BaseException as exc:
            failure = failure_of("ask", exc)
            if failure is None or is_cancel(exc):
                if run is not None:
                    run._disown()
                raise
            reply, error = None, _as_item_error(failure, run)
        so_far = reply or (error.partial if error is not None else Reply())
        cost = self._settle(ticket, _requests(run, so_far))
        return entry.item(so_far.outcome, reply=reply, error=error, cost=cost)

    def _stream(self, prompt: Any) -> Observable[Any]:
        answer = self._plan.ask(prompt)
        if not isinstance(answer, Observable):
            misuse = TypeError(f"ask(prompt) gives a stream, not {type_name(answer)}")
            self._stop(misuse)  # every other prompt would fail in the same way
            raise misuse
        return answer

    def _settle(self, ticket: Ticket, requests: Sequence[Reply]) -> float | None:
        try:
            return self._pace.settle(ticket, requests)
        except ValueError as exc:  # that model has no price, so the budget cannot be kept
            self._stop(exc)
            return None


def _as_item_error(failure: Exception, run: Run | None) -> StreamkitError:
    """The exception that ``ask`` or its stream raised as a `StreamkitError`, which is what an item carries."""
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
