"""Which hosts and origins a listening server answers to: pages of strangers are kept out, programs never notice."""

from __future__ import annotations

import json
import socket
from urllib.parse import urlsplit

import httpx
import pytest

from streamkit.scripted.admission import Admission, AdmissionRules
from streamkit.scripted.server import Server

ASK = {"messages": [{"role": "user", "content": "Hi"}]}
LOOPBACK, OPEN, OPEN6 = ["127.0.0.1"], ["0.0.0.0"], ["0.0.0.0", "::"]


def code(door: Admission, target: str = "/v1/models", **headers: str) -> str | None:
    refused = door.refusal(target, headers)
    if refused is None:
        return None
    assert refused.status == 403
    error = json.loads(b"".join(write.data for write in refused.body))["error"]
    assert "--allow-" in error["message"]
    return str(error["code"])


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:8808",
        "localhost.",
        "localhost:",
        "127.0.0.1",
        "127.0.0.1:1",
        "127.9.8.7",
        "[::1]",
        "[::1]:8808",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]:1",
    ],
)
def test_loopback_is_asked_by_its_names(host):
    assert code(Admission(LOOPBACK, "127.0.0.1", AdmissionRules()), host=host) is None


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8808",
        "192.168.0.1",
        "8.8.8.8:80",
        "[::2]",
        "0.0.0.0",
        "::1",
        "localhost@x",
        "[::1",
        "[::1]x",
        "localhost/x",
        "127.1",
        "2130706433",
        "0x7f.0.0.1",
        "localhost:80:80",
        "@",
        ":80",
        "x.localhost",
    ],
)
def test_and_by_no_others(host):
    assert code(Admission(LOOPBACK, "127.0.0.1", AdmissionRules()), host=host) == "host_not_allowed"


def test_a_server_that_others_reach_is_asked_by_any_address_but_by_no_name():
    door = Admission(OPEN, "0.0.0.0", AdmissionRules())
    for host in ("192.168.0.1:8808", "0.0.0.0:8808", "[fe80::1]", "127.0.0.1", "localhost"):
        assert code(door, host=host) is None
    assert code(door, host="evil.example") == "host_not_allowed"
    assert code(Admission(OPEN6, None, AdmissionRules()), host="10.0.0.1") is None


def test_names_may_be_allowed_and_the_one_to_listen_on_is():
    door = Admission(LOOPBACK, "My.Box.", AdmissionRules(["api.test:80", "bücher.example", "10.0.0.1"]))
    for host in ("my.box", "API.test", "api.test:9", "xn--bcher-kva.example", "10.0.0.1:5"):
        assert code(door, host=host) is None
    assert code(door, host="box") == "host_not_allowed"
    assert code(Admission(LOOPBACK, "127.0.0.1", AdmissionRules(["*"])), host="any.example") is None


def test_the_host_of_a_whole_url_counts_as_well():
    door = Admission(LOOPBACK, "127.0.0.1", AdmissionRules())
    assert code(door, "http://evil.example/v1/models", host="localhost") == "host_not_allowed"
    assert code(door, "http://localhost/v1/models", host="evil.example") == "host_not_allowed"
    assert code(door, "http://localhost/v1/models", host="localhost") is None


def test_who_sends_no_host_is_no_browser():
    assert code(Admission(LOOPBACK, "127.0.0.1", AdmissionRules())) is None
    assert code(Admission(LOOPBACK, "127.0.0.1", AdmissionRules()), host="") == "host_not_allowed"


@pytest.mark.parametrize("origin", ["http://localhost:8808", "https://LOCALHOST:8808"])
def test_the_servers_own_origin_may_ask(origin):
    assert code(Admission(LOOPBACK, "127.0.0.1", AdmissionRules()), host="localhost:8808", origin=origin) is None


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost:3000",
        "http://localhost",
        "http://127.0.0.1:8808",
        "https://evil.example",
        "null",
        "x",
        "file://",
        "http://localhost:8808.evil.example",
        "http://localhost:8808/",
        "chrome-extension://localhost:8808",
    ],
)
def test_other_origins_may_not(origin):
    assert (
        code(Admission(LOOPBACK, "127.0.0.1", AdmissionRules()), host="localhost:8808", origin=origin)
        == "origin_not_allowed"
    )


def test_origins_may_be_allowed():
    door = Admission(LOOPBACK, "127.0.0.1", AdmissionRules(origins=["http://localhost:3000/", "https://App.example"]))
    for origin in ("http://localhost:3000", "https://app.example"):
        assert code(door, host="localhost", origin=origin) is None
    assert code(door, host="localhost", origin="http://app.example") == "origin_not_allowed"
    assert code(door, host="localhost", origin="null") == "origin_not_allowed"
    assert code(Admission(LOOPBACK, None, AdmissionRules(origins=["*"])), host="localhost", origin="null") is None


@pytest.mark.parametrize("name", ["", "http://x", "x/y", "a b", "x:y", "[::1", "user@x", "*.example"])
def test_what_is_no_host_cannot_be_allowed(name):
    with pytest.raises(ValueError, match="not a name of a host"):
        AdmissionRules([name])


@pytest.mark.parametrize("origin", ["null", "", "localhost:3000", "http://", "http://x/y", "http://a@b", "http://x:0"])
def test_what_is_no_origin_cannot_be_allowed(origin):
    with pytest.raises(ValueError, match="not an origin"):
        AdmissionRules(origins=[origin])


def test_one_text_is_not_several_names():
    with pytest.raises(TypeError, match="allow_hosts"):
        AdmissionRules("localhost")
    with pytest.raises(TypeError, match="allow_origins"):
        AdmissionRules(origins="http://localhost:3000")


# -- on a socket ---------------------------------------------------------------------------------------------------


def test_a_page_of_an_origin_that_is_allowed_can_ask_and_read():
    page = {"origin": "http://localhost:3000"}
    wish = {"access-control-request-method": "POST", "access-control-request-headers": "authorization,x-stainless-os"}
    server = Server("Hi", api_key="k")
    with server.running(allow_origins=[page["origin"]]) as url, httpx.Client() as client:
        asked = client.options(f"{url}/chat/completions", headers={**page, **wish})
        assert (asked.status_code, asked.content) == (200, b"")
        assert asked.headers["access-control-allow-origin"] == page["origin"]
        assert asked.headers["access-control-allow-headers"] == wish["access-control-request-headers"]
        assert "POST" in asked.headers["access-control-allow-methods"]
        answer = client.post(f"{url}/chat/completions", headers={**page, "authorization": "Bearer k"}, json=ASK)
        refused = client.post(f"{url}/chat/completions", headers=page, json=ASK)
    assert (answer.status_code, refused.status_code) == (200, 401)
    for response in (answer, refused):
        assert response.headers["access-control-allow-origin"] == page["origin"]
        assert response.headers["vary"] == "Origin"
    assert [request.method for request in server.requests] == ["POST", "POST"]


def test_other_pages_get_no_word_of_it_and_no_play_is_asked():
    server = Server("Hi")
    with server.running() as url, httpx.Client() as client:
        for origin in ("https://evil.example", "null"):
            answer = client.post(f"{url}/chat/completions", headers={"origin": origin}, json=ASK)
            assert answer.status_code == 403
            assert not [name for name in answer.headers if name.startswith("access-control")]
        rebound = client.post(f"{url}/chat/completions", headers={"host": "evil.example"}, json=ASK)
        assert rebound.status_code == 403
        assert "evil.example" in rebound.json()["error"]["message"]
        assert server.requests == []
        assert client.post(f"{url}/chat/completions", json=ASK).status_code == 200


def test_programs_get_no_headers_of_that_kind():
    with Server("Hi").running(allow_origins=["*"]) as url:
        answer = httpx.post(f"{url}/chat/completions", json=ASK)
    assert not [name for name in answer.headers if name.startswith("access-control") or name == "vary"]


def test_a_server_for_all_interfaces_checks_names_only():
    with Server("Hi").running("0.0.0.0") as url, httpx.Client() as client:
        port = urlsplit(url).port
        for host, status in (("10.1.2.3", 200), ("localhost", 200), ("evil.example", 403), (socket.gethostname(), 403)):
            if host != "localhost" or socket.gethostname() != "localhost":
                got = client.get(f"http://127.0.0.1:{port}/v1/models", headers={"host": f"{host}:{port}"})
                assert got.status_code == status, host


def test_in_process_every_name_will_do():
    import asyncio

    async def main() -> int:
        transport = Server("Hi").transport()
        async with httpx.AsyncClient(transport=transport, base_url="https://any.example") as client:
            answer = await client.post("/v1/chat/completions", json=ASK, headers={"origin": "https://evil.example"})
            return answer.status_code

    assert asyncio.run(main()) == 200
