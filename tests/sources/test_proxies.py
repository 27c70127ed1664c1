"""The environment's proxies and certificates: which addresses go through them, and what is a mistake of set-up."""

# ruff: noqa: ASYNC110  # what is waited for happens where no event of ours can be set

from __future__ import annotations

import asyncio
import ssl
import sys
from pathlib import Path
from typing import Any

import pytest

import streamkit as sk
from tests.connections import connections
from tests.faults.bodies import START, reply, say
from tests.faults.server import Server, head, serving
from tests.libraries import LIBRARIES, with_both
from tests.sources.proxy import CERTIFICATE, HOST, Proxy, listening, proxying, serving_tls

NAMES = ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy"]
BEGUN = [head(), START, say("kept"), None]
KEY = "sk-canary-0123456789"


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)


async def ask(url: str, **options: Any) -> str:
    async with sk.Client(url, KEY, model="m", retry=sk.Retry(attempts=2, first=0.01), **options) as client:
        return (await client.chat("hi")).text  # type: ignore[union-attr]  # the last event is the Reply


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST"])
def test_this_machine_is_asked_directly(host: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main(server: Server) -> None:
        async with proxying() as proxy:
            monkeypatch.setenv(name, proxy.url)
            assert await ask(server.url.replace("127.0.0.1", host)) == "directly"
            assert proxy.asked == []

    with serving([head(), reply("directly")]) as server:
        asyncio.run(main(server))


@pytest.mark.parametrize("name", ["HTTP_PROXY", "all_proxy"])
def test_plain_http_goes_to_a_proxy_only_where_it_is_allowed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with proxying() as proxy:
            monkeypatch.setenv(name, proxy.url)
            with pytest.raises(ValueError, match="allow_http"):
                await ask(f"http://{HOST}/v1")
            assert proxy.asked == []
            assert await ask(f"http://{HOST}/v1", allow_http=True) == "through the proxy"
            assert proxy.asked == [f"POST http://{HOST}/v1/chat/completions"]

    asyncio.run(main())


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "ALL_PROXY"])
def test_https_goes_through_a_tunnel_that_hides_the_key(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with serving_tls(head(), reply("secretly")) as (port, asked), proxying() as proxy:
            proxy.routes[f"{HOST}:{port}"] = port
            monkeypatch.setenv(name, proxy.url)
            monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
            assert await ask(f"https://{HOST}:{port}/v1") == "secretly"
            assert KEY.encode() in asked[0]
            assert proxy.asked == [f"CONNECT {HOST}:{port}"]
            assert KEY.encode() not in proxy.heads[0]

    asyncio.run(main())


def test_without_trust_in_the_environment_there_is_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with proxying() as proxy:
            monkeypatch.setenv("ALL_PROXY", proxy.url)
            with pytest.raises(sk.ConnectError):
                await ask("http://models.invalid/v1", allow_http=True, trust_env=False)
            assert proxy.asked == []

    asyncio.run(main())


async def _cancelled_when(proxy: Proxy, url: str, text: str) -> None:
    """A reply is cancelled when it has come so far, and the proxy sees it, while the client lives."""
    async with sk.Client(url, KEY, model="m") as client:
        run = sk.start(client.chat("hi"))
        await proxy.came.wait()
        while run.reply.text != text:
            await asyncio.sleep(0)
        run.cancel()
        assert (await run).outcome == "cancelled"
        await asyncio.wait_for(proxy.gone.wait(), 1.0)
        assert connections(client) == []


def test_cancelling_closes_the_tunnel(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with serving_tls(*BEGUN) as (port, _), proxying(routes={f"{HOST}:{port}": port}) as proxy:
            monkeypatch.setenv("HTTPS_PROXY", proxy.url)
            monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
            await _cancelled_when(proxy, f"https://{HOST}:{port}/v1", "kept")

    asyncio.run(main())


def test_cancelling_while_the_proxy_makes_a_tunnel(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with proxying(silent=True) as proxy:
            monkeypatch.setenv("HTTPS_PROXY", proxy.url)
            await _cancelled_when(proxy, f"https://{HOST}/v1", "")

    asyncio.run(main())


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["http", "socks5", "socks5h"])
def test_a_silent_proxy_is_no_connection(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async def main() -> None:
        async with listening(listen) as port:
            monkeypatch.setenv("HTTPS_PROXY", f"{scheme}://127.0.0.1:{port}")
            with pytest.raises(sk.ConnectError) as caught:
                await ask(f"https://{HOST}/v1", limits=sk.Limits(connect=0.2))
            assert caught.value.clock == "connect"
            assert caught.value.partial.attempts == 3

    asyncio.run(main())


@pytest.mark.parametrize("through", ["nothing", "a tunnel"])
def test_cancelling_while_tls_begins(through: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server hears nothing but the first greeting, and sees the close though the client lives."""

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        greeted.set()
        await reader.read()
        gone.set()

    async def main() -> None:
        async with listening(listen) as port, proxying(routes={f"{HOST}:{port}": port}) as proxy:
            monkeypatch.setenv("HTTPS_PROXY", proxy.url)
            host = HOST if through == "a tunnel" else "127.0.0.1"
            async with sk.Client(f"https://{host}:{port}/v1", KEY, model="m") as client:
                run = sk.start(client.chat("hi"))
                await greeted.wait()
                run.cancel()
                assert (await run).outcome == "cancelled"
                await asyncio.wait_for(gone.wait(), 1.0)
                assert connections(client) == []
            assert len(proxy.asked) == (through == "a tunnel")

    greeted, gone = asyncio.Event(), asyncio.Event()
    asyncio.run(main())


@with_both
def test_a_users_client_goes_through_a_proxy_of_its_own(library: Any) -> None:
    async def main() -> None:
        tls = ssl.create_default_context(cafile=CERTIFICATE)
        async with serving_tls(head(), reply("secretly")) as (port, asked), proxying() as proxy:
            proxy.routes[f"{HOST}:{port}"] = port
            async with library.AsyncClient(proxy=proxy.url, verify=tls) as own:
                assert await ask(f"https://{HOST}:{port}/v1", transport=own) == "secretly"
            assert KEY.encode() in asked[0]
            assert proxy.asked == [f"CONNECT {HOST}:{port}"]
            assert KEY.encode() not in proxy.heads[0]

    asyncio.run(main())


@with_both
@pytest.mark.parametrize("refusal", ["407 Proxy Authentication Required", "502 Bad Gateway"])
def test_a_users_client_whose_tunnel_is_refused(refusal: str, library: Any) -> None:
    async def main() -> None:
        async with proxying(refusal=head(refusal, content_length="0")) as proxy:
            async with library.AsyncClient(proxy=proxy.url) as own:
                with pytest.raises(sk.ConnectError, match=refusal) as caught:
                    await ask(f"https://{HOST}/v1", transport=own)
            assert caught.value.retryable is ("407" not in refusal)

    asyncio.run(main())


@pytest.mark.parametrize("refusal", ["407 Proxy Authentication Required", "502 Bad Gateway"])
def test_a_tunnel_that_is_refused(refusal: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with proxying(refusal=head(refusal, content_length="0")) as proxy:
            monkeypatch.setenv("HTTPS_PROXY", proxy.url)
            with pytest.raises(sk.ConnectError, match=refusal) as caught:
                await ask(f"https://{HOST}/v1")
            assert caught.value.retryable is ("407" not in refusal)

    asyncio.run(main())


def wrong_set_up(url: str, told: str) -> None:
    """One attempt, an error that names what is wrong, and nothing else."""
    with sk.Client(url, KEY, model="m") as client, pytest.raises(sk.ConnectError, match=told) as caught:
        sk.run(client.chat("hi"))
    assert not caught.value.retryable
    assert caught.value.partial.attempts == 1


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "ALL_PROXY"])
@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("socks4://127.0.0.1:9", "socks4"),
        ("ftp://127.0.0.1:9", "ftp"),
        ("nonsense://host", "nonsense"),
        ("http://127.0.0.1:nine", "nine"),
        ("http://127.0.0.1:99999", "port"),
        ("http://localhost:99999", "port"),
    ],
)
def test_a_proxy_that_cannot_be_used(name: str, value: str, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    wrong_set_up(f"https://{HOST}/v1", told)


@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
def test_exceptions_from_proxies_that_cannot_be_read(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv(name, "[::1]")
    wrong_set_up(f"https://{HOST}/v1", "HTTPS_PROXY, NO_PROXY")


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
def test_a_socks_proxy_without_its_package(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "socksio", None)
    monkeypatch.setenv("ALL_PROXY", f"{scheme}://user:word@127.0.0.1:9")
    wrong_set_up(f"https://{HOST}/v1", "socksio")


@pytest.mark.parametrize("proxy", ["socks4://127.0.0.1:9", "nonsense://"])
def test_a_bad_proxy_is_nothing_to_this_machine(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    with serving([head(), reply("directly")]) as server:
        assert asyncio.run(ask(server.url)) == "directly"


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
@pytest.mark.parametrize("kind", ["missing", "empty", "text", "of the other kind"])
def test_certificates_that_cannot_be_loaded(
    name: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "certificates"
    if kind == "of the other kind" and name == "SSL_CERT_FILE":
        place.mkdir()
    elif kind != "missing":
        place.write_text("no certificate" if kind == "text" else "")
    monkeypatch.setenv(name, str(place))
    wrong_set_up("https://127.0.0.1:9/v1", name)


def test_certificates_of_the_environment_are_not_looked_at_where_it_is_not_trusted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/no/such/file")
    with pytest.raises(sk.ConnectError) as caught:
        asyncio.run(ask("https://127.0.0.1:9/v1", trust_env=False))
    assert "SSL_CERT_FILE" not in str(caught.value)
    assert caught.value.retryable


@pytest.mark.parametrize("library", [None, *LIBRARIES], ids=["ours", "httpx", "httpx2"])
def test_a_certificate_that_is_refused_is_not_tried_again(loop_complaints: list[str], library: Any) -> None:
    async def main() -> None:
        given = library.AsyncHTTPTransport() if library else None
        async with serving_tls(head(), reply("never")) as (port, asked):
            with pytest.raises(sk.ConnectError, match="certificate") as caught:
                await ask(f"https://127.0.0.1:{port}/v1", transport=given)
            assert not caught.value.retryable
            assert caught.value.partial.attempts == 1
            assert asked == []

    asyncio.run(main())
    loop_complaints.clear()  # the server's, which wanted to shake hands


def test_a_certificate_of_the_environment_counts_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with serving_tls(head(), reply("fine")) as (port, _):
            monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
            assert await ask(f"HTTPS://localhost:{port}/v1") == "fine"

    asyncio.run(main())


@with_both
@pytest.mark.parametrize("wrong", [ImportError, FileNotFoundError, ValueError, TypeError, RuntimeError])
def test_a_transport_that_is_not_set_up(wrong: type[Exception], library: Any) -> None:
    asked: list[Any] = []

    def fail(request: Any) -> Any:
        asked.append(request)
        raise wrong("no such thing")

    client = sk.Client("http://localhost/v1", transport=library.MockTransport(fail), model="m")
    with pytest.raises(sk.ConnectError, match="no such thing") as caught:
        sk.run(client.chat("hi"))
    assert not caught.value.retryable
    assert isinstance(caught.value.__cause__, wrong)
    assert len(asked) == 1
