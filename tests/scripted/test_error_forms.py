"""Errors of a server have the form of the API that was meant, whatever stands in the way of an answer."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import urlsplit

import pytest

import streamkit as sk
from streamkit.scripted.client_limits import ServerLimits
from streamkit.scripted.paths import likely_api
from streamkit.scripted.script import Script
from streamkit.scripted.server import Server

OPENAI = {"type", "message", "param", "code"}
MESSAGES = ("x-api-key", "anthropic-version")


def told(server: Server, path: str, method: str = "POST", body: bytes = b"{}", **headers: str) -> tuple[int, Any]:
    given = [(name.replace("_", "-"), value) for name, value in headers.items()]
    answer, _ = server.handle(method, path, given, body)
    return answer.status, json.loads(b"".join(write.data for write in answer.body))


def form(body: Any) -> str:
    if body.get("type") == "error":
        return "anthropic"
    return "ollama" if isinstance(body["error"], str) else "openai"


@pytest.mark.parametrize(
    ("path", "header", "api"),
    [
        ("/v1/messages/count_tokens", "", "anthropic"),
        ("/v1/messages/batches/", "", "anthropic"),
        ("/api/tags", "", "ollama"),
        ("/proxy/api/generate", "", "ollama"),
        ("/api/v1/embeddings", "", None),
        ("/api/v1/chat/completions", "", "chat"),
        ("/v1/chat/completions/c1", "x-api-key", "chat"),
        ("/v1/completions/c1", "", "completions"),
        ("/v1/responses/r1/cancel", "", "responses"),
        ("/v1/files", "anthropic-version", "anthropic"),
        ("/v1/models", "x-api-key", "anthropic"),
        ("/v1/models", "authorization", None),
        ("", "", None),
    ],
)
def test_the_api_is_known_by_a_part_of_the_path_or_by_a_header_of_its_own(path, header, api):
    found = likely_api(path, {header: "x"})
    assert (found and found.name) == api


def test_what_is_not_there_is_told_in_the_form_of_what_is_beside_it():
    server = Server("Hi", api_key="right")
    for path, expected in (
        ("/v1/messages/count_tokens", "anthropic"), ("/api/generate", "ollama"), ("/v1/embeddings", "openai"),
        ("/v1/responses/r1/cancel", "openai"),
    ):  # fmt: skip
        status, body = told(server, path)
        assert (status, form(body)) == (404, expected), path
    for name in MESSAGES:  # nothing else tells whose list of models is wanted
        status, body = told(server, "/v1/models", "GET", **{name: "wrong"})
        assert (status, form(body), body["error"]["type"]) == (401, "anthropic", "authentication_error")
    assert told(server, "/v1/models", **{"anthropic-version": "x"})[0] == 405


def test_openais_type_fits_the_status():
    types = {
        400: "invalid_request_error", 401: "invalid_request_error", 404: "invalid_request_error",
        429: "rate_limit_error", 500: "server_error", 529: "server_error",
    }  # fmt: skip
    for status, kind in types.items():
        for script in (Script(status=status), Script(fail=sk.StatusError("no", status=status))):
            got, body = told(Server(script), "/v1/chat/completions", body=b'{"messages": []}')
            assert (got, body["error"]["type"], set(body["error"])) == (status, kind, OPENAI)


def test_an_error_within_a_whole_reply_has_the_type_that_its_api_has():
    asked = json.dumps({"messages": [], "prompt": "", "input": "", "max_tokens": 1, "stream": False}).encode()
    server = Server(Script("Hi", fail=sk.ApiError("gone")))
    types = {
        path: told(server, path, body=asked)[1]["error"]["type"]
        for path in ("/v1/chat/completions", "/v1/messages")
    }  # fmt: skip
    assert types == {"/v1/chat/completions": "api_error", "/v1/messages": "api_error"}
    server = Server(Script("Hi", fail="gone"))
    assert told(server, "/v1/chat/completions", body=asked)[1]["error"]["type"] == "server_error"
    assert told(server, "/api/chat", body=asked) == (500, {"error": "gone"})


@pytest.mark.parametrize(
    ("path", "expected"), [("/v1/messages", "anthropic"), ("/api/chat", "ollama"), ("/x", "openai")]
)
def test_so_are_those_of_the_connection(path, expected, reports):
    """An origin that is not let in, a body that is too large or late, a play that raises."""

    class Play:
        def answer(self, api: str, body: Any) -> Any:
            raise ValueError("no")

    body = json.dumps({"messages": [], "max_tokens": 1}).encode()
    origin = b"Origin: http://evil.example\r\n"
    cases = [(403, origin, body, body), (413, b"", b" " * 2000, b" " * 2000), (408, b"", body, body[:-3])]
    cases += [(404 if path == "/x" else 500, b"", body, body)]

    async def main() -> None:
        limits = ServerLimits(body_bytes=1000, body=0.02)
        async with Server(Play()).listen(limits=limits) as url:
            for status, extra, whole, sent in cases:
                reader, writer = await asyncio.open_connection(urlsplit(url).hostname, urlsplit(url).port)
                head = b"POST %s HTTP/1.1\r\nHost: localhost\r\n%sContent-Length: %d\r\nConnection: close\r\n\r\n"
                writer.write(head % (path.encode(), extra, len(whole)) + sent)
                answer, _, told = (await reader.read()).partition(b"\r\n\r\n")
                assert int(answer.split()[1]) == status
                assert form(json.loads(told[told.index(b"{") : told.rindex(b"}") + 1])) == expected
                writer.close()

    asyncio.run(main())
    assert [str(error) for error in reports.errors] == [] if path == "/x" else ["no"]
