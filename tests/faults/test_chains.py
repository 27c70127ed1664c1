"""The exceptions behind the error of a request: which are told in one line, and which are not ours to shorten."""

from __future__ import annotations

import ssl
import traceback
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import reactivex as rx
from reactivex import operators as rxo

import streamkit as sk
from streamkit.sources.http.causes import shorten
from tests.faults.printed import KEY, caught, packages, shown
from tests.libraries import with_both


def test_frames_of_a_users_operator_stay():
    def refuse(item: Any) -> Any:
        raise sk.MalformedError("I want another one")

    error = caught(lambda: sk.run(sk.stream(rx.just(1)).pipe(rxo.map(refuse))))
    assert [frame.name for frame in traceback.extract_tb(error.__traceback__)][-1] == "refuse"
    assert set(packages(error)) == {"tests"}


def test_the_exception_of_a_users_sink_is_shown_whole():
    def sink(item: Any) -> None:
        raise KeyError("mine") from OSError("no")

    error = caught(lambda: sk.run(sk.stream(rx.just(1)), sink))
    assert isinstance(error.__cause__, KeyError)
    assert isinstance(error.__cause__.__cause__, OSError)
    assert packages(error.__cause__)[-1] == "tests"
    assert not hasattr(error, "__notes__")


class Own(Exception):
    pass


class Stubborn(OSError):
    """Like a frozen dataclass: its attributes cannot be set."""

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(name)


def asked_over(raising: Callable[[], None], library: Any = httpx) -> sk.StreamkitError:
    class Transport(library.AsyncBaseTransport):  # type: ignore[misc]
        async def handle_async_request(self, request: Any) -> Any:
            raising()
            raise AssertionError

    transport = library.AsyncClient(transport=Transport())
    with sk.Client("http://127.0.0.1:9/v1", KEY, model="m", transport=transport, retry=sk.Retry(attempts=0)) as client:
        return caught(lambda: sk.run(client.chat("hi")))


@with_both
def test_frames_of_a_users_transport_stay_though_its_exception_is_one_of_httpx(library: Any):
    def raising() -> None:
        raise library.ConnectError("mine") from OSError("below")

    error = asked_over(raising, library)
    assert packages(error.__cause__ or error) == ["tests", "tests"]
    assert error.__notes__ == [f"from {library.__name__}.ConnectError: mine <- OSError: below"]


@with_both
def test_a_chain_with_an_exception_of_the_user_stays_as_it_is(library: Any):
    def raising() -> None:
        try:
            raise Own("why") from OSError("below")
        except Own as exc:
            raise library.ConnectError("mine") from exc

    error = asked_over(raising, library)
    lines = "\n".join(shown(error))
    assert "Own: why" in lines
    assert "OSError: below" in lines
    assert not hasattr(error, "__notes__")


@pytest.mark.parametrize("below", [Own, OSError])
def test_what_a_user_has_suppressed_is_not_told(below: type[Exception]):
    def raising() -> None:
        try:
            raise below("why")
        except below:
            raise httpx.ConnectError("mine") from None

    error = asked_over(raising)
    assert "why" not in "\n".join(shown(error))
    assert not hasattr(error, "__notes__")


def test_an_exception_whose_attributes_cannot_be_set():
    try:
        raise Stubborn("no") from OSError("below")
    except Stubborn as exc:
        error = sk.BrokenError.wrapping("lost:", exc)
    shorten(error)
    assert "OSError: below" not in "".join(traceback.format_exception(error)).partition("from tests")[0]
    assert error.__notes__ == ["from tests.Stubborn: no <- OSError: below"]


def test_attempts_side_by_side_are_all_told():
    def raising() -> None:
        both = ExceptionGroup("both", [ConnectionRefusedError(111, "no"), ssl.SSLError("worse")])
        raise httpx.ConnectError("mine") from both

    [note] = asked_over(raising).__notes__
    assert note.startswith("from httpx.ConnectError: mine <- ExceptionGroup: ConnectionRefusedError: [Errno 111] no, ")
    assert "ssl.SSLError: " in note


def test_a_chain_that_goes_in_circles():
    def raising() -> None:
        first, second = httpx.ConnectError("1"), OSError("2")
        first.__cause__, second.__cause__ = second, first
        raise first

    assert asked_over(raising).__notes__ == ["from httpx.ConnectError: 1 <- OSError: 2"]


# -- secrets -------------------------------------------------------------------------------------------------------


def refused() -> OSError:
    return OSError(f"bad header {KEY}")


def with_a_note() -> OSError:
    error = OSError("no")
    error.add_note(f"sent {KEY}")
    return error


@pytest.mark.parametrize(
    "below",
    [
        refused,
        with_a_note,
        lambda: ExceptionGroup("both", [OSError("no"), refused()]),
        lambda: ExceptionGroup("both", [ExceptionGroup("more", [refused()])]),
        lambda: OSError("x" * 190 + KEY),
        lambda: Own(KEY),
    ],
)
@with_both
def test_a_key_behind_the_error_is_told_to_nobody(below: Callable[[], Exception], library: Any):
    def raising() -> None:
        raise library.ConnectError("mine") from below()

    error = asked_over(raising, library)
    text = "\n".join(shown(error)) + repr(vars(error))
    assert not any(KEY[:size] in text for size in range(8, len(KEY) + 1))


def test_what_was_told_of_one_is_not_told_of_its_twin():
    error = sk.BrokenError("no")
    error.add_note("first")
    twin = error.with_partial(sk.Reply())
    twin.add_note("second")
    assert (error.__notes__, twin.__notes__) == (["first"], ["first", "second"])
