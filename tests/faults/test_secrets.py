"""S01, S02: the key goes to the server that was named, in its header, and nowhere else; whatever the server echoes."""

from __future__ import annotations

import asyncio
import io
import logging
import re
import traceback
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

import streamkit as sk
from streamkit import operators as ops
from tests.faults.bodies import START, data, reply, say
from tests.faults.server import Heard, chunked, head, serving
from tests.libraries import LIBRARIES, with_both
from tests.operators.reach import everything

KEY = "sk-canary-AbCdEfGh0123456789"
PAD = "x" * 190


def body(text: str) -> list[bytes]:
    return [text.encode()]


def refusal(status: str, text: str) -> list[bytes]:
    return [head(status, "application/json", content_length=str(len(text)), connection="close"), text.encode()]


ECHOES: dict[str, Any] = {
    "status": refusal("401 Unauthorized", f'{{"error": {{"message": "Incorrect API key: {KEY}", "code": "{KEY}"}}}}'),
    "status, plain": refusal("403 No", f"Bearer {KEY} is no key"),
    "status, cut in the key": refusal("403 No", f"{PAD}{KEY}"),
    "reason": refusal(f"401 {KEY}", "{}"),
    "reason, cut in the key": refusal(f"401 {PAD}{KEY}", "{}"),
    "reason, then words": refusal(f"401 {PAD}{KEY}", '{"error": "no"}'),
    "html": [head(type="text/html"), f"<p>{KEY}</p>".encode()],
    "html, cut in the key": [head(type="text/html"), f"<p>{PAD[:-25]}{KEY}</p>".encode()],
    "in the stream": [
        head(),
        START,
        data({"error": {"message": f"bad key {KEY}", "code": KEY, "param": KEY, "type": KEY}}),
    ],
    "bad JSON": [head(), START, f"data: {{{KEY}\n\n".encode()],
    "bad shape": [head(), START, data({"choices": KEY})],
    "stray line": [head(), START, f'{{"error": "{KEY}"}}\n\n'.encode()],
    "not HTTP": [f"{KEY} is not HTTP\r\n\r\n".encode()],
    "bad header": [b"HTTP/1.1 200 OK\r\n", f"\x01{KEY}: {KEY}\r\n\r\n".encode()],
    "bad chunk size": [head(transfer_encoding="chunked"), chunked(START + say("a")), f"{KEY}\r\n".encode()],
    "encoding": [head(content_encoding=KEY)],
    "media type": [head(type=f"text/html; {KEY}"), b"<p>"],
    "redirect": [head("307 There", None, location=f"http://127.0.0.1:9/{KEY}", content_length="0", connection="close")],
    "retry-after": [head("429 No", "text/plain", retry_after=KEY, content_length="0", connection="close")],
    "headers of a good answer": [head(x_echo=KEY, x_request_id=KEY), reply("fine")],
    "request id": [head("401 No", x_request_id=KEY, content_length="0", connection="close")],
    "request id, then an error": [head(x_request_id=KEY), START, data({"error": "no"})],
}


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that any logger says, down to the last detail."""
    text, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(text), root.level
    named = [logger for logger in logging.Logger.manager.loggerDict.values() if isinstance(logger, logging.Logger)]
    levels = [(logger, logger.level) for logger in named]
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    for logger in named:
        logger.setLevel(logging.DEBUG)
    yield text
    root.removeHandler(handler)
    root.setLevel(level)
    for logger, before in levels:
        logger.setLevel(before)


def told(error: BaseException) -> str:
    """All that a careless program might print of an error."""
    parts = ["".join(traceback.format_exception(error)), repr(error), str(error), repr(vars(error))]
    link: BaseException | None = error
    while link is not None:
        parts += [repr(link), str(link), repr(vars(link))]
        link = link.__cause__ or link.__context__
    return "\n".join([*parts, sk.to_json(getattr(error, "partial", sk.Reply())).decode()])


def ask(client: sk.Client) -> str:
    """What is told when it goes wrong, or of the events when it does not."""
    run = None
    try:
        with client:
            run = sk.start(client.chat("hi"))
            run.result(5)
    except sk.StreamkitError as exc:
        return told(exc)
    return f"{run} {run.replies}"


@pytest.mark.parametrize("echo", ECHOES.values(), ids=ECHOES)
@pytest.mark.parametrize("where", ["key", "azure", "header"])
def test_an_echoed_key_is_told_to_nobody(echo: Any, where: str, capfd: pytest.CaptureFixture[str]) -> None:
    options: dict[str, Any] = {
        "key": {"api_key": KEY},
        "azure": {"api_key": KEY, "azure": "v1"},
        "header": {"headers": {"Authorization": f"Bearer {KEY}"}},
    }[where]
    with serving(echo) as server:
        text = ask(sk.Client(server.url, model="m", retry=sk.Retry(attempts=0), **options))
        sent = server.requests[0].headers
        assert KEY in sent["api-key" if where == "azure" else "authorization"]
    assert KEY not in text
    for size in range(8, len(KEY)):
        assert KEY[:size] not in text, f"the first {size} characters of the key"
    assert KEY not in "".join(capfd.readouterr())


@pytest.mark.parametrize("library", [None, *LIBRARIES], ids=["ours", "httpx", "httpx2"])
def test_no_logger_tells_the_key(log: io.StringIO, library: Any) -> None:
    """Note: httpcore logs the headers of answers, so this holds unless the server repeats the key there."""
    with serving(refusal("500 No", f"bad key {KEY}"), [head(), reply("fine")]) as server:
        given = library and library.AsyncClient(limits=library.Limits(max_keepalive_connections=0))
        ask(sk.Client(server.url, KEY, model="m", retry=sk.Retry(first=0.01), transport=given))
        assert len(server.requests) == 2
    assert "HTTP/1.1 200" in log.getvalue()  # it did log
    assert KEY not in log.getvalue()


@pytest.mark.parametrize("echo", ["in the stream", "bad JSON", "status", "headers of a good answer"])
def test_a_recording_does_not_hold_the_key(echo: str, tmp_path: Path) -> None:
    path = tmp_path / "reply.jsonl"
    with serving(ECHOES[echo]) as server, sk.Client(server.url, KEY, model="m") as client, suppress(sk.StreamkitError):
        sk.run(client.chat("hi").pipe(ops.record(path)))
    assert KEY not in path.read_text()
    assert '"end"' in path.read_text()


@pytest.mark.parametrize("size", range(1, len(KEY) + 2))
def test_a_key_that_is_cut_between_reads_is_not_recorded_either(size: int, tmp_path: Path) -> None:
    path, body = tmp_path / "reply.jsonl", reply(f"the key is {KEY}, {KEY}, or {KEY[:-1]}?")
    reads = [body[start : start + size] for start in range(0, len(body), size)]
    bodies = httpx.MockTransport(lambda _: httpx.Response(200, content=_reads(*reads)))
    with sk.Client("https://host/v1", KEY, model="m", transport=bodies) as client:
        told = sk.run(client.chat("hi").pipe(ops.record(path)))
    assert told.text.count(KEY) == 2  # what the model says is its own business
    kept = sk.run(sk.replay(path, speed=0)).text
    begun = "|".join(KEY[:shown] for shown in range(7, 0, -1))  # what may stand before the asterisks
    assert re.sub(rf"({begun})?\*\*\*", "*", kept) == f"the key is *, *, or {KEY[:-1]}?"


async def _reads(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def test_reprs_do_not_tell_the_key() -> None:
    client = sk.Client("https://host/v1", KEY, model="m", headers={"api-key": KEY, "x": KEY}, azure="v")
    stream = client.chat("hi")
    for thing in (client, stream, stream.source, *vars(client).values()):
        assert KEY not in f"{thing!r} {thing}"


@pytest.mark.parametrize("kind", ["AsyncClient", "AsyncHTTPTransport"])
@pytest.mark.parametrize("library", [None, *LIBRARIES], ids=["ours", "httpx", "httpx2"])
@pytest.mark.parametrize("fault", ["nobody there", "cut", "not HTTP", "silence"])
def test_no_attribute_of_an_error_or_its_causes_holds_the_key_or_the_prompt(
    fault: str, library: Any, kind: str
) -> None:
    """Exceptions of httpx hold the request that failed; it is in no message, but programs that report errors look."""
    answers: dict[str, Any] = {
        "cut": [head(content_length="99"), START],
        "not HTTP": ECHOES["not HTTP"],
        "silence": [head(), START, 3.0],
    }
    limits = sk.Limits(byte_idle=0.2, event_idle=0.2)
    transport = getattr(library, kind)() if library is not None else None
    with serving(answers.get(fault, [])) as server:
        url = server.url if fault in answers else "http://127.0.0.1:9/v1"
        options: dict[str, Any] = {"query": {"key": KEY}, "retry": sk.Retry(attempts=0), "transport": transport}

        async def ask() -> None:
            try:
                async with sk.Client(url, KEY, model="m", limits=limits, **options) as client:
                    await client.chat("my secret prompt")
            finally:  # it stays its owner's to close, with its idle connections
                await (transport.aclose() if transport is not None else asyncio.sleep(0))

        with pytest.raises(sk.StreamkitError) as caught:
            asyncio.run(ask())
    told = everything(caught.value)
    assert "my secret prompt" not in told
    assert KEY not in told
    request = getattr(caught.value.__cause__, "request", None)
    assert isinstance(request, (type(None), (library or httpx).Request))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_takes_neither_key_nor_prompt_elsewhere(status: int) -> None:
    with serving([head(), reply("stolen")]) as elsewhere:

        def away(_: Heard) -> list[bytes]:
            return [head(f"{status} There", None, location=f"{elsewhere.url}/chat/completions", content_length="0")]

        with serving(away) as server, sk.Client(server.url, KEY, model="m") as client:
            with pytest.raises(sk.StatusError, match="redirects are refused") as caught:
                sk.run(client.chat("my secret prompt"))
            assert caught.value.status == status
            assert len(server.requests) == 1
        assert elsewhere.connections == 0


@with_both
def test_a_given_client_that_follows_redirects_does_not_do_so_for_us(library: Any) -> None:
    with serving([head(), reply("stolen")]) as elsewhere:
        away = [head("307 There", None, location=f"{elsewhere.url}/chat/completions", content_length="0")]

        async def ask(url: str) -> None:
            async with library.AsyncClient(follow_redirects=True) as given:
                await sk.Client(url, KEY, model="m", transport=given).chat("hi")

        with serving(away) as server, pytest.raises(sk.StatusError):
            asyncio.run(ask(server.url))
        assert elsewhere.connections == 0
