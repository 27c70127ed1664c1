"""The parser: bytes to events, the last of which is the `Reply`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Any

from ..errors import BrokenError, MalformedError, StreamkitError, TooLargeError
from ..events import Event, Origin, Outcome, Reply
from ..stages import Fold
from ..wording import excerpt
from .apis import APIS, api_named
from .heartbeats import is_end
from .json_codec import load_json, quote_json
from .problems import stray_problem
from .sse import LIMIT, Item, NamedLine, ServerSentEvent

__all__ = ["Parser", "parse"]

STRAY = 64 * 1024
NAMES = ("data", "event", "id", "retry")


def parse(chunks: Iterable[bytes], api: str = "chat", **options: Any) -> Iterator[Event]:
    """The events of a body that comes in ``chunks``, however it is cut; the last one is the `Reply`.

    ``api`` is one of `APIS`; ``options`` are those of `Parser`. Any fault of the body is raised as a `StreamkitError`
    whose ``.partial`` holds the reply up to it; errors of ``chunks`` pass unchanged. Stops reading as soon as the
    server says that nothing follows.
    """
    return _parse(chunks, Parser(api, **options))


def _parse(chunks: Iterable[bytes], parser: Parser) -> Iterator[Event]:
    for chunk in chunks:
        yield from parser.feed(chunk)
        if parser.done:
            return
    yield from parser.flush()


class Parser:
    """A stage: bytes in, events out. After the `Reply` (`done`) everything is ignored.

    The events of a `feed` are made while they are taken, so each feed must be taken to its end before the next. Raises
    `StreamkitError` with ``.partial`` after the events that came before the fault. ``lenient`` takes a clean end for
    a complete reply even if the server did not say so. ``event_bytes`` and ``reply_bytes`` are limits of size;
    without ``keep_text`` the Reply has no text, and a reply of any length takes no more memory than a short one (except
    with the Responses API, which repeats every text at its end). ``origin`` is the server and model that were asked.
    """

    def __init__(
        self,
        api: str = "chat",
        *,
        lenient: bool = False,
        event_bytes: int | None = LIMIT,
        reply_bytes: int | None = None,
        keep_text: bool = True,
        request_id: str | None = None,
        attempts: int = 1,
        origin: Origin | None = None,
    ) -> None:
        entry = self._api = api_named(api)
        self.done = False
        self.lenient = lenient
        self.attempts = attempts
        self.besides: dict[str, Any] = {}
        """Further fields of the Reply, from the HTTP response; they may be set later."""
        self.fold = Fold(reply_bytes=reply_bytes, keep_text=keep_text)
        self._dialect = entry.dialect(request_id)
        self._dialect.origin = origin or (None if entry.native else Origin(entry.name))
        self._framing = entry.framing
        self._decoder = entry.framing.decoder(sys.maxsize if event_bytes is None else event_bytes)
        self._has_read_items = False
        self._failed = False
        self._stray: list[str] = []
        self._stray_size = 0

    @property
    def request_id(self) -> str | None:
        """The request id of the HTTP response. It may be set later: no event has it before the first chunk."""
        return self._dialect.request_id

    @request_id.setter
    def request_id(self, request_id: str | None) -> None:
        self._dialect.request_id = request_id

    @property
    def origin(self) -> Origin | None:
        """The server and model that were asked. It may be set later: no event has it before the first chunk."""
        return self._dialect.origin

    @origin.setter
    def origin(self, origin: Origin | None) -> None:
        self._dialect.origin = origin

    @property
    def finished(self) -> bool:
        """True if the server said, in one way or another, that the reply is whole, and reported no error."""
        return self._dialect.finished and not self._failed

    def reply(self, outcome: Outcome | None = None) -> Reply:
        """The reply so far; from any thread."""
        return self.fold.reply(
            outcome,
            id=self._dialect.id,
            model=self._dialect.model,
            request_id=self.request_id,
            origin=self._dialect.origin,
            attempts=self.attempts,
            warnings=tuple(self._dialect.warnings),
            **self.besides,
        )

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """The events that ``chunk`` completes."""
        if self.done:
            return
        try:
            for item in self._items(chunk):
                for event in self._events(item):  # `_take` would add a generator for each item
                    self.fold.feed(event)
                    yield event
                if self._dialect.done:
                    yield self._end()
                    return
            if self._decoder.error is not None:
                raise self._decoder.error
        except StreamkitError as exc:
            self._attach_partial(exc)
            raise

    def feed_object(self, chunk: dict[str, Any]) -> Iterator[Event]:
        """The events of a chunk that is parsed already."""
        return self._with_partial(self._feed_object(chunk))

    def body(self, data: bytes) -> Iterator[Event]:
        """The events of a reply that came as one JSON document instead of a stream, with the `Reply`.

        A stream that was announced as JSON is read all the same.
        """
        return self._with_partial(self._body(data))

    def flush(self) -> Iterator[Event]:
        """The events that a clean end of the body completes, with the `Reply`; `BrokenError` if the reply was not
        finished.

        An unfinished last block counts if it is the end mark or holds a whole JSON object.
        """
        return self._with_partial(self._flush())

    def _with_partial(self, events: Iterator[Event]) -> Iterator[Event]:
        if self.done:
            return
        try:
            yield from events
        except StreamkitError as exc:
            self._attach_partial(exc)
            raise

    def _attach_partial(self, error: StreamkitError) -> None:
        self._failed = True
        error.partial = self.reply()
        error.request_id = error.request_id or self.request_id

    def _take(self, events: Iterable[Event]) -> Iterator[Event]:
        for event in events:
            self.fold.feed(event)
            yield event
        if self._dialect.done:
            yield self._end()

    def _end(self) -> Reply:
        problem = self._dialect.verdict()
        if problem is not None:
            raise (self._foreign_api_error() if isinstance(problem, BrokenError) else None) or problem
        self.done = True
        return self.reply()

    def _items(self, chunk: bytes) -> Iterable[Item | str]:
        """Events and unknown lines in the order in which they came."""
        items, stray = self._decoder.split(chunk), self._decoder.stray
        self._has_read_items = self._has_read_items or bool(items)
        return _merged(items, stray) if stray else items

    def _events(self, item: Item | str) -> Iterable[Event]:
        if isinstance(item, bytes):
            return self._dialect.feed_line(item)
        if isinstance(item, NamedLine):
            return self._dialect.feed_line(item.data, item.name)
        if isinstance(item, ServerSentEvent):
            return self._dialect.feed(item)
        self._keep(item)
        return ()

    def _keep(self, stray: str) -> None:
        """Keep an unknown line, up to a bound."""
        self._check(stray)
        if self._stray_size < STRAY:
            self._stray.append(stray)
            self._stray_size += len(stray)

    def _feed_object(self, chunk: dict[str, Any]) -> Iterator[Event]:
        self._dialect.expect_halves()
        yield from self._take(self._dialect.feed_object(chunk))

    def _body(self, data: bytes) -> Iterator[Event]:
        if len(data) > self._decoder.limit:
            raise TooLargeError(f"a body of more than {self._decoder.limit} bytes")
        if not data.strip():
            raise BrokenError("the body is empty", retryable=True)
        if self._framing.is_stream(data):
            yield from self.feed(data)
            yield from self.flush()
            return
        value = _document(data)
        yield from self._take(self._dialect.feed_body(value))
        if not self._dialect.opened:
            raise (
                self._dialect.complaint
                or self._foreign_api_error()
                or MalformedError(f"JSON that is not a reply: {quote_json(value)}")
            )
        if self.done:
            return
        if not (self._dialect.whole_documents or self.finished or self.lenient):
            raise BrokenError("the reply was cut: nothing says that it is whole", retryable=not self._dialect.said)
        yield from self._close()

    def _flush(self) -> Iterator[Event]:
        for item in self._decoder.flush():
            yield from self._take(self._dialect.feed(item))
        rest = self._decoder.rest
        if rest is not None and _is_whole(rest):
            yield from self._take(self._dialect.feed(rest))
        if self.done:
            return
        if self._dialect.word:
            raise MalformedError(f"the body ends with a word that is not a chunk: {excerpt(self._dialect.word)}")
        tail = "".join(line for _, line in self._decoder.stray)
        self._check(tail)
        self._check("\n".join((*self._stray, tail)))  # JSON over several lines
        if self.finished or (self.lenient and self._dialect.opened):
            yield from self._close()
            return
        if not self._has_read_items and (self._stray or (tail and not any(name.startswith(tail) for name in NAMES))):
            raise MalformedError(f"not {self._framing.called}: {excerpt(' '.join((*self._stray, tail)))}")
        cut = BrokenError("the reply was cut: it ended before the server said so", retryable=not self._dialect.said)
        raise self._dialect.complaint or self._foreign_api_error() or cut

    def _foreign_api_error(self) -> MalformedError | None:
        """The error for a reply of which nothing was read because its chunks are those of another API; else None."""
        form = self._dialect.stranger
        if form is None or self._dialect.said or self._api.owns(form):
            return None
        name = next((name for name, api in APIS.items() if api.owns(form)), "")
        return (
            MalformedError(f"not of the API {self._api.name!r} but of {name!r}: {quote_json(form)}") if name else None
        )

    def _close(self) -> Iterator[Event]:
        for event in self._dialect.flush():
            self.fold.feed(event)
            yield event
        yield self._end()

    def _check(self, stray: str) -> None:
        problem = stray_problem(stray)
        if problem is not None:
            raise problem


def _merged(items: list[Item], stray: list[tuple[int, str]]) -> Iterator[Item | str]:
    done = 0
    for at, line in stray:
        yield from items[done:at]
        yield line
        done = at
    yield from items[done:]


def _is_whole(sse: ServerSentEvent) -> bool:
    if sse.damaged or is_end(sse.data.strip().strip('"')):
        return not sse.damaged
    try:
        return isinstance(load_json(sse.data), dict)
    except MalformedError:
        return False


def _document(data: bytes) -> Any:
    try:
        value = load_json(data.decode("utf-8-sig"))
    except UnicodeDecodeError as exc:
        raise MalformedError(f"not UTF-8: {excerpt(data.decode('utf-8', 'replace'))}") from exc
    single = isinstance(value, list) and len(value) == 1  # some servers put their error into a list
    return value[0] if single else value
