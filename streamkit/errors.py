"""Errors, named by the situation in which they are raised::

    StreamkitError
    ├── ConnectError      connect        no connection: refused, unknown host, TLS, no usable address or key
    ├── StatusError       http_status    the server said no; .retry_after, .body, .code, .error_type, .param
    ├── BrokenError       stream_broken  the reply was cut: reset, half a body, no sign of an end
    ├── StalledError      stalled        a clock of `Limits` ran out; .clock says which
    ├── MalformedError    malformed      an answer that is not a reply: HTML, bad JSON, wrong shapes
    ├── ApiError          api_error      the server reported an error inside the reply; .code, .error_type, .param
    ├── TooLargeError     too_large      a size of `Limits` was exceeded
    ├── SinkError         sink           a sink raised, or was slower than its limit
    ├── BudgetError       budget         a budget of tokens or money was used up
    ├── BusError          bus            a bus has no such reply or position, or its server refuses; .reason
    └── AllFailedError    all_failed     every alternative failed; also an ExceptionGroup of the failures

Whatever was delivered before the failure stays valid and is on ``.partial``. Misuse of the library is a plain
TypeError, ValueError or RuntimeError. The caller asks for a cancel, so it is not an error.

A message is one line, whatever foreign names and texts it quotes: no part of it can begin a new line of a log.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar, Self

from .events import Outcome, Reply
from .wording import described, excerpt, one_line, said

__all__ = [
    "AllFailedError",
    "ApiError",
    "BrokenError",
    "BudgetError",
    "BusError",
    "ConnectError",
    "MalformedError",
    "SinkError",
    "StalledError",
    "StatusError",
    "StreamkitError",
    "TooLargeError",
    "described",
    "excerpt",
    "one_line",
    "said",
]


class StreamkitError(Exception):
    """The base of all errors of this package. ``kind`` is a stable name, ``partial`` the reply so far (never None).

    ``retryable``: asking again may help. ``given_up``: a retry policy has asked again as often as it may, or the server
    wants it to wait for longer than it may, so no policy around it asks once more.
    """

    kind: ClassVar[str] = "error"
    outcome: ClassVar[Outcome] = "failed"

    def __init__(
        self,
        message: str,
        *,
        partial: Reply | None = None,
        retryable: bool = False,
        status: int | None = None,
        request_id: str | None = None,
        clock: str | None = None,
    ) -> None:
        super().__init__(one_line(str(message)))
        self.retryable = retryable
        self.status = status
        self.request_id = request_id
        self.clock = clock
        self.given_up = False
        self.partial = partial or Reply()
        self._identity = object()

    @classmethod
    def wrapping(cls, what: str, cause: BaseException, **details: Any) -> Self:
        """An exception of foreign code, as an error of this class. The message is ``what``, as in "sink x raised", with
        the class and the text of ``cause``, which is its ``__cause__``. ``details`` are arguments of the class."""
        error = cls(f"{what} {described(cause)}", **details)
        error.__cause__ = cause
        return error

    def with_partial(self, partial: Reply) -> Self:
        """The same failure with another partial reply: the part of it that one consumer may see."""
        twin = self._twin()
        twin.__dict__.update(vars(self))
        twin.partial = partial
        if notes := getattr(self, "__notes__", None):
            twin.__notes__ = [*notes]  # a copy, as notes may be added to either
        twin.__cause__, twin.__traceback__ = self.__cause__, self.__traceback__
        return twin

    def _twin(self) -> Self:
        """An error of the same class and message, whatever arguments the constructor of a user's class takes."""
        return type(self).__new__(type(self), *self.args)

    def as_given_up(self) -> Self:
        """The same failure as it leaves a policy that does not ask again: for retry policies that users write."""
        twin = self.with_partial(self.partial)
        twin.given_up = True
        return twin

    def is_same(self, other: object) -> bool:
        """True for the failure itself and for copies of it that `with_partial` or `as_given_up` made."""
        return isinstance(other, StreamkitError) and other._identity is self._identity

    @property
    def partial(self) -> Reply:
        """The part of the reply that had arrived; its ``outcome`` is ``failed`` or ``truncated``."""
        return self._partial

    @partial.setter
    def partial(self, reply: Reply) -> None:
        self._partial = replace(reply, outcome=self.outcome)


class ConnectError(StreamkitError):
    """No connection to the server, so no request was made."""

    kind = "connect"


class _Worded(StreamkitError):
    """An error in the server's own words: ``code``, ``error_type`` and ``param`` as it sent them, None where it sent
    none."""

    def __init__(
        self,
        message: str,
        *,
        code: str | int | None = None,
        error_type: str | None = None,
        param: str | None = None,
        **details: Any,
    ) -> None:
        super().__init__(message, **details)
        self.code = code
        self.error_type = error_type
        self.param = param


class StatusError(_Worded):
    """The server answered with an HTTP error. ``retry_after`` is the pause it asked for, in seconds;
    ``code``, ``error_type`` and ``param`` are taken from its ``body``."""

    kind = "http_status"

    def __init__(self, message: str, *, retry_after: float | None = None, body: str = "", **details: Any) -> None:
        super().__init__(message, **details)
        self.retry_after = retry_after
        self.body = body


class BrokenError(StreamkitError):
    """The reply ended before the server said so."""

    kind = "stream_broken"
    outcome: ClassVar[Outcome] = "truncated"


class StalledError(StreamkitError):
    """A clock ran out: ``clock`` is its name in `Limits`, or ``first``, ``between``, ``total`` of `ops.time_limits`."""

    kind = "stalled"
    outcome = "truncated"


class MalformedError(StreamkitError):
    """The answer does not have the agreed form: it is not an event stream, not JSON, or has another shape."""

    kind = "malformed"


class ApiError(_Worded):
    """The server reported an error inside the reply, in one of the many forms there are."""

    kind = "api_error"


class TooLargeError(StreamkitError):
    """A line, an event, a body or the whole reply exceeded its limit."""

    kind = "too_large"


class SinkError(StreamkitError):
    """A sink raised (see ``__cause__``) or did not take an item in time; the other sinks went on."""

    kind = "sink"


class BudgetError(StreamkitError):
    """A budget was used up before this request was made, or it cannot be kept: a model has no price."""

    kind = "budget"


class BusError(StreamkitError):
    """A bus has no such reply, or not the asked position of it, or its server refuses commands. ``reason`` is
    ``unknown``, ``position``, ``malformed`` or ``refused``."""

    kind = "bus"

    def __init__(self, message: str, *, reason: str = "", **details: Any) -> None:
        super().__init__(message, **details)
        self.reason = reason


class AllFailedError(StreamkitError, ExceptionGroup[Exception]):
    """Every alternative failed; ``exceptions`` holds the failures in the order of the alternatives."""

    kind = "all_failed"

    def __new__(cls, message: str, exceptions: Sequence[Exception], **details: Any) -> AllFailedError:
        return ExceptionGroup.__new__(cls, one_line(message), exceptions)

    def __init__(self, message: str, exceptions: Sequence[Exception], **details: Any) -> None:
        super().__init__(message, **details)

    def __reduce__(self) -> Any:  # for copy and pickle, as ``args`` is the message alone
        return AllFailedError, (self.message, list(self.exceptions)), vars(self)

    def _twin(self) -> Self:
        twin = ExceptionGroup.__new__(type(self), self.message, self.exceptions)
        twin.args = self.args
        return twin

    def derive(self, excs: Sequence[Any]) -> Any:
        return AllFailedError(self.message, excs, partial=self.partial)
