"""The stream of a reply: events, and the `Reply` as the last of them."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, TypeVar, overload

from reactivex import Observable, abc

from ...events import Event, Reply
from .has_reply import HasReply
from .operator import Keeps
from .stream import Stream, joined

__all__ = ["ReplyStream"]

U = TypeVar("U")


class ReplyStream(Stream[Event], HasReply):
    """The events of a reply, the last of which is the `Reply`: that is what ``await`` and `run` give.

    Functions that ask a model return one. Behind operators of this package that keep events (`ops.redact`, `ops.guard`,
    `ops.meter`, `ops.attach` and the like, see `ops.rewrite`) it still is one; behind any other operator it is a plain
    `Stream`, as the Reply may not have passed.
    """

    _where_reply = "reply = sk.run(stream), or reply = await stream"

    def _behind(self, operators: tuple[Callable[[Any], Any], ...]) -> type[Stream[Any]]:
        keeps = all(isinstance(operator, Keeps) for operator in operators)
        return ReplyStream if keeps else Stream

    @overload
    def __add__(self, other: ReplyStream) -> ReplyStream: ...
    @overload
    def __add__(self, other: Observable[U]) -> Stream[Event | U]: ...
    def __add__(self, other: Observable[Any]) -> Any:
        """This reply, then the other; the `Reply` at the end is that of the last one."""
        if isinstance(other, ReplyStream):
            return joined(self, other, Keeps)
        return super().__add__(other)

    @overload
    def __iadd__(self, other: ReplyStream) -> ReplyStream: ...
    @overload
    def __iadd__(self, other: Observable[U]) -> Stream[Event | U]: ...
    def __iadd__(self, other: Observable[Any]) -> Any:  # type: ignore[misc]  # mypy compares it with a plain __add__
        return self + other

    def _result(self, last: Any) -> Reply:
        if last is None:  # `ops.stop_when` ended it before its first item
            return Reply(outcome="stopped")
        if not isinstance(last, Reply):
            raise RuntimeError(f"the stream of a reply ended without its Reply, after {last!r}")  # noqa: TRY004
        return last

    if TYPE_CHECKING:

        def run(self, scheduler: abc.SchedulerBase | None = None) -> Reply: ...

        def __await__(self) -> Generator[Any, None, Reply]: ...
