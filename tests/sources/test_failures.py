"""What is behind a failure of a request."""

from __future__ import annotations

from typing import Any

import pytest

import streamkit as sk
from streamkit.sources.http.causes import chain_of
from tests.libraries import with_both


def test_each_is_told_once_though_an_exception_is_its_own_cause() -> None:
    first, second, third = ValueError("1"), ValueError("2"), ValueError("3")
    first.__cause__, first.__context__, second.__context__ = second, third, first
    third.__cause__ = third
    assert [str(one) for one in chain_of(first)] == ["1", "2", "3"]
    assert list(chain_of(None)) == []


@with_both
def test_a_transport_that_raises_an_error_from_itself(library: Any) -> None:
    def handler(request: Any) -> Any:
        error = library.ReadError("lost")
        raise error from error

    client = sk.Client("http://localhost/v1", transport=library.MockTransport(handler), retry=sk.Retry(attempts=1))
    with client, pytest.raises(sk.BrokenError, match="lost"):
        sk.run(client.chat("hi", model="m"))
