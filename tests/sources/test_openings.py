"""What a body is by its first bytes, whatever its label says, and wherever the reads are cut."""

from __future__ import annotations

import json
from itertools import combinations

import pytest

import streamkit as sk
from streamkit.sources.http.answers import Sniffer
from tests.faults.bodies import START, reply
from tests.faults.server import head, serving

BOM = b"\xef\xbb\xbf"
TYPES = ["text/html", "Text/HTML; charset=utf-8", "text/plain", "", "application/octet-stream", "text/event-stream"]
STREAMS = [
    b'data: {"a": 1}\n\n',
    b"data:x\n\n",
    b"event: message\ndata: {}\n\n",
    b"id:1\ndata: {}\n\n",
    b"retry: 10\n\ndata: {}\n\n",
    b": warming up\n\ndata: {}\n\n",
    b":\n\n",
]
LEADS = [b"", b"\n", b"\r\n\r\n", b" \n", BOM, BOM + b"\n"]
PAGES = [
    b"<html><body>no</body></html>",
    b"<!doctype html>",
    b"Bad gateway",
    b"database is down: data: x",
    b"dat",
    b"data",
    b"event",
    b"data </p>",
    b"identity: unknown",
    b"[warning] busy",
]


def opened(type: str, parts: list[bytes]) -> tuple[str, bytes]:
    """The kind of a body that came in ``parts``, and what of it was read."""
    sniffer = Sniffer(type)
    read = b"".join(sniffer.feed(part) for part in parts) + sniffer.flush()
    return sniffer.kind, read


def cuts(data: bytes) -> list[list[bytes]]:
    """Whole, at every place and at every two places, and byte by byte."""
    end = min(len(data), 16)
    places = [(), *combinations(range(1, end), 1), *combinations(range(1, end), 2), tuple(range(1, len(data)))]
    return [[data[a:b] for a, b in zip((0, *where), (*where, len(data)), strict=True)] for where in places]


@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize("body", STREAMS)
def test_an_event_stream_under_any_name(type: str, body: bytes) -> None:
    for lead in LEADS:
        for parts in cuts(lead + body):
            assert opened(type, parts) == ("stream", body), parts


@pytest.mark.parametrize("type", [type for type in TYPES if type != "text/event-stream"])
def test_a_document_under_any_name(type: str) -> None:
    body = b'{"choices": []}'
    for lead in LEADS:
        for parts in cuts(lead + body):
            assert opened(type, parts) == ("json", body), parts


@pytest.mark.parametrize("type", ["text/html", "text/html;charset=utf-8"])
@pytest.mark.parametrize("page", PAGES)
def test_html_is_no_reply(type: str, page: bytes) -> None:
    for lead in LEADS:
        for parts in cuts(lead + page):
            with pytest.raises(sk.MalformedError, match="text/html"):
                opened(type, parts)


@pytest.mark.parametrize("type", ["", "text/plain", "application/xhtml+xml"])
def test_a_page_under_another_name(type: str) -> None:
    for parts in cuts(b"\n<html>"):
        with pytest.raises(sk.MalformedError, match="not an event stream"):
            opened(type, parts)


@pytest.mark.parametrize("type", TYPES)
def test_nothing_but_white_space_is_nothing(type: str) -> None:
    for parts in cuts(b"\n \r\n\t\n"):
        assert opened(type, parts) == ("stream", b"")


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_a_stream_that_is_called_html_is_read(size: int) -> None:
    body = reply("fine")
    parts = [body[at : at + size] for at in range(0, 8, size)]
    rest = body[len(b"".join(parts)) :]
    script = [head(type="text/html; charset=utf-8"), *(step for part in parts for step in (part, 0.02)), rest]
    with serving(script) as server, sk.Client(server.url) as client:
        assert sk.run(client.chat("hi", model="m")).text == "fine"


def refused(page: bytes) -> sk.StreamkitError:
    with serving([head(type="text/html"), page]) as server, sk.Client(server.url) as client:
        try:
            sk.run(client.chat("hi", model="m"))
        except sk.StreamkitError as error:
            return error
    raise AssertionError("it was read")


def test_an_error_that_is_called_html_is_the_servers() -> None:
    body = json.dumps({"error": {"message": "no credit", "code": "c"}}).encode()
    error = refused(body)
    assert isinstance(error, sk.ApiError)
    assert error.code == "c"


@pytest.mark.parametrize("page", [b"da", b"<p>no</p>", START[:3] + b"base"])
def test_a_page_is_named_by_its_words(page: bytes) -> None:
    words = page.decode().removeprefix("<p>").removesuffix("</p>")
    error = refused(page)
    assert isinstance(error, sk.MalformedError)
    assert words in str(error)
