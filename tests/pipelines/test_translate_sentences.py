from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import streamkit as sk
from pipelines import translate_sentences
from streamkit import testing

pytestmark = pytest.mark.slow  # each starts a program

HERE = Path(__file__).resolve().parents[2]


class Shout:
    """A model that says what it was asked in capitals."""

    def answer(self, api: str, body: Any, /) -> Any:
        return testing.Script(body["messages"][-1]["content"].upper()).answer(api, body)


def test_translations_come_in_order_each_with_its_sentence():
    answer = testing.script("One. Tw", "o!\n\n```py\nx. Y\n```\nThree")
    with testing.client(Shout()) as client:
        translate = translate_sentences.translator(client, "capitals", model="second")
        pairs = list(translate_sentences.build(answer, translate))
        assert {request.body["model"] for request in client.requests} == {"second"}
        assert all("into capitals" in request.body["messages"][0]["content"] for request in client.requests)
    assert [(pair.segment.text, pair.text) for pair in pairs] == [
        ("One.", "ONE."),
        ("Two!", "TWO!"),
        ("```py\nx. Y\n```", "```py\nx. Y\n```"),
        ("Three", "THREE"),
    ]


def test_slow_translations_overlap_within_the_bound_and_keep_their_order():
    most = running = 0

    async def translate(sentence: str) -> str:
        nonlocal most, running
        running += 1
        most = max(most, running)
        await asyncio.sleep(10 - int(sentence[0]))
        running -= 1
        return sentence

    answer = testing.script(*(f"{number} it is. " for number in range(8)))
    got = testing.clock().run(translate_sentences.build(answer, translate, concurrency=3))
    assert [pair.text[0] for pair in got.items] == [*"01234567"]
    assert most == 3
    assert got.ended_at < 30  # one after the other they would take 52


def test_the_answer_is_held_back_meanwhile():
    written: list[int] = []

    async def answer() -> Any:
        for number in range(1000):
            written.append(number)
            yield f"Number {number}. "

    async def never(sentence: str) -> str:
        await asyncio.sleep(1e9)
        return sentence

    got = testing.clock().run(translate_sentences.build(sk.from_text(answer), never, concurrency=2), until=5)
    assert got.cancelled_at == 5
    assert len(written) < 10


def test_one_that_fails_ends_the_stream_when_its_turn_comes():
    answer = testing.script("One. ", "Two. ", "Three. ")
    with testing.client("1", testing.Script("2", fail="overloaded")) as client:
        stream = translate_sentences.build(answer, translate_sentences.translator(client, "digits"), concurrency=1)
        got: list[str] = []
        with pytest.raises(sk.ApiError):
            got += [pair.text for pair in stream]
    assert len(client.requests) == 2


def run(**env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pipelines.translate_sentences", "Hi"]
    env = {**os.environ, "PYTHONASYNCIODEBUG": "", **env}
    return subprocess.run(command, capture_output=True, text=True, cwd=HERE, env=env)


def test_it_runs_without_a_key():
    done = run()
    assert done.returncode == 0
    assert done.stdout.splitlines()[1::2] == [f"  {text}" for text in translate_sentences.TRANSLATED]


def test_with_a_key_it_asks_the_api_and_tells_an_error_in_one_line():
    server = testing.Server("One. Two.", "Eins.", testing.Script(status=400))
    with server.running() as url:
        done = run(OPENAI_API_KEY="key", OPENAI_BASE_URL=url)
    assert (done.returncode, done.stdout) == (1, "One.\n  Eins.\n")
    assert done.stderr.count("\n") == 1
