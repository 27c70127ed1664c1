"""Requests that nobody sends in good faith, as bytes, each with what it is to be answered with."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

CLOSING = {400, 408, 413, 431, 501, 505}
"""The connection ends after these: it is no longer clear what comes next on it, or the client wants it."""
STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")
CHAT = "/v1/chat/completions"
BODY = json.dumps({"messages": [{"role": "user", "content": "Hi"}]}).encode()


class Case(NamedTuple):
    name: str
    data: bytes
    expected: tuple[int, ...]
    """The statuses of all answers on the connection, in order."""


def request(
    body: bytes = BODY,
    *more: str,
    method: str = "POST",
    target: str = CHAT,
    version: str = "HTTP/1.1",
    host: str | None = "localhost",
    length: str | None = "",
) -> bytes:
    """One request that is right but for what is given."""
    lines = [f"{method} {target} {version}", *([] if host is None else [f"Host: {host}"]), *more]
    if length is not None:
        lines.append(f"Content-Length: {length or len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def of(value: object) -> bytes:
    return json.dumps(value).encode()


def last(body: bytes) -> bytes:
    """A request after which the client wants the connection to end."""
    return request(body, "Connection: close")


def chunked(data: bytes) -> bytes:
    return request(data, "Transfer-Encoding: chunked", length=None)


def get(target: str, *more: str, method: str = "GET") -> bytes:
    return request(b"", *more, method=method, target=target, length=None)


GOOD = request()


def lines() -> Iterator[Case]:
    yield Case("nothing but line ends", b"\r\n\r\n\r\n", (400,))
    yield Case("words", b"hello there\r\n\r\n", (400,))
    yield Case("nul bytes", b"\0" * 100, (400,))
    yield Case("a nul byte in the target", request(target="/v1/\0chat"), (400,))
    yield Case("a nul byte in a header", request(BODY, "X: a\0b"), (400,))
    yield Case("hello of TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)) * 2, (400,))
    yield Case("preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", (505,))
    yield Case("HTTP/2.0", request(version="HTTP/2.0"), (505,))
    yield Case("HTTP/3", request(version="HTTP/3"), (400,))
    yield Case("HTTP/0.9", b"GET /v1/models\r\n\r\n", (400,))
    yield Case("http/1.1 in lower case", request(version="http/1.1"), (400,))
    yield Case("SSH", b"SSH-2.0-OpenSSH_9.6\r\n", (408,))
    yield Case("a tab for a space", b"GET\t/v1/models\tHTTP/1.1\r\nHost: localhost\r\n\r\n", (400,))
    yield Case("a method that is none", request(method="P(ST"), (400,))
    yield Case("a method of 60 KB", request(method="P" * 60_000), (405,))
    yield Case("a target of 1 MB", request(target="/" + "a" * 1_000_000), (431,))
    yield Case("a header of 1 MB", request(BODY, "X: " + "y" * 1_000_000), (431,))
    yield Case("a header without an end", b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 70_000, (431,))
    yield Case("ten thousand headers", request(BODY, *["a: b"] * 10_000), (200,))
    yield Case("a hundred thousand headers", request(BODY, *["a: b"] * 100_000), (431,))
    yield Case("a header without a colon", request(BODY, "just words"), (400,))
    yield Case("a header without a name", request(BODY, ": x"), (400,))
    yield Case("a space before the colon", request(BODY, "X : y"), (400,))
    yield Case("a folded header", request(BODY, "X: a\r\n b"), (200,))
    yield Case("a header that begins folded", b"GET / HTTP/1.1\r\n folded: x\r\n\r\n", (400,))
    yield Case("a bare carriage return", request(BODY, "X: a\rY: b"), (400,))


def targets() -> Iterator[Case]:
    yield Case("CONNECT", request(b"", method="CONNECT", target="example.com:443"), (404,))
    yield Case("CONNECT to an endpoint", request(b"", method="CONNECT", target=CHAT), (405,))
    yield Case("OPTIONS *", request(b"", method="OPTIONS", target="*"), (404,))
    yield Case("TRACE", request(b"", method="TRACE"), (405,))
    yield Case("HEAD", request(b"", method="HEAD"), (405,))
    yield Case("whole URL", request(target=f"http://localhost{CHAT}"), (200,))
    yield Case("whole URL of another host", request(target=f"http://evil.example{CHAT}"), (403,))
    yield Case("URL that cannot be", get("http://[bad"), (403,))
    yield Case("URL of a file", get("file:///etc/passwd"), (404,))
    yield Case("a path that climbs", get("/v1/../../etc/passwd"), (404,))
    yield Case("two slashes", request(target=f"/{CHAT}"), (200,))
    yield Case("only slashes", get("/" * 60_000), (404,))
    yield Case("many deployments", request(target="/deployments/" * 4_500 + "x"), (404,))
    yield Case("many deployments and an endpoint", request(target="/deployments/" * 4_500 + "models"), (405,))
    yield Case("many /chat", request(target="/chat" * 12_000), (404,))
    yield Case("per cent", request(target="/v1/chat%2Fcompletions"), (404,))
    yield Case("per cent without digits", get("/v1/models?%zz=%"), (200,))
    yield Case("a long query", get("/v1/models?" + "a=b&" * 15_000), (200,))
    yield Case("a target that is not ASCII", request(target="/v1/chät"), (400,))
    yield Case("a fragment", request(target=f"{CHAT}#x"), (200,))


def lengths() -> Iterator[Case]:
    yield Case("two lengths", request(BODY, "Content-Length: 5"), (400,))
    yield Case("the same length twice", request(BODY, f"Content-Length: {len(BODY)}"), (200,))
    yield Case("negative length", request(length="-1"), (400,))
    yield Case("a length in words", request(length="ten"), (400,))
    yield Case("a length with a sign", request(length="+5"), (400,))
    yield Case("a length of 30 digits", request(length="9" * 30), (400,))
    yield Case("a length of 1 TB", request(length=str(10**12)) + b"x" * 100_000, (413,))
    yield Case("length and chunks", request(b"0\r\n\r\n", "Transfer-Encoding: chunked", length="3"), (400,))
    yield Case("an unknown coding", request(b"", "Transfer-Encoding: gzip, chunked", length=None), (501,))
    yield Case("chunked twice", request(b"", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"), (501,))
    yield Case("a chunk of nonsense", chunked(b"nonsense\r\n"), (400,))
    yield Case("a negative chunk", chunked(b"-5\r\nhello\r\n0\r\n\r\n"), (400,))
    yield Case("a chunk of 21 digits", chunked(b"f" * 21 + b"\r\n"), (400,))
    yield Case("a chunk that is longer", chunked(b"2\r\nhello\r\n0\r\n\r\n"), (400,))
    yield Case("a chunk with an endless line", chunked(b"5;" + b"x" * 200_000), (431,))
    yield Case("endless trailers", chunked(b"0\r\n" + b"a: b\r\n" * 50_000), (431,))
    yield Case("chunks of one byte", chunked(b"".join(b"1\r\n%c\r\n" % c for c in BODY) + b"0\r\n\r\n"), (200,))
    yield Case("chunks beyond the limit", chunked(b"10000\r\n" + b" " * 65536 + b"\r\n0\r\n\r\n"), (413,))
    yield Case("a body beyond the limit", request(b" " * 70_000), (413,))


def bodies() -> Iterator[Case]:
    yield Case("no body", last(b""), (400,))
    yield Case("JSON that is deep", last(b"[" * 60_000), (400,))
    yield Case("deep in place", last(b'{"messages": ' + b"[" * 900 + b"]" * 900 + b"}"), (200,))
    yield Case("a huge number", last(b'{"messages": [], "n": ' + b"9" * 50_000 + b"}"), (400,))
    yield Case("a lone surrogate", last(b'{"messages": [], "model": "\\ud800", "stream": true}'), (200,))
    yield Case("a lone surrogate in a whole reply", last(b'{"messages": [], "model": "\\ud800"}'), (200,))
    yield Case("no UTF-8", last(b'{"messages": ["\xff\xfe\xfa"]}'), (400,))
    yield Case("UTF-16", last('{"messages": []}'.encode("utf-16")), (200,))
    yield Case("NaN", last(b'{"messages": [NaN, Infinity]}'), (200,))
    yield Case("a number", last(b"1"), (400,))
    yield Case("messages of every kind", last(of({"messages": [1, None, [], {}, "x", {"content": [1]}]})), (200,))
    yield Case("options of the wrong type", last(of({"messages": [], "stream_options": 5, "stream": "yes"})), (200,))
    yield Case("a model that is no name", last(of({"messages": [], "model": ["x"]})), (400,))
    yield Case("a model with a name of 50 KB", last(of({"messages": [], "model": "x" * 50_000})), (400,))


def doors() -> Iterator[Case]:
    yield Case("no host", request(host=None), (400,))
    yield Case("no host in HTTP/1.0", request(host=None, version="HTTP/1.0"), (200,))
    yield Case("two hosts", request(BODY, "Host: localhost"), (400,))
    yield Case("no name in the host", request(host=""), (403,))
    yield Case("a host that is rebound", request(host="evil.example"), (403,))
    yield Case("one that begins like us", request(host="localhost.evil.example"), (403,))
    yield Case("one that ends like us", request(host="evil.localhost"), (403,))
    yield Case("an address in a name", request(host="127.0.0.1.nip.example"), (403,))
    yield Case("an address of others", request(host="192.168.0.1"), (403,))
    yield Case("a user in the host", request(host="evil.example@127.0.0.1"), (403,))
    yield Case("a port in words", request(host="localhost:http"), (403,))
    yield Case("half an address", request(host="[::1"), (403,))
    yield Case("a host of 60 KB", request(host="a." * 30_000), (403,))
    yield Case("another page", request(BODY, "Origin: https://evil.example"), (403,))
    yield Case("a page without a name", request(BODY, "Origin: null"), (403,))
    yield Case("another port's page", request(BODY, "Origin: http://localhost:3000"), (403,))
    yield Case("an empty origin", request(BODY, "Origin:"), (403,))
    yield Case("another page's preflight", get(CHAT, "Origin: http://a.b", method="OPTIONS"), (403,))


def manners() -> Iterator[Case]:
    yield Case("an upgrade", request(BODY, "Connection: upgrade", "Upgrade: websocket"), (200,))
    yield Case("an upgrade to HTTP/2", request(BODY, "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c"), (200,))
    yield Case("an expectation of nothing", request(BODY, "Expect: wonders"), (200,))
    yield Case("garbage behind a request", GOOD + b"\0garbage\r\n\r\n", (200, 400))
    yield Case("a second request that is cut off", GOOD + GOOD[:20], (200, 408))
    yield Case("a hundred at once", GOOD * 100, (200,) * 100)
    yield Case("more behind the last one", request(BODY, "Connection: close") + b"more" * 10_000, (200,))
    yield Case("HTTP/1.0 that would stay", request(BODY, "Connection: keep-alive", version="HTTP/1.0"), (200,))


CASES = [case for part in (lines, targets, lengths, bodies, doors, manners) for case in part()]
BODY_LIMIT = 65_000
"""What some cases are beyond."""


async def statuses(port: int, data: bytes, enough: int | None = None) -> list[int]:
    """Of the answers on one connection: ``enough`` of them, or all until the server has closed it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    got = bytearray()
    try:
        writer.write(data)
        while enough is None or len(STATUS.findall(got)) < enough:
            piece = await reader.read(65536)
            if not piece:
                break
            got += piece
    except ConnectionError:  # what it did say was read before
        pass
    finally:
        writer.transport.abort()
    return [int(status) for status in STATUS.findall(got)]


async def wrong_answers(port: int, cases: Iterable[Case]) -> list[str]:
    """What was answered and should not have been, or how long it took. After a refusal, the connection has to end."""
    turn = asyncio.Semaphore(16)  # a busy machine must not come near the limits of time because of us

    async def ask(case: Case) -> str:
        enough = None if case.expected[-1] in CLOSING else len(case.expected)
        try:
            async with turn, asyncio.timeout(10):
                got = await statuses(port, case.data, enough)
        except TimeoutError:
            return f"{case.name}: no end"
        return "" if tuple(got) == case.expected else f"{case.name}: {got}"

    return [told for told in await asyncio.gather(*map(ask, cases)) if told]
