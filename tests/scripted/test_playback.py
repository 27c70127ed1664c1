"""Recordings as a server's answers, in the API they were recorded from and in the others."""

from __future__ import annotations

import json

import pytest

import streamkit as sk
from streamkit.scripted.playback import Playback
from streamkit.sources.recording import Read, Recording, shipped_names
from streamkit.wire import parse

APIS = ("chat", "completions", "responses")
STREAM = {"stream": True}


def parsed(playback: Playback, api: str) -> sk.Reply:
    try:
        *_, reply = parse([write.data for write in playback.writes(api)], api)
    except sk.StreamkitError as exc:
        return exc.partial
    return reply


@pytest.mark.parametrize("name", shipped_names())
def test_in_its_own_api_it_is_played_byte_for_byte(name):
    recording = Recording.open(name)
    writes = list(Playback(recording).writes(recording.api))
    assert b"".join(write.data for write in writes) == b"".join(read.data for read in recording.reads)
    assert sum(write.delay for write in writes) == pytest.approx(recording.seconds)
    assert sum(write.delay for write in Playback(recording, 4.0).writes(recording.api)) == pytest.approx(
        recording.seconds / 4
    )
    assert sum(write.delay for write in Playback(recording, 0).writes(recording.api)) == 0


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("name", shipped_names())
def test_in_another_api_the_reply_and_the_moments_are_the_same(name, api):
    recording = Recording.open(name)
    playback = Playback(recording)
    own, other = parsed(playback, recording.api), parsed(playback, api)
    assert (other.text, other.outcome) == (
        own.text,
        own.outcome if api != "completions" or not own.refusal else "complete",
    )
    if api != "completions":  # has only text
        assert (other.refusal, other.reasoning, other.usage) == (own.refusal, own.reasoning, own.usage)
        assert [(call.name, call.arguments) for call in other.tool_calls] == [
            (call.name, call.arguments) for call in own.tool_calls
        ]
    assert sum(write.delay for write in playback.writes(api)) == pytest.approx(recording.seconds)


@pytest.mark.parametrize("api", APIS)
def test_what_came_before_an_error_in_one_read_is_not_lost(api):
    body = b"".join(read.data for read in Recording.open("error").reads)
    got = parsed(Playback(Recording((Read(0.0, body),), end=0.0)), api)
    assert (got.text, got.outcome) == ("The first three planets are Mercury, Venus and", "failed")


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize(
    ("ending", "then"),
    [
        ({"end": 2.0, "failure": {"kind": "stream_broken", "message": "cut"}}, "drop"),
        ({"end": 2.0, "failure": {"kind": "stalled", "message": "silence"}}, "stall"),
        ({"end": None}, "drop"),
    ],
)
def test_a_recorded_break_is_acted_out(api, ending, then):
    first = Recording.open("hello").reads[:3]
    *_, last = Playback(Recording(first, **ending)).writes(api)
    assert last.then == then


def test_a_recorded_status_is_answered_again():
    failure = {"kind": "http_status", "message": "busy", "status": 429, "retry_after": 2.0}
    answer = Playback(Recording(end=0.1, failure=failure)).answer("chat", STREAM)
    assert (answer.status, dict(answer.headers)["retry-after"]) == (429, "2")


def test_who_wants_it_whole_gets_it_whole():
    answer = Playback(Recording.open("tools")).answer("chat", {})
    body = json.loads(b"".join(write.data for write in answer.body))
    assert [call["function"]["name"] for call in body["choices"][0]["message"]["tool_calls"]] == [
        "get_weather",
        "get_time",
    ]
    assert answer.head_after == pytest.approx(Recording.open("tools").seconds, abs=0.01)
