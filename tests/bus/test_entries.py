"""The data of entries: what is written comes back, and what no bus has written is refused."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, strategies as st

import streamkit as sk
from streamkit import sinks
from streamkit.bus.entries import decode, encode
from streamkit.bus.home import Asked
from tests.reports import Reports
from tests.waiting import until

from .conftest import Storage

TEXTS = st.text(st.characters(exclude_categories=()), max_size=9)
EVENTS = st.one_of(
    st.builds(sk.TextDelta, TEXTS),
    st.builds(sk.TextDelta, TEXTS, index=st.integers(1, 3)),
    st.builds(sk.ReasoningDelta, TEXTS),
    st.builds(sk.ToolCall, id=TEXTS, name=TEXTS, arguments=TEXTS),
    st.just(sk.Start(model="m")),
)


@given(st.lists(EVENTS, min_size=1), st.sampled_from([None, sk.Reply(), sk.StatusError("no", status=400)]))
def test_what_is_written_comes_back(events: list[sk.Event], end: Any) -> None:
    found = decode(encode([*events, end] if end is not None else events))
    assert found[: len(events)] == events
    if isinstance(end, sk.StatusError):
        assert (type(found[-1]), str(found[-1]), found[-1].status) == (sk.StatusError, "no", 400)
    else:
        assert found[len(events) :] == ([] if end is None else [end])


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        (sk.ApiError("no", code="overloaded", param="model"), "code"),
        (sk.BusError("no", reason="unknown"), "reason"),
        (sk.StalledError("no", clock="first"), "clock"),
    ],
)
def test_errors_keep_their_details(error: sk.StreamkitError, detail: str) -> None:
    found = decode(encode([error]))[0]
    assert type(found) is type(error)
    assert getattr(found, detail) == getattr(error, detail)


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b"\xff", b"[[1]]", b'["a"]', b'[{"type":"error"}]', b"[" * 100_000, b'[{"type":"new"}]']
)
def test_what_no_bus_has_written_is_refused(data: bytes, storage: Storage) -> None:
    with pytest.raises(sk.MalformedError):
        decode(data)

    async def write() -> None:
        log = storage.log()
        epoch = (await log.open("r-1", "a")).epoch
        await log.append("r-1", epoch, 1, encode([sk.TextDelta("So far")]), last=False)
        await log.append("r-1", epoch, 2, data, last=True)
        await log.close()

    Asked(write).result(5)
    with pytest.raises(sk.MalformedError) as caught:
        sk.run(storage.bus().follow("r-1"))
    assert caught.value.partial.text == "So far"


def test_an_event_that_cannot_be_written_ends_the_reply(storage: Storage) -> None:
    replies = storage.bus()
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    writer = replies.writer("r-1", lambda: None)
    writer.add(sk.TextDelta("So far"))
    writer.add(sk.Other(raw={"deep": deep}))
    asyncio.run(writer.ended())
    assert isinstance(writer.failure, sk.SinkError)
    with pytest.raises(sk.StreamkitError, match="cannot be written to the bus") as caught:
        sk.run(replies.follow("r-1"))
    assert caught.value.partial.text == "So far"


def test_items_that_are_not_events_end_the_reply(storage: Storage) -> None:
    replies = storage.bus()
    with pytest.raises(sk.SinkError, match="takes the events of a reply, not str"):
        sk.run(sk.stream([sk.TextDelta("So far"), "so good"]), sinks.bus(replies, "r-1"))
    with pytest.raises(sk.SinkError, match="cannot be written to the bus") as caught:
        sk.run(replies.follow("r-1"))
    assert caught.value.partial.text == "So far"


def test_a_request_that_fails_unheard_is_logged(storage: Storage, reports: Reports) -> None:
    async def fail() -> None:
        raise sk.BusError("no", reason="refused")

    Asked(fail)
    assert until(lambda: any("nobody has asked for the answer of a bus" in str(text) for text in reports.messages))
