"""What `Content-Encoding` says: codings that are read, codings that cannot be, and words that are none."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable

import httpx
import pytest

import streamkit as sk
from streamkit.sources.http.answers import inflater
from tests.faults.bodies import reply
from tests.faults.server import head, serving

BODY = reply("Hello", " world")
ONCE = sk.Retry(attempts=0)

READ: dict[str, bytes] = {
    "identity": BODY,
    "IDENTITY": BODY,
    "": BODY,
    ",": BODY,
    "none": BODY,
    "utf-8": BODY,
    "UTF8": BODY,
    "chunked": BODY,
    "text/event-stream": BODY,
    "binary, 8bit": BODY,
    "identity, identity": BODY,
    "no such coding": BODY,
    "gzip": gzip.compress(BODY),
    "X-GZip": gzip.compress(BODY),
    "deflate": zlib.compress(BODY),
    "gzip, identity": gzip.compress(BODY),
    "identity, gzip": gzip.compress(BODY),
    "utf-8,gzip , chunked": gzip.compress(BODY),
    "gzip;q=1": gzip.compress(BODY),
    "gzip, gzip": gzip.compress(gzip.compress(BODY)),
    "deflate, gzip": gzip.compress(zlib.compress(BODY)),
    "gzip, none, deflate": zlib.compress(gzip.compress(BODY)),
}
REFUSED = {
    "br": "br",
    "BR": "br",
    "zstd": "zstd",
    "compress": "compress",
    "x-compress": "x-compress",
    "lz4": "lz4",
    "identity, br": "br",
    "zstd, identity": "zstd",
    "gzip, br": "br",
    "br;q=1.0": "br",
    "none , Zstd": "zstd",
    ", ".join(["gzip"] * 40): "gzip",
}


@pytest.mark.parametrize(("encoding", "body"), READ.items(), ids=READ.keys())
def test_a_body_is_read_through_the_codings_that_are_named(encoding: str, body: bytes) -> None:
    with serving([head(content_encoding=encoding), body]) as server, sk.Client(server.url, retry=ONCE) as client:
        assert sk.run(client.chat("hi", model="m")).text == "Hello world"


@pytest.mark.parametrize(("encoding", "body"), READ.items(), ids=READ.keys())
@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_at_every_split(encoding: str, body: bytes, size: int) -> None:
    inflate = inflater(encoding, sk.Limits())
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    assert b"".join(inflate.feed(part) if inflate else part for part in parts) == BODY


def _served(encoding: str, body: bytes) -> sk.Reply:
    with serving([head(content_encoding=encoding), body]) as server, sk.Client(server.url, retry=ONCE) as client:
        return sk.run(client.chat("hi", model="m"))


def _mocked(encoding: str, body: bytes) -> sk.Reply:
    headers = {"content-type": "text/event-stream", "content-encoding": encoding}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, headers=headers, content=body))
    with sk.Client("http://localhost/v1", transport=transport, retry=ONCE) as client:
        return sk.run(client.chat("hi", model="m"))


@pytest.mark.parametrize("ask", [_served, _mocked])
@pytest.mark.parametrize(("encoding", "named"), REFUSED.items())
def test_what_cannot_be_read_is_refused_by_name(
    encoding: str, named: str, ask: Callable[[str, bytes], sk.Reply]
) -> None:
    body = b"" if "gzip" in encoding else b"\x1b\x07\x00"
    with pytest.raises(sk.MalformedError, match=rf"encoded as {named}\b") as caught:
        ask(encoding, body)
    assert not caught.value.retryable


def test_an_error_that_cannot_be_read_keeps_its_status() -> None:
    refusal = [head("401 No", content_encoding="br", content_length="3", connection="close"), b"\x1b\x07\x00"]
    with (
        serving(refusal) as server,
        sk.Client(server.url, retry=ONCE) as client,
        pytest.raises(sk.StatusError) as caught,
    ):
        sk.run(client.chat("hi", model="m"))
    assert caught.value.status == 401


def test_layers_together_stay_within_the_limits() -> None:
    bomb = gzip.compress(gzip.compress(bytes(2**22)))
    inflate = inflater("gzip, gzip", sk.Limits(event_bytes=2**16))
    assert inflate is not None
    with pytest.raises(sk.TooLargeError):
        inflate.feed(bomb)


@pytest.mark.parametrize(("encoding", "named"), [("br", "br"), ("identity, ZSTD", "zstd"), ("gzip, br", "br")])
def test_a_refusal_whose_words_cannot_be_read_names_their_coding(encoding: str, named: str) -> None:
    answer = head("400 Bad Request", content_encoding=encoding, content_type="application/json")
    with (
        serving([answer, b"\x8b\x03\x80no such thing\x03"]) as server,
        sk.Client(server.url, retry=ONCE) as client,
        pytest.raises(sk.StatusError, match=rf"HTTP 400 Bad Request: .* encoded as {named}\b") as caught,
    ):
        sk.run(client.chat("hi", model="m"))
    assert caught.value.body == ""


def test_a_refusal_that_is_readable_tells_its_own_words() -> None:
    body = gzip.compress(b'{"error": {"message": "no such model"}}')
    with (
        serving([head("400 Bad Request", content_encoding="gzip"), body]) as server,
        sk.Client(server.url, retry=ONCE) as client,
        pytest.raises(sk.StatusError, match=r"400.*: no such model"),
    ):
        sk.run(client.chat("hi", model="m"))
