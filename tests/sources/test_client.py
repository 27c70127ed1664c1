"""What a `Client` asks: addresses, headers, bodies, the environment, Azure, and what it refuses to send."""

from __future__ import annotations

import socket
from typing import Any

import pytest

import streamkit as sk
from streamkit import testing
from tests.faults.bodies import data, reply
from tests.faults.server import Heard, head, serving
from tests.libraries import with_both

FINE = [head(), reply("fine")]
REFUSED = b'{"error": {"message": "Unknown parameter: stream_options", "param": "stream_options"}}'


def asked(ask: Any, **options: Any) -> Heard:
    """The one request that ``ask`` makes of a client."""
    with serving(FINE) as server:
        with sk.Client(server.url, "the-key", **options) as client:
            assert sk.run(ask(client)).text == "fine"
        (heard,) = server.requests
    return heard


def test_a_chat_completion() -> None:
    heard = asked(lambda client: client.chat("hi", model="m", temperature=0.5, seed=None, extra={"top_k": 3}))
    assert (heard.method, heard.path) == ("POST", "/v1/chat/completions")
    assert heard.json == {
        "stream": True,
        "model": "m",
        "messages": [{"role": "user", "content": "hi"}],
        "temperature": 0.5,
        "top_k": 3,
        "stream_options": {"include_usage": True},
    }


def test_headers_keep_proxies_from_holding_events_back() -> None:
    """F79."""
    headers = asked(lambda client: client.chat("hi", model="m")).headers
    assert headers["accept"] == "text/event-stream"
    assert headers["accept-encoding"] == "identity"
    assert headers["cache-control"] == "no-store"
    assert headers["authorization"] == "Bearer the-key"


def test_a_legacy_completion() -> None:
    heard = asked(lambda client: client.complete("Once", max_tokens=5), model="m")
    assert heard.path == "/v1/completions"
    assert heard.json == {
        "stream": True, "model": "m", "prompt": "Once", "max_tokens": 5, "stream_options": {"include_usage": True},
    }  # fmt: skip


def test_a_response() -> None:
    message = {"type": "message", "role": "user", "content": "hi"}

    def ask(client: sk.Client) -> Any:
        return client.respond([message], instructions="Be brief.", reasoning={"effort": "low"})

    said = [{"type": "message", "content": [{"text": "fine"}]}]
    body = data({"type": "response.completed", "response": {"output": said}})
    with serving([head(), body]) as server, sk.Client(server.url, "k", model="m") as client:
        assert sk.run(ask(client)).text == "fine"
        assert server.requests[0].path == "/v1/responses"
        assert server.requests[0].json == {
            "stream": True,
            "model": "m",
            "input": [message],
            "instructions": "Be brief.",
            "reasoning": {"effort": "low"},
        }


def test_own_headers_and_query_win() -> None:
    heard = asked(
        lambda client: client.chat("hi", model="m"),
        headers={"authorization": "Basic abc", "x-own": "1"},
        query={"a": "b c"},
        organization="org-1",
        project="proj-1",
    )
    assert heard.path == "/v1/chat/completions?a=b%20c" or heard.path == "/v1/chat/completions?a=b+c"
    assert heard.headers["authorization"] == "Basic abc"
    assert heard.headers["x-own"] == "1"
    assert heard.headers["openai-organization"] == "org-1"
    assert heard.headers["openai-project"] == "proj-1"


def test_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(FINE) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "from-env")
        monkeypatch.setenv("OPENAI_ORG_ID", "org-env")
        monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-env")
        with sk.Client(organization="org-arg") as client:
            sk.run(client.chat("hi", model="m"))
        headers = server.requests[0].headers
    assert headers["authorization"] == "Bearer from-env"
    assert (headers["openai-organization"], headers["openai-project"]) == ("org-arg", "proj-env")


def test_arguments_win_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "from-env")
    assert asked(lambda client: client.chat("hi", model="m")).headers["authorization"] == "Bearer the-key"


def test_no_key_is_sent_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with serving(FINE) as server, sk.Client(server.url) as client:
        sk.run(client.chat("hi", model="m"))
        assert "authorization" not in server.requests[0].headers


def test_a_missing_key_is_one_plain_sentence_at_the_first_request(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    client = sk.Client()
    stream = client.chat("hi", model="m")
    with pytest.raises(sk.ConnectError, match=r"^There is no API key: set OPENAI_API_KEY or pass api_key=\.$"):
        sk.run(stream)


@pytest.mark.parametrize(
    ("base", "api", "path"),
    [
        ("", "chat", "/openai/deployments/my%20model%2F..%3F/chat/completions?api-version=2024-10-21"),
        ("/openai", "chat", "/openai/deployments/my%20model%2F..%3F/chat/completions?api-version=2024-10-21"),
        ("/", "complete", "/openai/deployments/my%20model%2F..%3F/completions?api-version=2024-10-21"),
        ("/openai/v1", "chat", "/openai/v1/chat/completions?api-version=2024-10-21"),
        ("/openai/v1/", "complete", "/openai/v1/completions?api-version=2024-10-21"),
    ],
)
def test_azure(base: str, api: str, path: str) -> None:
    with serving(FINE) as server:
        url = server.url.removesuffix("/v1") + base
        with sk.Client(url, "the-key", azure="2024-10-21") as client:
            sk.run(getattr(client, api)("hi", model="my model/..?"))
        (heard,) = server.requests
    assert heard.path == path
    assert heard.headers["api-key"] == "the-key"
    assert "authorization" not in heard.headers


def test_azure_responses() -> None:
    with serving([head(), b'data: {"type":"response.completed","response":{}}\n\n']) as server:
        with sk.Client(server.url.removesuffix("/v1"), "k", azure="preview") as client:
            sk.run(client.respond("hi", model="m"))
        assert server.requests[0].path == "/openai/responses?api-version=preview"


@pytest.mark.parametrize("env", [None, "", "  "])
def test_azure_without_an_address_says_so(env: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if env is None:
        monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    else:
        monkeypatch.setenv("OPENAI_BASE_URL", env)
    with pytest.raises(ValueError, match="OPENAI_BASE_URL"):
        sk.Client(api_key="k", azure="2024-10-21")


def test_azure_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(FINE) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url.removesuffix("/v1"))
        with sk.Client(api_key="k", azure="2024-10-21") as client:
            sk.run(client.chat("hi", model="m"))
        assert server.requests[0].path.startswith("/openai/deployments/m/")


@pytest.mark.parametrize("env", ["", "  "])
def test_an_empty_address_of_the_environment_is_none(env: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", env)
    assert repr(sk.Client(api_key="k")) == "Client('https://api.openai.com/v1')"


@pytest.mark.parametrize("azure", [None, "2024-10-21"])
@pytest.mark.parametrize("base_url", ["", " "])
def test_an_empty_address_is_a_mistake(base_url: str, azure: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "https://models.example/v1")
    with pytest.raises(ValueError, match="base_url"):
        sk.Client(base_url, "k", azure=azure)


def test_azure_without_a_model_says_so() -> None:
    with pytest.raises(ValueError, match="model"):
        sk.Client("https://x.openai.azure.com", "k", azure="2024-10-21").chat("hi")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"api_key": "a\r\nx-evil: 1"}, "api key"),
        ({"api_key": "a\nb"}, "api key"),
        ({"api_key": "a\0b"}, "api key"),
        ({"api_key": "schlüssel"}, "api key"),
        ({"headers": {"x": "a\r\nb: c"}}, "x"),
        ({"headers": {"x\r\ny": "a"}}, "control character"),
        ({"headers": {"": "a"}}, "not the name"),
        ({"headers": {"a b": "a"}}, "not the name"),
        ({"headers": {"api-key": "a\nb"}}, "api-key"),
        ({"api_key": "k "}, "white space"),
        ({"base_url": "https://host/v1/chat/completions"}, "before the call"),
        ({"base_url": "https://host/v1/responses/"}, "before the call"),
        ({"organization": "a\nb"}, "organization"),
        ({"base_url": "https://host/v1\r\nx: y"}, "base_url"),
        ({"base_url": "https://host\n.evil/v1"}, "base_url"),
        ({"base_url": "ftp://host/v1"}, "http"),
        ({"base_url": "host/v1"}, "http"),
        ({"base_url": "https://"}, "http"),
        ({"base_url": "https://user:secret@host/v1"}, "user name or password"),
        ({"base_url": "https://host:99999/v1"}, "[Pp]ort"),
        ({"base_url": "https://host/v1?api-version=1"}, "query="),
        ({"base_url": "http://example.com/v1"}, "allow_http"),
        ({"base_url": "http://192.168.1.5/v1"}, "allow_http"),
        ({"base_url": "http://localhost.example.com/v1"}, "allow_http"),
        ({"base_url": "http://2130706433/v1"}, "allow_http"),
    ],
)
def test_what_cannot_be_sent_safely_is_refused_at_once(options: dict[str, Any], told: str) -> None:
    """S03, S04: before any I/O, and without the secret in the message."""
    with pytest.raises(ValueError, match=told) as caught:
        sk.Client(**{"base_url": "https://host/v1", "api_key": "k", **options})
    assert "secret" not in str(caught.value)


def test_mistakes_explain_themselves() -> None:
    with pytest.raises(TypeError, match="x is a str, not int"):
        sk.Client("https://host/v1", headers={"x": 5})  # type: ignore[dict-item]
    client = sk.Client("https://host/v1", "k", model="m")
    for odd in (5, None, ["a"], {"role": "user"}, b"hi"):
        with pytest.raises(TypeError, match="a str or a list of dicts"):
            client.chat(odd)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="JSON"):
        client.chat("hi", temperature=float("nan"))
    with pytest.raises(TypeError, match="a stream"):
        sk.run("hi")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="text is a function"):
        sk.on(text=5)


@pytest.mark.parametrize(
    "url", ["http://localhost:1/v1", "http://127.0.0.9:1/v1", "http://[::1]:1/v1", "http://a.localhost/v1"]
)
def test_plain_http_to_this_machine_is_fine(url: str) -> None:
    sk.Client(url)


def test_plain_http_elsewhere_has_to_be_allowed() -> None:
    sk.Client("http://example.com/v1", allow_http=True)


@pytest.mark.parametrize(
    ("ask", "kind"),
    [
        (lambda client: client.chat("hi", model="a\r\nb"), ValueError),
        (lambda client: client.chat("hi", model="m", extra={"x": object()}), TypeError),
        (lambda client: client.chat({"role": "user"}, model="m"), TypeError),
        (lambda client: client.chat(["hi"], model="m"), TypeError),
    ],
)
def test_a_request_that_cannot_be_made_is_told_when_it_is_built(ask: Any, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        ask(sk.Client("http://localhost/v1"))


def test_lone_surrogates_can_be_sent_back() -> None:
    heard = asked(lambda client: client.chat("a\ud83d", model="m"))
    assert heard.json["messages"][0]["content"] == "a\ud83d"


def test_what_was_asked_does_not_change_later() -> None:
    history: list[Any] = [{"role": "user", "content": "one"}]
    with serving(FINE) as server, sk.Client(server.url, "k", model="m") as client:
        stream = client.chat(history)
        history.append({"role": "user", "content": "two"})
        sk.run(stream)
        assert len(server.requests[0].json["messages"]) == 1


@pytest.mark.parametrize("status", ["400 Bad Request", "422 Unprocessable"])
def test_usage_is_not_asked_for_again_where_a_server_rejects_it(status: str) -> None:
    refusal = [head(status, "application/json", content_length=str(len(REFUSED)), connection="close"), REFUSED]
    with serving(refusal, FINE) as server, sk.Client(server.url, "k", model="m") as client:
        seen: list[Any] = []
        answer = sk.run(client.chat("hi"), seen.append)
        assert (answer.text, answer.attempts) == ("fine", 2)
        assert sum(isinstance(event, sk.Start) for event in seen) == 1
        sk.run(client.chat("hi"))
        assert ["stream_options" in heard.json for heard in server.requests] == [True, False, False]


def test_a_refusal_of_usage_takes_no_attempt() -> None:
    refusal = testing.Script(status=400, body=REFUSED)
    busy = sk.StatusError("busy", status=503, retryable=True)
    with testing.client(refusal, busy, "fine", retry=sk.Retry(attempts=1)) as client:
        got = testing.clock().run(client.chat("hi"))
        assert (got.reply.text, got.reply.attempts, len(client.requests)) == ("fine", 3, 3)
    with testing.client(refusal, busy, retry=sk.Retry(attempts=1)) as client:
        got = testing.clock().run(client.chat("hi"))
        assert (got.error.status, got.error.given_up, len(client.requests)) == (503, True, 3)


def test_whether_usage_is_refused_is_known_of_each_model() -> None:
    refusal = [head("400 No", "application/json", content_length=str(len(REFUSED)), connection="close"), REFUSED]
    with serving(FINE, refusal, FINE) as server, sk.Client(server.url, "k") as client:
        for model in ("one", "two", "two", "one"):
            sk.run(client.chat("hi", model=model))
        asked = [(heard.json["model"], "stream_options" in heard.json) for heard in server.requests]
    assert asked == [("one", True), ("two", True), ("two", False), ("two", False), ("one", True)]


def test_usage_that_is_refused_to_several_at_once_costs_nobody_the_reply() -> None:
    class Refusing:
        def answer(self, api: str, body: Any) -> Any:
            refusal = testing.Script(status=400, body=REFUSED, head_after=1)
            return (refusal if "stream_options" in body else testing.Script("fine")).answer(api, body)

    with testing.client(Refusing()) as client:
        crowd = sk.side_by_side({str(number): client.chat("hi") for number in range(3)})
        got = testing.clock().run(crowd)
        replies = [labelled.item for labelled in got.items if isinstance(labelled.item, sk.Reply)]
        assert [reply.text for reply in replies] == ["fine"] * 3
        assert len(client.requests) == 6


def test_a_refusal_of_what_the_caller_asked_for_is_not_answered_by_asking_again() -> None:
    refusal = [head("400 No", "application/json", content_length=str(len(REFUSED)), connection="close"), REFUSED]
    for options in ({"include_usage": True}, {"include_usage": False}):
        with serving(refusal) as server, sk.Client(server.url, "k", model="m") as client:
            with pytest.raises(sk.StatusError):
                sk.run(client.chat("hi", stream_options=options))
            assert len(server.requests) == 1


def test_a_complaint_about_another_option_says_nothing_about_usage() -> None:
    body = b'{"error": {"message": "no such field: stream_options.obfuscate"}}'
    refusal = [head("400 No", "application/json", content_length=str(len(body)), connection="close"), body]
    with serving(refusal, refusal, FINE) as server, sk.Client(server.url, "k", model="m") as client:
        with pytest.raises(sk.StatusError):
            sk.run(client.chat("hi", stream_options={"obfuscate": True}))
        sk.run(client.chat("hi"))
    asked = [heard.json.get("stream_options") for heard in server.requests]
    assert asked == [{"obfuscate": True, "include_usage": True}, {"obfuscate": True}, {"include_usage": True}]


def test_options_of_the_stream_are_added_to_ours() -> None:
    heard = asked(lambda client: client.chat("hi", model="m", extra={"stream_options": {"include_obfuscation": False}}))
    assert heard.json["stream_options"] == {"include_obfuscation": False, "include_usage": True}


@pytest.mark.parametrize("value", [False, None, 0, "false"])
def test_a_reply_is_always_streamed(value: Any) -> None:
    client = sk.Client("http://localhost/v1", "k", model="m")
    for ask in (client.chat, client.complete, client.respond):
        with pytest.raises(ValueError, match="stream"):
            ask("hi", extra={"stream": value})
        ask("hi", extra={"stream": True})


@pytest.mark.parametrize(
    ("path", "status", "hint"), [("", 404, True), ("/v1", 404, False), ("/api/v3/x", 404, False), ("", 400, False)]
)
def test_a_refusal_names_the_address(path: str, status: int, hint: bool) -> None:
    with serving([head(f"{status} No", "text/plain", content_length="4", connection="close"), b"nope"]) as server:
        base = server.url.removesuffix("/v1") + path
        client = sk.Client(base, "the-key-itself", model="m", query={"code": "secret"})
        with client, pytest.raises(sk.StatusError) as caught:
            sk.run(client.chat("hi"))
    asks = ": is /v1 missing in base_url?" if hint else ""
    assert str(caught.value) == f"HTTP {status} No: nope ({base}/chat/completions{asks})"


def test_no_connection_names_the_address() -> None:
    with socket.socket() as taken:  # bound, but nobody listens
        taken.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        client = sk.Client(base, "the-key-itself", model="m", retry=sk.Retry(attempts=0))
        with client, pytest.raises(sk.ConnectError) as caught:
            sk.run(client.chat("hi"))
    assert str(caught.value).endswith(f" ({base}/chat/completions)")


def test_the_address_of_a_refusal_holds_no_key() -> None:
    with serving([head("404 No", "text/plain", content_length="0", connection="close")]) as server:
        client = sk.Client(f"{server.url}/the-key-itself", "the-key-itself", model="m")
        with client, pytest.raises(sk.StatusError) as caught:
            sk.run(client.chat("hi"))
    assert str(caught.value) == f"HTTP 404 No ({server.url}/***/chat/completions)"


def test_usage_options_of_the_caller_stay() -> None:
    heard = asked(lambda client: client.chat("hi", model="m", stream_options={"include_usage": False}))
    assert heard.json["stream_options"] == {"include_usage": False}


def test_a_second_subscription_is_a_second_request() -> None:
    with serving(FINE) as server, sk.Client(server.url, "k", model="m") as client:
        stream = client.chat("hi")
        sk.run(stream)
        sk.run(stream)
        assert len(server.requests) == 2


def test_the_request_id_is_kept() -> None:
    with serving([head(x_request_id="req-7"), reply("fine")]) as server, sk.Client(server.url, model="m") as client:
        seen: list[Any] = []
        assert sk.run(client.chat("hi"), seen.append).request_id == "req-7"
        assert seen[0].request_id == "req-7"
    with serving([head("404 No", x_request_id="req-8")]) as server, sk.Client(server.url, model="m") as client:
        with pytest.raises(sk.StatusError) as caught:
            sk.run(client.chat("hi"))
        assert caught.value.request_id == caught.value.partial.request_id == "req-8"


@with_both
def test_own_headers_stand_instead_of_ours_not_beside_them(library: Any) -> None:
    own = {"Authorization": "Basic abc", "User-Agent": "me", "Content-Type": "application/json; charset=utf-8"}
    asked: list[Any] = []

    def answer(request: Any) -> Any:
        asked.append(request)
        return library.Response(200, content=reply("fine"))

    transport = library.MockTransport(answer)
    with sk.Client("https://host/v1", "the-key", model="m", headers=own, transport=transport) as client:
        sk.run(client.chat("hi"))
    names = [name for name, _ in asked[0].headers.multi_items()]
    assert len(names) == len(set(names))
    assert all(asked[0].headers[name] == value for name, value in own.items())
