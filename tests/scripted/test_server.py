"""What the server answers to which request, without a network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import streamkit as sk
from streamkit.scripted.answer import Answer
from streamkit.scripted.paths import apis_by_path
from streamkit.scripted.script import Script
from streamkit.scripted.server import Server
from streamkit.sources.recording import Recording, shipped_names
from streamkit.wire import parse

ASKS: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": {"messages": [{"role": "user", "content": "Hi"}]},
    "/v1/completions": {"prompt": "Hi"},
    "/v1/responses": {"input": "Hi"},
}
APIS = dict(zip(ASKS, ("chat", "completions", "responses"), strict=True))


def ask(
    server: Server, path: str = "/v1/chat/completions", headers: tuple[tuple[str, str], ...] = (), **body
) -> Answer:
    known = ASKS.get(f"/v1/{path.split('/v1/')[-1]}", ASKS["/v1/chat/completions"])
    return server.handle("POST", path, headers, json.dumps({**known, **body}).encode())[0]


def data_of(answer: Answer) -> bytes:
    return b"".join(write.data for write in answer.body)


def text_of(answer: Answer, api: str = "chat") -> str:
    *_, reply = parse([data_of(answer)], api)
    return reply.text


@pytest.mark.parametrize("path", ASKS)
def test_a_stream_is_sent_to_who_asks_for_one(path):
    answer = ask(Server("Hello there"), path, stream=True)
    assert (answer.status, dict(answer.headers)["content-type"]) == (200, "text/event-stream; charset=utf-8")
    assert text_of(answer, APIS[path]) == "Hello there"


@pytest.mark.parametrize("path", ASKS)
def test_others_get_the_reply_in_one_piece_when_it_would_have_ended(path):
    answer = ask(Server(Script("Hello there", first=2.0, every=0.5, usage=sk.Usage(1, 2, 3))), path)
    assert dict(answer.headers)["content-type"] == "application/json"
    assert answer.head_after == 2.5
    from streamkit.wire import Parser

    parser = Parser(APIS[path])
    *_, reply = parser.body(data_of(answer))
    assert (reply.text, reply.finish_reason, reply.usage) == (
        "Hello there",
        "stop",
        sk.Usage(1, 2, 3, *((0, 0) if "resp" in path else ())),
    )


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/responses"])
def test_a_whole_reply_holds_reasoning_refusal_and_tools(path):
    from streamkit.wire import Parser

    server = Server(Script("Text.", reasoning="Hm.", refusal="No.", tool_calls=[("f", {"a": 1})]))
    *_, reply = Parser(APIS[path]).body(data_of(ask(server, path)))
    assert (reply.reasoning, reply.text, reply.refusal) == ("Hm.", "Text.", "No.")
    assert [(call.id, call.name, call.args()) for call in reply.tool_calls] == [("call_0", "f", {"a": 1})]


@pytest.mark.parametrize(
    ("script", "status"),
    [
        (Script("a", fail=sk.ApiError("no", code=429)), 429),
        (Script("a", fail=sk.ApiError("no", code="odd")), 500),
        (Script("a", fail={"message": "no"}), 500),
    ],
)
def test_an_error_in_a_reply_that_is_not_streamed_is_a_status(script, status):
    answer = ask(Server(script))
    assert (answer.status, json.loads(data_of(answer))["error"]["message"]) == (status, "no")


@pytest.mark.parametrize(
    ("script", "then"),
    [(Script("a", drop_after=1), "drop"), (Script("a", stall_after=1), "stall"), (Script("a", bad_json_at=0), "drop")],
)
def test_a_reply_that_breaks_is_broken_in_one_piece_too(script, then):
    *_, last = ask(Server(script)).body
    assert last.then == then


def test_answers_come_in_turn_and_the_last_one_stays():
    server = Server("one", ["t", "wo"], Script("three"))
    assert [text_of(ask(server, stream=True)) for _ in range(5)] == ["one", "two", "three", "three", "three"]


def test_anything_playable_may_be_given(tmp_path):
    path = Path(tmp_path / "r.jsonl")
    path.write_bytes((Path(sk.__file__).parent / "recordings" / "hello.jsonl").read_bytes())
    server = Server(Recording.open("hello"), path, sk.StatusError("busy", status=503), iter(["a", "b"]), speed=0)
    answers = [ask(server, stream=True) for _ in range(4)]
    assert [answer.status for answer in answers] == [200, 200, 503, 200]
    assert text_of(answers[0]) == text_of(answers[1]) == "Hello! What would you like to talk about?"
    assert text_of(answers[3]) == "ab"


def test_nothing_to_say_is_a_mistake():
    with pytest.raises(ValueError, match="at least one"):
        Server()


def test_the_models_name_chooses_among_named_ones_without_using_up_a_turn():
    server = Server("first", "second", models={"left": "L", "right": "R"})
    said = [text_of(ask(server, model=model, stream=True)) for model in ("right", "other", "left", "other")]
    assert said == ["R", "first", "L", "second"]
    assert json.loads(data_of(server.handle("GET", "/v1/models", (), b"")[0]))["data"][0]["id"] == "left"


def test_the_deployment_in_an_azure_path_names_the_model():
    path = "/openai/deployments/right/chat/completions?api-version=2024-10-21"
    server = Server("first", models={"right": "R"})
    assert text_of(ask(server, path, stream=True)) == "R"
    assert server.requests[0].query == {"api-version": "2024-10-21"}


def test_all_shipped_recordings_are_served_by_name():
    server = Server.shipped(speed=0)
    assert text_of(ask(server, model="unheard-of", stream=True)).startswith("A reply from a language model")
    for name in set(shipped_names()) - {"error"}:
        for path, api in APIS.items():
            *_, reply = parse([data_of(ask(server, path, model=name, stream=True))], api)
            assert reply.outcome in ("complete", "refused")
    with pytest.raises(sk.ApiError):
        text_of(ask(server, model="error", stream=True))


@pytest.mark.parametrize("prefix", ["", "/v1", "/api/v3", "/openai/deployments/x", "/a/b/c/d"])
def test_any_prefix_will_do(prefix):
    assert ask(Server("Hi"), f"{prefix}/chat/completions", stream=True).status == 200


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("POST", "/v1/embeddings", b"{}", 404, "not_found"),
        ("GET", "/", b"", 404, "not_found"),
        ("POST", "/v1/chat/completions/extra", b"{}", 404, "not_found"),
        ("GET", "/v1/chat/completions", b"", 405, "method_not_allowed"),
        ("DELETE", "/v1/responses", b"", 405, "method_not_allowed"),
        ("POST", "/v1/models", b"", 405, "method_not_allowed"),
        ("POST", "/v1/chat/completions", b"", 400, "invalid_json"),
        ("POST", "/v1/chat/completions", b"\xff", 400, "invalid_json"),
        ("POST", "/v1/chat/completions", b"[" * 100_000, 400, "invalid_json"),
        ("POST", "/v1/chat/completions", b"[]", 400, "invalid_type"),
        ("POST", "/v1/chat/completions", b'{"prompt": "Hi"}', 400, "invalid_type"),
        ("POST", "/v1/chat/completions", b'{"messages": "Hi"}', 400, "invalid_type"),
        ("POST", "/v1/completions", b'{"messages": []}', 400, "invalid_type"),
        ("POST", "/v1/responses", b'{"input": 5}', 400, "invalid_type"),
        ("POST", "/v1/responses", b'{"input": [%s1]}' % (b"[]," * 600_000), 413, "too_large"),
        ("POST", "/v1/responses", b'{"input": "Hi", "model": 5}', 400, "invalid_type"),
        ("POST", "/v1/responses", b'{"input": "Hi", "model": "%s"}' % (b"x" * 1001), 400, "invalid_type"),
    ],
)
def test_what_cannot_be_answered_is_told_in_the_usual_form(method, path, body, status, code):
    answer, _ = Server("Hi").handle(method, path, (), body)
    error = json.loads(data_of(answer))["error"]
    assert (answer.status, error["code"], set(error)) == (status, code, {"message", "type", "param", "code"})
    assert ("allow" in dict(answer.headers)) == (status == 405)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ((("Authorization", "Bearer right"),), 200),
        ((("api-key", "right"),), 200),
        ((("x-api-key", "right"),), 200),
        ((("x-api-key", "wrong"), ("api-key", "right")), 200),
        ((("Authorization", "Bearer wrong"),), 401),
        ((("Authorization", "Bearer wrong"), ("x-api-key", "right")), 401),
        ((("Authorization", "Bearer clé"),), 401),
        ((("Authorization", "Bearer \ud800"),), 401),
        ((), 401),
    ],
)
def test_a_server_may_want_a_key(headers, status):
    server = Server("Hi", api_key="right")
    assert ask(server, headers=headers).status == server.handle("GET", "/v1/models", headers, b"")[0].status == status


@pytest.mark.parametrize("sent", ["clé", "clé".encode().decode("latin-1")])
def test_the_key_may_be_of_any_characters(sent):
    """The bytes of a header are shown as Latin-1 by a socket; in process they come as they are."""
    assert ask(Server("Hi", api_key="clé"), headers=(("Authorization", f"Bearer {sent}"),)).status == 200


def test_requests_are_kept_without_their_keys():
    server = Server("Hi")
    secrets = (
        ("Authorization", "Bearer sk-canary"),
        ("API-Key", "sk-canary"),
        ("Cookie", "id=sk-canary"),
        ("X-Other", "kept"),
    )
    ask(server, headers=secrets, model="m", stream=True)
    (request,) = server.requests
    assert (request.method, request.path, request.body["model"]) == ("POST", "/v1/chat/completions", "m")
    assert request.headers == {"authorization": "Bearer ***", "api-key": "***", "cookie": "***", "x-other": "kept"}
    assert "canary" not in repr(server.requests)


@pytest.mark.parametrize("name", ["key", "access_token", "sig", "x-goog-api-key"])
def test_nor_with_keys_that_stand_in_the_query_or_in_any_other_header(name):
    server = Server("Hi")
    ask(server, f"/v1/chat/completions?alt=sse&{name}=canary", headers=((name, "canary"),))
    ask(server, f"/v1beta/models/m:streamGenerateContent?{name}=canary")
    first, second = server.requests
    assert first.query == {"alt": "sse", name: "***"}
    assert second.query == {name: "***"}
    assert "canary" not in repr(server.requests)


def test_the_apis_are_loaded_before_the_first_request():
    apis_by_path.cache_clear()
    Server("Hi")
    assert apis_by_path.cache_info().currsize == 1
