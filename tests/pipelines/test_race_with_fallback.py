from __future__ import annotations

import io
import signal

import pytest

import streamkit as sk
from pipelines import race_with_fallback
from streamkit import testing
from tests.ctrl_c import ctrl_c_in_result

pytestmark = pytest.mark.slow  # each starts a program


def asking(*scripts):
    """A client for each, and what to build a pipeline of."""
    clients = [testing.client(script, retry=sk.Retry(attempts=0)) for script in scripts]
    return clients, [client.chat for client in clients]


def played(racers, spare, **options):
    clients, asks = asking(*racers, spare)
    answer = race_with_fallback.build(asks[:-1], asks[-1], **options)
    got = testing.clock().run(answer("hi"))
    return got, [[request.outcome for request in client.requests] for client in clients]


def test_the_second_is_asked_only_when_the_first_is_slow():
    got, asked = played(["quick", "far"], "spare")
    assert (got.reply.text, asked) == ("quick", [["done"], [], []])
    got, asked = played([testing.Script("slow", first=5), "far"], "spare", after=1)
    assert (got.reply.text, asked) == ("far", [["cancelled"], ["done"], []])
    assert got.times[0] == pytest.approx(1)


def test_the_spare_steps_in_when_nobody_says_anything_in_time():
    slow = testing.Script("slow", first=60)
    got, asked = played([slow, slow], "spare", after=1, first=3)
    assert (got.reply.text, asked) == ("spare", [["cancelled"], ["cancelled"], ["done"]])
    assert got.times[0] == pytest.approx(3)


def test_the_spare_steps_in_when_all_fail():
    got, asked = played([testing.Script(status=503), testing.Script("x", fail="overloaded", drop_after=0)], "spare")
    assert got.reply.text == "spare"
    assert [item.type for item in got.items].count("start") == 1
    assert asked[2] == ["done"]


def test_all_that_failed_are_told():
    got, _ = played([testing.Script(status=503)], testing.Script(status=401))
    assert isinstance(got.error, sk.AllFailedError)
    assert [error.status for error in got.error.exceptions] == [503, 401]


def test_what_was_shown_is_not_replaced():
    got, asked = played([testing.Script(["so far", "so good"], stall_after=1)], "spare", between=4)
    assert isinstance(got.error, sk.StalledError)
    assert (got.error.partial.text, got.ended_at, asked[-1]) == ("so far", pytest.approx(4), [])


def test_main_tells_what_became_of_each_request(capsys, monkeypatch):
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    assert race_with_fallback.main(["--after", "0.05", "--first", "0.6", "Why?"]) == 0
    out, err = capsys.readouterr()
    assert out == "The others were slow or busy, so the spare model answers.\n"
    assert [line for line in err.splitlines() if line.startswith("[")] == [
        "[no answer: stopped, 0 characters]",
        "[no answer: failed, 0 characters]",
        "[spare: complete, 57 characters]",
    ]


def test_main_with_a_key_asks_the_api(capsys, monkeypatch):
    server = testing.Server("From the API.")
    with server.running() as url:
        monkeypatch.setenv("OPENAI_API_KEY", "key")
        monkeypatch.setenv("OPENAI_BASE_URL", url)
        assert race_with_fallback.main(["--model", "one", "Why?"]) == 0
    assert capsys.readouterr().out == "From the API.\n"
    assert [request.body["model"] for request in server.requests] == ["one"]


def test_main_says_what_failed(capsys, monkeypatch):
    server = testing.Server(testing.Script(status=400))
    with server.running() as url:
        monkeypatch.setenv("OPENAI_API_KEY", "key")
        monkeypatch.setenv("OPENAI_BASE_URL", url)
        assert race_with_fallback.main(["--model", "one", "Why?"]) == 1
    assert "all 2 failed" in capsys.readouterr().err


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="signals of POSIX")
def test_ctrl_c_ends_it(capsys, monkeypatch):
    shown = io.StringIO()
    monkeypatch.setattr("sys.stdout", shown)
    server = testing.Server(testing.Script("Once upon", stall_after=1))
    with server.running() as url:
        monkeypatch.setenv("OPENAI_API_KEY", "key")
        monkeypatch.setenv("OPENAI_BASE_URL", url)
        with ctrl_c_in_result(lambda: "Once" in shown.getvalue()):
            assert race_with_fallback.main(["--model", "one", "Why?"]) == 0
    assert shown.getvalue() == "Once\n"
    assert capsys.readouterr().err == "[one: cancelled, 4 characters]\n"
