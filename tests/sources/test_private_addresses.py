"""`allow_private=False`: nothing is sent to an address that is not of the public internet, whatever names it."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

import streamkit as sk
from streamkit.sources.http import connecting
from streamkit.sources.http.addresses import is_local, is_public
from tests.faults.bodies import reply
from tests.faults.server import KEEP, Server, chunked, head, serving
from tests.libraries import with_both

PUBLIC = ["1.1.1.1", "93.184.216.34", "172.32.0.1", "100.128.0.1", "2606:4700:4700::1111", "2a00:1450:4001::200e"]
PUBLIC += ["::ffff:8.8.8.8", "64:ff9b::8.8.8.8"]
PRIVATE = {
    "loopback": ["127.0.0.1", "127.255.0.9", "::1", "::ffff:127.0.0.1", "::ffff:7f00:1"],
    "private": ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.5", "::ffff:10.1.2.3"],
    "link-local": ["169.254.169.254", "fe80::1", "fe80::1%eth0", "::ffff:169.254.169.254"],
    "carrier": ["100.64.0.1", "100.127.255.255"],
    "unspecified": ["0.0.0.0", "0.1.2.3", "::", "::ffff:0.0.0.0"],
    "unique local": ["fc00::1", "fd00:ec2::254"],
    "site-local": ["fec0::1"],
    "groups": ["224.0.0.1", "239.1.1.1", "ff02::1", "ff0e::1"],
    "reserved": ["240.0.0.1", "255.255.255.255", "192.0.0.8", "192.0.0.170", "192.0.2.1", "198.18.0.1", "203.0.113.9"],
    "documentation": ["2001:db8::1"],
    "in others": ["64:ff9b::10.0.0.1", "64:ff9b:1::1", "2002:7f00:1::", "2002:808:808::1", "::127.0.0.1", "2001::1"],
    "none": ["", "localhost", "an unknown address", "1.2.3", "2130706433"],
}


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address", [pytest.param(one, id=f"{kind} {one}") for kind, some in PRIVATE.items() for one in some]
)
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("localhost", True),
        ("LocalHost.", True),
        ("a.localhost", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("localhost.example.com", False),
        ("127.0.0.1.example.com", False),
        ("10.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("example.com", False),
    ],
)
def test_what_is_this_machine(host: str, local: bool) -> None:
    assert is_local(host) is local


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "[::1]", "10.0.0.1", "169.254.169.254", "[::ffff:10.0.0.1]", "[fd00::1]"]
)
def test_a_private_address_is_refused_when_the_client_is_made(host: str, scheme: str) -> None:
    sk.Client(f"{scheme}://{host}/v1", allow_http=True)
    with pytest.raises(ValueError, match="allow_private"):
        sk.Client(f"{scheme}://{host}/v1", allow_http=True, allow_private=False)


def named(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Names stand for the first of ``answers`` when first looked up, and so on; the last one stays."""
    left, asked = list(answers), []
    real = asyncio.base_events.BaseEventLoop.getaddrinfo

    async def look_up(self: Any, host: Any, port: Any, **options: Any) -> Any:
        if host not in ("models.test", b"models.test"):
            return await real(self, host, port, **options)
        asked.append("models.test")
        addresses = left.pop(0) if len(left) > 1 else left[0]
        kinds = [socket.AF_INET6 if ":" in address else socket.AF_INET for address in addresses]
        return [
            (kind, socket.SOCK_STREAM, 6, "", (address, port)) for kind, address in zip(kinds, addresses, strict=True)
        ]

    monkeypatch.setattr(asyncio.base_events.BaseEventLoop, "getaddrinfo", look_up)
    return asked


def ask(server: Server, **options: Any) -> sk.Reply:
    url = server.url.replace("127.0.0.1", options.pop("host", "models.test"))
    with sk.Client(url, "k", model="m", allow_http=True, **options) as client:
        return sk.run(client.chat("hi"))


KEPT = [head(transfer_encoding="chunked"), chunked(reply("fine")), chunked(b""), KEEP]


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["::1"], ["1.1.1.1", "127.0.0.1"], ["::ffff:127.0.0.1"]])
def test_a_name_for_a_private_address_is_not_even_connected_to(
    addresses: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    named(monkeypatch, addresses)
    with serving(KEPT) as server:
        with pytest.raises(sk.ConnectError, match=r"not public.*allow_private=False") as caught:
            ask(server, allow_private=False)
        assert not caught.value.retryable
        assert caught.value.partial.attempts == 1
        assert (server.connections, server.requests) == (0, [])


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1"])
def test_other_spellings_of_an_address(host: str) -> None:
    with serving(KEPT) as server:
        assert ask(server, host=host).text == "fine"
        with pytest.raises((sk.ConnectError, ValueError), match="allow_private=False"):
            ask(server, host=host, allow_private=False)
        assert len(server.requests) == 1


def test_the_address_that_was_connected_to_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that stands for another address when it is looked up again."""
    asked = named(monkeypatch, ["1.1.1.1"], ["127.0.0.1"])
    with serving(KEPT) as server:
        with pytest.raises(sk.ConnectError, match=r"at 127\.0\.0\.1, which is not public") as caught:
            ask(server, allow_private=False)
        assert server.met(1)
        assert server.all_closed()
        assert (server.connections, server.requests) == (1, [])
        assert (caught.value.partial.attempts, len(asked)) == (1, 2)


def test_a_public_address_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loopback stands for the public internet here."""
    named(monkeypatch, ["127.0.0.1"])
    looked: list[str] = []
    monkeypatch.setattr(connecting, "is_public", lambda address: not looked.append(address))
    with serving(KEPT) as server:
        assert ask(server, allow_private=False).text == "fine"
    assert looked == ["127.0.0.1"] * 2


def test_private_addresses_are_allowed_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = named(monkeypatch, ["127.0.0.1"])
    with serving(KEPT) as server:
        assert ask(server).text == "fine"
    assert len(asked) == 1


def test_a_name_that_stands_for_nothing_is_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(asyncio.base_events.BaseEventLoop, "getaddrinfo", fail)
    client = sk.Client("https://models.test/v1", "k", allow_private=False, retry=sk.Retry(attempts=0))
    with pytest.raises(sk.ConnectError, match="no connection") as caught:
        sk.run(client.chat("hi", model="m"))
    assert caught.value.retryable


@with_both
def test_a_given_transport_cannot_keep_it(library: Any) -> None:
    mock = library.MockTransport(lambda _: library.Response(200))
    for given in (library.AsyncHTTPTransport(), library.AsyncClient(), mock):
        with pytest.raises(ValueError, match="allow_private=False cannot be kept by a transport"):
            sk.Client("https://models.test/v1", "k", transport=given, allow_private=False)


@pytest.mark.parametrize(("name", "scheme"), [("HTTPS_PROXY", "https"), ("all_proxy", "https"), ("http_proxy", "http")])
def test_a_proxy_cannot_keep_it(name: str, scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def make(**options: Any) -> sk.Client:
        return sk.Client(f"{scheme}://models.test/v1", "k", allow_http=True, allow_private=False, **options)

    monkeypatch.setenv(name, "http://127.0.0.1:9")
    with pytest.raises(ValueError, match="trust_env=False"):
        make()
    make(trust_env=False)
    monkeypatch.setenv("NO_PROXY", "other.test,models.test")
    make()


def test_a_proxy_that_comes_later_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    named(monkeypatch, ["127.0.0.1"])
    with serving(KEPT) as server:
        url = server.url.replace("127.0.0.1", "models.test")
        with sk.Client(url, "k", model="m", allow_http=True, allow_private=False) as client:
            monkeypatch.setenv("ALL_PROXY", server.url)
            with pytest.raises(sk.ConnectError, match="not public"):
                sk.run(client.chat("hi"))
        assert server.requests == []
