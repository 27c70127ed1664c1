"""Transports and clients of httpx and of httpx2, of every kind, given to a `Client`."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import Any

import httpx
import httpx2
import pytest

import streamkit as sk
from streamkit.sources.http.libraries import is_client, library_of
from tests.faults.bodies import reply
from tests.faults.server import HANG, KEEP, Server, chunked, head, serving
from tests.libraries import LIBRARIES, with_both

CLOSED = "http://127.0.0.1:9/v1"
ANSWER = [head(transfer_encoding="chunked"), chunked(reply("fine")), chunked(b""), KEEP]


async def ask(server: Server, given: Any) -> str:
    async with sk.Client(server.url, "key", model="m", transport=given) as client:
        return (await client.chat("hi")).text  # type: ignore[union-attr]  # the last event is the Reply


def around(library: Any) -> Any:
    """A transport of a user's own, which has another one make the connections."""

    class Around(library.AsyncBaseTransport):  # type: ignore[misc]
        def __init__(self) -> None:
            self.inner = library.AsyncHTTPTransport()

        async def handle_async_request(self, request: Any) -> Any:
            assert type(request) is library.Request
            return await self.inner.handle_async_request(request)

        async def aclose(self) -> None:
            await self.inner.aclose()

        async def send(self) -> None:
            """A transport with such a method is not a client."""

    return Around()


def below(library: Any) -> Any:
    return type("Below", (library.AsyncHTTPTransport,), {})()


def own_client(library: Any) -> Any:
    return type("Own", (library.AsyncClient,), {})()


KINDS = {
    "client": lambda library: library.AsyncClient(),
    "client of a subclass": own_client,
    "client with a transport": lambda library: library.AsyncClient(transport=around(library)),
    "transport": lambda library: library.AsyncHTTPTransport(),
    "transport of a subclass": below,
    "transport around another": around,
}


@with_both
@pytest.mark.parametrize("kind", KINDS)
def test_all_kinds_of_transports_send_the_same_request(kind: str, library: Any) -> None:
    async def main(server: Server) -> None:
        given = KINDS[kind](library)
        assert library_of(given) is library
        assert is_client(given) is kind.startswith("client")
        async with given:
            assert await ask(server, given) == await ask(server, given) == "fine"
        assert await ask(server, None) == "fine"

    with serving(ANSWER) as server:
        asyncio.run(main(server))
        first, second, ours = server.requests
        assert list(first.headers.items()) == list(second.headers.items()) == list(ours.headers.items())
        assert first.content == second.content == ours.content


@with_both
def test_a_transport_to_an_application_in_process(library: Any) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        assert dict(scope["headers"])[b"authorization"] == b"Bearer key"
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
        await send({"type": "http.response.body", "body": reply("fine")})

    transport = library.ASGITransport(application)
    with sk.Client("https://host/v1", "key", model="m", transport=transport) as client:
        assert sk.run(client.chat("hi")).text == "fine"


def test_a_transport_that_has_no_base_class_is_one_of_httpx() -> None:
    class Transport:
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            assert type(request) is httpx.Request
            return httpx.Response(200, content=reply("fine"))

    assert library_of(Transport()) is httpx
    with sk.Client("https://host/v1", "key", model="m", transport=Transport()) as client:
        assert sk.run(client.chat("hi")).text == "fine"


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
@pytest.mark.parametrize("kind", ["DefaultAsyncHttpxClient", "DefaultAioHttpClient"])
def test_the_http_client_of_an_official_library(provider: str, kind: str) -> None:
    pytest.importorskip("aiohttp")
    make = getattr(pytest.importorskip(provider), kind)

    async def main(server: Server) -> None:
        async with make(trust_env=False) as given:
            assert await ask(server, given) == "fine"

    with serving(ANSWER) as server:
        asyncio.run(main(server))


@with_both
def test_replies_that_wait_for_the_one_connection_of_a_given_client(library: Any) -> None:
    async def main(server: Server) -> None:
        async with library.AsyncClient(limits=library.Limits(max_connections=1)) as given:
            one = sk.Client(server.url, "key", model="m", transport=given)
            runs = [sk.start(one.chat("hi")) for _ in range(5)]
            await asyncio.to_thread(server.heard, 1)
            for number in (2, 0):
                runs[number].cancel()
                assert (await runs[number]).outcome == "cancelled"
            assert [(await runs[number]).text for number in (1, 3, 4)] == ["fine"] * 3
        assert await asyncio.to_thread(server.all_closed)

    with serving([head(), HANG], ANSWER) as server:
        asyncio.run(main(server))
        assert len(server.requests) == 4


@with_both
@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("Client", "not an instance of Client, which is not async"),
        ("HTTPTransport", "not an instance of HTTPTransport, which is not async"),
        ("WSGITransport", "not an instance of WSGITransport, which is not async"),
        ("URL", "not an instance of URL$"),
    ],
)
def test_what_cannot_send_asynchronously_is_refused(kind: str, told: str, library: Any) -> None:
    make = getattr(library, kind)
    given = make(None) if kind == "WSGITransport" else make()
    with pytest.raises(TypeError, match=f"^transport is an httpx transport or .*, or one of httpx2, {told}"):
        sk.Client("https://host/v1", "key", transport=given)


@with_both
@pytest.mark.parametrize("kind", ["AsyncClient", "AsyncHTTPTransport", "MockTransport", "Client", "HTTPTransport"])
def test_a_class_in_place_of_an_object_is_refused(kind: str, library: Any) -> None:
    with pytest.raises(TypeError, match=f"^transport is an httpx transport or .*, not the class {kind}$"):
        sk.Client("https://host/v1", "key", transport=getattr(library, kind))


@with_both
def test_an_exception_keeps_no_request_but_one_of_its_own_library(library: Any) -> None:
    async def main() -> None:
        async with library.AsyncHTTPTransport() as given:
            with pytest.raises(sk.ConnectError, match="no connection") as caught:
                await sk.Client(CLOSED, "key", model="m", transport=given, retry=sk.Retry(attempts=0)).chat("hi")
        cause = caught.value.__cause__
        assert isinstance(cause, library.ConnectError)
        assert type(cause.request) is library.Request
        assert cause.request.headers.keys() == {"host", "content-length"}

    asyncio.run(main())


# -- in processes of their own -----------------------------------------------------------------------------------------

NEVER_IMPORTED = """
import sys, httpx, streamkit as sk
from streamkit import testing

once = sk.Retry(attempts=0)
for transport in (None, httpx.AsyncHTTPTransport(), httpx.AsyncClient()):
    try:
        sk.run(sk.Client("http://127.0.0.1:9/v1", model="m", transport=transport, retry=once).chat("hi"))
    except sk.ConnectError as error:
        assert type(error.__cause__).__module__ == "httpx"
assert sk.run(testing.client("fine").chat("hi")).text == "fine"
assert "httpx2" not in sys.modules
"""

ALIASED = """
import httpx2

httpx2.alias_httpx()
import httpx, streamkit as sk
from streamkit import testing

assert httpx is httpx2
server = testing.Server("fine")
with server.running() as url:
    for transport in (None, httpx.AsyncHTTPTransport(), httpx2.AsyncClient(), server.transport()):
        assert sk.run(sk.Client(url, "key", model="m", transport=transport).chat("hi")).text == "fine"
assert len(server.requests) == 4
"""


@pytest.mark.slow
@pytest.mark.parametrize("code", [NEVER_IMPORTED, ALIASED], ids=["never imported", "in place of httpx"])
def test_in_a_process(code: str) -> None:
    subprocess.run([sys.executable, "-X", "dev", "-c", code], check=True, timeout=15)


@pytest.mark.parametrize(("value", "library"), [(httpx2.URL("https://host"), httpx2), (1, httpx), (None, httpx)])
def test_the_library_of_other_objects(value: object, library: Any) -> None:
    assert library_of(value) is library
    assert library in LIBRARIES
